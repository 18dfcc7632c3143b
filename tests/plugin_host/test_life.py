"""The life of a plugin on a filled database: installed, switched, upgraded, gone, back, and removed for good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, select, text

from core import clock, events, outbox, schedule, wiring
from core.audit import AuditEntry
from core.campaigns.models import BriefVersion
from core.collaborations.models import Collaboration
from core.content.events import DeliverableApproved
from core.content.models import Deliverable
from core.earnings.models import ComponentHold, Earning
from core.instance import Instance
from core.outbox import OutboxJob
from core.plugin_host.models import PluginEntry, PluginHealth, PluginSetting, PluginSwitch
from core.plugin_host.pausing import purged, sync
from core.plugin_host.records import State
from core.plugin_host.roll import vanished
from core.plugin_host.saving import save_settings
from core.plugin_host.service import set_switch
from tests.collaborations import stage as theatre
from tests.plugin_host.tipping import Site, command, restarted, site, tips  # noqa: F401 - one is a fixture
from tests.tour import kind_of, links
from tests.world import World, build, sign_in

TIP = {"id": "c1", "model": "tip", "version": "1", "terms": {"currency": "EUR", "values": {"amount": 5_000}}}
BOTH = [TIP, {**theatre.fixed(60_000), "id": "c2"}]


EVER = datetime(2000, 1, 1, tzinfo=UTC)


class Life:
    """An installation over several starts, with what happened in it."""

    def __init__(self, site: Site, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
        self.site, self.here, self.monkeypatch = site, instance, monkeypatch
        self.world: World
        self.deal: int
        self.offered: str

    def restart(self) -> None:
        """A new process."""
        self.here.database.engine.dispose()
        self.here = restarted(self.here)
        wiring.connect(self.here)
        self.monkeypatch.setattr(theatre, "host", lambda: self.here.plugins)

    def minute(self) -> None:
        """The worker's clock, and all that it has to do."""
        wiring.tick(self.here)
        while outbox.drain(self.here.database):
            pass

    def upgraded(self) -> None:
        """Edition after edition is put into service."""
        assert command(self.here, "plugin", "upgrade", "tips").exit_code == 0
        self.restart()
        self.minute()

    def fill(self) -> None:
        """A signed deal, one that waits for signatures, an offer, notes, a setting and a secret."""
        with self.here.database.write() as session:
            self.world = build(session)
            stage = theatre.build(session, self.world)
            session.scalars(select(BriefVersion)).one().lines = []
            made, _ = stage.signed(components=BOTH)
            self.deal = made.id
            for name in ("Bea", "Cia"):
                known = theatre.person(session, self.world, name, f"{name}@example.com")
                offer = stage.offer(attach=False, components=BOTH, relationship=known)
                self.offered = offer.public_id
            raw = {"key": "tippy-top-secret", "tone": "kind"}
            brand = self.world.brand
            save_settings(
                session, self.world.owner, self.here.plugins, self.here.keyring, plugin="tips", brand=brand, raw=raw
            )  # fmt: skip
        self.minute()

    def approve(self, position: int) -> None:
        """A deliverable of the signed deal is approved."""
        with self.here.database.write() as session:
            row = session.scalars(
                select(Deliverable).where(Deliverable.collaboration_id == self.deal).order_by(Deliverable.position)
            ).all()[position]
            row.state, row.approved_at = "approved", clock.now()
            session.flush()
            events.publish(session, DeliverableApproved(deliverable_id=row.id, collaboration_id=self.deal))

    def earned(self, component: str = "c1") -> int:
        """What a component has earned, in minor units."""
        with self.here.database.session() as session:
            which = select(Earning.amount_minor).where(
                Earning.collaboration_id == self.deal, Earning.component_id == component
            )
            return sum(session.scalars(which))

    def holds(self) -> list[str]:
        """The components that are on hold, each with why."""
        with self.here.database.session() as session:
            rows = session.scalars(select(ComponentHold).where(ComponentHold.resolved_at.is_(None)))
            return [f"{row.component_id}: {row.reason['params']['model']}" for row in rows]

    def notes(self) -> list[str]:
        """The words of the plugin's rows."""
        with self.here.database.engine.connect() as connection:
            return list(connection.execute(text("select words from x_tips_note order by words")).scalars())

    def app(self) -> Flask:
        """The pages."""
        from wsgi import make_app

        app = make_app(self.here)
        app.config["WTF_CSRF_ENABLED"] = False
        return app

    def walk(self) -> dict[str, str]:
        """Every page that the owner and the influencer reach, none broken."""
        app, seen = self.app(), {}
        for who, start in (("owner", "/admin/"), ("influencer", "/portal/")):
            browser, todo, counts = sign_in(app.test_client(), who), [start], {}
            while todo:
                path = todo.pop(0)
                kind = (who, kind_of(app, path))
                counts[kind] = counts.get(kind, 0) + 1
                if (who, path) in seen or counts[kind] > 6:
                    continue
                answer = browser.get(path, buffered=True)
                assert answer.status_code < 500, f"{path} is broken for {who}"
                seen[who, path] = answer.text if answer.mimetype == "text/html" else ""
                todo += sorted(set(links(seen[who, path])) - {there for _, there in seen})
        assert len(seen) > 40
        return {path: html for (_, path), html in seen.items()}


@pytest.fixture
def life(site: Site, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Life]:  # noqa: F811
    """The first edition is installed and has done something."""
    site.install(1)
    made = Life(site, instance, monkeypatch)
    made.upgraded()
    made.fill()
    made.approve(0)
    assert (made.earned(), made.holds()) == (5_000, [])
    yield made
    made.here.database.engine.dispose()


def switch(life: Life, on: bool, *, brand: bool = False) -> None:
    with life.here.database.write() as session:
        brand_id = life.world.brand.id if brand else None
        set_switch(session, life.world.owner, plugin="tips", enabled=on, brand_id=brand_id)


def offers_tip(life: Life) -> bool:
    """Whether the brand may put a tip into a new offer."""
    from core.plugin_host.service import switches

    with life.here.database.session() as session:
        return "tip" in life.here.plugins.enabled("payment_models", switches(session, life.world.brand.id))


def test_installed_it_is_there_after_its_tables_are(site: Site, instance: Instance) -> None:  # noqa: F811
    assert "tips" not in restarted(instance).plugins.active
    site.install(1)
    assert "Run: samverk plugin upgrade tips" in command(instance, "plugin", "list").output
    command(instance, "plugin", "upgrade", "tips")
    assert re.search(r"tips +Active", command(instance, "plugin", "list").output)


def test_every_page_stands_while_it_is_on(life: Life) -> None:
    pages = life.walk()
    assert "/admin/x/tips/" in pages and "nightly" in pages["/admin/x/tips/"]
    assert "Tips and notes" in pages["/admin/plugins"]


@pytest.mark.parametrize("brand", [False, True])
def test_switched_off_nothing_new_uses_it_and_what_runs_goes_on(life: Life, brand: bool) -> None:
    assert offers_tip(life)
    switch(life, False, brand=brand)
    assert not offers_tip(life)
    listed = command(life.here, "plugin", "list").output
    assert ("samverk plugin switch tips on" in listed) is not brand
    life.approve(1)
    life.minute()
    assert (life.earned(), life.holds()) == (10_000, []), "a signed deal is paid by what was signed"
    pages = life.walk()
    assert "/admin/x/tips/" not in pages
    switch(life, True, brand=brand)
    assert offers_tip(life)
    assert "nightly" in life.notes(), "its rows wait"


def test_it_is_switched_in_a_terminal_too(life: Life) -> None:
    assert command(life.here, "plugin", "switch", "tips", "off", "--brand", "Havsro").exit_code == 0
    assert not offers_tip(life)
    assert command(life.here, "plugin", "switch", "tips", "on", "--brand", "Havsro").exit_code == 0
    assert offers_tip(life)
    assert "no plugin nobody" in command(life.here, "plugin", "switch", "nobody", "off").output


def test_upgraded_it_keeps_its_rows_its_settings_and_what_it_paid(life: Life) -> None:
    before = life.notes()
    life.site.install(2)
    life.restart()
    assert life.here.plugins.active.get("tips") is None, "its tables are those of the first edition"
    life.minute()
    assert life.holds() == ["c1: tip"], "until then nobody can tell what it pays"
    life.upgraded()
    life.minute()
    assert life.here.plugins.active["tips"].version == "2.0"
    assert before == [words for words in life.notes() if words in before] != []
    life.approve(1)
    assert (life.earned(), life.holds()) == (10_000, [])
    with life.here.database.session() as session:
        assert session.scalars(select(PluginEntry.version).where(PluginEntry.plugin == "tips")).one() == "2.0"
        assert len(session.scalars(select(PluginSetting)).all()) == 2
    life.walk()


def test_gone_it_is_named_and_what_it_pays_is_on_hold_until_it_is_back(life: Life) -> None:
    life.site.uninstall()
    life.restart()
    life.minute()
    assert life.holds() == ["c1: tip"]
    life.approve(1)
    assert (life.earned(), life.earned("c2")) == (5_000, 60_000), "what was booked stays, other parts go on"
    pages = life.walk()
    assert "Tips and notes" in pages["/admin/plugins"] and "not installed any more" in pages["/admin/plugins"]
    assert re.search(r"tips +Not found +1.0  Tips and notes", command(life.here, "plugin", "list").output)
    gone = pages["/admin/plugins/tips"]
    assert "What it pays is on hold until it is back." in gone and "samverk plugin purge tips" in gone
    assert "The plugin tips is not found." in command(life.here, "x", "tips", "count").output
    life.site.install(1)
    life.restart()
    life.minute()
    assert (life.earned(), life.holds()) == (10_000, []), "all that happened meanwhile is paid"
    with life.here.database.session() as session:
        assert vanished(session, life.here.plugins) == []
        assert session.scalars(select(PluginEntry.gone_at).where(PluginEntry.plugin == "tips")).one() is None


def test_gone_without_having_paid_anybody_it_holds_nothing(life: Life) -> None:
    with life.here.database.write() as session:
        session.execute(text("delete from plugin_entry"))
    life.site.install(1, init="        return [Tip] =>         return []")
    life.upgraded()
    life.site.uninstall()
    life.restart()
    life.minute()
    browser = sign_in(life.app().test_client(), "owner")
    for address in ("/admin/plugins", "/admin/plugins/tips"):
        page = browser.get(address).text
        assert "It is not installed any more." in page and "on hold" not in page
    assert browser.get("/admin/plugins/nobody").status_code == 404


def test_an_upgrade_that_failed_is_told_on_its_page(life: Life) -> None:
    life.site.install(2, _0002_stars="batch_op.add_column => int")
    failed = command(life.here, "plugin", "upgrade", "tips")
    assert failed.exit_code == 1 and failed.output.count("\n") == 1 and "TypeError" in failed.output
    life.restart()
    page = sign_in(life.app().test_client(), "owner").get("/admin/plugins/tips/installation").text
    assert "Run: samverk plugin upgrade tips" in page and "It failed last with: TypeError" in page


def test_a_broken_one_is_told_and_holds_what_it_pays(life: Life) -> None:
    life.site.install(1, init='name = "tip" => nmae = "tip"')
    life.restart()
    life.minute()
    (record,) = [one for one in life.here.plugins.records.values() if one.name == "tips"]
    assert record.state is State.BROKEN and life.holds() == ["c1: tip"]
    life.walk()
    life.site.install(1)
    life.restart()
    life.minute()
    assert life.holds() == []


def test_the_roll_is_called_by_one_statement_when_nothing_has_changed(life: Life) -> None:
    from core.plugin_host import roll
    from tests.plugin_host.foreign import statements

    with statements(life.here) as seen:
        roll.call(life.here.database, life.here.plugins)
    assert len([one for one in seen if not one.startswith("BEGIN")]) == 1


def finished(life: Life) -> None:
    """Every deal that the plugin pays has ended."""
    with life.here.database.write() as session:
        for made in session.scalars(select(Collaboration)):
            made.state = "completed"


def left(life: Life) -> dict[str, int]:
    """What there is of the plugin."""
    tables = inspect(life.here.database.engine).get_table_names()
    found = {"tables": len([name for name in tables if name.startswith("x_tips_")])}
    with life.here.database.session() as session:
        for model in (PluginSetting, PluginSwitch, PluginHealth, PluginEntry):
            found[model.__tablename__] = len(session.scalars(select(model).where(model.plugin == "tips")).all())
        found["plugin_health"] -= len(purged(session, EVER))
        jobs = session.scalars(select(OutboxJob).where(OutboxJob.kind.startswith("plugins.")))
        found["jobs"] = len([job for job in jobs if job.payload["plugin"] == "tips"])
    return found


def test_while_a_deal_is_paid_by_it_it_is_not_removed(life: Life) -> None:
    on = command(life.here, "plugin", "purge", "tips", "--yes")
    assert on.exit_code == 1 and "Switch the plugin off" in on.output
    switch(life, False)
    for uninstall in (False, True):
        if uninstall:
            life.site.uninstall()
        refused = command(life.here, "plugin", "purge", "tips", "--yes")
        assert refused.exit_code == 1 and "Aino Laine in Autumn tents is paid by this plugin." in refused.output
    assert left(life)["tables"] == 3 and life.notes()


@pytest.mark.parametrize("gone", [False, True])
def test_purged_nothing_of_it_is_left(life: Life, gone: bool) -> None:
    switch(life, False)
    finished(life)
    if gone:
        life.site.uninstall()
        life.restart()
        life.minute()
    touched = ("x_tips", "plugin_", "outbox", "audit")
    others = {name: count for name, count in rows(life).items() if not name.startswith(touched)}
    asked = command(life.here, "plugin", "purge", "tips", typed="tip\n")
    assert asked.exit_code == 1 and "Nothing was removed." in asked.output and left(life)["tables"] == 3
    told = command(life.here, "plugin", "purge", "tips", typed="tips\n")
    assert told.exit_code == 0, told.output
    assert re.search(r"x_tips_note +\d+ rows", told.output) and re.search(r"secrets +1\b", told.output)
    found = left(life)
    assert found.pop("plugin_switch") == (0 if gone else 1), "one that is still installed stays off"
    assert set(found.values()) == {0}
    after = rows(life)
    assert {name: after[name] for name in others} == others, "nothing of core or of another plugin went"
    with life.here.database.session() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "plugin.purged"))
        assert (entry.actor_name, (entry.detail or {})["secrets"]) == ("samverk plugin", 1)
    life.restart()
    life.minute()
    life.walk()
    if gone:
        assert "tips" not in command(life.here, "plugin", "list").output
        assert "There is no such plugin." in command(life.here, "plugin", "purge", "tips", "--yes").output


@pytest.mark.parametrize("gone", [False, True])
def test_processes_that_still_have_it_write_nothing_back(life: Life, gone: bool) -> None:
    switch(life, False)
    finished(life)
    life.minute()
    if gone:
        life.site.uninstall()
    told = command(life.here, "plugin", "purge", "tips", "--yes")
    assert told.exit_code == 0 and "If Samverk runs, restart it" in told.output
    old, record = life.here.plugins, life.here.plugins.active["tips"]
    old.fence.health.failed("tips", "OperationalError: no such table: x_tips_note")
    for _ in range(2):
        sync(life.here.database, old.fence.health)
        life.minute()
    refused = old.call("tips", lambda: pytest.fail("it was asked"))
    assert str(getattr(refused, "reason", "")).endswith("Samverk must be restarted.")
    found = left(life)
    assert (found.pop("plugin_switch"), set(found.values())) == (0 if gone else 1, {0})
    assert (
        f"All that the plugin {record.title} kept was removed."
        in sign_in(life.app().test_client(), "owner").get("/admin/plugins").text
    )
    life.site.install(1)
    life.upgraded()
    switch(life, True)
    sync(life.here.database, life.here.plugins.fence.health)
    assert life.here.plugins.fence.health.paused == {}
    assert (left(life)["plugin_entry"], left(life)["tables"]) == (1, 3)
    with life.here.database.session() as session:
        assert not purged(session, EVER), "it is here again"


def rows(life: Life) -> dict[str, int]:
    with life.here.database.engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return {name: connection.execute(text(f"select count(*) from {name}")).scalar_one() for name in names}


def test_a_plugin_that_the_roll_never_met_is_found_by_what_it_left(life: Life) -> None:
    finished(life)
    with life.here.database.write() as session:
        session.execute(text("delete from plugin_entry"))
    life.site.uninstall()
    assert re.search(r"tips +Not found", command(life.here, "plugin", "list").output)
    assert command(life.here, "plugin", "purge", "tips", "--yes").exit_code == 0
    assert set(left(life).values()) == {0}


def test_jobs_that_are_done_are_forgotten_after_a_month(life: Life) -> None:
    def jobs() -> dict[str, Any]:
        with life.here.database.session() as session:
            return {job.kind: job for job in session.scalars(select(OutboxJob)) if job.kind != outbox.SWEEP}

    with life.here.database.write() as session:
        outbox.enqueue(session, "nobody.does.this", {})
    life.minute()
    before, start = jobs(), clock.now()
    assert "plugins.job" in before
    with clock.frozen(start + timedelta(days=29)):
        life.minute()
        assert before["plugins.job"].id in {job.id for job in all_jobs(life)}
    with clock.frozen(start + timedelta(days=31)):
        life.minute()
        kept = {job.id for job in all_jobs(life)}
        assert before["plugins.job"].id not in kept
        assert before["nobody.does.this"].id in kept, "what was not done stays"


def all_jobs(life: Life) -> list[OutboxJob]:
    with life.here.database.session() as session:
        return list(session.scalars(select(OutboxJob)))


def test_a_run_of_a_long_stretch_is_not_forgotten_within_it(life: Life) -> None:
    life.site.install(1, init="every=timedelta(days=1) => every=timedelta(days=90)")
    life.restart()
    start = clock.now()
    stretch = timedelta(days=90).total_seconds()
    begin = start + timedelta(seconds=stretch - start.timestamp() % stretch)
    with life.here.database.write() as session:
        session.execute(text("delete from x_tips_note"))  # so that the job has not done its work before
    with clock.frozen(begin + timedelta(hours=1)):
        life.minute()
    with clock.frozen(begin + timedelta(days=60)):
        life.minute()
        life.minute()
    runs = [job.created_at for job in all_jobs(life) if job.kind == schedule.RUN and job.created_at > begin]
    assert runs == [begin + timedelta(hours=1)] * 2, "one for each brand, in all the time"
