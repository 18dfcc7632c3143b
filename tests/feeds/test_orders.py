"""Orders are fetched by the clock: page by page, each once, whatever happens between them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy import delete, select

from core import clock, outbox, wiring
from core.campaigns.models import Campaign
from core.ctrl_c import CtrlC
from core.feeds import service
from core.feeds.models import Feed
from core.outbox import OutboxJob
from core.plugin_host.health import Cause
from core.plugin_host.models import PluginSetting
from core.plugin_host.pausing import sync
from core.plugin_host.purge import purge
from core.plugin_host.saving import save_settings
from core.plugin_host.service import set_switch
from core.tracking import fetching
from core.tracking.models import Sale
from tests.feeds.conftest import Answer, Scene
from tests.plugin_host.foreign import module

QUARTER = timedelta(minutes=15)
OURS = "token-of-ours"


def jobs(scene: Scene) -> list[tuple[str, str]]:
    with scene.instance.database.session() as session:
        rows = session.scalars(select(OutboxJob).where(OutboxJob.kind == "feeds.orders").order_by(OutboxJob.id))
        return [(row.state, row.key or "") for row in rows]


def test_pages_are_booked_once_and_the_next_question_overlaps_by_an_hour(scene: Scene) -> None:
    scene.shop.pages[OURS] = [[scene.order("1"), scene.order("2", 5_000)], [scene.order("3", 1)], [scene.order("4")]]
    scene.minute()
    assert scene.sold() == {"1": 10_000, "2": 5_000, "3": 1, "4": 10_000} and scene.earned() == 2_500
    assert [page for _, _, page in scene.shop.asked] == ["", "1", "2"]
    first = scene.moment[0]
    feed = scene.the_feed()
    assert (feed.taken, feed.told_at, feed.next_at) == (4, first, first + QUARTER)
    scene.minute(timedelta(minutes=14))
    assert len(scene.shop.asked) == 3, "not before its time"
    scene.shop.pages[OURS] = [[scene.order("4", at=first.isoformat()), scene.order("5")]]
    scene.minute(timedelta(minutes=1))
    assert scene.shop.asked[-1][1:] == ((first - timedelta(hours=1)).isoformat(), "")
    assert set(scene.sold()) == {"1", "2", "3", "4", "5"} and scene.the_feed().taken == 5
    with scene.instance.database.session() as session:
        assert {sale.source for sale in session.scalars(select(Sale))} == {"corner"}


def test_nothing_of_the_database_is_held_while_the_shop_is_asked(scene: Scene) -> None:
    scene.shop.pages[OURS] = [[scene.order("1")], [scene.order("2")]]
    held: list[int] = []
    pool: Any = scene.instance.database.engine.pool
    scene.shop.before = lambda: held.append(pool.checkedout())
    scene.minute()
    assert held == [0, 0]


def test_two_ticks_write_one_job(scene: Scene) -> None:
    wiring.tick(scene.instance)
    wiring.tick(scene.instance)
    assert [state for state, _ in jobs(scene)] == ["pending"]
    scene.minute(timedelta(minutes=1))
    assert [state for state, _ in jobs(scene)] == ["done"] and len(scene.shop.asked) == 1


@pytest.mark.parametrize(("age", "since"), [(30, 30), (200, 60)])
def test_the_first_question_goes_back_to_the_first_running_campaign(scene: Scene, age: int, since: int) -> None:
    with scene.instance.database.write() as session:
        ours = session.scalars(select(Campaign)).one()
        ours.created_at = scene.moment[0] - timedelta(days=age)
        ended = {"name": "Old", "state": "completed", "currency": "EUR"}
        session.add(Campaign(brand_id=ours.brand_id, created_at=scene.moment[0] - timedelta(days=300), **ended))
    scene.minute()
    assert scene.shop.asked[0][1] == (scene.moment[0] - timedelta(days=since)).isoformat()


def test_a_refund_is_taken_back_also_when_it_came_before_its_order(scene: Scene) -> None:
    scene.shop.pages[OURS] = [[scene.order("1")], [scene.refund("r1", "1", 4_000), scene.refund("r2", "2", 2_500)]]
    scene.minute()
    assert scene.sold() == {"1": 6_000} and scene.earned() == 600
    assert scene.left_out() == {"r2": "There is no order 2."}
    scene.shop.pages[OURS] = [[scene.order("2")]]
    scene.minute(QUARTER)
    assert scene.sold() == {"1": 6_000, "2": 7_500} and scene.earned() == 1_350
    assert scene.left_out() == {}


def test_what_cannot_be_taken_is_kept_in_view_or_waits_for_a_decision(scene: Scene) -> None:
    far = scene.order("far", at="1999-01-01T00:00:00+00:00")
    scene.shop.pages[OURS] = [[scene.order("1"), scene.order("kr", currency="NOK"), far]]
    for _ in range(2):
        scene.minute(QUARTER)
    assert scene.left_out() == {"far": "This moment is too far away."}
    with scene.instance.database.session() as session:
        assert {s.external_id: s.state for s in session.scalars(select(Sale))} == {"1": "credited", "kr": "on_hold"}
    scene.shop.pages[OURS] = [[scene.order("1", 9_999)]]
    scene.minute(QUARTER)
    assert set(scene.left_out()) == {"far", "1"} and scene.sold()["1"] == 10_000
    scene.shop.pages[OURS] = [[]]
    scene.minute(timedelta(days=91))
    assert scene.left_out() == {}


class Killed(CtrlC):
    """As `kill -9` would: nothing after it runs."""


def test_a_crash_between_two_pages_loses_and_doubles_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    last = [scene.order("3"), scene.refund("r", "1", 1)]
    scene.shop.pages[OURS] = [[scene.order("1")], [scene.order("2")], last]
    corner, whole = module("corner"), module("corner").record

    def record(told: dict[str, Any]) -> Any:
        if told["number"] == "3":
            raise Killed
        return whole(told)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(corner, "record", record)
        scene.minute()
    assert set(scene.sold()) == {"1", "2"} and (scene.the_feed().cursor, scene.the_feed().told_at) == ("2", None)
    begun = scene.moment[0]
    scene.minute(timedelta(minutes=16))
    assert [page for _, _, page in scene.shop.asked] == ["", "1", "2", "2"], "it goes on where it was"
    assert scene.sold() == {"1": 9_999, "2": 10_000, "3": 10_000} and scene.the_feed().taken == 4
    assert (scene.the_feed().cursor, scene.the_feed().since) == (None, begun - timedelta(hours=1))


def test_a_page_that_another_worker_has_booked_is_left(scene: Scene) -> None:
    scene.shop.pages[OURS] = [[scene.order("1")], [scene.order("2")]]
    again: list[int] = []

    def meanwhile() -> None:
        scene.shop.before = lambda: None
        with clock.frozen(scene.moment[0]), scene.instance.database.session() as session:
            job = session.scalars(select(OutboxJob).where(OutboxJob.kind == "feeds.orders")).one()
            of = scene.instance
            fetching.run(session, of.database, of.plugins, of.keyring, job.payload)
            again.append(len(scene.shop.asked))

    scene.shop.before = meanwhile  # while the first one waits for its first page
    scene.minute()
    assert again == [2], "the other has read the whole list meanwhile"
    assert [page for _, _, page in scene.shop.asked] == ["", "1", ""], "and the first one stops there"
    assert scene.sold() == {"1": 10_000, "2": 10_000} and scene.the_feed().taken == 2
    assert scene.the_feed().cursor is None


def test_a_long_list_goes_on_in_the_next_run_at_once(scene: Scene) -> None:
    scene.shop.pages[OURS] = [[scene.order(str(number))] for number in range(fetching.PAGES + 2)]
    scene.minute()
    assert len(scene.sold()) == fetching.PAGES + 2 == len(scene.shop.asked)
    assert [state for state, _ in jobs(scene)] == ["done", "done"]


def test_when_the_shop_is_busy_it_is_left_alone_as_long_as_it_asks(scene: Scene) -> None:
    scene.shop.instead = [(429, {"Retry-After": "3600"}, b"")]
    scene.minute()
    feed = scene.the_feed()
    assert (feed.fault_kind, feed.next_at) == ("RateLimited", scene.moment[0] + timedelta(hours=1))
    scene.minute(timedelta(minutes=59))
    assert len(scene.shop.asked) == 1
    scene.minute(timedelta(minutes=1))
    assert (len(scene.shop.asked), scene.the_feed().fault_kind, scene.the_feed().failures) == (2, "", 0)


def test_a_good_page_ends_a_row_of_bad_answers(scene: Scene) -> None:
    good = json.dumps({"orders": [], "next": "1"}).encode()
    scene.shop.instead = [(429, {"Retry-After": "60"}, b""), (200, {}, good), (200, {}, b"rubbish")]
    scene.minute()
    scene.minute(timedelta(minutes=1))
    feed = scene.the_feed()
    assert (feed.fault_kind, feed.next_at) == ("BadAnswer", scene.moment[0] + timedelta(minutes=5))


def test_a_page_that_is_bad_each_time_is_asked_for_ever_later(scene: Scene) -> None:
    pauses = []
    for _ in range(3):
        good = json.dumps({"orders": [], "next": "1"}).encode()
        scene.shop.instead = [(200, {}, good), (200, {}, b"rubbish")]
        scene.minute(max((scene.feed() or Feed()).next_at or scene.moment[0], scene.moment[0]) - scene.moment[0])
        pauses.append(((scene.the_feed().next_at or scene.moment[0]) - scene.moment[0]).total_seconds() / 60)
    assert pauses == [5, 10, 20], "though the list is read from its beginning, where it is good"


def test_while_it_does_not_answer_the_pauses_grow_and_the_plugin_stays_well(scene: Scene) -> None:
    scene.shop.instead = [(503, {}, b"")] * 6
    pauses = []
    for _ in range(6):
        scene.minute(max((scene.feed() or Feed()).next_at or scene.moment[0], scene.moment[0]) - scene.moment[0])
        pauses.append(((scene.the_feed().next_at or scene.moment[0]) - scene.moment[0]).total_seconds() / 60)
    assert pauses == [5, 10, 20, 40, 80, 160]
    sync(scene.instance.database, scene.instance.plugins.fence.health)
    assert not scene.instance.plugins.fence.health.paused, "the shop is at fault, not its plugin"
    assert scene.the_feed().faulty_since is not None
    scene.minute(timedelta(minutes=160))
    assert (scene.the_feed().failures, scene.the_feed().faulty_since) == (0, None)


def test_a_plugin_that_fails_is_at_fault_itself_and_keeps_the_list_from_its_beginning(scene: Scene) -> None:
    scene.shop.pages[OURS] = [[scene.order("1")], [scene.order("2", minor="much")]]
    scene.minute()
    feed = scene.the_feed()
    assert (feed.fault_kind, feed.cursor, set(scene.sold())) == ("failed", None, {"1"})
    scene.shop.pages[OURS] = [[scene.order("1"), scene.order("2")]]
    scene.minute(timedelta(minutes=5))
    assert set(scene.sold()) == {"1", "2"} and scene.the_feed().fault_kind == ""


def test_a_paused_plugin_is_not_asked_and_what_was_written_before_waits(scene: Scene) -> None:
    health = scene.instance.plugins.fence.health
    wiring.tick(scene.instance)
    health.learn({"corner": Cause.FAILURES}, {})
    scene.minute()
    assert scene.shop.asked == [] and [state for state, _ in jobs(scene)] == ["pending"]
    scene.minute(QUARTER)
    assert scene.shop.asked == [] and len(jobs(scene)) == 1, "and nothing new is written"
    health.learn({}, {})
    scene.minute(timedelta(minutes=2))
    assert len(scene.shop.asked) == 1 and {state for state, _ in jobs(scene)} == {"done"}


def test_without_permission_it_waits_for_new_settings_or_a_person(scene: Scene) -> None:
    scene.shop.pages.clear()
    scene.minute()
    feed = scene.the_feed()
    assert (feed.fault_kind, feed.next_at) == ("AuthExpired", None)
    assert OURS not in str(feed.why) and "•••" in str(feed.why), "the plugin quotes its token"
    scene.minute(timedelta(days=2))
    assert len(scene.shop.asked) == 1
    with scene.instance.database.write() as session:
        service.ask_now(session, scene.world.owner, scene.instance.plugins, scene.the_feed_of(session))
    scene.minute()
    assert len(scene.shop.asked) == 2 and scene.the_feed().next_at is None
    scene.moment[0] += timedelta(minutes=1)
    scene.shop.pages["a-new-token"] = [[scene.order("1")]]
    scene.fill(scene.world.brand, token="a-new-token")
    scene.minute()
    assert scene.sold() == {"1": 10_000} and scene.the_feed().fault_kind == ""


def test_a_token_that_is_saved_while_a_failing_ask_runs_is_asked_with(scene: Scene) -> None:
    scene.shop.pages = {"a-new-token": [[scene.order("1")]]}
    typed = ["mistyped", "a-new-token"]

    def fill() -> None:
        if typed:
            with clock.frozen(lambda: scene.moment[0]):
                scene.moment[0] += timedelta(seconds=1)
                scene.fill(scene.world.brand, token=typed.pop(0))
                scene.moment[0] += timedelta(seconds=1)

    scene.shop.before = fill
    scene.minute()
    assert [token for token, _, _ in scene.shop.asked] == [OURS, "mistyped"], "once more with what was saved meanwhile"
    assert scene.the_feed().fault_kind == "AuthExpired"
    scene.minute()
    assert scene.sold() == {"1": 10_000} and scene.the_feed().fault_kind == ""


def test_a_token_that_is_removed_while_a_failing_ask_runs_is_not_asked_without(scene: Scene) -> None:
    scene.shop.pages.clear()

    def remove() -> None:
        with scene.instance.database.write() as session:
            session.execute(delete(PluginSetting).where(PluginSetting.key == "token"))

    scene.shop.before = remove
    scene.minute()
    assert (scene.the_feed().fault_kind, len(scene.shop.asked)) == ("AuthExpired", 1), "no failure of the plugin"


def test_of_two_workers_with_one_old_token_the_second_asks_again_with_the_new(scene: Scene) -> None:
    of, ours, other = scene.instance, scene.world.brand, scene.world.other_brand
    with of.database.write() as session:
        how: dict[str, Any] = {"plugin": "corner", "raw": {"token": OURS}}
        assert not save_settings(session, scene.world.owner, of.plugins, of.keyring, brand=None, **how)
        session.execute(delete(PluginSetting).where(PluginSetting.key == "token", PluginSetting.brand_id == ours.id))
    scene.fill(other, token="")
    wiring.tick(of)
    feeds = [feed.id for feed in (scene.feed(ours), scene.feed(other)) if feed]
    scene.shop.pages = {"renewed": [[]]}
    both, first_done = Barrier(2), Event()

    def swap(token: str) -> Answer | None:
        """The old token is taken once; who brings it as well is refused when the first has kept the new one."""
        if token != OURS:
            return None
        if both.wait(10) == 0:
            return 200, {"New-Token": "renewed"}, b'{"orders": [], "next": null}'
        assert first_done.wait(10)
        return 401, {}, b""

    def work(feed: int) -> None:
        with clock.frozen(lambda: scene.moment[0]), of.database.session() as session:
            fetching.run(session, of.database, of.plugins, of.keyring, {"feed": feed})
        first_done.set()

    scene.shop.first = swap
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, feeds))
    assert [token for token, _, _ in scene.shop.asked] == [OURS, OURS, "renewed"]
    for brand in (ours, other):
        feed = scene.feed(brand)
        assert feed and (feed.fault_kind, feed.told_at) == ("", scene.moment[0])


def test_what_the_shop_does_not_offer_is_asked_again_by_another_version_alone(scene: Scene) -> None:
    scene.shop.instead = [(501, {}, b"")]
    scene.minute()
    scene.minute(timedelta(days=9))
    assert (len(scene.shop.asked), scene.the_feed().next_at) == (1, None)
    with scene.instance.database.write() as session:
        scene.the_feed_of(session).version = "0.9"
    scene.minute()
    assert len(scene.shop.asked) == 2 and scene.the_feed().version == "1.0"


def test_each_brand_is_asked_with_its_own_token_and_only_where_settings_and_switch_allow(scene: Scene) -> None:
    other = scene.world.other_brand
    scene.shop.pages |= {OURS: [[scene.order("1")]], "token-of-theirs": [[scene.order("1", 7, currency="NOK")]]}
    scene.minute()
    assert scene.feed(other) is None, "nothing is filled in yet"
    scene.fill(other, "token-of-theirs")
    scene.minute(timedelta(minutes=1))
    assert (scene.sold(), scene.sold(other)) == ({"1": 10_000}, {"1": 7})
    with scene.instance.database.write() as session:
        set_switch(session, scene.world.owner, plugin="corner", enabled=False, brand_id=scene.world.brand.id)
    before = len(scene.shop.asked)
    scene.minute(QUARTER)
    assert [token for token, _, _ in scene.shop.asked[before:]] == ["token-of-theirs"]


def test_a_plugin_that_went_for_good_leaves_its_sales_and_no_feed(scene: Scene) -> None:
    scene.shop.pages[OURS] = [[scene.order("1")]]
    scene.minute()
    with scene.instance.database.write() as session:
        set_switch(session, scene.world.owner, plugin="corner", enabled=False)
        purge(session, scene.world.owner, scene.instance.plugins, "corner")
    assert scene.feed() is None and scene.sold() == {"1": 10_000}


def test_switched_off_between_clock_and_worker_it_is_not_asked(scene: Scene) -> None:
    wiring.tick(scene.instance)
    with scene.instance.database.write() as session:
        set_switch(session, scene.world.owner, plugin="corner", enabled=False)
    assert outbox.drain(scene.instance.database) and scene.shop.asked == []
