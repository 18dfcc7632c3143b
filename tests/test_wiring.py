"""Several installations in one process: each does its own work with its own keys, folders and plugins."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from core import outbox, wiring
from core.instance import Instance
from core.payouts import service
from core.payouts.models import Payout
from core.settings import load
from tests.payouts import stage as scene
from tests.world import build


@pytest.fixture
def two(tmp_path: Path, blank_sqlite: Path) -> Iterator[list[Instance]]:
    """Two installations, each with a payout that waits to be handed over; the second was connected last."""
    made = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(blank_sqlite, folder / "samverk.db")
        made.append(Instance(load({"SAMVERK_INSTANCE": str(folder), "SAMVERK_TESTING": "1"})))
        wiring.connect(made[-1])
        with made[-1].database.write() as session:
            stage = scene.build(session, build(session))
            stage.approve()
            stage.account(made[-1].keyring)
            service.approve_run(session, stage.world.actors["finance"], stage.run())
    yield made
    for one in made:
        one.database.engine.dispose()


def test_each_works_with_its_own_keys_and_folders(two: list[Instance]) -> None:
    for one in two:
        outbox.drain(one.database)
    for one in two:
        with one.database.session() as session:
            assert session.scalar(select(Payout.state)) == "requires_action"
            failed = select(outbox.OutboxJob.last_error).where(outbox.OutboxJob.state != "done")
            assert session.scalars(failed).all() == []
            assert wiring.here(session) is one and wiring.plugins(session) is one.plugins
        assert list((one.settings.instance / "mail").iterdir()), "its mails lie in its own folder"
