"""Many sales that come together are booked in SQL, each with its row, and to the last unit as its model says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.crypto import Keyring
from core.earnings import queries, rated, service, sold
from core.earnings.booked import BY_RATE
from core.earnings.models import Earning, FactMemory
from core.ledger import accounts as plan
from core.ledger import queries as ledger
from core.ledger.verify import verify
from core.money import half_even
from core.plugin_host.host import PluginHost
from core.tracking.models import Refund, Sale
from core.typed import MOST_MINOR
from samverk import Fact, Line, Money, PaymentModel, Planned, Rate, Settles, T, Terms, Text
from samverk import Sale as SaleFact
from tests.foreign import host_of
from tests.payouts import stage as scene
from tests.payouts.stage import Stage, component, share

AMOUNTS = [*range(100), 10_004, 10_012]
ENOUGH = [5_000] * rated.LEAST


def many(stage: Stage, amounts: Sequence[int], *, days: int = 0, by: PluginHost | None = None) -> list[Sale]:
    """Sales that came together, their earnings booked."""
    rows = [
        Sale(
            brand_id=stage.world.brand.id, external_id=f"M{number}", source="csv", code="AINO22", state="credited",
            collaboration_id=stage.collaboration.id, amount_minor=amount, currency="EUR",
            sold_at=clock.now() - timedelta(days=days),
        )
        for number, amount in enumerate(amounts)
    ]  # fmt: skip
    stage.session.add_all(rows)
    stage.session.flush()
    counted(stage, rows, new=True, by=by)
    return rows


def counted(stage: Stage, rows: Sequence[Sale], *, new: bool, by: PluginHost | None = None) -> None:
    ids = [row.id for row in rows]
    sold.book_sales(stage.session, by or scene.host(), stage.collaboration.id, ids, new=new)
    stage.session.flush()
    stage.session.expire_all()


def earned(stage: Stage) -> list[Earning]:
    mine = Earning.collaboration_id == stage.collaboration.id
    return list(stage.session.scalars(select(Earning).where(mine).order_by(Earning.id)))


@pytest.fixture
def seller(today: list[int], session: Session, world: Any) -> Stage:
    """A signed deal of a commission alone."""
    stage = scene.build(session, world, components=[share(percent="12.5", cap=10**9, each=3)])
    stage.earn()
    return stage


def test_many_sales_share_one_posting_and_each_has_its_row(seller: Stage) -> None:
    rows = many(seller, AMOUNTS)
    made = earned(seller)
    assert {row.basis for row in made} == {BY_RATE}  # else they were not booked in SQL
    assert len({row.ledger_tx_id for row in made}) == 1 and len({row.public_id for row in made}) == len(AMOUNTS) - 1
    exact = {f"sale:{row.public_id}": half_even(Fraction(row.amount_minor, 8)) + 3 for row in rows if row.amount_minor}
    assert {row.fact_key: row.amount_minor for row in made} == exact
    assert ledger.balance(seller.session, seller.world.brand.id, plan.pending(seller.collaboration.id), "EUR") == Money(
        sum(exact.values()), "EUR"
    )
    assert str(Text.from_json(made[-1].reason)) == "12.5 % of €100.12 and €0.03, order M101"
    counted(seller, rows, new=True)
    assert len(earned(seller)) == len(made) and seller.earn() == []


def test_a_refund_of_one_of_many_takes_back_what_it_gave_and_touches_no_other(seller: Stage) -> None:
    rows = many(seller, AMOUNTS)
    before = {row.id for row in earned(seller)}
    refund = Refund(
        brand_id=rows[-1].brand_id, sale_id=rows[-1].id, external_id="R", source="csv", amount_minor=10_012,
        currency="EUR", refunded_at=clock.now(),
    )  # fmt: skip
    seller.session.add(refund)
    seller.session.flush()
    counted(seller, [rows[-1]], new=False)
    (back,) = [row for row in earned(seller) if row.id not in before]
    assert (back.amount_minor, back.fact_key) == (-(1_252 + 3), f"refund:{refund.public_id}")
    untouched = [row for row in earned(seller) if row.fact_key != f"sale:{rows[-1].public_id}" and row is not back]
    assert {row.basis for row in untouched} == {BY_RATE}  # a recompute would have written fingerprints
    assert seller.earn() == [] and verify(seller.session).ok


def test_many_sales_are_paid_like_others(seller: Stage, keyring: Keyring, today: list[int]) -> None:
    seller.account(keyring)
    many(seller, AMOUNTS, days=30)
    assert {row.state for row in earned(seller)} == {"payable"}
    owed = sum(row.amount_minor for row in earned(seller))
    payout = seller.sent(keyring)
    assert payout.amount_minor == owed
    assert {row.state for row in earned(seller)} == {"paid"}
    assert verify(seller.session).ok


def test_a_rate_that_says_otherwise_than_the_model_is_not_used(today: list[int], session: Session, world: Any) -> None:
    stage = scene.build(session, world, components=[component("c", "flat")], by=flat(100))
    service.recompute(session, flat(100, declared=200), stage.collaboration.id)
    rows = many(stage, ENOUGH, by=flat(100, declared=200))
    assert {row.amount_minor for row in earned(stage)} == {100} and len(earned(stage)) == len(rows)
    assert BY_RATE not in {row.basis for row in earned(stage)}


def test_a_change_of_mind_about_many_is_an_incident(today: list[int], session: Session, world: Any) -> None:
    stage = scene.build(session, world, components=[component("c", "flat")], by=flat(100))
    service.recompute(session, flat(100), stage.collaboration.id)
    many(stage, ENOUGH, by=flat(100))
    before = earned(stage)
    assert {row.basis for row in before} == {BY_RATE}
    assert service.recompute(session, flat(150), stage.collaboration.id) == []
    assert [hold.incident for hold in queries.holds_of(session, stage.collaboration.id)] == [True]
    assert len(earned(stage)) == len(before)


def test_a_later_version_prices_no_sale_that_was_booked_as_nothing(
    today: list[int], session: Session, world: Any
) -> None:
    """Not one of many that were booked in SQL, nor one that came alone."""
    stage = scene.build(session, world, components=[component("c", "flat")], by=flat(100))
    service.recompute(session, flat(0), stage.collaboration.id)
    rows = many(stage, ENOUGH, by=flat(0))
    assert {one.basis for one in session.scalars(select(FactMemory))} == {BY_RATE} and earned(stage) == []
    counted(stage, rows[:1], new=False, by=flat(0))
    single = stage.sell(5_000, "alone")
    counted(stage, [single], new=True, by=flat(0))
    assert len(set(session.scalars(select(FactMemory.fact_key)))) == len(rows) + 1
    assert service.recompute(session, flat(0), stage.collaboration.id) == []
    assert {one.basis for one in session.scalars(select(FactMemory))}.isdisjoint({BY_RATE, ""})
    assert service.recompute(session, flat(70), stage.collaboration.id) == []
    assert [hold.incident for hold in queries.holds_of(session, stage.collaboration.id)] == [True]
    assert earned(stage) == []


def flat(each: int, declared: int | None = None) -> PluginHost:
    """A foreign model that pays so much for each sale, and the rate that it declares."""

    class Flat(PaymentModel):
        name, title, uses = "flat", T("Flat"), (SaleFact,)

        def describe(self, terms: Terms) -> Sequence[Text]:
            return [T("So much for each sale.")]

        def cap(self, terms: Terms, planned: Planned) -> Money:
            return Money(10**9, terms.currency)

        def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
            pay = Money(each, terms.currency)
            return [Line(fact.key, pay, Settles.CASH, T("A sale")) for fact in facts]

        def rate(self, terms: Terms) -> Rate:
            return Rate(Decimal(0), Money(each if declared is None else declared, terms.currency))

    return host_of(Flat, name="foreign")


@pytest.mark.parametrize("percent", ["10", "12.5", "0.5", "33.3333333", "99.9999999", "100", "0.0000001", "8.25"])
def test_shares_in_sql_are_half_even_to_the_last_unit(seller: Stage, percent: str) -> None:
    chance = random.Random(percent)
    edges = [0, 1, 2, 3, MOST_MINOR - 1, MOST_MINOR, *range(4, 10_000, 7)]
    amounts = [*edges, *(chance.randrange(MOST_MINOR) for _ in range(500)), *(4 + 8 * n for n in range(100))]
    many(seller, amounts)
    exact = Fraction(Decimal(percent)) / 100
    found = seller.session.execute(
        select(Sale.amount_minor, rated.share(exact.numerator, exact.denominator, 7)).order_by(Sale.id)
    )
    for amount, in_sql in found:
        assert in_sql == (Money(amount, "EUR").percent(Decimal(percent)).minor + 7 if amount else 0)
