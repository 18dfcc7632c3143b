"""What a campaign's budget and its end mean for the collaborations in it."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.accounts.models import Person
from core.accounts.service import actor_of
from core.campaigns.events import BudgetChanged, CampaignCancelled, MayCompleteCampaign
from core.collaborations import endings, queries, room, service
from core.collaborations.lifecycle import LIVE, OPEN, Action, State
from core.collaborations.models import Collaboration
from core.permissions import SYSTEM
from core.plugin_api.text import T, Text


def on_cancelled(session: Session, event: CampaignCancelled, base_url: str) -> None:
    """Withdraw the open offers of a cancelled campaign and end the work that runs; what was earned stays."""
    actor = actor_of(session, session.get_one(Person, event.person_id))
    running = select(Collaboration).where(Collaboration.campaign_id == event.campaign_id, Collaboration.state.in_(LIVE))
    for one in session.scalars(running.order_by(Collaboration.id)).all():
        if one.state in OPEN:
            number = queries.current_offer(session, one.id).number
            service.withdraw(session, actor, collaboration=one, number=number, reason=event.reason, base_url=base_url)
        elif Action.CANCEL in one.machine.actions(one.state):
            endings.cancel(session, actor, collaboration=one, reason=event.reason, base_url=base_url)


def on_budget(session: Session, event: BudgetChanged, base_url: str) -> None:
    """Offers that waited for budget and fit now can be accepted again, and their influencers hear of it."""
    waiting = select(Collaboration).where(
        Collaboration.campaign_id == event.campaign_id, Collaboration.state == State.AWAITS_BUDGET
    )
    rows = session.scalars(waiting.order_by(Collaboration.id)).all()
    lacks = queries.missing_budget(session, rows)
    for one in rows:
        if lacks[one.id].minor <= 0:
            room.give(session, SYSTEM, one, base_url)


def still_running(session: Session, question: MayCompleteCampaign) -> list[Text]:
    """A campaign is not complete while offers are open or work runs."""
    count = session.scalar(
        select(func.count()).where(Collaboration.campaign_id == question.campaign_id, Collaboration.state.in_(LIVE))
    )
    return [T("Collaborations that have not ended: %(count)s.", count=count)] if count else []
