"""What hangs in C costs its process: the next one starts, with the plugin paused. Real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Timer
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from core import outbox, schedule
from core.cli.db import upgrade_database
from core.i18n import ROOT
from core.instance import Instance
from core.outbox import OutboxJob
from core.plugin_host import board
from core.plugin_host.models import PluginHealth
from core.plugin_host.pausing import sync
from core.plugin_host.records import Failure
from core.settings import load
from tests.plugin_host.foreign import install
from tests.servers import free_port

HANGING = """
import re
import time

from samverk import Job, Plugin, PluginScope, T, hookimpl


def wait(ctx):
    time.sleep(100_000)


def explode(ctx):
    re.match("(a+)+$", "a" * 60 + "b")


class Hanging(Plugin):
    name = "hanging"
    title = T("Hanging")
    api_version = 1
    scope = PluginScope.SITE

    @hookimpl
    def register_jobs(self):
        return [Job("wait", T("Waits"), wait), Job("explode", T("Explodes"), explode)]


plugin = Hanging()
"""
PATIENCE = 60.0


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """An installation with migrated tables and the plugin, as its processes are told of it."""
    install(tmp_path, monkeypatch, "hanging", HANGING)
    url = f"sqlite:///{tmp_path / 'samverk.db'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        name = f"stuck_{os.getpid()}"
        server.admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.admin(f"CREATE DATABASE {name} TEMPLATE template0")
        url = server.url(name)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAMVERK_")}
    yield kept | {
        "PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{ROOT}",
        "SAMVERK_INSTANCE": str(tmp_path),
        "SAMVERK_DATABASE_URL": url,
        "SAMVERK_PORT": str(free_port()),
        "SAMVERK_PLUGIN_SECONDS": "0.5,0.5,0.5",
    }


@pytest.fixture
def here(environment: dict[str, str]) -> Iterator[Instance]:
    made = Instance(load(environment))
    upgrade_database(made)
    yield made
    made.database.engine.dispose()


def until(what: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "it did not happen"
        Event().wait(0.05)


def is_paused(here: Instance) -> bool:
    with here.database.session() as session:
        row = session.scalar(select(PluginHealth).where(PluginHealth.plugin == "hanging"))
        return row is not None and row.paused_at is not None


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ("wait", "worker ended with 70; starting it again."),
        ("explode", "worker hangs in the plugin hanging; ending it."),
    ],
)
def test_the_supervisor_goes_on_and_the_plugin_starts_paused(
    here: Instance, environment: dict[str, str], job: str, said: str
) -> None:
    with here.database.write() as session:
        outbox.enqueue(session, schedule.RUN, {"plugin": "hanging", "job": job, "brand": None}, "hang")
    command = [sys.executable, "-c", "from wsgi import cli; cli()", "run"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stderr is not None
        alarm = Timer(PATIENCE, supervisor.terminate)
        alarm.start()
        try:
            heard = []
            for line in supervisor.stderr:
                heard.append(line.strip())
                if line.strip() == said:
                    break
            assert said in heard
            until(lambda: is_paused(here))
        finally:
            alarm.cancel()
            supervisor.send_signal(signal.SIGTERM)
            supervisor.stderr.read()
    assert supervisor.returncode == 0, "the rest of the house went on until it was told to stop"
    with here.database.session() as session:
        row = session.scalars(select(PluginHealth).where(PluginHealth.plugin == "hanging")).one()
        assert row.cause == "stuck" and row.last_error.startswith(f"Stuck: {job}")
        assert session.scalars(select(OutboxJob.state).where(OutboxJob.key == "hang")).one() == "running"
    sync(here.database, here.plugins.fence.health)
    refused = here.plugins.call("hanging", lambda: 3)
    assert isinstance(refused, Failure) and refused.paused


PIPES = {
    "stdin": subprocess.PIPE,
    "stdout": subprocess.PIPE,
    "text": True,
    "env": os.environ | {"PYTHONPATH": str(ROOT)},
}
DYING = """
import sys, time
from pathlib import Path
from core.plugin_host import board
made = board.Board(Path(sys.argv[1]))
moment = time.monotonic()
made.take("late", "explode", moment - 60)
made.take("busy", "works", moment + 600)
made.clear(made.take("quick", "answers", moment - 60))
print("hung", flush=True)
sys.stdin.read()
"""


def test_what_a_killed_process_hung_in_is_told_once(tmp_path: Path) -> None:
    """As under gunicorn, which kills a silent worker and starts another."""
    with subprocess.Popen([sys.executable, "-c", DYING, str(tmp_path)], **PIPES) as child:  # type: ignore[call-overload]
        assert child.stdout.readline() == "hung\n"
        assert board.leftovers(tmp_path) == [], "it lives"
        assert board.stuck(tmp_path, child.pid) == [board.Stuck("late", "explode")]
        child.kill()
    assert board.leftovers(tmp_path) == [board.Stuck("late", "explode")]
    assert board.leftovers(tmp_path) == [] and board.stuck(tmp_path, child.pid) == []


WAITING = """
import sys
from pathlib import Path
from core.plugin_host.board import Board
from core.plugin_host.deadlines import Deadlines, Seam
from core.plugin_host.fence import Fence
from core.plugin_host.host import PluginHost
host = PluginHost([], Fence(Deadlines(work=float(sys.argv[2]))))
host.fence.watch.serve(Board(Path(sys.argv[1])))
def wait():
    print("asked", flush=True)
    sys.stdin.read()
host.call("acme", wait, seam=Seam.WORK, what="wait")
"""


@pytest.mark.parametrize(("seconds", "paused"), [(60.0, []), (0.2, [board.Stuck("acme", "wait")])])
def test_only_who_was_late_when_the_process_ended_is_paused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, paused: list[board.Stuck]
) -> None:
    """Stopped, killed or out of memory, and started again much later."""
    with subprocess.Popen([sys.executable, "-c", WAITING, str(tmp_path), str(seconds)], **PIPES) as child:  # type: ignore[call-overload]
        assert child.stdout.readline() == "asked\n"
        if paused:
            until(lambda: board.stuck(tmp_path, child.pid, grace=0) == paused)
        child.kill()
    later = time.monotonic() + 3600
    monkeypatch.setattr(board, "time", SimpleNamespace(monotonic=lambda: later))
    board.look_around(tmp_path)
    assert board.leftovers(tmp_path) == paused


HOLDING = """
import sys, time
from pathlib import Path
from core.plugin_host import board
made = board.Board(Path(sys.argv[1]))
made.take("acme", "explode", time.monotonic() + 0.2)
print("asked", flush=True)
sys.stdin.read()
"""


def test_who_holds_the_interpreter_is_seen_by_a_neighbour(tmp_path: Path) -> None:
    """As under gunicorn or systemd, beside a worker: nothing of the process itself runs any more."""
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path)], **PIPES) as child:  # type: ignore[call-overload]
        assert child.stdout.readline() == "asked\n"
        late = time.monotonic() + 0.2
        until(lambda: time.monotonic() > late)
        board.look_around(tmp_path)
        child.kill()
    assert board.leftovers(tmp_path) == [board.Stuck("acme", "explode")]


def test_a_full_board_costs_no_call(tmp_path: Path) -> None:
    made = board.Board(tmp_path)
    lines = [made.take("acme", "é" * 200, 1.0) for _ in range(board.LINES + 1)]
    assert lines[-1] is None and len(set(lines)) == board.LINES + 1
    assert lines[0] is not None
    made.clear(lines[0])
    assert made.take("acme", "again", 1.0) == lines[0]
    made.close()
    assert not list(tmp_path.iterdir())
