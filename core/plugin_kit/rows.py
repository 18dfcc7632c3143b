"""Rows for a plugin's tables: its author's own, else made up within the columns' types, lengths and keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Connection, Enum, MetaData, Table, TypeDecorator
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core import clock
from core.database import Privacy
from core.plugin_api.tables import Data
from core.plugin_host.data import made_up
from core.plugin_host.reasons import reason_of
from core.plugin_kit.checks import Broken, Subject

PEOPLE = ("kitgoneaaaaaaa", "kitstaysaaaaaa", "kitbareaaaaaaa")
"""Public ids: of one who asks to be forgotten, of one who does not, and of one of whom little is known."""
WHOLE = PEOPLE[:2]
BRAND = "kit-brand"
MEANT = {"brand": BRAND, "currency": "EUR", "country": "FI", "language": "en", "locale": "en"}
"""What is in a text by the last word of its column's name."""
EMPTY, HOLDING = "over empty tables", "over tables that hold rows"
Made = dict[str, list[Mapping[str, Any]]]
"""The rows that there are, by table."""


def states(subject: Subject) -> tuple[str, ...]:
    """How its tables may be found; without tables there is nothing to tell apart."""
    return (EMPTY, HOLDING) if subject.plugin.tables else (EMPTY,)


@contextmanager
def stocked(subject: Subject, state: str, *, write: bool = False) -> Iterator[Data]:
    """A door to its tables in one of the `states`."""
    fill = partial(_stock, subject) if state == HOLDING else None
    with made_up(subject.plugin, write=write, fill=fill) as data:
        yield data


def _stock(subject: Subject, connection: Connection) -> None:
    if subject.kit.rows is None:
        fit_in(connection, subject.plugin.tables.metadata)  # type: ignore[union-attr]
        return
    try:
        with Session(connection) as session:
            session.add_all(subject.kit.rows())
            session.flush()
    except SQLAlchemyError as error:
        raise Broken("rows of kit() that its own tables take", reason_of(error), "Kit(rows=...)") from None


def fill(connection: Connection, metadata: MetaData, people: Sequence[str] = WHOLE) -> None:
    """A whole row for each of the people where something personal is kept, in what refers to it and what it needs.

    Their ids are in personal columns alone. Raises what the database says against it.
    """
    made: Made = {}
    about = _about_people(metadata)
    for table in (table for table in metadata.sorted_tables if table in about):
        for number, _ in enumerate(people, 1):
            put_in(connection, table, number, made, _nobodys(table, number))


def fit_in(connection: Connection, metadata: MetaData) -> int:
    """The same and a row without all that may be left out; how many the tables took, for they may have rules."""
    made: Made = {}
    for table in metadata.sorted_tables:
        for number, _ in enumerate(PEOPLE, 1):
            try:
                with connection.begin_nested():
                    put_in(connection, table, number, made, bare=number > len(WHOLE))
            except SQLAlchemyError:
                continue  # a rule of the table that the kit cannot guess
    return sum(map(len, made.values()))


def _about_people(metadata: MetaData) -> set[Table]:
    found = {table for table in metadata.sorted_tables if any(map(personal, table.columns))}
    found |= {table for table in metadata.sorted_tables if _needs(table) & found}
    while more := set().union(*map(_needs, found)) - found:
        found |= more
    return found


def _needs(table: Table) -> set[Table]:
    return {key.column.table for key in table.foreign_keys}


def _nobodys(table: Table, number: int) -> Mapping[str, str]:
    """Words for the texts that would hold a public id and are not personal."""
    return {
        column.name: f"{number} of the kit"[: length_of(column)]
        for column in table.columns
        if not personal(column) and free_text(column) and last_word(column) not in MEANT
    }


def put_in(
    connection: Connection,
    table: Table,
    number: int,
    made: Made,
    instead: Mapping[str, Any] | None = None,
    *,
    bare: bool = False,
) -> None:
    """Write a row, `instead` before what is made up; `bare` leaves out what may be. Raises what the database says."""
    values = dict(_values(table, number, made, bare=bare)) | dict(instead or {})
    done = connection.execute(table.insert().values(values))
    keys = zip((column.name for column in table.primary_key), done.inserted_primary_key or (), strict=False)
    made.setdefault(table.name, []).append({**values, **dict(keys)})


def _values(table: Table, number: int, made: Made, *, bare: bool) -> Iterator[tuple[str, Any]]:
    for column in table.columns:
        if column.foreign_keys and not (bare and column.nullable):
            yield from _referred(column, number, made)
        elif not (column.primary_key or (bare and column.nullable) or _filled_by_itself(column)):
            value = _made_up(column, number)
            yield from [] if value is None else [(column.name, value)]


def _referred(column: Column[Any], number: int, made: Made) -> Iterator[tuple[str, Any]]:
    target = next(iter(column.foreign_keys)).column
    rows = made.get(target.table.name, [])
    if rows:
        yield column.name, rows[min(number, len(rows)) - 1][target.name]
    elif not column.nullable:
        yield column.name, number


def free_text(column: Column[Any]) -> bool:
    """Whether it is a text in which the kit may write."""
    bound = column.primary_key or column.foreign_keys or isinstance(_inner(column), Enum)
    return not bound and _kind(column) is str and not _filled_by_itself(column)


def length_of(column: Column[Any]) -> int | None:
    """How long a text may be; None where nothing is said."""
    longest: int | None = getattr(_inner(column), "length", None)
    return longest


def _filled_by_itself(column: Column[Any]) -> bool:
    """What a text or JSON is when nobody says is likelier to be understood than a word of the kit's."""
    if isinstance(_inner(column), JSON):
        return column.default is not None
    given = getattr(column.default, "arg", None)
    return _kind(column) is str and not personal(column) and bool(given) and not callable(given)


def personal(column: Column[Any]) -> bool:
    """Whether it tells something of a person."""
    return column.info.get("privacy") == Privacy.PERSONAL


def _inner(column: Column[Any]) -> Any:
    return column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type


def _kind(column: Column[Any]) -> type:
    try:
        kind: type = _inner(column).python_type
    except NotImplementedError:
        return object
    return kind


def _made_up(column: Column[Any], number: int) -> Any:
    """Something that a column takes and that differs from row to row; None where the kit knows nothing."""
    inner = _inner(column)
    if isinstance(inner, JSON):
        return {}
    if isinstance(inner, Enum):
        members = list(inner.enum_class or inner.enums)
        return members[(number - 1) % len(members)]
    make = _KINDS.get(_kind(column))
    return make(column, number) if make else None


def _text(column: Column[Any], number: int) -> str:
    word = MEANT.get(last_word(column), _person(number))
    return word[: length_of(column)]


def _person(number: int) -> str:
    return PEOPLE[(number - 1) % len(PEOPLE)]


def last_word(column: Column[Any]) -> str:
    """What a column is, by its name: `brand` of `paying_brand`."""
    return column.name.rpartition("_")[2]


def tells_whose(table: Table) -> bool:
    """Whether a public id fits into a personal column of its own."""
    texts = [column for column in table.columns if _kind(column) is str and personal(column)]
    return any(_text(column, 1) == PEOPLE[0] for column in texts)


_KINDS: Mapping[type, Callable[[Column[Any], int], Any]] = {
    str: _text,
    int: lambda _column, number: number,
    bool: lambda _column, number: number % 2 == 0,
    float: lambda _column, number: float(number),
    Decimal: lambda column, number: Decimal(number).scaleb(-(_inner(column).scale or 0)),
    datetime: lambda _column, number: clock.now() + timedelta(days=number),
    date: lambda _column, number: (clock.now() + timedelta(days=number)).date(),
    time: lambda _column, number: time(number),
    timedelta: lambda _column, number: timedelta(days=number),
    bytes: lambda column, number: _person(number).encode()[: length_of(column)],
    UUID: lambda _column, number: UUID(int=number),
    list: lambda _column, _number: [],
}
