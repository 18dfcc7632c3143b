"""What an evaluation comes to: lines, what is on hold, and fingerprints by which one answer is held to the next."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.money import Money, total
from core.plugin_api.payment_models import FACTS, Fact, Line, Settles
from core.plugin_api.text import Text

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
