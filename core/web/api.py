"""/api/v1: what machines send. No cookies, no CSRF; every call is signed."""

from __future__ import annotations

from core.web.face import Face

api = Face("api", __name__, url_prefix="/api/v1")
