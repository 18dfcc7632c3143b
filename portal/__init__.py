"""The influencer's face."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the portal to an app."""
    from portal import gifts, home, latest, money, offers, profile, work  # noqa: F401 - each registers its pages
    from portal.face import portal

    app.register_blueprint(portal)
