"""The contract of payment models: facts and terms in, lines of money out, nothing else.

A model is pure: no clock, no chance, no file, no database. The same function shows a deal before it
is signed and pays it afterwards.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from core.money import Money
from core.plugin_api.contract import Provider
from core.plugin_api.fields import SettingField
from core.plugin_api.text import Text


class EvidenceLevel(enum.IntEnum):
    """How well a fact is known; a later level is the better one."""

    CLAIMED = 1
    """Somebody typed it in."""
    DOCUMENTED = 2
    """A screenshot or an export of the source shows it."""
    CHECKED = 3
    """A second person held it against the source."""
    MEASURED = 4
    """The source itself told us, signed or over its API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened. `key` is unique in a collaboration and never used twice.

    `corrects` is the key of the fact that this one replaces; of a refund, the sale it takes from.
    `component` names the only component the fact is about; None means all of them.
    """

    key: str
    at: datetime
    evidence: EvidenceLevel = EvidenceLevel.CHECKED
    corrects: str | None = None
    component: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverableApproved(Fact):
    """The brand approved a deliverable: the `position`th (from 1) of `planned` in the contract.

    `kind` ("reel") and `platform` ("instagram") are codes, the same as those of `Planned.pieces[position - 1]`;
    `title` is words for people alone.
    """

    deliverable: str
    title: str | Text = ""
    position: int = 1
    planned: int = 1
    kind: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale(Fact):
    """An order credited to the collaboration; `amount` is without VAT and shipping."""

    order: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(Fact):
    """Money given back on an order: `corrects` is the sale's key, `amount` is positive."""

    order: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricReading(Fact):
    """A cumulative reading of one metric of one post at `at`; a later one says what is true since, higher or lower."""

    post: str
    metric: str
    value: int
    title: str | Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period(Fact):
    """A stretch of a month of the agreement that has ended: `start` belongs to it, `end` does not.

    `month` counts the months of the agreement from 1. A pause or an early end cuts its month: `month_start` and
    `month_end` are the whole one then, and the same as `start` and `end` (or None) where nothing was cut.
    """

    start: date
    end: date
    month: int = 1
    month_start: date | None = None
    month_end: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftDelivered(Fact):
    """A gift arrived. `gift` names the shipment."""

    gift: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementSigned(Fact):
    """Both sides have signed."""


FACTS: tuple[type[Fact], ...] = (
    DeliverableApproved,
    Sale,
    Refund,
    MetricReading,
    Period,
    GiftDelivered,
    AgreementSigned,
)


class Settles(enum.StrEnum):
    """How a line is settled: with money, or with the thing itself (booked as value, never as cash)."""

    CASH = "cash"
    IN_KIND = "in_kind"


@dataclass(frozen=True, slots=True)
class Line:
    """One amount earned and why. In a model of scope FACT `key` is the key of the fact that earned it."""

    key: str
    amount: Money
    settles: Settles
    reason: Text


class Scope(enum.StrEnum):
    """Which facts a model is given together."""

    FACT = "fact"
    """One fact and those that correct it: a sale and its refunds. Cheapest; a new sale touches no old one."""
    PERIOD = "period"
    """One ended period and everything that happened within it."""
    AGREEMENT = "agreement"
    """Everything."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed for one component: a currency and the values of the model's fields."""

    currency: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def money(self, key: str) -> Money:
        """A money field; nothing when it was left empty."""
        return Money(int(self.values.get(key) or 0), self.currency)

    def percent(self, key: str) -> Decimal:
        """A percent field, exactly; 0 when it was left empty."""
        return Decimal(self.values.get(key) or 0)

    def integer(self, key: str, default: int = 0) -> int:
        """A whole number or a number of days."""
        value = self.values.get(key)
        return default if value is None else int(value)

    def text(self, key: str) -> str:
        """A text or a choice; empty when it was left empty."""
        return str(self.values.get(key) or "")

    def flag(self, key: str) -> bool:
        """A yes or no; no when it was left empty."""
        return bool(self.values.get(key))

    def day(self, key: str) -> date | None:
        """A date, None when it was left empty."""
        value = self.values.get(key)
        return date.fromisoformat(value) if value else None

    def to_json(self) -> dict[str, Any]:
        """A form that can be stored."""
        return {"currency": self.currency, "values": dict(self.values)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Terms:
        """The terms that `to_json` stored."""
        return cls(data["currency"], dict(data["values"]))


@dataclass(frozen=True, slots=True)
class Piece:
    """One deliverable that a contract plans, by its codes; empty where nobody has said."""

    kind: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a contract plans, as far as it bounds the pay.

    `pieces` are the deliverables in the order of the contract, always as many as `deliverables` counts.
    """

    deliverables: int = 1
    months: int = 1
    pieces: tuple[Piece, ...] = ()

    def __post_init__(self) -> None:
        """Let count and pieces agree: pieces of which nothing is known fill up, more pieces count."""
        unknown = (Piece(),) * (self.deliverables - len(self.pieces))
        object.__setattr__(self, "pieces", (*self.pieces, *unknown))
        object.__setattr__(self, "deliverables", len(self.pieces))


@dataclass(frozen=True, slots=True)
class Rate:
    """A linear model as data: per sale `percent` of its net amount, and `each` while anything of it stands.

    The line of a sale is rounded half-even once; a refund's line is the difference of the rounded totals.
    """

    percent: Decimal
    each: Money


class PaymentModel(Provider, ABC):
    """How a component earns. Subclass it, fill in the class attributes and the four methods."""

    version: ClassVar[str] = "1"
    """Rises when `earned` or `cap` changes its mind. It is kept on every line; what is booked and signed stays."""
    scope: ClassVar[Scope] = Scope.FACT
    uses: ClassVar[tuple[type[Fact], ...]] = FACTS
    """The kinds of facts it wants to see."""
    terms: ClassVar[Sequence[SettingField]] = ()

    prepaid: ClassVar[bool] = False
    """Whether it pays ahead: what the other parts of a deal earn is netted against it unless the deal says else."""

    def check_terms(self, terms: Terms) -> Sequence[tuple[str, Text]]:
        """What is wrong with the terms beyond what each field says: (field key, message) pairs."""
        return ()

    @abstractmethod
    def describe(self, terms: Terms) -> Sequence[Text]:
        """The terms as sentences that both sides read and sign."""

    @abstractmethod
    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        """All lines of this group of facts up to now, in the terms' currency, with unique keys.

        The order of the facts carries no meaning. A refund undoes what its sale gave to the last unit.
        Core books the difference to what it booked before, key by key.
        """

    @abstractmethod
    def cap(self, terms: Terms, planned: Planned) -> Money:
        """The most cash that the component can ever pay. It is what core reserves, and core enforces it."""

    def months(self, terms: Terms) -> int:
        """How many months of the agreement the terms plan; 0 when they speak of none."""
        return 0

    def rate(self, terms: Terms) -> Rate | None:
        """The model as a rate table when it is linear per sale; core may then book sales in SQL."""
        return None


def standing(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that no other one replaces, oldest first; a refund replaces nothing."""
    known = list(facts)
    replaced = {fact.corrects for fact in known if fact.corrects and not isinstance(fact, Refund)}
    return sorted((fact for fact in known if fact.key not in replaced), key=lambda fact: (fact.at, fact.key))


def roots_of(facts: Iterable[Fact]) -> dict[str, str]:
    """For each fact the key of the first one that it corrects, directly or not; its own when it corrects none."""
    corrects = {fact.key: fact.corrects for fact in facts}
    roots = {}
    for key in corrects:
        root, seen = key, {key}
        while (before := corrects.get(root)) and before not in seen:
            root = before
            seen.add(root)
        roots[key] = root
    return roots


def sales_with_refunds(facts: Sequence[Fact]) -> list[tuple[Sale, list[Refund]]]:
    """Every standing sale with the refunds of its order, oldest first; a refund without its sale waits for it."""
    current = standing(facts)
    roots = roots_of(facts)
    refunds = [fact for fact in current if isinstance(fact, Refund)]
    sales = [fact for fact in current if isinstance(fact, Sale)]
    return [(sale, [refund for refund in refunds if roots[refund.key] == roots[sale.key]]) for sale in sales]
