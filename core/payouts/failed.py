"""The payments of an influencer that did not go through, until what they were for is on its way again."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import Brand
from core.earnings.models import Earning
from core.payouts.lifecycle import State
from core.payouts.models import Payout, PayoutLine
from core.permissions import Actor

MOST = 20


def of_payee(session: Session, actor: Actor) -> list[tuple[Payout, Brand]]:
    """The newest of each brand and currency, the newest first, in one statement."""
    waiting = (
        select(PayoutLine.id)
        .join(Earning, Earning.id == PayoutLine.earning_id)
        .where(PayoutLine.payout_id == Payout.id, Earning.state == "payable", Earning.amount_minor > 0)
    )
    rows = session.execute(
        select(Payout, Brand)
        .join(Brand, Brand.id == Payout.brand_id)
        .where(
            Payout.influencer_id == actor.influencer_id,
            Payout.state.in_((State.FAILED, State.RETURNED)),
            waiting.exists(),
        )
        .order_by(Payout.id.desc())
        .limit(MOST)
    )
    newest: dict[tuple[int, str], tuple[Payout, Brand]] = {}
    for payout, brand in rows:
        newest.setdefault((payout.brand_id, payout.currency), (payout, brand))
    return list(newest.values())
