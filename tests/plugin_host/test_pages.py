"""Pages and panels of a foreign plugin through HTTP: shown where they belong, to whom they may, at their own cost."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core.accounts.models import Person
from core.collaborations.models import Collaboration
from core.i18n import in_locale
from core.instance import Instance
from core.plugin_host.saving import save_settings
from core.plugin_host.service import set_switch
from samverk import PageRequest, Redirect, View, texts
from tests.content import stage as scene
from tests.databases import statements
from tests.plugin_host.foreign import acme, install, module  # noqa: F401 - the first is a fixture
from tests.world import World, sign_in

pytestmark = pytest.mark.usefixtures("acme")


@pytest.fixture
def app_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: Instance) -> Callable[[str], Flask]:
    """An app that has one more plugin, named `house`."""

    def made(source: str) -> Flask:
        from wsgi import make_app

        install(tmp_path, monkeypatch, "house", source)
        app = make_app(instance)
        app.config["WTF_CSRF_ENABLED"] = False
        return app

    return made


def heard(what: str) -> PageRequest:
    """What the plugin was told when it was last asked for something."""
    request: PageRequest = next(told[0] for name, *told in reversed(module("acme").HEARD) if name == what)
    return request


def switch(instance: Instance, world: World, on: bool, brand_id: int | None = None) -> None:
    with instance.database.write() as session:
        set_switch(session, world.owner, plugin="acme", enabled=on, brand_id=brand_id)


def test_a_page_stands_in_the_frame_and_in_the_navigation(client: FlaskClient, committed: World) -> None:
    sign_in(client, "manager")
    page = client.get("/admin/x/acme/")
    assert page.status_code == 200
    assert "<h1>Hello</h1>" in page.text and "Good day, &lt;b&gt;Olga&lt;/b&gt;" in page.text
    assert 'href="/admin/x/acme/orders/7"' in page.text and "Box of acme" in page.text
    assert re.search(r'<a href="/admin/x/acme/" aria-current="page">', page.text)
    assert 'href="/admin/x/acme/"' in client.get("/admin/").text
    request = heard("hello")
    assert (request.brand, request.brands) == (committed.brand.public_id, (committed.brand.public_id,))
    assert (request.method, request.locale, request.influencer) == ("GET", "en", None)
    assert request.names == {committed.brand.public_id: committed.brand.name}


def test_drawing_the_navigation_after_a_refusal_writes_nothing(
    client: FlaskClient, committed: World, instance: Instance
) -> None:
    """On SQLite the write would find the database locked while somebody else writes, and a 503 hide the refusal."""
    sign_in(client, "owner")
    places = dict.fromkeys(("country", "language", "address_country"), "")
    nobody = places | {"display_name": "Bea", "platform": "instagram", "in_brand": committed.brand.public_id}
    with statements(instance.database.engine) as asked:
        page = client.post("/admin/people/new", data=nobody)
    assert "Give an account or an e-mail address" in page.text and 'href="/admin/x/acme/"' in page.text
    assert not [one for one in asked if one.startswith("UPDATE login_session SET brand_id")]


def test_a_page_is_behind_its_permission(app: Flask, client: FlaskClient, committed: World) -> None:
    for path in ("/admin/x/acme/", "/admin/x/acme/audit", "/portal/x/acme/"):
        assert "/sign-in" in client.get(path).headers["Location"]
    for name, audit, money in (("owner", 200, 200), ("finance", 200, 200), ("manager", 403, 200), ("viewer", 403, 403)):
        browser = sign_in(app.test_client(), name)
        assert browser.get("/admin/x/acme/audit").status_code == audit
        assert browser.get("/admin/x/acme/money").status_code == money
        home = browser.get("/admin/").text
        assert ("/admin/x/acme/audit" in home) == ("Audit box" in home) == (audit == 200)


def test_switched_off_for_a_brand_it_is_not_there(
    app: Flask, client: FlaskClient, committed: World, instance: Instance
) -> None:
    sign_in(client, "owner")
    other = sign_in(app.test_client(), "outsider")
    switch(instance, committed, False, committed.brand.id)
    assert client.get("/admin/x/acme/").status_code == 404
    assert "/x/acme/" not in client.get("/admin/").text and "Box of acme" not in client.get("/admin/").text
    assert other.get("/admin/x/acme/").status_code == 200
    switch(instance, committed, False)
    assert other.get("/admin/x/acme/").status_code == 404
    switch(instance, committed, True)
    switch(instance, committed, True, committed.brand.id)
    assert client.get("/admin/x/acme/").status_code == 200


def test_a_form_is_guarded_and_answers_with_a_redirect(app: Flask, client: FlaskClient, committed: World) -> None:
    sign_in(client, "manager")
    app.config["WTF_CSRF_ENABLED"] = True
    module("acme").HEARD.clear()
    assert client.post("/admin/x/acme/orders/7", data={"note": "Fragile"}).status_code == 400
    assert not module("acme").HEARD, "the plugin was not asked"
    page = client.get("/admin/x/acme/orders/7")
    assert "<h1>Order 7</h1>" in page.text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]  # type: ignore[index]
    brand = re.search(r'name="in_brand" value="([^"]+)"', page.text)[1]  # type: ignore[index]
    sent = {"note": "Fragile", "csrf_token": token, "in_brand": brand}
    answer = client.post("/admin/x/acme/orders/7", data=sent)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/x/acme/")
    assert "Noted." in client.get("/admin/x/acme/").text
    request = heard("order")
    assert (request.form, request.arguments, request.method) == ({"note": "Fragile"}, {"number": "7"}, "POST")
    answer = client.post("/admin/x/acme/orders/7?a=1", data={"note": "", "csrf_token": token})
    assert answer.status_code == 303 and "Write a note." in client.get("/admin/").text
    assert client.get("/admin/x/acme/orders/never-existed").status_code == 404
    assert client.post("/admin/x/acme/", data={"csrf_token": token}).status_code == 405


def test_the_database_is_free_while_a_plugin_works(client: FlaskClient, committed: World, instance: Instance) -> None:
    sign_in(client, "manager")

    def write() -> None:
        switch(instance, committed, True)

    module("acme").DOING["order"] = write
    assert client.post("/admin/x/acme/orders/7", data={"note": "Fragile"}).status_code == 303


SITE = """
from samverk import Plugin, PluginPage, PluginScope, Redirect, T, hookimpl

ASKED = []

def page(request):
    ASKED.append(request)
    return Redirect()

class Site(Plugin):
    name = "house"
    title = T("Site")
    api_version = 1
    scope = PluginScope.SITE

    @hookimpl
    def register_pages(self):
        return [PluginPage("", T("Site"), page, nav=True)]

plugin = Site()
"""


def test_a_plugin_of_the_installation_is_its_admins(
    app_with: Callable[[str], Flask], committed: World, instance: Instance
) -> None:
    app = app_with(SITE)
    owner, manager = sign_in(app.test_client(), "owner"), sign_in(app.test_client(), "manager")
    assert owner.get("/admin/x/house/").status_code == 303
    assert module("house").ASKED[-1].brand is None
    assert manager.get("/admin/x/house/").status_code == 403
    assert "/x/house/" in owner.get("/admin/").text and "/x/house/" not in manager.get("/admin/").text
    with instance.database.write() as session:
        set_switch(session, committed.owner, plugin="house", enabled=False)
    assert owner.get("/admin/x/house/").status_code == 404
    assert "/x/house/" not in owner.get("/admin/").text


@pytest.mark.parametrize("path", ["", "wrong", "no-template", "shadow", "other", "reach-other", "reach-core"])
def test_a_page_that_fails_costs_only_itself(
    client: FlaskClient, committed: World, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    sign_in(client, "owner")
    module("acme").FAILING.add("hello")
    page = client.get(f"/admin/x/acme/{path}")
    assert page.status_code == 500
    assert "The plugin Acme&#39;s corner failed." in page.text
    assert "secret of the other" not in page.text and "out of order" not in page.text
    number = re.search(r"<code>([0-9a-f]{8})</code>", page.text)[1]  # type: ignore[index]
    assert f"incident {number}: GET /admin/x/acme/{path}: plugin acme" in caplog.text
    assert client.get("/admin/").status_code == 200
    assert "The secret of the other" in client.get("/admin/x/other/").text


def test_a_title_that_is_not_filled_in_costs_no_page(client: FlaskClient, committed: World) -> None:
    page = sign_in(client, "owner").get("/admin/x/acme/title")
    assert page.status_code == 200 and "%(never)s" in page.text


def test_core_is_not_shadowed_and_the_installation_may_override(client: FlaskClient, committed: World) -> None:
    sign_in(client, "owner")
    assert "SHADOW" not in client.get("/admin/").text + client.get("/no-such-page").text


def test_an_installation_may_put_its_own_template_first(
    client: FlaskClient, committed: World, instance: Instance
) -> None:
    own = instance.settings.instance / "templates"
    for name, text in (("x/acme/panel.html", "<p>Ours, of acme</p>"), ("admin/audit.html", "<p>Ours, of core</p>")):
        (own / name).parent.mkdir(parents=True)
        (own / name).write_text(text)
    sign_in(client, "owner")
    assert "Ours, of acme" in client.get("/admin/x/acme/").text
    assert client.get("/admin/audit").text == "<p>Ours, of core</p>"


def test_its_words_are_its_own_and_fall_back(client: FlaskClient, committed: World, instance: Instance) -> None:
    with instance.database.write() as session:
        session.scalars(select(Person).where(Person.email == "owner@example.com")).one().locale = "sv"
    sign_in(client, "owner")
    page = client.get("/admin/x/acme/").text
    assert "<h1>Hejsan</h1>" in page and "God dag, &lt;b&gt;Olga" in page and "3 tälten" in page
    assert "Din tur" in page, "a shared part speaks core's language"
    assert "<p>Kampanjer</p>" in page, "what it has no word for is asked of core"
    assert "Acme&#39;s corner" in page, "what no catalogue has stays as it was written"
    own = texts("acme")
    with in_locale("sv"):
        assert [str(own.counted("%(num)s tent", "%(num)s tents", n)) for n in (1, 2)] == ["1 tält", "2 tälten"]
        assert str(own.meant("greeting", "Hello")) == "Hej på dig"


def test_the_portal_has_the_plugins_of_the_brands_one_works_with(
    app: Flask, client: FlaskClient, committed: World, instance: Instance
) -> None:
    sign_in(client, "influencer")
    assert client.get("/portal/x/acme/").status_code == 404, "no brand, no plugin"
    with instance.database.write() as session:
        scene.build(session, committed)
    page = client.get("/portal/x/acme/")
    assert page.status_code == 200 and "<h1>Your corner</h1>" in page.text
    assert 'href="/portal/x/acme/"' in client.get("/portal/").text
    request = heard("hello")
    assert (request.brand, request.brands) == (None, (committed.brand.public_id,))
    assert request.influencer == committed.influencer.public_id
    brand, person = committed.brand, committed.influencer
    assert request.names == {brand.public_id: brand.name, person.public_id: person.display_name}
    switch(instance, committed, False, committed.brand.id)
    assert client.get("/portal/x/acme/").status_code == 404
    assert "/x/acme/" not in client.get("/portal/").text
    assert sign_in(app.test_client(), "owner").get("/portal/x/acme/").status_code == 403


def places(stage: scene.Stage) -> dict[str, tuple[str, str]]:
    """Each place: its page, and the subject that a panel there is told."""
    with_id = stage.collaboration.public_id
    return {
        "dashboard": ("/admin/", ""),
        "campaign": (f"/admin/campaigns/{stage.campaign.public_id}", stage.campaign.public_id),
        "collaboration": (f"/admin/collaborations/{with_id}", with_id),
        "portal_home": ("/portal/", ""),
        "portal_deal": (f"/portal/offers/{with_id}", with_id),
    }


def test_panels_stand_in_their_places(
    app: Flask, client: FlaskClient, committed: World, instance: Instance, caplog: pytest.LogCaptureFixture
) -> None:
    with instance.database.write() as session:
        stage = scene.build(session, committed)
        person = session.get_one(Collaboration, stage.collaboration.id).relationship_id
        record = session.get_one(scene.Relationship, person)
        subject, called = record.public_id, "As the brand calls them"
        record.display_name = called
    every = places(stage) | {"influencer": (f"/admin/people/{subject}", subject)}
    brand, phone = sign_in(app.test_client(), "owner"), sign_in(client, "influencer")
    for failing in ("", "panel", "title"):
        module("acme").FAILING.add(failing)
        for place, (url, told) in every.items():
            page = (phone if place.startswith("portal") else brand).get(url)
            assert page.status_code == 200, (place, page.text)
            boxes = 2 if place == "dashboard" else 1
            assert page.text.count("Box of acme") == (0 if failing else boxes), place
            what, request, subject = module("acme").HEARD[-1]
            assert (what, subject, request.brands) == ("panel", told, (committed.brand.public_id,)), place
            nobody = place in ("dashboard", "campaign")
            assert request.influencer == (None if nobody else committed.influencer.public_id), place
            own = committed.influencer.display_name if place.startswith("portal") else called
            person = {} if nobody else {committed.influencer.public_id: own}
            assert request.names == {committed.brand.public_id: committed.brand.name} | person, place
            if failing:
                number = re.search(r"<code>([0-9a-f]{8})</code>", page.text)[1]  # type: ignore[index]
                assert f"incident {number}" in caplog.text


TOLD = """
from samverk import Face, Panel, Place, Plugin, PluginPage, Redirect, SettingField, T, View, hookimpl

ASKED = []

def page(request):
    ASKED.append(request)
    return Redirect()

def box(request, subject):
    ASKED.append(request)
    return View("x/house/none.html")

class Told(Plugin):
    name = "house"
    title = T("Told")
    api_version = 1
    settings = (SettingField("note", T("Note"), required=False, default="usual"),)

    @hookimpl
    def register_pages(self):
        return [PluginPage("", T("Told"), page), PluginPage("", T("Told"), page, face=Face.PORTAL)]

    @hookimpl
    def register_panels(self):
        return [Panel(Place.PORTAL_HOME, T("Told"), box), Panel(Place.PORTAL_DEAL, T("Told"), box)]

plugin = Told()
"""


def test_in_the_portal_settings_are_a_brands_where_one_is_meant(
    app_with: Callable[[str], Flask], committed: World, instance: Instance
) -> None:
    app = app_with(TOLD)
    with instance.database.write() as session:
        stage = scene.build(session, committed)
        for brand, note in ((committed.brand, "ours"), (None, "for all")):
            told = (session, committed.owner, instance.plugins, instance.keyring)
            assert not save_settings(*told, plugin="house", brand=brand, raw={"note": note})
    urls = places(stage)
    brand, phone = sign_in(app.test_client(), "owner"), sign_in(app.test_client(), "influencer")
    for browser, url, note in (
        (brand, "/admin/x/house/", "ours"),
        (phone, "/portal/x/house/", "for all"),
        (phone, urls["portal_home"][0], "for all"),
        (phone, urls["portal_deal"][0], "ours"),
    ):
        assert browser.get(url).status_code in (200, 303), url
        assert module("house").ASKED[-1].settings == {"note": note}, url


def test_panels_and_pages_cost_one_statement(client: FlaskClient, committed: World, instance: Instance) -> None:
    sign_in(client, "owner")
    client.get("/admin/")
    with statements(instance.database.engine) as seen:
        assert "Box of acme" in client.get("/admin/").text
    assert len([statement for statement in seen if "plugin_switch" in statement]) == 1


@pytest.mark.parametrize(
    ("kind", "given"),
    [(Redirect, {"path": 5}), (Redirect, {"message": "Saved."}), (View, {"template": None}), (View, {"values": [1]})],
)
def test_an_answer_of_wrong_parts_fails_where_it_is_made(kind: Any, given: Any) -> None:
    """Within the plugin, so that what it wrote with it is undone and its failure is counted."""
    with pytest.raises(TypeError, match=f"{kind.__name__}\\.{next(iter(given))} takes"):
        kind(**{"template": "x/acme/hello.html"} | given if kind is View else given)
