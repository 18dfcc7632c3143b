"""By when the next step of a campaign is due: its own dates where it has them, else a promise of days."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.accounts.models import Brand
from core.campaigns.lifecycle import State
from core.campaigns.models import Campaign

DAYS: dict[State, int] = {
    State.DRAFT: 14,
    State.RECRUITING: 14,
    State.ACTIVE: 90,
    State.PAUSED: 14,
    State.COMPLETED: 30,
}


def set_due(session: Session, campaign: Campaign) -> None:
    """Say anew by when whoever's turn it is has to act; nothing is due when nobody has to.

    Called whenever the state or the dates change.
    """
    zone = session.scalar(select(Brand.timezone).where(Brand.id == campaign.brand_id)) or "UTC"
    day = _day(campaign, clock.today(zone))
    campaign.due_at = datetime.combine(day, time(23, 59), ZoneInfo(zone)) if day else None


def _day(campaign: Campaign, today: date) -> date | None:
    """Launch and first signature by the first day, the work by the last, the money when the last sale is settled."""
    state = State(campaign.state)
    if state is State.WRAPPING_UP:
        return today + timedelta(days=campaign.hold_days + campaign.due_days)
    ahead = campaign.starts_on if campaign.starts_on and campaign.starts_on > today else None  # a launch may be late
    named = {State.DRAFT: campaign.starts_on, State.RECRUITING: ahead, State.ACTIVE: campaign.ends_on}
    days = DAYS.get(state)
    return named.get(state) or (today + timedelta(days=days) if days is not None else None)
