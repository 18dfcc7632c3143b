"""Deals and stories made up for payment models: terms from their declared fields, facts from what they use."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import assume, reject
from hypothesis import strategies as st

from core.campaigns.catalogue import DELIVERABLE_KINDS, KNOWN_PLATFORMS
from core.deals.evaluate import planned_by
from core.money import Money, exponent
from core.plugin_api.composition import Component
from core.plugin_api.fields import FieldKind, SettingField, check
from core.plugin_api.payment_models import (
    DeliverableApproved,
    EvidenceLevel,
    Fact,
    GiftDelivered,
    MetricReading,
    PaymentModel,
    Period,
    Piece,
    Planned,
    Refund,
    Sale,
    Terms,
)
from core.plugin_api.platforms import METRICS

START = datetime(2026, 1, 1, tzinfo=UTC)
CURRENCIES = ("EUR", "ISK", "KWD", "JPY")
MINUTES = 120 * 24 * 60
"""Stories last four months."""
MOST = 10**9
MOST_PIECES = 5
PIECES = st.builds(
    Piece, kind=st.sampled_from(list(DELIVERABLE_KINDS)), platform=st.sampled_from(list(KNOWN_PLATFORMS))
)
"""Any deliverable of a contract."""
TRIES = 6


@dataclass(frozen=True, slots=True)
class Story:
    """A component of a deal and what happened."""

    part: Component
    facts: tuple[Fact, ...]

    @property
    def planned(self) -> Planned:
        """A contract that plans what happened, and further pieces of which nothing is known."""
        return Planned(MOST_PIECES, months=4, pieces=planned_by(self.facts).pieces[:MOST_PIECES])

    def of_pieces(self, count: int) -> Story:
        """The same with so many pieces like its own, all approved; of a story without any itself."""
        made = [fact for fact in self.facts if isinstance(fact, DeliverableApproved)]
        like = [replace(made[n % len(made)], corrects=None) for n in range(count if made else 0)]
        pieces = [
            replace(fact, key=f"approved-{n}", deliverable=str(n), position=n, planned=count)
            for n, fact in enumerate(like, 1)
        ]
        return replace(self, facts=(*(fact for fact in self.facts if fact not in made), *pieces))

    def __str__(self) -> str:
        """The case as an author reads it: terms first, then a fact a line."""
        terms = self.part.terms
        told = [f"terms: {terms.currency} {dict(terms.values)}"]
        return "\n".join([*told, *(tell(fact) for fact in self.facts)])


def tell(fact: Fact) -> str:
    """A fact in one line, without what has its ordinary value."""
    own = [f for f in fields(fact) if f.name not in ("key", "at", "evidence", "component", "corrects")]
    values = [f"{f.name}={_plain(getattr(fact, f.name))}" for f in own]
    values += [f"corrects={fact.corrects}"] if fact.corrects else []
    return f"{type(fact).__name__} {fact.key} on {fact.at:%Y-%m-%d %H:%M}: {', '.join(values)}"


def _plain(value: Any) -> str:
    return f"{value.decimal} {value.currency}" if isinstance(value, Money) else str(value)


@st.composite
def stories(draw: st.DrawFn, model: PaymentModel, given: Sequence[Mapping[str, Any]] = ()) -> Story:
    """Any deal of a model and any story; `given` are the author's own terms."""
    currency = draw(st.sampled_from(CURRENCIES))
    part = Component("part", model.name, draw(terms(model, currency, given)), model.version)
    return Story(part, draw(facts(model.uses, currency)))


@st.composite
def terms(draw: st.DrawFn, model: PaymentModel, currency: str, given: Sequence[Mapping[str, Any]] = ()) -> Terms:
    """Terms that the model's own fields and `check_terms` accept; what they refuse is filled in anew, or left out."""
    made = draw(filled(model, currency, given))
    for attempt in range(TRIES):
        refused = _refused(model, made)
        if not refused:
            return made
        values = dict(made.values)
        for field in model.terms:
            if field.key in refused or "" in refused:
                values.pop(field.key, None)
                if field.required or attempt < TRIES // 2:
                    values |= _entry(field.key, draw(values_of(field, currency)))
        made = Terms(currency, values)
    reject()


@st.composite
def filled(draw: st.DrawFn, model: PaymentModel, currency: str, given: Sequence[Mapping[str, Any]] = ()) -> Terms:
    """Terms that the model's fields accept, one by one."""
    base = draw(st.sampled_from(given)) if given else None
    values: dict[str, Any] = {}
    for field in model.terms:
        if base is not None and (field.kind is FieldKind.TEXT or draw(st.booleans())):
            values |= _entry(field.key, base.get(field.key))
        else:
            values |= _entry(field.key, draw(values_of(field, currency)))
    assume(not check(model.terms, values, currency))
    return Terms(currency, values)


def _entry(key: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {key: value}


def _refused(model: PaymentModel, made: Terms) -> set[str]:
    try:
        return {key for key, _ in model.check_terms(made)}
    except Exception:
        return set()  # the check `terms` tells


def values_of(field: SettingField, currency: str) -> st.SearchStrategy[Any]:
    """What a form would store for a field, its default and its emptiness among it."""
    made = _KINDS[field.kind](field, currency)
    empty = [] if field.required or field.kind is FieldKind.BOOL else [st.none()]
    return st.one_of(made, *([st.just(field.default)] if field.default is not None else []), *empty)


def _money(field: SettingField, currency: str) -> st.SearchStrategy[Any]:
    unit = Decimal(10) ** exponent(currency)
    least, most = _bounds(field, unit)
    return st.one_of(st.integers(least, min(most, least + 5000)), st.integers(least, most))


def _percent(field: SettingField, _currency: str) -> st.SearchStrategy[Any]:
    least, most = _bounds(field, Decimal(1000), 100)
    return st.integers(least, most).map(lambda n: format(Decimal(n).scaleb(-3).normalize(), "f"))


def _integer(field: SettingField, _currency: str) -> st.SearchStrategy[Any]:
    least, most = _bounds(field, Decimal(1), 10_000)
    return st.one_of(st.integers(least, min(most, least + 40)), st.integers(least, most))


def _bounds(field: SettingField, unit: Decimal, most: int = MOST) -> tuple[int, int]:
    low = Decimal(field.minimum) if field.minimum is not None else Decimal(-10)
    high = Decimal(field.maximum) if field.maximum is not None else max(Decimal(most), low)
    return int(low * unit), max(int(low * unit), int(min(high * unit, Decimal(10**11))))


def _text(_field: SettingField, _currency: str) -> st.SearchStrategy[Any]:
    return st.sampled_from(["Tent", "50 % off", "Åsa's %(box)s", "10"])


def _choice(field: SettingField, _currency: str) -> st.SearchStrategy[Any]:
    return st.sampled_from([key for key, _ in field.choices])


_KINDS: dict[FieldKind, Callable[[SettingField, str], st.SearchStrategy[Any]]] = {
    FieldKind.MONEY: _money,
    FieldKind.PERCENT: _percent,
    FieldKind.INTEGER: _integer,
    FieldKind.DAYS: _integer,
    FieldKind.TEXT: _text,
    FieldKind.CHOICE: _choice,
    FieldKind.BOOL: lambda _field, _currency: st.booleans(),
    FieldKind.DATE: lambda _field, _currency: st.dates(date(2025, 12, 1), date(2026, 6, 1)).map(date.isoformat),
}


def at(draw: st.DrawFn) -> datetime:
    """A moment of the story."""
    return START + timedelta(minutes=draw(st.integers(0, MINUTES)))


@st.composite
def facts(draw: st.DrawFn, uses: Sequence[type[Fact]], currency: str) -> tuple[Fact, ...]:
    """What might have happened, of the kinds that a model uses; some facts replace others, some come late."""
    found: list[Fact] = []
    for kind in dict.fromkeys(uses):
        if kind is Refund and Sale in uses:
            continue
        found += draw(_FACTS.get(kind, _any)(kind, currency))
    for fact in found[:]:
        if not isinstance(fact, Refund | Period) and draw(st.integers(0, 9)) == 0:
            later = fact.at + timedelta(minutes=draw(st.integers(1, 5000)))
            found.append(replace(fact, key=f"{fact.key}-again", at=later, corrects=fact.key))
    return tuple(found)


@st.composite
def orders(draw: st.DrawFn, kind: type[Fact], currency: str) -> list[Fact]:
    """Sales, each with partial refunds that together may exceed it, told in any order."""
    found: list[Fact] = []
    for number in range(draw(st.integers(0, 4))):
        amount = draw(st.integers(0, 20_000))
        order = f"order-{number}"
        found.append(Sale(key=f"sold-{number}", at=at(draw), order=order, amount=Money(amount, currency)))
        for back in range(draw(st.integers(0, 2))):
            given = Money(draw(st.integers(1, max(amount, 1))), currency)
            key = f"refund-{number}-{back}"
            found.append(Refund(key=key, at=at(draw), corrects=f"sold-{number}", order=order, amount=given))
    return found


@st.composite
def _deliverables(draw: st.DrawFn, kind: type[Fact], currency: str) -> list[Fact]:
    planned = draw(st.integers(1, MOST_PIECES))
    made = draw(st.lists(PIECES, max_size=planned))
    return [
        DeliverableApproved(
            key=f"approved-{n}",
            at=at(draw),
            deliverable=str(n),
            position=n,
            planned=planned,
            kind=piece.kind,
            platform=piece.platform,
        )
        for n, piece in enumerate(made, 1)
    ]


@st.composite
def _readings(draw: st.DrawFn, kind: type[Fact], currency: str) -> list[Fact]:
    metric = draw(st.sampled_from((*METRICS, "clicks")))
    return [
        MetricReading(
            key=f"reading-{n}",
            at=at(draw),
            evidence=draw(st.sampled_from(EvidenceLevel)),
            post=draw(st.sampled_from(["post-1", "post-2"])),
            metric=metric if draw(st.integers(0, 4)) else draw(st.sampled_from(METRICS)),
            value=draw(st.one_of(st.integers(0, 100), st.integers(0, 5_000_000))),
        )
        for n in range(draw(st.integers(0, 5)))
    ]


@st.composite
def _periods(draw: st.DrawFn, kind: type[Fact], currency: str) -> list[Fact]:
    start, found = draw(st.dates(date(2025, 12, 1), date(2026, 2, 28))), list[Fact]()
    for _ in range(draw(st.integers(0, 4))):
        end = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        moment = datetime(end.year, end.month, end.day, tzinfo=UTC)
        found.append(Period(key=f"period-{start.isoformat()}", at=moment, start=start, end=end))
        start = end
    return found


@st.composite
def _gifts(draw: st.DrawFn, kind: type[Fact], currency: str) -> list[Fact]:
    return [GiftDelivered(key=f"gift-{n}", at=at(draw), gift=str(n)) for n in range(draw(st.integers(0, 2)))]


@st.composite
def _any(draw: st.DrawFn, kind: type[Fact], currency: str) -> list[Fact]:
    """Facts of a kind that came after this module, made from its annotations."""
    own = {f.name for f in fields(kind)} - {f.name for f in fields(Fact)}
    hints = typing.get_type_hints(kind)
    found = []
    for number in range(draw(st.integers(0, 3))):
        values = {name: draw(_of_type(hints[name], currency)) for name in sorted(own)}
        found.append(kind(key=f"{kind.__name__.lower()}-{number}", at=at(draw), **values))
    return found


def _of_type(hint: Any, currency: str) -> st.SearchStrategy[Any]:
    known: dict[Any, st.SearchStrategy[Any]] = {
        int: st.integers(0, 1000),
        bool: st.booleans(),
        date: st.dates(date(2026, 1, 1), date(2026, 4, 30)),
        datetime: st.integers(0, MINUTES).map(lambda n: START + timedelta(minutes=n)),
        Money: st.integers(0, 20_000).map(lambda minor: Money(minor, currency)),
    }
    return known.get(hint, st.sampled_from(["one", "two"]))


_FACTS: dict[type[Fact], Callable[..., st.SearchStrategy[list[Fact]]]] = {
    DeliverableApproved: _deliverables,
    Sale: orders,
    Refund: orders,
    MetricReading: _readings,
    Period: _periods,
    GiftDelivered: _gifts,
}
