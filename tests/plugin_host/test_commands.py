"""`samverk x`: the commands of plugins, with their brand, at their own cost."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner, Result

from core.cli.main import samverk
from core.errors import Invalid
from core.instance import Instance
from core.plugin_api.context import BadSignature
from core.plugin_api.text import T
from core.plugin_host.service import set_switch
from tests.plugin_host.foreign import acme, module  # noqa: F401 - the first is a fixture
from tests.world import World

pytestmark = pytest.mark.usefixtures("acme")


def run(instance: Instance, *args: str) -> Result:
    env = {
        "SAMVERK_INSTANCE": str(instance.settings.instance),
        "SAMVERK_DATABASE_URL": instance.settings.database_url,
        "SAMVERK_TESTING": "1",
    }
    return CliRunner().invoke(samverk, ["x", *args], env=env)


def test_they_are_listed_by_plugin(instance: Instance) -> None:
    assert "acme" in run(instance, "--help").output and "other" not in run(instance, "--help").output
    told = run(instance, "acme", "--help").output
    assert "Acme's corner" in told and "greet" in told and "Say hello." in told


def test_a_command_gets_its_brand(instance: Instance, committed: World) -> None:
    answer = run(instance, "acme", "--brand", "Havsro", "greet", "Ada")
    assert (answer.exit_code, answer.output) == (0, "Hello Ada\n")
    ((what, ctx),) = module("acme").HEARD
    assert (what, ctx.brand) == ("greet", committed.brand.public_id)
    assert run(instance, "acme", "greet", "Ada").exit_code == 0
    assert module("acme").HEARD[-1][1].brand is None
    assert "There is no brand called Nobody" in run(instance, "acme", "--brand", "Nobody", "greet", "Ada").output


def test_how_it_ends_is_its_own(instance: Instance) -> None:
    assert run(instance, "acme", "stop").exit_code == 7
    wrong = run(instance, "acme", "greet")
    assert wrong.exit_code == 2 and "Missing argument 'NAME'" in wrong.output


def test_what_it_raises_is_one_sentence(instance: Instance) -> None:
    run(instance, "acme", "greet", "Ada")
    module("acme").FAILING.add("greet")
    answer = run(instance, "acme", "greet", "Ada")
    assert answer.exit_code == click.ClickException.exit_code
    assert answer.output == "Error: The plugin Acme's corner failed: RuntimeError: greet is out of order.\n"


def test_switched_off_it_does_not_run(instance: Instance, committed: World) -> None:
    with instance.database.write() as session:
        set_switch(session, committed.owner, plugin="acme", enabled=False, brand_id=committed.brand.id)
    assert run(instance, "acme", "greet", "Ada").exit_code == 0
    answer = run(instance, "acme", "--brand", "Havsro", "greet", "Ada")
    assert (answer.exit_code, answer.output) == (1, "Error: The plugin acme is switched off.\n")


def test_what_has_a_sentence_for_people_is_told_in_it(
    instance: Instance, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    run(instance, "acme", "greet", "Ada")
    for error in (BadSignature(T("The shop did not sign this.")), Invalid(T("Nobody is called %(name)s.", name="Ada"))):
        module("acme").RAISING[:] = [error]
        answer = run(instance, "acme", "greet", "Ada")
        assert (answer.exit_code, answer.output) == (1, f"Error: {error.message}\n")
    module("acme").RAISING.clear()
    module("acme").FAILING.add("greet")
    run(instance, "acme", "greet", "Ada")
    assert "Traceback" not in capfd.readouterr().err
    assert not [one for one in caplog.records if one.levelname == "ERROR"], "at a terminal the sentence is all"


def test_a_traced_call_bears_the_name_of_the_command(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SAMVERK_TRACE_PLUGINS", "1")
    answer = run(instance, "acme", "greet", "Ada")
    assert answer.exit_code == 0 and "plugin acme greet brand=-" in answer.stderr + capfd.readouterr().err


def test_of_a_plugin_without_commands_it_says_why(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    brings = run(instance, "other", "greet")
    assert (brings.exit_code, brings.output) == (1, "Error: The plugin other brings no commands.\n")
    monkeypatch.setattr(module("acme").Acme, "api_version", 0)
    old = run(instance, "acme", "greet", "Ada")
    assert old.exit_code == 1 and "Error: The plugin acme is not active. It was written for plugin API 0" in old.output
    assert "No such command 'nobody'" in run(instance, "nobody").output
