"""Ctrl-C ends what runs at the terminal, in the midst of a plugin too; a plugin that raises the same ends nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from core.cli.db import upgrade_database
from core.i18n import ROOT
from core.instance import Instance
from core.settings import load
from tests.plugin_host.foreign import install

PRESSING = """
import time

from samverk import Job, Plugin, PluginScope, T, hookimpl


def wait(ctx):
    print("asked", flush=True)
    time.sleep(100_000)


def press(ctx):
    raise KeyboardInterrupt


class Pressing(Plugin):
    name = "pressing"
    title = T("Pressing")
    api_version = 1
    scope = PluginScope.SITE

    @hookimpl
    def register_jobs(self):
        return [Job("wait", T("Waits"), wait), Job("press", T("Presses"), press)]


plugin = Pressing()
"""


def test_only_a_person_ends_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "pressing", PRESSING)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAMVERK_")}
    environment = kept | {
        "PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{ROOT}",
        "SAMVERK_INSTANCE": str(tmp_path / "instance"),
    }
    here = Instance(load(environment))
    upgrade_database(here)
    here.database.engine.dispose()
    line = [sys.executable, "-c", "from wsgi import cli; cli()", "plugin", "run", "pressing"]
    told = subprocess.run([*line, "press"], env=environment, capture_output=True, text=True, timeout=60)
    assert told.returncode == 1
    assert "press failed for the installation. The plugin Pressing failed: KeyboardInterrupt." in told.stderr
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*line, "wait"], env=environment, text=True, **pipes) as child:  # type: ignore[call-overload]
        alarm = Timer(60, child.kill)
        alarm.start()
        try:
            assert child.stdout.readline() == "asked\n"
            child.send_signal(signal.SIGINT)
            assert child.stderr.read().endswith("Aborted.\n")
        finally:
            alarm.cancel()
    assert child.returncode == 130
