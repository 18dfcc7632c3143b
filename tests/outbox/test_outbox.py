"""Jobs are written with their cause, run when due, tried again later, and given up in the end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, clock, outbox
from core.audit import AuditEntry
from core.database import Database
from core.outbox import OutboxJob
from core.permissions import SYSTEM

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Handlers of this test alone."""
    mine: dict[str, Any] = {}
    monkeypatch.setattr(outbox, "_handlers", mine)
    return mine


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.frozen(NOON):
        yield


def deed(session: Session, payload: dict[str, Any]) -> None:
    audit.record(session, actor=SYSTEM, brand_id=None, action="deed", detail=payload)


def deeds(database: Database) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(AuditEntry)) or 0


def put(database: Database, kind: str = "deed", **kwargs: Any) -> bool:
    with database.write() as session:
        return outbox.enqueue(session, kind, {"n": 1}, **kwargs)


def job(database: Database) -> OutboxJob:
    with database.session() as session:
        return session.scalars(select(OutboxJob)).one()


def test_a_job_runs_once_and_is_done(database: Database) -> None:
    outbox.register("deed", deed)
    put(database)
    assert (outbox.drain(database), outbox.drain(database), deeds(database)) == (1, 0, 1)
    assert (job(database).state, job(database).done_at, job(database).attempts) == ("done", NOON, 1)


def test_a_key_is_one_job(database: Database) -> None:
    assert (put(database, key="a"), put(database, key="a"), put(database, key="b")) == (True, False, True)
    assert (put(database), put(database)) == (True, True)


def test_what_is_rolled_back_was_never_asked_for(database: Database) -> None:
    outbox.register("deed", deed)
    with database.session(write=True) as session:
        outbox.enqueue(session, "deed", {})
        assert session.info["outbox_wake"] is True
        session.rollback()
    assert outbox.drain(database) == 0


def test_a_job_waits_for_its_time(database: Database) -> None:
    outbox.register("deed", deed)
    put(database, run_after=NOON + timedelta(hours=1))
    assert outbox.drain(database) == 0
    with clock.frozen(NOON + timedelta(hours=1)):
        assert outbox.drain(database) == 1


def test_a_failing_job_undoes_its_writes_waits_longer_each_time_and_is_given_up(database: Database) -> None:
    @outbox.handler("deed")
    def fail(session: Session, payload: dict[str, Any]) -> None:
        deed(session, payload)
        session.flush()
        raise ValueError("no luck")

    put(database)
    moment, waits = NOON, []
    for _ in range(outbox.ATTEMPTS):
        with clock.frozen(moment):
            assert (outbox.drain(database), outbox.drain(database)) == (1, 0)
            waits.append((job(database).run_after - moment).total_seconds())
            moment = job(database).run_after
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640]
    with clock.frozen(moment + timedelta(days=1)):
        assert outbox.drain(database) == 0
    assert (job(database).state, job(database).last_error, deeds(database)) == ("failed", "ValueError: no luck", 0)


def test_one_bad_job_does_not_stop_the_others(database: Database) -> None:
    outbox.register("deed", deed)
    put(database, "unknown")
    put(database)
    assert (outbox.drain(database), deeds(database)) == (2, 1)


def test_a_job_that_kills_its_worker_each_time_is_given_up(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox.register("deed", deed)
    put(database)
    moment = NOON
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        for _ in range(outbox.ATTEMPTS):
            with clock.frozen(moment), pytest.raises(KeyboardInterrupt):
                outbox.drain(database)
            moment += outbox.LEASE * 2
    with clock.frozen(moment):
        assert outbox.drain(database) == 1
    assert (job(database).state, deeds(database)) == ("failed", 0)


def test_what_reaches_outside_holds_no_lock_and_writes_afterwards(database: Database) -> None:
    sent = []

    @outbox.handler("mail", outside=True)
    def send(session: Session, payload: dict[str, Any]) -> Any:
        session.scalar(select(func.count()).select_from(OutboxJob))
        with database.write() as other:
            deed(other, {"meanwhile": True})
        sent.append(payload)
        return lambda writing: deed(writing, payload)

    put(database, "mail")
    assert (outbox.drain(database), sent, deeds(database)) == (1, [{"n": 1}], 2)
    assert job(database).state == "done"


def test_a_worker_that_lost_its_lease_writes_nothing(database: Database) -> None:
    @outbox.handler("deed", outside=True)
    def slow(session: Session, payload: dict[str, Any]) -> Any:
        with database.write() as other:
            taken = other.scalars(select(OutboxJob)).one()
            taken.attempts += 1
        return lambda writing: deed(writing, payload)

    put(database)
    assert (outbox.drain(database), deeds(database)) == (1, 0)


def test_many_workers_share_the_jobs_and_double_none(database: Database) -> None:
    outbox.register("deed", deed)
    for _ in range(40):
        put(database)
    start = Barrier(4)

    def work(_number: int) -> int:
        start.wait()
        with clock.frozen(NOON):
            return outbox.drain(database)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 40
    assert deeds(database) == 40


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_job_that_another_holds_stops_nobody(database: Database) -> None:
    outbox.register("deed", deed)
    put(database)
    put(database)
    with database.session(write=True) as holding:
        holding.scalars(select(OutboxJob).order_by(OutboxJob.id).limit(1).with_for_update()).one()
        assert outbox.drain(database) == 1
    assert outbox.drain(database) == 1


def test_a_limit_is_kept(database: Database) -> None:
    outbox.register("deed", deed)
    for _ in range(3):
        put(database)
    assert (outbox.drain(database, limit=2), outbox.drain(database, limit=2)) == (2, 1)
