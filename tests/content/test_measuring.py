"""Platforms tell figures of posts over the wire: daily, in batches, corrected, and missed when they are gone."""

# ruff: noqa: F811 - fixtures come from the neighbours

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from core import clock, outbox
from core.collaborations.models import Contract, Offer
from core.content import measuring
from core.content.models import MetricReading, Post
from core.earnings.models import Earning
from core.feeds.models import Feed
from core.instance import Instance
from core.lifecycle import move
from core.permissions import SYSTEM
from core.plugin_host.service import set_switch
from tests.content.stage import Stage
from tests.payouts.stage import component, paper
from tests.plugin_host.square import OTHER_TOKEN, TOKEN, URL, Square, join, now, square, work  # noqa: F401 - fixtures
from tests.world import sign_in


def publish(instance: Instance, shown: Stage, *ids: str, state: str = "verified") -> None:
    """Posts of the first deliverable, as if they had been verified."""
    with instance.database.write() as session:
        for id in ids:
            session.add(
                Post(
                    brand_id=shown.world.brand.id, deliverable_id=shown.first.id, url=URL.format(id), state=state,
                    published_on=date(2026, 11, 20),
                )
            )  # fmt: skip


def figures(instance: Instance) -> list[tuple[str, str, int, str]]:
    """Every reading: of which post, what, how many, how it is known."""
    with instance.database.session() as session:
        rows = session.execute(
            select(Post.url, MetricReading.metric, MetricReading.value, MetricReading.evidence)
            .join(Post, Post.id == MetricReading.post_id)
            .order_by(MetricReading.id)
        )
        return [(url.split("/")[-2], *rest) for url, *rest in rows]


def feed(instance: Instance) -> Feed:
    with instance.database.session() as session:
        return session.scalars(select(Feed).where(Feed.what == "metrics")).one()


def missing(instance: Instance) -> dict[str, datetime | None]:
    with instance.database.session() as session:
        return {row.url.split("/")[-2]: row.missing_since for row in session.scalars(select(Post))}


def metrics_asked(square: Square) -> list[str]:
    return [path for path in square.asked if path.startswith("/metrics")]


@pytest.fixture
def joined(instance: Instance, square: Square, shown: Stage) -> Stage:
    """Havsro has connected the square."""
    join(instance, shown.world, square)
    return shown


def test_a_platform_is_asked_every_day_and_the_same_reading_changes_nothing(
    instance: Instance, square: Square, joined: Stage
) -> None:
    publish(instance, joined, "a1", "b2")
    publish(instance, joined, "c3", state="reported")
    square.posts = {"a1": {"views": 900, "likes": 30}, "b2": {"views": 0, "nonsense": 4}, "c3": {"views": 5}}
    work(instance)
    known = [("a1", "views", 900, "connector"), ("a1", "likes", 30, "connector"), ("b2", "views", 0, "connector")]
    assert figures(instance) == known
    assert metrics_asked(square) == ["/metrics?ids=a1,b2"], "what nobody has verified is not asked for"
    row = feed(instance)
    assert (row.taken, row.fault_kind, row.next_at) == (3, "", square.now[0] + timedelta(days=1))
    square.later(hours=23)
    work(instance)
    assert len(metrics_asked(square)) == 1
    square.later(hours=1)
    square.posts["a1"]["views"] = 850  # the platform counts anew: the lower figure is the true one
    work(instance)
    assert figures(instance)[3:] == [(*known[0][:2], 850, "connector"), known[1], known[2]]
    assert outbox.drain(instance.database) == 0


def test_where_there_is_nothing_to_ask_about_yet_nobody_has_answered(
    instance: Instance, square: Square, joined: Stage
) -> None:
    work(instance)
    row = feed(instance)
    assert (row.asked_at, row.told_at, row.next_at) == (None, None, square.now[0] + timedelta(hours=1))
    publish(instance, joined, "a1")
    square.posts = {"a1": {"views": 1}}
    square.later(hours=1)
    work(instance)
    assert (feed(instance).told_at, len(figures(instance))) == (square.now[0], 1)


def test_what_a_connector_does_not_claim_is_not_claimed_for_it(
    instance: Instance, square: Square, joined: Stage
) -> None:
    publish(instance, joined, "a1")
    square.posts, square.how = {"a1": {"views": 900}}, "DOCUMENTED"
    work(instance)
    assert figures(instance) == [("a1", "views", 900, "export")]


def test_readings_earn_what_performance_pays(instance: Instance, square: Square, joined: Stage) -> None:
    publish(instance, joined, "a1")
    paid = component("c1", "performance", count="views", price=800, per=1000, evidence="measured", cap=50_000)
    with instance.database.write() as session:
        offer = session.scalars(select(Offer)).one()
        offer.components = [paid]
        session.scalars(select(Contract)).one().document = paper(instance.plugins, offer)
    square.posts = {"a1": {"views": 3000}}
    work(instance)
    square.later(days=1)
    work(instance)
    square.later(days=1)
    square.posts["a1"]["views"] = 2000
    work(instance)
    with instance.database.session() as session:
        assert list(session.scalars(select(Earning.amount_minor).order_by(Earning.id))) == [2_400, -800]


def test_a_post_that_is_gone_is_missed_from_then_on(instance: Instance, square: Square, joined: Stage) -> None:
    publish(instance, joined, "a1", "b2")
    square.posts = {"a1": {"views": 1}, "b2": {}}
    work(instance)
    assert missing(instance) == {"a1": None, "b2": None}, "without a figure it is there all the same"
    square.later(days=1)
    del square.posts["a1"]
    work(instance)
    since = square.now[0]
    square.later(days=1)
    work(instance)
    assert missing(instance) == {"a1": since, "b2": None}
    square.later(days=1)
    square.posts["a1"] = {"views": 2}
    work(instance)
    assert missing(instance) == {"a1": None, "b2": None}


def test_many_posts_are_asked_for_in_batches_and_slices(
    instance: Instance, square: Square, joined: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "SLICE", 5)
    monkeypatch.setattr(measuring, "AT_ONCE", 2)
    ids = [f"p{number}" for number in range(12)]
    publish(instance, joined, *ids)
    square.posts = {id: {"views": 7} for id in ids}
    work(instance)
    assert [path.partition("=")[2] for path in metrics_asked(square)] == [
        "p0,p1", "p2,p3", "p4", "p5,p6", "p7,p8", "p9", "p10,p11",
    ]  # fmt: skip
    assert [name for name, *_ in figures(instance)] == ids
    assert (feed(instance).cursor, feed(instance).taken) == (None, 12)


def test_nothing_of_the_database_is_held_while_the_platform_works(
    instance: Instance, square: Square, joined: Stage
) -> None:
    publish(instance, joined, "a1")
    square.posts = {"a1": {"views": 1}}
    held: list[int] = []
    pool: Any = instance.database.engine.pool
    square.during = lambda: held.append(pool.checkedout())
    work(instance)
    assert held == [0] and figures(instance)


def test_a_permission_that_is_gone_waits_for_a_person(instance: Instance, square: Square, joined: Stage) -> None:
    publish(instance, joined, "a1")
    square.posts = {"a1": {"views": 1}}
    square.tokens = ("another",)
    work(instance)
    row = feed(instance)
    assert (row.fault_kind, row.next_at, figures(instance)) == ("AuthExpired", None, [])
    square.later(days=3)
    work(instance)
    assert len(metrics_asked(square)) == 1, "nobody is asked again before somebody has connected again"
    join(instance, joined.world, square, token="another")
    work(instance)
    assert (feed(instance).fault_kind, len(figures(instance))) == ("", 1)


def test_a_setting_that_is_saved_while_a_failing_ask_runs_is_asked_with(
    instance: Instance, square: Square, joined: Stage
) -> None:
    publish(instance, joined, "a1")
    square.posts = {"a1": {"views": 1}}
    square.tokens = ("another",)

    def connect() -> None:
        square.during = lambda: None
        with clock.frozen(lambda: square.now[0]):
            square.later(seconds=1)
            join(instance, joined.world, square, token="another")
            square.later(seconds=1)

    square.during = connect
    work(instance)
    assert (feed(instance).fault_kind, len(figures(instance)), len(metrics_asked(square))) == ("", 1, 2), "once more"


def test_what_came_before_the_platform_wanted_a_pause_is_kept(
    instance: Instance, square: Square, joined: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "AT_ONCE", 1)
    publish(instance, joined, "a1", "b2")
    square.posts = {"a1": {"views": 1}, "b2": {"views": 2}}
    square.status = lambda path: 429 if "b2" in path else 200
    work(instance)
    row = feed(instance)
    assert [name for name, *_ in figures(instance)] == ["a1"]
    assert (row.fault_kind, row.next_at) == ("RateLimited", square.now[0] + timedelta(seconds=1800))
    assert missing(instance) == {"a1": None, "b2": None}, "who was not asked for is not missed"
    square.status = lambda path: 200
    square.later(minutes=30)
    work(instance)
    assert [name for name, *_ in figures(instance)][-1] == "b2"


def test_a_round_that_was_stopped_goes_on_where_it_was(
    instance: Instance, square: Square, joined: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "SLICE", 1)
    publish(instance, joined, "a1", "b2")
    square.posts = {"a1": {"views": 1}, "b2": {"views": 2}}
    square.status = lambda path: 500 if "b2" in path else 200
    work(instance)
    square.status = lambda path: 200
    square.later(minutes=5)
    work(instance)
    assert [path[-2:] for path in metrics_asked(square)] == ["a1", "b2", "b2"] and feed(instance).cursor is None


def test_an_answer_that_cannot_be_read_does_not_end_the_round(
    instance: Instance, square: Square, joined: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "AT_ONCE", 1)
    publish(instance, joined, "a1", "b2", "c3")
    square.posts = {"a1": {"views": -4}, "b2": {"views": 2}, "c3": {"views": 3}}
    square.status = lambda path: 418 if "b2" in path else 200
    work(instance)
    row = feed(instance)
    assert [name for name, *_ in figures(instance)] == ["c3"]
    assert row.fault_kind == "BadAnswer" and row.next_at == square.now[0] + timedelta(minutes=5)


def test_what_cannot_be_is_not_taken_and_shown_until_a_good_one_comes(
    instance: Instance, square: Square, joined: Stage, client: FlaskClient
) -> None:
    publish(instance, joined, "a1", "b2")
    page = "/admin/sales/connections"
    owner = sign_in(client, "owner")
    assert "Figures not taken" not in owner.get(page).text
    square.posts = {"a1": {"views": -4, "likes": 10**60, "shares": 7}, "b2": {"views": 2}}
    work(instance)
    assert figures(instance) == [("a1", "shares", 7, "connector"), ("b2", "views", 2, "connector")]
    assert feed(instance).fault_kind == "", "each costs itself alone"
    html = owner.get(page).text
    assert "Figures not taken" in html and "Village square" in html and "/p/a1/" in html and "/p/b2/" not in html
    assert "Enter a whole number that is not below zero." in html and "-4" in html
    assert "This number cannot be right." in html and "1" + 13 * ",000" in html, "as far as it can be shown"
    late = {"id": "b2", "at": (square.now[0] + timedelta(days=365)).isoformat(), "values": {"views": 3, "saves": 1}}
    assert send(client, joined, [late]) == send(client, joined, [late]) == 204
    html = owner.get(page).text
    assert html.count("This day has not come yet.") == 2 and len(figures(instance)) == 2
    square.posts = {"a1": {"views": 4, "likes": 5}, "b2": {"views": 3, "saves": 1}}
    square.later(days=1)
    work(instance)
    assert "Figures not taken" not in owner.get(page).text


def test_a_month_after_the_end_nobody_is_asked_any_more(instance: Instance, square: Square, joined: Stage) -> None:
    publish(instance, joined, "a1")
    square.posts = {"a1": {"views": 1}}
    with instance.database.write() as session:
        made = session.merge(joined.collaboration)
        move(session, made, "deliver", actor=SYSTEM)  # type: ignore[arg-type]
        move(session, made, "complete", actor=SYSTEM)  # type: ignore[arg-type]
    square.later(days=29)
    work(instance)
    assert len(metrics_asked(square)) == 1
    square.later(days=2)
    work(instance)
    assert len(metrics_asked(square)) == 1 and feed(instance).fault_kind == ""


def test_a_brand_that_switched_the_plugin_off_is_not_asked_for(
    instance: Instance, square: Square, joined: Stage
) -> None:
    publish(instance, joined, "a1")
    with instance.database.write() as session:
        set_switch(session, joined.world.owner, plugin="square", enabled=False, brand_id=joined.world.brand.id)
    work(instance)
    assert square.asked == []


@pytest.mark.parametrize("mark", [{"cursor": "99"}, {"asked_at": datetime(2026, 11, 22, 8, tzinfo=UTC)}])
def test_an_answer_that_was_overtaken_writes_nothing(
    instance: Instance, square: Square, joined: Stage, mark: dict[str, Any]
) -> None:
    publish(instance, joined, "a1")
    square.posts = {"a1": {"views": 1}}

    def overtake() -> None:
        with instance.database.write() as session:
            session.execute(update(Feed).where(Feed.what == "metrics").values(**mark))

    square.during = overtake
    work(instance)
    assert figures(instance) == []


def send(client: FlaskClient, shown: Stage, readings: list[dict[str, Any]], *, token: str = TOKEN) -> int:
    """What the platform sends by itself to Havsro."""
    body = json.dumps(readings).encode()
    signed = {"Square-Signature": hmac.new(token.encode(), body, hashlib.sha256).hexdigest()}
    return client.post(f"/hooks/square/{shown.world.brand.public_id}", data=body, headers=signed).status_code


def test_a_platform_may_send_readings_itself(
    instance: Instance, square: Square, joined: Stage, client: FlaskClient
) -> None:
    publish(instance, joined, "a1", "b2")
    square.posts = {"a1": {"views": 40}, "elsewhere": {"views": 9}}
    told = [square.reading("a1"), square.reading("elsewhere")]
    assert send(client, joined, told, token=OTHER_TOKEN) == 401 and figures(instance) == []
    assert send(client, joined, told) == send(client, joined, told) == 204
    assert figures(instance) == [("a1", "views", 40, "connector")], "once, and nothing of a post that is not ours"
    assert missing(instance) == {"a1": None, "b2": None}, "a message misses nothing"
    assert square.asked == []
