"""Real servers for tests: each on a free loopback port, in a folder of its own, stopped at the end.

A server that is not installed skips its tests with a printed reason; under CI it fails them.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import pytest

MEMORY, ENOUGH = Path("/dev/shm"), 4 * 2**30


def keep_in_memory() -> None:
    """Let temporary files be in memory where it has room: thousands of databases come and go, and a disk is slow."""
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def missing(what: str) -> None:
    """Skip, or fail where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed, and CI needs it")
    pytest.skip(f"{what} is not installed")


def postgres_binaries() -> Path | None:
    """Where initdb and pg_ctl are: the newest PostgreSQL of Debian, or on the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


class Postgres:
    """A cluster that forgets: no fsync, trust on loopback, one folder."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder, self.binaries, self.port = folder, binaries, free_port()

    def _run(self, *command: str) -> None:
        full = [str(self.binaries / command[0]), *command[1:]]
        if os.geteuid() == 0:
            full = ["runuser", "-u", "postgres", "--", *full]
        subprocess.run(full, check=True, capture_output=True, cwd="/")

    def start(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", "samverk", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off "
            "-c synchronous_commit=off -c full_page_writes=off -c max_connections=60"
        )
        self._run("pg_ctl", "-D", data, "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        self._link.close()
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def url(self, name: str) -> str:
        return f"postgresql://samverk@127.0.0.1:{self.port}/{name}"

    @cached_property
    def _link(self) -> psycopg.Connection[Any]:
        where = f"host=127.0.0.1 port={self.port} user=samverk dbname=postgres"
        return psycopg.connect(where, autocommit=True)

    def admin(self, statement: str) -> None:
        self._link.execute(statement)


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """A running cluster."""
    binaries = postgres_binaries()
    if binaries is None:
        missing("PostgreSQL")
    assert binaries is not None
    server = Postgres(folder, binaries)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def redis() -> Iterator[str]:
    """A running Redis; yields its URL."""
    if shutil.which("redis-server") is None:
        missing("Redis")
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        for line in server.stdout:
            if "Ready to accept connections" in line:
                break
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.stdout.close()
        server.wait(10)
