"""POST /hooks/<plugin>/<brand>: signed by the shop, taken once, refused otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from core.plugin_host.health import Cause
from core.plugin_host.pausing import IN_A_ROW, health_of, sync
from core.plugin_host.service import set_switch
from core.web.limits import limiter
from tests.feeds.conftest import Scene
from tests.plugin_host.foreign import module

HERE, ELSEWHERE = {"REMOTE_ADDR": "192.0.2.1"}, {"REMOTE_ADDR": "192.0.2.2"}


@pytest.fixture
def client(scene: Scene, client: FlaskClient) -> FlaskClient:
    """The shop's way in, where CSRF is on as in life."""
    client.application.config["WTF_CSRF_ENABLED"] = True
    return client


def test_a_message_is_booked_once_and_its_refund_takes_back(scene: Scene, client: FlaskClient) -> None:
    told = [scene.order("1"), scene.refund("r", "1", 2_500)]
    for _ in range(2):
        answer = scene.send(client, told)
        assert (answer.status_code, answer.data) == (204, b"")
        assert scene.sold() == {"1": 7_500} and scene.earned() == 750
    feed = scene.the_feed("messages")
    assert (feed.taken, feed.told_at, feed.next_at) == (2, scene.moment[0], None)


def test_what_a_message_told_the_list_tells_again_without_effect(scene: Scene, client: FlaskClient) -> None:
    scene.send(client, [scene.order("1")])
    scene.shop.pages["token-of-ours"] = [[scene.order("1"), scene.order("2")]]
    scene.minute()
    assert scene.sold() == {"1": 10_000, "2": 10_000} and scene.earned() == 2_000
    assert (scene.the_feed().taken, scene.the_feed("messages").taken) == (1, 1)


def test_a_refund_may_come_before_its_order(scene: Scene, client: FlaskClient) -> None:
    assert scene.send(client, [scene.refund("r", "1", 4_000)]).status_code == 204
    assert scene.left_out() == {"r": "There is no order 1."}
    scene.send(client, [scene.order("1")])
    assert scene.sold() == {"1": 6_000} and scene.left_out() == {}


def test_nobody_else_signs_for_a_brand(scene: Scene, client: FlaskClient) -> None:
    other, told = scene.world.other_brand, [scene.order("1", currency="NOK")]
    scene.fill(other, "token-of-theirs", "secret-of-theirs")
    for secret, brand in (("guessed", None), ("secret-of-theirs", None), ("secret-of-ours", other)):
        answer = scene.send(client, told, secret=secret, brand=brand)
        assert answer.status_code == 401 and answer.json["error"]["code"] == "unsigned"
    assert scene.sold() == scene.sold(other) == {} and scene.feed(what="messages") is None
    assert scene.send(client, told, secret="secret-of-theirs", brand=other).status_code == 204
    assert (scene.sold(), scene.sold(other)) == ({}, {"1": 10_000})


def test_without_a_secret_nothing_is_taken(scene: Scene, client: FlaskClient) -> None:
    scene.fill(scene.world.other_brand, "token-of-theirs", "")
    assert scene.send(client, [], secret="", brand=scene.world.other_brand).status_code == 401


@pytest.mark.parametrize("path", ["corner/nobody", "nothing/{brand}", "csv/{brand}", "commission/{brand}"])
def test_an_unknown_address_is_404(scene: Scene, client: FlaskClient, path: str) -> None:
    answer = client.post(f"/hooks/{path.format(brand=scene.world.brand.public_id)}", data=b"[]")
    assert answer.status_code == 404 and answer.json["error"]["code"] == "missing"


def test_where_it_is_switched_off_it_is_404(scene: Scene, client: FlaskClient) -> None:
    with scene.instance.database.write() as session:
        set_switch(session, scene.world.owner, plugin="corner", enabled=False, brand_id=scene.world.brand.id)
    assert scene.send(client, [scene.order("1")]).status_code == 404
    assert scene.sold() == {}


def test_messages_that_it_falls_over_pause_no_plugin(
    scene: Scene, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can send one."""
    with monkeypatch.context() as patched:
        patched.setattr(module("corner"), "record", lambda told: 1 // 0)
        for _ in range(IN_A_ROW + 1):
            assert scene.send(client, [scene.order("1")]).status_code == 500
    sync(scene.instance.database, scene.instance.plugins.fence.health)
    assert not scene.instance.plugins.fence.health.paused
    assert scene.send(client, [scene.order("1")]).status_code == 204
    with scene.instance.database.session() as session:
        row = health_of(session, "corner")
        assert row and row.failures == IN_A_ROW + 1 and row.last_error, "it is told all the same"


def test_a_plugin_that_fails_lets_the_sender_try_again(
    scene: Scene, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(module("corner"), "record", lambda told: 1 // 0)
        answer = scene.send(client, [scene.order("1")])
    assert answer.status_code == 500 and answer.json["error"]["incident"] in caplog.text
    assert "division" not in answer.text and scene.sold() == {}
    assert scene.send(client, [scene.order("1")]).status_code == 204
    assert scene.sold() == {"1": 10_000}


def test_nothing_of_the_database_is_held_while_the_plugin_reads(
    scene: Scene, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    whole = module("corner").record
    pool: Any = scene.instance.database.engine.pool
    monkeypatch.setattr(module("corner"), "record", lambda told: held.append(pool.checkedout()) or whole(told))
    scene.send(client, [scene.order("1")])
    assert held == [0] and scene.sold() == {"1": 10_000}


@pytest.mark.parametrize("told", [[{"number": 7}], [{"number": "a\x00b"}], [{"at": "2026-11-22T10:00:00"}]])
def test_records_that_cannot_be_are_the_plugins_failure(scene: Scene, client: FlaskClient, told: Any) -> None:
    answer = scene.send(client, [{**scene.order("1"), **told[0]}])
    assert answer.status_code == 500 and scene.sold() == {}


def test_a_signed_message_that_cannot_be_read_is_told_and_seen(scene: Scene, client: FlaskClient) -> None:
    answer = scene.send(client, b"<html>")
    assert answer.status_code == 422 and answer.json["error"]["message"] == "The message cannot be read."
    assert scene.the_feed("messages").fault_kind == "BadAnswer"
    scene.send(client, [])
    assert scene.the_feed("messages").fault_kind == ""


def test_while_the_plugin_is_paused_the_sender_is_asked_to_come_again(scene: Scene, client: FlaskClient) -> None:
    scene.instance.plugins.fence.health.learn({"corner": Cause.FAILURES}, {})
    answer = scene.send(client, [scene.order("1")])
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0


def test_a_message_has_a_bound_and_a_form_is_no_way_in(scene: Scene, client: FlaskClient) -> None:
    assert scene.send(client, b" " * 1_000_001).status_code == 413
    path = f"/hooks/corner/{scene.world.brand.public_id}"
    assert client.get(path).status_code == 405
    assert client.post(path, data={"a": "1"}).status_code == 401


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_guesses_locks_out_only_themselves(scene: Scene, client: FlaskClient) -> None:
    app = client.application
    app.config["RATELIMIT_ENABLED"] = True
    limiter.init_app(app)
    try:
        path = f"/hooks/corner/{scene.world.brand.public_id}"
        guesses = [client.post(path, data=b"[]", environ_base=HERE).status_code for _ in range(62)]
        assert guesses == [401] * 60 + [429] * 2
        answers = [scene.send(client, [], environ=ELSEWHERE).status_code for _ in range(121)]
        assert answers == [204] * 120 + [429]
    finally:
        limiter.enabled = False


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("body", [b" " * 1_000_001, b"boom"], ids=["too large", "the plugin fails"])
def test_what_nobody_signed_shuts_no_mailbox_whatever_becomes_of_it(
    scene: Scene, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    app, source = client.application, scene.instance.plugins.sales_sources["corner"]
    known = type(source).verify_webhook

    def fails_over(self: object, ctx: object, headers: object, told: bytes) -> object:
        if told == b"boom":
            raise RuntimeError(told)
        return known(source, ctx, headers, told)

    monkeypatch.setattr(type(source), "verify_webhook", fails_over)
    app.config["RATELIMIT_ENABLED"] = True
    limiter.init_app(app)
    try:
        path = f"/hooks/corner/{scene.world.brand.public_id}"
        for number in range(122):
            client.post(path, data=body, environ_base={"REMOTE_ADDR": f"192.0.2.{number}"})
        assert scene.send(client, [], environ={"REMOTE_ADDR": "192.0.2.200"}).status_code == 204
    finally:
        limiter.enabled = False
