"""What is booked of each line of a collaboration."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.earnings.models import Earning


@dataclass(frozen=True, slots=True)
class Booked:
    """All rows of one line: their sum, the first and the last of them."""

    minor: int
    first: Earning
    last: Earning


def booked_of(session: Session, collaboration_id: int) -> dict[str, Booked]:
    """By line key what is booked so far. Adjustments are no model's."""
    rows = session.scalars(
        select(Earning)
        .where(Earning.collaboration_id == collaboration_id, Earning.kind != "adjustment")
        .order_by(Earning.line_key, Earning.sequence)
    )
    result = {}
    for key, group in groupby(rows, key=lambda row: row.line_key):
        lines = list(group)
        result[key] = Booked(sum(row.amount_minor for row in lines), lines[0], lines[-1])
    return result
