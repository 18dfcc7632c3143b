"""What waits for somebody of money: for those who approve, and for the influencer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from core import clock
from core.collaborations.models import Collaboration
from core.earnings.models import Earning
from core.i18n import current_zone
from core.money import Money
from core.payouts import details, onboarding
from core.payouts.lifecycle import STATE_NAMES, State
from core.payouts.methods import method_of
from core.payouts.models import Payout, PayoutReport, PayoutRun
from core.payouts.runs import TRANSFER_DAYS
from core.payouts.ways import not_here
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text, Tn
from core.plugin_host.host import PluginHost
from core.waiting import Waiting

MOST = 20
Brands = Collection[int]


def waiting(session: Session, actor: Actor, host: PluginHost) -> list[Waiting]:
    """Runs to approve, payments to send or to find out about, and what cannot go on or be; four statements."""
    brands = actor.brands_with(Permission.PAYOUT_APPROVE)
    to_approve = session.scalars(
        select(PayoutRun)
        .where(PayoutRun.brand_id.in_(brands), PayoutRun.state == "awaiting_approval")
        .order_by(PayoutRun.due_at)
        .limit(MOST)
    )
    approve = T("Prepared and waiting for you.")
    return [
        *(_run(run, T("Approve payout run %(number)s", number=run.number), approve, run.due_at) for run in to_approve),
        *_alone(session, brands, host),
        *_together(session, brands, host),
        *_contrary(session, brands),
    ]


def _alone(session: Session, brands: Brands, host: PluginHost) -> list[Waiting]:
    """What is sent or found out about payment by payment."""
    by_hand = [name for name, rail in host.payout_rails.items() if rail.by_hand]
    found = session.scalars(
        select(Payout)
        .join(PayoutRun, PayoutRun.id == Payout.payout_run_id)
        .where(
            Payout.brand_id.in_(brands),
            or_(
                Payout.state == State.UNKNOWN, and_(Payout.state == State.REQUIRES_ACTION, PayoutRun.rail.in_(by_hand))
            ),
        )
        .order_by(Payout.due_at, Payout.id)
        .limit(MOST)
    )
    return [_payment(payout) for payout in found]


def _payment(payout: Payout) -> Waiting:
    values = {"amount": payout.amount, "name": payout.payee_name}
    if payout.state == State.UNKNOWN:
        title = T("Find out whether %(amount)s to %(name)s was sent", **values)
        detail = T("Its way of payment gave no clear answer.")
    else:
        title = T("Send %(amount)s to %(name)s", **values)
        detail = T("Send it in your bank, then enter the bank's reference.")
    return Waiting(title, detail, payout.due_at, "admin.payout", {"public_id": payout.public_id})


def _together(session: Session, brands: Brands, host: PluginHost) -> list[Waiting]:
    """One line a run: what its rail asks for is done for several payments, and what stops one stops all."""
    by_hand = [name for name, rail in host.payout_rails.items() if rail.by_hand]
    late = or_(Payout.due_at < clock.now(), PayoutRun.rail.not_in(list(host.payout_rails)), PayoutRun.locked_out)
    found = session.execute(
        select(PayoutRun, Payout.state, func.count(), func.min(Payout.due_at))
        .join(Payout, Payout.payout_run_id == PayoutRun.id)
        .where(
            PayoutRun.brand_id.in_(brands),
            or_(
                and_(Payout.state == State.REQUIRES_ACTION, PayoutRun.rail.not_in(by_hand)),
                and_(Payout.state == State.PROCESSING, late),
            ),
        )
        .group_by(PayoutRun.id, Payout.state)
        .order_by(func.min(Payout.due_at), PayoutRun.id)
        .limit(MOST)
    )
    return [_run(run, *_said(host, run, state, count), due_at) for run, state, count, due_at in found]


def _said(host: PluginHost, run: PayoutRun, state: str, count: int) -> tuple[Text, Text]:
    if state == State.REQUIRES_ACTION:
        title = T("Do what payout run %(number)s asks for", number=run.number)
        return title, Tn("%(num)s payment waits for it.", "%(num)s payments wait for it.", count)
    title = T("Payout run %(number)s does not go on", number=run.number)
    if run.rail not in host.payout_rails:
        return title, not_here(host, run.rail)
    if run.locked_out:
        return title, locked_out(host.payout_rails[run.rail].title)
    return title, T("Its way of payment gave no clear answer.")


def locked_out(rail: Text) -> Text:
    """What is to be mended when the permission of a rail was refused."""
    return T("%(rail)s refused the permission that it was given. Renew it in the settings of the plugin.", rail=rail)


def _contrary(session: Session, brands: Brands) -> list[Waiting]:
    """What rails told of payments and cannot be true beside what is known."""
    found = session.execute(
        select(Payout, PayoutReport)
        .join(PayoutReport, PayoutReport.payout_id == Payout.id)
        .where(PayoutReport.brand_id.in_(brands), PayoutReport.open)
        .order_by(PayoutReport.id)
        .limit(MOST)
    )
    return [
        Waiting(
            T("Look at the payment of %(amount)s to %(name)s", amount=payout.amount, name=payout.payee_name),
            report.why or STATE_NAMES[report.status],
            report.created_at + timedelta(days=TRANSFER_DAYS),
            "admin.payout",
            {"public_id": payout.public_id},
        )
        for payout, report in found
    ]


def _run(run: PayoutRun, title: Text, detail: Text, due_at: datetime | None) -> Waiting:
    return Waiting(title, detail, due_at, "admin.payout_run", {"public_id": run.public_id})


def waiting_for_influencer(session: Session, actor: Actor) -> list[Waiting]:
    """Money that waits for an account to be sent to, and payments that should have arrived by now."""
    rows = session.scalars(
        select(Payout)
        .where(Payout.influencer_id == actor.influencer_id, Payout.state == State.SENT)
        .order_by(Payout.due_at)
        .limit(20)
    )
    arrived = [
        Waiting(
            T("Has %(amount)s arrived?", amount=payout.amount),
            T("Sent by %(way)s.", way=payout.to_whom)
            if payout.to_whom
            else T("Sent to your account ending in %(last4)s.", last4=payout.iban_last4),
            payout.due_at,
            "portal.payout",
            {"public_id": payout.public_id},
        )
        for payout in rows
    ]
    return [*_accountless(session, actor), *arrived]


def of_rails(session: Session, actor: Actor, host: PluginHost) -> list[Waiting]:
    """What an influencer still tells the rails by which they can be paid."""
    if actor.influencer_id is None:
        return []
    more = T("It asks for a little more before it can pay you.")
    return [
        Waiting(T("Tell %(rail)s how you are paid", rail=title), more, None, "portal.payout_method")
        for title in details.lacking(session, host, actor.influencer_id)
    ] + [
        Waiting(
            T("Go on at %(rail)s", rail=one.title),
            T("%(brand)s can pay you by it once you are through.", brand=one.brand.name),
            None,
            "portal.payout_method",
        )
        for one in onboarding.of_payee(session, host, actor.influencer_id)
    ]


def _accountless(session: Session, actor: Actor) -> list[Waiting]:
    """What is payable to an influencer who has not said where to send it, a line a currency."""
    if actor.influencer_id is None or method_of(session, actor.influencer_id):
        return []
    total = func.sum(Earning.amount_minor)
    rows = session.execute(
        select(Earning.currency, total, func.min(Earning.due_on))
        .join(Collaboration, Collaboration.id == Earning.collaboration_id)
        .where(
            Collaboration.influencer_id == actor.influencer_id, Earning.state == "payable", Earning.settles == "cash"
        )
        .group_by(Earning.currency)
        .having(total > 0)
        .order_by(Earning.currency)
    )
    return [
        Waiting(
            T("Say where your money goes"),
            T("%(amount)s can be paid as soon as you have entered where it goes.", amount=Money(int(minor), code)),
            datetime.combine(due_on, time(23, 59), ZoneInfo(current_zone())) if due_on else None,
            "portal.payout_method",
        )
        for code, minor, due_on in rows
    ]
