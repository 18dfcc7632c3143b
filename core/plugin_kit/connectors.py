"""Platforms and sales sources: every page once, nothing made up, and each fault by its right name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from core.plugin_api.context import (
    AuthExpired,
    BadAnswer,
    ConnectorError,
    Context,
    NotFound,
    Page,
    RateLimited,
    Response,
    Unavailable,
)
from core.plugin_api.contract import Provider
from core.plugin_api.kit import FakeServer, Request
from core.plugin_api.platforms import PlatformConnector
from core.plugin_api.sales_sources import SalesSource
from core.plugin_kit.checks import Broken, NotAsked, Subject, check, fell
from core.plugin_kit.outside import calls, over, server_for
from core.plugin_kit.plain import plain
from core.plugin_kit.wire import Fault, lost, plainly, says

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


@check(
    "nulls",
    "What the other side does not tell is not made up",
    *KINDS,
    hint="A null is None or left out, never 0, '' or False: write data['likes'], not data.get('likes') or 0.",
)
def nulls(subject: Subject, item: Provider) -> None:
    """Each number and each yes or no of each JSON answer is made null in turn: it may get lost, not become another."""
    for name in calls(item, server_for(subject, item)):
        server = server_for(subject, item)
        ctx, wire = over(subject, server)
        clean = dict(_leaves(calls(item, server)[name](ctx)))
        for number, answer in enumerate(wire.got, 1):
            for place in _places(answer):
                _one_null(subject, item, name, clean, number, place)


def _one_null(
    subject: Subject, item: Provider, name: str, clean: Mapping[str, Any], number: int, place: tuple[Any, ...]
) -> None:
    def nulled(request: Request, server: FakeServer) -> Response:
        answer = server.answer(request)
        return Response(answer.status, answer.headers, _without(answer.body, place))

    server = server_for(subject, item)
    ctx, _ = over(subject, server, plainly, {number: nulled})
    case = f"{name}, answer {number}, {'.'.join(map(str, place))}: null"
    try:
        told = calls(item, server)[name](ctx)
    except ConnectorError:
        return
    except Exception as error:
        raise Broken("None, or BadAnswer", fell(error, subject), case) from None
    for leaf, value in _leaves(told):
        if value is None and ".values." in leaf:
            raise Broken("a metric that is not told to be left out", f"{leaf} = None", case)
        if value is not None and (leaf not in clean or clean[leaf] != value):
            raise Broken("None, or BadAnswer", f"{leaf} = {value!r}", case)


def _places(answer: Response) -> Iterator[tuple[Any, ...]]:
    try:
        data = json.loads(answer.body)
    except ValueError:
        return
    yield from _numbers(data, ())


def _numbers(data: Any, place: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _numbers(value, (*place, key))
    elif isinstance(data, list):
        for index, value in enumerate(data[:2]):
            yield from _numbers(value, (*place, index))
    elif isinstance(data, int | float):
        yield place


def _without(body: bytes, place: tuple[Any, ...]) -> bytes:
    data = json.loads(body)
    if not place:
        return b"null"
    inner = data
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = None
    return json.dumps(data).encode()


def _leaves(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """What an answer says, value by value; records are known by their ids, cursors say nothing."""
    if isinstance(value, Page):
        yield from _leaves(list(value.records), where)
    elif is_dataclass(value) and not isinstance(value, type) and type(value).__name__ != "Money":
        for field in fields(value):
            yield from _leaves(getattr(value, field.name), f"{where}.{field.name}".lstrip("."))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            known = next((getattr(item, name) for name in ("id", "post", "external_id") if hasattr(item, name)), index)
            yield from _leaves(item, f"{where}[{known}]")
    else:
        yield where, value
