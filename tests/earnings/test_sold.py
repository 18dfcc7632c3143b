"""New sales are booked by themselves, and many of them in SQL: each way comes to what counting everything comes to."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import clock
from core.crypto import Keyring
from core.earnings import queries, rated, service, sold
from core.earnings.booked import BY_RATE
from core.earnings.models import ComponentTotal, Earning, FactMemory
from core.ledger import accounts as plan
from core.ledger import queries as ledger
from core.ledger.verify import verify
from core.money import half_even
from core.plugin_host.host import PluginHost
from core.tracking.models import Refund, Sale
from core.typed import MOST_MINOR
from samverk import Fact, Line, Money, PaymentModel, Planned, Rate, Settles, T, Terms, Text
from samverk import Sale as SaleFact
from tests.earnings.conftest import undone
from tests.foreign import host_of
from tests.payouts import stage as scene
from tests.payouts.stage import Stage, component
from tests.world import World

FEE = component("fee", "fixed", amount=5_000, per="deliverable")
PREPAID = component("ahead", "advance", amount=3_000, on="signing")


def share(name: str = "share", percent: str = "10", cap: int = 10**9, **more: Any) -> dict[str, Any]:
    return component(name, "commission", percent=percent, cap=cap, **more)


def part(name: str) -> dict[str, Any]:
    return {"kind": "part", "component": name}


def meeting(**how: Any) -> dict[str, Any]:
    return {"composition": how}


GUARANTEE = meeting(kind="maximum", id="least", of=[part("fee"), part("share")])
NETTED = meeting(kind="net", id="net", of={"kind": "sum", "of": [part("share"), part("more")]}, advance=part("ahead"))
DEALS = [
    [share()],
    [FEE, share(percent="12.345", each=7)],
    [share(cap=2_000), share("more", "3.3", cap=400, each=25)],
    [FEE, share(), GUARANTEE],
    [share(cap=6_000), share("more", "0.5"), PREPAID, NETTED],
]
minor = st.one_of(st.integers(0, 30), st.integers(0, 30_000).map(lambda n: n - n % 5))
step = st.one_of(
    st.tuples(st.just("sell"), st.lists(minor, min_size=1, max_size=3), st.integers(-20, 1)),
    st.tuples(st.just("batch"), st.lists(minor, min_size=4, max_size=12), st.integers(-20, 1)),
    st.tuples(st.just("refund"), st.integers(0, 20), st.integers(1, 30_000)),
    st.tuples(st.just("approve"), st.integers(0, 1)),
    st.tuples(st.just("wait"), st.integers(1, 20)),
)


class Twins:
    """Two collaborations with one deal, to which the same happens: one is always counted whole."""

    def __init__(self, session: Session, world: World, days: list[int], deal: list[dict[str, Any]], zone: str) -> None:
        world.brand.timezone = zone
        self.session, self.days, self.moments = session, days, count()
        self.whole, self.short = (scene.build(session, world, components=deal, name=name) for name in "AB")
        self.sales: list[tuple[Sale, Sale]] = []
        self.left: list[int] = []
        self.orders = count()
        self.book([], new=True)

    def sell(self, amounts: Sequence[int], day: int) -> None:
        """Sales of one message, in any order of time."""
        pairs = []
        for amount in amounts:
            at = clock.now() + timedelta(days=day, hours=next(self.moments) * 7 % 24)
            order = next(self.orders)
            pairs.append(tuple(self._sale(stage, f"{order}", amount, at) for stage in (self.whole, self.short)))
        self.sales += pairs  # type: ignore[arg-type]
        self.left += amounts
        self.session.flush()
        self.book([short for _, short in pairs], new=True)

    batch = sell

    def refund(self, which: int, amount: int) -> None:
        if not self.sales:
            return
        which %= len(self.sales)
        amount = min(amount, self.left[which])
        if not amount:
            return
        self.left[which] -= amount
        number = next(self.orders)
        for name, sale in zip("AB", self.sales[which], strict=True):
            row = Refund(
                brand_id=sale.brand_id, sale_id=sale.id, external_id=f"{name}{number}", source="csv",
                amount_minor=amount, currency="EUR", refunded_at=sale.sold_at + timedelta(hours=number),
            )  # fmt: skip
            self.session.add(row)
        self.session.flush()
        self.book([self.sales[which][1]], new=False)

    def approve(self, number: int) -> None:
        for stage in (self.whole, self.short):
            stage.approve(number)

    def wait(self, days: int) -> None:
        self.days[0] += days
        service.release_due(self.session)

    def book(self, sales: Sequence[Sale], *, new: bool) -> None:
        self.whole.earn()
        ids = [sale.id for sale in sales]
        sold.book_sales(self.session, scene.host(), self.short.collaboration.id, ids, new=new)
        self.session.flush()

    def check(self) -> None:
        """Both are booked alike: rows, dates, words, balances; and the totals are the sums of the rows."""
        assert self._rows(self.short) == self._rows(self.whole)
        assert self._nothings(self.short) == self._nothings(self.whole)
        for account in (plan.pending, plan.payable, plan.advance):
            one, other = (self._balance(account(stage.collaboration.id)) for stage in (self.whole, self.short))
            assert other == one
        assert self._balance(plan.cost(self.short.campaign.id)) == self._balance(plan.cost(self.whole.campaign.id))
        assert self._totals(self.short) == self._totals(self.whole) == self._sums(self.short)

    def _sale(self, stage: Stage, order: str, amount: int, at: Any) -> Sale:
        name = "A" if stage is self.whole else "B"
        row = Sale(
            brand_id=stage.world.brand.id, external_id=f"{name}{order} \"ü'", source="csv", code=name, state="credited",
            collaboration_id=stage.collaboration.id, amount_minor=amount, currency="EUR", sold_at=at,
        )  # fmt: skip
        self.session.add(row)
        return row

    def _rows(self, stage: Stage) -> list[Any]:
        names = {sale.public_id: sale.external_id[1:] for pair in self.sales for sale in pair}
        refunds = self.session.execute(select(Refund.public_id, Refund.external_id))
        names |= {public: external[1:] for public, external in refunds}
        names |= {row.public_id: row.note for row in stage.deliverables}
        rows = self.session.scalars(select(Earning).where(Earning.collaboration_id == stage.collaboration.id))
        return sorted(self._told(row, names.get(row.fact_key.partition(":")[2], "")) for row in rows)

    def _nothings(self, stage: Stage) -> set[tuple[str, str]]:
        """The orders of which nothing is booked, and by which part."""
        names = {f"sale:{sale.public_id}": sale.external_id[1:] for pair in self.sales for sale in pair}
        rows = self.session.scalars(select(FactMemory).where(FactMemory.collaboration_id == stage.collaboration.id))
        return {(row.component_id, names[row.fact_key]) for row in rows if row.fact_key in names}

    def _told(self, row: Earning, fact: str) -> tuple[Any, ...]:
        """A row, with the order for the sale's public id; a time that is the moment of booking says nothing."""
        lasting = row.kind == "commission" and row.sequence == 1
        words = json.dumps(row.reason).replace('"A', '"').replace('"B', '"')
        when = row.state, str(row.hold_until), str(row.due_on), str(row.earned_at) if lasting else ""
        what = row.component_id, "" if row.kind == "netted" else fact, row.sequence, row.kind, row.amount_minor
        return *what, *when, row.model_version, words, bool(row.ledger_tx_id)

    def _balance(self, code: str) -> int:
        return ledger.balance(self.session, self.whole.world.brand.id, code, "EUR").minor

    def _totals(self, stage: Stage) -> dict[str, tuple[int, int]]:
        rows = self.session.scalars(
            select(ComponentTotal).where(ComponentTotal.collaboration_id == stage.collaboration.id)
        )
        return {row.component_id: (row.net_minor, row.given_minor) for row in rows if row.given_minor or row.net_minor}

    def _sums(self, stage: Stage) -> dict[str, tuple[int, int]]:
        given_ = func.sum(Earning.amount_minor).filter(Earning.amount_minor > 0)
        rows = self.session.execute(
            select(Earning.component_id, func.sum(Earning.amount_minor), given_)
            .where(Earning.collaboration_id == stage.collaboration.id)
            .group_by(Earning.component_id)
        )
        return {name: (int(net), int(gross or 0)) for name, net, gross in rows}


@settings(
    max_examples=25, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    steps=st.lists(step, min_size=3, max_size=12),
    deal=st.sampled_from(DEALS),
    zone=st.sampled_from(["Europe/Helsinki", "Pacific/Auckland", "America/Los_Angeles"]),
)
@example(  # a cut sale finds room when an earlier one comes back
    steps=[("sell", [10_000, 20_000], 0), ("refund", 0, 10_000)], deal=[share(cap=2_000)], zone="UTC"
)
@example(  # what comes last finds what room is left, what is sold earlier takes it
    steps=[("sell", [15_000], 0), ("sell", [10_000], 1), ("sell", [3_000], -3)], deal=[share(cap=2_000)], zone="UTC"
)
def test_each_way_comes_to_the_same(
    session: Session,
    ticking: list[int],
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[tuple[Any, ...]],
    deal: Any,
    zone: str,
) -> None:
    monkeypatch.setattr(rated, "LEAST", 4)
    ticking[0] = 0
    with undone(session):
        twins = Twins(session, world, ticking, deal, zone)
        for name, *how in steps:
            getattr(twins, name)(*how)
            session.flush()
            twins.check()
        assert service.recompute(session, scene.host(), twins.short.collaboration.id) == []
        assert verify(session).ok


def many(stage: Stage, amounts: Sequence[int], *, days: int = 0) -> list[Sale]:
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
    counted(stage, rows, new=True)
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


AMOUNTS = [*range(100), 10_004, 10_012]


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
    rows = many_by(stage, flat(100, declared=200))
    assert {row.amount_minor for row in earned(stage)} == {100} and len(earned(stage)) == len(rows)
    assert BY_RATE not in {row.basis for row in earned(stage)}


def test_a_change_of_mind_about_many_is_an_incident(today: list[int], session: Session, world: Any) -> None:
    stage = scene.build(session, world, components=[component("c", "flat")], by=flat(100))
    service.recompute(session, flat(100), stage.collaboration.id)
    many_by(stage, flat(100))
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
    rows = many_by(stage, flat(0))
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


def many_by(stage: Stage, by: PluginHost) -> list[Sale]:
    rows = [
        Sale(
            brand_id=stage.world.brand.id, external_id=f"M{n}", source="csv", code="AINO22", state="credited",
            collaboration_id=stage.collaboration.id, amount_minor=5_000, currency="EUR", sold_at=clock.now(),
        )
        for n in range(rated.LEAST)
    ]  # fmt: skip
    stage.session.add_all(rows)
    stage.session.flush()
    counted(stage, rows, new=True, by=by)
    return rows


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
