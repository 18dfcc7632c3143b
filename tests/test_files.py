"""Files that came and were never sent go after a day, and only they."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock, files, outbox, wiring
from core.files import StoredFile, store_bytes
from core.instance import Instance
from core.outbox import OutboxJob
from tests.content import stage as scene
from tests.world import build as build_world
from tests.world import sign_in

START = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def now() -> Iterator[list[datetime]]:
    moment = [START]
    with clock.frozen(lambda: moment[0]):
        yield moment


def keep(session: Session, instance: Instance, raw: bytes) -> StoredFile:
    return store_bytes(session, instance.files, raw, name="a.png", media_type="image/png", brand_id=None)


def there(instance: Instance, raw: bytes) -> bool:
    return any(path.read_bytes() == raw for path in instance.files.root.rglob("*") if path.is_file())


def test_a_file_that_nothing_points_to_goes_after_a_day(instance: Instance, now: list[datetime]) -> None:
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        sent = scene.send(session, stage)
        used = keep(session, instance, b"used")
        session.add(scene.file_of(sent, used))
        keep(session, instance, b"never sent")
        keep(session, instance, b"twice")
    now[0] += timedelta(hours=20)
    with instance.database.write() as session:
        keep(session, instance, b"twice")
        keep(session, instance, b"new")
        assert files.sweep(session, instance.files) == 0, "a day is not over"
    now[0] += timedelta(hours=5)
    with instance.database.write() as session:
        assert files.sweep(session, instance.files) == 2
    with instance.database.session() as session:
        assert session.scalars(select(StoredFile.sha256)).all().__len__() == 3
    assert not there(instance, b"never sent")
    assert there(instance, b"used") and there(instance, b"new") and there(instance, b"twice")


def test_the_clock_sees_to_it_once_a_day(instance: Instance, now: list[datetime]) -> None:
    wiring.connect(instance)
    with instance.database.write() as session:
        keep(session, instance, b"never sent")
    now[0] += timedelta(days=1, minutes=1)
    for _ in range(2):
        wiring.tick(instance)
        outbox.drain(instance.database)
    assert not there(instance, b"never sent")
    with instance.database.session() as session:
        done = session.scalars(select(OutboxJob.state).where(OutboxJob.kind == files.SWEEP)).all()
    assert done == ["done"]


def test_a_browser_asks_again_before_it_shows_what_it_keeps(client, committed, instance):
    picture = BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    picture.seek(0)
    with instance.database.write() as session:
        given = {"name": "draft.png", "limit": 10_000, "brand_id": committed.brand.id, "owner_id": None}
        name = files.store_media(session, instance.files, picture, **given).public_id
    sign_in(client, "owner")
    first = client.get(f"/files/{name}", buffered=True)
    first.close()
    assert first.status_code == 200 and first.headers["Cache-Control"] == "private, no-cache"
    again = {"If-None-Match": first.headers["ETag"]}
    assert client.get(f"/files/{name}", headers=again, buffered=True).status_code == 304
    client.post("/sign-out")
    assert client.get(f"/files/{name}", headers=again, buffered=True).status_code not in (200, 304)
