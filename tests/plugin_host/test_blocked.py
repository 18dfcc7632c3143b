"""What waits in C while it is imported stops nobody, and nobody waits for it twice. Real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer
from urllib.request import urlopen

import pytest

from core.i18n import ROOT
from tests.plugin_host.foreign import install
from tests.plugin_host.test_stuck import PATIENCE, until
from tests.servers import free_port

ASKING = """
import os, socket
from pathlib import Path

from samverk import Plugin, T

folder = Path(os.environ["ASKED"])
with (folder / "asked").open("a") as told:
    told.write("once\\n")
if not (folder / "answers").exists():
    here, there = socket.socketpair()
    here.recv(1)  # as a library does that asks its server


class Asking(Plugin):
    name = "asking"
    title = T("Asking")
    api_version = 1


plugin = Asking()
"""
REASON = (
    "It was not loaded within 0.5 seconds, and is left out until its files change or it is tried again by "
    "samverk plugin retry asking."
)


class Site:
    """An installation with the plugin, and how often that was imported."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SAMVERK_")}
        self.environment = kept | {
            "PYTHONPATH": f"{folder / 'site'}{os.pathsep}{ROOT}",
            "SAMVERK_INSTANCE": str(folder / "instance"),
            "SAMVERK_PORT": str(self.port),
            "SAMVERK_PLUGIN_SECONDS": "2,10,60,0.5",
            "ASKED": str(folder),
        }
        self.module = folder / "site" / "asking" / "__init__.py"

    def asked(self) -> int:
        """How often it was imported."""
        return (self.folder / "asked").read_text().count("once")

    def samverk(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command at the terminal."""
        line = [*COMMAND, *words]
        return subprocess.run(line, env=self.environment, capture_output=True, text=True, timeout=PATIENCE)

    def serves(self) -> bool:
        """Whether its pages are there."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=PATIENCE) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


COMMAND = [sys.executable, "-u", "-c", "from wsgi import cli; cli()"]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    install(tmp_path, monkeypatch, "asking", ASKING)
    return Site(tmp_path)


def test_the_house_serves_without_it_and_waits_once(site: Site) -> None:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*COMMAND, "run"], env=site.environment, text=True, **pipes) as house:  # type: ignore[call-overload]
        alarm = Timer(PATIENCE, house.kill)
        alarm.start()
        try:
            assert "Samverk answers at" in house.stdout.readline()
            assert house.stderr.readline() == "plugin asking was not loaded within 0.5 seconds\n"
            until(site.serves)
        finally:
            alarm.cancel()
            house.send_signal(signal.SIGTERM)
            house.communicate()
    assert house.returncode == 0
    assert site.asked() == 1, "web and worker are told by the first process that met it"
    listed = site.samverk("plugin", "list")
    assert REASON in listed.stdout and site.asked() == 1
    assert REASON in site.samverk("x", "asking").stderr


def test_it_is_tried_again_when_somebody_says_so_or_its_files_change(site: Site) -> None:
    again = site.samverk("plugin", "retry", "asking")
    assert (again.returncode, again.stderr.splitlines()[-1]) == (1, f"Error: asking is not active. {REASON}")
    (site.folder / "answers").touch()
    assert REASON in site.samverk("plugin", "list").stdout and site.asked() == 1, "nobody said so yet"
    good = site.samverk("plugin", "retry", "asking")
    assert (good.returncode, good.stdout) == (0, "asking is active. Restart web and worker.\n"), good.stderr
    (site.folder / "answers").unlink()
    assert REASON in site.samverk("plugin", "list").stdout
    site.module.write_text(ASKING.replace("here.recv(1)", "here.close()"))
    assert "asking" in site.samverk("plugin", "list", "--names").stdout.splitlines()
