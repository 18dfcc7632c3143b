"""Limits, as a guesser meets them: only failures count, and nobody can lock another out."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core import clock
from core.accounts.models import LoginSession
from core.accounts.service import MOST_RESETS
from core.mail import MailMessage
from core.web.limits import limiter
from tests.tracking.test_api import shop  # noqa: F401 - a fixture
from tests.web.test_lobby import rows
from tests.world import PASSWORD

HERE, ELSEWHERE = {"REMOTE_ADDR": "192.0.2.1"}, {"REMOTE_ADDR": "192.0.2.2"}


@pytest.fixture
def limited(app):
    """The limits are off in tests; here they are on, each time from zero."""
    app.config["RATELIMIT_ENABLED"] = True
    limiter.init_app(app)
    yield limiter
    limiter.enabled = False


def try_once(client, password=PASSWORD, account="owner", address=HERE):
    data = {"email": f"{account}@example.com", "password": password}
    return client.post("/sign-in", data=data, environ_base=address).status_code


def test_who_guesses_locks_out_only_themselves(app, client, committed, limited):
    assert [try_once(client, "wrong") for _ in range(11)] == [200] * 10 + [429]
    assert try_once(client) == 429, "the right password does not help a guesser"
    assert try_once(app.test_client(), address=ELSEWHERE) == 303
    assert try_once(app.test_client(), account="finance") == 303


def test_an_office_may_sign_in_as_often_as_it_likes(app, client, committed, limited):
    assert {try_once(app.test_client()) for _ in range(70)} == {303}


def test_many_accounts_cannot_be_tried_from_one_address(client, committed, limited):
    answers = [try_once(client, "wrong", f"somebody{number}") for number in range(62)]
    assert answers == [200] * 60 + [429] * 2


def test_too_many_tries_are_told_in_the_readers_language_and_when_to_come_back(client, committed, limited):
    for _ in range(10):
        try_once(client, "wrong")
    data = {"email": "owner@example.com", "password": "wrong"}
    answer = client.post("/sign-in", data=data, environ_base=HERE, headers={"Accept-Language": "fi"})
    assert answer.status_code == 429 and 'lang="fi"' in answer.text
    assert 1 <= int(answer.headers["Retry-After"]) <= 901


def test_a_wrong_old_password_counts_for_the_person_alone(app, client, committed, limited):
    try_once(client)
    data = {"old": "wrong", "new": "an entirely new one"}
    answers = [client.post("/account/password", data=data, environ_base=HERE).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    other = app.test_client()
    try_once(other, account="finance")
    assert other.post("/account/password", data={**data, "old": PASSWORD}, environ_base=HERE).status_code == 303


def test_nobody_is_buried_in_reset_mails_and_nobody_is_told(client, committed, instance):
    asked = [client.post("/reset", data={"email": "owner@example.com"}) for _ in range(MOST_RESETS + 3)]
    unknown = client.post("/reset", data={"email": "nobody@example.com"})
    assert {(answer.status_code, answer.headers["Location"]) for answer in asked} == {(303, "/sign-in")}
    assert (unknown.status_code, unknown.headers["Location"]) == (303, "/sign-in")
    assert len(rows(instance, select(MailMessage).where(MailMessage.kind == "reset"))) == MOST_RESETS
    client.post("/reset", data={"email": "finance@example.com"})
    assert len(rows(instance, select(MailMessage).where(MailMessage.kind == "reset"))) == MOST_RESETS + 1


def test_after_two_hours_a_link_can_be_asked_for_again(client, committed, instance):
    moment = clock.now()
    for hours in (0, 3):
        with clock.frozen(moment.replace(hour=1) + hours * (moment.replace(hour=2) - moment.replace(hour=1))):
            for _ in range(MOST_RESETS + 1):
                client.post("/reset", data={"email": "owner@example.com"})
    assert len(rows(instance, select(MailMessage).where(MailMessage.kind == "reset"))) == 2 * MOST_RESETS


def test_a_key_may_send_so_much_a_minute_and_strangers_do_not_use_it_up(shop, limited):  # noqa: F811
    for number in range(70):
        shop.send(shop.body(), id=f"msg_{number}", signature="v1,wrong")
    assert shop.send(shop.body(), signature="v1,wrong").status_code == 429, "guessing signatures has an end"
    shop.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    answers = [shop.send(shop.body()) for _ in range(121)]
    assert [answer.status_code for answer in answers] == [200] * 120 + [429]
    assert answers[-1].json["error"]["code"] == "429"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61


@pytest.mark.parametrize("rubbish", [b"\xff", b"x" * 1_000_001])
def test_what_nobody_could_sign_does_not_use_up_a_key(shop, limited, rubbish):  # noqa: F811
    for number in range(125):
        shop.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        assert shop.send(rubbish, signature="v1,wrong").status_code in (413, 422)
    assert shop.send(shop.body()).status_code == 200


def test_signing_in_ends_what_the_browser_carried_before(app, client, committed, instance):
    planted = app.test_client()
    try_once(planted, account="finance")
    cookie = planted.get_cookie("samverk").value
    client.set_cookie("samverk", cookie)
    try_once(client)
    assert client.get_cookie("samverk").value != cookie
    assert planted.get("/admin/settings").status_code == 303, "the planted session is over"
    assert len(rows(instance, select(LoginSession))) == 1


def test_signing_out_revokes_the_row(app, client, committed, instance):
    try_once(client)
    stolen = client.get_cookie("samverk").value
    client.post("/sign-out")
    thief = app.test_client()
    thief.set_cookie("samverk", stolen)
    assert thief.get("/admin/settings").status_code == 303
    assert not rows(instance, select(LoginSession))
