"""The example of pages, as a distribution somewhere else: every part of it works."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from core import clock, outbox, wiring
from core.cli.main import samverk
from core.instance import Instance
from core.plugin_host.records import State
from tests.content import stage as scene
from tests.plugin_host.foreign import install_example
from tests.plugin_host.test_observers import sell
from tests.world import World, sign_in


@pytest.fixture(autouse=True)
def margin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example is installed."""
    install_example(tmp_path, monkeypatch, "pages")


def test_it_is_short_and_active(instance: Instance) -> None:
    (module,) = (Path(__file__).parents[2] / "examples" / "pages").glob("*/__init__.py")
    assert len(module.read_text("utf-8").splitlines()) < 120
    assert (instance.plugins.active["order_margin"].state, instance.plugins.active["order_margin"].version) == (
        State.ACTIVE,
        "1.0",
    )


def test_its_page_reckons(app: Flask, client: FlaskClient, committed: World) -> None:
    sign_in(client, "manager")
    page = client.get("/admin/x/order_margin/?price=100&cost=30&discount=10&commission=20")
    assert page.status_code == 200 and "€42.00" in page.text
    assert 'href="/admin/x/order_margin/"' in page.text
    wrong = client.get("/admin/x/order_margin/?price=a+lot")
    assert wrong.status_code == 200 and "a lot is not a number." in wrong.text
    assert "These are not amounts" in client.get("/admin/x/order_margin/?price=1.001").text
    assert sign_in(app.test_client(), "viewer").get("/admin/x/order_margin/").status_code == 403


def test_its_cards_stand(client: FlaskClient, committed: World, instance: Instance) -> None:
    with instance.database.write() as session:
        stage = scene.build(session, committed)
    sign_in(client, "owner")
    for path in ("/admin/", f"/admin/campaigns/{stage.campaign.public_id}"):
        page = client.get(path).text
        assert "A typical order" in page and "€36.57" in page


def test_its_command_answers(instance: Instance) -> None:
    env = {"SAMVERK_INSTANCE": str(instance.settings.instance), "SAMVERK_DATABASE_URL": instance.settings.database_url}
    run = CliRunner().invoke
    told = run(samverk, ["x", "order_margin", "left", "89.00", "--cost", "30", "--commission", "12"], env=env)
    assert (told.exit_code, told.output) == (0, "48.32 EUR\n")
    assert run(samverk, ["x", "order_margin", "left", "much"], env=env).output == "Error: much is not a number.\n"


def test_its_observer_and_its_job_run(instance: Instance, committed: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "samverk_order_margin")
    with clock.frozen(datetime(2026, 11, 2, 12, 0, tzinfo=UTC)):
        wiring.connect(instance)
        with instance.database.write() as session:
            sell(session, committed, instance, 1)
        wiring.tick(instance)
        while outbox.drain(instance.database):
            pass
    assert f"order order 0 of {committed.brand.public_id} brought 10.00 EUR" in caplog.text
    assert f"brand {committed.other_brand.public_id}: a typical order leaves 36.57" in caplog.text
