"""What an evaluation comes to: lines, what is on hold, and fingerprints by which one answer is held to the next."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core import typed
from core.money import Money, total
from core.plugin_api.composition import Component
from core.plugin_api.payment_models import FACTS, Fact, Line, Settles
from core.plugin_api.text import T, Text

MOST_KEY = 160
"""The longest key of a line in the books, that of its component included."""
_NAMES = {kind: tuple(item.name for item in dataclasses.fields(kind)) for kind in FACTS}


@dataclass(frozen=True, slots=True)
class EarnedLine:
    """One amount earned. `key` is `component:line`, unique in the deal; `fact` and `at` say what earned it and when.

    `basis` is the fingerprint of all facts that its model was asked with for it.
    """

    key: str
    component: str
    fact: str
    at: datetime
    amount: Money
    settles: Settles
    reason: Text
    model: str
    version: str
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that cannot be told: a whole component, or one fact of it. What was booked of it stays as it is."""

    component: str
    fact: str | None
    reason: Text


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All lines up to now, and what is on hold. A component on hold has no lines: its sum is unknown, never 0."""

    lines: tuple[EarnedLine, ...]
    holds: tuple[Hold, ...] = ()
    claims: Mapping[str, EarnedLine] = field(default_factory=dict)
    """By key what the models said, before caps and before parts met."""
    answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By component: the fingerprint of each answer by the fingerprint of the facts that it was given for."""
    bases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By component: for each fact the fingerprint of all that its model was asked with at once."""
    agreed: Mapping[str, EarnedLine] = field(default_factory=dict)
    """By key what holds of the claims after what finance has kept, before caps and before parts met."""

    @property
    def held(self) -> frozenset[str]:
        """The components (and composition nodes) whose lines are unknown and must not be touched."""
        return frozenset(hold.component for hold in self.holds if hold.fact is None)

    def sum(self, currency: str, settles: Settles = Settles.CASH) -> Money | None:
        """The sum in a currency, None while a component is on hold."""
        if self.held:
            return None
        return self.known(currency, settles)

    def known(self, currency: str, settles: Settles = Settles.CASH) -> Money:
        """The sum of what is known in a currency."""
        amounts = (x.amount for x in self.lines if x.settles is settles and x.amount.currency == currency)
        return total(amounts, currency)


def amiss(component: Component, line: Any) -> Text | None:
    """Why what a model handed over as a line cannot be booked, None when it can.

    Whoever calls the model asks this first: what is found only when it is written costs the other components too.
    """
    if not isinstance(line, Line) or not isinstance(line.amount, Money) or not isinstance(line.reason, Text):
        return T("a line is not made of a key, money and a reason")
    if line.amount.currency != component.terms.currency:
        return T("a line is in another currency than the terms")
    if type(line.key) is not str or not 0 < len(component.id) + 1 + len(line.key) <= MOST_KEY:
        return T("the key of a line is not a short text")
    if type(line.settles) is not Settles:
        return T("a line does not say how it is settled")
    if line.amount.minor < -typed.MOST_MINOR or _things(line) > typed.MOST_MINOR:
        return T("a line is of more money than can be booked")
    return None if typed.storable(line.key) and readable(line.reason) else T("the words of a line cannot be kept")


def takes_too_much(lines: Iterable[Line | EarnedLine]) -> bool:
    """Whether lines take back things of more value than they gave: those are no debt that could be netted."""
    return sum(_things(line) for line in lines) < 0


def _things(line: Line | EarnedLine) -> int:
    return line.amount.minor if line.settles is Settles.IN_KIND else 0


def readable(words: Any) -> bool:
    """Whether words can be kept, and be read again by whoever opens a page or a contract."""
    if (
        not isinstance(words, Text)
        or type(words.msgid) is not str
        or not isinstance(words.params, Mapping)
        or not typed.storable(words.msgid)
    ):
        return False
    return all(readable(value) if isinstance(value, Text) else _plain(value) for value in words.params.values())


def _plain(value: Any) -> bool:
    try:
        return type(value) is int or typed.storable(str(value))
    except Exception:  # the plugin's own object: anything may happen
        return False


def basis_of(facts: Iterable[Fact]) -> str:
    """A fingerprint of facts, whatever their order: the same facts give the same, another one another."""
    return _digest(_told(fact) for fact in facts)


def answer_of(lines: Iterable[Line]) -> str:
    """A fingerprint of what a model answered: keys and amounts, not the words."""
    return _digest(f"{line.key}|{line.amount.minor}|{line.settles}" for line in lines)


def _told(fact: Fact) -> str:
    values = (getattr(fact, name) for name in _NAMES[type(fact)])
    plain = (value.astimezone(UTC).isoformat() if isinstance(value, datetime) else repr(value) for value in values)
    return "|".join((type(fact).__name__, *plain))


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:20]
