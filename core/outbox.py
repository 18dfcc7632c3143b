"""What must happen after a commit is written in that commit, and done later by a worker.

A worker claims one job at a time with a lease and runs it. A handler's writes commit together
with the mark that the job is done, so that they happen once however often a worker is killed.
A handler that reaches outside (mail, a rail) is registered with `outside=True`: it runs
without holding the database and returns a function with what to write afterwards; it may be
run again after a crash, so it hands the outside a key or looks first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import JSON, CheckConstraint, ColumnElement, Index, String, and_, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session

from core import clock
from core.database import Base, Database, UtcDateTime, internal, personal
from core.sql import insert_once

log = logging.getLogger("samverk.outbox")

LEASE = timedelta(seconds=60)
ATTEMPTS = 8
FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=1)
LATER = timedelta(minutes=2)
SWEEP = "outbox.sweep"
KEPT = timedelta(days=30)
"""How long a job that is done can still be looked up."""

Handler = Callable[[Session, dict[str, Any]], object]
H = TypeVar("H", bound=Handler)


class Later(Exception):
    """Raised by a handler that cannot work now, through no fault of the job: the try does not count."""


class OutboxJob(Base):
    """One thing to do. `running` with a lease that has ended is free again."""

    __tablename__ = "outbox_job"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'running', 'done', 'failed')", name="state"),
        Index("ix_outbox_job_due", "state", "run_after"),
    )

    id: Mapped[int] = internal(primary_key=True)
    kind: Mapped[str] = internal(String(60))
    payload: Mapped[dict[str, Any]] = personal(JSON)
    key: Mapped[str | None] = internal(String(200), unique=True)
    state: Mapped[str] = internal(String(10), default="pending")
    attempts: Mapped[int] = internal(default=0)
    run_after: Mapped[datetime] = internal(UtcDateTime, default=clock.now)
    leased_until: Mapped[datetime | None] = internal(UtcDateTime)
    last_error: Mapped[str | None] = internal(String(500))
    created_at: Mapped[datetime] = internal(UtcDateTime, default=clock.now)
    done_at: Mapped[datetime | None] = internal(UtcDateTime)


@dataclass(frozen=True, slots=True)
class _Registered:
    run: Handler
    outside: bool
    lease: timedelta


@dataclass(frozen=True, slots=True)
class _Claim:
    """A job in our hands; the number of attempts is what proves that it still is."""

    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int


_handlers: dict[str, _Registered] = {}


def register(kind: str, run: Handler, *, outside: bool = False, lease: timedelta = LEASE) -> None:
    """Let `run(session, payload)` do the jobs of a kind; a second call replaces the first."""
    _handlers[kind] = _Registered(run, outside, lease)


def handler(kind: str, *, outside: bool = False, lease: timedelta = LEASE) -> Callable[[H], H]:
    """Register the decorated function for the jobs of a kind."""

    def keep(run: H) -> H:
        register(kind, run, outside=outside, lease=lease)
        return run

    return keep


def enqueue(
    session: Session, kind: str, payload: Mapping[str, Any], key: str | None = None, run_after: datetime | None = None
) -> bool:
    """Write a job into this transaction; a key that was used before adds none. Says whether it was added."""
    values = {"kind": kind, "payload": dict(payload), "key": key, "run_after": run_after or clock.now()}
    session.info["outbox_wake"] = True
    return insert_once(session, OutboxJob, values)


def drain(database: Database, limit: int = 100) -> int:
    """Run what is due, one job after the other, `limit` at most; the number of jobs that were tried."""
    for count in range(limit):
        claim = _claim(database)
        if claim is None:
            return count
        _try(database, claim)
    return limit


def sweep(session: Session, spare: Collection[str] = ()) -> int:
    """Forget the jobs that were done more than 30 days ago; returns how many. What failed stays.

    With a job goes its key, so `spare` names the keys that may be used again.
    """
    old = and_(OutboxJob.state == "done", OutboxJob.done_at < clock.now() - KEPT)
    spared = or_(OutboxJob.key.is_(None), OutboxJob.key.not_in(spare))
    return session.connection().execute(delete(OutboxJob).where(old, spared)).rowcount


def _try(database: Database, claim: _Claim) -> None:
    try:
        _run(database, claim)
    except Exception as error:
        log.warning("job %s (%s) failed: %s", claim.id, claim.kind, type(error).__name__)
        _put_back(database, claim, error)


def run_now(database: Database, key: str) -> bool:
    """Run the job of a key at once, in this process, if nobody else has it; whether it was tried."""
    claim = _claim(database, OutboxJob.key == key)
    if claim is not None:
        _try(database, claim)
    return claim is not None


def _claim(database: Database, which: ColumnElement[bool] | None = None) -> _Claim | None:
    moment = clock.now()
    free = or_(
        and_(OutboxJob.state == "pending", OutboxJob.run_after <= moment),
        and_(OutboxJob.state == "running", OutboxJob.leased_until < moment),
    )
    if which is not None:
        free = and_(free, which)
    with database.session() as peek:
        if peek.scalar(select(OutboxJob.id).where(free).limit(1)) is None:
            return None
    with database.write() as session:
        due = select(OutboxJob).where(free).order_by(OutboxJob.run_after, OutboxJob.id).limit(1)
        job = session.scalar(due.with_for_update(skip_locked=True))
        if job is None:
            return None
        known = _handlers.get(job.kind)
        job.state, job.attempts = "running", job.attempts + 1
        job.leased_until = moment + (known.lease if known else LEASE)
        return _Claim(job.id, job.kind, job.payload, job.attempts)


def _run(database: Database, claim: _Claim) -> None:
    if claim.attempts > ATTEMPTS:
        raise RuntimeError("the worker died in this job too often")
    if claim.kind not in _handlers:
        raise LookupError(f"nothing handles {claim.kind}")
    known = _handlers[claim.kind]
    if not known.outside:
        with database.write() as session:
            if _done(session, claim):
                known.run(session, claim.payload)
        return
    with database.session() as reading:
        after = known.run(reading, claim.payload)
    with database.write() as session:
        if _done(session, claim) and callable(after):
            after(session)


def _done(session: Session, claim: _Claim) -> bool:
    """Mark first, so that the row is held while the handler runs; false when the lease went to another."""
    return _finish(session, claim, state="done", done_at=clock.now(), leased_until=None, last_error=None)


def _put_back(database: Database, claim: _Claim, error: Exception) -> None:
    later = isinstance(error, Later)
    delay: timedelta = LATER if later else min(FIRST_DELAY * 2 ** (claim.attempts - 1), LONGEST_DELAY)
    over = claim.attempts >= ATTEMPTS and not later
    with database.write() as session:
        _finish(
            session,
            claim,
            state="failed" if over else "pending",
            attempts=claim.attempts - later,
            run_after=clock.now() + delay,
            leased_until=None,
            last_error=f"{type(error).__name__}: {error}"[:500],
        )


def _finish(session: Session, claim: _Claim, **values: Any) -> bool:
    ours = and_(OutboxJob.id == claim.id, OutboxJob.state == "running", OutboxJob.attempts == claim.attempts)
    result = session.connection().execute(update(OutboxJob).where(ours).values(**values))
    return bool(result.rowcount == 1)
