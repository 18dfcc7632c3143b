"""Payment models: pure, in whole units of the terms' currency, to the last one right."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from hypothesis import strategies as st

from core.campaigns.catalogue import DELIVERABLE_KINDS
from core.deals.evaluate import evaluate, in_order
from core.deals.simulate import Outcome, simulate
from core.money import Money, exponent
from core.plugin_api.composition import Component
from core.plugin_api.deal import Deal
from core.plugin_api.payment_models import (
    DeliverableApproved,
    Fact,
    MetricReading,
    PaymentModel,
    Piece,
    Planned,
    Refund,
    Sale,
    Scope,
    Terms,
    roots_of,
)
from core.plugin_api.text import T, Text
from core.plugin_kit.bench import Bench, amounts, cases, each, given, told, wrong
from core.plugin_kit.checks import Broken, NotAsked, Subject, check, fell
from core.plugin_kit.guard import pure as purely
from core.plugin_kit.placeholders import misfilled
from core.plugin_kit.plain import plain
from core.plugin_kit.search import search
from core.plugin_kit.stories import CURRENCIES, MOST_PIECES, PIECES, Story, filled

KIND = "payment_models"
PIECES_APPROVED = (1, 2, 3, 5, 8, 13, 21, 34, 55)
SHARES = (100, 50, 3)
"""How much of a sale comes back first, in percent."""


@check(
    "terms",
    "It takes any terms that its fields take, and tells them in sentences",
    KIND,
    hint="check_terms answers (field key, T(...)) pairs, describe whole sentences, for all that a form lets through.",
)
def terms(subject: Subject, model: PaymentModel) -> None:
    """`check_terms` and `describe` answer, and every sentence can be read."""
    bench, keys = Bench(subject, model), {"", *(field.key for field in model.terms)}

    def holds(made: Terms) -> None:
        case = f"terms: {made.currency} {dict(made.values)}"
        faults = tuple(model.check_terms(made))
        for fault in faults:
            if not (isinstance(fault, tuple) and len(fault) == 2 and fault[0] in keys and isinstance(fault[1], Text)):
                raise Broken("(field key, Text) pairs from check_terms", plain(fault), case)
        sentences = [] if faults else model.describe(made)
        if not faults and not sentences:
            raise Broken("sentences that both sides sign", "none", case)
        for sentence in sentences:
            if not isinstance(sentence, Text) or not str(sentence).strip():
                raise Broken("a Text that people can read", plain(sentence), case)
            if lack := misfilled(sentence):
                mend = 'Give T each name, T("%(share)s of each sale", share=...), and write a percent sign twice: %%.'
                raise Broken("a Text with all its parameters", f"{plain(sentence)}: {lack}", case, mend)

    search(st.sampled_from(CURRENCIES).flatmap(lambda c: filled(model, c, given(bench))), subject.examples, holds)


@check(
    "earns",
    "It answers every story with lines of whole minor units",
    KIND,
    hint="earned returns Line(key, Money, Settles.CASH or IN_KIND, T(reason)); Money counts whole units, never floats.",
)
def earns(subject: Subject, model: PaymentModel) -> None:
    """Nothing is raised, and every line is a line."""
    bench = Bench(subject, model)

    def holds(story: Story) -> None:
        for group in bench.groups(story):
            try:
                lines = model.earned(story.part.terms, group)
            except Exception as error:
                raise Broken("lines", fell(error, subject), story) from None
            if not isinstance(lines, list | tuple):
                raise Broken("a list of lines", type(lines).__name__, story)
            for fault in filter(None, map(wrong, lines)):
                raise Broken("a Line of a key, Money and a Text", fault, story)

    each(bench, holds)


@check(
    "currency",
    "It pays in the terms' currency alone",
    KIND,
    hint="Use terms.money(...), fact.amount or Money(minor, terms.currency); never write a currency down.",
)
def currency(subject: Subject, model: PaymentModel) -> None:
    """Euros with two decimals, krónur and yen with none, dinars with three."""
    bench = Bench(subject, model)

    def holds(story: Story) -> None:
        for line in bench.lines(story):
            if line.amount.currency != story.part.terms.currency:
                raise Broken(story.part.terms.currency, line.amount.currency, story)

    each(bench, holds)


@check(
    "line-keys",
    "Every line has a key of its own",
    KIND,
    hint="Use the key of the fact that earned the line; with Scope.PERIOD or AGREEMENT add what tells two lines apart.",
)
def line_keys(subject: Subject, model: PaymentModel) -> None:
    """No key twice; of a model of single facts each is the key of one of them."""
    bench = Bench(subject, model)

    def holds(story: Story) -> None:
        lines = bench.lines(story)
        if len({line.key for line in lines}) != len(lines):
            raise Broken("a key for each line", told(lines), story)
        strange = {line.key for line in lines} - {fact.key for fact in story.facts}
        if model.scope is Scope.FACT and strange:
            raise Broken("the key of the fact that earned it", min(strange), story)

    each(bench, holds)


@check(
    "pure",
    "It earns the same for the same facts, and looks at nothing else",
    KIND,
    hint="No clock, no chance, no file, no socket, nothing kept between two calls: it may know terms and facts alone.",
)
def pure(subject: Subject, model: PaymentModel) -> None:
    """Asked twice under tripwires it says the same, and leaves the terms alone."""
    bench = Bench(subject, model)
    for code in CURRENCIES:
        exponent(code)  # read from a file once

    def holds(story: Story) -> None:
        agreed, before = story.part.terms, repr(story.part.terms)
        for group in bench.groups(story):
            touched: list[str] = []
            try:
                with purely() as touched:
                    first, second = bench.ask(agreed, group), bench.ask(agreed, group)
            finally:
                if touched:
                    raise Broken("terms and facts as all it looks at", touched[0], story)
            if first != second:
                raise Broken(f"again {told(first)}", told(second), story)
            if repr(agreed) != before:
                mend = "Change nothing in terms: they are both sides' agreement, and the next call is given them too."
                raise Broken("terms that stay as they were signed", plain(agreed), story, mend)

    each(bench, holds)


@check(
    "fact-order",
    "The order in which it is told the facts carries no meaning",
    KIND,
    hint="Sort the facts by (at, key) before you count, or use standing() and sales_with_refunds().",
)
def fact_order(subject: Subject, model: PaymentModel) -> None:
    """Facts that are turned round, and shuffled, earn the same."""
    bench = Bench(subject, model)

    def holds(story: Story) -> None:
        for group in bench.groups(story):
            one = bench.ask(story.part.terms, group)
            for facts in (group[::-1], tuple(random.Random(len(group)).sample(group, len(group)))):
                two = bench.ask(story.part.terms, facts)
                if amounts(one) != amounts(two):
                    order = ", ".join(fact.key for fact in facts)
                    raise Broken(told(one), f"{told(two)} when told in the order {order}", story)

    each(bench, holds)


@check(
    "refunds",
    "A refund undoes its sale to the last unit",
    KIND,
    hint="Earn on what is left: a refund's line is what the rest earns minus what was given before.",
)
def refunds(subject: Subject, model: PaymentModel) -> None:
    """A sale that was refunded in parts, all of it, leaves what would be earned had it never been."""
    bench = Bench(subject, model)
    if not {Sale, Refund} <= set(model.uses):
        raise NotAsked

    def holds(story: Story) -> None:
        sales = [fact for fact in story.facts if isinstance(fact, Sale) and not fact.corrects and fact.amount]
        if not sales:
            return
        roots, unit = roots_of(story.facts), story.part.terms.currency
        rest = [fact for fact in story.facts if roots[fact.key] != sales[0].key]
        left = sum(line.amount.minor for line in bench.lines(story, rest))
        for share in SHARES:
            undone = [*rest, sales[0], *_back(sales[0], share)]
            right = sum(line.amount.minor for line in bench.lines(story, undone))
            if left != right:
                shown = replace(story, facts=tuple(undone))
                raise Broken(f"{Money(left, unit).decimal} {unit}", f"{Money(right, unit).decimal} {unit}", shown)

    each(bench, holds)


def _back(sale: Sale, share: int) -> list[Fact]:
    parts = [part for part in sale.amount.split([share, 100 - share]) if part]
    return [
        Refund(key=f"back-{n}", at=sale.at, corrects=sale.key, order=sale.order, amount=part)
        for n, part in enumerate(parts)
    ]


@check(
    "past",
    "Lines of the past do not move without a cause",
    KIND,
    hint="Give a refund a line of its own, the difference to what was earned before; keep nothing between two calls.",
)
def past(subject: Subject, model: PaymentModel) -> None:
    """Lines keep their amounts when a fact comes that replaces none; of a whole agreement their sum does not fall.

    A model of a whole agreement may count anew. What a fact takes away there by lines of its own stays visible, and a
    refund and a count that was lowered take back what was given.
    """
    bench = Bench(subject, model)

    def holds(story: Story) -> None:
        facts = in_order(story.facts)
        if not facts or (facts[-1].corrects and not isinstance(facts[-1], Refund)):
            return
        earlier, last = facts[:-1], facts[-1]
        if model.scope is Scope.AGREEMENT:
            if not isinstance(last, Refund) and not any(_lowers(last, fact) for fact in earlier):
                _hold_sum(bench, story, earlier, [last])
            _hold_pieces(bench, story)
            return
        before, after = amounts(bench.lines(story, earlier)), amounts(bench.lines(story, facts))
        for key, amount in before.items():
            if after.get(key) != amount:
                seen = f"{after.get(key, (0, ''))[0]} after {last.key}"
                raise Broken(f"{amount[0]} minor units for {key}, as before", seen, story)

    each(bench, holds)


def _hold_pieces(bench: Bench, story: Story) -> None:
    """A contract of many pieces, of which ever more are approved."""
    facts = [fact for fact in story.of_pieces(PIECES_APPROVED[-1]).facts if isinstance(fact, DeliverableApproved)]
    for few, more in pairwise(PIECES_APPROVED if facts else ()):
        _hold_sum(bench, replace(story, facts=tuple(facts[:more])), facts[:few], facts[few:more])


def _hold_sum(bench: Bench, story: Story, earlier: Sequence[Fact], later: Sequence[Fact]) -> None:
    """All lines together are not less than before, but for what the later facts take away by lines of their own."""
    before, after = amounts(bench.lines(story, earlier)), amounts(bench.lines(story, [*earlier, *later]))
    was, new = sum(minor for minor, _ in before.values()), {fact.key for fact in later}
    now = sum(minor for key, (minor, _) in after.items() if minor > 0 or key.partition(":")[0] not in new)
    if now < was:
        mend = "Let what was earned stand; what a fact takes away gets a line of its own, by its key or as 'key:what'."
        raise Broken(f"at least {was} minor units in all, as before", f"{now} after {later[-1].key}", story, mend)


def _lowers(last: Fact, before: Fact) -> bool:
    """Whether a reading tells less than an earlier one: what it takes back was never true."""
    if not isinstance(last, MetricReading) or not isinstance(before, MetricReading):
        return False
    return (last.post, last.metric) == (before.post, before.metric) and last.value < before.value


@check(
    "terms-json",
    "Its terms survive being stored",
    KIND,
    hint="Terms are stored as JSON: take each value by its key, and rely on neither their order nor their identity.",
)
def terms_json(subject: Subject, model: PaymentModel) -> None:
    """What comes back from the store, its keys in whatever order, earns the same."""
    bench = Bench(subject, model)

    def holds(story: Story) -> None:
        try:
            stored = _stored(story.part)
        except (TypeError, ValueError) as error:
            raise Broken("terms that can be stored as JSON", str(error), story) from None
        again = bench.lines(replace(story, part=stored))
        if amounts(again) != amounts(bench.lines(story)):
            raise Broken(told(bench.lines(story)), f"{told(again)} with the terms {dict(stored.terms.values)}", story)

    each(bench, holds)


def _stored(part: Component) -> Component:
    data = part.to_json()
    values = dict(reversed(data["terms"]["values"].items()))
    return Component.from_json(json.loads(json.dumps({**data, "terms": {**data["terms"], "values": values}})))


@check(
    "simulator",
    "What was simulated before signing is what is paid",
    KIND,
    hint="Read no meaning into keys, order numbers, titles or names: the simulator makes up others than life does.",
)
def simulator(subject: Subject, model: PaymentModel) -> None:
    """The same story under other keys and numbers pays the same, amount by amount."""
    bench = Bench(subject, model)
    pieces = st.lists(PIECES, max_size=MOST_PIECES - 1)
    outcomes = st.tuples(cases(bench), pieces, st.integers(0, 8), st.integers(0, 10**6))

    def holds(case: tuple[Story, list[Piece], int, int]) -> None:
        story, approved, sales, value = case
        part, planned = story.part, Planned(MOST_PIECES, pieces=tuple(approved))
        outcome = Outcome(T("As expected"), len(approved), sales, Money(value, part.terms.currency), sales // 3)
        facts = in_order(outcome.facts(Deal.of([part]), planned))
        shown = simulate(subject.host, [part], outcome, planned)
        paid = evaluate(subject.host, [part], _renamed(facts), planned)
        one, two = ([(x.amount, x.settles) for x in found.lines] for found in (shown, paid))
        if one != two:
            used = tuple(fact for fact in facts if isinstance(fact, tuple(model.uses)))
            raise Broken(f"{told(shown.lines)} as simulated", told(paid.lines), replace(story, facts=used))  # type: ignore[arg-type]

    search(outcomes, subject.examples, holds)


def _renamed(facts: Sequence[Fact]) -> list[Fact]:
    names = {fact.key: f"k{number:05}" for number, fact in enumerate(facts)}
    found: list[Fact] = []
    for fact in facts:
        if isinstance(fact, Sale | Refund):
            fact = replace(fact, order=f"no-{fact.order}")
        if isinstance(fact, DeliverableApproved):
            title = DELIVERABLE_KINDS.get(fact.kind, fact.kind)
            fact = replace(fact, deliverable=f"no-{fact.deliverable}", title=title)
        found.append(replace(fact, key=names[fact.key], corrects=names.get(fact.corrects or "")))
    return found
