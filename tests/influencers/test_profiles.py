"""Platforms tell of accounts over the wire: weekly and on wish, and what people had entered stays beside it."""

# ruff: noqa: F811 - fixtures come from the neighbours

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from core import outbox, wiring
from core.accounts.models import Brand
from core.feeds.models import Feed
from core.influencers import profiles, queries, service
from core.influencers.importing import Importer
from core.influencers.models import Channel, Relationship
from core.influencers.queries import PeopleFilter
from core.influencers.service import Figures
from core.instance import Instance
from core.permissions import Actor
from core.plugin_host import loader
from core.plugin_host.host import PluginHost
from core.plugin_host.service import set_switch
from tests.plugin_host.square import OTHER_TOKEN, Square, join, now, square, work  # noqa: F401 - fixtures
from tests.world import World, sign_in

TOLD = {"name": "Aino L. 🌊", "followers": 12_400, "verified": True}


def add(
    instance: Instance, world: World, *handles: str, brand: Brand | None = None, figures: Figures | None = None
) -> None:
    """People of a brand with one Instagram account each."""
    actor = world.outsider if brand else world.owner
    with instance.database.write() as session:
        for handle in handles:
            service.add_person(
                session, actor, instance.keyring, brand=session.merge(brand or world.brand), platform="instagram",
                details={"display_name": handle.title()}, handle=handle, figures=figures,
            )  # fmt: skip


def account(instance: Instance, handle: str = "aino") -> Channel:
    with instance.database.session() as session:
        loaded = selectinload(Channel.owner).selectinload(Relationship.channels)
        return session.scalars(select(Channel).where(Channel.handle == handle).options(loaded)).one()


def feed(instance: Instance) -> Feed:
    with instance.database.session() as session:
        return session.scalars(select(Feed).where(Feed.what == "profiles", Feed.name == "square")).one()


@pytest.fixture
def joined(instance: Instance, square: Square, committed: World) -> World:
    """Havsro has connected the square."""
    join(instance, committed, square)
    return committed


def found(instance: Instance, actor: Actor, tier: str) -> list[str]:
    """Whom the list shows in a tier."""
    with instance.database.session() as session:
        return [row.display_name for row in queries.list_people(session, actor, PeopleFilter(tier=tier)).rows]


def test_what_was_typed_stays_beside_what_the_platform_tells(instance: Instance, square: Square, joined: World) -> None:
    typed = Figures(followers=900, posts_counted=10, likes=6_200, measured_on=date(2026, 9, 14))
    add(instance, joined, "aino", figures=typed)
    assert found(instance, joined.owner, "nano") == ["Aino"]
    square.profiles = {"aino": TOLD}
    work(instance)
    row = account(instance)
    assert (row.followers, row.told_by, row.told_on) == (12_400, "square", square.now[0].date())
    assert (row.typed_followers, row.measured_on, row.evidence) == (900, date(2026, 9, 14), "stated")
    assert (row.told_name, row.verified) == (TOLD["name"], True)
    assert found(instance, joined.owner, "micro") == ["Aino"] and found(instance, joined.owner, "nano") == []
    assert row.owner.engagement_ppm == 6_200 * 1_000_000 // (10 * 12_400), "the rate follows"
    square.later(days=6)
    work(instance)
    assert square.asked == ["/profile/aino"]
    square.later(days=1)
    square.profiles = {"aino": {"followers": 12_390}}
    work(instance)
    row = account(instance)
    assert (row.followers, row.typed_followers, row.verified) == (12_390, 900, None)


def test_what_the_platform_keeps_to_itself_changes_nothing(instance: Instance, square: Square, joined: World) -> None:
    add(instance, joined, "aino", figures=Figures(followers=900))
    square.profiles = {"aino": {"name": "Aino"}}
    work(instance)
    row = account(instance)
    assert (row.followers, row.told_by, row.typed_followers, row.told_on) == (900, "", None, square.now[0].date())


def test_who_types_a_number_later_is_believed_until_the_platform_tells_again(
    instance: Instance, square: Square, joined: World
) -> None:
    add(instance, joined, "aino", figures=Figures(followers=900))
    square.profiles = {"aino": TOLD}
    work(instance)
    with instance.database.write() as session:
        them = session.scalars(select(Relationship).options(selectinload(Relationship.channels))).one()
        given = {"relationship": them, "platform": "instagram", "handle": "aino", "channel": them.channels[0]}
        service.save_channel(
            session, joined.owner, figures=Figures(followers=12_400, likes=5, posts_counted=1), **given
        )
        assert them.channels[0].told_by == "square", "the same number is still the platform's"
        service.save_channel(session, joined.owner, figures=Figures(followers=13_000), **given)
    row = account(instance)
    assert (row.followers, row.told_by, row.typed_followers) == (13_000, "", None)
    square.later(days=7)
    work(instance)
    row = account(instance)
    assert (row.followers, row.told_by, row.typed_followers) == (12_400, "square", 13_000)


def test_a_file_that_is_imported_later_says_so(instance: Instance, square: Square, joined: World) -> None:
    add(instance, joined, "aino", "elli")
    square.profiles = {"aino": TOLD, "elli": TOLD}
    work(instance)
    table = b"Name;Instagram;Followers\nAino;aino;700\nElli Uusi;elli;\nNew;newcomer;5\n"
    importer = Importer(instance.files, instance.keyring)
    with instance.database.write() as session:
        given = {"brand": session.merge(joined.brand), "name": "people.csv", "raw": table}
        batch = importer.start(session, joined.owner, **given)
        importer.check(session, joined.owner, batch=batch, mapping=batch.mapping)
        importer.apply(session, joined.owner, batch=batch)
    assert (account(instance).followers, account(instance).told_by) == (700, "")
    assert (account(instance, "elli").followers, account(instance, "elli").told_by) == (12_400, "square")
    assert account(instance, "newcomer").told_by == ""


def test_an_account_that_is_not_there_is_marked_and_found_again(
    instance: Instance, square: Square, joined: World
) -> None:
    add(instance, joined, "aino", "elli")
    square.profiles = {"elli": TOLD}
    work(instance)
    first = square.now[0].date()
    assert (account(instance).gone_since, account(instance, "elli").gone_since) == (first, None)
    assert feed(instance).fault_kind == "", "that is an answer"
    square.later(days=7)
    work(instance)
    assert account(instance).gone_since == first
    square.profiles["aino"] = TOLD
    square.later(days=7)
    work(instance)
    assert account(instance).gone_since is None


def test_many_accounts_are_asked_a_few_a_job_and_a_pause_is_kept(
    instance: Instance, square: Square, joined: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "SLICE", 2)
    handles = [f"p{number}" for number in range(5)]
    add(instance, joined, *handles)
    square.profiles = dict.fromkeys(handles, TOLD)
    square.status = lambda path: 429 if path.endswith("p3") else 418 if path.endswith("p1") else 200
    work(instance)
    row = feed(instance)
    assert (row.fault_kind, row.next_at) == ("BadAnswer", square.now[0] + timedelta(minutes=5))
    square.later(minutes=5)
    work(instance)
    row = feed(instance)
    assert (row.fault_kind, row.next_at) == ("RateLimited", square.now[0] + timedelta(minutes=30))
    square.status = lambda path: 200
    square.later(minutes=30)
    work(instance)
    assert [path.rpartition("/")[2] for path in square.asked] == ["p0", "p1", "p2", "p3", "p3", "p4"]
    assert (feed(instance).fault_kind, feed(instance).cursor) == ("", None)
    assert feed(instance).next_at == square.now[0] + timedelta(days=7)


def test_each_brand_is_asked_for_with_its_own_key_and_learns_nothing_of_the_other(
    instance: Instance, square: Square, joined: World
) -> None:
    add(instance, joined, "aino")
    add(instance, joined, "aino", brand=joined.other_brand)
    square.profiles = {"aino": TOLD}
    square.tokens = (OTHER_TOKEN,)
    work(instance)
    with instance.database.session() as session:
        assert [row.told_by for row in session.scalars(select(Channel).order_by(Channel.id))] == ["", ""]
    join(instance, joined, square, brand=joined.other_brand, token=OTHER_TOKEN)
    work(instance)
    with instance.database.session() as session:
        assert [row.told_by for row in session.scalars(select(Channel).order_by(Channel.id))] == ["", "square"]


def test_a_person_who_was_taken_off_the_list_is_not_asked_about(
    instance: Instance, square: Square, joined: World
) -> None:
    add(instance, joined, "aino")
    with instance.database.write() as session:
        them = session.scalars(select(Relationship)).one()
        service.archive_person(session, joined.owner, relationship=them, archived=True)
    work(instance)
    assert square.asked == []


@pytest.fixture
def page(joined: World, instance: Instance, app: Flask) -> FlaskClient:
    """A manager at the page of an influencer."""
    app.config["WTF_CSRF_ENABLED"] = False
    add(instance, joined, "aino", figures=Figures(followers=900))
    return sign_in(app.test_client(), "manager")


def address(instance: Instance) -> str:
    row = account(instance)
    return f"/admin/people/{row.owner.public_id}/accounts/{row.public_id}/ask"


def test_the_button_asks_and_the_page_says_who_told_what(instance: Instance, square: Square, page: FlaskClient) -> None:
    them = f"/admin/people/{account(instance).owner.public_id}"
    assert "Ask the platform" in page.get(them).text
    square.profiles = {"aino": TOLD}
    says = ["The platform is asked.", "It can be asked again in 60 seconds."]
    assert all(words in page.post(address(instance), follow_redirects=True).text for words in says)
    assert square.asked == [], "not while somebody waits for the page"
    outbox.drain(instance.database)
    assert square.asked == ["/profile/aino"], "an impatient finger asks once"
    html = page.get(them).text
    assert "12,400" in html and "Village square" in html and "Entered by hand: 900" in html
    assert TOLD["name"] in html and "Verified" in html
    square.later(days=1)
    square.profiles = {}
    page.post(address(instance))
    outbox.drain(instance.database)
    assert "not found since 23 Nov 2026" in page.get(them).text


def test_the_button_is_for_those_who_may_and_where_somebody_can_be_asked(
    instance: Instance, square: Square, page: FlaskClient, app: Flask, joined: World
) -> None:
    them = f"/admin/people/{account(instance).owner.public_id}"
    viewer = sign_in(app.test_client(), "viewer")
    assert "Ask the platform" not in viewer.get(them).text and viewer.post(address(instance)).status_code == 403
    outsider = sign_in(app.test_client(), "outsider")
    assert outsider.post(address(instance)).status_code == 404
    with instance.database.write() as session:
        set_switch(session, joined.owner, plugin="square", enabled=False, brand_id=joined.brand.id)
    assert "Ask the platform" not in page.get(them).text
    page.post(address(instance))
    outbox.drain(instance.database)
    assert square.asked == []


def test_a_fault_of_the_button_is_told_by_the_connection(instance: Instance, square: Square, page: FlaskClient) -> None:
    square.tokens = ()
    page.post(address(instance))
    outbox.drain(instance.database)
    assert (feed(instance).fault_kind, account(instance).followers) == ("AuthExpired", 900)
    assert "The square answered 401." in page.get(f"/admin/people/{account(instance).owner.public_id}").text


def test_a_platform_that_samverk_has_no_word_for_goes_by_its_connector(
    instance: Instance, square: Square, page: FlaskClient, app: Flask
) -> None:
    them = f"/admin/people/{account(instance).owner.public_id}"
    assert "Fjord pictures" in page.get(f"{them}/accounts/new").text
    sent = {"platform": "fjord", "handle": "@Aino.F", "evidence": "stated"}
    assert page.post(f"{them}/accounts/new", data=sent).status_code == 303
    square.profiles = {"fjord-aino.f": {"followers": 77}}
    work(instance)
    assert account(instance, "aino.f").followers == 77
    html = page.get(them).text
    assert "Fjord pictures" in html and "Told by Fjord pictures" in html
    found = page.get("/admin/people?platform=fjord").text
    assert '<option value="fjord" selected>Fjord pictures</option>' in found and "1 person" in found
    assert "1 person" in page.get("/admin/people?platform=instagram").text, "not of the largest account alone"
    assert "0 people" in page.get("/admin/people?platform=tiktok").text
    assert "fjord" not in sign_in(app.test_client(), "outsider").get("/admin/people").text
    nobody = {"platform": "nowhere", "handle": "@aino", "evidence": "stated"}
    assert "Told by" not in page.post(f"{them}/accounts/new", data=nobody).text
    assert page.post(f"{them}/accounts/new", data=nobody).status_code == 200
    instance.__dict__["plugins"] = PluginHost(loader.load(loader.find(safe_mode=True)))
    wiring.connect(instance)
    assert "Told by Fjord pictures" in page.get(them).text, "also once its plugin is gone"
    assert '<option value="fjord" selected>Fjord pictures' in page.get("/admin/people?platform=fjord").text
    form = page.get(f"{them}/accounts/{account(instance, 'aino.f').public_id}").text
    assert '<option selected value="fjord">Fjord pictures</option>' in form, "else it would move to another platform"
