"""Platforms and sales sources: every page once, and on from any of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.plugin_api.context import Context, Page
from core.plugin_api.contract import Provider
from core.plugin_api.kit import FakeServer
from core.plugin_api.platforms import PlatformConnector
from core.plugin_api.sales_sources import SalesSource
from core.plugin_kit.anew import anew
from core.plugin_kit.checks import Broken, NotAsked, Subject, check
from core.plugin_kit.outside import over, server_for

KINDS = ("platforms", "sales_sources")
MOST_PAGES = 200
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
    other = type(anew(subject, item))
    for number, (start, records) in reversed([*enumerate(pages, 1)]):  # what the first ones leave behind is not there
        again = fetch(other(), over(subject, server)[0], start)
        if list(again.records) != records:
            raise Broken(f"page {number} again", f"{[_id(record) for record in again.records]}", f"cursor {start!r}")
