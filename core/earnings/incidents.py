"""A signed deal is never priced anew: what a model once said of some facts, it must say of them again.

Each booking remembers the facts that it was counted from and the answer, as fingerprints. When the same facts give
another answer, a plugin has changed its mind: its component goes on hold, nothing of it is booked, and finance
decides. A fact that earned nothing is not remembered where a model is asked fact by fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.collaborations.models import Collaboration, Offer
from core.earnings.booked import Booked, booked_of, tell
from core.earnings.facts import facts_of, signed_offer
from core.earnings.models import ComponentMemory, Earning
from core.money import Money
from core.plugin_api.composition import Component
from core.plugin_api.deal import Deal
from core.plugin_api.payment_models import Fact, Planned, Scope, Settles
from core.plugin_api.text import T, Text
from core.plugin_host.evaluate import WHILE_EARNED, EarnedLine, Evaluation, evaluate
from core.plugin_host.host import PluginHost
from core.plugin_host.terms import months_of


@dataclass(frozen=True, slots=True)
class Case:
    """All that a collaboration's earnings are counted from, and what is booked and remembered of them."""

    collaboration: Collaboration
    deal: Deal
    facts: Sequence[Fact]
    planned: Planned
    booked: dict[str, Booked]
    memories: dict[str, ComponentMemory]

    def lasts(self, component_id: str) -> Iterator[Earning]:
        """The newest row of each line of a component."""
        return (one.last for one in self.booked.values() if one.last.component_id == component_id)

    def answers(self, component_id: str) -> dict[str, str]:
        """What the component's model said, by the fingerprint of the facts."""
        memory = self.memories.get(component_id)
        return {
            **(memory.answers if memory else {}),
            **{row.basis: row.answer for row in self.lasts(component_id) if row.basis},
        }

    def kept(self) -> list[EarnedLine]:
        """The differences that finance has kept, as lines."""
        return [
            _kept_line(self.booked[key], component_id, minor, basis)
            for component_id, memory in self.memories.items()
            for key, (minor, basis) in memory.kept.items()
            if key in self.booked
        ]


def case_of(session: Session, host: PluginHost, collaboration: Collaboration) -> Case | None:
    """The case of a collaboration, None before both have signed."""
    offer = signed_offer(session, collaboration.id)
    if offer is None:
        return None
    deal = Deal.of(offer.components)
    rows = session.scalars(select(ComponentMemory).where(ComponentMemory.collaboration_id == collaboration.id))
    facts, booked = facts_of(session, collaboration), booked_of(session, collaboration.id)
    tell(booked, facts)
    return Case(
        collaboration=collaboration,
        deal=deal,
        facts=facts,
        planned=planned_of(host, offer, deal),
        booked=booked,
        memories={row.component_id: row for row in rows},
    )


def planned_of(host: PluginHost, offer: Offer, deal: Deal) -> Planned:
    """What an offer plans."""
    pieces = sum(int(item.get("quantity", 1)) for item in offer.deliverables) or 1
    return Planned(deliverables=pieces, months=months_of(host, deal))


def moved(host: PluginHost, case: Case, found: Evaluation) -> dict[str, Text]:
    """The components whose models answer otherwise than before to the same facts, each with what that comes to."""
    reasons = {}
    for component in case.deal.components:
        known = case.answers(component.id)
        if not known or component.id in found.held:
            continue
        then = _then(host, case, component, found)
        now = then.answers.get(component.id, {})
        if any(now.get(basis, answer) != answer for basis, answer in known.items()):
            reasons[component.id] = _reason(host, case, component, then)
    return reasons


def remember(session: Session, host: PluginHost, case: Case, found: Evaluation, made: Sequence[Earning]) -> None:
    """Take down what each component was counted from; those on hold keep what is known of them."""
    newest = {key: one.last for key, one in case.booked.items()} | {row.line_key: row for row in made}
    for key, row in newest.items():
        if row.component_id in found.held or row.component_id not in found.answers:
            continue
        claim = found.claims.get(key)
        basis = claim.basis if claim else ""
        row.basis, row.answer = basis, found.answers[row.component_id].get(basis, "")
    for component in case.deal.components:
        model = host.payment_models.get(component.model)
        if model is None or model.scope is Scope.FACT or component.id not in found.answers:
            continue
        seen = [f.key for f in case.facts if isinstance(f, model.uses) and f.component in (None, component.id)]
        memory = memory_of(session, case, component.id)
        memory.facts, memory.answers = sorted(seen), dict(found.answers[component.id])


def memory_of(session: Session, case: Case, component_id: str) -> ComponentMemory:
    """The memory of a component, a new one where there is none."""
    if component_id not in case.memories:
        case.memories[component_id] = ComponentMemory(
            brand_id=case.collaboration.brand_id,
            collaboration_id=case.collaboration.id,
            component_id=component_id,
            facts=[],
            answers={},
            kept={},
        )
        session.add(case.memories[component_id])
    return case.memories[component_id]


def differences(host: PluginHost, case: Case, component: Component) -> dict[str, list[object]]:
    """By line what is booked beyond what the model now says to the facts of the booking: what `kept` would hold."""
    known = case.answers(component.id)
    found = evaluate(host, [component], case.facts, case.planned)
    then = _then(host, case, component, found)
    model = host.payment_models.get(component.model)
    by_fact = model is not None and model.scope is Scope.FACT
    claims = {key: line for key, line in then.claims.items() if line.basis in known}
    booked = {row.line_key: row for row in case.lasts(component.id) if row.basis in known}
    kept: dict[str, list[object]] = {}
    for key in claims.keys() | booked.keys():
        minor = case.booked[key].minor if key in booked else 0
        minor -= claims[key].amount.minor if key in claims else 0
        basis = claims[key].basis if key in claims else booked[key].basis
        if minor:
            kept[key] = [minor, basis if by_fact else WHILE_EARNED if claims else ""]
    return kept


def _then(host: PluginHost, case: Case, component: Component, found: Evaluation) -> Evaluation:
    """The evaluation of the facts that the component was last counted from, as far as they still stand."""
    memory = case.memories.get(component.id)
    if memory is None or not memory.facts or memory.answers.keys() <= found.answers.get(component.id, {}).keys():
        return found
    known = set(memory.facts)
    then = [fact for fact in case.facts if fact.key in known]
    return evaluate(host, [component], then, case.planned, kept=case.kept())


def _reason(host: PluginHost, case: Case, component: Component, then: Evaluation) -> Text:
    model = host.payment_models[component.model]
    rows = [one for one in case.booked.values() if one.last.component_id == component.id]
    return T(
        "%(model)s counts %(counted)s by its version %(now)s for what was booked as %(booked)s by version %(before)s, "
        "though nothing new has happened. Nothing is booked until finance decides.",
        model=model.title,
        now=model.version,
        before=max(rows, key=lambda one: one.last.id).last.model_version if rows else component.version,
        counted=Money(sum(x.amount.minor for x in then.lines if x.component == component.id), component.terms.currency),
        booked=Money(sum(one.minor for one in rows), component.terms.currency),
    )


def _kept_line(one: Booked, component_id: str, minor: int, basis: str) -> EarnedLine:
    row = one.first
    return EarnedLine(
        key=row.line_key,
        component=component_id,
        fact=row.fact_key,
        at=row.earned_at,
        amount=Money(minor, row.currency),
        settles=Settles(row.settles),
        reason=Text.from_json(row.reason),
        model=row.kind,
        version=row.model_version,
        basis=basis,
    )
