"""What runs and transfers share: the lines of a payout, its vouchers, its days."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.accounts.calendar import today_of
from core.accounts.models import Brand
from core.earnings.models import Earning
from core.ledger.postings import Voucher
from core.money import Money
from core.payouts.models import Payout, PayoutLine, PayoutRun
from core.permissions import Actor


def payouts_of(session: Session, run: PayoutRun) -> list[Payout]:
    """The payouts of a run, by name."""
    return list(
        session.scalars(select(Payout).where(Payout.payout_run_id == run.id).order_by(Payout.payee_name, Payout.id))
    )


def items_of(session: Session, payouts: Collection[Payout]) -> dict[int, dict[int, Money]]:
    """By payout, what it pays in each collaboration; below zero where it takes back."""
    currency = {payout.id: payout.currency for payout in payouts}
    rows = session.execute(
        select(PayoutLine.payout_id, Earning.collaboration_id, func.sum(PayoutLine.amount_minor))
        .join(Earning, Earning.id == PayoutLine.earning_id)
        .where(PayoutLine.payout_id.in_(currency))
        .group_by(PayoutLine.payout_id, Earning.collaboration_id)
    )
    found: dict[int, dict[int, Money]] = {payout_id: {} for payout_id in currency}
    for payout_id, collaboration_id, minor in rows:
        if minor:
            found[payout_id][collaboration_id] = Money(int(minor), currency[payout_id])
    return found


def items(session: Session, payout: Payout) -> Mapping[int, Money]:
    """What one payout pays in each collaboration."""
    return items_of(session, [payout])[payout.id]


def set_earnings(session: Session, payout: Payout, new: str) -> None:
    """Move every earning of a payout to a state."""
    ids = select(PayoutLine.earning_id).where(PayoutLine.payout_id == payout.id, PayoutLine.live)
    session.execute(
        update(Earning).where(Earning.id.in_(ids)).values(state=new).execution_options(synchronize_session="fetch")
    )


def free(session: Session, payout: Payout) -> None:
    """Let the earnings of a payout that will not be paid go into another one."""
    set_earnings(session, payout, "payable")
    session.execute(update(PayoutLine).where(PayoutLine.payout_id == payout.id).values(live=False))


def key(payout: Payout, step: str) -> str:
    """The key of one posting of a payout."""
    return f"{payout.key}:{step}"


def voucher(session: Session, payout: Payout, step: str, actor: Actor) -> Voucher:
    """Why a step of a payout is booked, on the brand's day."""
    day = today_of(session, payout.brand_id)
    return Voucher(payout.brand_id, key(payout, step), ("payout", payout.id), day, actor.person_id)


def brand_of(session: Session, row: Payout | PayoutRun) -> Brand:
    """Who pays."""
    return session.get_one(Brand, row.brand_id)
