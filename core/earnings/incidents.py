"""What a model once said of some facts, it must say of them again, and its cap is the one of the contract.

Each booking remembers the facts that it was counted from and the answer, as fingerprints. When the same facts give
another answer, or its cap is above the signed one, a plugin has changed its mind: its component goes on hold, nothing
of it is booked, and finance decides, once for each version. An answer that comes to the same sum is kept as it is
booked without asking. That holds for facts that earned nothing as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.collaborations import terms
from core.collaborations.models import Collaboration, Offer
from core.collaborations.signed import SignedPay, pay_of
from core.deals.evaluate import EarnedLine, Evaluation, evaluate
from core.deals.keeping import Kept, unit_of
from core.earnings import unbooked
from core.earnings.booked import Booked, booked_of, tell
from core.earnings.facts import facts_of, signed_offer
from core.earnings.models import ComponentMemory, Earning, FactMemory
from core.earnings.unbooked import Scene, Unbooked, unbooked_of
from core.plugin_api.deal import Deal
from core.plugin_api.payment_models import Fact, Planned, Scope, Settles, roots_of
from core.plugin_api.text import Text
from core.plugin_host.host import PluginHost

Lines = dict[str, list[Any]]
"""By line key: minor units that hold, minor units that the model claimed, the unit, and the facts' fingerprint."""


@dataclass(frozen=True, slots=True)
class Case:
    """All that a collaboration's earnings are counted from, and what is booked and remembered of them.

    Of the facts those kinds that a part of the deal looks at: of a model that is not installed nothing is counted.
    """

    collaboration: Collaboration
    deal: Deal
    facts: Sequence[Fact]
    planned: Planned
    booked: dict[str, Booked]
    unbooked: Unbooked
    memories: dict[str, ComponentMemory]
    pay: SignedPay

    def lasts(self, component_id: str) -> Iterator[Earning]:
        """The newest row of each line of a component."""
        return (one.last for one in self.booked.values() if one.last.component_id == component_id)

    def nothings(self, component_id: str) -> Iterator[FactMemory]:
        """The facts of which nothing is booked for a component."""
        return (one for (name, _), one in self.unbooked.items() if name == component_id)

    def answers(self, component_id: str) -> dict[str, str]:
        """What the component's model said, by the fingerprint of the facts."""
        memory = self.memories.get(component_id)
        return {
            **(memory.answers if memory else {}),
            **{row.basis: row.answer for row in self.lasts(component_id) if row.basis},
            **{one.basis: one.answer for one in self.nothings(component_id) if one.basis},
        }

    def kept(self) -> dict[str, list[Kept]]:
        """The lines that finance has kept, by component."""
        return {
            name: [
                Kept(key, unit, holds, claimed, basis, _booked_line(self.booked[key]) if key in self.booked else None)
                for key, (holds, claimed, unit, basis) in memory.kept.items()
            ]
            for name, memory in self.memories.items()
        }

    def counted(self, host: PluginHost, withheld: Mapping[str, Text] | None = None) -> Evaluation:
        """What the deal has earned up to now, within what was signed and kept."""
        signed = self.pay.caps
        return evaluate(host, self.deal, self.facts, self.planned, withheld=withheld, kept=self.kept(), signed=signed)


def case_of(session: Session, host: PluginHost, collaboration: Collaboration) -> Case | None:
    """The case of a collaboration, None before both have signed."""
    offer = signed_offer(session, collaboration.id)
    if offer is None:
        return None
    deal = Deal.of(offer.components)
    rows = session.scalars(select(ComponentMemory).where(ComponentMemory.collaboration_id == collaboration.id))
    models = (host.payment_models.get(part.model) for part in deal.components)
    kinds = tuple({kind for model in models if model for kind in model.uses})
    facts, booked = facts_of(session, collaboration, kinds), booked_of(session, collaboration.id)
    nothings = unbooked_of(session, collaboration.id)
    tell(booked, facts)
    unbooked.tell(nothings, deal.components, facts)
    return Case(
        collaboration=collaboration,
        deal=deal,
        facts=facts,
        planned=planned_of(host, offer, deal),
        booked=booked,
        unbooked=nothings,
        memories={row.component_id: row for row in rows},
        pay=pay_of(session, [collaboration.id])[collaboration.id],
    )


def planned_of(host: PluginHost, offer: Offer, deal: Deal) -> Planned:
    """What an offer plans."""
    return terms.planned(host, deal, offer.deliverables)


def remember(session: Session, host: PluginHost, case: Case, found: Evaluation, made: Sequence[Earning]) -> None:
    """Take down what each component was counted from; those on hold keep what is known of them."""
    newest = {key: one.last for key, one in case.booked.items()} | {row.line_key: row for row in made}
    for key, row in newest.items():
        if row.component_id in found.held or row.component_id not in found.answers:
            continue
        claim = found.agreed.get(key)
        basis = claim.basis if claim else ""
        row.basis, row.answer = basis, found.answers[row.component_id].get(basis, "")
    scene = Scene(case.collaboration, case.deal.components, case.facts, list(newest.values()))
    unbooked.remember(session, host, scene, found, case.unbooked)
    for component in case.deal.components:
        model = host.payment_models.get(component.model)
        if model is None or component.id not in found.answers:
            continue
        if component.id in case.memories:
            case.memories[component.id].version = model.version
        if model.scope is Scope.FACT:
            continue
        seen = [f.key for f in case.facts if isinstance(f, model.uses) and f.component in (None, component.id)]
        memory = memory_of(session, case, component.id)
        memory.facts, memory.answers = sorted(seen), dict(found.answers[component.id])
        memory.said, memory.version = _said(case, component.id, found), model.version


def memory_of(session: Session, case: Case, component_id: str) -> ComponentMemory:
    """The memory of a component, a new one where there is none."""
    if component_id not in case.memories:
        case.memories[component_id] = ComponentMemory(
            brand_id=case.collaboration.brand_id,
            collaboration_id=case.collaboration.id,
            component_id=component_id,
            facts=[],
            answers={},
            said={},
            kept={},
            decided={},
            version="",
        )
        session.add(case.memories[component_id])
    return case.memories[component_id]


def _said(case: Case, component_id: str, found: Evaluation) -> Lines:
    """What holds of each line of an evaluation, and what its model claimed."""
    roots = roots_of(case.facts)
    lines = {
        key: line
        for lines in (found.agreed, found.claims)
        for key, line in lines.items()
        if line.component == component_id
    }
    return {
        key: [
            found.agreed[key].amount.minor if key in found.agreed else 0,
            found.claims[key].amount.minor if key in found.claims else 0,
            unit_of(key, line.settles, roots),
            line.basis,
        ]
        for key, line in lines.items()
    }


def _booked_line(one: Booked) -> EarnedLine:
    row = one.first
    return EarnedLine(
        key=row.line_key,
        component=row.component_id,
        fact=row.fact_key,
        at=row.earned_at,
        amount=row.amount,
        settles=Settles(row.settles),
        reason=Text.from_json(row.reason),
        model=row.kind,
        version=row.model_version,
    )
