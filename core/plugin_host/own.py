"""What a plugin keeps in the database, as it declares it and as Alembic is told of it.

Each plugin has an Alembic history of its own, in the table `x_<name>_alembic_version`; the scripts lie in
`migrations/versions` beside its module. Core's history never hears of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MetaData, Table

from core.database import UtcDateTime
from core.i18n import ROOT
from core.plugin_api.contract import ContractError
from core.plugin_api.manifest import Plugin
from core.plugin_api.tables import OwnTables, tables_of
from core.plugin_host.additions import folder_of

if TYPE_CHECKING:
    from alembic.config import Config

VERSION = "alembic_version"


def prefix_of(name: str) -> str:
    """What the names of a plugin's tables begin with."""
    return f"x_{name}_"


def core_alone(_object: object, name: str | None, kind: str, reflected: bool, _compare_to: object) -> bool:
    """For core's history: leave plugins' tables to plugins."""
    return not (kind == "table" and reflected and str(name).startswith("x_"))


@dataclass(frozen=True)
class Own:
    """What a plugin keeps in the database, as Alembic is told of it."""

    name: str
    metadata: MetaData
    scripts: Path

    @property
    def version_table(self) -> str:
        """Where it is written how far the plugin's tables are."""
        return prefix_of(self.name) + VERSION

    @property
    def options(self) -> dict[str, Any]:
        """How Alembic compares and writes the plugin's tables and nothing else."""
        return {
            "target_metadata": self.metadata,
            "version_table": self.version_table,
            "include_object": self._mine,
            "render_item": _render,
        }

    def _mine(self, thing: Any, name: str | None, kind: str, reflected: bool, _compare_to: object) -> bool:
        table = name if kind == "table" else getattr(getattr(thing, "table", None), "name", None)
        if table is None or not reflected or table in self.metadata.tables:
            return True
        return str(table).startswith(prefix_of(self.name)) and table != self.version_table

    def config(self, url: str) -> Config:
        """Alembic's settings for this plugin in a database."""
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", str(self.scripts).replace("%", "%%"))
        config.attributes |= {"own": self, "url": url}
        return config

    def heads(self) -> set[str]:
        """The newest revision of the scripts; empty without scripts."""
        from alembic.script import ScriptDirectory

        return set(ScriptDirectory.from_config(self.config("")).get_heads())

    def knows(self, revisions: set[str]) -> bool:
        """Whether its scripts have these revisions; not those of a newer version than the one that is installed."""
        from alembic.script import ScriptDirectory

        scripts = ScriptDirectory.from_config(self.config(""))
        return revisions <= {script.revision for script in scripts.walk_revisions()}

    def stands(self, connection: Connection) -> set[str]:
        """The revision that a database is at; empty before the first."""
        from alembic.runtime.migration import MigrationContext

        context = MigrationContext.configure(connection, opts={"version_table": self.version_table})
        return set(context.get_current_heads())

    def missing(self, connection: Connection) -> list[Any]:
        """What autogenerate would still write to make a database what the plugin declares."""
        from alembic.autogenerate import compare_metadata
        from alembic.runtime.migration import MigrationContext

        options = {**self.options, "compare_type": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), self.metadata))


def _render(kind: str, item: Any, _context: Any) -> str | bool:
    """A migration says plain SQLAlchemy, for it may import nothing of core."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def own_of(plugin: Plugin | None) -> Own | None:
    """What a plugin keeps in the database; None when it declares no tables."""
    folder = folder_of(plugin) if plugin else None
    if plugin is None or plugin.tables is None or folder is None:
        return None
    return Own(plugin.name, plugin.tables.metadata, folder / "migrations" / "versions")


def check(plugin: Plugin) -> None:
    """Raise `ContractError` for the first table that cannot be, and where the migrations are missing."""
    base = plugin.tables
    if base is None:
        return
    if not isinstance(base, type) or not issubclass(base, OwnTables) or not hasattr(base, "metadata"):
        raise ContractError("tables must be a subclass of OwnTables that was begun with plugin=...")
    if base.metadata.info.get("plugin") != plugin.name:
        raise ContractError(f"its tables were begun with plugin={base.metadata.info.get('plugin')!r}")
    for table in tables_of(base):
        for wrong in _faults(plugin.name, table):
            raise ContractError(f"the table {table.name}: {wrong}")
    own = own_of(plugin)
    if own is None or not own.scripts.is_dir():
        first = f'samverk plugin revision {plugin.name} "its tables" writes the first'
        raise ContractError(f"its tables have no folder migrations/versions beside its module; {first}")
    with suppress(Exception):  # told where the database is looked at; what ends a process or hangs is met here, fenced
        own.heads()


def _faults(name: str, table: Table) -> Iterable[str]:
    if table.schema or not table.name.startswith(prefix_of(name)) or table.name == prefix_of(name) + VERSION:
        yield f"its name does not begin with {prefix_of(name)}"
    for column in table.columns:
        if "privacy" not in column.info:
            yield f"the column {column.name} does not say who may see it"
        for key in column.foreign_keys:
            if key.target_fullname.rpartition(".")[0] not in table.metadata.tables:
                yield f"the column {column.name} refers to {key.target_fullname}, which is not a table of the plugin"
