"""The door to a plugin's own rows: open for the length of a call, kept or undone as the call ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, func, insert, select, table, text, update

from core import outbox, wiring
from core.accounts.models import Person
from core.audit import AuditEntry
from core.deals.evaluate import evaluate
from core.instance import Instance
from core.plugin_host import forgetting
from core.plugin_host.calls import PluginFailed
from core.plugin_host.saving import save_settings
from samverk import Component, Context, PageRequest, Terms
from tests.collaborations import stage as theatre
from tests.plugin_host.tipping import Site, command, restarted, site, tips  # noqa: F401 - one is a fixture
from tests.world import World, build, sign_in


@pytest.fixture
def here(site: Site, instance: Instance) -> Instance:  # noqa: F811
    """An installation with the plugin and its tables."""
    site.install()
    assert command(instance, "plugin", "upgrade", "tips").exit_code == 0
    with instance.database.write() as session:
        instance.__dict__["people"] = build(session)
    return instance


@pytest.fixture
def world(here: Instance) -> World:
    """Its people."""
    found: World = here.__dict__["people"]
    return found


@pytest.fixture
def browser(here: Instance) -> FlaskClient:
    """The owner's."""
    from wsgi import make_app

    app = make_app(here)
    app.config["WTF_CSRF_ENABLED"] = False
    return sign_in(app.test_client(), "owner")


def kept(here: Instance) -> list[str]:
    """The words of all notes."""
    with here.database.engine.connect() as connection:
        return list(connection.execute(text("select words from x_tips_note order by words")).scalars())


def doing(what: str, act: Callable[[Any], object]) -> None:
    tips().DOING[what] = act


def fail(_asked: object) -> None:
    raise RuntimeError("out of order")


def work(here: Instance) -> None:
    while outbox.drain(here.database):
        pass


def test_a_page_keeps_what_it_took_and_shows_it(here: Instance, browser: FlaskClient) -> None:
    assert browser.post("/admin/x/tips/", data={"words": "Bring boots"}).status_code == 303
    assert kept(here) == ["Bring boots"]
    assert "Bring boots" in browser.get("/admin/x/tips/").text
    assert "1 notes" in browser.get("/admin/").text


def test_what_a_page_refuses_or_fails_at_is_undone(here: Instance, browser: FlaskClient) -> None:
    browser.post("/admin/x/tips/", data={"words": ""})
    assert kept(here) == []
    doing("page", lambda request: (request.data.flush(), fail(request)))
    assert browser.post("/admin/x/tips/", data={"words": "Bring boots"}).status_code == 500
    assert kept(here) == []
    tips().DOING.clear()
    assert browser.post("/admin/x/tips/", data={"words": "Bring boots"}).status_code == 303


def test_who_sends_no_referrer_reads_what_was_refused_on_the_plugins_page(browser: FlaskClient) -> None:
    answer = browser.post("/admin/x/tips/?at=2", data={"words": ""})
    assert (answer.status_code, answer.location) == (303, "/admin/x/tips/?at=2")
    assert "Write something." in browser.get(answer.location).text
    sent = {"Referer": "http://localhost/admin/campaigns"}
    assert browser.post("/admin/x/tips/", data={"words": ""}, headers=sent).location == "/admin/campaigns"


def test_what_cannot_be_kept_is_the_plugins_failure(
    here: Instance, browser: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    browser.post("/admin/x/tips/", data={"words": "Bring boots"})
    with caplog.at_level("ERROR"):
        assert browser.post("/admin/x/tips/", data={"words": "Bring boots"}).status_code == 500
    assert kept(here) == ["Bring boots"]
    if here.database.engine.dialect.name == "sqlite":  # PostgreSQL itself quotes the row
        assert "UNIQUE constraint failed" in caplog.text and "Bring boots" not in caplog.text


@pytest.mark.parametrize("what", ["read", "panel"])
def test_a_get_and_a_panel_only_read(here: Instance, browser: FlaskClient, what: str) -> None:
    said = []

    def write(request: PageRequest) -> None:
        with pytest.raises(LookupError) as refused:
            request.data.execute(insert(tips().Note).values(brand="b", words="x"))
        said.append(str(refused.value))

    doing(what, write)
    assert browser.get("/admin/x/tips/" if what == "read" else "/admin/").status_code == 200
    assert said == ["this call only reads: write in a POST, a job, an observer or a command"] and kept(here) == []


STRANGE = {
    "a row": lambda note: select(Person),
    "a column": lambda note: select(Person.email),
    "a subquery": lambda note: select(note).where(note.id.in_(select(Person.id))),
    "a join": lambda note: select(note).join(Person, Person.id == note.id),
    "a name alone": lambda note: select(func.count()).select_from(table("person")),
    "a deletion": lambda note: delete(Person),
    "a change from elsewhere": lambda note: update(note).values(words=select(Person.name).scalar_subquery()),
    "a copy": lambda note: insert(note).from_select(["words"], select(Person.name)),
    "a common table": lambda note: select(select(Person.id).cte("found")),
    "a text": lambda note: text("select * from person"),
    "a text in it": lambda note: select(note).where(text("1 = (select count(*) from person)")),
}


@pytest.mark.parametrize("strange", STRANGE, ids=lambda name: name.replace(" ", "-"))
def test_no_other_table_is_reached(here: Instance, browser: FlaskClient, strange: str) -> None:
    refused = []

    def reach(request: PageRequest) -> None:
        with pytest.raises(LookupError) as said:
            request.data.execute(STRANGE[strange](tips().Note))
        refused.append(str(said.value))

    doing("page", reach)
    assert browser.post("/admin/x/tips/", data={"words": "mine"}).status_code == 303
    assert len(refused) == 1 and kept(here) == ["mine"]


def test_rows_of_others_are_not_taken(here: Instance, browser: FlaskClient) -> None:
    for reach in (lambda data: data.get(Person, 1), lambda data: data.add(Person(name="x", email="x@example.com"))):
        doing("page", lambda request, reach=reach: reach(request.data))
        assert browser.post("/admin/x/tips/", data={"words": "mine"}).status_code == 500
    assert kept(here) == []


def test_its_own_statements_all_work(here: Instance, browser: FlaskClient) -> None:
    def every(request: PageRequest) -> None:
        note, answer, data = tips().Note, tips().Answer, request.data
        data.execute(insert(note), [{"brand": "b", "words": "one"}, {"brand": "b", "words": "two"}])
        one = data.scalar(select(note).where(note.words == "one"))
        data.add(answer(note_id=one.id))
        data.flush()
        joined = select(note.words).join(answer).where(answer.id.in_(select(answer.id)))
        assert data.scalars(joined).all() == ["one"]
        data.execute(update(note).where(note.words == "two").values(words="second"))
        data.execute(delete(answer))
        assert data.get(note, one.id) is one and data.scalar(select(func.count(answer.id))) == 0

    doing("page", every)
    assert browser.post("/admin/x/tips/", data={"words": "mine"}).status_code == 303
    assert kept(here) == ["mine", "one", "second"]


def test_jobs_observers_and_commands_write(here: Instance, world: World) -> None:
    wiring.connect(here)
    wiring.tick(here)
    work(here)
    assert kept(here) == ["nightly", "nightly"], "one for each brand"
    with here.database.write() as session:
        made, _ = theatre.build(session, world).signed()
    work(here)
    assert f"agreed {made.public_id}" in kept(here)
    assert command(here, "x", "tips", "--brand", "Havsro", "note", "typed").exit_code == 0
    assert command(here, "x", "tips", "note", "not this", "--code", "3").exit_code == 3
    assert "typed" in kept(here) and "not this" not in kept(here)


def test_a_job_that_fails_keeps_nothing_and_does_it_all_again(here: Instance, world: World) -> None:
    wiring.connect(here)
    doing("nightly", lambda ctx: (ctx.data.flush(), fail(ctx)))
    wiring.tick(here)
    outbox.drain(here.database)
    assert kept(here) == []
    tips().DOING.clear()
    with here.database.write() as session:
        session.execute(update(outbox.OutboxJob).values(run_after=outbox.OutboxJob.created_at))
    work(here)
    assert kept(here) == ["nightly", "nightly"]


def test_who_reads_first_may_write_after_somebody_else_has(here: Instance, browser: FlaskClient) -> None:
    """On SQLite a transaction that has begun to read could not write any more."""

    def slowly(request: PageRequest) -> None:
        assert request.data.scalar(select(func.count()).select_from(tips().Answer)) == 0
        with here.database.write() as session:
            session.execute(update(Person).values(name="Somebody"))
        request.data.add(tips().Note(brand="b", words="after"))

    doing("first", slowly)
    assert browser.post("/admin/x/tips/", data={"words": "before"}).status_code == 303
    assert kept(here) == ["after", "before"]


def test_no_door_stands_in_pure_calls(here: Instance, world: World) -> None:
    host = restarted(here).plugins
    seen: list[Context] = []
    plugin = host.active["tips"].plugin
    plugin.check_settings = lambda ctx: seen.append(ctx) or ()  # type: ignore[method-assign, union-attr]
    with here.database.write() as session:
        raw = {"tone": "kind"}
        save_settings(session, world.owner, host, here.keyring, plugin="tips", brand=world.brand, raw=raw)
    with pytest.raises(LookupError, match="no data here"):
        seen[0].data.scalars(select(tips().Note))
    assert not evaluate(host, [Component("c", "tip", Terms("EUR", {"amount": 5}), "1")], []).holds


def test_a_plugin_forgets_a_person_in_every_brand(here: Instance, world: World) -> None:
    wiring.connect(here)
    rows = [("", "site"), (world.brand.public_id, "ours"), (world.other_brand.public_id, "theirs")]
    note, aino = tips().Note, world.influencer.public_id
    with here.database.write() as session:
        values = [{"brand": brand, "words": words, "person": aino} for brand, words in rows]
        session.execute(insert(note), [*values, {"brand": "", "words": "another's", "person": "other"}])
    with here.database.write() as session:
        brands = [world.brand.public_id]
        assert forgetting.ask(session, here.plugins, person=aino, brands=brands) == 2
    work(here)
    assert kept(here) == ["another's", "theirs"], "a brand that does not know the person is not asked"


def test_an_operator_lets_the_plugins_forget_a_person(here: Instance, world: World) -> None:
    wiring.connect(here)
    note, aino = tips().Note, world.influencer.public_id
    with here.database.write() as session:
        theatre.person(session, world, "Aino", "aino@example.com").influencer_id = world.influencer.id
        rows = [("", aino), (world.brand.public_id, aino), (world.other_brand.public_id, aino), ("", "other")]
        session.execute(insert(note), [{"brand": b, "person": p, "words": f"{b}{p}"} for b, p in rows])
    refused = command(here, "plugin", "forget", "nobody@example.com")
    assert refused.exit_code == 1 and "No influencer has an account" in refused.output
    told = command(here, "plugin", "forget", " Influencer@example.com")
    assert told.exit_code == 0 and "2 in all" in told.output
    work(here)
    assert set(kept(here)) == {f"{world.other_brand.public_id}{aino}", "other"}, "whom a brand does not know"
    with here.database.session() as session:
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "plugin.forget")).one()


def test_a_plugin_that_cannot_forget_is_asked_again(here: Instance, world: World) -> None:
    wiring.connect(here)
    tips().Tips.forget = lambda self, person, ctx: fail(ctx)
    with here.database.write() as session:
        forgetting.ask(session, here.plugins, person="x", brands=[])
    outbox.drain(here.database)
    with here.database.session() as session:
        (job,) = session.scalars(select(outbox.OutboxJob).where(outbox.OutboxJob.kind == forgetting.FORGET))
        assert (job.state, job.attempts) == ("pending", 1) and PluginFailed.__name__ in (job.last_error or "")
