"""What there is of a plugin's rail when the plugin is to be removed: payments on their way, and what payees told it.

It may not be removed under the payments. What payees told it goes with it: nobody else may read it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.accounts.models import Brand
from core.crypto import Keyring
from core.payouts import details, submit
from core.payouts.lifecycle import State
from core.payouts.models import Payout, PayoutRun
from core.plugin_api.text import Text, Tn
from core.plugin_host.purge import MayPurge, PluginPurged, WouldGo

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


def count(session: Session, question: WouldGo) -> None:
    """How many payees have told rails of the plugin something."""
    rails = question.provides.get("payout_rails", ())
    if rails:
        question.found["payees"] += len(details.told_to(session, rails))


def on_purged(session: Session, keyring: Keyring, event: PluginPurged) -> None:
    """Remove what payees told the rails of a plugin that is gone for good, also beside payments that are over."""
    rails = event.provides.get("payout_rails", ())
    if not rails:
        return
    for method in details.told_to(session, rails):
        details.drop(keyring, method, rails)
    submit.forget_details(session, keyring, rails)
