"""Plugins' own tables in a database: upgraded behind the fence, rehearsed for the kit, found by prefix, dropped."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnDefault, Connection, DefaultClause, Engine, MetaData, TextClause, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from core.database import make_engine
from core.errors import Refused
from core.plugin_api.manifest import Plugin
from core.plugin_api.text import T, Text
from core.plugin_host.deadlines import Seam
from core.plugin_host.own import VERSION, Own, own_of, prefix_of
from core.plugin_host.reasons import reason_of
from core.plugin_host.records import Failure, Record, State

if TYPE_CHECKING:
    from alembic.operations.ops import MigrationScript

    from core.plugin_host.host import PluginHost

log = logging.getLogger("samverk.plugins")

NEWER = T("Its tables are of a newer version than the one that is installed. Install that version again.")


def with_tables(records: Iterable[Record]) -> dict[str, Own]:
    """What those of these plugins that are active keep in the database, by name."""
    found = ((record.name, own_of(record.plugin)) for record in records if record.state is State.ACTIVE)
    return {name: own for name, own in found if own}


def upgrade_all(host: PluginHost, url: str) -> dict[str, Text | None]:
    """Bring the tables of every active plugin to its newest schema: by name None, or why it did not work.

    What a plugin's migration raises undoes that plugin's upgrade and stops no other. Call it after core's own upgrade,
    with a host whose records were not held back for their tables.
    """
    return {name: upgrade(host, own, url) for name, own in with_tables(host.active.values()).items()}


def upgrade(host: PluginHost, own: Own, url: str) -> Text | None:
    """Bring one plugin's tables to its newest schema; why, when that does not work."""
    from alembic import command

    stranger = _stranger(own, [record.name for record in host.records.values()])
    if stranger:
        return T("Its table %(table)s bears the prefix of the plugin %(other)s.", table=stranger[0], other=stranger[1])
    if _newer(own, url):
        return NEWER
    done = host.call(own.name, command.upgrade, own.config(url), "head", seam=Seam.COMMAND, what="migrations")
    return done.reason if isinstance(done, Failure) else None


def _newer(own: Own, url: str) -> bool:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return not own.knows(own.stands(connection))
    except Exception:  # whatever it is, the upgrade itself runs into it and tells
        return False
    finally:
        engine.dispose()


def _stranger(own: Own, names: Iterable[str]) -> tuple[str, str] | None:
    """A table that would pass for that of another plugin, as `x_acme_pro_note` of `acme` beside a plugin `acme_pro`."""
    longer = [name for name in names if name.startswith(f"{own.name}_")]
    pairs = ((table, name) for table in own.metadata.tables for name in longer if table.startswith(prefix_of(name)))
    return next(pairs, None)


def held_back(records: Sequence[Record], url: str) -> list[Record]:
    """The same records; an active one whose tables are not those of its version waits for its upgrade.

    No statement when no plugin has tables.
    """
    having = with_tables(records)
    if not having:
        return list(records)
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            faults = {name: _behind(own, connection) for name, own in having.items()}
    except SQLAlchemyError as error:
        faults = {name: T("Its tables cannot be looked at: %(error)s.", error=reason_of(error)) for name in having}
    finally:
        engine.dispose()
    return [_held(record, faults.get(record.name)) for record in records]


def _held(record: Record, fault: Text | None) -> Record:
    if fault is None or record.state is not State.ACTIVE:
        return record
    return replace(record, state=State.NEEDS_UPGRADE, reason=fault, provides={})


def _behind(own: Own, connection: Connection) -> Text | None:
    try:
        heads = own.heads()
    except Exception as error:  # the scripts are the plugin's: anything may happen
        log.warning("the migrations of plugin %s cannot be read: %s", own.name, reason_of(error))
        return T("Its migrations cannot be read: %(error)s.", error=reason_of(error))
    stands = own.stands(connection)
    if stands == heads:
        return None
    if not own.knows(stands):
        return NEWER
    return T("Its tables are not those of this version. Run: samverk plugin upgrade %(plugin)s", plugin=own.name)


def rehearse(plugin: Plugin, url: str) -> list[str]:
    """Take a plugin's migrations up, down and up again in an empty database; a sentence for each promise broken.

    For the conformance kit: call it once with the url of a SQLite file that is not there yet, and once with that of an
    empty PostgreSQL database. An empty list is a pass, and so it is for a plugin without tables. After each way up
    autogenerate must find nothing left, nothing may stand there but tables `x_<name>_...`, and after the way down
    only the plugin's version table may remain. Nothing is raised for a plugin's fault.
    """
    own = own_of(plugin)
    if own is None:
        return []
    engine = make_engine(url)
    try:
        faults: list[str] = []
        for step, revision in (("up", "head"), ("down", "base"), ("up again", "head")):
            faults += [f"On the way {step}: {fault}" for fault in _step(own, url, engine, revision)]
            if faults:
                break
        return faults
    finally:
        engine.dispose()


def _step(own: Own, url: str, engine: Engine, revision: str) -> list[str]:
    from alembic import command

    move = command.upgrade if revision == "head" else command.downgrade
    try:
        move(own.config(url), revision)
        with engine.connect() as connection:
            there = set(inspect(connection).get_table_names()) - {own.version_table}
            left = own.missing(connection) if revision == "head" else []
    except Exception as error:
        return [reason_of(error)]
    wanted = set(own.metadata.tables) if revision == "head" else set()
    return [
        *(f"autogenerate would still write {_in_words(change)}." for change in left),
        *(f"the table {name} should not be there." for name in sorted(there - wanted)),
    ]


def _in_words(change: Any) -> str:
    """A difference that Alembic found, as `modify type of x_acme_note.words`; it tells of one column in a list."""
    kind, *rest = change[0] if isinstance(change, list) else change
    names = [one if isinstance(one, str) else getattr(one, "name", None) for one in rest]
    place = ".".join(name for name in names[:3] if name)
    return f"{kind.replace('_', ' ')} of {place}" if place else kind.replace("_", " ")


def owners(connection: Connection, known: Collection[str] = ()) -> dict[str, list[str]]:
    """The plugins that have tables in a database, each with all of them; told by their prefixes.

    A plugin is one of the `known` names, or one that has a version table. The longest name that fits has a table.
    """
    tables = [name for name in inspect(connection).get_table_names() if name.startswith("x_")]
    versioned = {name[2 : -len(VERSION) - 1] for name in tables if name.endswith(f"_{VERSION}")}
    found: dict[str, list[str]] = {}
    for table in sorted(tables):
        fitting = [name for name in {*known, *versioned} if table.startswith(prefix_of(name))]
        if fitting:
            found.setdefault(max(fitting, key=len), []).append(table)
    return found


def drop(connection: Connection, tables: Sequence[str]) -> None:
    """Drop tables with all that is in them, in the order in which they hang together."""
    metadata = MetaData()
    metadata.reflect(connection, only=tables)
    metadata.drop_all(connection, tables=[metadata.tables[name] for name in tables])


def revise(own: Own, message: str) -> Path | None:
    """Write the next migration of a plugin: what lies between its migrations and its tables; None when nothing does.

    The migrations are run in a fresh SQLite file, so that no installation is needed. A new column that may not be empty
    gets the default that the model gives it, for the rows that are there; one without raises `Refused`. Raises what the
    migrations raise.
    """
    from alembic import command

    own.scripts.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/revision.db"
        command.upgrade(own.config(url), "head")
        engine = make_engine(url)
        with engine.connect() as connection:
            left = own.missing(connection)
        engine.dispose()
        if not left:
            return None
        number = len(list(own.scripts.glob("[0-9]*.py"))) + 1
        made = command.revision(
            own.config(url), message, autogenerate=True, rev_id=f"{number:04}", process_revision_directives=_filling
        )
    if made is None or isinstance(made, list):
        return None
    return Path(made.path)


def _filling(_context: object, _revision: object, directives: Sequence[MigrationScript]) -> None:
    """Rows that are there get a value in each new column."""
    from alembic.operations.ops import AddColumnOp, ModifyTableOps

    upgrades = directives[0].upgrade_ops
    for table in (one for one in (upgrades.ops if upgrades else ()) if isinstance(one, ModifyTableOps)):
        for column in (one.column for one in table.ops if isinstance(one, AddColumnOp)):
            if not column.nullable and column.server_default is None:
                column.server_default = DefaultClause(_default_of(table.table_name, column))


def _default_of(table: str, column: Column[Any]) -> str | TextClause:
    given = column.default
    if not isinstance(given, ColumnDefault) or not given.is_scalar:
        why = T(
            "The rows that are there would have nothing in the new column %(column)s of %(table)s. "
            "Give it a default=... that is a plain value, or nullable=True.",
            column=column.name,
            table=table,
        )
        raise Refused(why)
    if isinstance(given.arg, bool):
        return text("true" if given.arg else "false")  # both engines know the words
    return str(given.arg.value if isinstance(given.arg, Enum) else given.arg)
