"""The end of a plugin on a filled database: removed for good, with nothing of it left or written back."""

# ruff: noqa: F811 - fixtures come from the neighbours

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import inspect, select, text

from core import clock, outbox, schedule
from core.audit import AuditEntry
from core.collaborations.models import Collaboration
from core.outbox import OutboxJob
from core.plugin_host.models import PluginEntry, PluginHealth, PluginSetting, PluginSwitch
from core.plugin_host.pausing import purged, sync
from tests.plugin_host.living import Life, life, offers_tip, switch  # noqa: F401 - one is a fixture
from tests.plugin_host.tipping import Site, command, restarted, site, tips  # noqa: F401 - one is a fixture
from tests.world import sign_in

EVER = datetime(2000, 1, 1, tzinfo=UTC)


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


def test_the_page_of_a_plugin_that_is_gone_tells_what_keeps_it_from_being_removed(life: Life) -> None:
    life.site.uninstall()
    life.restart()
    life.minute()
    person, refused = "Aino Laine in Autumn tents is paid by this plugin.", "This is refused as long as running"

    def told(who: str) -> tuple[bool, bool]:
        page = sign_in(life.app().test_client(), who).get("/admin/plugins/tips").text
        assert "samverk plugin purge tips" in page
        return refused in page, person in page

    assert told("owner") == (True, True)
    assert told("outsider") == (True, False), "whose deals they are is for the installation's admin alone"
    finished(life)
    assert told("owner") == (False, False)


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
