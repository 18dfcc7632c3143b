"""A browser, and whole installations as `samverk run` starts them: supervisor, web and worker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.servers import free_port, missing

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium: the shell without a head, which spends a fifth less, or else the whole of it."""
    path = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))), None)
    if path is None:
        missing("Chromium")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Start an installation; gives its address. Stopped, and its children gone, at the end."""
    running: list[subprocess.Popen[bytes]] = []

    def start(**settings: str) -> str:
        port = free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SAMVERK_")}
        environment |= {"SAMVERK_INSTANCE": str(tmp_path / "live"), "SAMVERK_PORT": str(port), "PYTHONPATH": str(ROOT)}
        log = (tmp_path / "log").open("wb")
        command = [sys.executable, "-c", "from wsgi import cli; cli()", "run"]
        running.append(subprocess.Popen(command, env=environment | settings, stdout=log, stderr=log, cwd=ROOT))
        log.close()
        address = f"http://127.0.0.1:{port}"
        _await(address, running[-1], tmp_path / "log")
        return address

    yield start
    for process in running:
        process.terminate()
        process.wait(20)


def _await(address: str, process: subprocess.Popen[Any], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2):
                return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise AssertionError(f"it did not start:\n{log.read_text()}")
