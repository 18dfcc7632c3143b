"""By which terms something is earned: the signed offer's sentences, and the contract they stand in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.collaborations.models import Contract, Offer
from core.earnings.facts import SIGNED
from core.plugin_api.text import Text
from core.plugin_host.host import PluginHost
from core.plugin_host.terms import describe


@dataclass(frozen=True, slots=True)
class TermsOf:
    """A collaboration's signed terms, sentences by component."""

    contract: str = ""
    components: dict[str, list[Text]] = field(default_factory=dict)

    def of(self, component_id: str) -> list[Text]:
        """The sentences of a component; of a line that joins several, those of all of them."""
        if component_id in self.components:
            return self.components[component_id]
        return [sentence for sentences in self.components.values() for sentence in sentences]


def terms_of(session: Session, host: PluginHost, collaboration_ids: Collection[int]) -> dict[int, TermsOf]:
    """The signed terms of many collaborations, in one statement."""
    rows = session.execute(
        select(Contract.collaboration_id, Contract.number, Offer.components)
        .join(Offer, Offer.id == Contract.offer_id)
        .where(Contract.collaboration_id.in_(collaboration_ids), Contract.state.in_(SIGNED))
        .order_by(Contract.id)
    )
    return {
        collaboration_id: TermsOf(number, {part.id: told for part, told in describe(host, components)})
        for collaboration_id, number, components in rows
    }
