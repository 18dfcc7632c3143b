"""What platforms and sales sources answer is of the types that core can keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.csv_input import example, read_table
from core.plugin_api.context import Page, Parsed
from core.plugin_api.contract import Provider
from core.plugin_api.kit import FakeServer
from core.plugin_api.platforms import Disclosure, Metrics, Post, Profile
from core.plugin_api.sales_sources import RefundRecord, SaleRecord, SalesSource
from core.plugin_kit.checks import Broken, NotAsked, Subject, check
from core.plugin_kit.connectors import MOST_PAGES, listing
from core.plugin_kit.outside import calls, happened, over, webhook
from core.plugin_kit.plain import plain
from core.plugin_kit.sheets import reader
from core.plugin_kit.unfit import unfit_of

OTHERS: Mapping[str, tuple[type, ...]] = {"profile": (Profile,), "posts": (Post,), "disclosure": (Disclosure,)}
"""What methods answer besides figures and sales."""


@check(
    "types",
    "Moments have a time zone, figures are whole numbers, refunds are positive",
    "platforms",
    "sales_sources",
    hint="Give RefundRecord what was given back as a positive amount: -amount where it comes with a minus.",
)
def types(subject: Subject, item: Provider) -> None:
    """Every answer, every message and the example of its table; records refuse the rest when they are made."""
    found = list(_answers(subject, item))
    if not found:
        raise NotAsked
    usual = (SaleRecord, RefundRecord) if isinstance(item, SalesSource) else (Metrics,)
    for where, told in found:
        kinds = OTHERS.get(where.rpartition(" ")[2], usual)
        for record in _records(told):
            if not isinstance(record, kinds):
                names = " or ".join(kind.__name__ for kind in kinds)
                raise Broken(
                    f"a record of {names}", plain(record)[:300], where, f"Answer with {names}, imported from samverk."
                )
            if isinstance(record, RefundRecord) and record.amount.minor <= 0:
                raise Broken("a positive amount in RefundRecord", plain(record.amount), where)


def _answers(subject: Subject, item: Any) -> Iterator[tuple[str, Any]]:
    if item.supports("parse"):
        try:
            table = read_table(example(item.columns).encode())
            yield "the example of its columns", reader(item)(table.aligned(item.columns))
        except Exception as error:
            if unfit_of(error):
                raise  # of all else the check `example` tells
    if subject.server(item.name) is None:
        return
    server, ctx = happened(subject, item)
    for name, call in calls(item, server).items():
        yield name, call(over(subject, server)[0])
    yield from _later_pages(subject, item, server)
    read = webhook(item)
    if read is not None:
        for message in server.messages():
            yield "a message", read(ctx, message)


def _later_pages(subject: Subject, item: Any, server: FakeServer) -> Iterator[tuple[str, Any]]:
    try:
        name, fetch, _ = listing(item, server)
    except NotAsked:
        return
    cursor, number = fetch(item, over(subject, server)[0], None).cursor, 2
    while cursor is not None and number <= MOST_PAGES:
        page = fetch(item, over(subject, server)[0], cursor)
        yield f"page {number} of {name}", page
        cursor, number = page.cursor, number + 1


def _records(told: Any) -> list[Any]:
    inside = told.records if isinstance(told, Page | Parsed) else told
    return list(inside) if isinstance(inside, list | tuple) else [told]
