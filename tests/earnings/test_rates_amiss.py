"""A model whose rate, or whose words for it, cannot be used: many sales are booked one by one, as without a rate."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import clock
from core.earnings import rated, service, sold
from core.earnings.booked import BY_RATE
from core.earnings.models import Earning
from core.plugin_host.host import PluginHost
from core.tracking.models import Sale
from samverk import Fact, Line, Money, PaymentModel, Planned, Rate, Settles, T, Terms, Text
from samverk import Sale as SaleFact
from tests.foreign import host_of
from tests.payouts import stage as scene
from tests.payouts.stage import Stage, component
from tests.world import World

ODD: Any = None


def flat(rate: Any) -> PluginHost:
    """A foreign model that pays one for each sale, and says this of its rate."""

    class Flat(PaymentModel):
        name, title, uses = "flat", T("Flat"), (SaleFact,)

        def describe(self, terms: Terms) -> Sequence[Text]:
            return [T("One for each sale.")]

        def cap(self, terms: Terms, planned: Planned) -> Money:
            return Money(10**9, terms.currency)

        def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
            return [Line(fact.key, Money(100, terms.currency), Settles.CASH, T("A sale")) for fact in facts]

        def rate(self, terms: Terms) -> Rate | None:
            given: Rate | None = rate
            return given

    return host_of(Flat)


def sell_many(stage: Stage, by: PluginHost) -> None:
    rows = [
        Sale(
            brand_id=stage.world.brand.id, external_id=f"M{n}", source="csv", code="AINO22", state="credited",
            collaboration_id=stage.collaboration.id, amount_minor=5_000, currency="EUR", sold_at=clock.now(),
        )
        for n in range(rated.LEAST)
    ]  # fmt: skip
    stage.session.add_all(rows)
    stage.session.flush()
    sold.book_sales(stage.session, by, stage.collaboration.id, [row.id for row in rows], new=True)


@pytest.mark.parametrize(
    "rate",
    [
        Rate(Decimal("NaN"), Money(100, "EUR")),
        Rate(ODD, Money(100, "EUR")),
        Rate(Decimal(0), ODD),
        "ten percent",
        (1, 2),
        Rate(Decimal(0), Money(100, "SEK")),
    ],
)
def test_a_rate_that_cannot_be_used_is_none(today: list[int], session: Session, world: World, rate: Any) -> None:
    by = flat(rate)
    stage = scene.build(session, world, components=[component("c", "flat")], by=by)
    service.recompute(session, by, stage.collaboration.id)
    sell_many(stage, by)
    assert session.scalar(select(func.sum(Earning.amount_minor))) == 100 * rated.LEAST
    assert BY_RATE not in set(session.scalars(select(Earning.basis)))


def test_the_same_with_a_sound_rate_is_booked_by_it(today: list[int], session: Session, world: World) -> None:
    by = flat(Rate(Decimal(0), Money(100, "EUR")))
    stage = scene.build(session, world, components=[component("c", "flat")], by=by)
    service.recompute(session, by, stage.collaboration.id)
    sell_many(stage, by)
    assert session.scalar(select(func.sum(Earning.amount_minor))) == 100 * rated.LEAST
    assert set(session.scalars(select(Earning.basis))) == {BY_RATE}
