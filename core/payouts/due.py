"""What a brand owes now: the payable rows, who they belong to, and which of them fit into a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.collaborations.models import Collaboration
from core.earnings.models import Earning
from core.payouts.contested import in_doubt


@dataclass(frozen=True, slots=True)
class Due:
    """One payable earning, as little of it as choosing needs."""

    earning_id: int
    influencer_id: int
    collaboration_id: int
    component_id: str
    kind: str
    minor: int
    currency: str
    due_on: date | None
    doubtful: bool = False
    """Whether it may have been paid already, see `core/payouts/contested.py`: it goes into no run meanwhile."""


def rows(session: Session, brand_id: int, due_by: date | None = None) -> list[Due]:
    """What can be paid, by collaboration; with `due_by` only what is due by that day, and what is doubtful."""
    e, c = Earning, Collaboration
    found = session.execute(
        select(e.id, c.influencer_id, c.id, e.component_id, e.kind, e.amount_minor, e.currency, e.due_on, in_doubt())
        .join(c, c.id == e.collaboration_id)
        .where(e.brand_id == brand_id, e.state == "payable", e.settles == "cash", c.influencer_id.is_not(None))
        .order_by(c.id, e.currency, e.id)
    )
    payable = (Due(*row) for row in found)  # type: ignore[arg-type]  # without an influencer nothing is signed
    groups = groupby(payable, key=lambda row: (row.collaboration_id, row.currency))
    return [row for _, group in groups for row in _sure_first(list(group), due_by)]


def _sure_first(group: list[Due], due_by: date | None) -> list[Due]:
    """Of one collaboration: what fits of the rest, then what is doubtful; a debt waits for what it is netted from."""
    doubtful = [row for row in group if row.doubtful]
    sure = fitting((row for row in group if not row.doubtful), due_by)
    return doubtful if doubtful and sum(row.minor for row in sure) < 0 else [*sure, *doubtful]


def fitting(group: Iterable[Due], due_by: date | None) -> list[Due]:
    """Of one collaboration: what is due by a day, less all that was taken back.

    While that is less than nothing the collaboration waits; only when all that is payable there cannot
    make up for it, the debt itself goes into the run and is netted from the influencer's other earnings.
    """
    mine = list(group)
    due = [row for row in mine if row.minor < 0 or due_by is None or row.due_on is None or row.due_on <= due_by]
    if sum(row.minor for row in due) >= 0:
        return due
    return mine if sum(row.minor for row in mine) < 0 else []
