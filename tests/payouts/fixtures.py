"""What every room of money stands on in its tests: a day, the keys, and a signed collaboration."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from core import clock
from core.crypto import Keyring
from core.instance import Instance
from tests.payouts import stage as scene
from tests.world import World


@pytest.fixture
def today() -> Iterator[list[int]]:
    """Days since the start; a test moves time by changing the one number in it."""
    days = [0]
    with clock.frozen(lambda: scene.day(days[0])):
        yield days


@pytest.fixture
def keyring(instance: Instance) -> Keyring:
    """The installation's keys."""
    return instance.keyring


@pytest.fixture
def stage(today: list[int], session: Session, world: World) -> scene.Stage:
    """A signed collaboration."""
    return scene.build(session, world)
