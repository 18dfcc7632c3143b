"""Jobs run by the clock of the worker: once in each stretch, for each brand where the plugin is on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core import clock, outbox, schedule, wiring
from core.instance import Instance
from core.outbox import OutboxJob
from core.plugin_host.service import set_switch
from tests.databases import statements
from tests.plugin_host.foreign import acme, module  # noqa: F401 - the first is a fixture
from tests.world import World

MIDNIGHT = datetime(2026, 11, 3, tzinfo=UTC)


@pytest.fixture
def moment() -> Iterator[list[datetime]]:
    """The time, which a test moves."""
    at = [MIDNIGHT + timedelta(hours=5)]
    with clock.frozen(lambda: at[0]):
        yield at


@pytest.fixture
def here(acme: None, instance: Instance, committed: World, moment: list[datetime]) -> Instance:  # noqa: F811
    """Two brands, everything connected."""
    wiring.connect(instance)
    return instance


def minute(instance: Instance) -> list[str]:
    """What the worker does each minute; the brands that the job ran for meanwhile."""
    heard = module("acme").HEARD
    before = len(heard)
    wiring.tick(instance)
    while outbox.drain(instance.database):
        pass
    return [brand for what, brand in heard[before:] if what == "nightly"]


def test_once_in_each_stretch_for_each_brand(here: Instance, committed: World, moment: list[datetime]) -> None:
    brands = [committed.brand.public_id, committed.other_brand.public_id]
    assert sorted(minute(here)) == sorted(brands), "at the first tick of the stretch"
    moment[0] += timedelta(minutes=1)
    assert minute(here) == []
    moment[0] = MIDNIGHT + timedelta(days=1)
    assert sorted(minute(here)) == sorted(brands)
    moment[0] += timedelta(days=10, hours=1)
    assert sorted(minute(here)) == sorted(brands), "what was missed is not made up for"


def test_not_where_the_plugin_is_off(here: Instance, committed: World, moment: list[datetime]) -> None:
    with here.database.write() as session:
        set_switch(session, committed.owner, plugin="acme", enabled=False, brand_id=committed.brand.id)
    assert minute(here) == [committed.other_brand.public_id]
    with here.database.write() as session:
        set_switch(session, committed.owner, plugin="acme", enabled=False)
    moment[0] += timedelta(days=1)
    assert minute(here) == []
    with here.database.session() as session:
        rows = session.scalars(select(OutboxJob.payload).where(OutboxJob.kind == schedule.RUN)).all()
        assert [row["brand"] for row in rows] == [committed.other_brand.public_id], "nothing is written either"


def test_switched_off_between_clock_and_worker_it_does_not_run(here: Instance, committed: World) -> None:
    wiring.tick(here)
    with here.database.write() as session:
        set_switch(session, committed.owner, plugin="acme", enabled=False)
    assert minute(here) == []


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_a_run_that_fails_is_tried_again_and_told(
    here: Instance, moment: list[datetime], kind: type[BaseException]
) -> None:
    def fail() -> None:
        raise kind("out of order")

    module("acme").DOING["nightly"] = fail
    assert len(minute(here)) == 2
    module("acme").DOING.clear()
    moment[0] += timedelta(seconds=30)
    assert len(minute(here)) == 2
    moment[0] += timedelta(minutes=30)
    assert minute(here) == []
    with here.database.session() as session:
        jobs = session.scalars(select(OutboxJob).where(OutboxJob.kind == schedule.RUN)).all()
        assert {(job.state, job.attempts) for job in jobs} == {("done", 2)}


def test_without_jobs_the_clock_asks_nothing(instance: Instance, committed: World) -> None:
    wiring.connect(instance)
    with statements(instance.database.engine) as seen:
        wiring.tick(instance)
    assert seen and not [statement for statement in seen if "plugin_switch" in statement]
