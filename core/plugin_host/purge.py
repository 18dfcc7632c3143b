"""What a plugin left behind is removed for good: tables, settings, secrets, switches, waiting jobs, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select, table
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from core import audit, events
from core.errors import Missing, Refused
from core.outbox import OutboxJob
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text
from core.plugin_host import roll
from core.plugin_host.host import PluginHost
from core.plugin_host.models import PluginEntry, PluginSetting, PluginSwitch
from core.plugin_host.pausing import mark_purged
from core.plugin_host.service import switches
from core.plugin_host.tables import drop, owners

JOBS = "plugins."
"""What the kinds of jobs begin with that name their plugin in the payload."""


@dataclass(frozen=True, slots=True)
class MayPurge:
    """A question: whether a plugin may go for good. `provides` are the names of what it brings or brought, by kind."""

    plugin: str
    provides: Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class WouldGo:
    """A purge is looked at: whoever removes something on `PluginPurged` adds to `found` how many, by what it is."""

    plugin: str
    provides: Mapping[str, Collection[str]]
    found: Counter[str]


@dataclass(frozen=True, slots=True)
class PluginPurged:
    """A plugin went for good: whoever keeps something that is of no use without it removes it.

    `provides` is as in `MayPurge`.
    """

    plugin: str
    provides: Mapping[str, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Removed:
    """What went: rows by table, and how many of each of core's own."""

    tables: Mapping[str, int]
    settings: int
    secrets: int
    switches: int
    jobs: int
    others: Mapping[str, int]
    """What rooms above keep for it, by what it is."""


def kept(session: Session, host: PluginHost, plugin: str) -> Removed:
    """What a purge would remove; `Missing` when nothing is known of a plugin of that name."""
    names = {record.name for record in host.records.values()}
    entries = set(session.scalars(select(PluginEntry.plugin)))
    if plugin not in names | entries | roll.leftovers(session):
        raise Missing(T("There is no such plugin."))
    own = owners(session.connection(), {*names, *entries}).get(plugin, [])
    settings = PluginSetting.plugin == plugin
    others = WouldGo(plugin, roll.provided(session, host, plugin), Counter())
    events.publish(session, others)
    return Removed(
        tables={name: _count(session, name) for name in own},
        settings=_rows(session, PluginSetting, settings, PluginSetting.value_cipher == ""),
        secrets=_rows(session, PluginSetting, settings, PluginSetting.value_cipher != ""),
        switches=_rows(session, PluginSwitch, PluginSwitch.plugin == plugin),
        jobs=_rows(session, OutboxJob, *_jobs(plugin)),
        others=dict(others.found),
    )


def objections(session: Session, host: PluginHost, plugin: str) -> list[Text]:
    """Why a plugin may not be purged now: it is on, or something that runs goes on by it."""
    if plugin in host.active and switches(session, None).get(plugin, True):
        return [T("Switch the plugin off first: samverk plugin switch %(plugin)s off", plugin=plugin)]
    return events.objections(session, MayPurge(plugin, roll.provided(session, host, plugin)))


def purge(session: Session, actor: Actor, host: PluginHost, plugin: str) -> Removed:
    """Remove all that a plugin keeps here, whether it is still installed or gone; says what went.

    `Missing` for an unknown name, `Refused` with the first objection. The switch of a plugin that is still installed
    stays off. Processes that still have it ask it no more within seconds, until they are restarted. What agreements,
    payments and the record say of it stays: it is core's. Tables can be dropped only while no other process works on
    them, so keep the transaction short.
    """
    actor.require(Permission.SITE_ADMIN)
    found = kept(session, host, plugin)
    against = objections(session, host, plugin)
    if against:
        raise Refused(against[0])
    provides = roll.provided(session, host, plugin)
    drop(session.connection(), list(found.tables))
    installed = any(record.name == plugin for record in host.records.values())
    gone: list[tuple[type, tuple[ColumnElement[bool], ...]]] = [
        (PluginSetting, (PluginSetting.plugin == plugin,)),
        (PluginEntry, (PluginEntry.plugin == plugin,)),
        (OutboxJob, _jobs(plugin)),
        (PluginSwitch, (PluginSwitch.plugin == plugin, *((PluginSwitch.brand_id.is_not(None),) if installed else ()))),
    ]
    for model, which in gone:
        session.execute(delete(model).where(*which))
    mark_purged(session, plugin)
    events.publish(session, PluginPurged(plugin, provides))
    detail = {
        "plugin": plugin,
        "tables": dict(found.tables),
        "settings": found.settings,
        "secrets": found.secrets,
        "jobs": found.jobs,
        **found.others,
    }
    audit.record(session, actor=actor, brand_id=None, action="plugin.purged", detail=detail)
    session.flush()
    return found


def _jobs(plugin: str) -> tuple[ColumnElement[bool], ...]:
    return OutboxJob.kind.startswith(JOBS, autoescape=True), OutboxJob.payload["plugin"].as_string() == plugin


def _rows(session: Session, model: type, *which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(model).where(*which)) or 0


def _count(session: Session, name: str) -> int:
    return session.scalar(select(func.count()).select_from(table(name))) or 0
