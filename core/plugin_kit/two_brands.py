"""Rows of two brands, each with words of its own, which are found again wherever they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table
from sqlalchemy.exc import SQLAlchemyError

from core.plugin_kit.rows import BRAND, MEANT, PEOPLE, Made, free_text, last_word, length_of, put_in

Row = Mapping[str, Any]
STATE = "over tables that hold rows of two brands"
OTHER = "kit-other-brand"
MARKUP = "<b>kit"
"""How each word begins; escaped it is no longer there."""
ELSEWHERE = "kitelse"
"""What is in each word of the other brand."""
STRANGER = f"{ELSEWHERE}4"
"""The same, in the row of somebody else than the reader."""
WHOSE = {
    1: (OTHER, ELSEWHERE, PEOPLE[0]),
    2: (BRAND, "kitown", PEOPLE[0]),
    3: (BRAND, "kitown", PEOPLE[1]),
    4: (OTHER, ELSEWHERE, PEOPLE[1]),
}
"""By the number of the row its brand, its words, its person; the other brand's are the first and the last."""
KEYS = tuple(map(str, WHOSE))
LONGEST_ID = 20
"""A text up to this length may be a public id, which a page looks for; what is longer is words."""


def stock(connection: Connection, metadata: MetaData) -> None:
    """Four rows of two brands a table, two where it is of no brand; less, or none, where the table has rules."""
    made: Made = {}
    for table in metadata.sorted_tables:
        tries: Sequence[Sequence[int]] = ((1, 2, 3, 4), (1, 3)) if of_a_brand(table) else ((2, 3), (2,))
        for numbers in tries:
            if _taken(connection, table, numbers, made):
                made[table.name] = list(_for_each(dict(zip(numbers, made[table.name], strict=True))))
                break


def _for_each(rows: Mapping[int, Row]) -> Iterator[Row]:
    """For each number the row that others of the number refer to: its own, else one of the same brand."""
    for number, (brand, *_) in WHOSE.items():
        alike = (rows[one] for one in rows if WHOSE[one][0] == brand)
        yield rows[number] if number in rows else next(alike, next(iter(rows.values())))


def of_a_brand(table: Table) -> bool:
    """Whether its rows tell their brand, or belong to some that do."""
    if any(last_word(column) == "brand" and free_text(column) for column in table.columns):
        return True
    return any(key.column.table is not table and of_a_brand(key.column.table) for key in table.foreign_keys)


def _taken(connection: Connection, table: Table, numbers: Sequence[int], made: Made) -> bool:
    made[table.name] = []
    try:
        with connection.begin_nested():
            for number in numbers:
                put_in(connection, table, number, made, dict(_said(table, number)))
    except SQLAlchemyError:
        del made[table.name]
        return False
    return True


def _said(table: Table, number: int) -> Iterator[tuple[str, Any]]:
    for column in table.columns:
        if any(key.column.table is table for key in column.foreign_keys) and column.nullable:
            yield column.name, None
        elif free_text(column):
            yield from _text(column, number)


def _text(column: Column[Any], number: int) -> Iterator[tuple[str, str]]:
    brand, word, person = WHOSE[number]
    longest = length_of(column)
    if last_word(column) == "brand":
        yield column.name, brand[:longest]
    elif last_word(column) not in MEANT:
        is_id = longest is not None and longest <= LONGEST_ID
        yield column.name, (person if is_id else f"<b>{word}{number}</b>")[:longest]
