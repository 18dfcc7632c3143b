"""What new sales are counted on when not everything is counted again, and when that is not enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration
from core.collaborations.signed import pay_of
from core.earnings.facts import signed_offer
from core.earnings.incidents import planned_of
from core.earnings.models import ComponentHold, ComponentMemory, ComponentTotal
from core.earnings.totals import Totals, totals_of
from core.money import Money
from core.plugin_api.composition import Component
from core.plugin_api.deal import Deal
from core.plugin_api.payment_models import Planned, Refund, Sale, Scope
from core.plugin_host.host import PluginHost


class Unsure(Exception):
    """The short way cannot know what counting everything would come to."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What new sales are counted on: the deal, the parts of it that look at sales, and what is booked in all."""

    collaboration: Collaboration
    campaign: Campaign
    deal: Deal
    parts: Sequence[Component]
    caps: Mapping[str, Money]
    planned: Planned
    totals: Totals

    @property
    def currency(self) -> str:
        """That of all parts."""
        return self.deal.components[0].terms.currency


def ground_of(session: Session, host: PluginHost, collaboration: Collaboration) -> Ground:
    """What stands still while sales come in; `Unsure` where a part is on hold, disputed, or asked with everything."""
    offer = signed_offer(session, collaboration.id)
    if offer is None or _disputed(session, collaboration.id):
        raise Unsure
    deal = Deal.of(offer.components)
    known = totals_of(session, collaboration.id)
    parts = [part for part in deal.components if _looks_at_sales(host, part, known.get(part.id))]
    if len({part.terms.currency for part in deal.components}) != 1:
        raise Unsure
    campaign = session.get_one(Campaign, collaboration.campaign_id)
    planned = planned_of(host, offer, deal)
    caps = pay_of(session, [collaboration.id])[collaboration.id].caps
    return Ground(collaboration, campaign, deal, parts, caps, planned, known)


def _disputed(session: Session, collaboration_id: int) -> bool:
    held = select(ComponentHold.id).where(
        ComponentHold.collaboration_id == collaboration_id, ComponentHold.resolved_at.is_(None)
    )
    kept = select(ComponentMemory.kept).where(ComponentMemory.collaboration_id == collaboration_id)
    return session.scalar(held.limit(1)) is not None or any(session.scalars(kept))


def _looks_at_sales(host: PluginHost, part: Component, total: ComponentTotal | None) -> bool:
    model = host.payment_models.get(part.model)
    if model is None or total is None or total.model_version != model.version:
        raise Unsure
    looks = any(issubclass(kind, model.uses) for kind in (Sale, Refund))
    if looks and model.scope is not Scope.FACT:
        raise Unsure
    return looks
