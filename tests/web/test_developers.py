"""What operators and developers are told: a database that is not upgraded, and the gallery of parts."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from core.instance import Instance
from core.settings import load
from tests.world import World, sign_in

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without one table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bare.db'}"
    server = request.getfixturevalue("postgres")
    server.admin("DROP DATABASE IF EXISTS untouched WITH (FORCE)")
    server.admin("CREATE DATABASE untouched TEMPLATE template0")
    return str(server.url("untouched"))


def test_pages_and_log_say_that_the_database_is_to_be_upgraded(
    bare: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from wsgi import make_app

    environment = {"SAMVERK_INSTANCE": str(tmp_path), "SAMVERK_TESTING": "1", "SAMVERK_DATABASE_URL": bare}
    instance = Instance(load(environment))
    with caplog.at_level(logging.ERROR):
        answer = make_app(instance).test_client().get("/sign-in")
    assert answer.status_code == 503 and "brings it up to date" in answer.text
    assert "samverk db upgrade" in caplog.text and "Traceback" not in caplog.text
    instance.database.engine.dispose()


@pytest.mark.parametrize("command", [["web"], ["worker"], ["ledger", "verify"]])
def test_the_terminal_says_so_too(bare: str, tmp_path: Path, command: list[str]) -> None:
    environment = {"SAMVERK_INSTANCE": str(tmp_path), "SAMVERK_DATABASE_URL": bare, "PYTHONPATH": str(ROOT)}
    run = [sys.executable, "-c", "from wsgi import cli; cli()", *command]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert "samverk db upgrade" in done.stderr and "Traceback" not in done.stderr


def test_the_gallery_is_there_only_when_it_is_asked_for(
    client: FlaskClient, instance: Instance, committed: World, tmp_path: Path
) -> None:
    from wsgi import make_app

    assert sign_in(client, "viewer").get("/components").status_code == 404
    environment = {"SAMVERK_INSTANCE": str(tmp_path), "SAMVERK_TESTING": "1", "SAMVERK_GALLERY": "1"}
    url = instance.database.engine.url.render_as_string(hide_password=False)
    shown = Instance(load({**environment, "SAMVERK_DATABASE_URL": url.replace("+psycopg", "")}))
    app = make_app(shown)
    app.config["WTF_CSRF_ENABLED"] = False
    browser = app.test_client()
    assert browser.get("/components").status_code == 303
    page = sign_in(browser, "viewer").get("/components")
    assert page.status_code == 200 and "Every part in every state" in page.text
    shown.database.engine.dispose()
