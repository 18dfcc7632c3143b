"""Reads of earnings: for the brand's pages, for the influencer's, for one collaboration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.collaborations.models import Collaboration
from core.earnings.models import ComponentHold, Earning
from core.money import Money
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text

STATE_NAMES: dict[str, Text] = {
    "pending": T("On hold period"),
    "payable": T("Due to be paid"),
    "in_payout": T("In a payout"),
    "paid": T("Paid"),
    "booked": T("Booked as value"),
}
KIND_NAMES: dict[str, Text] = {
    "fixed": T("Fixed fee"),
    "commission": T("Commission"),
    "gift_value": T("Gift"),
    "gifting": T("Gift"),
    "hybrid": T("Hybrid"),
    "adjustment": T("Adjustment"),
}


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums by state in one currency."""

    currency: str
    pending: Money
    payable: Money
    in_payout: Money
    paid: Money
    value: Money

    @property
    def earned(self) -> Money:
        """All cash earned, whatever its state."""
        return self.pending + self.payable + self.in_payout + self.paid


def earnings_of(session: Session, collaboration_id: int) -> list[Earning]:
    """Every row of a collaboration, newest first."""
    return list(
        session.scalars(
            select(Earning)
            .where(Earning.collaboration_id == collaboration_id)
            .order_by(Earning.earned_at.desc(), Earning.id.desc())
        )
    )


def holds_of(session: Session, collaboration_id: int) -> list[ComponentHold]:
    """Components that cannot be told right now, each with its reason."""
    return list(
        session.scalars(
            select(ComponentHold).where(
                ComponentHold.collaboration_id == collaboration_id, ComponentHold.resolved_at.is_(None)
            )
        )
    )


def totals(session: Session, collaboration_ids: Sequence[int]) -> list[Totals]:
    """Sums by state, one entry a currency."""
    rows = session.execute(
        select(Earning.currency, Earning.state, Earning.settles, func.sum(Earning.amount_minor))
        .where(Earning.collaboration_id.in_(collaboration_ids))
        .group_by(Earning.currency, Earning.state, Earning.settles)
    ).all()
    return _totals([(c, s, k, int(n)) for c, s, k, n in rows])


def totals_of_influencer(session: Session, actor: Actor) -> list[Totals]:
    """The influencer's sums over all brands, one entry a currency."""
    rows = session.execute(
        select(Earning.currency, Earning.state, Earning.settles, func.sum(Earning.amount_minor))
        .join(Collaboration, Collaboration.id == Earning.collaboration_id)
        .where(Collaboration.influencer_id == actor.influencer_id)
        .group_by(Earning.currency, Earning.state, Earning.settles)
    ).all()
    return _totals([(c, s, k, int(n)) for c, s, k, n in rows])


def _totals(rows: Sequence[tuple[str, str, str, int]]) -> list[Totals]:
    result = []
    for currency in sorted({row[0] for row in rows}):
        mine = {(state, settles): amount for code, state, settles, amount in rows if code == currency}
        cash = {
            state: Money(mine.get((state, "cash"), 0), currency)
            for state in ("pending", "payable", "in_payout", "paid")
        }
        result.append(Totals(currency, value=Money(mine.get(("booked", "in_kind"), 0), currency), **cash))
    return result


def for_influencer(session: Session, actor: Actor, *, limit: int = 50, before: int | None = None) -> list[Earning]:
    """The influencer's rows over all brands, newest first, by keyset."""
    query = (
        select(Earning)
        .join(Collaboration, Collaboration.id == Earning.collaboration_id)
        .where(Collaboration.influencer_id == actor.influencer_id)
        .order_by(Earning.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query.where(Earning.id < before) if before else query))


def payable(session: Session, actor: Actor, brand_id: int, *, due_by: date | None = None) -> list[Earning]:
    """What a brand may put into a payout now, oldest due first."""
    query = select(Earning).where(
        Earning.brand_id == brand_id,
        Earning.brand_id.in_(actor.brands_with(Permission.PAYOUT_PREPARE)),
        Earning.state == "payable",
        Earning.settles == "cash",
    )
    if due_by:
        query = query.where(Earning.due_on <= due_by)
    return list(session.scalars(query.order_by(Earning.due_on, Earning.id)))
