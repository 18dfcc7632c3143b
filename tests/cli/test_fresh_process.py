"""Commands in a process of their own, as at a terminal: nothing that another command imported is there already."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.instance import Instance
from tests.world import World

ROOT = Path(__file__).parents[2]
PEOPLE = "name;email\nAda Lind;ada@example.com\n"


def run(instance: Instance, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SAMVERK_INSTANCE": str(instance.settings.instance),
        "SAMVERK_DATABASE_URL": instance.settings.database_url,
        "SAMVERK_TESTING": "1",
    }
    command = [sys.executable, "-c", "import wsgi; wsgi.cli()", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plugin", "switch", "fixed", "off"), "fixed is off for the installation."),
        (("plugin", "switch", "fixed", "off", "--brand", "Havsro"), "fixed is off for Havsro."),
        (("plugin", "list"), "fixed"),
        (("plugin", "upgrade", "fixed"), "The plugin fixed has no tables of its own."),
        (("plugin", "purge", "fixed", "--yes"), "Switch the plugin off first: samverk plugin switch fixed off"),
        (("x", "fixed"), "The plugin fixed brings no commands."),
        (("import", "influencers", "{people}", "--brand", "Havsro"), "1 new"),
        (("keys", "list"), "current"),
        (("ledger", "verify"), "ok:"),
    ],
    ids=lambda given: " ".join(given[:3]) if isinstance(given, tuple) else "",
)
def test_it_knows_every_table(
    instance: Instance, committed: World, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    people = tmp_path / "people.csv"
    people.write_text(PEOPLE)
    answer = run(instance, *(argument.format(people=people) for argument in arguments))
    assert said in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr, answer.stderr
