"""Terms and facts at random, for the properties that every payment model keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from samverk import Component, DeliverableApproved, Fact, GiftDelivered, Money, Refund, Sale, Terms

START = datetime(2026, 1, 1, tzinfo=UTC)
CURRENCIES = ("EUR", "ISK", "KWD", "JPY")
currencies = st.sampled_from(CURRENCIES)
minutes = st.integers(0, 10_000)
minor = st.integers(0, 10**9)
percents = st.decimals(0, 100, places=3).map(str)


def at(minute: int) -> datetime:
    """A moment of the story."""
    return START + timedelta(minutes=minute)


def component(model: str, currency: str, id: str = "part", **values: Any) -> Component:
    """A component with these terms."""
    return Component(id, model, Terms(currency, values), "1")


def commissions(currency: str) -> st.SearchStrategy[Component]:
    """Commission terms in a currency."""
    return st.builds(
        lambda percent, each, cap: component("commission", currency, percent=percent, each=each, cap=cap),
        percents,
        st.sampled_from([0, 0, 1, 250]),
        st.one_of(st.integers(1, 5000), st.just(10**12)),
    )


def components(currency: str) -> st.SearchStrategy[Component]:
    """A component of any model."""
    fee = st.builds(
        lambda amount, per: component("fixed", currency, amount=amount, per=per),
        minor,
        st.sampled_from(["deliverable", "collaboration"]),
    )
    gift = st.builds(lambda value: component("gifting", currency, product="Tent", value=value), minor)
    return st.one_of(commissions(currency), fee, gift)


@st.composite
def orders(draw: st.DrawFn, currency: str) -> list[Fact]:
    """Sales, each with any number of partial refunds that together may exceed it."""
    facts: list[Fact] = []
    for number in range(draw(st.integers(0, 6))):
        minute = draw(minutes)
        amount = draw(st.integers(0, 20_000))
        facts.append(Sale(key=f"s{number}", at=at(minute), order=str(number), amount=Money(amount, currency)))
        for back in range(draw(st.integers(0, 3))):
            given = Money(draw(st.integers(1, max(amount, 1))), currency)
            moment = at(draw(minutes))
            facts.append(
                Refund(key=f"r{number}.{back}", at=moment, corrects=f"s{number}", order=str(number), amount=given)
            )
    return facts


@st.composite
def stories(draw: st.DrawFn, currency: str) -> list[Fact]:
    """Orders, deliverables and gifts in any order of time."""
    facts = draw(orders(currency))
    planned = draw(st.integers(1, 5))
    for position in range(1, draw(st.integers(0, planned)) + 1):
        moment = at(draw(minutes))
        facts.append(
            DeliverableApproved(key=f"d{position}", at=moment, deliverable="x", position=position, planned=planned)
        )
    for number in range(draw(st.integers(0, 2))):
        facts.append(GiftDelivered(key=f"g{number}", at=at(draw(minutes)), gift=str(number)))
    return facts
