"""An offer that its campaign's budget cannot bear: it becomes the brand's turn, and goes back when there is room."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import clock
from core.audit import Who
from core.campaigns.models import Campaign
from core.campaigns.queries import budget_of
from core.collaborations import mails, queries
from core.collaborations.lifecycle import OPEN, Action, State
from core.collaborations.models import Collaboration, Offer
from core.lifecycle import move
from core.money import Money


def asked_in_all(session: Session, campaign: Campaign) -> Money:
    """What the open offers of a campaign would reserve together."""
    wanted = select(func.coalesce(func.sum(Collaboration.asked_minor), 0)).where(
        Collaboration.campaign_id == campaign.id, Collaboration.state.in_(OPEN)
    )
    return Money(int(session.scalar(wanted) or 0), campaign.currency)


def beyond(session: Session, collaboration: Collaboration, cap: Money) -> bool:
    """Whether the budget cannot bear a cap now; the campaign's row is held, so that the answer stays true."""
    campaign = session.get_one(Campaign, collaboration.campaign_id, with_for_update=True, populate_existing=True)
    left = budget_of(session, campaign).left
    return left is None or cap > left


def ask(session: Session, actor: Who, collaboration: Collaboration, offer: Offer, cap: Money, base_url: str) -> None:
    """Make it the brand's turn and tell it what is missing; asked once more, nothing happens."""
    collaboration.asked_minor = cap.minor
    if collaboration.state == State.AWAITS_BUDGET:
        return
    move(session, collaboration, Action.ASK_ROOM, actor=actor, basis=f"offer:{offer.number}")
    lack = queries.missing_budget(session, [collaboration])[collaboration.id]
    mails.to_brand(session, collaboration, "no_room", base_url=base_url, missing=lack)


def give(session: Session, actor: Who, collaboration: Collaboration, base_url: str) -> Offer:
    """The offer fits: the influencer may accept it again, and has at least as long as for a new one."""
    offer = queries.current_offer(session, collaboration.id)
    move(session, collaboration, Action.GIVE_ROOM, actor=actor, basis=f"offer:{offer.number}")
    days = session.get_one(Campaign, collaboration.campaign_id).offer_days
    offer.expires_at = collaboration.due_at = max(offer.expires_at, clock.now() + timedelta(days=days))
    mails.to_influencer(session, collaboration, "room", base_url=base_url)
    return offer
