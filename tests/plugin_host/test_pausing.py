"""A plugin that fails again and again is paused for all processes, and comes back by a probe or by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core import clock, outbox, schedule, wiring
from core.earnings import queries
from core.earnings import service as earnings
from core.earnings.models import Earning
from core.instance import Instance
from core.outbox import OutboxJob
from core.plugin_host.board import Stuck
from core.plugin_host.fence import Fence
from core.plugin_host.health import Health
from core.plugin_host.host import PluginHost
from core.plugin_host.models import PluginHealth
from core.plugin_host.pausing import IN_A_ROW, resume, sync
from core.plugin_host.records import Failure
from core.tracking.models import Sale
from samverk import Text
from tests.databases import statements
from tests.payouts import stage as till
from tests.plugin_host.foreign import acme, module  # noqa: F401 - the first is a fixture
from tests.plugin_host.tipping import command
from tests.world import World, sign_in


@pytest.fixture
def moment() -> Iterator[list[datetime]]:
    """The time, which a test moves."""
    at = [datetime(2026, 11, 3, 5, tzinfo=UTC)]
    with clock.frozen(lambda: at[0]):
        yield at


class Process:
    """A process of the installation as far as plugins go: its own fence over the common database."""

    def __init__(self, instance: Instance) -> None:
        self.host, self.database = PluginHost([], Fence()), instance.database

    def ask(self, *, fails: bool = False, plugin: str = "acme") -> object:
        return self.host.call(plugin, (lambda: 1 / 0) if fails else (lambda: 3), returns=int)

    def sync(self) -> None:
        sync(self.database, self.host.fence.health)

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            assert isinstance(self.ask(fails=True), Failure)
        self.sync()

    @property
    def asked(self) -> bool:
        """Whether a call reaches the plugin."""
        heard: list[int] = []
        self.host.call("acme", heard.append, 1)
        return bool(heard)


@pytest.fixture
def web(instance: Instance, moment: list[datetime]) -> Process:
    return Process(instance)


@pytest.fixture
def worker(instance: Instance, moment: list[datetime]) -> Process:
    return Process(instance)


def row(instance: Instance) -> PluginHealth:
    with instance.database.session() as session:
        return session.scalars(select(PluginHealth).where(PluginHealth.plugin == "acme")).one()


def test_failures_in_a_row_are_counted_over_all_processes(web: Process, worker: Process, instance: Instance) -> None:
    web.fail(IN_A_ROW - 2)
    worker.fail()
    assert worker.asked, "four are not five"
    worker.host.fence.health.take()  # that this one went well is not told to the others
    web.fail()
    worker.sync()
    for process in (web, worker):
        refused = process.ask()
        assert isinstance(refused, Failure) and refused.paused
        assert str(refused.reason) == "The plugin acme is paused, since it failed several times in a row."
        assert not process.asked and process.ask(plugin="other") == 3
    found = row(instance)
    assert (found.calls, found.failures, found.in_a_row) == (IN_A_ROW, IN_A_ROW, IN_A_ROW)
    assert found.last_error == "ZeroDivisionError: division by zero" and found.failed_at == clock.now()


def test_an_error_that_quotes_what_no_database_takes_is_counted(
    web: Process, instance: Instance, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL", "samverk.plugins")  # what is logged could not be sent from one test process to another

    def fail() -> None:
        raise ValueError("no number: 1\x002\ud800")

    web.host.call("acme", fail)
    web.sync()
    assert row(instance).last_error == "ValueError: no number: 12"


def test_the_terminal_tells_it(web: Process, instance: Instance) -> None:
    assert "paused" not in command(instance, "plugin", "list").output
    for _ in range(IN_A_ROW):
        web.ask(fails=True, plugin="gifting")
    web.sync()
    listed = command(instance, "plugin", "list")
    assert listed.exit_code == 0
    said = "The plugin Gift is paused, since it failed several times in a row. The last error: ZeroDivisionError"
    assert said in listed.output and listed.output.count("paused") == 1


def test_one_that_went_well_ends_the_row(web: Process, worker: Process) -> None:
    web.fail(IN_A_ROW - 1)
    worker.ask()
    worker.sync()
    web.fail(IN_A_ROW - 1)
    assert web.asked


def test_a_row_is_within_an_hour(web: Process, moment: list[datetime]) -> None:
    web.fail(IN_A_ROW - 1)
    moment[0] += timedelta(minutes=61)
    web.fail()
    assert web.asked
    web.fail(IN_A_ROW)
    assert not web.asked


def test_the_probe_is_one_call_of_one_process_and_ends_the_pause(
    web: Process, worker: Process, instance: Instance, moment: list[datetime]
) -> None:
    web.fail(IN_A_ROW)
    moment[0] += timedelta(minutes=4)
    web.sync()
    assert not web.asked, "too early"
    moment[0] += timedelta(minutes=1)
    web.sync()
    worker.sync()
    assert not worker.asked, "it is the other's turn"
    assert web.ask() == 3
    assert not web.asked, "one call, until it is known how it went"
    web.sync()
    worker.sync()
    assert web.asked and worker.asked
    assert (row(instance).paused_at, row(instance).pauses) == (None, 0)


def test_a_probe_that_fails_doubles_the_pause(web: Process, instance: Instance, moment: list[datetime]) -> None:
    web.fail(IN_A_ROW)
    lengths = []
    for _ in range(9):
        probe_at = row(instance).probe_at
        assert probe_at
        lengths.append((probe_at - moment[0]).total_seconds() / 60)
        moment[0] = probe_at
        web.sync()
        web.fail()
    assert lengths == [5, 10, 20, 40, 80, 160, 320, 360, 360]


def test_the_turn_passes_on_when_it_is_not_used(web: Process, worker: Process, moment: list[datetime]) -> None:
    web.fail(IN_A_ROW)
    moment[0] += timedelta(minutes=5)
    web.sync()
    moment[0] += timedelta(minutes=6)
    worker.sync()
    assert not web.asked and worker.asked


def test_a_paused_plugin_costs_no_statement(web: Process, instance: Instance) -> None:
    web.fail(IN_A_ROW)
    with statements(instance.database.engine) as seen:
        web.ask()
    assert not seen


def test_what_could_not_be_written_down_is_kept(web: Process, instance: Instance, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from core.database import Database

    for _ in range(IN_A_ROW):
        web.ask(fails=True)
    away = Database(f"sqlite:///{tmp_path / 'not' / 'there.db'}")
    with pytest.raises(Exception, match="unable to open"):
        sync(away, web.host.fence.health)
    away.engine.dispose()
    assert web.asked
    web.host.fence.health.worked("quiet")
    web.sync()
    assert row(instance).calls == IN_A_ROW + 1


def test_one_that_a_process_hung_in_starts_paused(web: Process, worker: Process) -> None:
    web.host.fence.health.found_stuck([Stuck("acme", "nightly")])
    assert not web.asked, "before anything was read from the database"
    web.sync()
    worker.sync()
    refused = worker.ask()
    assert isinstance(refused, Failure) and "its process had to be ended" in str(refused.reason)


def test_jobs_wait_and_lose_no_try(
    acme: None,  # noqa: F811
    instance: Instance,
    committed: World,
    moment: list[datetime],
) -> None:
    wiring.connect(instance)
    wiring.tick(instance)
    instance.plugins.fence.health.found_stuck([Stuck("acme", "nightly")])
    sync(instance.database, instance.plugins.fence.health)
    moment[0] += timedelta(minutes=3)  # not yet the time of the probe
    while outbox.drain(instance.database):
        pass
    with instance.database.session() as session:
        jobs = session.scalars(select(OutboxJob).where(OutboxJob.kind == schedule.RUN)).all()
        assert {(job.state, job.attempts) for job in jobs} == {("pending", 0)} and len(jobs) == 2
    moment[0] += timedelta(days=1)
    wiring.tick(instance)
    with instance.database.session() as session:
        assert len(session.scalars(select(OutboxJob).where(OutboxJob.kind == schedule.RUN)).all()) == 2, "no new ones"
    assert not module("acme").HEARD
    sync(instance.database, instance.plugins.fence.health)
    while outbox.drain(instance.database):
        pass
    assert len(module("acme").HEARD) == 1, "the probe"
    sync(instance.database, instance.plugins.fence.health)
    moment[0] += timedelta(minutes=3)
    while outbox.drain(instance.database):
        pass
    assert len(module("acme").HEARD) == 2


def pause(instance: Instance, health: Health, plugin: str = "acme") -> None:
    for _ in range(IN_A_ROW):
        health.failed(plugin, "RuntimeError: hello is out of order")
    sync(instance.database, health)


def test_money_waits_for_a_paused_model_and_is_computed_when_it_is_back(
    instance: Instance, committed: World, moment: list[datetime]
) -> None:
    wiring.connect(instance)
    pause(instance, instance.plugins.fence.health, "commission")
    with instance.database.write() as session:
        stage = till.build(session, committed)
        sale = Sale(
            brand_id=committed.brand.id, external_id="A1", source="csv", code="AINO22", amount_minor=100_000,
            collaboration_id=stage.collaboration.id, currency="EUR", sold_at=clock.now(), state="credited",
        )  # fmt: skip
        session.add(sale)
        session.flush()
        assert earnings.recompute(session, instance.plugins, sale.collaboration_id) == []
        (hold,) = queries.holds_of(session, sale.collaboration_id)
        assert (hold.component_id, "Commission is paused" in str(Text.from_json(hold.reason))) == ("c2", True)
    with instance.database.write() as session:
        resume(session, committed.owner, "commission")
    sync(instance.database, instance.plugins.fence.health)
    while outbox.drain(instance.database):
        pass
    with instance.database.session() as session:
        assert queries.holds_of(session, sale.collaboration_id) == []
        assert session.scalars(select(Earning.amount_minor)).all() == [10_000]


@pytest.mark.usefixtures("acme")
def test_pages_pause_it_and_the_admin_resumes_it(
    app: Flask, client: FlaskClient, committed: World, instance: Instance
) -> None:
    sign_in(client, "owner")
    health = instance.plugins.fence.health
    module("acme").FAILING.add("hello")
    for _ in range(IN_A_ROW):
        assert client.get("/admin/x/acme/").status_code == 500
    sync(instance.database, health)
    told = "The plugin Acme&#39;s corner is paused, since it failed several times in a row."
    before = len(module("acme").HEARD)
    assert client.get("/admin/x/acme/").status_code == 503
    page = client.get("/admin/plugins").text
    assert told in page and ">Paused<" in page
    assert len(module("acme").HEARD) == before
    page = client.get("/admin/plugins/acme").text
    assert "RuntimeError: hello is out of order" in page and "Ask it again now" in page
    assert f"<dt>Calls</dt><dd>{IN_A_ROW}</dd>" in page and f"<dt>Failures</dt><dd>{IN_A_ROW}</dd>" in page
    assert told in client.get("/admin/campaigns").text

    module("acme").FAILING.clear()
    assert client.post("/admin/plugins/acme/resume").status_code == 303
    sync(instance.database, health)
    assert client.get("/admin/x/acme/").status_code == 200
    assert told not in client.get("/admin/plugins").text
    assert client.post("/admin/plugins/acme/resume", follow_redirects=True).text.count("This plugin is not paused.")


@pytest.mark.usefixtures("acme", "moment")
def test_its_page_says_why_and_nothing_of_it_is_an_incident(
    app: Flask, client: FlaskClient, committed: World, instance: Instance, caplog: pytest.LogCaptureFixture
) -> None:
    told = "The plugin Acme&#39;s corner is paused, since it failed several times in a row."
    pause(instance, instance.plugins.fence.health)
    with instance.database.write() as session:
        till.build(session, committed)  # the influencer works with the brand
    for name, address, leads in (
        ("owner", "/admin/x/acme/", True),
        ("viewer", "/admin/x/acme/", False),
        ("influencer", "/portal/x/acme/", False),
    ):
        page = sign_in(app.test_client(), name).get(address)
        assert page.status_code == 503 and page.text.count(told) == 1, name
        assert "Since 3 Nov 2026" in page.text and "One call is let through at 3 Nov 2026" in page.text
        assert ('href="/admin/plugins/acme"' in page.text) == leads != ("Come back later." in page.text)
    today = sign_in(app.test_client(), "viewer").get("/admin/")
    assert today.status_code == 200 and today.text.count(told) == 1
    sent = sign_in(app.test_client(), "owner").post("/admin/x/acme/orders/7", data={"note": "x"})
    assert sent.status_code == 503
    assert not [said for said in caplog.messages if "incident" in said] and not module("acme").HEARD


@pytest.mark.usefixtures("acme", "moment")
def test_who_sees_and_who_resumes(app: Flask, client: FlaskClient, committed: World, instance: Instance) -> None:
    told = "is paused, since it failed"
    pause(instance, instance.plugins.fence.health)
    for name, banner in (("owner", True), ("outsider", True), ("manager", False), ("viewer", False)):
        browser = sign_in(app.test_client(), name)
        assert (told in browser.get("/admin/campaigns").text) == banner, name
    assert told not in sign_in(app.test_client(), "influencer").get("/portal/").text
    other = sign_in(app.test_client(), "outsider")
    assert other.post("/admin/plugins/acme/resume").status_code == 403
    page = other.get("/admin/plugins/acme").text
    assert page.count(told) == 1 and "Ask it again" not in page
    assert ">Paused</span>" in page and ">Active</span>" not in page
    assert "Since 3 Nov 2026" in page and "One call is let through at 3 Nov 2026" in page
    assert "out of order" not in page, "an error may quote another brand's data"
