"""Its own tables: up, down and up again leaves what it declares and nothing else, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine, make_url, text

from core.chance import word
from core.plugin_host.own import own_of
from core.plugin_host.tables import rehearse
from core.plugin_kit.checks import Broken, NotAsked, Subject, check


@check(
    "tables",
    "Its migrations go up, down and up again, and leave nothing for autogenerate",
    hint="Run `samverk plugin revision NAME`, read what it wrote, and let downgrade take back all that upgrade made.",
)
def tables(subject: Subject) -> None:
    """On a SQLite file, and on a PostgreSQL server when the kit is told of one."""
    if own_of(subject.plugin) is None:
        raise NotAsked
    with TemporaryDirectory() as folder:
        _hold(subject, f"sqlite:///{Path(folder) / 'kit.db'}", "SQLite")
    if subject.postgresql:
        with scratch(subject.postgresql) as url:
            _hold(subject, url, "PostgreSQL")


def _hold(subject: Subject, url: str, engine: str) -> None:
    for fault in rehearse(subject.plugin, url):
        raise Broken("the tables that it declares and nothing else", fault, f"an empty database of {engine}")


@contextmanager
def scratch(server: str) -> Iterator[str]:
    """A database of its own on a PostgreSQL server, gone afterwards; `server` names one where databases may be made."""
    url = make_url(server.replace("postgresql://", "postgresql+psycopg://", 1))
    name = f"samverk_kit_{word('abcdefghijklmnopqrstuvwxyz', 12)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            with engine.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()
