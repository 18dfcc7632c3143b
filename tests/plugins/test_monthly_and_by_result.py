"""What retainer, pay by result and advance keep, for any terms and any story."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.deals.evaluate import evaluate, reserve
from core.deals.simulate import Outcome, simulate
from core.deals.terms import describe, months_of, read_component
from core.earnings.periods import month_of
from core.plugin_host.host import PluginHost
from samverk import (
    AgreementSigned,
    Component,
    Deal,
    EvidenceLevel,
    Fact,
    MetricReading,
    Money,
    Net,
    Part,
    Period,
    Planned,
    Refund,
    Sale,
    Sum,
    T,
)
from tests.plugins import deals
from tests.plugins.deals import at, component

HOST = PluginHost.load(safe_mode=True)
quick = settings(max_examples=150, deadline=None)
ENGAGEMENTS = ("likes", "comments", "shares", "saves")


def total(part: Component, facts: list[Fact]) -> int:
    """What it comes to, known and never below zero."""
    evaluation = evaluate(HOST, [part], facts)
    assert not evaluation.holds
    assert all(type(line.amount.minor) is int for line in evaluation.lines)
    assert len({line.key for line in evaluation.lines}) == len(evaluation.lines)
    return evaluation.known(part.terms.currency).minor


def stretch(start: date, end: date, first: date, last: date, month: int = 1) -> Period:
    """A stretch of a month as core tells it."""
    moment = datetime.combine(end, time(), UTC)
    return Period(
        key=f"{month}:{start}", at=moment, start=start, end=end, month=month, month_start=first, month_end=last
    )


@st.composite
def months(draw: st.DrawFn, count: int) -> tuple[list[Fact], int]:
    """Months of an agreement, each cut anywhere any number of times; and how many there are."""
    signed = date(2026, 1, 1) + timedelta(days=draw(st.integers(0, 800)))
    facts: list[Fact] = []
    for month in range(1, count + 1):
        first, last = month_of(signed, month), month_of(signed, month + 1)
        cuts = sorted(draw(st.sets(st.integers(1, (last - first).days - 1), max_size=4)))
        days = [first, *(first + timedelta(days=cut) for cut in cuts), last]
        facts += [stretch(start, end, first, last, month) for start, end in pairwise(days)]
    return facts, count


@quick
@given(deals.currencies, deals.minor, st.integers(1, 8), st.integers(1, 8).flatmap(months), st.randoms())
def test_a_cut_month_sums_to_the_whole(
    currency: str, amount: int, agreed: int, cut: tuple[list[Fact], int], chance: random.Random
) -> None:
    facts, count = cut
    part = component("retainer", currency, amount=amount, months=agreed)
    whole = total(part, facts)
    assert whole == amount * min(agreed, count), "never above the cap either"
    chance.shuffle(facts)
    assert total(part, facts) == whole
    missing = chance.choice(facts)
    assert total(part, [fact for fact in facts if fact is not missing]) <= whole


@pytest.mark.parametrize(
    ("signed", "number", "first"),
    [
        (date(2026, 1, 31), 2, date(2026, 2, 28)),
        (date(2026, 1, 31), 3, date(2026, 3, 31)),
        (date(2028, 1, 30), 2, date(2028, 2, 29)),
        (date(2026, 11, 15), 3, date(2027, 1, 15)),
        (date(2026, 12, 1), 1, date(2026, 12, 1)),
    ],
)
def test_months_count_from_the_signing(signed: date, number: int, first: date) -> None:
    assert month_of(signed, number) == first


def test_days_are_paid_and_said() -> None:
    part = component("retainer", "EUR", amount=60_000, months=3)
    first, last = date(2026, 9, 1), date(2026, 10, 1)
    lines = evaluate(HOST, [part], [stretch(first, date(2026, 9, 11), first, last)]).lines
    assert [line.amount.minor for line in lines] == [20_000]
    assert str(lines[0].reason) == "10 of 30 days of month 1 of the retainer, 1 Sept 2026 to 10 Sept 2026"
    assert months_of(HOST, [part]) == 3 and reserve(HOST, [part], Planned()) == Money(180_000, "EUR")


@st.composite
def by_result(draw: st.DrawFn, currency: str, count: str) -> Component:
    """Terms of pay by result, whole and rising."""
    second = draw(st.integers(0, 50))
    third = draw(st.integers(1, 50)) + second if second else 0
    floor = draw(st.sampled_from([0, 0, 70]))
    values: dict[str, Any] = {
        "count": count, "price": draw(st.integers(0, 500)), "per": draw(st.sampled_from([1, 7, 1000])),
        "evidence": draw(st.sampled_from(["claimed", "documented", "checked", "measured"])),
        "floor": floor, "cap": draw(st.one_of(st.integers(max(floor, 1), 3000), st.just(10**9))),
    }  # fmt: skip
    if second:
        values |= {"second_from": second, "second_price": draw(st.integers(0, 500))}
    if third:
        values |= {"third_from": third, "third_price": draw(st.integers(0, 500))}
    if draw(st.booleans()):
        values |= {"bonus_from": draw(st.integers(1, 60)), "bonus": draw(st.integers(1, 400))}
    return component("performance", currency, **values)


@st.composite
def readings(draw: st.DrawFn, metrics: tuple[str, ...]) -> list[MetricReading]:
    """Readings of a few posts, in any order, some lowered, some weakly known."""
    return [
        MetricReading(
            key=f"m{number}", at=at(draw(deals.minutes)), evidence=draw(st.sampled_from(list(EvidenceLevel))),
            post=draw(st.sampled_from("abc")), metric=draw(st.sampled_from(metrics)), value=draw(st.integers(0, 100)),
        )
        for number in range(draw(st.integers(0, 12)))
    ]  # fmt: skip


def kinds(count: str) -> tuple[str, ...]:
    return ENGAGEMENTS if count == "engagements" else (count,)


COUNTS = st.sampled_from(["views", "engagements", "clicks"])
READ = st.tuples(deals.currencies, COUNTS).flatmap(lambda c: st.tuples(by_result(*c), readings(kinds(c[1]))))


def expected(part: Component, units: int) -> int:
    """The formula of docs/payment-models.md, written another way: unit by unit, in fractions."""
    from fractions import Fraction

    terms = part.terms
    steps = [(0, terms.integer("price"))]
    steps += [
        (terms.integer(a), terms.integer(b))
        for a, b in (("second_from", "second_price"), ("third_from", "third_price"))
        if terms.integer(a)
    ]
    whole = sum(next(price for start, price in reversed(steps) if unit >= start) for unit in range(units))
    minor = round(Fraction(whole, terms.integer("per")))
    minor = max(minor, terms.integer("floor")) if units else 0
    if terms.integer("bonus_from") and units >= terms.integer("bonus_from"):
        minor += terms.integer("bonus")
    return min(minor, terms.integer("cap"))


@quick
@given(READ, st.randoms())
def test_the_last_good_reading_of_each_post_is_paid(
    case: tuple[Component, list[MetricReading]], chance: random.Random
) -> None:
    part, found = case
    least = EvidenceLevel[part.terms.text("evidence").upper()]
    latest = {
        (r.post, r.metric): r.value
        for r in sorted(found, key=lambda r: (r.at, r.evidence, r.key))
        if r.evidence >= least
    }
    facts: list[Fact] = list(found)
    assert total(part, facts) == expected(part, sum(latest.values()))
    chance.shuffle(facts)
    assert total(part, facts) == expected(part, sum(latest.values())), "late readings land on the same sum"


@quick
@given(READ)
def test_readings_lowered_to_nothing_undo_everything(case: tuple[Component, list[MetricReading]]) -> None:
    part, found = case
    late = [
        replace(r, key=f"{r.key}-low", at=r.at + timedelta(days=30), evidence=EvidenceLevel.MEASURED, value=0)
        for r in found
    ]
    assert total(part, [*found, *late]) == 0


@quick
@given(READ)
def test_a_higher_count_is_never_paid_less(case: tuple[Component, list[MetricReading]]) -> None:
    part, found = case
    assume(found)
    more = [replace(r, value=r.value + 10) for r in found]
    facts: list[Fact] = [*more]
    assert total(part, facts) >= total(part, [*found])


@quick
@given(deals.currencies.flatmap(lambda c: st.tuples(by_result(c, "sales"), deals.orders(c))), st.randoms())
def test_sales_that_stand_are_paid(case: tuple[Component, list[Fact]], chance: random.Random) -> None:
    part, facts = case
    left = {fact.key: fact.amount.minor for fact in facts if isinstance(fact, Sale)}
    for fact in facts:
        if isinstance(fact, Refund):
            left[fact.corrects or ""] -= fact.amount.minor
    assert total(part, facts) == expected(part, sum(minor > 0 for minor in left.values()))
    chance.shuffle(facts)
    assert total(part, facts) == expected(part, sum(minor > 0 for minor in left.values()))


@quick
@given(st.one_of(READ, deals.currencies.flatmap(lambda c: st.tuples(by_result(c, "sales"), deals.orders(c)))))
def test_terms_survive_json(case: tuple[Component, list[Fact]]) -> None:
    part, facts = case
    stored = json.loads(json.dumps(Deal.of([part]).to_json()))
    assert evaluate(HOST, stored, facts) == evaluate(HOST, [part], facts)


@quick
@given(deals.currencies, deals.minor, st.integers(1, 24), COUNTS, st.integers(0, 4), st.integers(0, 10**6))
def test_what_is_simulated_is_what_is_paid(
    currency: str, amount: int, agreed: int, count: str, posts: int, views: int
) -> None:
    parts = (
        component("retainer", currency, "r", amount=amount, months=agreed),
        component("advance", currency, "a", amount=amount // 2),
        component("performance", currency, "p", count=count, price=5, per=1000, evidence="measured", cap=10**9),
    )
    deal = Deal(parts, Net(Sum((Part("r"), Part("p"))), Part("a"), id="netted"))
    planned = Planned(deliverables=5, months=months_of(HOST, deal))
    outcome = Outcome(T("x"), posts, 0, Money(0, currency), views=views)
    shown = simulate(HOST, deal, outcome, planned)
    assert shown == evaluate(HOST, deal, list(outcome.facts(deal, planned)), planned)
    units = {"views": views, "engagements": outcome.engagements, "clicks": outcome.counts["clicks"]}[count]
    assert shown.sum(currency) == Money(max(amount // 2, amount * agreed + expected(parts[2], units)), currency)


@quick
@given(deals.currencies, deals.minor, deals.minor, st.integers(1, 6).flatmap(months))
def test_an_advance_is_paid_once_and_netted_to_the_unit(
    currency: str, advance: int, amount: int, cut: tuple[list[Fact], int]
) -> None:
    parts = (
        component("advance", currency, "a", amount=advance),
        component("retainer", currency, "r", amount=amount, months=6),
    )
    deal = Deal(parts, Net(Part("r"), Part("a"), id="netted"))
    facts, _count = cut
    signed = AgreementSigned(key="signed", at=at(0))
    for known in range(len(facts) + 1):
        earned = total(parts[1], facts[:known])
        evaluation = evaluate(HOST, deal, [signed, *facts[:known]])
        assert evaluation.sum(currency) == Money(max(advance, earned), currency)
    assert reserve(HOST, deal, Planned()) == Money(max(advance, amount * 6), currency)


def test_netting_is_told_with_its_sums() -> None:
    deal = Deal(
        (component("advance", "EUR", "a", amount=50_000), component("retainer", "EUR", "r", amount=60_000, months=2)),
        Net(Part("r"), Part("a"), id="netted"),
    )
    month = stretch(date(2026, 1, 1), date(2026, 2, 1), date(2026, 1, 1), date(2026, 2, 1))
    lines = evaluate(HOST, deal, [AgreementSigned(key="signed", at=at(0)), month]).lines
    assert [(line.component, line.amount.minor) for line in lines] == [
        ("a", 50_000),
        ("r", 60_000),
        ("netted", -50_000),
    ]
    assert str(lines[2].reason) == "€600.00 earned so far, €500.00 already paid in advance"


def test_sentences_for_both_sides() -> None:
    parts = [
        component("retainer", "EUR", "a", amount=60_000, months=6),
        component("advance", "EUR", "b", amount=20_000),
        component(
            "performance", "EUR", "c", count="engagements", price=800, per=1000, evidence="checked", second_from=50_000,
            second_price=500, bonus_from=100_000, bonus=10_000, floor=5_000, cap=90_000,
        ),
        component("performance", "EUR", "d", count="sales", price=800, per=1, evidence="checked", cap=90_000),
    ]  # fmt: skip
    told = {part.id: [str(sentence) for sentence in sentences] for part, sentences in describe(HOST, parts)}
    assert all("%(" not in sentence for sentences in told.values() for sentence in sentences)
    assert told["a"][1] == "At most 6 months, €3,600.00 in all."
    assert told["c"][:4] == [
        "Engagements: €8.00 for every 1,000.",
        "From 50,000 on: €5.00 for every 1,000.",
        "A bonus of €100.00, once 100,000 are counted.",
        "At least €50.00 as soon as anything is counted.",
    ]
    assert told["d"][-1] == "A sale that is refunded as a whole is not counted."


RESULT = {"count": "views", "price": "8", "per": "1000", "evidence": "checked", "cap": "900"}


@pytest.mark.parametrize(
    ("model", "raw", "fields"),
    [
        ("retainer", {"amount": "600", "months": "6"}, set()),
        ("retainer", {"amount": "0", "months": "0"}, {"months"}),
        ("retainer", {"amount": "0", "months": "6"}, {"amount"}),
        ("advance", {"amount": "200"}, set()),
        ("advance", {"amount": "0"}, {"amount"}),
        ("performance", RESULT, set()),
        ("performance", RESULT | {"cap": "0"}, {"cap"}),
        ("performance", RESULT | {"floor": "901"}, {"floor"}),
        ("performance", RESULT | {"second_from": "10"}, {"second_price"}),
        ("performance", RESULT | {"second_price": "1"}, {"second_from"}),
        ("performance", RESULT | {"second_from": "10", "second_price": "0"}, set()),
        ("performance", RESULT | {"third_from": "10", "third_price": "1"}, {"third_from"}),
        ("performance", RESULT | {"bonus": "10"}, {"bonus_from"}),
        ("performance", RESULT | {"count": "hearts", "evidence": "rumour"}, {"count", "evidence"}),
    ],
)  # fmt: skip
def test_terms_are_checked_at_their_fields(model: str, raw: dict[str, str], fields: set[str]) -> None:
    _part, errors = read_component(HOST, id="part", model=model, raw=raw, currency="EUR")
    assert set(errors) == fields
