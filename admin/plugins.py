"""Plugins: what there is, what each is, its switch, and its settings for the brand and for the installation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, render_template, request, url_for

from admin.connections import TONES
from admin.face import admin, section
from core.accounts.models import Brand
from core.feeds.messages import listeners
from core.feeds.queries import Line, connections
from core.i18n import gettext
from core.permissions import Permission
from core.plugin_api.manifest import PluginScope
from core.plugin_api.text import T, Text
from core.plugin_host.health import Cause
from core.plugin_host.models import PluginEntry
from core.plugin_host.pausing import health_of, resume
from core.plugin_host.purge import objections
from core.plugin_host.records import Record
from core.plugin_host.roll import consequences, vanished
from core.plugin_host.saving import save_settings
from core.plugin_host.service import set_switch, switches
from core.plugin_host.settings import settings_of
from core.web.brands import brands, current_brand
from core.web.hooks import address_of
from core.web.request import actor, db, done, instance, saving
from core.web.setting_form import SettingsForm

section("settings", "plugin", "plugin_installation")

KINDS: Mapping[str, Text] = {
    "payment_models": T("Payment models"),
    "compositions": T("Ready deals"),
    "platforms": T("Platforms"),
    "sales_sources": T("Sales sources"),
    "compliance": T("Rule packs"),
    "payout_rails": T("Payout rails"),
    "pages": T("Pages"),
    "panels": T("Boxes on pages"),
    "commands": T("Commands"),
    "jobs": T("Jobs by the clock"),
    "permissions": T("Rights"),
}
HEARS: Mapping[str, Text] = {
    "on_campaign_published": T("Launched campaigns"),
    "on_collaboration_agreed": T("Agreed collaborations"),
    "on_content_decided": T("Decisions on content"),
    "on_sale_attributed": T("Credited sales"),
    "on_payout_settled": T("Settled payouts"),
}
SHOWN = 8


@admin.get("/plugins", Permission.PLUGINS_SWITCH)
def plugins() -> Any:
    """Every plugin found, its state and why, and those that are gone; a switch for this brand."""
    brand = current_brand(Permission.PLUGINS_SWITCH)
    records = sorted(instance().plugins.records.values(), key=lambda r: (r.kinds, r.name))
    on = switches(db(), brand.id)
    gone = vanished(db(), instance().plugins)
    given = {"records": records, "gone": gone, "switches": on, "brand": brand, "kinds": KINDS}
    return render_template("admin/plugins.html", consequences=consequences, **given)


@admin.form("/plugins/<name>", Permission.PLUGINS_SWITCH)
def plugin(name: str) -> Any:
    """What a plugin is, and its settings for a brand; of one that is gone, what that means."""
    gone = _gone(name)
    return _page_of_gone(gone) if gone else _page(_record(name), _brand())


@admin.form("/plugins/<name>/installation", Permission.SITE_ADMIN)
def plugin_installation(name: str) -> Any:
    """The same, and its settings for the whole installation."""
    gone = _gone(name)
    return _page_of_gone(gone) if gone else _page(_record(name), None)


@admin.post("/plugins/<name>/switch", Permission.PLUGINS_SWITCH)
def plugin_switch(name: str) -> Any:
    """Turn a plugin on or off for a brand; running agreements go on."""
    return _switch(_record(name), _brand())


@admin.post("/plugins/<name>/installation/switch", Permission.SITE_ADMIN)
def plugin_installation_switch(name: str) -> Any:
    """Turn a plugin on or off for every brand."""
    return _switch(_record(name), None)


@admin.post("/plugins/<name>/resume", Permission.SITE_ADMIN)
def plugin_resume(name: str) -> Any:
    """Let a paused plugin be asked again, in every brand."""
    record = _record(name)
    resume(db(), actor(), record.name)
    answer = done(_address(record, None), gettext("It is asked again."))
    instance().plugins.fence.health.news.set()
    return answer


def _record(name: str) -> Record:
    """The plugin of a name: the active one, else the first that claims it."""
    host = instance().plugins
    found = host.active.get(name) or next((r for r in host.records.values() if r.name == name), None)
    return found or abort(404)


def _gone(name: str) -> PluginEntry | None:
    """The plugin of a name that was here once."""
    host = instance().plugins
    if any(record.name == name for record in host.records.values()):
        return None
    return next((entry for entry in vanished(db(), host) if entry.plugin == name), None)


def _page_of_gone(entry: PluginEntry) -> Any:
    """What is left of it; what keeps it from being removed is of every brand, so only the admin of all reads it."""
    against = objections(db(), instance().plugins, entry.plugin)
    return render_template(
        "admin/plugin_gone.html",
        entry=entry,
        consequences=consequences(entry),
        refused=bool(against),
        against=against[:SHOWN] if actor().may(Permission.SITE_ADMIN) else [],
        more=len(against[SHOWN:]),
    )


def _brand() -> Brand:
    """The brand that the form was made for, else the chosen one; 404 for a brand that is another's."""
    wanted = request.values.get("brand")
    if wanted is None:
        return current_brand(Permission.PLUGINS_SWITCH)
    mine = brands(Permission.PLUGINS_SWITCH)
    return next((brand for brand in mine if brand.public_id == wanted), None) or abort(404)


def _page(record: Record, brand: Brand | None) -> Any:
    for_site = record.plugin is not None and record.plugin.scope is PluginScope.SITE
    active = record.name in instance().plugins.active
    settings = settings_of(db(), record, brand) if active and not (brand and for_site) else []
    form = SettingsForm(settings, brand)
    if settings and form.sent():
        with saving(form.form):
            errors = save_settings(
                db(), actor(), instance().plugins, instance().keyring,
                plugin=record.name, brand=brand, raw=form.raw, remove=form.forgotten,
            )  # fmt: skip
            if not errors:
                return done(_address(record, brand), gettext("Saved."))
            form.blame(errors)
    elif not form.form.is_submitted():
        form.warn()
    site_on, on = switches(db(), None), switches(db(), brand.id if brand else None)
    known = health_of(db(), record.name)
    health = known if actor().may(Permission.SITE_ADMIN) else None
    return render_template(
        "admin/plugin.html",
        record=record,
        scope=brand,
        form=form,
        for_site=for_site,
        active=active,
        lacking=[one.field.label for one in settings if one.lacking and (brand or for_site)],
        site_on=site_on.get(record.name, True),
        on=on.get(record.name, True),
        kinds=KINDS,
        provides=_provided(record),
        heard=_heard(record, brand) if active and brand else None,
        tones=TONES,
        health=health,
        pause=known if known and known.probe_at else None,
        why=Cause(known.cause).told(record.title) if known and known.probe_at else None,
        failed=health.last_error if health and not active else None,
    )


def _heard(record: Record, brand: Brand) -> tuple[str, list[Line]] | None:
    """Where a rail's other side sends its messages for a brand, and how they stand; None where no rail reads any."""
    if not listeners(instance().plugins, record.name, "payout_rails"):
        return None
    found = connections(db(), instance().plugins, brand, ("payout_rails",))
    lines = [line for one in found if one.plugin == record.name for line in one.lines]
    return address_of(record.name, brand.public_id), lines


def _provided(record: Record) -> list[tuple[Text, list[str], int]]:
    """What it brings: kind, some names, and how many more there are."""
    found = []
    for kind, items in record.provides.items():
        names = list(dict.fromkeys(str(getattr(item, "title", name)) for name, item in items.items()))
        found.append((KINDS[kind], names[:SHOWN], len(names[SHOWN:])))
    heard = [str(words) for hook, words in HEARS.items() if record.name in instance().plugins.observers(hook)]
    return [*found, (T("Is told of"), heard, 0)] if heard else found


def _switch(record: Record, brand: Brand | None) -> Any:
    on = request.form.get("enabled") == "1"
    set_switch(db(), actor(), plugin=record.name, enabled=on, brand_id=brand.id if brand else None)
    to = url_for("admin.plugins") if request.form.get("back") == "list" else _address(record, brand)
    return done(to, gettext("Switched on.") if on else gettext("Switched off for new use."))


def _address(record: Record, brand: Brand | None) -> str:
    if brand is None:
        return url_for("admin.plugin_installation", name=record.name)
    return url_for("admin.plugin", name=record.name, brand=brand.public_id)
