"""Connections: what shops and platforms tell by themselves, how each stands and whose turn it is."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for

from admin.face import admin, section
from core import clock
from core.content import unlikely
from core.content.lifecycle import METRIC_NAMES
from core.feeds import service
from core.feeds.queries import Standing
from core.feeds.queries import connections as connections_of
from core.i18n import gettext
from core.permissions import Permission
from core.tracking import arriving
from core.web.brands import current_brand
from core.web.hooks import address_of
from core.web.request import actor, db, done, instance

section("sales", "connections")

P = Permission
KINDS = ("sales_sources", "platforms")
TONES = {
    Standing.WORKS: "ok",
    Standing.AGAIN: "warn",
    Standing.UNREAD: "warn",
    Standing.RECONNECT: "bad",
    Standing.LACKING: "warn",
    Standing.PAUSED: "bad",
    Standing.GONE: "bad",
}


@admin.get("/sales/connections", P.SALES_READ)
def connections() -> Any:
    """Every shop and platform that is asked or listened to, and the records that could not be taken."""
    brand = current_brand(P.SALES_READ)
    found = connections_of(db(), instance().plugins, brand, KINDS)
    left_out = arriving.left_out(db(), actor(), brand.id)
    figures = unlikely.left_out(db(), actor(), brand.id)
    return render_template(
        "admin/connections.html",
        connections=found,
        addresses={(one.kind, one.name): address_of(one.plugin, brand.public_id) for one in found if one.listens},
        titles={(one.kind, one.name): one.title for one in found},
        figures=figures[: unlikely.LISTED],
        more_figures=len(figures) > unlikely.LISTED,
        metrics=METRIC_NAMES,
        left_out=left_out[: arriving.LISTED],
        more=len(left_out) > arriving.LISTED,
        tones=TONES,
        now=clock.now(),
    )


@admin.post("/sales/connections/<public_id>/ask", P.SALES_EDIT)
def connection_ask(public_id: str) -> Any:
    """Let the worker ask at once."""
    service.ask_now(db(), actor(), instance().plugins, service.get_feed(db(), actor(), public_id))
    return done(url_for("admin.connections"), gettext("It is asked now. Reload the page in a moment."))
