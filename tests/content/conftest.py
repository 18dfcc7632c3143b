"""The stage, in a session and committed."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from core.instance import Instance
from tests.content import stage as scene
from tests.world import World
from tests.world import build as build_world


@pytest.fixture
def stage(session: Session, world: World) -> scene.Stage:
    """A signed collaboration for Finland."""
    return scene.build(session, world)


@pytest.fixture
def shown(instance: Instance) -> scene.Stage:
    """The same, committed, for tests that go through HTTP."""
    with instance.database.write() as opened:
        return scene.build(opened, build_world(opened))
