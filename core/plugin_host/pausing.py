"""Counts and pauses in the database, where all processes agree: written down, brought back, and ended by hand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from core import audit, clock, events
from core.database import Database
from core.errors import Refused
from core.permissions import Actor, Permission
from core.plugin_api.text import T
from core.plugin_host.health import Cause, Health, Tally
from core.plugin_host.models import PluginHealth
from core.sql import insert_once

IN_A_ROW = 5
"""Failures one after the other, over all processes, that pause a plugin when they lie within an hour."""
WITHIN = timedelta(hours=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=6)
TURN = timedelta(minutes=5)
"""How long a process may take over the one call of a paused plugin, before another has the turn."""


@dataclass(frozen=True, slots=True)
class PluginResumed:
    """A paused plugin is asked again."""

    plugin: str


def sync(database: Database, health: Health) -> None:
    """Write down what this process has seen of its plugins, and take over what holds now.

    One statement when there is no news. Call it where no other session of this thread is open.
    """
    taken, probes = health.take(), dict[str, datetime]()
    health.news.clear()
    try:
        with database.session() as session:
            rows = paused(session, health.since)
        if taken or any(row.probe_at and row.probe_at <= clock.now() for row in rows):
            with database.write() as session:
                for plugin in sorted(taken):
                    _write_down(session, _row(session, plugin), taken[plugin])
                session.flush()
                rows = paused(session, health.since)
                probes = {row.plugin: until for row in rows if (until := _turn(session, row))}
    except BaseException:
        health.give_back(taken)
        raise
    health.learn({row.plugin: Cause(row.cause) for row in rows}, probes)


def resume(session: Session, actor: Actor, plugin: str) -> None:
    """Let a paused plugin be asked again, in every brand; raises `Refused` when it is not paused."""
    actor.require(Permission.SITE_ADMIN)
    row = session.scalar(select(PluginHealth).where(PluginHealth.plugin == plugin).with_for_update())
    if row is None or row.paused_at is None or row.cause == Cause.PURGED:
        raise Refused(T("This plugin is not paused."))
    _end(session, row)
    session.flush()
    audit.record(session, actor=actor, brand_id=None, action="plugin.resumed", obj=row, detail={"plugin": plugin})


def health_of(session: Session, plugin: str) -> PluginHealth | None:
    """How a plugin does, as far as it was written down; None when it was never asked."""
    return session.scalar(select(PluginHealth).where(PluginHealth.plugin == plugin))


def paused(session: Session, since: datetime) -> list[PluginHealth]:
    """The plugins that are paused, each with why and until when, for a process that found its plugins `since` then.

    One that was purged before is no concern of it: it may have been installed anew.
    """
    still = or_(PluginHealth.cause != Cause.PURGED, PluginHealth.paused_at > since)
    return list(session.scalars(select(PluginHealth).where(PluginHealth.paused_at.is_not(None), still)))


def purged(session: Session, since: datetime) -> set[str]:
    """The plugins of which all was removed after a process had found them."""
    return {row.plugin for row in paused(session, since) if row.cause == Cause.PURGED}


def mark_purged(session: Session, plugin: str) -> None:
    """Let no process that still has a plugin ask it again, nor write anything of it."""
    row = _row(session, plugin)
    row.cause, row.paused_at, row.probe_at = Cause.PURGED, clock.now(), None
    row.calls = row.failures = 0
    row.last_error, row.failed_at = "", None


def found_anew(session: Session, plugins: Collection[str]) -> None:
    """Plugins that were purged are here again."""
    session.execute(delete(PluginHealth).where(PluginHealth.plugin.in_(plugins), PluginHealth.cause == Cause.PURGED))


def _row(session: Session, plugin: str) -> PluginHealth:
    held = select(PluginHealth).where(PluginHealth.plugin == plugin).with_for_update()
    if session.scalar(held) is None:
        values = {
            "plugin": plugin,
            "calls": 0,
            "failures": 0,
            "last_error": "",
            "in_a_row": 0,
            "cause": "",
            "pauses": 0,
        }
        insert_once(session, PluginHealth, values)
    return session.scalars(held).one()


def _write_down(session: Session, row: PluginHealth, tally: Tally) -> None:
    if row.cause == Cause.PURGED:
        return
    row.calls += tally.calls
    row.failures += tally.failures
    if tally.failed_at is not None:
        row.last_error, row.failed_at = tally.last_error[:300], tally.failed_at
    if tally.stuck:
        _pause(row, Cause.STUCK)
    elif row.paused_at is not None:
        if tally.probe:
            _end(session, row)
        elif tally.probe is False:
            _pause(row, Cause(row.cause))
    else:
        _count_row(row, tally)


def _count_row(row: PluginHealth, tally: Tally) -> None:
    """Failures in a row are counted over all processes; a call that went well anywhere, or an hour, ends the row."""
    moment = clock.now()
    if tally.worked or row.row_since is None or moment - row.row_since > WITHIN:
        row.in_a_row, row.row_since = 0, moment
    row.in_a_row += tally.row
    if row.in_a_row >= IN_A_ROW:
        _pause(row, Cause.FAILURES)


def _pause(row: PluginHealth, cause: Cause) -> None:
    """Each pause that follows on another is twice as long."""
    moment = clock.now()
    row.cause, row.paused_at = cause, row.paused_at or moment
    length: timedelta = min(FIRST_PAUSE * 2 ** min(row.pauses, 10), LONGEST_PAUSE)
    row.pauses, row.probe_at = row.pauses + 1, moment + length


def _end(session: Session, row: PluginHealth) -> None:
    row.cause, row.paused_at, row.probe_at = "", None, None
    row.pauses = row.in_a_row = 0
    row.row_since = None
    events.publish(session, PluginResumed(row.plugin))


def _turn(session: Session, row: PluginHealth) -> datetime | None:
    """Until when this process may let one call through; None when it is too early or another has the turn."""
    if row.probe_at is None or row.probe_at > clock.now():
        return None
    mine = (PluginHealth.id == row.id, PluginHealth.probe_at == row.probe_at)
    until = clock.now() + TURN
    taken = session.connection().execute(update(PluginHealth).where(*mine).values(probe_at=until))
    return until if taken.rowcount == 1 else None
