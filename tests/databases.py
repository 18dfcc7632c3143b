"""Databases for tests of the low floor: two brands in an otherwise empty schema, and none of the rooms above."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

import core.audit
import core.ledger.models
import core.lifecycle
import core.outbox  # noqa: F401
from core.accounts.models import Brand, Workspace
from core.database import Base, Database
from core.ledger import ddl

TABLES = ("workspace", "brand", *ddl.TABLES, "outbox_job", "audit_entry", "transition")
HAVSRO, FJELLRO = 1, 2


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Two brands in an empty schema, once per kind of database."""
    made = Database(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    _brands(made)
    yield made
    made.engine.dispose()


@contextmanager
def statements(engine: Any) -> Iterator[list[str]]:
    """What a database is asked meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


@contextmanager
def lower_floor(folder: Path) -> Iterator[Database]:
    """A SQLite database with the low floor's tables alone, quick enough for a search over many."""
    made = Database(f"sqlite:///{folder / 'floor.db'}")
    Base.metadata.create_all(made.engine, tables=[Base.metadata.tables[name] for name in TABLES])
    _brands(made)
    yield made
    made.engine.dispose()


def _brands(database: Database) -> None:
    with database.write() as session:
        workspace = Workspace(name="Nord")
        session.add(workspace)
        session.flush()
        for name, country, currency in (("Havsro", "FI", "EUR"), ("Fjellro", "NO", "NOK")):
            session.add(Brand(workspace_id=workspace.id, name=name, country=country, currency=currency))
            session.flush()
