"""From the approved draft to a verified post and its figures, and the files on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.content import queries, service, versions
from core.content.models import MetricReading, Post, StoredFinding
from core.errors import Denied, Invalid, Missing, Refused
from core.instance import Instance
from core.mail import MailMessage
from core.permissions import Actor
from tests.content.stage import BARE, BASE, Stage, approve, draft, film, host, packs, picture, send

URL = "https://www.instagram.com/p/Cexample01/"
EXAMPLE = Path(__file__).parents[2] / "examples" / "metrics.csv"


def live(session: Session, stage: Stage, url: str = URL) -> Post:
    """An approved draft, reported live."""
    approve(session, stage, send(session, stage))
    return report(session, stage, url)


def report(session: Session, stage: Stage, url: str = URL) -> Post:
    """Report the first deliverable live."""
    return service.report_post(
        session, stage.world.creator, deliverable=stage.first, url=url, published_on=clock.today(), base_url=BASE
    )


def verify(session: Session, stage: Stage, post: Post, remark: str = "", actor: Actor | None = None) -> None:
    """Verify a post, or mark it as different with a remark."""
    service.verify_post(
        session, actor or stage.world.owner, post=post, matches=not remark, remark=remark, base_url=BASE
    )


def test_nothing_goes_live_before_it_is_approved(session: Session, stage: Stage) -> None:
    with pytest.raises(Refused, match="not approved"):
        report(session, stage)


def test_nothing_goes_live_with_a_finding_that_came_open_again(session: Session, stage: Stage) -> None:
    submission = send(session, stage, BARE)
    for row in session.scalars(select(StoredFinding).where(StoredFinding.blocks)).all():
        service.waive_finding(session, stage.world.owner, finding=row, reason="Agreed with the authority")
    approve(session, stage, submission)
    blocking = session.scalars(select(StoredFinding).where(StoredFinding.blocks)).first()
    assert blocking is not None
    blocking.state = "open"
    session.flush()
    with pytest.raises(Refused, match="block"):
        report(session, stage)


def test_nothing_goes_live_without_a_signed_contract(session: Session, stage: Stage) -> None:
    approve(session, stage, send(session, stage))
    stage.contract.state = "terminated"
    session.flush()
    with pytest.raises(Refused, match="not signed"):
        report(session, stage)


@pytest.mark.parametrize(
    "url", ["", "instagram.com/p/1", "javascript:alert(1)", "https://", "https://a:b@x.fi/", "https://x .fi"]
)
def test_an_address_must_be_whole(session: Session, stage: Stage, url: str) -> None:
    approve(session, stage, send(session, stage))
    with pytest.raises(Invalid) as caught:
        report(session, stage, url)
    assert caught.value.field == "url"


def test_a_post_is_corrected_until_it_is_verified(session: Session, stage: Stage) -> None:
    post = live(session, stage)
    verify(session, stage, post, remark="The label is gone")
    assert (post.state, stage.first.state) == ("mismatch", "published")
    mail = session.scalars(select(MailMessage).where(MailMessage.kind == "content.mismatch")).one()
    assert "The label is gone" in mail.body
    other = "https://www.instagram.com/p/Cexample02/"
    service.correct_post(session, stage.world.creator, post=post, url=other, published_on=clock.today(), base_url=BASE)
    assert (post.state, post.url, post.remark) == ("reported", other, "")
    verify(session, stage, post)
    assert (post.state, stage.first.state, post.checked_by_name) == ("verified", "verified", stage.world.owner.name)
    with pytest.raises(Refused):
        service.correct_post(
            session, stage.world.creator, post=post, url=URL, published_on=clock.today(), base_url=BASE
        )


def test_a_difference_needs_words_and_a_viewer_verifies_nothing(session: Session, stage: Stage) -> None:
    post = live(session, stage)
    with pytest.raises(Invalid):
        service.verify_post(session, stage.world.owner, post=post, matches=False, base_url=BASE)
    with pytest.raises(Denied):
        verify(session, stage, post, actor=stage.world.actors["viewer"])
    with pytest.raises(Missing):
        queries.get_post(session, stage.world.outsider, post.public_id)


def test_when_all_is_verified_the_collaboration_is_delivered(session: Session, stage: Stage) -> None:
    for deliverable in stage.deliverables[1:]:
        deliverable.state = "cancelled"
    session.flush()
    verify(session, stage, live(session, stage))
    assert stage.collaboration.state == "delivered"


def test_figures_keep_unknown_unknown_and_the_newest_counts(session: Session, stage: Stage) -> None:
    post = live(session, stage)
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)

    def read(actor: Actor, when: datetime = at, **values: int | None) -> int:
        return service.record_metrics(session, actor, post=post, values=values, read_at=when, evidence="stated")

    assert read(stage.world.creator, views=100, likes=0, reach=None) == 2
    assert read(stage.world.creator, views=100, likes=0) == 0
    assert read(stage.world.owner, views=120) == 1
    assert read(stage.world.owner, at - timedelta(days=1), views=50) == 1
    newest = versions.readings(session, [post.id])[post.id]
    assert (newest["views"].value, newest["views"].earlier, newest["likes"].value) == (120, 2, 0)
    assert "reach" not in newest
    with pytest.raises(Denied):
        read(stage.world.outsider, views=1)
    with pytest.raises(Invalid):
        read(stage.world.owner, views=-1)
    with pytest.raises(Invalid):
        read(stage.world.owner, reach=None)


def test_the_example_table_is_read_and_the_second_time_changes_nothing(session: Session, stage: Stage) -> None:
    post = live(session, stage)

    def take() -> service.Imported:
        return service.import_metrics(
            session,
            stage.world.owner,
            host=host(),
            brand_id=stage.world.brand.id,
            raw=EXAMPLE.read_bytes(),
            name="metrics.csv",
        )

    with clock.frozen(datetime(2026, 11, 25, tzinfo=UTC)):
        first, again = take(), take()
    assert (first.rows, first.figures, [error.line for error in first.errors]) == (1, 6, [3, 4])
    assert again.figures == 0
    assert versions.readings(session, [post.id])[post.id]["views"].value == 12840
    assert versions.readings(session, [post.id])[post.id]["views"].evidence == "export"


def test_a_table_means_the_clock_on_the_brands_wall(session: Session, stage: Stage) -> None:
    post = live(session, stage)
    stage.world.brand.timezone = "Europe/Helsinki"
    raw = f"url;read_at;views\n{URL};20.11.2026 00:30;5\n{URL};2026-11-20T00:30+00:00;7\n".encode()
    with clock.frozen(datetime(2026, 11, 25, tzinfo=UTC)):
        service.import_metrics(
            session, stage.world.owner, host=host(), brand_id=stage.world.brand.id, raw=raw, name="m.csv"
        )
    read = session.scalars(select(MetricReading.read_at).where(MetricReading.post_id == post.id))
    assert sorted(read) == [datetime(2026, 11, 19, 22, 30, tzinfo=UTC), datetime(2026, 11, 20, 0, 30, tzinfo=UTC)]


def test_files_are_known_by_their_bytes_and_get_a_small_picture(
    session: Session, stage: Stage, instance: Instance
) -> None:
    def take(source: BytesIO, name: str, poster: BytesIO | None = None) -> service.Media:
        return service.receive(
            session,
            instance.files,
            stage.world.creator,
            deliverable=stage.first,
            source=source,
            name=name,
            limit=1_000_000,
            poster=poster,
        )

    still = take(picture(), "evening.jpg")
    assert (still.file.media_type, still.file.width) == ("image/png", 40)
    assert still.thumbnail is not None and still.thumbnail.media_type == "image/webp"
    assert take(film(), "film.mp4").thumbnail is None
    assert take(film(), "film.mp4", poster=BytesIO(b"<svg onload=alert(1)>")).thumbnail is None
    drawn = take(film(), "film.mp4", poster=picture())
    assert drawn.thumbnail is not None
    for bad in (BytesIO(b"<html><script>"), BytesIO(b"")):
        with pytest.raises(Invalid):
            take(bad, "picture.png")
    submission = service.submit(
        session,
        stage.world.creator,
        deliverable=stage.first,
        draft=draft(),
        media=[still, drawn],
        packs=packs(),
        base_url=BASE,
    )
    version = versions.versions(session, stage.first)[0]
    assert version.submission.id == submission.id
    assert [p.video for p in version.pictures] == [False, True]


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ("1.1.0001;10", "read_at"),
        ("31.12.9999 23:59;10", "read_at"),
        ("9999-12-31T23:59:59-12:00;10", "read_at"),
        ("1.1.2099;10", "read_at"),
        ("1.11.2026;99999999999999999999", "views"),
        (f"1.11.2026;{'9' * 5000}", "views"),
        ("1.11.2026;-1", "views"),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_row_and_the_others_are_taken(
    session: Session, stage: Stage, cells: str, column: str
) -> None:
    with clock.frozen(datetime(2026, 11, 20, 12, tzinfo=UTC)):
        post = live(session, stage)
        raw = f"url;read_at;views\n{URL};1.11.2026;5\n{URL};{cells}\n{URL};2.11.2026;7\n".encode()
        given = {"host": host(), "brand_id": stage.world.brand.id, "raw": raw, "name": "m.csv"}
        taken = service.import_metrics(session, stage.world.owner, **given)
    assert [(error.line, error.column) for error in taken.errors] == [(3, column)]
    assert (taken.rows, taken.figures) == (2, 2)
    assert versions.readings(session, [post.id])[post.id]["views"].value == 7
