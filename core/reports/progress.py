"""How far campaigns are, for lists: who takes part, what is approved, what waits. Two statements in all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.collaborations.lifecycle import LIVE, State
from core.collaborations.models import Collaboration
from core.content.models import Deliverable
from core.influencers.models import Relationship

TAKES_PART = (*LIVE, State.COMPLETED)
CANCELLED = "cancelled"


class Progress(NamedTuple):
    """Deliverables: approved, all that are still wanted, in review now."""

    approved: int = 0
    total: int = 0
    in_review: int = 0


def faces_of(session: Session, campaign_ids: Sequence[int]) -> dict[int, list[str]]:
    """The names of those who take part, by campaign."""
    rows = session.execute(
        select(Collaboration.campaign_id, Relationship.display_name)
        .join(Relationship, Relationship.id == Collaboration.relationship_id)
        .where(
            Collaboration.campaign_id.in_(campaign_ids), Collaboration.state.in_([str(state) for state in TAKES_PART])
        )
        .order_by(Collaboration.id)
    )
    names: dict[int, list[str]] = {}
    for campaign_id, name in rows:
        names.setdefault(campaign_id, []).append(name)
    return names


def progress_of(session: Session, campaign_ids: Sequence[int]) -> dict[int, Progress]:
    """Deliverables approved, wanted and in review, by campaign."""
    rows = session.execute(
        select(
            Collaboration.campaign_id,
            func.count().filter(Deliverable.approved_at.is_not(None)),
            func.count().filter(Deliverable.state != CANCELLED),
            func.count().filter(Deliverable.state == "in_review"),
        )
        .join(Collaboration, Collaboration.id == Deliverable.collaboration_id)
        .where(Collaboration.campaign_id.in_(campaign_ids))
        .group_by(Collaboration.campaign_id)
    )
    return {campaign: Progress(int(approved), int(total), int(waiting)) for campaign, approved, total, waiting in rows}
