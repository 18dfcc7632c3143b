"""The first page of the portal: whose turn it is, and by when."""

from __future__ import annotations

from typing import Any

from flask import render_template

from core.permissions import Permission
from portal.face import portal


@portal.get("/", Permission.PORTAL)
def today() -> Any:
    """What waits for this influencer."""
    return render_template("portal/today.html")
