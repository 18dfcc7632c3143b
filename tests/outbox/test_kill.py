"""`kill -9` of a worker, anywhere: nothing is lost and nothing happens twice."""

from __future__ import annotations

import subprocess
import sys
from threading import Event

import pytest
from sqlalchemy import func, select

from core import outbox
from core.audit import AuditEntry
from core.database import Database
from core.outbox import OutboxJob
from tests.outbox import worker

POINTS = ("claimed", "written", "committed")


def enqueue(database: Database, count: int) -> None:
    with database.write() as session:
        for number in range(count):
            outbox.enqueue(session, "work", {"number": number}, key=f"work:{number}")


def kill_one(database: Database, point: str, after: int = 1) -> None:
    """Start a worker, wait until it has reached a point for the n-th time, and kill it."""
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", worker.__name__, url, point, str(after)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            after -= line.strip() == point
            if not after:
                child.kill()
                break
        child.stdout.read()
    assert child.returncode == -9


def finish(database: Database) -> None:
    """Let whole workers run until nothing is left; PostgreSQL may take a moment to see that a worker died."""
    url = database.engine.url.render_as_string(hide_password=False)
    for _ in range(20):
        subprocess.run([sys.executable, "-m", worker.__name__, url, "none", "0"], check=True, capture_output=True)
        with database.session() as session:
            if not session.scalar(select(func.count()).where(OutboxJob.state != "done")):
                return
        Event().wait(0.05)
    pytest.fail("jobs are left")


def worked(database: Database) -> list[int]:
    with database.session() as session:
        return sorted(detail["number"] for detail in session.scalars(select(AuditEntry.detail)) if detail)


@pytest.mark.parametrize("point", POINTS)
def test_a_job_is_done_once_wherever_the_worker_dies(database: Database, point: str) -> None:
    enqueue(database, 3)
    kill_one(database, point)
    assert len(worked(database)) == (point == "committed")
    finish(database)
    assert worked(database) == [0, 1, 2]


def test_worker_after_worker_dies_in_the_rush(database: Database) -> None:
    enqueue(database, 40)
    for point, after in (("written", 7), ("claimed", 5), ("committed", 9), ("written", 2)):
        kill_one(database, point, after)
    finish(database)
    assert worked(database) == list(range(40))


def test_the_harness_sees_a_job_that_is_lost(database: Database) -> None:
    """Negative control: a queue that forgets a claimed job would be found out."""
    enqueue(database, 1)
    kill_one(database, "claimed")
    with database.write() as session:
        job = session.scalars(select(OutboxJob)).one()
        assert (job.state, job.attempts) == ("running", 1)
        job.state = "done"
    finish(database)
    assert worked(database) == []
