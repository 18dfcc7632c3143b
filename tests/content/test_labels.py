"""The platform's own ad label: asked when a post is reported and on wish, shown with its moment, blocking nothing."""

# ruff: noqa: F811 - fixtures come from the neighbours

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core import clock, outbox
from core.collaborations.models import Collaboration
from core.content import labels, queries, service
from core.content.models import Deliverable, Post
from core.errors import Denied
from core.feeds.models import Feed
from core.instance import Instance
from core.plugin_host.service import set_switch
from tests.content.stage import BASE, Stage, approve, send
from tests.plugin_host.square import URL, Square, join, now, square, work  # noqa: F401 - fixtures
from tests.world import sign_in


def report(instance: Instance, shown: Stage, url: str = URL.format("a1")) -> None:
    """Aino's first post is live."""
    with instance.database.write() as session:
        approve(session, shown, send(session, shown, platform_label=True))
        deliverable = session.get_one(Deliverable, shown.first.id)
        service.report_post(
            session, shown.world.creator, deliverable=deliverable, url=url, published_on=clock.today(), base_url=BASE
        )


def post(instance: Instance) -> Post:
    with instance.database.session() as session:
        return session.scalars(select(Post)).one()


def labels_asked(square: Square) -> list[str]:
    return [path for path in square.asked if path.startswith("/label")]


@pytest.fixture
def joined(instance: Instance, square: Square, shown: Stage) -> Stage:
    """Havsro has connected the square."""
    join(instance, shown.world, square)
    return shown


@pytest.fixture
def page(joined: Stage, app: Flask) -> FlaskClient:
    """A reviewer."""
    app.config["WTF_CSRF_ENABLED"] = False
    return sign_in(app.test_client(), "reviewer")


TELLS = {
    "set": ({"labelled": True, "label": "Paid partnership", "brands": ["Havsro"]}, "Paid partnership · Havsro"),
    "unset": ({"labelled": False}, ""),
    "untold": ({"labelled": None}, ""),
}


@pytest.mark.parametrize("state", TELLS)
def test_it_is_asked_for_when_the_post_is_reported(
    instance: Instance, square: Square, joined: Stage, page: FlaskClient, state: str
) -> None:
    square.labels["a1"], words = TELLS[state]
    report(instance, joined)
    assert labels_asked(square) == []
    outbox.drain(instance.database)
    row = post(instance)
    assert (row.label_state, row.label_words, row.label_at) == (state, words, square.now[0])
    html = page.get(f"/admin/posts/{row.public_id}").text
    assert {
        "set": "The platform&#39;s ad label is set.",
        "unset": "The platform&#39;s ad label is not set.",
        "untold": "The platform does not tell whether its ad label is set.",
    }[state] in html
    assert ("The draft said that it would be." in html) == (state == "unset")
    assert "asked 22 Nov 2026" in html and words in html
    assert labels_asked(square) == ["/label/a1"], "the page asks nobody"


def test_a_label_that_is_not_set_blocks_nothing(instance: Instance, square: Square, joined: Stage) -> None:
    square.labels["a1"] = {"labelled": False}
    report(instance, joined)
    outbox.drain(instance.database)
    with instance.database.write() as session:
        row = session.scalars(select(Post)).one()
        service.verify_post(session, joined.world.owner, post=row, matches=True, base_url=BASE)
        assert row.state == "verified"


def test_the_button_asks_again(instance: Instance, square: Square, joined: Stage, page: FlaskClient) -> None:
    square.labels["a1"] = {"labelled": False}
    report(instance, joined)
    outbox.drain(instance.database)
    square.later(hours=1)
    square.labels["a1"] = {"labelled": True}
    row = post(instance)
    says = ["The platform is asked.", "It can be asked again in 50 seconds."]  # to an impatient finger
    for words in says:
        square.later(seconds=5)
        assert words in page.post(f"/admin/posts/{row.public_id}/label", follow_redirects=True).text
    assert len(labels_asked(square)) == 1, "not while somebody waits for the page"
    outbox.drain(instance.database)
    assert len(labels_asked(square)) == 2
    row = post(instance)
    assert (row.label_state, row.label_at) == ("set", square.now[0])
    square.later(seconds=50)
    answer = page.post(f"/admin/posts/{row.public_id}/label", follow_redirects=True)
    assert "The platform is asked." in answer.text and outbox.drain(instance.database)
    assert len(labels_asked(square)) == 3


@pytest.mark.parametrize("status", [500, 429, 501, 404])
def test_an_answer_stays_with_its_age_when_it_is_asked_for_again_in_vain(
    instance: Instance, square: Square, joined: Stage, page: FlaskClient, status: int
) -> None:
    square.labels["a1"] = {"labelled": True, "label": "Paid partnership"}
    report(instance, joined)
    outbox.drain(instance.database)
    asked = square.now[0]
    square.later(hours=2)
    square.status = lambda path: status
    page.post(f"/admin/posts/{post(instance).public_id}/label")
    outbox.drain(instance.database)
    row = post(instance)
    assert (row.label_state, row.label_words, row.label_at) == ("set", "Paid partnership", asked)
    html = page.get(f"/admin/posts/{row.public_id}").text
    assert "The platform&#39;s ad label is set." in html and "Paid partnership · asked 22 Nov 2026" in html
    assert "asked again 22 Nov 2026" in html and ", in vain" in html
    square.later(hours=1)
    square.status = lambda path: 200
    page.post(f"/admin/posts/{row.public_id}/label")
    outbox.drain(instance.database)
    assert post(instance).label_at == square.now[0] and "in vain" not in page.get(f"/admin/posts/{row.public_id}").text


def test_what_was_told_of_another_address_is_forgotten(instance: Instance, square: Square, joined: Stage) -> None:
    square.labels = {"a1": {"labelled": True}}
    report(instance, joined)
    outbox.drain(instance.database)
    square.later(minutes=1)
    with instance.database.write() as session:
        creator = joined.world.creator
        row = session.scalars(select(Post)).one()
        url = URL.format("b2")
        service.correct_post(session, creator, post=row, url=url, published_on=clock.today(), base_url=BASE)
        assert (row.label_state, row.label_at) == ("", None)
    outbox.drain(instance.database)
    row = post(instance)
    assert (row.label_state, row.missing_since) == ("failed", square.now[0]), "the platform has no such post"


def test_an_answer_of_an_address_that_was_corrected_meanwhile_is_dropped(
    instance: Instance, square: Square, joined: Stage
) -> None:
    square.labels = {"a1": {"labelled": True}}
    report(instance, joined)

    def correct() -> None:
        with instance.database.write() as session:
            session.scalars(select(Post)).one().url = URL.format("b2")

    square.during = correct
    outbox.drain(instance.database)
    assert post(instance).label_state == ""


def test_a_platform_that_cannot_be_asked_is_told_as_that(
    instance: Instance, square: Square, joined: Stage, page: FlaskClient
) -> None:
    square.status = lambda path: 500
    report(instance, joined)
    outbox.drain(instance.database)
    row = post(instance)
    assert (row.label_state, row.missing_since) == ("failed", None)
    assert "could not be asked" in page.get(f"/admin/posts/{row.public_id}").text


def feed(instance: Instance) -> Feed | None:
    with instance.database.session() as session:
        return session.scalar(select(Feed).where(Feed.what == "metrics"))


def test_a_permission_that_is_gone_is_told_of_the_connection(
    instance: Instance, square: Square, joined: Stage, app: Flask
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    square.tokens = ("another",)
    report(instance, joined)
    outbox.drain(instance.database)
    row = feed(instance)
    assert row is not None and (row.fault_kind, row.next_at) == ("AuthExpired", None)
    owner = sign_in(app.test_client(), "owner")
    assert "Connect square again" in owner.get("/admin/").text
    square.later(minutes=1)
    join(instance, joined.world, square, token="another")
    work(instance)
    row = feed(instance)
    assert row is not None and row.fault_kind == "" and " again</" not in owner.get("/admin/").text


@pytest.mark.parametrize(("status", "kind"), [(429, "RateLimited"), (500, "Unavailable")])
def test_what_other_questions_would_meet_as_well_is_told_of_the_connection(
    instance: Instance, square: Square, joined: Stage, status: int, kind: str
) -> None:
    square.status = lambda path: status
    report(instance, joined)
    outbox.drain(instance.database)
    row = feed(instance)
    assert row is not None and (row.fault_kind, row.failures) == (kind, 1) and row.next_at > square.now[0]


@pytest.mark.parametrize("answer", [None, {"nonsense": 1}])
def test_a_fault_of_this_question_alone_is_not(
    instance: Instance, square: Square, joined: Stage, answer: dict[str, int] | None
) -> None:
    square.labels = {"a1": answer} if answer else {}
    report(instance, joined)
    outbox.drain(instance.database)
    assert post(instance).label_state == "failed" and feed(instance) is None


def test_a_fault_does_not_find_a_post_again(instance: Instance, square: Square, joined: Stage) -> None:
    report(instance, joined)
    outbox.drain(instance.database)
    since = post(instance).missing_since
    square.later(minutes=2)
    square.status = lambda path: 500
    with instance.database.write() as session:
        labels.ask_for(session, joined.world.owner, instance.plugins, post=session.scalars(select(Post)).one())
    outbox.drain(instance.database)
    assert since is not None and post(instance).missing_since == since


def test_where_no_connector_knows_the_post_nobody_is_asked(
    instance: Instance, square: Square, joined: Stage, page: FlaskClient
) -> None:
    report(instance, joined, "https://blog.example.com/havsro")
    outbox.drain(instance.database)
    row = post(instance)
    assert (row.label_state, square.asked) == ("", [])
    assert "Ask the platform" not in page.get(f"/admin/posts/{row.public_id}").text


def test_the_door_is_closed_to_others(instance: Instance, square: Square, joined: Stage, app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    report(instance, joined)
    outbox.drain(instance.database)
    square.asked.clear()
    door = f"/admin/posts/{post(instance).public_id}/label"
    assert sign_in(app.test_client(), "viewer").post(door).status_code == 403
    assert sign_in(app.test_client(), "outsider").post(door).status_code == 404
    with instance.database.write() as session:
        with pytest.raises(Denied):
            labels.ask_for(session, joined.world.actors["viewer"], instance.plugins, post=post(instance))
        set_switch(session, joined.world.owner, plugin="square", enabled=False, brand_id=joined.world.brand.id)
    sign_in(app.test_client(), "reviewer").post(door)
    outbox.drain(instance.database)
    assert square.asked == []


def test_a_post_that_is_gone_waits_for_the_brand_until_it_is_there_again_or_all_is_over(
    instance: Instance, square: Square, joined: Stage, page: FlaskClient
) -> None:
    report(instance, joined)
    with instance.database.write() as session:
        row = session.scalars(select(Post)).one()
        service.verify_post(session, joined.world.owner, post=row, matches=True, base_url=BASE)
    square.now[0] += timedelta(minutes=1)
    work(instance)
    place = f"/admin/posts/{post(instance).public_id}"
    assert "not found since" in page.get(place).text
    assert "Not found" in page.get("/admin/review?show=all").text

    def cards(name: str) -> list[str]:
        with instance.database.session() as session:
            return [str(one.title) for one in queries.waiting(session, joined.world.actors[name])]

    card = "The post of Aino Laine cannot be found any more"
    assert cards("reviewer") == [card] and card in page.get("/admin/").text and place in page.get("/admin/").text
    assert cards("viewer") == []
    square.posts = {"a1": {"views": 5}}
    square.later(days=1)
    work(instance)
    assert cards("reviewer") == []
    square.posts = {}
    square.later(days=1)
    work(instance)
    assert cards("reviewer") == [card]
    with instance.database.write() as session:
        session.get_one(Collaboration, joined.collaboration.id).state = "cancelled_by_brand"
    assert cards("reviewer") == []
