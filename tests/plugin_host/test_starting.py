"""`samverk run` where one plugin cannot be upgraded: everything else starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer
from urllib.request import urlopen

from sqlalchemy import text

from core.instance import Instance
from tests.plugin_host.test_stuck import until
from tests.plugin_host.test_tables import OLD
from tests.plugin_host.tipping import Site, command, site  # noqa: F401 - the last is a fixture
from tests.servers import free_port
from tests.test_migrations import bare  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def test_it_starts_without_the_plugin_and_says_why(site: Site, bare: Instance) -> None:  # noqa: F811
    site.install(1)
    command(bare, "db", "upgrade")
    with bare.database.engine.begin() as connection:
        connection.execute(text(OLD))
    site.install(2, _0002_stars="batch_op.add_column => int")
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SAMVERK_")} | {
        "PYTHONPATH": f"{site.folder / 'site'}{os.pathsep}{ROOT}",
        "SAMVERK_INSTANCE": str(bare.settings.instance),
        "SAMVERK_DATABASE_URL": bare.settings.database_url,
        "SAMVERK_PORT": str(port),
    }
    line = [sys.executable, "-u", "-c", "from wsgi import cli; cli()", "run"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(line, env=environment, text=True, **pipes) as supervisor:  # type: ignore[call-overload]
        alarm = Timer(PATIENCE, supervisor.terminate)
        alarm.start()
        try:
            assert "Samverk answers at" in supervisor.stdout.readline()
            assert "The tables of the plugin tips stay as they are" in supervisor.stderr.readline()
            until(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        finally:
            alarm.cancel()
            supervisor.send_signal(signal.SIGTERM)
            supervisor.communicate()
    assert supervisor.returncode == 0


def answers(url: str) -> bool:
    """Whether the web that is about to start answers by now."""
    try:
        with urlopen(url) as told:
            return bool(told.status == 200)
    except OSError:
        return False
