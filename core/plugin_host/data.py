"""The door to a plugin's own rows: open for the length of one call and for no other table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import click
from sqlalchemy import Connection, Engine, Executable, Result, ScalarResult, Select, event
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ColumnClause, TextClause
from sqlalchemy.sql.selectable import TableClause

from core.database import make_engine
from core.plugin_api.context import Context, KeepSecret
from core.plugin_api.manifest import Plugin
from core.plugin_api.pages import PageRequest
from core.plugin_api.tables import NO_DATA, Data, OwnTables, Row
from core.plugin_host.deadlines import Seam
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure

R = TypeVar("R")
Asked = TypeVar("Asked", Context, PageRequest)


def lend(
    host: PluginHost,
    bind: Engine | Connection,
    plugin: str,
    asked: Asked,
    ask: Callable[[Asked], R | Failure],
    *,
    write: bool = True,
) -> R | Failure:
    """Ask a plugin with the door to its rows in `asked.data`: `ask` goes through the fence and says what came of it.

    What the plugin wrote is kept when it answered, and undone when it failed or raised. Keeping may fail too, by a
    constraint for one; that is the plugin's failure. No connection is taken before the plugin reaches for its rows.
    """
    record = host.active.get(plugin)
    base = record.plugin.tables if record and record.plugin else None
    if base is None:
        return ask(asked)
    door = Door(bind.engine, base, write=write)
    try:
        given = replace(asked, data=door)
        if isinstance(given, Context):
            given = replace(given, keep_secret=partial(_keep_first, door, given.keep_secret))
        answer = ask(given)
        if isinstance(answer, Failure) or not door.used:
            return answer
        kept = host.call(plugin, door.keep, seam=Seam.WORK, what="keep", brand=asked.brand)
        return kept if isinstance(kept, Failure) else answer
    except BaseException as said:
        if door.used and _well(said):
            door.keep()
        raise
    finally:
        door.shut()


def _keep_first(door: Door, keep: KeepSecret, key: str, value: str) -> str | None:
    """On SQLite the plugin's own rows would keep the secret waiting for ever: told at once, and on both engines."""
    if door.writing:
        raise LookupError("keep a secret as soon as you have it, before you write rows")
    return keep(key, value)


def _well(said: BaseException) -> bool:
    """Whether a command that ended by an exception has ended well."""
    if isinstance(said, click.exceptions.Exit):
        return said.exit_code == 0
    return isinstance(said, SystemExit) and not said.code


@contextmanager
def made_up(
    plugin: Plugin, *, write: bool = True, fill: Callable[[Connection], object] | None = None
) -> Iterator[Data]:
    """A door to a plugin's tables as it declares them, kept nowhere: for the kit, and for tests.

    They are empty, or what `fill` has put into them.
    """
    if plugin.tables is None:
        yield NO_DATA
        return
    engine = make_engine("sqlite://")  # in memory, of this thread alone
    try:
        with engine.begin() as connection:
            plugin.tables.metadata.create_all(connection)
            if fill is not None:
                fill(connection)
        door = Door(engine, plugin.tables, write=write)
        try:
            yield door
        finally:
            door.shut()
    finally:
        engine.dispose()


class Door:
    """Keeps `core.plugin_api.tables.Data`."""

    def __init__(self, engine: Engine, base: type[OwnTables], *, write: bool) -> None:
        """Nothing is connected before it is used."""
        self._engine, self._base = engine, base
        self._session: Session | None = None
        self._kept = False
        self._guard = _Guard(base, write=write)

    def get(self, row: type[Row], key: int) -> Row | None:
        """The row of a key, None when there is none."""
        return self._open().get(row, key)

    def scalars(self, statement: Executable) -> ScalarResult[Any]:
        """The first column of each row."""
        return self._open().scalars(statement)

    def scalar(self, statement: Executable) -> Any:
        """The first column of the first row, None without one."""
        return self._open().scalar(statement)

    def execute(self, statement: Executable, values: Any = None) -> Result[Any]:
        """Run a statement."""
        return self._open().execute(statement, values)

    def add(self, *rows: OwnTables) -> None:
        """Write new rows."""
        for row in rows:
            if not isinstance(row, self._base):
                raise LookupError(f"{type(row).__name__} is not a row of this plugin")
        self._open().add_all(rows)

    def delete(self, row: OwnTables) -> None:
        """Delete a row."""
        self._open().delete(row)

    def flush(self) -> None:
        """Send what was added and changed now."""
        self._open().flush()

    @property
    def used(self) -> bool:
        """Whether the plugin has reached for its rows."""
        return self._session is not None

    @property
    def writing(self) -> bool:
        """Whether its transaction keeps other writers waiting."""
        return self._guard.began

    def keep(self) -> None:
        """Commit."""
        self._open().commit()
        self._kept = True

    def shut(self) -> None:
        """Undo what was not kept. A call that was interrupted may have left its connection in the middle of a word."""
        if self._session is not None:
            self._session.close() if self._kept else self._session.invalidate()
        self._session = None

    def _open(self) -> Session:
        if self._session is None:
            session = Session(self._engine, expire_on_commit=False)
            connection = session.connection(execution_options={"begins_itself": True})
            event.listen(connection, "before_execute", self._guard)
            self._session = session
        return self._session


class _Guard:
    """Lets statements over the plugin's own tables pass, and begins the transaction at the first that writes.

    SQLite reads without a transaction until then, as PostgreSQL does at its own level: each statement sees what is
    there. Else a long call that reads first could not write any more once somebody else has.
    """

    def __init__(self, base: type[OwnTables], *, write: bool) -> None:
        self._tables, self._write, self.began = frozenset(base.metadata.tables.values()), write, False

    def __call__(self, connection: Connection, statement: Any, _many: Any, _params: Any, _options: Any) -> None:
        writes = isinstance(statement, UpdateBase)
        if not writes and not getattr(statement, "is_select", False):
            raise LookupError("only select, insert, update and delete go through here")
        for table in _tables(statement):
            if table not in self._tables:
                raise LookupError(f"{table.name} is not a table of this plugin")
        if writes and not self._write:
            raise LookupError("this call only reads: write in a POST, a job, an observer or a command")
        locks = isinstance(statement, Select) and statement._for_update_arg is not None
        if (writes or locks) and not self.began:
            if connection.dialect.name == "sqlite":
                connection.connection.cursor().execute("BEGIN IMMEDIATE")
            self.began = True


def _tables(statement: Any) -> Iterable[TableClause]:
    for part in visitors.iterate(statement):
        if isinstance(part, TextClause):
            raise LookupError("a text could speak of any table: say it with select, insert, update or delete")
        if isinstance(part, TableClause):
            yield part
        elif isinstance(part, ColumnClause) and isinstance(part.table, TableClause):
            yield part.table
