"""Events reach their subscribers in the same transaction; guards collect what speaks against."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core import events
from core.plugin_api.text import T, Text

SESSION = Session()


@dataclass(frozen=True)
class Approved:
    id: int


@dataclass(frozen=True)
class MayEnd:
    id: int


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_subscribers", defaultdict(list))
    monkeypatch.setattr(events, "_guards", defaultdict(list))


def test_subscribers_hear_their_type_in_order_and_once() -> None:
    heard: list[Any] = []

    def first(session: Session, event: Approved) -> None:
        heard.append(("first", session, event))

    def second(session: Session, event: Approved) -> None:
        heard.append(("second", session, event))

    for react in (first, second, first):
        events.subscribe(Approved, react)
    events.publish(SESSION, Approved(1))
    events.publish(SESSION, MayEnd(1))
    assert heard == [("first", SESSION, Approved(1)), ("second", SESSION, Approved(1))]


def test_what_a_subscriber_raises_reaches_the_publisher() -> None:
    def fail(session: Session, event: Approved) -> None:
        raise ArithmeticError

    events.subscribe(Approved, fail)
    with pytest.raises(ArithmeticError):
        events.publish(SESSION, Approved(1))


def test_objections_are_collected_and_none_is_a_yes() -> None:
    def unpaid(session: Session, question: MayEnd) -> list[Text]:
        return [T("Money is still owed.")] if question.id == 1 else []

    def never(session: Session, question: MayEnd) -> list[Text]:
        return []

    events.guard(MayEnd, unpaid)
    events.guard(MayEnd, never)
    assert events.objections(SESSION, MayEnd(1)) == [T("Money is still owed.")]
    assert events.objections(SESSION, MayEnd(2)) == []
    assert events.objections(SESSION, Approved(1)) == []
