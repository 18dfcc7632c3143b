"""How a lower room is heard by an upper one: events inside the transaction, and guards that object.

An event is a frozen dataclass; its subscribers run at once, in the publisher's transaction, and
what one of them raises undoes the whole. A question is a frozen dataclass too; its guards answer
with objections, and no objection means yes. `core.wiring` is the one place that subscribes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from core.plugin_api.text import Text

Event = TypeVar("Event")
Question = TypeVar("Question")

_subscribers: dict[type, list[Callable[[Session, Any], object]]] = defaultdict(list)
_guards: dict[type, list[Callable[[Session, Any], Iterable[Text]]]] = defaultdict(list)


def subscribe(kind: type[Event], react: Callable[[Session, Event], object]) -> None:
    """Call `react(session, event)` for every event of this type; the same function only once."""
    if react not in _subscribers[kind]:
        _subscribers[kind].append(react)


def publish(session: Session, event: object) -> None:
    """Tell all subscribers, in the order in which they subscribed."""
    for react in tuple(_subscribers.get(type(event), ())):
        react(session, event)


def guard(kind: type[Question], answer: Callable[[Session, Question], Iterable[Text]]) -> None:
    """Ask `answer(session, question)` whenever a question of this type is put; the same function only once."""
    if answer not in _guards[kind]:
        _guards[kind].append(answer)


def objections(session: Session, question: object) -> list[Text]:
    """Everything that speaks against it; an empty list is a yes."""
    return [text for answer in tuple(_guards.get(type(question), ())) for text in answer(session, question)]
