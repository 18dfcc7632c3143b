"""The first page of the admin: what waits for whom."""

from __future__ import annotations

from typing import Any

from flask import render_template

from admin.face import admin
from core.permissions import Permission


@admin.get("/", Permission.SELF)
def today() -> Any:
    """What waits for this person."""
    return render_template("admin/today.html")
