"""The instance folder: keys that every process agrees on, and nothing that another user of the machine can read."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.crypto import BadKeyring
from core.instance import Instance
from core.settings import load

ROOT = Path(__file__).resolve().parents[1]


def opened(folder: Path) -> Instance:
    return Instance(load({"SAMVERK_INSTANCE": str(folder), "SAMVERK_TESTING": "1"}))


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {"SAMVERK_INSTANCE": str(folder), "PYTHONPATH": str(ROOT)}
    start = [sys.executable, "-c", "import os; os.umask(0o022); from wsgi import cli; cli()", *command]
    return subprocess.run(start, env=environment, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)


def test_processes_that_start_at_once_sign_with_the_same_key(tmp_path: Path) -> None:
    for number in range(50):
        folder = tmp_path / str(number)
        with ThreadPoolExecutor(4) as pool:
            keys = set(pool.map(lambda _, folder=folder: opened(folder).secret_key, range(4)))
        assert len(keys) == 1 and len(keys.pop()) >= 32
        assert [entry.name for entry in folder.iterdir()] == ["secret_key"]


def test_a_key_is_never_seen_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opens, seen = os.fdopen, []

    def slowly(*arguments: Any, **named: Any) -> Any:
        seen.append((tmp_path / "secret_key").exists())
        return opens(*arguments, **named)

    monkeypatch.setattr(os, "fdopen", slowly)
    assert len(opened(tmp_path).secret_key) >= 32
    assert seen == [False]


@pytest.mark.parametrize("text", ["", "\n", "short"])
def test_a_file_without_a_key_is_refused_and_not_signed_with(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret_key").write_text(text)
    with pytest.raises(BadKeyring, match="holds no key"):
        _ = opened(tmp_path).secret_key
    told = run(tmp_path, "db", "upgrade")
    assert told.returncode == 1 and "holds no key" in told.stderr and "Traceback" not in told.stderr


def test_keys_are_there_before_web_and_worker_start(tmp_path: Path) -> None:
    assert run(tmp_path / "new", "db", "upgrade").returncode == 0
    assert {"secret_key", "keys.json"} <= {entry.name for entry in (tmp_path / "new").iterdir()}


def test_an_error_is_told_even_when_the_session_is_what_broke(app, client, committed, caplog):
    app.config["SECRET_KEY"] = ""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = client.get("/sign-in")
    assert answer.status_code == 500 and "Something broke" in answer.text
    incident = re.search(r"<code>(\w{8})</code>", answer.text)
    assert incident and incident.group(1) in caplog.text


def test_an_error_is_told_even_when_the_page_for_it_cannot_be_drawn(app, client, committed, instance, caplog):
    (instance.settings.instance / "templates").mkdir()
    (instance.settings.instance / "templates" / "error.html").write_text("{{ 1 // 0 }}")
    answer = client.get("/no/such/<page>")
    assert answer.status_code == 404 and "nothing at this address" in answer.text
    incident = re.search(r"404 (\w{8})", answer.text)
    assert incident and incident.group(1) in caplog.text


SERVES = "import os; os.umask(0o022); import wsgi; assert wsgi.app.test_client().get('/healthz').status_code == 200"


@pytest.mark.parametrize("start", [["db", "upgrade"], None])
def test_nobody_else_on_the_machine_reads_what_an_installation_keeps(tmp_path: Path, start: list[str] | None) -> None:
    folder = tmp_path / "kept"
    if start is None:
        environment = {"SAMVERK_INSTANCE": str(folder), "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", SERVES], env=environment, check=True, timeout=120, cwd=ROOT)
    else:
        assert run(folder, *start).returncode == 0
    made = [folder, *folder.rglob("*")]
    assert folder / "samverk.db" in made
    assert {str(path): mode for path in made if (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077} == {}
