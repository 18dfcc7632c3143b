"""Facts that were counted and of which nothing is booked: what was said of them holds as for those that were paid.

Where a model is asked fact by fact, what is booked remembers the facts that it was counted from. A fact that earned
nothing, or that a cap left nothing of, has no such row; a later version shall price it anew no more than any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.collaborations.models import Collaboration
from core.deals.evaluate import Evaluation
from core.deals.keeping import unit_of
from core.deals.lines import answer_of, basis_of
from core.earnings.booked import BY_RATE
from core.earnings.models import Earning, FactMemory
from core.money import Money
from core.plugin_api.composition import Component
from core.plugin_api.payment_models import Fact, Line, Scope, Settles, roots_of
from core.plugin_api.text import Text
from core.plugin_host.host import PluginHost
from core.sql import batched

Unbooked = dict[tuple[str, str], FactMemory]
"""By component and fact."""


def unbooked_of(session: Session, collaboration_id: int, facts: Sequence[str] | None = None) -> Unbooked:
    """The memories of a collaboration, or those of some facts."""
    mine = select(FactMemory).where(FactMemory.collaboration_id == collaboration_id)
    rows: Iterable[FactMemory] = session.scalars(mine) if facts is None else ()
    for part in batched(facts or ()):
        rows = [*rows, *session.scalars(mine.where(FactMemory.fact_key.in_(part)))]
    return {(row.component_id, row.fact_key): row for row in rows}


def tell(unbooked: Unbooked, parts: Iterable[Component], facts: Iterable[Fact]) -> None:
    """Write in the memories that were made by a rate from which fact and to which answer: the fingerprints."""
    rows = [row for row in unbooked.values() if row.basis == BY_RATE]
    known = {fact.key: fact for fact in facts} if rows else {}
    units = {part.id: part.terms.currency for part in parts}
    for row in rows:
        if fact := known.get(row.fact_key):
            nothing = Line(fact.key, Money.zero(units[row.component_id]), Settles.CASH, Text(""))
            row.basis, row.answer = basis_of([fact]), answer_of([nothing])


@dataclass(frozen=True, slots=True)
class Scene:
    """What was just counted: whose, the parts that were asked, the facts, and the newest row of each line."""

    collaboration: Collaboration
    parts: Sequence[Component]
    facts: Sequence[Fact]
    rows: Sequence[Earning]


def remember(session: Session, host: PluginHost, scene: Scene, found: Evaluation, unbooked: Unbooked) -> None:
    """Take down what was said of each fact of which nothing is booked, and forget those that are booked or gone."""
    roots = roots_of(scene.facts)
    for part in scene.parts:
        if part.id not in found.bases or host.payment_models[part.model].scope is not Scope.FACT:
            continue
        booked = {row.basis for row in scene.rows if row.component_id == part.id}
        at = {roots[key]: basis for key, basis in found.bases[part.id].items() if basis not in booked}
        for key in [key for key in unbooked if key[0] == part.id and key[1] not in at]:
            session.delete(unbooked.pop(key))
        said = _said(part.id, found, roots, set(at.values()))
        for root, basis in at.items():
            row = unbooked.get((part.id, root)) or _new(session, scene.collaboration, part.id, root, unbooked)
            row.basis, row.answer = basis, found.answers[part.id].get(basis, "")
            row.said, row.model_version = said.get(basis, {}), host.payment_models[part.model].version


def _new(
    session: Session, collaboration: Collaboration, component_id: str, root: str, unbooked: Unbooked
) -> FactMemory:
    row = FactMemory(
        brand_id=collaboration.brand_id, collaboration_id=collaboration.id, component_id=component_id, fact_key=root
    )
    unbooked[component_id, root] = row
    session.add(row)
    return row


def _said(
    component_id: str, found: Evaluation, roots: Mapping[str, str], wanted: set[str]
) -> Mapping[str, dict[str, list[Any]]]:
    """By fingerprint of their facts the lines that hold though nothing is booked of them: a cap has cut them."""
    said: dict[str, dict[str, list[Any]]] = defaultdict(dict)
    for key, line in {**found.claims, **found.agreed}.items():
        if line.component != component_id or line.basis not in wanted:
            continue
        holds = found.agreed[key].amount.minor if key in found.agreed else 0
        claimed = found.claims[key].amount.minor if key in found.claims else 0
        if holds or claimed:
            unit = unit_of(key, line.settles, roots, line.fact)
            said[line.basis][key] = [holds, claimed, unit, line.basis]
    return said
