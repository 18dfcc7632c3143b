"""Months, readings and the signing reach the payment models by themselves, once, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import clock, outbox, wiring
from core.collaborations import endings
from core.collaborations.models import Collaboration
from core.content import service as content
from core.content.models import Post
from core.crypto import Keyring
from core.earnings import periods, service
from core.earnings.models import AgreementPeriod, Earning
from core.instance import Instance
from core.ledger import accounts as plan
from core.ledger import queries as ledger
from core.ledger.verify import verify
from core.outbox import OutboxJob
from core.plugin_api.composition import Net, Part, composition_to_json
from samverk import Fact, Line, Money, PaymentModel, Period, Planned, T, Terms, Text
from tests.collaborations import stage as offers
from tests.foreign import host_of
from tests.payouts import stage as scene
from tests.payouts.stage import BASE, component
from tests.world import World
from tests.world import build as build_world

MONTHLY = component("c1", "retainer", amount=60_000, months=6)
AHEAD = component("c2", "advance", amount=90_000)
NETTED = {"composition": composition_to_json(Net(Part("c1"), Part("c2"), id="netted"))}
VIEWS = component("c1", "performance", count="views", price=800, per=1000, evidence="checked", cap=50_000)
URL = "https://www.instagram.com/p/abc/"


@pytest.fixture
def deal(today: list[int], app: Flask, session: Session, world: World) -> offers.Stage:
    """A launched campaign in a house that is wired; day 0 is the second of November."""
    return offers.build(session, world, budget=2_000_000)


def lines(session: Session, component_id: str = "c1") -> list[tuple[int, str]]:
    rows = session.scalars(select(Earning).where(Earning.component_id == component_id).order_by(Earning.id))
    return [(row.amount_minor, str(Text.from_json(row.reason))) for row in rows]


def sums(session: Session) -> dict[str, int]:
    rows = session.execute(select(Earning.component_id, func.sum(Earning.amount_minor)).group_by(Earning.component_id))
    return {name: int(minor) for name, minor in rows}


def count(session: Session) -> list[int]:
    """What the worker does each minute."""
    changed = periods.close_due(session, offers.host())
    for collaboration_id in changed:
        service.recompute(session, offers.host(), collaboration_id)
    return changed


def test_a_month_that_has_ended_is_paid_once(deal: offers.Stage, today: list[int]) -> None:
    made, _ = deal.signed(components=[MONTHLY])
    assert made.committed_minor == 360_000
    today[0] = 29  # the first of December
    assert count(deal.session) == [] and lines(deal.session) == []
    today[0] = 30
    assert count(deal.session) == [made.id]
    assert lines(deal.session) == [(60_000, "Month 1 of the retainer, 2 Nov 2026 to 1 Dec 2026")]
    assert count(deal.session) == []
    assert service.recompute(deal.session, offers.host(), made.id) == []
    today[0] = 30 + 31 + 31  # a worker that slept for two months
    count(deal.session)
    assert [minor for minor, _ in lines(deal.session)] == [60_000] * 3


def test_months_end_with_the_agreement(deal: offers.Stage, today: list[int]) -> None:
    made, _ = deal.signed(components=[MONTHLY])
    today[0] = 400
    count(deal.session)
    assert sums(deal.session) == {"c1": 360_000}
    assert count(deal.session) == []
    assert deal.session.scalar(select(func.count()).select_from(AgreementPeriod)) == 6
    endings.cancel(deal.session, deal.brand, collaboration=made, reason="Over", base_url=BASE)
    assert sums(deal.session) == {"c1": 360_000} and made.committed_minor == 360_000


def test_a_pause_cuts_the_month_by_days(deal: offers.Stage, today: list[int]) -> None:
    made, _ = deal.signed(components=[MONTHLY])
    today[0] = 10
    endings.pause(deal.session, deal.brand, collaboration=made, reason="Snow", base_url=BASE)
    assert lines(deal.session) == [(20_000, "10 of 30 days of month 1 of the retainer, 2 Nov 2026 to 11 Nov 2026")]
    today[0] = 25
    assert count(deal.session) == [], "nothing runs while it is paused"
    endings.resume(deal.session, deal.brand, collaboration=made, base_url=BASE)
    today[0] = 30
    count(deal.session)
    assert [minor for minor, _ in lines(deal.session)] == [20_000, 10_000]


def test_a_pause_over_months_skips_them(deal: offers.Stage, today: list[int]) -> None:
    made, _ = deal.signed(components=[MONTHLY])
    today[0] = 30  # nobody has counted yet: the pause itself closes the month that is over
    endings.pause(deal.session, deal.brand, collaboration=made, reason="Snow", base_url=BASE)
    assert sums(deal.session) == {"c1": 60_000}
    today[0] = 30 + 31 + 11
    endings.resume(deal.session, deal.brand, collaboration=made, base_url=BASE)
    open_one = deal.session.scalars(select(AgreementPeriod).where(AgreementPeriod.closed_at.is_(None))).one()
    assert (open_one.month, open_one.starts_on, open_one.month_start) == (3, date(2027, 1, 13), date(2027, 1, 2))


def test_paused_and_resumed_on_one_day_is_a_whole_month(deal: offers.Stage, today: list[int]) -> None:
    made, _ = deal.signed(components=[MONTHLY])
    for day in (0, 7, 7):
        today[0] = day
        endings.pause(deal.session, deal.brand, collaboration=made, reason="Snow", base_url=BASE)
        endings.resume(deal.session, deal.brand, collaboration=made, base_url=BASE)
    today[0] = 30
    count(deal.session)
    assert sums(deal.session) == {"c1": 60_000}


@pytest.mark.parametrize("how", ["cancel", "leave"])
def test_an_early_end_pays_the_days_and_frees_the_rest(deal: offers.Stage, today: list[int], how: str) -> None:
    made, _ = deal.signed(components=[MONTHLY])
    today[0] = 36
    actor = deal.brand if how == "cancel" else deal.creator
    getattr(endings, how)(deal.session, actor, collaboration=made, reason="Enough", base_url=BASE)
    earned = 60_000 + 60_000 * 6 // 31
    assert sums(deal.session) == {"c1": earned} and made.committed_minor == earned
    today[0] = 300
    assert count(deal.session) == [] and sums(deal.session) == {"c1": earned}
    assert verify(deal.session).ok


def test_months_end_where_the_brand_is(deal: offers.Stage, today: list[int]) -> None:
    deal.world.brand.timezone = "Pacific/Auckland"
    deal.signed(components=[MONTHLY])  # noon in UTC is the third of November there
    row = deal.session.scalars(select(AgreementPeriod)).one()
    assert (row.starts_on, row.ends_on) == (date(2026, 11, 3), date(2026, 12, 3))
    deal.world.brand.timezone = "America/Los_Angeles"
    with clock.frozen(scene.day(31) - timedelta(hours=8)):
        assert count(deal.session) == []
    today[0] = 31
    count(deal.session)
    assert sums(deal.session) == {"c1": 60_000}, "what has begun is counted as it began"


def test_deals_without_months_have_none(deal: offers.Stage) -> None:
    deal.signed()
    assert deal.session.scalar(select(func.count()).select_from(AgreementPeriod)) == 0


def test_the_worker_counts_months(today: list[int], app: Flask, instance: Instance) -> None:
    with instance.database.write() as session:
        offers.build(session, build_world(session)).signed(components=[MONTHLY])
    for day in (29, 30, 30, 31):
        today[0] = day
        wiring.tick(instance)
        outbox.drain(instance.database)
    with instance.database.session() as session:
        assert sums(session) == {"c1": 60_000}


class Unread(list[Line]):
    """What counts as an answer, and fails when somebody looks at it."""

    def __iter__(self) -> Iterator[Line]:
        raise LookupError("gone")


class Sulky(PaymentModel):
    """Its answers fail outside the fence."""

    name = "sulky"
    title = T("Sulky")
    uses = (Period,)

    def describe(self, terms: Terms) -> Sequence[Text]:
        return []

    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        return Unread()

    def cap(self, terms: Terms, planned: Planned) -> Money:
        return Money(60_000, terms.currency)


def test_what_cannot_be_counted_stops_neither_the_clock_nor_the_months_of_others(
    today: list[int], app: Flask, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.__dict__["plugins"] = host_of(Sulky)
    wiring.connect(instance)
    monkeypatch.setattr(offers, "host", lambda: instance.plugins)
    with instance.database.write() as session:
        stage = offers.build(session, build_world(session), budget=2_000_000)
        stage.signed(components=[component("c0", "sulky")])
        other = replace(stage, known=offers.person(session, stage.world, "Bea", "bea@example.com"))
        other.signed(components=[MONTHLY])
    today[0] = 30
    wiring.tick(instance)
    outbox.drain(instance.database)
    with instance.database.session() as session:
        assert sums(session) == {"c1": 60_000}
        failing = session.scalars(select(OutboxJob).where(OutboxJob.last_error.is_not(None))).one()
        assert failing.last_error == "LookupError: gone"


def test_an_advance_is_paid_at_the_signing_and_netted_from_the_months(
    deal: offers.Stage, today: list[int], keyring: Keyring
) -> None:
    made, _ = deal.signed(components=[MONTHLY, AHEAD, NETTED])
    assert made.committed_minor == 360_000, "the advance is a part of it, not on top"
    assert lines(deal.session, "c2") == [(90_000, "Paid in advance, at the signing")]
    assert payable(deal, made) == 90_000
    for day, netted, owed in ((30, -60_000, 90_000), (61, -30_000, 120_000), (92, 0, 180_000)):
        today[0] = day
        count(deal.session)
        assert payable(deal, made) == owed
        assert lines(deal.session, "netted")[-1][0] == (netted or -30_000)
    assert lines(deal.session, "netted") == [
        (-60_000, "€600.00 earned so far, €900.00 already paid in advance"),
        (-30_000, "€1,200.00 earned so far, €900.00 already paid in advance"),
    ]
    assert sums(deal.session) == {"c1": 180_000, "c2": 90_000, "netted": -90_000} and verify(deal.session).ok


def payable(deal: offers.Stage, made: Collaboration) -> int:
    return ledger.balance(deal.session, deal.world.brand.id, plan.payable(made.id), "EUR").minor


def test_netting_waits_as_long_as_what_it_is_netted_from(deal: offers.Stage, today: list[int]) -> None:
    share = component("c1", "commission", percent="10", cap=300_000)
    made, _ = deal.signed(components=[share, AHEAD, NETTED])
    deal.campaign.hold_days = 14
    stage = scene.Stage(deal.session, deal.world, deal.campaign, made, [])
    first = stage.sell(500_000, "A1")
    states = deal.session.execute(
        select(Earning.component_id, Earning.amount_minor, Earning.state).order_by(Earning.id)
    )
    assert [tuple(row) for row in states] == [
        ("c2", 90_000, "payable"), ("c1", 50_000, "pending"), ("netted", -50_000, "pending"),
    ]  # fmt: skip
    stage.refund(first, 500_000, "R1")
    assert sums(deal.session) == {"c2": 90_000, "c1": 0, "netted": 0}
    today[0] = 14
    service.release_due(deal.session)
    assert payable(deal, made) == 90_000 and verify(deal.session).ok


def post_of(stage: scene.Stage, number: int = 0) -> Post:
    row = stage.deliverables[number]
    row.state = "published"
    post = Post(
        brand_id=row.brand_id,
        deliverable_id=row.id,
        url=f"{URL[:-1]}{number}/",
        published_on=clock.today(),
        state="reported",
    )
    stage.session.add(post)
    stage.session.flush()
    return post


@pytest.fixture
def seen(today: list[int], app: Flask, session: Session, world: World) -> scene.Stage:
    """A signed deal that pays by views which the team has checked."""
    return scene.build(session, world, components=[VIEWS])


def read(stage: scene.Stage, post: Post, views: int, *, by: str = "reviewer", evidence: str = "screenshot") -> None:
    content.record_metrics(
        stage.session,
        stage.world.actors[by],
        post=post,
        values={"views": views},
        read_at=clock.now(),
        evidence=evidence,
    )


def test_only_checked_readings_of_verified_posts_are_paid(seen: scene.Stage, today: list[int]) -> None:
    post = post_of(seen)
    read(seen, post, 10_000)
    assert lines(seen.session) == [], "nobody has seen yet that the post is what was approved"
    content.verify_post(seen.session, seen.world.owner, post=post, matches=True, base_url=BASE)
    assert lines(seen.session) == [(8_000, "Reel 1, Views: 10,000")]
    today[0] = 1
    read(seen, post, 900_000, by="influencer")
    read(seen, post, 800_000, evidence="stated")
    assert sums(seen.session) == {"c1": 8_000}, "what is only said is not paid"
    read(seen, post, 900_000)
    assert sums(seen.session) == {"c1": 50_000}, "the team has seen it too; and the cap holds"


def test_a_lowered_reading_takes_back(seen: scene.Stage, today: list[int]) -> None:
    post = post_of(seen)
    content.verify_post(seen.session, seen.world.owner, post=post, matches=True, base_url=BASE)
    for day, views, earned in ((1, 30_000, 24_000), (2, 20_000, 16_000), (3, 0, 0), (4, 5_000, 4_000)):
        today[0] = day
        read(seen, post, views)
        assert sums(seen.session) == {"c1": earned}
    assert verify(seen.session).ok


def test_a_table_of_readings_is_paid_and_twice_is_once(seen: scene.Stage) -> None:
    post = post_of(seen)
    content.verify_post(seen.session, seen.world.owner, post=post, matches=True, base_url=BASE)
    table = f"url;read_at;views\n{post.url};2026-11-01T09:00+00:00;12500\n".encode()
    for _ in range(2):
        content.import_metrics(
            seen.session, seen.world.owner, host=offers.host(), brand_id=seen.world.brand.id, raw=table, name="x.csv"
        )
    assert lines(seen.session) == [(10_000, "Reel 1, Views: 12,500")]


def test_posts_add_up_and_a_late_reading_lands_on_the_same_sum(seen: scene.Stage, today: list[int]) -> None:
    posts = [post_of(seen, number) for number in (0, 1)]
    for post in posts:
        content.verify_post(seen.session, seen.world.owner, post=post, matches=True, base_url=BASE)
    today[0] = 5
    read(seen, posts[0], 10_000)
    read(seen, posts[1], 20_000)
    today[0] = 2
    read(seen, posts[0], 4_000)
    assert sums(seen.session) == {"c1": 24_000}, "an older reading changes nothing"


def test_a_post_that_is_read_later_takes_nothing_from_an_earlier_one(seen: scene.Stage, today: list[int]) -> None:
    posts = [post_of(seen, number) for number in (0, 1)]
    for post in posts:
        content.verify_post(seen.session, seen.world.owner, post=post, matches=True, base_url=BASE)
    for post in sorted(posts, key=lambda post: post.public_id, reverse=True):
        today[0] += 1
        read(seen, post, 50_000)
    assert [minor for minor, _ in lines(seen.session)] == [40_000, 10_000], "the cap meets the later one"
