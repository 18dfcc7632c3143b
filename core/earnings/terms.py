"""By which terms something is earned: the signed offer's sentences, and the contract they stand in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.collaborations.models import Contract, Offer
from core.collaborations.signed import SIGNED, SignedPay, from_document
from core.earnings.queries import KIND_NAMES
from core.plugin_api.deal import Deal
from core.plugin_api.text import Text
from core.plugin_host.host import PluginHost


@dataclass(frozen=True, slots=True)
class TermsOf:
    """A collaboration's signed terms, sentences by component."""

    contract: str = ""
    components: dict[str, list[Text]] = field(default_factory=dict)
    titles: dict[str, Text] = field(default_factory=dict)
    """By payment model what it was called when the deal was signed."""

    def of(self, component_id: str) -> list[Text]:
        """The sentences of a component; of a line that joins several, those of all of them."""
        if component_id in self.components:
            return self.components[component_id]
        return [sentence for sentences in self.components.values() for sentence in sentences]


def terms_of(session: Session, collaboration_ids: Collection[int]) -> dict[int, TermsOf]:
    """The signed terms of many collaborations, in one statement."""
    rows = session.execute(
        select(Contract.collaboration_id, Contract.number, Contract.document, Offer.components)
        .join(Offer, Offer.id == Contract.offer_id)
        .where(Contract.collaboration_id.in_(collaboration_ids), Contract.state.in_(SIGNED))
        .order_by(Contract.id)
    )
    return {
        collaboration_id: _terms(number, from_document(document), Deal.of(components))
        for collaboration_id, number, document, components in rows
    }


def _terms(number: str, pay: SignedPay, deal: Deal) -> TermsOf:
    titles = {part.model: pay.parts[part.id].title for part in deal.components}
    return TermsOf(number, {name: part.says for name, part in pay.parts.items()}, titles)


def kind_names(host: PluginHost, terms: Iterable[TermsOf] = ()) -> dict[str, Text]:
    """What kinds of earnings are called: those of core, of what is installed, and of signed models that have gone."""
    signed = {model: title for one in terms for model, title in one.titles.items()}
    installed = {model: host.payment_models[model].title for model in host.payment_models}
    return signed | installed | KIND_NAMES
