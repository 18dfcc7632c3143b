"""What the other side tells otherwise than it says: nothing, a figure of another type, a list where an object was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from core.money import Money
from core.plugin_api.context import ConnectorError, Page, Response
from core.plugin_api.contract import Provider
from core.plugin_api.kit import FakeServer, Request
from core.plugin_kit.checks import Broken, Subject, check, fell
from core.plugin_kit.outside import calls, over, server_for
from core.plugin_kit.wire import plainly

KINDS = ("platforms", "sales_sources")
AT_MOST = 2
"""How many of a list are mangled: the others are like them."""
QUARTER = 0.25
Place = tuple[Any, ...]
Instead = Callable[[Any], Iterator[Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """One answer of one call, with something else in one place."""

    name: str
    number: int
    place: Place
    was: Any
    instead: Any

    def __str__(self) -> str:
        """As the report tells it."""
        where = ".".join(map(str, self.place)) or "the whole"
        return f"{self.name}, answer {self.number}, {where}: {json.dumps(self.instead)[:80]}"


@check(
    "nulls",
    "What the other side does not tell is not made up",
    *KINDS,
    hint="A null is None or left out, never 0, '' or False: write data['likes'], not data.get('likes') or 0.",
)
def nulls(subject: Subject, item: Provider) -> None:
    """Each number and each yes or no of each JSON answer is made null in turn: it may get lost, not become another."""
    for case, clean in _cases(subject, item, _null):
        for leaf, value in _leaves(_told(subject, item, case, "None, or BadAnswer")):
            if value is not None and (leaf not in clean or clean[leaf] != value):
                raise Broken("None, or BadAnswer", f"{leaf} = {value!r}", case)


@check(
    "mangled",
    "What the other side tells in another type is refused, or means the same",
    *KINDS,
    hint="Read the answer and make the records inside one try, and raise BadAnswer for (AttributeError, KeyError, "
    "TypeError, ValueError): the records themselves refuse what is not of their types.",
)
def mangled(subject: Subject, item: Provider) -> None:
    """Each value in turn is of another type, as after a change that nobody announced."""
    for case, clean in _cases(subject, item, _other):
        told = dict(_leaves(_told(subject, item, case, "an answer, or BadAnswer")))
        for leaf in told.keys() & clean.keys() if isinstance(case.was, int | float) else ():
            if told[leaf] not in (clean[leaf], None) and not _read_exactly(case, clean[leaf]):
                mend = (
                    "Hand the value over as it came, without int() or bool(): the record refuses what it does not take."
                )
                raise Broken(f"{leaf} = {clean[leaf]!r}, or BadAnswer", f"{leaf} = {told[leaf]!r}", case, mend)


def _read_exactly(case: Case, leaf: Any) -> bool:
    """Whether a quarter more may be meant: an amount or a moment has parts, a count has none."""
    return isinstance(case.instead, float) and type(leaf) not in (int, bool)


def _null(value: Any) -> Iterator[Any]:
    if isinstance(value, int | float):
        yield None


def _other(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield from (json.dumps(value), int(value))
    elif isinstance(value, int):
        yield from (str(value), value + QUARTER, True)
    elif isinstance(value, float):
        yield from (str(value), True)
    elif isinstance(value, str):
        yield from (7, None, {"kit": value})
    elif value is not None:
        yield {"kit": value} if isinstance(value, list) else [value]


def _cases(subject: Subject, item: Provider, instead: Instead) -> Iterator[tuple[Case, Mapping[str, Any]]]:
    """Every mangled answer of every call, with what the call says when nothing is mangled."""
    for name in calls(item, server_for(subject, item)):
        server = server_for(subject, item)
        ctx, wire = over(subject, server)
        clean = dict(_leaves(calls(item, server)[name](ctx)))
        for number, answer in enumerate(wire.got, 1):
            for place, was in _places(answer):
                yield from ((Case(name, number, place, was, one), clean) for one in instead(was))


def _told(subject: Subject, item: Provider, case: Case, expected: str) -> Any:
    """What the call says then; nothing where it says that it cannot be understood."""

    def otherwise(request: Request, server: FakeServer) -> Response:
        answer = server.answer(request)
        return Response(answer.status, answer.headers, _with(answer.body, case))

    server = server_for(subject, item)
    ctx, _ = over(subject, server, plainly, {case.number: otherwise})
    try:
        return calls(item, server)[case.name](ctx)
    except ConnectorError:
        return ()
    except Exception as error:
        raise Broken(expected, fell(error, subject), case) from None


def _places(answer: Response) -> Iterator[tuple[Place, Any]]:
    try:
        data = json.loads(answer.body)
    except ValueError:
        return
    yield from _within(data, ())


def _within(data: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    yield place, data
    inside = data.items() if isinstance(data, dict) else enumerate(data[:AT_MOST]) if isinstance(data, list) else ()
    for key, value in inside:
        yield from _within(value, (*place, key))


def _with(body: bytes, case: Case) -> bytes:
    whole = [json.loads(body)]
    inner: Any = whole
    for step in (0, *case.place)[:-1]:
        inner = inner[step]
    inner[(0, *case.place)[-1]] = case.instead
    return json.dumps(whole[0]).encode()


def _leaves(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """What an answer says, value by value; records are known by their ids, cursors say nothing."""
    if isinstance(value, Page):
        yield from _leaves(list(value.records), where)
    elif is_dataclass(value) and not isinstance(value, type | Money):
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
