"""What platforms and sales sources answer is of the types that core can keep."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from core.csv_input import example, read_table
from core.money import Money
from core.plugin_api.context import Page, Parsed
from core.plugin_api.contract import Provider
from core.plugin_api.platforms import Metrics, Profile
from core.plugin_api.sales_sources import RefundRecord
from core.plugin_kit.checks import Broken, NotAsked, Subject, check
from core.plugin_kit.outside import calls, happened, over, webhook
from core.plugin_kit.sheets import reader

FIGURES = {Profile: ("followers", "posts"), Metrics: ("values",)}


@check(
    "types",
    "Moments have a time zone, figures are whole numbers, refunds are positive",
    "platforms",
    "sales_sources",
    hint="Read a moment with its offset (or .replace(tzinfo=UTC)), take a figure only when it is an int, and give a "
    "RefundRecord what was given back as a positive amount.",
)
def types(subject: Subject, item: Provider) -> None:
    """Every answer, every message and the example of its table."""
    found = list(_answers(subject, item))
    if not found:
        raise NotAsked
    for where, told in found:
        for expected, seen in _faults(told):
            raise Broken(expected, seen, where)


def _answers(subject: Subject, item: Any) -> Iterator[tuple[str, Any]]:
    if item.supports("parse"):
        with contextlib.suppress(Exception):  # the check `example` tells of it
            table = read_table(example(item.columns).encode())
            yield "the example of its columns", reader(item)(table.aligned(item.columns))
    if subject.server(item.name) is None:
        return
    server, ctx = happened(subject, item)
    for name, call in calls(item, server).items():
        yield name, call(over(subject, server)[0])
    read = webhook(item)
    if read is not None:
        for message in server.messages():
            yield "a message", list(read(ctx, message))


def _faults(value: Any) -> Iterator[tuple[str, str]]:
    """What core could not keep: what it needs, and what it got."""
    if isinstance(value, Page | Parsed):
        yield from _faults(list(value.records))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _faults(item)
    elif is_dataclass(value) and not isinstance(value, type | Money):
        yield from _of_a_record(value)


def _of_a_record(record: Any) -> Iterator[tuple[str, str]]:
    name = type(record).__name__
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, datetime) and value.tzinfo is None:
            yield f"a time zone in {name}.{field.name}", repr(value)
    for key in FIGURES.get(type(record), ()):
        told = getattr(record, key)
        for part in told.values() if isinstance(told, Mapping) else (told,):
            if part is not None and type(part) is not int:
                yield f"a whole number in {name}.{key}, or nothing", repr(part)
    if isinstance(record, RefundRecord) and record.amount.minor <= 0:
        yield "a positive amount in RefundRecord", str(record.amount)
