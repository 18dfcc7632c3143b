"""`samverk plugin run`: a job now, for whom the clock would run it, through the fence."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.instance import Instance
from core.outbox import OutboxJob
from core.plugin_host.service import set_switch
from tests.plugin_host.foreign import acme, install, module  # noqa: F401 - the first is a fixture
from tests.plugin_host.tipping import command
from tests.world import World

pytestmark = pytest.mark.usefixtures("acme")


def heard() -> list[str]:
    """The brands that the job ran for."""
    return [brand for what, brand in module("acme").HEARD if what == "nightly"]


def test_it_runs_wherever_the_clock_would(instance: Instance, committed: World) -> None:
    answer = command(instance, "plugin", "run", "acme", "nightly")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout.splitlines() == [
        f"nightly ran for {brand.name}." for brand in (committed.brand, committed.other_brand)
    ]
    assert heard() == [committed.brand.public_id, committed.other_brand.public_id]
    with instance.database.session() as session:
        assert session.scalar(select(func.count(OutboxJob.id))) == 0, "nothing is left for the worker"


def test_it_runs_for_the_brand_that_is_named(instance: Instance, committed: World) -> None:
    answer = command(instance, "plugin", "run", "acme", "nightly", "--brand", committed.other_brand.public_id)
    assert answer.stdout == f"nightly ran for {committed.other_brand.name}.\n"
    assert heard() == [committed.other_brand.public_id]
    assert (
        "There is no brand called Nobody"
        in command(instance, "plugin", "run", "acme", "nightly", "--brand", "Nobody").stderr
    )


def test_not_where_the_plugin_is_off(instance: Instance, committed: World) -> None:
    with instance.database.write() as session:
        set_switch(session, committed.owner, plugin="acme", enabled=False, brand_id=committed.brand.id)
    assert committed.brand.name not in command(instance, "plugin", "run", "acme", "nightly").stdout
    named = command(instance, "plugin", "run", "acme", "nightly", "--brand", "Havsro")
    assert (named.exit_code, named.stderr) == (1, "Error: The plugin acme is switched off for Havsro.\n")
    with instance.database.write() as session:
        set_switch(session, committed.owner, plugin="acme", enabled=False)
    everywhere = command(instance, "plugin", "run", "acme", "nightly")
    assert everywhere.stderr == "Error: The plugin acme is switched off for every brand there is.\n"


def test_a_run_that_fails_is_told_and_the_others_go_on(
    instance: Instance, committed: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    command(instance, "plugin", "run", "acme", "nightly")
    module("acme").FAILING.add("nightly")
    monkeypatch.setenv("SAMVERK_TRACE_PLUGINS", "1")
    answer = command(instance, "plugin", "run", "acme", "nightly")
    assert answer.exit_code == 1 and answer.stdout == ""
    told = "The plugin Acme's corner failed: RuntimeError: nightly is out of order."
    for brand in (committed.brand, committed.other_brand):
        assert f"nightly failed for {brand.name}. {told}" in answer.stderr
        assert f"plugin acme nightly brand={brand.public_id}" in answer.stderr
    assert any(one.exc_info for one in caplog.records if one.name == "samverk.plugins"), "with the traceback"


def test_it_says_what_it_cannot_do(instance: Instance, committed: World) -> None:
    wrong = command(instance, "plugin", "run", "acme", "weekly")
    assert (wrong.exit_code, wrong.stderr) == (1, "Error: The plugin acme has no job weekly. Its jobs: nightly\n")
    assert "has no job nightly. Its jobs: none" in command(instance, "plugin", "run", "other", "nightly").stderr
    assert "There is no plugin nobody" in command(instance, "plugin", "run", "nobody", "nightly").stderr


SITE = """
from samverk import Job, Plugin, PluginScope, T, hookimpl

def sweep(ctx):
    assert ctx.brand is None

class Broom(Plugin):
    name = "broom"
    title = T("Broom")
    api_version = 1
    scope = PluginScope.SITE

    @hookimpl
    def register_jobs(self):
        return [Job("sweep", T("Sweep"), sweep)]

plugin = Broom()
"""


def test_of_a_plugin_of_the_installation_it_runs_once(
    instance: Instance, committed: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "broom", SITE)
    assert command(instance, "plugin", "run", "broom", "sweep").stdout == "sweep ran for the installation.\n"
    named = command(instance, "plugin", "run", "broom", "sweep", "--brand", "Havsro")
    assert named.stderr == "Error: The plugin broom works for the installation: leave out --brand.\n"
