"""The little SQL that SQLAlchemy has no words for, for SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import DDL, Table, event, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

DIALECTS = ("sqlite", "postgresql")
LISTED = 500
V = TypeVar("V")

PG_REFUSE = """CREATE OR REPLACE FUNCTION samverk_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
    MESSAGE = TG_TABLE_NAME || ': ' || lower(TG_OP) || ' is refused, rows are only added';
END $$"""


def insert_once(session: Session, model: type[DeclarativeBase], values: Mapping[str, Any]) -> bool:
    """Insert a row unless a unique key already holds it; says whether it was inserted."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    keys = inspect(model).primary_key
    statement = dialect.insert(model).values(**values).on_conflict_do_nothing().returning(*keys)
    return session.connection().execute(statement).first() is not None


def batched(values: Sequence[V]) -> Iterator[Sequence[V]]:
    """The values in lists short enough for an IN on every engine."""
    return (values[start : start + LISTED] for start in range(0, len(values), LISTED))


def append_only(table: str, columns: Collection[str], dialect: str, erasable: Collection[str] = ()) -> list[str]:
    """Statements that refuse update, delete and truncate; an erasable column may still be set to null."""
    allowed = _erasure(columns, erasable, dialect) if erasable else None
    if dialect == "sqlite":
        when = f" WHEN NOT ({allowed})" if allowed else ""
        return [
            (
                f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}{when} "
                f"BEGIN SELECT RAISE(ABORT, '{table}: update is refused, rows are only added'); END"
            ),
            (
                f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table}: delete is refused, rows are only added'); END"
            ),
        ]
    when = f" WHEN (NOT ({allowed}))" if allowed else ""
    return [
        PG_REFUSE,
        (
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"FOR EACH ROW{when} EXECUTE FUNCTION samverk_refuse()"
        ),
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION samverk_refuse()",
        (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION samverk_refuse()"
        ),
    ]


def unchanged(columns: Collection[str], dialect: str) -> str:
    """A condition for a trigger: none of the columns got another value."""
    same = "NEW.{0} IS OLD.{0}" if dialect == "sqlite" else "NEW.{0}::text IS NOT DISTINCT FROM OLD.{0}::text"
    return " AND ".join(same.format(column) for column in columns)


_installed: list[Callable[[str], list[str]]] = []


def guards(dialect: str) -> list[str]:
    """Every statement that was installed with a table, for a migration that makes the tables itself."""
    return [statement for statements in _installed for statement in statements(dialect)]


def install(table: Table, statements: Callable[[str], list[str]]) -> None:
    """Run the statements of the dialect right after the table is created by the metadata."""
    _installed.append(statements)
    for dialect in DIALECTS:
        for statement in statements(dialect):
            guard: DDL = cast(Any, DDL)(statement.replace("%", "%%"))
            event.listen(table, "after_create", guard.execute_if(dialect=dialect))


def _erasure(columns: Collection[str], erasable: Collection[str], dialect: str) -> str:
    kept = unchanged([c for c in columns if c not in erasable], dialect)
    erased = " AND ".join(f"(NEW.{c} IS NULL OR {unchanged([c], dialect)})" for c in erasable)
    return f"{kept} AND {erased}"
