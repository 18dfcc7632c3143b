"""Which running agreements go on by a plugin's payment models: the plugin may not be removed under them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.campaigns.models import Campaign
from core.collaborations.lifecycle import State
from core.collaborations.models import Collaboration, Contract, Offer
from core.influencers.models import Relationship
from core.plugin_api.deal import Deal
from core.plugin_api.text import T, Text
from core.plugin_host.purge import MayPurge

RUNNING = (State.CONTRACTING, State.IN_PROGRESS, State.ON_HOLD, State.DELIVERED)


def objections(session: Session, question: MayPurge) -> Iterator[Text]:
    """One for each running agreement that a model of the plugin pays."""
    models = set(question.provides.get("payment_models", ()))
    if not models:
        return
    running = (
        select(Campaign.name, Relationship.display_name, Offer.components)
        .select_from(Collaboration)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .join(Relationship, Relationship.id == Collaboration.relationship_id)
        .join(Contract, Contract.collaboration_id == Collaboration.id)
        .join(Offer, Offer.id == Contract.offer_id)
        .where(Collaboration.state.in_(RUNNING), Contract.state.not_in(("voided", "terminated")))
        .order_by(Collaboration.id)
    )
    for campaign, person, components in session.execute(running):
        if models & {part.model for part in Deal.of(components).components}:
            yield T("%(person)s in %(campaign)s is paid by this plugin.", person=person, campaign=campaign)
