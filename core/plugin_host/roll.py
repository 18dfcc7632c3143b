"""The roll: which plugins this installation has met, what each brought, and which of them are gone.

The worker calls it each minute. A plugin whose entry point is gone keeps its entry, so that its name can be shown, its
agreements be told, and what it left behind be removed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core import clock, events
from core.database import Database, make_engine
from core.i18n import in_locale
from core.plugin_api.text import T, Text
from core.plugin_host.health import Cause
from core.plugin_host.host import PluginHost
from core.plugin_host.loader import SHARED, FirstCome
from core.plugin_host.models import PluginEntry, PluginHealth, PluginSetting, PluginSwitch
from core.plugin_host.pausing import found_anew, purged
from core.plugin_host.records import Record, State
from core.plugin_host.tables import owners


@dataclass(frozen=True, slots=True)
class PaymentModelsChanged:
    """Payment models are gone, or back."""

    names: frozenset[str]


def call(database: Database, host: PluginHost) -> None:
    """Take down who is there; one statement when nothing has changed. Not for safe mode, where strangers are absent."""
    found = {record.name: _entry(record) for record in _here(host).values()}
    with database.session() as session:
        known = _entries(session)
        if not _same(known, found):
            found = {name: found[name] for name in found.keys() - purged(session, host.fence.health.since)}
        if _same(known, found):
            return
    with database.write() as session:
        found_anew(session, found.keys())
        moved: set[str] = set()
        known = _entries(session)
        for name in sorted({*known, *found}):
            moved |= _write(session, known.get(name), found.get(name), name)
        session.flush()
        if moved:
            events.publish(session, PaymentModelsChanged(frozenset(moved)))


def first_come(url: str) -> FirstCome:
    """Who had each name that is the whole installation's; nothing of it where no roll was ever called.

    Where one plugin is gone and another has its names by now, it is the one that is there. One statement.
    """
    engine = make_engine(url)
    try:
        with Session(engine) as session:
            entries = session.scalars(
                select(PluginEntry).where(PluginEntry.origin != "").order_by(PluginEntry.id)
            ).all()
    except SQLAlchemyError:  # no database yet, or one that waits for its upgrade
        return {}
    finally:
        engine.dispose()
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for entry in sorted(entries, key=lambda entry: entry.gone_at is not None):
        who = entry.plugin, entry.origin
        found.setdefault(("plugin", entry.plugin), who)
        for kind, names in entry.provides.items():
            for name in names:
                found.setdefault((kind, name), who)
    return found


def vanished(session: Session, host: PluginHost) -> list[PluginEntry]:
    """The plugins that were here once and are not found any more, or that left something behind, by name.

    One that the roll never met, as after an older backup, is told by its name alone.
    """
    there = {record.name for record in host.records.values()}
    found = {name: entry for name, entry in _entries(session).items() if name not in there}
    for name in leftovers(session, there):
        found.setdefault(name, PluginEntry(plugin=name, title=name, version="", usable=False, provides={}))
    return [found[name] for name in sorted(found)]


def consequences(entry: PluginEntry) -> list[Text]:
    """What it means that a plugin is gone, in sentences."""
    told = [T("It is not installed any more.")]
    if entry.provides.get("payment_models"):
        told.append(T("What it pays is on hold until it is back."))
    if entry.provides.get("payout_rails"):
        told.append(T("Payments that it was to send wait until it is back."))
    return told


def leftovers(session: Session, there: Collection[str] = ()) -> set[str]:
    """The names under which something is kept, without those that are `there`."""
    names = {name for name, tables in owners(session.connection(), there).items() if tables}
    for model in (PluginSetting, PluginSwitch):
        names |= set(session.scalars(select(model.plugin).distinct()))
    names |= set(session.scalars(select(PluginHealth.plugin).where(PluginHealth.cause != Cause.PURGED)))
    return names - set(there)


def provided(session: Session, host: PluginHost, plugin: str) -> Mapping[str, Collection[str]]:
    """By kind the names of what a plugin brings, or brought when it was last there."""
    record = _here(host).get(plugin)
    if record is not None and record.state is State.ACTIVE:
        return _entry(record).provides
    entry = _entries(session).get(plugin)
    return entry.provides if entry else {}


def _here(host: PluginHost) -> dict[str, Record]:
    """A record of each name: the active one where several claim it."""
    return {record.name: record for record in host.records.values()} | dict(host.active)


def _entry(record: Record) -> PluginEntry:
    with in_locale("en"):
        title = str(record.title)
        provides = {kind: _titles(record.provides[kind]) for kind in SHARED if kind in record.provides}
    usable = record.state is State.ACTIVE
    return PluginEntry(
        plugin=record.name,
        origin=record.origin[:200] if usable else "",
        title=title[:200],
        version=record.version[:60],
        usable=usable,
        provides=provides,
    )


def _titles(found: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(found[name].title)[:200] for name in sorted(found)}


def _entries(session: Session) -> dict[str, PluginEntry]:
    return {entry.plugin: entry for entry in session.scalars(select(PluginEntry))}


def _told(entry: PluginEntry) -> tuple[object, ...]:
    return (entry.origin, entry.title, entry.version, entry.usable, entry.provides)


def _same(known: Mapping[str, PluginEntry], found: Mapping[str, PluginEntry]) -> bool:
    """Whether nothing is to be written. What a plugin brought is not forgotten while it does not work."""
    if any(entry.gone_at is None for name, entry in known.items() if name not in found):
        return False
    return all(
        name in known and known[name].gone_at is None and _told(known[name]) == _told(_merged(known[name], new))
        for name, new in found.items()
    )


def _merged(old: PluginEntry, new: PluginEntry) -> PluginEntry:
    if new.usable:
        return new
    return PluginEntry(
        plugin=new.plugin,
        origin=old.origin,
        title=old.title,
        version=new.version,
        usable=False,
        provides=dict(old.provides),
    )


def _write(session: Session, old: PluginEntry | None, new: PluginEntry | None, name: str) -> set[str]:
    """Write one entry; the payment models that are gone or back by it."""
    if old is None:
        session.add(new)
        return set()
    before, models = old.usable, set(old.provides.get("payment_models", ()))
    if new is None:
        old.usable, old.gone_at = False, old.gone_at or clock.now()
    else:
        new = _merged(old, new)
        old.title, old.version, old.usable, old.provides = new.title, new.version, new.usable, new.provides
        old.origin, old.gone_at = new.origin, None
    after = set(old.provides.get("payment_models", ()))
    return models | after if before != old.usable else models ^ after
