"""A payment model that vanished puts what it pays on hold, and one that is back takes it off."""

from __future__ import annotations

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from core import outbox
from core.collaborations.models import Collaboration, Contract, Offer
from core.collaborations.signed import SIGNED
from core.collaborations.use import RUNNING
from core.earnings.again import AGAIN
from core.earnings.models import ComponentHold
from core.plugin_api.deal import Deal
from core.plugin_host.roll import PaymentModelsChanged


def on_changed(session: Session, event: PaymentModelsChanged) -> None:
    """Let the worker compute anew what runs by these models, and what is on hold, each in a job of its own."""
    held = exists().where(ComponentHold.collaboration_id == Collaboration.id, ComponentHold.resolved_at.is_(None))
    signed = (
        select(Collaboration.id, Offer.components)
        .join(Contract, Contract.collaboration_id == Collaboration.id)
        .join(Offer, Offer.id == Contract.offer_id)
        .where(Contract.state.in_(SIGNED), or_(Collaboration.state.in_(RUNNING), held))
    )
    touched = {
        collaboration_id
        for collaboration_id, components in session.execute(signed)
        if event.names & {part.model for part in Deal.of(components).components}
    }
    for collaboration_id in sorted(touched):
        outbox.enqueue(session, AGAIN, {"collaboration": collaboration_id})
