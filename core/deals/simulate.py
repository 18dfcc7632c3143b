"""What a deal would pay, shown to both sides before they sign: made-up facts, and the function that later pays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, repeat

from core.deals.evaluate import AnyDeal, Evaluation, evaluate
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
    Piece,
    Planned,
    Refund,
    Sale,
)
from core.plugin_api.text import T, Text
from core.plugin_host.host import PluginHost

START = datetime(2026, 1, 1, tzinfo=UTC)
WEEK, MONTH = 7, timedelta(days=28)
PER_HUNDRED_VIEWS = {"likes": 3, "comments": 1, "clicks": 1}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a collaboration might go: `refunds` of the `sales` orders, which are worth `value` together, come back.

    The content is seen `views` times; four in a hundred viewers engage and one clicks. All planned months are worked.
    `days` says when each deliverable is approved, in the order of the contract and counted from the first approval;
    where it is silent they are a week apart.
    """

    title: Text
    deliverables: int
    sales: int
    value: Money
    refunds: int = 0
    views: int = 0
    days: tuple[int, ...] = ()

    @property
    def approvals(self) -> tuple[int, ...]:
        """The day on which each deliverable is approved, counted from the first approval."""
        last = max(self.days, default=-WEEK)
        later = (last + WEEK * number for number in range(1, self.deliverables - len(self.days) + 1))
        return (*self.days, *later)[: self.deliverables]

    @property
    def counts(self) -> dict[str, int]:
        """What the readings of all posts come to, by metric."""
        return {"views": self.views} | {name: self.views * n // 100 for name, n in PER_HUNDRED_VIEWS.items()}

    @property
    def engagements(self) -> int:
        """Likes, comments, shares and saves together."""
        return self.counts["likes"] + self.counts["comments"]

    def facts(self, deal: Deal, planned: Planned) -> Iterator[Fact]:
        """The facts of this outcome: every gift arrives, orders are of equal size, the last ones are refunded.

        Approvals come on their days; orders are spread over the planned months, refunds and readings end them.
        """
        clock = (START + timedelta(minutes=minute) for minute in range(10**9))
        end, step = START + MONTH * planned.months, MONTH * planned.months / (self.sales + 1)
        yield AgreementSigned(key="signed", at=next(clock))
        for component in deal.components:
            yield GiftDelivered(key=f"gift-{component.id}", at=next(clock), gift=component.id, component=component.id)
        begun, approvals = next(clock), self.approvals
        for number, (days, piece) in enumerate(zip(approvals, _endless(planned.pieces), strict=False), 1):
            earlier = approvals[: number - 1].count(days)
            yield DeliverableApproved(
                key=f"deliverable-{number}",
                at=begun + timedelta(days=days, minutes=earlier),
                deliverable=str(number),
                position=number,
                planned=planned.deliverables,
                kind=piece.kind,
                platform=piece.platform,
            )
        amounts = self.value.split([1] * self.sales) if self.sales else []
        for number, amount in enumerate(amounts, 1):
            yield Sale(key=f"sale-{number}", at=START + step * number, order=str(number), amount=amount)
        for number in range(self.sales - self.refunds + 1, self.sales + 1):
            yield Refund(
                key=f"refund-{number}", at=end, corrects=f"sale-{number}", order=str(number), amount=amounts[number - 1]
            )
        yield from self._readings(end)
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


def _endless(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces, and after them such of which nothing is known."""
    return chain(pieces, repeat(Piece()))


def _month(number: int) -> Period:
    """A whole month of an agreement that was signed at the start."""
    first, last = (date(START.year + n // 12, n % 12 + 1, 1) for n in (number - 1, number))
    moment = datetime.combine(last, time(), UTC)
    return Period(key=f"month-{number}", at=moment, start=first, end=last, month=number)


def outcomes(
    planned: Planned, sales: int, value: Money, views: int = 0, days: tuple[int, ...] = ()
) -> tuple[Outcome, Outcome, Outcome]:
    """Three outcomes around what is expected: a third of the sales and views, all of them, and three times as many.

    Every tenth order of the expected outcome comes back, every fifth of the low one, none of the high one. Approvals
    come on the expected days, in half of the time when all goes well, and a week late each time when it does not.
    """
    expected = Outcome(T("As expected"), planned.deliverables, sales, value, sales // 10, views, days)
    plan = expected.approvals
    turn = {number: n for n, number in enumerate(sorted(range(len(plan)), key=plan.__getitem__))}
    late = tuple(2 * day + WEEK * turn[number] for number, day in enumerate(plan))
    early = tuple(day // 2 for day in plan)
    few, small = (sales // 3, Money(value.minor // 3 if sales // 3 else 0, value.currency))
    low = replace(expected, title=T("Low"), sales=few, value=small, refunds=few // 5, views=views // 3, days=late)
    high = replace(expected, title=T("High"), sales=sales * 3, value=value * 3, refunds=0, views=views * 3, days=early)
    return low, expected, high


def simulate(
    host: PluginHost,
    deal: AnyDeal,
    outcome: Outcome,
    planned: Planned | None = None,
    signed: Mapping[str, Money] | None = None,
) -> Evaluation:
    """What the deal pays in an outcome, line by line, by the same function that later pays it, within `signed` caps."""
    deal = Deal.of(deal)
    planned = planned or Planned(deliverables=max(outcome.deliverables, 1))
    return evaluate(host, deal, outcome.facts(deal, planned), planned, signed=signed)
