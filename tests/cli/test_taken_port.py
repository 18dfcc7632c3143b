"""A port that somebody has is told at once, before a database is made or a process is started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.i18n import ROOT


@pytest.mark.parametrize("command", ["run", "web"])
def test_a_taken_port_is_told_before_anything_is_done(tmp_path: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SAMVERK_")}
        kept |= {"SAMVERK_INSTANCE": str(tmp_path / "instance"), "SAMVERK_PORT": str(port), "PYTHONPATH": str(ROOT)}
        line = [sys.executable, "-c", "from wsgi import cli; cli()", command]
        done = subprocess.run(line, env=kept, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"Error: Port {port} is taken: choose another with SAMVERK_PORT.\n"
    assert not list(tmp_path.rglob("*.db*")) and not list(tmp_path.rglob("*.sqlite*"))
