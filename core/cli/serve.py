"""`run`, `web`, `worker`: the processes of an installation."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from core.cli.main import instance
from core.plugin_host import board

if TYPE_CHECKING:
    from core.instance import Instance

PATIENCE = 10.0


@click.command()
def run() -> None:
    """Bring the database up to date, then keep web and worker running until told to stop."""
    from core.accounts.service import is_set_up
    from core.cli.db import upgrade_database

    here = instance()
    _try_port(here)
    upgrade_database(here)
    with here.database.session() as session:
        fresh = not is_set_up(session)
    here.database.engine.dispose()
    click.echo(f"Samverk answers at {here.settings.base_url} (stop with Ctrl-C)")
    if fresh:
        click.echo("Open it in a browser: the first visit makes your account.")
        if not here.settings.loopback or not here.settings.base_url.startswith(
            ("http://127.0.0.1", "http://localhost")
        ):
            click.echo(f"Set-up code: {here.setup_code}")
    sys.exit(Supervisor([["web"], ["worker"]], here.settings.instance / board.FOLDER).watch())


class Supervisor:
    """Starts children, restarts one that falls, ends one that a plugin hangs in, stops all when told."""

    def __init__(self, commands: list[list[str]], boards: Path | None = None) -> None:
        """Nothing is started yet; `boards` is where children write down what they ask of plugins."""
        self.commands = commands
        self.boards = boards
        self.children: dict[int, subprocess.Popen[bytes]] = {}
        self.falls: dict[int, list[float]] = {index: [] for index in range(len(commands))}
        self.stopping = False

    def watch(self) -> int:
        """Run until told to stop; a child that falls five times in a minute ends all with code 1."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        for index in range(len(self.commands)):
            self._start(index)
        while not self.stopping:
            time.sleep(0.2)
            for index, child in list(self.children.items()):
                self._free(index, child)
                if child.poll() is not None and not self.stopping and not self._restart(index):
                    self._end()
                    return 1
        self._end()
        return 0

    def _start(self, index: int) -> None:
        command = [sys.executable, "-c", "from wsgi import cli; cli()", *self.commands[index]]
        self.children[index] = subprocess.Popen(command, start_new_session=True)

    def _free(self, index: int, child: subprocess.Popen[bytes]) -> None:
        """End a child that could not do so itself, since a plugin keeps the interpreter; the next one says which."""
        stuck = board.stuck(self.boards, child.pid, 2 * board.GRACE) if self.boards else []
        if stuck:
            told = ", ".join(sorted({call.plugin for call in stuck}))
            click.echo(f"{self.commands[index][0]} hangs in the plugin {told}; ending it.", err=True)
            child.kill()
            child.wait()

    def _restart(self, index: int) -> bool:
        moment = time.monotonic()
        self.falls[index] = [fall for fall in self.falls[index] if moment - fall < 60] + [moment]
        if len(self.falls[index]) >= 5:
            click.echo(f"{self.commands[index][0]} keeps falling; giving up. See the messages above.", err=True)
            return False
        click.echo(
            f"{self.commands[index][0]} ended with {self.children[index].returncode}; starting it again.", err=True
        )
        self._start(index)
        return True

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _end(self) -> None:
        for child in self.children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        for child in self.children.values():
            try:
                child.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)


def _try_port(here: Instance) -> None:
    """Raise at once, before anything is changed or said, where the pages could not be served."""
    host, port = here.settings.host, here.settings.port
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise _unusable(here, error) from None


def _unusable(here: Instance, error: OSError) -> click.ClickException:
    port = here.settings.port
    if error.errno == errno.EADDRINUSE:
        return click.ClickException(f"Port {port} is taken: choose another with SAMVERK_PORT.")
    return click.ClickException(f"Port {port} cannot be used ({error.strerror}). Choose another with SAMVERK_PORT.")


def _migrated(here: Instance) -> None:
    """Say at the start, and in the terminal, that the database is to be upgraded first."""
    from core.accounts.service import is_set_up

    with here.database.session() as session:
        is_set_up(session)


@click.command()
@click.pass_obj
def web(make_app: object) -> None:
    """Serve the pages with waitress."""
    import waitress

    here = instance()
    _try_port(here)
    app = make_app(here)  # type: ignore[operator]
    _migrated(here)
    here.serve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        waitress.serve(
            app,
            host=here.settings.host,
            port=here.settings.port,
            threads=here.settings.threads,
            max_request_body_size=app.config["MAX_CONTENT_LENGTH"],
            ident=None,
            _quiet=True,
        )
    except OSError as error:
        raise _unusable(here, error) from None


@click.command()
@click.pass_obj
def worker(make_app: object) -> None:
    """Do what is in the outbox, and what time brings about."""
    from core import jobs

    here = instance()
    make_app(here)  # type: ignore[operator]
    _migrated(here)
    here.serve()
    jobs.consume(here)


COMMANDS = {"run": run, "web": web, "worker": worker}
