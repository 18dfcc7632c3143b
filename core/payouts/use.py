"""Which payments are still on their way by a plugin's rail: the plugin may not be removed under them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.accounts.models import Brand
from core.payouts.lifecycle import State
from core.payouts.models import Payout, PayoutRun
from core.plugin_api.text import Text, Tn
from core.plugin_host.purge import MayPurge

UNDER_WAY = (State.AWAITING_APPROVAL, State.PROCESSING, State.REQUIRES_ACTION, State.UNKNOWN, State.SENT)


def objections(session: Session, question: MayPurge) -> Iterator[Text]:
    """One for each brand that has payments under way on a rail of the plugin."""
    rails = list(question.provides.get("payout_rails", ()))
    if not rails:
        return
    under_way = (
        select(Brand.name, func.count())
        .select_from(Payout)
        .join(PayoutRun, PayoutRun.id == Payout.payout_run_id)
        .join(Brand, Brand.id == Payout.brand_id)
        .where(PayoutRun.rail.in_(rails), Payout.state.in_(UNDER_WAY))
        .group_by(Brand.id, Brand.name)
        .order_by(Brand.id)
    )
    for brand, count in session.execute(under_way):
        yield Tn(
            "%(num)s payment of %(brand)s is on its way by this plugin.",
            "%(num)s payments of %(brand)s are on their way by this plugin.",
            count,
            brand=brand,
        )
