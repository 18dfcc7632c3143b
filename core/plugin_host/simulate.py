"""What a deal would pay, shown to both sides before they sign: made-up facts, and the function that later pays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from core.money import Money
from core.plugin_api.deal import Deal
from core.plugin_api.payment_models import DeliverableApproved, Fact, GiftDelivered, Planned, Refund, Sale
from core.plugin_api.text import T, Text
from core.plugin_host.evaluate import AnyDeal, Evaluation, evaluate
from core.plugin_host.host import PluginHost

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a collaboration might go: `refunds` of the `sales` orders, which are worth `value` together, come back."""

    title: Text
    deliverables: int
    sales: int
    value: Money
    refunds: int = 0

    def facts(self, deal: Deal, planned: Planned) -> Iterator[Fact]:
        """The facts of this outcome: every gift arrives, orders are of equal size, the last ones are refunded."""
        clock = (START + timedelta(minutes=minute) for minute in range(10**9))
        for component in deal.components:
            yield GiftDelivered(key=f"gift-{component.id}", at=next(clock), gift=component.id, component=component.id)
        for number in range(1, self.deliverables + 1):
            yield DeliverableApproved(
                key=f"deliverable-{number}",
                at=next(clock),
                deliverable=str(number),
                position=number,
                planned=planned.deliverables,
            )
        amounts = self.value.split([1] * self.sales) if self.sales else []
        for number, amount in enumerate(amounts, 1):
            yield Sale(key=f"sale-{number}", at=next(clock), order=str(number), amount=amount)
        for number in range(self.sales - self.refunds + 1, self.sales + 1):
            yield Refund(
                key=f"refund-{number}",
                at=next(clock),
                corrects=f"sale-{number}",
                order=str(number),
                amount=amounts[number - 1],
            )


def outcomes(planned: Planned, sales: int, value: Money) -> tuple[Outcome, Outcome, Outcome]:
    """Three outcomes around what is expected: a third of the sales, all of them, and three times as many.

    Every tenth order of the expected outcome comes back, every fifth of the low one, none of the high one.
    """
    expected = Outcome(T("As expected"), planned.deliverables, sales, value, sales // 10)
    few, small = (sales // 3, Money(value.minor // 3 if sales // 3 else 0, value.currency))
    low = replace(expected, title=T("Low"), sales=few, value=small, refunds=few // 5)
    high = replace(expected, title=T("High"), sales=sales * 3, value=value * 3, refunds=0)
    return low, expected, high


def simulate(host: PluginHost, deal: AnyDeal, outcome: Outcome, planned: Planned | None = None) -> Evaluation:
    """What the deal pays in an outcome, line by line, by the same function that later pays it."""
    deal = Deal.of(deal)
    planned = planned or Planned(deliverables=max(outcome.deliverables, 1))
    return evaluate(host, deal, outcome.facts(deal, planned), planned)
