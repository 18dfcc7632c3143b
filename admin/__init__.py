"""The brand's and the agency's face."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the admin to an app."""
    from admin import (  # noqa: F401 - each registers its pages
        campaigns,
        collaborations,
        connections,
        content,
        earnings,
        gifts,
        home,
        imports,
        payments,
        payouts,
        people,
        plugins,
        sale_decision,
        sales,
        site,
        team,
    )
    from admin.face import admin

    app.register_blueprint(admin)
