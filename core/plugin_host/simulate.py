"""What a deal would pay, shown to both sides before they sign: made-up facts, and the function that later pays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from core.money import Money, split
from core.plugin_api.deal import Deal
from core.plugin_api.payment_models import (
    AgreementSigned,
    DeliverableApproved,
    EvidenceLevel,
    Fact,
    GiftDelivered,
    MetricReading,
    Period,
    Planned,
    Refund,
    Sale,
)
from core.plugin_api.text import T, Text
from core.plugin_host.evaluate import AnyDeal, Evaluation, evaluate
from core.plugin_host.host import PluginHost

START = datetime(2026, 1, 1, tzinfo=UTC)
PER_HUNDRED_VIEWS = {"likes": 3, "comments": 1, "clicks": 1}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a collaboration might go: `refunds` of the `sales` orders, which are worth `value` together, come back.

    The content is seen `views` times; four in a hundred viewers engage and one clicks. All planned months are worked.
    """

    title: Text
    deliverables: int
    sales: int
    value: Money
    refunds: int = 0
    views: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """What the readings of all posts come to, by metric."""
        return {"views": self.views} | {name: self.views * n // 100 for name, n in PER_HUNDRED_VIEWS.items()}

    @property
    def engagements(self) -> int:
        """Likes, comments, shares and saves together."""
        return self.counts["likes"] + self.counts["comments"]

    def facts(self, deal: Deal, planned: Planned) -> Iterator[Fact]:
        """The facts of this outcome: every gift arrives, orders are of equal size, the last ones are refunded."""
        clock = (START + timedelta(minutes=minute) for minute in range(10**9))
        yield AgreementSigned(key="signed", at=next(clock))
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
        yield from self._readings(next(clock))
        yield from (_month(number) for number in range(1, planned.months + 1))

    def _readings(self, at: datetime) -> Iterator[Fact]:
        """One reading of everything on each post, in equal parts."""
        posts = max(self.deliverables, 1)
        for metric, count in self.counts.items():
            for post, value in enumerate(split(count, [1] * posts), 1):
                yield MetricReading(
                    key=f"{metric}-{post}",
                    at=at,
                    evidence=EvidenceLevel.MEASURED,
                    post=str(post),
                    metric=metric,
                    value=value,
                )


def _month(number: int) -> Period:
    """A whole month of an agreement that was signed at the start."""
    first, last = (date(START.year + n // 12, n % 12 + 1, 1) for n in (number - 1, number))
    moment = datetime.combine(last, time(), UTC)
    return Period(key=f"month-{number}", at=moment, start=first, end=last, month=number)


def outcomes(planned: Planned, sales: int, value: Money, views: int = 0) -> tuple[Outcome, Outcome, Outcome]:
    """Three outcomes around what is expected: a third of the sales and views, all of them, and three times as many.

    Every tenth order of the expected outcome comes back, every fifth of the low one, none of the high one.
    """
    expected = Outcome(T("As expected"), planned.deliverables, sales, value, sales // 10, views)
    few, small = (sales // 3, Money(value.minor // 3 if sales // 3 else 0, value.currency))
    low = replace(expected, title=T("Low"), sales=few, value=small, refunds=few // 5, views=views // 3)
    high = replace(expected, title=T("High"), sales=sales * 3, value=value * 3, refunds=0, views=views * 3)
    return low, expected, high


def simulate(host: PluginHost, deal: AnyDeal, outcome: Outcome, planned: Planned | None = None) -> Evaluation:
    """What the deal pays in an outcome, line by line, by the same function that later pays it."""
    deal = Deal.of(deal)
    planned = planned or Planned(deliverables=max(outcome.deliverables, 1))
    return evaluate(host, deal, outcome.facts(deal, planned), planned)
