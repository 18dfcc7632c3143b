"""The portal's blueprint and its four tabs."""

from __future__ import annotations

from typing import Any

from flask import current_app, request, url_for

from core.plugin_api.pages import Face as FaceName
from core.plugin_api.text import T
from core.web import plugins
from core.web.face import Face

portal = Face("portal", __name__, url_prefix="/portal", template_folder="templates")

NAV = (
    ("portal.today", T("Today"), "home"),
    ("portal.offers", T("Offers"), "inbox"),
    ("portal.work", T("My work"), "flag"),
    ("portal.payouts", T("Payouts"), "coin"),
)
SECTIONS: dict[str, str] = {}


def section(of: str, *endpoints: str) -> None:
    """Mark pages as belonging to a tab."""
    SECTIONS.update(dict.fromkeys(endpoints, f"portal.{of}"))


def navigation() -> list[list[dict[str, Any]]]:
    """The tabs, the current one marked."""
    here = request.endpoint or ""
    current = SECTIONS.get(here.removeprefix("portal."), here)
    items = [
        {"url": url_for(endpoint), "endpoint": endpoint, "label": label, "icon": icon, "current": current == endpoint}
        for endpoint, label, icon in NAV
        if endpoint in current_app.view_functions
    ]
    return [items, *filter(None, [plugins.navigation(FaceName.PORTAL)])]


@portal.context_processor
def surroundings() -> dict[str, Any]:
    """What every page of the portal shows around itself."""
    return {"nav": navigation()}
