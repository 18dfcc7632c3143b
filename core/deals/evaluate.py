"""What a deal has earned: one pure function for the simulator, for earnings and for the page that explains them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from core.deals.composing import children, compose
from core.deals.keeping import Kept, hold_to
from core.deals.lines import EarnedLine, Evaluation, Hold, amiss, answer_of, basis_of, takes_too_much
from core.money import Money
from core.plugin_api.composition import Component, Composition, Part, Sum
from core.plugin_api.deal import Deal
from core.plugin_api.payment_models import (
    DeliverableApproved,
    Fact,
    Line,
    PaymentModel,
    Period,
    Piece,
    Planned,
    Refund,
    Sale,
    Scope,
    Settles,
    roots_of,
)
from core.plugin_api.text import T, Text
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure

__all__ = [
    "AnyDeal",
    "EarnedLine",
    "Evaluation",
    "Hold",
    "cap_of",
    "caps_of",
    "evaluate",
    "in_order",
    "limit",
    "model_of",
    "not_here",
    "planned_by",
    "reserve",
]
AnyDeal = Deal | Sequence[Component] | Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class _Answer:
    """What one component's model said."""

    lines: list[EarnedLine] = field(default_factory=list)
    fingerprints: dict[str, str] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)  # by fact the fingerprint of all that it was asked with
    seen: list[Fact] = field(default_factory=list)
    waiting: list[Hold] = field(default_factory=list)


def evaluate(
    host: PluginHost,
    deal: AnyDeal,
    facts: Iterable[Fact],
    planned: Planned | None = None,
    *,
    withheld: Mapping[str, Text] | None = None,
    kept: Mapping[str, Sequence[Kept]] | None = None,
    signed: Mapping[str, Money] | None = None,
) -> Evaluation:
    """Ask each component's model for its lines, hold each to its cap, and let the sums meet as the deal says.

    The order of the facts carries no meaning. `planned` bounds what fixed parts can pay; without it the
    facts themselves tell how many deliverables the contract plans. Components that are `withheld` are put on hold
    with the reason given. What is `kept` by component holds against what the models say now, before the caps.
    The `signed` caps by component are those of the contract: no model is asked for another.
    """
    deal = Deal.of(deal)
    known = in_order(facts)
    planned = planned or planned_by(known)
    lines: dict[str, list[EarnedLine]] = {}
    holds: list[Hold] = []
    claims: dict[str, EarnedLine] = {}
    agreed: dict[str, EarnedLine] = {}
    answers: dict[str, Mapping[str, str]] = {}
    bases: dict[str, Mapping[str, str]] = {}
    for component in deal.components:
        answer = _component(host, component, known, withheld or {})
        cap = cap_of(host, component, planned) if signed is None else signed[component.id]
        if isinstance(answer, Failure) or isinstance(cap, Failure):
            failure = answer if isinstance(answer, Failure) else cap
            holds.append(Hold(component.id, None, failure.reason))  # type: ignore[union-attr]
            continue
        holds += answer.waiting
        claims |= {line.key: line for line in answer.lines}
        answers[component.id] = answer.fingerprints
        bases[component.id] = answer.bases
        single = host.payment_models[component.model].scope is Scope.FACT
        held_to = hold_to((kept or {}).get(component.id, ()), answer.lines, answer.bases, answer.seen, single=single)
        agreed |= {line.key: line for line in held_to}
        lines[component.id] = limit(held_to, cap, answer.seen)
    compose(deal.composition, lines, holds)
    found = tuple(line for group in lines.values() for line in group)
    return Evaluation(found, tuple(holds), claims, answers, bases, agreed)


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """The facts by time and key, each key once."""
    unique = {fact.key: fact for fact in facts}
    return sorted(unique.values(), key=lambda fact: (fact.at, fact.key))


def planned_by(facts: Iterable[Fact]) -> Planned:
    """What the contract plans, as far as the facts tell."""
    approved = [fact for fact in facts if isinstance(fact, DeliverableApproved)]
    known = {fact.position: Piece(fact.kind, fact.platform) for fact in approved}
    count = max((1, len(approved), *(max(fact.planned, fact.position) for fact in approved)))
    return Planned(pieces=tuple(known.get(number, Piece()) for number in range(1, count + 1)))


def model_of(host: PluginHost, component: Component) -> PaymentModel | Failure:
    """The component's model, or why there is none."""
    model = host.payment_models.get(component.model)
    if model is None:
        return Failure(component.model, not_here(host, component.model))
    return model


def not_here(host: PluginHost, name: str) -> Text:
    """That a payment model cannot be asked, by its title; where nobody knows one, by its name and with what to do."""
    title = host.title_of("payment_models", name)
    if title is None:
        return T(
            "The payment model “%(name)s” is not installed or does not work: the installation's admin installs the "
            "plugin that brings it, or sees under Settings › Plugins why it does not work.",
            name=name,
        )
    return T("The payment model %(model)s is not installed or does not work.", model=title)


def cap_of(host: PluginHost, component: Component, planned: Planned) -> Money | Failure:
    """The most cash that a component can ever pay, in its terms' currency."""
    model = model_of(host, component)
    if isinstance(model, Failure):
        return model
    plugin = host.payment_models.owners[component.model]
    cap = host.call(plugin, model.cap, component.terms, planned, returns=Money)
    if isinstance(cap, Money) and (cap.currency != component.terms.currency or cap.minor < 0):
        return Failure(plugin, T("The plugin %(plugin)s named a cap that cannot be.", plugin=plugin))
    return cap


def caps_of(host: PluginHost, deal: AnyDeal, planned: Planned) -> dict[str, Money] | Failure:
    """The most cash of each component, or why one cannot tell."""
    caps: dict[str, Money] = {}
    for component in Deal.of(deal).components:
        cap = cap_of(host, component, planned)
        if isinstance(cap, Failure):
            return cap
        caps[component.id] = cap
    return caps


def reserve(host: PluginHost, deal: AnyDeal, planned: Planned) -> Money | Failure:
    """The most cash that a deal can ever pay: what a campaign's budget reserves for it."""
    deal = Deal.of(deal)
    caps = caps_of(host, deal, planned)
    if isinstance(caps, Failure):
        return caps
    currencies = {cap.currency for cap in caps.values() if cap} or {cap.currency for cap in caps.values()}
    if len(currencies) != 1:
        return Failure("", T("All parts of a deal must pay in one currency."))
    return Money(_most(deal.composition, {name: cap.minor for name, cap in caps.items()}), currencies.pop())


def _most(node: Composition, caps: Mapping[str, int]) -> int:
    if isinstance(node, Part):
        return caps[node.component]
    if isinstance(node, Sum):
        return sum(_most(child, caps) for child in node.of)
    return max(_most(child, caps) for child in children(node))


def _component(
    host: PluginHost, component: Component, facts: Sequence[Fact], withheld: Mapping[str, Text]
) -> _Answer | Failure:
    if component.id in withheld:
        return Failure(component.model, withheld[component.id])
    model = model_of(host, component)
    if isinstance(model, Failure):
        return model
    answer = _Answer()
    answer.seen, answer.waiting = _for_component(component, model, facts)
    for group in _groups(model.scope, answer.seen):
        lines = _ask(host, component, model, group)
        if isinstance(lines, Failure):
            return lines
        basis = basis_of(group)
        answer.fingerprints[basis] = answer_of(lines)
        answer.bases |= dict.fromkeys((fact.key for fact in group), basis)
        by_key = {fact.key: fact for fact in group}
        answer.lines += [_earned(component, model, line, by_key.get(line.key, group[-1]), basis) for line in lines]
    if len({line.key for line in answer.lines}) != len(answer.lines):
        return _wrong(host.payment_models.owners[component.model], T("two lines have the same key"))
    if takes_too_much(answer.lines):
        return _wrong(host.payment_models.owners[component.model], T("its lines take back more things than they gave"))
    return answer


def _for_component(component: Component, model: PaymentModel, facts: Sequence[Fact]) -> tuple[list[Fact], list[Hold]]:
    """The facts that the model is given, and those that wait because they are in another currency."""
    seen: list[Fact] = []
    waiting: list[Hold] = []
    currency = component.terms.currency
    for fact in facts:
        if not isinstance(fact, model.uses) or fact.component not in (None, component.id):
            continue
        if isinstance(fact, Sale | Refund) and fact.amount.currency != currency:
            reason = T(
                "Order %(order)s is in %(currency)s, the terms pay in %(terms)s. It waits for a decision.",
                order=fact.order,
                currency=fact.amount.currency,
                terms=currency,
            )
            waiting.append(Hold(component.id, fact.key, reason))
            continue
        seen.append(fact)
    return seen, waiting


def _groups(scope: Scope, facts: Sequence[Fact]) -> list[list[Fact]]:
    if scope is Scope.AGREEMENT:
        return [list(facts)] if facts else []
    if scope is Scope.PERIOD:
        periods = [fact for fact in facts if isinstance(fact, Period)]
        return [[period, *(f for f in facts if f is not period and _within(f, period))] for period in periods]
    groups: dict[str, list[Fact]] = defaultdict(list)
    roots = roots_of(facts)
    for fact in facts:
        groups[roots[fact.key]].append(fact)
    return list(groups.values())


def _within(fact: Fact, period: Period) -> bool:
    return not isinstance(fact, Period) and period.start <= fact.at.date() < period.end


def _ask(
    host: PluginHost, component: Component, model: PaymentModel, group: Sequence[Fact]
) -> Sequence[Line] | Failure:
    plugin = host.payment_models.owners[component.model]
    lines = host.call(plugin, model.earned, component.terms, tuple(group), returns=list | tuple)
    if isinstance(lines, Failure):
        return lines
    fault = next((found for line in lines if (found := amiss(component, line))), None)
    return _wrong(plugin, fault) if fault else lines


def _wrong(plugin: str, fault: Text) -> Failure:
    return Failure(plugin, T("The plugin %(plugin)s gave a wrong answer: %(kind)s.", plugin=plugin, kind=fault))


def _earned(component: Component, model: PaymentModel, line: Line, fact: Fact, basis: str) -> EarnedLine:
    return EarnedLine(
        key=f"{component.id}:{line.key}",
        component=component.id,
        fact=fact.key,
        at=fact.at,
        amount=line.amount,
        settles=line.settles,
        reason=line.reason,
        model=component.model,
        version=model.version,
        basis=basis,
    )


def limit(lines: Iterable[EarnedLine], cap: Money, facts: Sequence[Fact]) -> list[EarnedLine]:
    """The lines in the order of their facts, cut so that their cash comes to `min(cap, all that is claimed)`.

    A fact and what corrects it find the room that those before it leave. What is given back counts as not sold: of a
    sale that the cap cut, a refund first takes the part that was never paid, and the room that a refund makes goes to
    what was cut.
    """
    roots = roots_of(facts)
    at = {fact.key: fact.at for fact in facts}

    def order(line: EarnedLine) -> tuple[datetime, str, bool, datetime, str]:
        root = roots.get(line.fact, line.fact)
        return at.get(root, line.at), root, root != line.fact, line.at, line.key

    result, room, claimed, last = [], cap.minor, 0, None
    for line in sorted(lines, key=order):
        if line.settles is Settles.CASH:
            root = roots.get(line.fact, line.fact)
            if root != last:
                room, claimed, last = room - min(claimed, room), 0, root
            before, claimed = min(claimed, room), claimed + line.amount.minor
            granted = min(claimed, room) - before
            line = line if granted == line.amount.minor else _cut(line, granted, cap)
        result.append(line)
    return [line for line in result if line.amount]


def _cut(line: EarnedLine, granted: int, cap: Money) -> EarnedLine:
    reason = T("%(reason)s, within the cap of %(cap)s", reason=line.reason, cap=cap)
    return replace(line, amount=Money(granted, cap.currency), reason=reason)
