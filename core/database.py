"""One declarative base, the column helpers that carry a privacy class, and the engine.

Every column says who may see it: `public()`, `internal()`, `personal()`, `secret()` or
`financial()` instead of a bare `mapped_column`; a test fails on a column that says nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    DateTime,
    Dialect,
    Engine,
    ForeignKey,
    ForeignKeyConstraint,
    MetaData,
    String,
    TypeDecorator,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, Session, mapped_column, sessionmaker
from sqlalchemy.schema import SchemaItem

from core import chance, clock

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
MOST_KEY = 2**31 - 1
"""The largest key, and the largest number in any column that is not a BigInteger."""
PUBLIC_ID_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


class Privacy(enum.StrEnum):
    """Who a column's content may be shown to."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    SECRET = "secret"  # noqa: S105 - a class of privacy, not a secret
    FINANCIAL = "financial"


class Base(DeclarativeBase):
    """The base of every table of core. Relationships are declared `lazy="raise_on_sql"`."""

    metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time, always aware and always UTC; a naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse what has no zone, store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a point in time needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back to what SQLite stored without one."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def public_id() -> str:
    """A random id for URLs: 14 characters, about 69 bits, no look-alikes."""
    return chance.word(PUBLIC_ID_ALPHABET, 14)


def _column(privacy: Privacy, *args: Any, **kwargs: Any) -> MappedColumn[Any]:
    info = {"privacy": privacy, **kwargs.pop("info", {})}
    return mapped_column(*args, info=info, **kwargs)


def public(*args: Any, **kwargs: Any) -> MappedColumn[Any]:
    """A column anyone may see."""
    return _column(Privacy.PUBLIC, *args, **kwargs)


def internal(*args: Any, **kwargs: Any) -> MappedColumn[Any]:
    """A column for the workspace that owns the row."""
    return _column(Privacy.INTERNAL, *args, **kwargs)


def personal(*args: Any, **kwargs: Any) -> MappedColumn[Any]:
    """A column that tells something of a person."""
    return _column(Privacy.PERSONAL, *args, **kwargs)


def secret(*args: Any, **kwargs: Any) -> MappedColumn[Any]:
    """A column that nobody is shown: hashes and ciphertexts."""
    return _column(Privacy.SECRET, *args, **kwargs)


def financial(*args: Any, **kwargs: Any) -> MappedColumn[Any]:
    """A column of the books."""
    return _column(Privacy.FINANCIAL, *args, **kwargs)


class Row(Base):
    """A table row: an integer key inside, the moment it was made."""

    __abstract__ = True

    id: Mapped[int] = internal(primary_key=True)
    created_at: Mapped[datetime] = internal(UtcDateTime, default=clock.now)


class PublicRow(Row):
    """A row that has a page: URLs carry its random id."""

    __abstract__ = True

    public_id: Mapped[str] = public(String(20), unique=True, default=lambda: public_id())


class BrandRow(PublicRow):
    """A row that belongs to a brand. Say `__table_args__ = owned("campaign", ...)` in the table."""

    __abstract__ = True

    brand_id: Mapped[int] = internal(ForeignKey("brand.id"), index=True)


def owned(*parents: str, extra: tuple[SchemaItem, ...] = ()) -> tuple[SchemaItem, ...]:
    """Table arguments of a brand's table: unique (brand, id), and to each parent a composite key.

    `owned("campaign")` needs a column `campaign_id`; the parent's row must be the same brand's.
    """
    keys = [
        ForeignKeyConstraint(["brand_id", f"{parent}_id"], [f"{parent}.brand_id", f"{parent}.id"]) for parent in parents
    ]
    return (UniqueConstraint("brand_id", "id"), *keys, *extra)


NOT_MIGRATED = "The database has not the tables of this version. Run: samverk db upgrade"


def not_migrated(error: Exception) -> bool:
    """Whether a statement failed because a table or column is not there yet, on either engine."""
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlstate", None)
    undefined = code in ("42P01", "42703")  # table, column
    return undefined or str(error.orig).startswith(("no such table", "no such column"))


def make_engine(url: str) -> Engine:
    """An engine for SQLite (WAL, foreign keys, explicit BEGIN) or PostgreSQL; its errors quote no values."""
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": 10, "check_same_thread": False}, hide_parameters=True)
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=10, hide_parameters=True)


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "busy_timeout=10000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Any) -> None:
    options = connection.get_execution_options()
    if options.get("begins_itself", False):
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("write", False) else "BEGIN")


class Database:
    """An engine and its sessions. `session()` reads; `write()` commits once at the end."""

    def __init__(self, url: str) -> None:
        """Make the engine; nothing is connected yet."""
        self.engine = make_engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    def session(self, *, write: bool = False) -> Session:
        """A new session; with `write` SQLite takes its write lock at once (BEGIN IMMEDIATE)."""
        session = self._sessions()
        if write:
            session.connection(execution_options={"write": True})
        return session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that is committed when the block ends well and rolled back when not."""
        with self.session(write=True) as session:
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
