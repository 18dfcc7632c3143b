"""Fixtures: an empty installation per test, on SQLite and, when a server is there, on PostgreSQL.

The schema is made once per process; each test gets a copy of it, so that services and views
may commit as they do in life.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Dialect, event, make_url
from sqlalchemy.orm import Session

os.environ["SAMVERK_TESTING"] = "1"

import core.tables  # noqa: F401
from core import i18n, redaction
from core.accounts import passwords
from core.database import Base, Database
from core.instance import Instance
from core.settings import load
from tests import servers
from tests import world as story

passwords.cheapen()
i18n.compile_catalogues(i18n.ROOT / "translations")
servers.keep_in_memory()

EARLY = (
    "tests/browser/test_pages.py::test_every_page", "tests/browser/test_pages.py::test_forms",
    "tests/web/test_words.py::test_no_word_of_a_page", "tests/web/test_words.py::test_no_word_of_a_complaint",
    "tests/browser/test_walk.py", "tests/browser/", "tests/web/test_words.py", "tests/cli/test_demo.py",
    "tests/earnings/",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: no process is left with them at the end, and no two wait for the same example to be told."""
    items.sort(key=lambda item: next((n for n, start in enumerate(EARLY) if item.nodeid.startswith(start)), len(EARLY)))


def pytest_collection_finish() -> None:
    """What was imported and collected stays for good: no search for garbage goes through it again, and few are made."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # the example is told in a twelfth less


@pytest.fixture(scope="session")
def blank_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the whole schema and not one row."""
    path = tmp_path_factory.mktemp("blank") / "blank.db"
    database = Database(f"sqlite:///{path}")
    Base.metadata.create_all(database.engine)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.Postgres]:
    """A PostgreSQL of this process's own, with an empty schema to copy from."""
    with tempfile.TemporaryDirectory(prefix="samverk-pg-") as folder, servers.postgres(Path(folder)) as server:
        server.admin("CREATE DATABASE blank")
        database = Database(server.url("blank").replace("postgresql://", "postgresql+psycopg://"))
        Base.metadata.create_all(database.engine)
        database.engine.dispose()
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of the test's own: every test that uses one runs on both engines."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("blank_sqlite"), tmp_path / "samverk.db")
        yield f"sqlite:///{tmp_path / 'samverk.db'}"
        return
    server: servers.Postgres = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex[:16]}"
    server.admin(f"CREATE DATABASE {name} TEMPLATE blank STRATEGY file_copy")
    yield server.url(name)
    server.admin(f"DROP DATABASE {name} WITH (FORCE)")


class Moving(Database):
    """A database object that goes on from test to test, so that what SQLAlchemy compiled once stays compiled."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        event.listen(self.engine, "do_connect", self._connect)

    def to(self, url: str) -> Moving:
        """From now on it connects to the database at this address."""
        self.engine.dispose()
        self.engine.url = make_url(url)
        return self

    def _connect(self, dialect: Dialect, _record: object, place: list[Any], named: dict[str, Any]) -> None:
        place[:], more = dialect.create_connect_args(self.engine.url)
        named |= more


@pytest.fixture(scope="session")
def moving() -> Callable[[str], Moving]:
    """A database object for an address: one of a process for each engine."""
    made: dict[str, Moving] = {}

    def at(url: str) -> Moving:
        backend = url.partition(":")[0]
        if backend not in made:
            made[backend] = Moving(url)
        return made[backend].to(url)

    return at


@pytest.fixture
def instance(tmp_path: Path, database_url: str, moving: Callable[[str], Moving]) -> Iterator[Instance]:
    """An installation with an empty database of its own."""
    (tmp_path / "secret_key").write_text("k" * 64)
    environment = {"SAMVERK_INSTANCE": str(tmp_path), "SAMVERK_TESTING": "1", "SAMVERK_DATABASE_URL": database_url}
    made = Instance(load(environment))
    vars(made)["database"] = database = moving(made.settings.database_url)
    yield made
    database.engine.dispose()


@pytest.fixture
def session(instance: Instance) -> Iterator[Session]:
    """A writing session, rolled back at the end."""
    with instance.database.session(write=True) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def app(instance: Instance) -> Flask:
    """The whole application."""
    from wsgi import make_app

    return make_app(instance)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """An anonymous browser."""
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Each test starts in English, UTC."""
    with i18n.in_locale("en"):
        yield


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was handed out before: a process hides for good what a plugin once had for a secret, be it `token`."""
    monkeypatch.setattr(redaction, "_hidden", ())


@pytest.fixture
def world(session: Session) -> story.World:
    """A brand with one person per role, a second brand that must see nothing, and an influencer."""
    return story.build(session)


@pytest.fixture
def committed(instance: Instance) -> Any:
    """The same world, committed, for tests that go through HTTP or the CLI."""
    with instance.database.write() as opened:
        return story.build(opened)
