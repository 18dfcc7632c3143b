"""The stage on a fixed day, in a session and committed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from core import clock, wiring
from core.instance import Instance
from core.payouts import service
from core.payouts.limits import Limits
from tests.payouts import stage as scene
from tests.payouts.fixtures import keyring, stage, today  # noqa: F401 - fixtures
from tests.payouts.rails import Bank, host_with
from tests.world import build as build_world


@pytest.fixture
def now() -> Iterator[list[datetime]]:
    """The time; a test moves it by changing the one entry."""
    moment = [scene.day(0)]
    with clock.frozen(lambda: moment[0]):
        yield moment


@pytest.fixture
def bank(instance: Instance) -> Bank:
    """A bank that the installation reaches by wire."""
    bank = Bank()
    instance.__dict__["plugins"] = host_with(bank)
    wiring.connect(instance)
    return bank


@pytest.fixture
def approved(instance: Instance, now: list[datetime], bank: Bank) -> scene.Stage:
    """An approved run by wire, committed; the worker has not looked yet."""
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        stage.approve()
        stage.account(instance.keyring)
        run = stage.run(limits=Limits("wire"))
        service.approve_run(session, stage.world.actors["finance"], run)
    return stage
