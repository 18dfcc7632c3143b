"""Tables that people export: the documented example is read, rubbish is told row by row, addresses never fall."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any

from hypothesis import strategies as st

from core.csv_input import Row, example, plain_header, read_table
from core.influencers.vocabulary import PLATFORM_NAMES
from core.plugin_api.context import Parsed
from core.plugin_api.contract import Provider
from core.plugin_api.platforms import PlatformConnector, PostRef
from core.plugin_api.sales_sources import SalesSource
from core.plugin_api.text import Text
from core.plugin_kit.checks import Broken, NotAsked, Subject, check, fell
from core.plugin_kit.guard import no_network
from core.plugin_kit.plain import plain
from core.plugin_kit.search import search
from core.plugin_kit.unfit import unfit_of

KINDS = ("platforms", "sales_sources")
RUBBISH = (
    "",
    "-1",
    "0,1234567",
    "1e99",
    "ten",
    "31.02.2026",
    "XXX",
    "=1+1",
    "1,2,3",
    "\ufeff",
    "٣",
    "9" * 200,
    "https://",
    "%(x)s",
)
ADDRESSES = (
    "", "https://", "http://[", "//example.com/p/1", "https://example.com:99999/", "javascript:alert(1)",
    "https://exämple.com/p/1", "https://example.com/%zz", "https://example.com/p/1?x=" + "y" * 3000,
)  # fmt: skip


def reader(item: Provider) -> Callable[[Sequence[Row]], Parsed[Any]]:
    """How it reads rows."""
    if not item.supports("parse"):
        raise NotAsked
    if isinstance(item, SalesSource):
        return lambda rows: item.parse(rows, "EUR", UTC)
    return lambda rows: item.parse(rows, UTC)  # type: ignore[attr-defined]


@check(
    "example",
    "The example that its columns document can be read",
    *KINDS,
    hint="Give every Column an example as your platform writes it, and names and aliases that differ from each other.",
)
def documented(subject: Subject, item: Any) -> None:
    """What the form shows is what `parse` takes."""
    read = reader(item)
    names = [plain_header(name) for column in item.columns for name in (column.name, *column.aliases)]
    if not names or len(set(names)) != len(names):
        twice = next((name for name in names if names.count(name) > 1), "no columns")
        raise Broken("columns, each under names of its own", twice)
    parsed = read(read_table(example(item.columns).encode()).aligned(item.columns))
    if len(parsed.records) != 1 or parsed.errors:
        faults = "; ".join(f"{error.column}: {error.message}".removeprefix(": ") for error in parsed.errors)
        raise Broken("one record", faults or f"{len(parsed.records)} records", example(item.columns))


@check(
    "rows",
    "Rubbish in a table is told row by row",
    *KINDS,
    hint="Catch what a row raises, Invalid and ValueError, append RowError(row.line, column, T(...)) and go on. "
    'A row that is rightly no record gets one too: RowError(row.line, "", T("This order was cancelled.")).',
)
def rows(subject: Subject, item: Any) -> None:
    """Nothing is raised; every row becomes a record or an error at its own line and column."""
    read, names = reader(item), {column.name for column in item.columns} | {""}
    good = {column.name: column.example for column in item.columns}
    try:
        read([Row(2, good)])
    except Exception as error:
        if unfit_of(error):
            raise  # told by `types`; all else is told below
    cell = st.one_of(st.sampled_from(RUBBISH), st.text(max_size=12))
    cells = st.fixed_dictionaries({name: st.one_of(st.just(value), cell) for name, value in good.items()})

    def holds(table: list[dict[str, str]]) -> None:
        given = [Row(line, cells) for line, cells in enumerate(table, 2)]
        try:
            parsed = read(given)
        except Exception as error:
            raise Broken("records and errors", fell(error, subject), table) from None
        lines = {row.line for row in given}
        for fault in parsed.errors:
            if fault.line not in lines or fault.column not in names or not isinstance(fault.message, Text):
                raise Broken("errors at a line and a column of the table", plain(fault), table)
        if len(parsed.records) + len({fault.line for fault in parsed.errors}) < len(given):
            raise Broken(f"a record or an error for each of {len(given)} rows", f"{len(parsed.records)} records", table)

    for name in good:
        for rubbish in RUBBISH:
            holds([{**good, name: rubbish}])
    search(st.lists(cells, max_size=4), subject.examples, holds)


@check(
    "platform",
    "Whose accounts it reads is a platform that Samverk has a word for, or its own",
    "platforms",
    hint="platform is one of the words that the reference lists, such as instagram; leave it out for any other.",
)
def platform(subject: Subject, item: PlatformConnector) -> None:
    """With another word nobody would ever be asked about."""
    if item.platform and item.platform not in PLATFORM_NAMES:
        raise Broken(f"one of {', '.join(PLATFORM_NAMES)}, or nothing", repr(item.platform), "platform")


@check(
    "addresses",
    "Any address can be shown to it",
    "platforms",
    hint="resolve_url takes apart what is written and asks nobody; None for everything that is not of your platform.",
)
def addresses(subject: Subject, item: PlatformConnector) -> None:
    """`resolve_url` answers a post or None, whatever people paste, and goes nowhere."""
    if not item.supports("resolve_url"):
        raise NotAsked

    def holds(url: str) -> None:
        with no_network() as touched:
            try:
                told = item.resolve_url(url)
            except Exception as error:
                raise Broken("a PostRef or None", fell(error, subject), repr(url)) from None
        if touched:
            raise Broken("an answer without asking anybody", touched[0], repr(url))
        if told is not None and not (isinstance(told, PostRef) and told.post):
            raise Broken("a PostRef with a post, or None", plain(told), repr(url))

    made = st.builds("https://{}/{}".format, st.sampled_from(["example.com", "x.test"]), st.text(max_size=20))
    search(st.one_of(st.sampled_from(ADDRESSES), made, st.text(max_size=30)), subject.examples, holds)
