"""What a deal has earned: one pure function for the simulator, for earnings and for the page that explains them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.money import Money, total
from core.plugin_api.composition import Component, Composition, Maximum, Net, Part, Sum
from core.plugin_api.deal import Deal
from core.plugin_api.payment_models import (
    DeliverableApproved,
    Fact,
    Line,
    PaymentModel,
    Period,
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

AnyDeal = Deal | Sequence[Component] | Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class EarnedLine:
    """One amount earned. `key` is `component:line`, unique in the deal; `fact` and `at` say what earned it and when."""

    key: str
    component: str
    fact: str
    at: datetime
    amount: Money
    settles: Settles
    reason: Text
    model: str
    version: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that cannot be told: a whole component, or one fact of it. What was booked of it stays as it is."""

    component: str
    fact: str | None
    reason: Text


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All lines up to now, and what is on hold. A component on hold has no lines: its sum is unknown, never 0."""

    lines: tuple[EarnedLine, ...]
    holds: tuple[Hold, ...] = ()

    @property
    def held(self) -> frozenset[str]:
        """The components (and composition nodes) whose lines are unknown and must not be touched."""
        return frozenset(hold.component for hold in self.holds if hold.fact is None)

    def sum(self, currency: str, settles: Settles = Settles.CASH) -> Money | None:
        """The sum in a currency, None while a component is on hold."""
        if self.held:
            return None
        return self.known(currency, settles)

    def known(self, currency: str, settles: Settles = Settles.CASH) -> Money:
        """The sum of what is known in a currency."""
        amounts = (x.amount for x in self.lines if x.settles is settles and x.amount.currency == currency)
        return total(amounts, currency)


def evaluate(host: PluginHost, deal: AnyDeal, facts: Iterable[Fact], planned: Planned | None = None) -> Evaluation:
    """Ask each component's model for its lines, hold each to its cap, and let the sums meet as the deal says.

    The order of the facts carries no meaning. `planned` bounds what fixed parts can pay; without it the
    facts themselves tell how many deliverables the contract plans.
    """
    deal = Deal.of(deal)
    known = in_order(facts)
    planned = planned or planned_by(known)
    lines: dict[str, list[EarnedLine]] = {}
    holds: list[Hold] = []
    for component in deal.components:
        answer = _component(host, component, known, planned, holds)
        if isinstance(answer, Failure):
            holds.append(Hold(component.id, None, answer.reason))
        else:
            lines[component.id] = answer
    _compose(deal.composition, lines, holds)
    return Evaluation(tuple(line for group in lines.values() for line in group), tuple(holds))


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """The facts by time and key, each key once."""
    unique = {fact.key: fact for fact in facts}
    return sorted(unique.values(), key=lambda fact: (fact.at, fact.key))


def planned_by(facts: Iterable[Fact]) -> Planned:
    """What the contract plans, as far as the facts tell."""
    approved = [fact for fact in facts if isinstance(fact, DeliverableApproved)]
    return Planned(deliverables=max((1, len(approved), *(max(fact.planned, fact.position) for fact in approved))))


def model_of(host: PluginHost, component: Component) -> PaymentModel | Failure:
    """The component's model, or why there is none."""
    model = host.payment_models.get(component.model)
    if model is None:
        reason = T("The payment model %(model)s is not installed or does not work.", model=component.model)
        return Failure(component.model, reason)
    return model


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


def reserve(host: PluginHost, deal: AnyDeal, planned: Planned) -> Money | Failure:
    """The most cash that a deal can ever pay: what a campaign's budget reserves for it."""
    deal = Deal.of(deal)
    caps: dict[str, Money] = {}
    for component in deal.components:
        cap = cap_of(host, component, planned)
        if isinstance(cap, Failure):
            return cap
        caps[component.id] = cap
    currencies = {cap.currency for cap in caps.values() if cap} or {cap.currency for cap in caps.values()}
    if len(currencies) != 1:
        return Failure("", T("All parts of a deal must pay in one currency."))
    return Money(_most(deal.composition, {name: cap.minor for name, cap in caps.items()}), currencies.pop())


def _most(node: Composition, caps: Mapping[str, int]) -> int:
    if isinstance(node, Part):
        return caps[node.component]
    if isinstance(node, Sum):
        return sum(_most(child, caps) for child in node.of)
    return max(_most(child, caps) for child in _children(node))


def _children(node: Sum | Maximum | Net) -> tuple[Composition, ...]:
    return (node.of, node.advance) if isinstance(node, Net) else node.of


def _component(
    host: PluginHost, component: Component, facts: Sequence[Fact], planned: Planned, holds: list[Hold]
) -> list[EarnedLine] | Failure:
    model = model_of(host, component)
    if isinstance(model, Failure):
        return model
    cap = cap_of(host, component, planned)
    if isinstance(cap, Failure):
        return cap
    seen, waiting = _for_component(component, model, facts)
    found: list[EarnedLine] = []
    for group in _groups(model.scope, seen):
        lines = _ask(host, component, model, group)
        if isinstance(lines, Failure):
            return lines
        by_key = {fact.key: fact for fact in group}
        found += [_earned(component, model, line, by_key.get(line.key, group[-1])) for line in lines]
    if len({line.key for line in found}) != len(found):
        return _wrong(host.payment_models.owners[component.model], T("two lines have the same key"))
    holds += waiting
    return limit(found, cap, seen)


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
    untrusted: Sequence[Any] = lines
    for line in untrusted:
        if not isinstance(line, Line) or not isinstance(line.amount, Money) or not isinstance(line.reason, Text):
            return _wrong(plugin, T("a line is not made of a key, money and a reason"))
        if line.amount.currency != component.terms.currency:
            return _wrong(plugin, T("a line is in another currency than the terms"))
    return lines


def _wrong(plugin: str, fault: Text) -> Failure:
    return Failure(plugin, T("The plugin %(plugin)s gave a wrong answer: %(kind)s.", plugin=plugin, kind=fault))


def _earned(component: Component, model: PaymentModel, line: Line, fact: Fact) -> EarnedLine:
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
    )


def limit(lines: Iterable[EarnedLine], cap: Money, facts: Sequence[Fact]) -> list[EarnedLine]:
    """The lines in the order of their facts, cut where the running total of cash meets the cap.

    A refund takes back what its sale really gave: of a sale that the cap cut, a refund first takes the part
    that was never paid.
    """
    roots = roots_of(facts)
    at = {fact.key: fact.at for fact in facts}

    def order(line: EarnedLine) -> tuple[datetime, bool, str]:
        root = roots.get(line.fact, line.fact)
        return max(line.at, at.get(root, line.at)), root != line.fact, line.key

    running = 0
    claimed: dict[str, int] = defaultdict(int)
    paid: dict[str, int] = defaultdict(int)
    result = []
    for line in sorted(lines, key=order):
        if line.settles is not Settles.CASH:
            result.append(line)
            continue
        root, minor = roots.get(line.fact, line.fact), line.amount.minor
        claimed[root] += minor
        room = max(cap.minor - running, 0)
        granted = min(minor, room) if minor >= 0 else min(paid[root], claimed[root]) - paid[root]
        running += granted
        paid[root] += granted
        result.append(line if granted == minor else _cut(line, granted, cap))
    return [line for line in result if line.amount]


def _cut(line: EarnedLine, granted: int, cap: Money) -> EarnedLine:
    reason = T("%(reason)s, within the cap of %(cap)s", reason=line.reason, cap=cap)
    return replace(line, amount=Money(granted, cap.currency), reason=reason)


def _compose(node: Composition, lines: dict[str, list[EarnedLine]], holds: list[Hold]) -> list[str]:
    """Add each node's own line below its id; returns the ids below this node, its own included."""
    if isinstance(node, Part):
        return [node.component]
    below = [_compose(child, lines, holds) for child in _children(node)]
    names = [name for group in below for name in group]
    if isinstance(node, Sum):
        return names
    if any(name not in lines for name in names):
        _hold_together(node.id, names, lines, holds)
    else:
        lines[node.id] = _counted(node, below, lines)
    return [*names, node.id]


def _hold_together(node: str, names: Sequence[str], lines: dict[str, list[EarnedLine]], holds: list[Hold]) -> None:
    culprit = next(name for name in names if name not in lines)
    reason = T("It is settled together with %(component)s, which is on hold.", component=culprit)
    holds += [Hold(name, None, reason) for name in (*names, node) if lines.pop(name, None) is not None or name == node]


def _counted(
    node: Maximum | Net, below: Sequence[Sequence[str]], lines: Mapping[str, list[EarnedLine]]
) -> list[EarnedLine]:
    found = [x for names in below for name in names for x in lines[name] if x.settles is Settles.CASH]
    sums = [sum(x.amount.minor for n in names for x in lines[n] if x.settles is Settles.CASH) for names in below]
    if isinstance(node, Net):
        minor, reason = -max(0, min(sums)), T("Already paid in advance")
    else:
        minor, reason = (max(sums) - sum(sums), T("Counted against the minimum guarantee"))
    if not minor:
        return []
    last = max(found, key=lambda line: (line.at, line.key))
    amount = Money(minor, last.amount.currency)
    return [
        replace(last, key=f"{node.id}:counted", component=node.id, amount=amount, reason=reason, model="", version="1")
    ]
