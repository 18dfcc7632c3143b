"""Its own tables: up, down and up again leaves what it declares and nothing else, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from sqlalchemy import Connection, MetaData, create_engine, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from core.chance import word
from core.database import make_engine
from core.plugin_api.context import Context
from core.plugin_api.manifest import Plugin
from core.plugin_host.data import lend
from core.plugin_host.forgetting import tell
from core.plugin_host.own import Own, own_of
from core.plugin_host.reasons import reason_of
from core.plugin_host.records import Failure
from core.plugin_host.tables import rehearse
from core.plugin_kit.checks import Broken, NotAsked, Subject, check
from core.plugin_kit.rows import BRAND, PEOPLE, WHOLE, fill, fit_in, personal, tells_whose

MENDS = {
    "autogenerate would": 'Say `samverk plugin revision <plugin> "what changes"`: it writes what is missing.',
    "On the way down": "Let downgrade take back all that upgrade made, in the opposite order.",
    "should not be there": "Make in migrations only what the plugin declares, its names beginning with x_<plugin>_.",
}
"""What to do, by words of what went wrong."""
KEEP = (
    "The rows that are there need a value: give a new column that may not be empty a server_default, or add it "
    "nullable, fill it with op.execute, then make it not nullable."
)


@check(
    "tables",
    "Its migrations go up, down and up again, keep the rows that are there, and leave nothing for autogenerate",
    hint="Put the migration right: it runs on SQLite and PostgreSQL, and downgrade takes back all that upgrade made.",
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


@check(
    "forgets-person",
    "What it keeps of a person in its tables goes when they ask, and of others stays",
    hint="Write forget(self, person, ctx) in the plugin: delete the rows of that public id through ctx.data.",
)
def forgets_person(subject: Subject) -> None:
    """Two people in every table, in an empty database; one asks to be forgotten."""
    own = own_of(subject.plugin)
    if own is None or not any(personal(column) for table in own.metadata.tables.values() for column in table.columns):
        raise NotAsked
    if type(subject.plugin).forget is Plugin.forget:
        raise Broken("a method forget(self, person, ctx)", "tables with personal columns and none")
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'kit.db'}"
        try:
            command.upgrade(own.config(url), "head")
        except Exception as error:
            raise NotAsked from error  # the check of tables tells of it
        engine = make_engine(url)
        try:
            with engine.begin() as connection:
                _people_in(connection, own.metadata)
            for brand in (None, BRAND):
                ctx = Context(brand, subject.settings())
                failed = lend(subject.host, engine, subject.name, ctx, partial(_tell, subject))
                if isinstance(failed, Failure):
                    mend = "Delete what refers to their rows before the rows; where nothing is left, just end."
                    raise Broken("an end", str(failed.reason), f"forget({PEOPLE[0]!r}), brand {brand}", mend)
            with engine.connect() as connection:
                _hold_forgotten(connection, own.metadata)
        finally:
            engine.dispose()


def _people_in(connection: Connection, metadata: MetaData) -> None:
    try:
        fill(connection, metadata)
    except SQLAlchemyError as error:
        mend = "Let the tables take what their columns allow; the migrations have to make what the plugin declares."
        raise Broken("tables that take rows of two people", reason_of(error), "an empty database", mend) from None


def _tell(subject: Subject, ctx: Context) -> Failure | None:
    return tell(subject.host, subject.name, PEOPLE[0], ctx)


def _hold_forgotten(connection: Connection, metadata: MetaData) -> None:
    gone, stays = WHOLE
    for table in metadata.sorted_tables:
        rows = [tuple(row) for row in connection.execute(table.select())]
        if any(gone in row for row in rows):
            raise Broken(f"nothing of {gone}", f"a row of theirs in {table.name}", f"forget({gone!r})")
        left = [row for row in rows if stays in row] if tells_whose(table) else rows
        if any(personal(column) for column in table.columns) and not left:
            mend = "Delete the rows of that person alone: where(Row.column == person)."
            raise Broken(f"the row of {stays} in {table.name}", "it is gone too", f"forget({gone!r})", mend)


def _hold(subject: Subject, url: str, engine: str) -> None:
    for fault in rehearse(subject.plugin, url):
        mend = next((mend for word, mend in MENDS.items() if word in fault), "")
        raise Broken("the tables that it declares and nothing else", fault, f"an empty database of {engine}", mend)
    own = own_of(subject.plugin)
    if own is not None and _with_rows(own, url):
        try:
            command.upgrade(own.config(url), "head")
        except Exception as error:
            last = f"the last migration, in tables of {engine} that hold rows"
            raise Broken("an upgrade that keeps the rows", reason_of(error), last, KEEP) from None


def _with_rows(own: Own, url: str) -> bool:
    """Take the tables a revision back and put rows into them; False where there was nothing before, or none fit in."""
    command.downgrade(own.config(url), "-1")
    engine, before = make_engine(url), MetaData()
    try:
        with engine.begin() as connection:
            there = [name for name in inspect(connection).get_table_names() if name != own.version_table]
            before.reflect(connection, only=there)
            return fit_in(connection, before) > 0
    finally:
        engine.dispose()


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
