"""A plugin's own tables, and the door to their rows.

Declare a parent for them, then the tables, and name the parent in the manifest::

    from samverk import OwnTables, Plugin, internal, personal
    from sqlalchemy import String
    from sqlalchemy.orm import Mapped

    class Tables(OwnTables, plugin="acme"):
        pass

    class Note(Tables):
        brand: Mapped[str] = internal(String(20), index=True)
        words: Mapped[str] = personal(String(500))

    class Acme(Plugin):
        tables = Tables

Every column says who may see it, by `public`, `internal`, `personal`, `secret` or `financial`. Migrations lie in
`migrations/versions` beside the module of the plugin; `samverk plugin revision NAME` writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import Executable, MetaData, Result, ScalarResult
from sqlalchemy.orm import Mapped, registry

from core import clock
from core.database import NAMING, UtcDateTime, internal

Row = TypeVar("Row")
WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class OwnTables:
    """The parent of a plugin's tables. Each has the columns `id` and `created_at` and is named `x_<plugin>_<class>`.

    A table never refers to one of core's: a brand, a collaboration, a person is known by its public id.
    """

    __abstract__ = True
    registry: ClassVar[registry]
    metadata: ClassVar[MetaData]
    __tablename__: ClassVar[str]

    id: Mapped[int] = internal(primary_key=True, sort_order=-2)
    created_at: Mapped[datetime] = internal(UtcDateTime, default=clock.now, sort_order=-1)

    def __init_subclass__(cls, *, plugin: str = "", **kwargs: Any) -> None:
        """With `plugin` begin a plugin's tables; without it declare one of them."""
        super().__init_subclass__(**kwargs)
        if plugin:
            cls.__abstract__ = True
            cls.metadata = MetaData(naming_convention=NAMING, info={"plugin": plugin})
            cls.registry = registry(metadata=cls.metadata)
            return
        if vars(cls).get("__abstract__"):
            return
        if not hasattr(cls, "registry"):
            raise TypeError(f"{cls.__name__}: begin with class Tables(OwnTables, plugin=...), then subclass that")
        if not hasattr(cls, "__tablename__"):
            name = WORD.sub("_", cls.__name__).lower()
            cls.__tablename__ = f"x_{cls.metadata.info['plugin']}_{name}"
        cls.registry.mapped(cls)

    def __init__(self, **values: Any) -> None:
        """A new row; `add` it to the door."""
        self.registry.constructor(self, **values)


class Data(Protocol):
    """The door to a plugin's own rows, for the length of one call.

    What was written is kept when the call ends well, and undone when it fails or refuses. Statements are SQLAlchemy's
    (`select`, `insert`, `update`, `delete`) over tables of the plugin; anything else is refused, text too. A GET and a
    panel only read. From the first write to the end of the call other writers may have to wait: do slow things before.
    """

    def get(self, row: type[Row], key: int) -> Row | None:
        """The row of a key, None when there is none."""

    def scalars(self, statement: Executable) -> ScalarResult[Any]:
        """The first column of each row: whole rows for `select(Note)`."""

    def scalar(self, statement: Executable) -> Any:
        """The first column of the first row, None without one."""

    def execute(self, statement: Executable, values: Any = None) -> Result[Any]:
        """Run a statement; a list of `values` runs an insert for each."""

    def add(self, *rows: OwnTables) -> None:
        """Write new rows."""

    def delete(self, row: OwnTables) -> None:
        """Delete a row."""

    def flush(self) -> None:
        """Send what was added and changed now, so that new rows have their `id`."""


class NoData:
    """Stands where there is no door: in pure calls, and for a plugin that declares no tables."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise LookupError("there is no data here: the plugin declares no tables, or the call is a pure one")

    get = scalars = scalar = execute = add = delete = flush = _refuse

    def __repr__(self) -> str:
        """What it is."""
        return "NoData()"


NO_DATA: Data = NoData()


def tables_of(base: type[OwnTables] | None) -> Iterable[Any]:
    """The tables that were declared below a parent."""
    return base.metadata.tables.values() if base else ()
