"""Databases with only the low floor's tables and two brands: SQLite, and PostgreSQL when a server is named.

`SAMVERK_TEST_DATABASE_URL` names a PostgreSQL database whose user may create others; each test
gets an empty one of its own. Without it those tests are skipped, under `CI=true` they fail.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

import core.audit
import core.ledger.models
import core.lifecycle
import core.outbox  # noqa: F401
from core.accounts.models import Brand, Workspace
from core.database import Base, Database
from core.ledger import ddl

SERVER = "SAMVERK_TEST_DATABASE_URL"
TABLES = ("workspace", "brand", *ddl.TABLES, "outbox_job", "audit_entry", "transition")
HAVSRO, FJELLRO = 1, 2


@contextmanager
def lower_floor(dialect: str, folder: Path) -> Iterator[Database]:
    """A fresh database of a dialect with the tables of the low floor and two brands."""
    with _url(dialect, folder) as url:
        database = Database(url)
        Base.metadata.create_all(database.engine, tables=[Base.metadata.tables[name] for name in TABLES])
        with database.write() as session:
            workspace = Workspace(name="Nord")
            session.add(workspace)
            session.flush()
            for name, country, currency in (("Havsro", "FI", "EUR"), ("Fjellro", "NO", "NOK")):
                session.add(Brand(workspace_id=workspace.id, name=name, country=country, currency=currency))
                session.flush()
        yield database
        database.engine.dispose()


@contextmanager
def _url(dialect: str, folder: Path) -> Iterator[str]:
    if dialect == "sqlite":
        yield f"sqlite:///{folder / 'floor.db'}"
        return
    server = os.environ.get(SERVER)
    if not server:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no PostgreSQL: {SERVER} is not set")
    url = make_url(server.replace("postgresql://", "postgresql+psycopg://", 1))
    name = f"samverk_floor_{secrets.token_hex(6)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield url.set(database=name).render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty lower floor, once per kind of database."""
    with lower_floor(request.param, tmp_path) as made:
        yield made
