"""Platforms and sales sources: every page once, and each fault by its right name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.plugin_api.context import (
    AuthExpired,
    BadAnswer,
    ConnectorError,
    Context,
    NotFound,
    Page,
    RateLimited,
    Unavailable,
)
from core.plugin_api.contract import Provider
from core.plugin_api.kit import FakeServer
from core.plugin_api.platforms import PlatformConnector
from core.plugin_api.sales_sources import SalesSource
from core.plugin_kit.checks import Broken, NotAsked, Subject, check, fell
from core.plugin_kit.outside import calls, over, server_for
from core.plugin_kit.plain import plain
from core.plugin_kit.wire import Fault, lost, says

KINDS = ("platforms", "sales_sources")
MOST_PAGES = 200
RUBBISH = (b"", b"<html>Bad gateway</html>", b'{"data": [', b"\xff\xfe\x00", b"7", b'"yes"')
FAULTS: tuple[tuple[str, Fault, type[ConnectorError]], ...] = (
    ("401", says(401), AuthExpired),
    ("404", says(404), NotFound),
    ("429 with Retry-After: 17", says(429, headers={"Retry-After": "17"}), RateLimited),
    ("500", says(500, b"Internal server error"), Unavailable),
    ("503", says(503, b""), Unavailable),
    ("no answer at all", lost, Unavailable),
    *((f"200 and the bytes {body!r}", says(200, body), BadAnswer) for body in RUBBISH),
)
Fetch = Callable[[Any, Context, str | None], Page[Any]]


def listing(item: Provider, server: FakeServer) -> tuple[str, Fetch, list[str]]:
    """What it lists: the method, how to fetch a page of it, and the ids that the server says there are."""
    if isinstance(item, PlatformConnector) and item.supports("posts"):
        account = server.account
        return "posts", lambda it, ctx, cursor: it.posts(ctx, account, cursor), list(server.posts)
    if isinstance(item, SalesSource) and item.supports("orders"):
        since = server.since
        return "orders", lambda it, ctx, cursor: it.orders(ctx, since, cursor), list(server.orders)
    raise NotAsked


def _id(record: Any) -> str:
    return str(getattr(record, "id", None) or getattr(record, "external_id", None))


@check(
    "paging",
    "Its listings end, miss nothing, tell nothing twice, and go on from any page",
    *KINDS,
    hint="Put all that the next page needs into the cursor, a text, None on the last page; keep nothing yourself.",
)
def paging(subject: Subject, item: Provider) -> None:
    """A killed worker goes on with the cursor it had, in another process."""
    server = server_for(subject, item)
    name, fetch, expected = listing(item, server)
    pages: list[tuple[str | None, list[Any]]] = []
    cursor: str | None = None
    while len(pages) < MOST_PAGES:
        page = fetch(item, over(subject, server)[0], cursor)
        pages.append((cursor, list(page.records)))
        if page.cursor is not None and (not isinstance(page.cursor, str) or page.cursor in {c for c, _ in pages}):
            raise Broken("a new text as cursor, or None", repr(page.cursor), f"page {len(pages)} of {name}")
        cursor = page.cursor
        if cursor is None:
            break
    else:
        raise Broken("an end", f"{MOST_PAGES} pages and no end", name)
    found = [_id(record) for _, records in pages for record in records]
    if sorted(found) != sorted(expected):
        raise Broken(f"{len(expected)} records, each once: {', '.join(expected)[:200]}", ", ".join(found)[:200], name)
    if len(pages) < 2:
        mend = f"Let the FakeServer have more {name} than one page holds, and name them all."
        raise Broken(f"a server whose {name} need more than one page", "one page", "FakeServer", mend)
    for number, (start, records) in enumerate(pages, 1):
        again = fetch(type(item)(), over(subject, server)[0], start)
        if list(again.records) != records:
            raise Broken(f"page {number} again", f"{[_id(record) for record in again.records]}", f"cursor {start!r}")


@check(
    "errors",
    "Each fault of the other side is raised by its own name",
    *KINDS,
    hint="401 and 403 AuthExpired, 404 NotFound, 429 RateLimited(retry_after), 5xx Unavailable, rubbish BadAnswer.",
)
def errors(subject: Subject, item: Provider) -> None:
    """Core does something else for each: ask the person, wait, keep the old data."""
    for name in calls(item, server_for(subject, item)):
        for what, fault, expected in FAULTS:
            server = server_for(subject, item)
            ctx, wire = over(subject, server, fault)
            case = f"{name} when the other side says {what}"
            try:
                told = calls(item, server)[name](ctx)
            except ConnectorError as error:
                if type(error) is not expected:
                    raise Broken(expected.__name__, type(error).__name__, case) from None
                if isinstance(error, RateLimited) and error.retry_after != 17:
                    raise Broken("retry_after=17", f"retry_after={error.retry_after}", case) from None
            except Exception as error:
                raise Broken(expected.__name__, fell(error, subject), case) from None
            else:
                left_out = name == "metrics" and expected is NotFound and not told
                if wire.sent and not left_out:
                    raise Broken(expected.__name__, f"an answer: {plain(told)}"[:300], case)
