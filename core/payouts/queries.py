"""Reads of payouts: the brand's runs, the influencer's payments, what each consists of, what waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration
from core.earnings.models import Earning
from core.errors import Missing
from core.money import Money
from core.payouts.lifecycle import State
from core.payouts.models import Payout, PayoutLine, PayoutRun
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text
from core.waiting import Waiting

OPEN = (State.AWAITING_APPROVAL, State.PROCESSING, State.REQUIRES_ACTION, State.SENT)


@dataclass(frozen=True, slots=True)
class Part:
    """One earning inside a payout, with the collaboration and campaign it comes from."""

    earning: Earning
    collaboration: Collaboration
    campaign: Campaign

    @property
    def reason(self) -> Text:
        """Why it was earned."""
        return Text.from_json(self.earning.reason)


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run with the sum and the states of its payouts."""

    run: PayoutRun
    amount: Money
    count: int
    open: int


def get_run(
    session: Session, actor: Actor, public_id: str, permission: Permission = Permission.MONEY_READ
) -> PayoutRun:
    """A run of a brand in which the actor holds the permission."""
    run = session.scalar(
        select(PayoutRun).where(PayoutRun.public_id == public_id, PayoutRun.brand_id.in_(actor.brands_with(permission)))
    )
    if run is None:
        raise Missing(T("There is no such payout run."))
    return run


def get_payout(
    session: Session, actor: Actor, public_id: str, permission: Permission = Permission.MONEY_READ
) -> Payout:
    """A payout of a brand in which the actor holds the permission."""
    payout = session.scalar(
        select(Payout).where(Payout.public_id == public_id, Payout.brand_id.in_(actor.brands_with(permission)))
    )
    if payout is None:
        raise Missing(T("There is no such payout."))
    return payout


def get_own(session: Session, actor: Actor, public_id: str) -> Payout:
    """One of the influencer's own payouts."""
    payout = session.scalar(
        select(Payout).where(
            Payout.public_id == public_id, Payout.influencer_id == actor.influencer_id, Payout.state != State.CANCELED
        )
    )
    if payout is None:
        raise Missing(T("There is no such payout."))
    return payout


def runs(session: Session, actor: Actor, *, limit: int, before: int | None = None) -> list[RunRow]:
    """The newest runs, by keyset."""
    query = (
        select(
            PayoutRun,
            func.coalesce(func.sum(Payout.amount_minor), 0),
            func.count(Payout.id),
            func.count(Payout.id).filter(Payout.state.in_([str(state) for state in OPEN])),
        )
        .outerjoin(Payout, Payout.payout_run_id == PayoutRun.id)
        .where(PayoutRun.brand_id.in_(actor.brands_with(Permission.MONEY_READ)))
        .group_by(PayoutRun.id)
        .order_by(PayoutRun.id.desc())
        .limit(limit)
    )
    rows = session.execute(query.where(PayoutRun.id < before) if before else query)
    return [RunRow(run, Money(int(minor), run.currency), count, still) for run, minor, count, still in rows]


def parts(session: Session, payout_ids: Sequence[int]) -> dict[int, list[Part]]:
    """What each payout consists of."""
    rows = session.execute(
        select(PayoutLine.payout_id, Earning, Collaboration, Campaign)
        .join(Earning, Earning.id == PayoutLine.earning_id)
        .join(Collaboration, Collaboration.id == Earning.collaboration_id)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .where(PayoutLine.payout_id.in_(payout_ids))
        .order_by(PayoutLine.id)
    )
    result: dict[int, list[Part]] = {payout_id: [] for payout_id in payout_ids}
    for payout_id, earning, collaboration, campaign in rows:
        result[payout_id].append(Part(earning, collaboration, campaign))
    return result


def own_payouts(session: Session, actor: Actor, *, limit: int = 50, before: int | None = None) -> list[Payout]:
    """The influencer's payouts, newest first; what a brand has only prepared is not shown yet."""
    query = (
        select(Payout)
        .where(
            Payout.influencer_id == actor.influencer_id,
            Payout.state.not_in((str(State.CANCELED), str(State.AWAITING_APPROVAL))),
        )
        .order_by(Payout.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query.where(Payout.id < before) if before else query))


def waiting(session: Session, actor: Actor) -> list[Waiting]:
    """Runs to approve and payouts to send."""
    to_approve = session.scalars(
        select(PayoutRun)
        .where(
            PayoutRun.brand_id.in_(actor.brands_with(Permission.PAYOUT_APPROVE)), PayoutRun.state == "awaiting_approval"
        )
        .order_by(PayoutRun.due_at)
        .limit(20)
    )
    to_send = session.scalars(
        select(Payout)
        .where(Payout.brand_id.in_(actor.brands_with(Permission.PAYOUT_APPROVE)), Payout.state == State.REQUIRES_ACTION)
        .order_by(Payout.due_at)
        .limit(20)
    )
    return [
        *(
            Waiting(
                T("Approve payout run %(number)s", number=run.number),
                T("Prepared and waiting for you."),
                run.due_at,
                "admin.payout_run",
                {"public_id": run.public_id},
            )
            for run in to_approve
        ),
        *(
            Waiting(
                T("Send %(amount)s to %(name)s", amount=payout.amount, name=payout.payee_name),
                T("Send it in your bank, then enter the bank's reference."),
                payout.due_at,
                "admin.payout",
                {"public_id": payout.public_id},
            )
            for payout in to_send
        ),
    ]


def waiting_for_influencer(session: Session, actor: Actor) -> list[Waiting]:
    """Payments that should have arrived by now."""
    rows = session.scalars(
        select(Payout)
        .where(Payout.influencer_id == actor.influencer_id, Payout.state == State.SENT)
        .order_by(Payout.due_at)
        .limit(20)
    )
    return [
        Waiting(
            T("Has %(amount)s arrived?", amount=payout.amount),
            T("Sent to your account ending in %(last4)s.", last4=payout.iban_last4),
            payout.due_at,
            "portal.payout",
            {"public_id": payout.public_id},
        )
        for payout in rows
    ]
