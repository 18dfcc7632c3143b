"""The stage on a fixed day, in a session and committed."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from core import clock, events
from core.database import Database
from tests.payouts import stage as scene
from tests.payouts.fixtures import keyring, stage, today  # noqa: F401 - fixtures


@pytest.fixture
def sandbox(blank_sqlite: Path, tmp_path: Path) -> Iterator[Session]:
    """A writing session for all examples of a property: what is set up and compiled for one serves the next."""
    shutil.copy(blank_sqlite, tmp_path / "sandbox.db")
    database = Database(f"sqlite:///{tmp_path / 'sandbox.db'}")
    with database.session(write=True) as opened:
        yield opened
        opened.rollback()
    database.engine.dispose()


@contextmanager
def undone(session: Session) -> Iterator[None]:
    """One of a property's examples: whatever it does is undone."""
    point = session.begin_nested()
    try:
        yield
    finally:
        point.rollback()
        session.expire_all()


@pytest.fixture
def ticking() -> Iterator[list[int]]:
    """Like `today`, but no two moments are the same: the cap is met in the order of the sales."""
    days, moments = [0], count()
    with clock.frozen(lambda: scene.day(days[0]) + timedelta(milliseconds=next(moments))):
        yield days


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test says itself by which plugins is counted: no installation that others have connected listens."""
    monkeypatch.setattr(events, "_subscribers", defaultdict(list))
