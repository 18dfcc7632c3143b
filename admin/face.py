"""The admin's blueprint and its navigation."""

from __future__ import annotations

from typing import Any

from flask import current_app, request, url_for

from core.content.queries import count_waiting
from core.permissions import Permission
from core.plugin_api.pages import Face as FaceName
from core.plugin_api.text import T, Text
from core.web import plugins
from core.web.brands import brands, chosen_brand
from core.web.face import Face
from core.web.request import actor, db, instance

admin = Face("admin", __name__, url_prefix="/admin", template_folder="templates")

P = Permission
NAV = (
    ("admin.today", T("Today"), "home", None),
    ("admin.campaigns", T("Campaigns"), "flag", P.CAMPAIGN_READ),
    ("admin.review", T("Review"), "eye", P.CONTENT_READ),
    ("admin.people", T("Influencers"), "users", P.PEOPLE_READ),
    ("admin.sales", T("Sales"), "tag", P.SALES_READ),
    ("admin.payouts", T("Payouts"), "coin", P.MONEY_READ),
    ("admin.settings", T("Settings"), "gear", None),
)


def navigation() -> list[list[dict[str, Any]]]:
    """The entries that this person may open, the current one marked."""
    who, here = actor(), request.endpoint or ""
    badges = {"admin.review": count_waiting(db(), who) or None}
    section = SECTIONS.get(here.removeprefix("admin."), here)
    items = [
        {
            "url": url_for(endpoint),
            "endpoint": endpoint,
            "label": label,
            "icon": icon,
            "current": section == endpoint,
            "badge": badges.get(endpoint),
        }
        for endpoint, label, icon, permission in NAV
        if (permission is None or who.may(permission)) and endpoint in current_app.view_functions
    ]
    return [items, *filter(None, [plugins.navigation(FaceName.ADMIN)])]


@admin.context_processor
def surroundings() -> dict[str, Any]:
    """What every page of the admin shows around itself: navigation, brand, the brands to switch to."""
    mine = brands()
    chosen = chosen_brand() or (mine[0] if mine else None)
    return {
        "nav": navigation(),
        "brand": chosen,
        "brands": mine,
        "workspace": chosen.name if chosen else None,
        "known_endpoints": current_app.view_functions,
        "plugins_paused": plugins_paused(),
    }


def plugins_paused() -> dict[str, Text]:
    """Why plugins are paused, by name, for those who may switch them. Costs no statement."""
    host = instance().plugins
    found = host.fence.health.paused
    if not found or not actor().may(P.PLUGINS_SWITCH):
        return {}
    titles = {name: host.active[name].title for name in found if name in host.active}
    return {name: found[name].told(title) for name, title in titles.items()}


SECTIONS: dict[str, str] = {}


def section(of: str, *endpoints: str) -> None:
    """Mark pages as belonging to an entry of the navigation: `section("campaigns", "brief", "offer")`."""
    SECTIONS.update(dict.fromkeys(endpoints, f"admin.{of}"))
