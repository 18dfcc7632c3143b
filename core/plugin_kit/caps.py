"""What a deal can cost: the most that it pays, which a brand reserves, and its rate as data, by which core books."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.deals.evaluate import evaluate, in_order, planned_by
from core.money import Money
from core.plugin_api.payment_models import (
    DeliverableApproved,
    Fact,
    PaymentModel,
    Planned,
    Rate,
    Refund,
    Settles,
    sales_with_refunds,
)
from core.plugin_kit.bench import Bench, amounts, each
from core.plugin_kit.checks import Broken, NotAsked, Subject, check
from core.plugin_kit.models import KIND
from core.plugin_kit.stories import Story

MANY = 60
"""Pieces of a big contract: more than most numbers in made-up terms, from which on or up to which pieces count."""


@check(
    "cap",
    "It names the most that it can pay, and pays within it",
    KIND,
    hint="cap(terms, planned) is what the brand reserves: the sum of everything cash that the terms could ever earn.",
)
def cap(subject: Subject, model: PaymentModel) -> None:
    """A cap in the terms' currency, not below nothing, and not nothing where there is pay."""
    bench = Bench(subject, model)
    seen: dict[str, Any] = {"room": False, "pay": None}

    def holds(story: Story) -> None:
        unit, facts = story.part.terms.currency, in_order(story.facts)
        most = model.cap(story.part.terms, story.planned)
        if not isinstance(most, Money) or most.currency != unit or most.minor < 0:
            raise Broken(f"an amount in {unit} that is not below nothing", repr(most), story)
        running = 0
        for line in evaluate(subject.host, [story.part], facts, story.planned).lines:
            running += line.amount.minor if line.settles is Settles.CASH else 0
            if running > most.minor:
                raise Broken(f"at most {most.decimal} {unit}", f"{Money(running, unit).decimal} {unit}", story)
        seen["room"] |= bool(most)
        if seen["pay"] is None and any(x.amount.minor > 0 and x.settles is Settles.CASH for x in bench.lines(story)):
            seen["pay"] = story

    each(bench, holds)
    if seen["pay"] is not None and not seen["room"]:
        raise Broken("a cap above nothing where cash is earned", "always a cap of nothing", seen["pay"])
    _hold_count(bench)


def _hold_count(bench: Bench) -> None:
    """A cap that counts pieces counts all of them: in no deal of all that were tried it may stop where pay goes on."""
    counts, stopped = False, None

    def holds(story: Story) -> None:
        nonlocal counts, stopped
        if counts or not any(isinstance(fact, DeliverableApproved) for fact in story.facts):
            return
        one, fewer, all_of_them = (story.of_pieces(count) for count in (1, MANY - 1, MANY))
        counts = _cap(bench, fewer) < _cap(bench, all_of_them)
        grows = _cap(bench, one) < _cap(bench, all_of_them)
        if stopped is None and grows and not counts and _cash(bench, fewer) < _cash(bench, all_of_them):
            stopped = story

    each(bench, holds)
    if stopped is not None and not counts:
        most = _cap(bench, stopped.of_pieces(MANY))
        seen = f"{most.decimal} {most.currency} for {MANY - 1} pieces and for {MANY}"
        mend = "Count planned.pieces to the last one, or let earned stop where the cap does: the brand reserves it."
        raise Broken("a cap that counts each further piece, as the pay does", seen, stopped, mend)


def _cap(bench: Bench, story: Story) -> Money:
    return bench.model.cap(story.part.terms, Planned(months=4, pieces=planned_by(story.facts).pieces))


def _cash(bench: Bench, story: Story) -> int:
    return sum(line.amount.minor for line in bench.lines(story) if line.settles is Settles.CASH)


@check(
    "rate",
    "Its rate as data gives the same to the last unit as `earned`",
    KIND,
    hint="rate answers only where each sale earns percent of its amount plus `each`; return None for any other terms.",
)
def rate(subject: Subject, model: PaymentModel) -> None:
    """Core may book sales by the rate alone, in SQL."""
    bench = Bench(subject, model)
    if not model.supports("rate"):
        raise NotAsked

    def holds(story: Story) -> None:
        declared = model.rate(story.part.terms)
        if declared is None:
            return
        expected = {key: minor for key, minor in _by_rate(declared, story.facts).items() if minor}
        earned = {key: minor for key, (minor, _) in amounts(bench.lines(story)).items()}
        if earned != expected:
            raise Broken(f"{expected} in minor units, as rate() says", f"{earned} by earned()", story)

    each(bench, holds)


def _by_rate(declared: Rate, facts: Sequence[Fact]) -> dict[str, int]:
    found = {}
    for sale, back in sales_with_refunds(facts):
        left, given = sale.amount, Money.zero(sale.amount.currency)
        for fact in (sale, *back):
            if isinstance(fact, Refund):
                left = max(left - fact.amount, Money.zero(left.currency))
            due = left.percent(declared.percent) + (declared.each if left.minor > 0 else Money.zero(left.currency))
            found[fact.key] = (due - given).minor
            given = due
    return found
