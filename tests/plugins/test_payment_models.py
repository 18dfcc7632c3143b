"""What every payment model in the box keeps, for any terms and any story."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.deals.evaluate import EarnedLine, cap_of, evaluate, planned_by, reserve
from core.deals.simulate import Outcome, outcomes, simulate
from core.deals.terms import describe, read_component
from core.plugin_host.host import PluginHost
from samverk import (
    Component,
    Deal,
    DeliverableApproved,
    Fact,
    GiftDelivered,
    Money,
    Planned,
    Refund,
    Sale,
    Settles,
    T,
    Terms,
)
from tests.plugins import deals
from tests.plugins.deals import at, component

HOST = PluginHost.load(safe_mode=True)
CASES = deals.currencies.flatmap(lambda c: st.tuples(deals.components(c), deals.stories(c)))
ORDERS = deals.currencies.flatmap(lambda c: st.tuples(deals.commissions(c), deals.orders(c)))
quick = settings(max_examples=150, deadline=None)


def lines(part: Component, facts: list[Fact]) -> tuple[EarnedLine, ...]:
    evaluation = evaluate(HOST, [part], facts)
    assert not evaluation.holds
    return evaluation.lines


@quick
@given(CASES, st.randoms())
def test_lines_are_whole_units_of_the_terms_currency_under_their_own_keys(
    case: tuple[Component, list[Fact]], chance: random.Random
) -> None:
    part, facts = case
    earned = lines(part, facts)
    assert all(type(line.amount.minor) is int and line.amount.currency == part.terms.currency for line in earned)
    assert len({line.key for line in earned}) == len(earned)
    shuffled = facts[:]
    chance.shuffle(shuffled)
    assert lines(part, shuffled) == earned, "the order of facts carries no meaning"
    assert lines(part, facts + facts) == earned, "a fact told twice is one fact"


@quick
@given(CASES)
def test_the_cap_is_never_exceeded_at_any_moment(case: tuple[Component, list[Fact]]) -> None:
    part, facts = case
    cap = cap_of(HOST, part, planned_by(facts))
    assert isinstance(cap, Money)
    running = 0
    for line in lines(part, facts):
        running += line.amount.minor if line.settles is Settles.CASH else 0
        assert 0 <= running <= cap.minor


@quick
@given(ORDERS)
def test_a_refund_undoes_its_sale_to_the_last_unit(case: tuple[Component, list[Fact]]) -> None:
    part, facts = case
    sold: dict[str, int] = {}
    for fact in facts:
        if isinstance(fact, Sale | Refund):
            sold[fact.order] = sold.get(fact.order, 0) + fact.amount.minor * (1 if isinstance(fact, Sale) else -1)
    earned = lines(part, facts)
    for order, left in sold.items():
        total = sum(x.amount.minor for x in earned if x.fact.startswith((f"s{order}", f"r{order}.")))
        assert total >= 0
        if left <= 0:
            assert total == 0


@quick
@given(ORDERS)
def test_partial_refunds_land_on_what_is_left(case: tuple[Component, list[Fact]]) -> None:
    part, facts = case
    if part.terms.values["cap"] != 10**12:
        return
    rate = HOST.payment_models["commission"].rate(part.terms)
    assert rate is not None
    expected = 0
    for sale in (fact for fact in facts if isinstance(fact, Sale)):
        back = sum(x.amount.minor for x in facts if isinstance(x, Refund) and x.corrects == sale.key)
        left = Money(max(sale.amount.minor - back, 0), sale.amount.currency)
        expected += left.percent(rate.percent).minor + (rate.each.minor if left else 0)
    assert sum(line.amount.minor for line in lines(part, facts)) == expected, "the rate as data pays the same"


@quick
@given(CASES)
def test_terms_and_deals_survive_json(case: tuple[Component, list[Fact]]) -> None:
    part, facts = case
    stored = json.loads(json.dumps(Deal.of([part]).to_json()))
    assert Deal.from_json(stored) == Deal.of([part])
    assert evaluate(HOST, stored, facts) == evaluate(HOST, [part], facts)


@quick
@given(deals.currencies.flatmap(deals.components), st.integers(0, 4), st.integers(0, 12), st.integers(0, 10**6))
def test_what_is_simulated_is_what_is_paid(part: Component, approved: int, sales: int, value: int) -> None:
    worth = Money(value, part.terms.currency)
    outcome = Outcome(T("x"), approved, sales, worth, sales // 3)
    planned = Planned(deliverables=5)
    deal = Deal.of([part])
    assert simulate(HOST, deal, outcome, planned) == evaluate(HOST, deal, list(outcome.facts(deal, planned)), planned)


def test_sentences_for_both_sides_exist_for_every_model() -> None:
    parts = [
        component("fixed", "EUR", "a", amount=20000, per="deliverable"),
        component("fixed", "EUR", "b", amount=20000, per="collaboration"),
        component("commission", "EUR", "c", percent="10", each=100, cap=50000),
        component("commission", "EUR", "d", percent="10", cap=50000),
        component("gifting", "EUR", "e", product="Tent", value=30000, value_source="retail"),
    ]
    for _, sentences in describe(HOST, parts):
        assert sentences and all(str(sentence) and "%(" not in str(sentence) for sentence in sentences)


def test_a_commission_says_what_it_is_made_of() -> None:
    sale = Sale(key="s", at=at(0), order="1042", amount=Money(4990, "EUR"))
    back = Refund(key="r", at=at(1), corrects="s", order="1042", amount=Money(4990, "EUR"))
    first, second = lines(component("commission", "EUR", percent="10", cap=10**6), [back, sale])
    assert (first.amount, second.amount) == (Money(499, "EUR"), Money(-499, "EUR"))
    assert first.reason.msgid == "%(percent)s %% of %(amount)s, order %(order)s"
    assert first.reason.params["percent"] == Decimal(10) and first.reason.params["order"] == "1042"
    assert "10 %" in str(first.reason) and "1042" in str(first.reason)


def test_a_corrected_sale_counts_once() -> None:
    part = component("commission", "EUR", percent="10", cap=10**6)
    facts: list[Fact] = [
        Sale(key="s", at=at(0), order="1", amount=Money(1000, "EUR")),
        Sale(key="s2", at=at(5), corrects="s", order="1", amount=Money(2000, "EUR")),
        Refund(key="r", at=at(9), corrects="s", order="1", amount=Money(500, "EUR")),
    ]
    assert [(x.fact, x.amount.minor) for x in lines(part, facts)] == [("s2", 200), ("r", -50)]


def test_a_capped_sale_gives_back_no_more_than_it_got() -> None:
    part = component("commission", "EUR", percent="50", cap=1000)
    first = Sale(key="a", at=at(0), order="1", amount=Money(1200, "EUR"))
    second = Sale(key="b", at=at(1), order="2", amount=Money(1200, "EUR"))
    half = Refund(key="c", at=at(2), corrects="b", order="2", amount=Money(600, "EUR"))
    rest = Refund(key="d", at=at(3), corrects="b", order="2", amount=Money(600, "EUR"))
    assert [x.amount.minor for x in lines(part, [first, second])] == [600, 400]
    assert [x.amount.minor for x in lines(part, [first, second, half])] == [600, 400, -100]
    earned = lines(part, [first, second, half, rest])
    assert [x.amount.minor for x in earned] == [600, 400, -100, -300]
    assert "within the cap of" in earned[1].reason.msgid


def test_the_room_of_a_sale_that_came_back_goes_to_the_one_that_was_cut() -> None:
    part = component("commission", "EUR", percent="50", cap=1000)
    first = Sale(key="a", at=at(0), order="1", amount=Money(1200, "EUR"))
    second = Sale(key="b", at=at(1), order="2", amount=Money(1200, "EUR"))
    half = Refund(key="c", at=at(2), corrects="a", order="1", amount=Money(300, "EUR"))
    rest = Refund(key="d", at=at(3), corrects="a", order="1", amount=Money(900, "EUR"))
    given = {x.fact: x.amount.minor for x in lines(part, [first, second, half])}
    assert given == {"a": 600, "c": -150, "b": 550}
    given = {x.fact: x.amount.minor for x in lines(part, [first, second, half, rest])}
    assert given == {"a": 600, "c": -150, "d": -450, "b": 600}


@quick
@given(ORDERS)
def test_in_all_it_comes_to_the_cap_or_to_what_was_claimed(case: tuple[Component, list[Fact]]) -> None:
    part, facts = case
    cap = part.terms.values["cap"]
    free = replace(part, terms=Terms(part.terms.currency, {**part.terms.values, "cap": 10**12}))
    claimed = sum(line.amount.minor for line in lines(free, facts))
    assert sum(line.amount.minor for line in lines(part, facts)) == min(claimed, cap or claimed)


def test_a_fee_for_the_collaboration_comes_in_parts_that_make_the_whole() -> None:
    part = component("fixed", "EUR", amount=10000, per="collaboration")
    approved = [
        DeliverableApproved(key=f"d{n}", at=at(9 - n), deliverable=f"Reel {n}", position=n, planned=3)
        for n in (1, 2, 3)
    ]
    assert sorted(x.amount.minor for x in lines(part, list(approved))) == [3333, 3333, 3334]
    assert [x.amount.minor for x in lines(part, [approved[1]])] == [3333]
    each = component("fixed", "EUR", amount=10000, per="deliverable")
    assert [x.amount.minor for x in lines(each, list(approved))] == [10000] * 3
    assert reserve(HOST, [each], Planned(deliverables=3)) == Money(30000, "EUR")


def test_a_gift_is_value_and_never_cash() -> None:
    part = component("gifting", "SEK", product="Tent", value=90000)
    evaluation = evaluate(HOST, [part], [GiftDelivered(key="g", at=at(0), gift="1")])
    assert evaluation.sum("SEK") == Money(0, "SEK")
    assert evaluation.sum("SEK", Settles.IN_KIND) == Money(90000, "SEK")
    assert reserve(HOST, [part], Planned()) == Money(0, "SEK")


@pytest.mark.parametrize(
    ("model", "raw", "fields"),
    [
        ("fixed", {"amount": "200", "per": "deliverable"}, set()),
        ("fixed", {"amount": "-1", "per": "weekly"}, {"amount", "per"}),
        ("commission", {"percent": "12,5", "cap": "1 000"}, set()),
        ("commission", {"percent": "12,5"}, {"cap"}),
        ("commission", {"percent": "12,5", "cap": "0"}, {"cap"}),
        ("commission", {"percent": "0", "cap": "100"}, {"percent"}),
        ("commission", {"percent": "101", "cap": "100"}, {"percent"}),
        ("gifting", {"product": "Tent", "value": "300", "value_source": "retail"}, set()),
        ("gifting", {"value": "", "value_source": "dream"}, {"product", "value", "value_source"}),
    ],
)
def test_terms_are_checked_at_their_fields(model: str, raw: dict[str, str], fields: set[str]) -> None:
    part, errors = read_component(HOST, id="part", model=model, raw=raw, currency="EUR")
    assert set(errors) == fields
    assert part.version == HOST.payment_models[model].version


def hybrid(name: str, **terms: Terms) -> Deal:
    return Deal(*HOST.compositions[name].build(terms))


def test_the_ready_deals_pay_as_they_say() -> None:
    commission = Terms("EUR", {"percent": "10", "cap": 100000})
    fee = Terms("EUR", {"amount": 50000})
    both = hybrid("fixed_and_commission", fee=fee, commission=commission)
    larger = hybrid("guaranteed_commission", guarantee=fee, commission=commission)
    assert Deal.from_json(json.loads(json.dumps(larger.to_json()))) == larger
    assert reserve(HOST, both, Planned()) == Money(150000, "EUR")
    assert reserve(HOST, larger, Planned()) == Money(100000, "EUR")
    for sold, expected in ((100000, 50000), (500000, 50000), (800000, 80000), (10**9, 100000)):
        outcome = Outcome(T("x"), 1, 1, Money(sold, "EUR"))
        assert simulate(HOST, larger, outcome).sum("EUR") == Money(expected, "EUR")
        assert simulate(HOST, both, outcome).sum("EUR") == Money(50000 + min(sold // 10, 100000), "EUR")


@quick
@given(deals.stories("EUR"), st.integers(0, 3000), st.integers(1, 3000), st.randoms())
def test_a_guarantee_pays_the_larger_at_any_time(
    facts: list[Fact], guarantee: int, cap: int, chance: random.Random
) -> None:
    deal = hybrid(
        "guaranteed_commission",
        guarantee=Terms("EUR", {"amount": guarantee}),
        commission=Terms("EUR", {"percent": "10", "cap": cap}),
    )
    evaluation = evaluate(HOST, deal, facts)
    parts = {
        name: sum(x.amount.minor for x in evaluation.lines if x.component == name)
        for name in ("guarantee", "commission")
    }
    assert evaluation.sum("EUR") == Money(max(parts.values()), "EUR")
    chance.shuffle(facts)
    assert evaluate(HOST, deal, facts) == evaluation


def test_three_outcomes_are_shown_low_to_high() -> None:
    deal = hybrid(
        "fixed_and_commission",
        fee=Terms("EUR", {"amount": 10000}),
        commission=Terms("EUR", {"percent": "10", "cap": 10**7}),
    )
    planned = Planned(deliverables=2)
    paid = [simulate(HOST, deal, o, planned).sum("EUR") for o in outcomes(planned, 30, Money(150000, "EUR"))]
    assert [amount.minor for amount in paid if amount] == [20000 + 4000, 20000 + 13500, 20000 + 45000]
    assert [o.sales for o in outcomes(planned, 0, Money(0, "EUR"))] == [0, 0, 0]
