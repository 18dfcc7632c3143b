"""The page of connections: how each stands, whose turn it is, and the one thing a person can do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core import wiring
from core.feeds.queries import waiting
from core.plugin_api.fields import SettingField
from core.plugin_api.text import T
from core.plugin_host import loader
from core.plugin_host import purge as purging
from core.plugin_host.health import Cause
from core.plugin_host.host import PluginHost
from core.plugin_host.service import set_switch
from core.tracking.models import Sale
from tests.databases import statements
from tests.feeds.conftest import Scene
from tests.plugin_host.foreign import module
from tests.world import sign_in

PAGE = "/admin/sales/connections"


@pytest.fixture
def owner(scene: Scene, client: FlaskClient) -> FlaskClient:
    return sign_in(client, "owner")


def test_what_is_connected_is_shown_with_its_age_and_its_next_question(scene: Scene, owner: FlaskClient) -> None:
    assert "Asked within a minute." in owner.get(PAGE).text and "Ask now" not in owner.get(PAGE).text
    scene.shop.pages["token-of-ours"] = [[scene.order(str(number)) for number in range(1_234)]]
    scene.minute()
    scene.moment[0] += timedelta(minutes=3)
    page = owner.get(PAGE).text
    assert "Corner shop" in page and "Works" in page and "1,234" in page and "3 minutes ago" in page
    assert "Asked again in 12 minutes." in page
    assert f'value="{scene.instance.settings.base_url}/hooks/corner/{scene.world.brand.public_id}"' in page


def test_ask_now_asks_at_once_whatever_it_waits_for(scene: Scene, owner: FlaskClient) -> None:
    scene.shop.instead = [(429, {"Retry-After": "7200"}, b"")]
    scene.minute()
    assert "The shop is busy." in (page := owner.get(PAGE).text) and "in 2 hours" in page
    path = f"{PAGE}/{scene.the_feed().public_id}/ask"
    for _ in range(2):  # an impatient finger
        scene.moment[0] += timedelta(seconds=5)
        assert owner.post(path).status_code == 303
    scene.minute()
    assert len(scene.shop.asked) == 2 and "Works" in owner.get(PAGE).text


def test_connect_again_is_the_owners_turn_until_somebody_has(scene: Scene, app: Flask, owner: FlaskClient) -> None:
    scene.shop.pages.clear()
    scene.minute()
    page = owner.get(PAGE).text
    assert (
        "Reconnect" in page
        and "The shop says 401 to •••. Nothing is asked" in page
        and f"/admin/plugins/corner?brand={scene.world.brand.public_id}" in page
    )
    today = owner.get("/admin/").text
    assert "Connect Corner shop again" in today
    assert f'href="/admin/plugins/corner?brand={scene.world.brand.public_id}"' in today
    manager = sign_in(app.test_client(), "manager")
    assert "Connect Corner shop again" not in manager.get("/admin/").text, "who cannot set plugins has no turn"
    assert "/admin/plugins/corner" not in manager.get(PAGE).text and "Reconnect" in manager.get(PAGE).text
    with scene.instance.database.session() as session:
        assert waiting(session, scene.world.outsider, scene.instance.plugins) == []
    with scene.instance.database.write() as session:
        set_switch(session, scene.world.owner, plugin="corner", enabled=False)
    assert "Connect Corner shop again" not in owner.get("/admin/").text
    assert "Switched off" in owner.get(PAGE).text and "/hooks/" not in owner.get(PAGE).text


def test_missing_settings_a_pause_and_a_plugin_that_is_gone_are_told(
    scene: Scene, app: Flask, owner: FlaskClient
) -> None:
    outsider = sign_in(app.test_client(), "outsider")
    assert "The plugin lacks settings." in outsider.get(PAGE).text
    scene.minute()
    scene.instance.plugins.fence.health.learn({"corner": Cause.FAILURES}, {})
    assert "Paused" in owner.get(PAGE).text
    scene.instance.plugins.fence.health.learn({}, {})
    for registry in (scene.instance.plugins.sales_sources, scene.instance.plugins.sales_sources.owners):
        registry.pop("corner")  # type: ignore[attr-defined]
    page = owner.get(PAGE).text
    assert "It is not installed any more." in page and "Ask now" not in page
    answer = owner.post(f"{PAGE}/{scene.the_feed().public_id}/ask", follow_redirects=True)
    assert "switched off or gone" in answer.text


def test_a_sale_is_told_by_its_source_also_once_its_plugin_is_gone(scene: Scene, owner: FlaskClient) -> None:
    scene.shop.pages["token-of-ours"] = [[scene.order("listed")]]
    scene.minute()
    scene.send(owner, [scene.order("sent"), scene.refund("early", "unknown", 100)])
    with scene.instance.database.session() as session:
        sales = session.scalars(select(Sale.public_id)).all()
    pages = [f"/admin/sales/{public_id}" for public_id in sales]
    assert len(pages) == 2
    for gone in (False, True):
        if gone:
            leave(scene)
        assert all("<dt>Told by</dt><dd>Corner shop</dd>" in owner.get(page).text for page in pages)
        page = owner.get(PAGE).text
        assert "Corner shop" in page and ">corner<" not in page, "its heading, and what was not taken"


def leave(scene: Scene) -> None:
    """The plugin is uninstalled and Samverk started again."""
    scene.instance.__dict__["plugins"] = PluginHost(loader.load(loader.find(safe_mode=True)))
    wiring.connect(scene.instance)


def test_what_was_not_taken_goes_when_the_plugin_is_purged(scene: Scene, owner: FlaskClient) -> None:
    scene.minute()
    scene.send(owner, [scene.refund("early", "unknown", 100)])
    leave(scene)
    assert "There is no order unknown." in owner.get(PAGE).text
    told = scene.world.owner, scene.instance.plugins, "corner"
    with scene.instance.database.write() as session:
        assert purging.kept(session, *told[1:]).others["records not taken"] == 1
        purging.purge(session, *told)
    page = owner.get(PAGE).text
    assert "There is no order unknown." not in page and "Corner shop" not in page


def test_a_version_that_needs_more_stops_and_is_told_to_who_can_fill_it_in(
    scene: Scene, app: Flask, owner: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.shop.pages["token-of-ours"] = [[scene.order("1")]]
    scene.minute()
    card, place = "Fill in what Corner shop needs", f"/admin/plugins/corner?brand={scene.world.brand.public_id}"
    assert card not in owner.get("/admin/").text
    needed = (*module("corner").Corner.settings, SettingField("office", T("Office"), required=True))
    monkeypatch.setattr(module("corner").Corner, "settings", needed)
    assert scene.send(owner, [scene.order("2")]).status_code == 503, "the shop keeps it"
    assert scene.sold() == {"1": 10_000} and scene.feed(what="messages") is None
    today = owner.get("/admin/").text
    assert card in today and f'href="{place}"' in today and "Havsro hears nothing from there" in today
    assert card not in sign_in(app.test_client(), "manager").get("/admin/").text
    assert card not in sign_in(app.test_client(), "outsider").get("/admin/").text, "it never connected the shop"
    assert owner.get(PAGE).text.count("Incomplete") == 2
    scene.fill(scene.world.brand, office="Turku")
    assert card not in owner.get("/admin/").text
    assert scene.send(owner, [scene.order("2")]).status_code == 204
    assert scene.sold() == {"1": 10_000, "2": 10_000}


def test_what_was_not_taken_stays_in_view_with_its_reason(scene: Scene, owner: FlaskClient) -> None:
    scene.shop.pages["token-of-ours"] = [[scene.refund(f"r{number}", "elsewhere", 100) for number in range(25)]]
    scene.minute()
    page = owner.get(PAGE).text
    assert page.count("There is no order elsewhere.") == 20 and "The latest ones are shown." in page


def test_messages_are_told_of_too(scene: Scene, owner: FlaskClient) -> None:
    assert "No message has come yet." in owner.get(PAGE).text
    scene.send(owner, b"<html>")
    assert "Unread" in (page := owner.get(PAGE).text) and "The message cannot be read." in page


@pytest.mark.usefixtures("client")
def test_only_who_may_edit_sales_asks_and_another_brand_sees_nothing(scene: Scene, app: Flask) -> None:
    scene.minute()
    path = f"{PAGE}/{scene.the_feed().public_id}/ask"
    viewer, outsider = (sign_in(app.test_client(), name) for name in ("viewer", "outsider"))
    assert "Corner shop" in viewer.get(PAGE).text and "Ask now" not in viewer.get(PAGE).text
    assert viewer.post(path).status_code == 403
    assert outsider.post(path).status_code == 404
    assert "Works" not in outsider.get(PAGE).text


def test_without_anything_connected_the_page_names_the_next_step(scene: Scene, app: Flask, owner: FlaskClient) -> None:
    with scene.instance.database.write() as session:
        set_switch(session, scene.world.owner, plugin="corner", enabled=False)
    page = owner.get(PAGE).text
    assert "Nothing is connected yet" in page and 'href="/admin/plugins"' in page
    assert 'href="/admin/plugins"' not in sign_in(app.test_client(), "viewer").get(PAGE).text.partition("<main")[2]


def test_the_page_takes_the_same_statements_whatever_its_length(scene: Scene, owner: FlaskClient) -> None:
    def count() -> int:
        with statements(scene.instance.database.engine) as seen:
            owner.get(PAGE)
        return len(seen)

    owner.get(PAGE)
    before = count()
    scene.shop.pages["token-of-ours"] = [[scene.refund(f"r{number}", "elsewhere", 100) for number in range(25)]]
    scene.minute()
    scene.send(owner, [])
    assert count() == before
