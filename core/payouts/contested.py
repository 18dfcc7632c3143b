"""Payments that failed, and may have arrived after all: what they were for is not paid again before somebody looked.

A rail that contradicts what it said, or what a person said, moves nothing by itself; finance looks in the bank and says
which it was. Until then the earnings stay where they are.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session, aliased

from core import audit, lifecycle
from core.accounts.models import Brand
from core.earnings.models import Earning
from core.errors import Refused
from core.events import publish
from core.ledger import postings
from core.money import Money
from core.payouts.booking import items, set_earnings, voucher
from core.payouts.events import PayoutSettled
from core.payouts.lifecycle import Action
from core.payouts.models import Payout, PayoutLine, PayoutReport, PayoutRun
from core.payouts.notices import tell
from core.payouts.transfers import check_arrival
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text

LOOK_FIRST = T("A payment of it that failed may have arrived after all. Look at that payment first.")
LOOKED_AT = T("An earlier payment of the same money may have arrived after all. It is looked at first.")


def let_go_in_doubt() -> ColumnElement[bool]:
    """Of a `PayoutLine`: that its payment let its earning go, and a report on that payment waits to be looked at."""
    told = select(PayoutReport.id).where(PayoutReport.payout_id == PayoutLine.payout_id, PayoutReport.open)
    return PayoutLine.live.is_(False) & told.exists()


def in_doubt() -> ColumnElement[bool]:
    """Of an `Earning`: that a payment which let it go may have arrived after all."""
    return select(PayoutLine.id).where(PayoutLine.earning_id == Earning.id, let_go_in_doubt()).exists()


def of_brand(session: Session, brand_id: int) -> list[Payout]:
    """A brand's payments to look at before what they were for is paid again, the oldest first."""
    return list(session.scalars(_contested().where(Payout.brand_id == brand_id).order_by(Payout.id)))


def of_payee(session: Session, actor: Actor) -> list[Payout]:
    """As `of_brand`, of the payments to an influencer."""
    return list(session.scalars(_contested().where(Payout.influencer_id == actor.influencer_id).order_by(Payout.id)))


def kept_back(session: Session, actor: Actor) -> dict[tuple[int, str, str], Text]:
    """Why an influencer is not paid again what such a payment carried, by collaboration, component and kind."""
    carried = (
        select(
            Payout.amount_minor,
            Payout.currency,
            Brand.name,
            Earning.collaboration_id,
            Earning.component_id,
            Earning.kind,
        )
        .join(Brand, Brand.id == Payout.brand_id)
        .join(PayoutLine, PayoutLine.payout_id == Payout.id)
        .join(Earning, Earning.id == PayoutLine.earning_id)
        .where(Payout.influencer_id == actor.influencer_id, Earning.state == "payable", let_go_in_doubt())
        .distinct()
    )
    return {
        (place, component, kind): T(
            "A payment of %(amount)s may have arrived after all: %(brand)s looks at it first.",
            amount=Money(minor, code),
            brand=brand,
        )
        for minor, code, brand, place, component, kind in session.execute(carried)
    }


def _contested() -> Select[Payout]:
    lines = select(PayoutLine.id).join(Earning, Earning.id == PayoutLine.earning_id)
    waits = lines.where(PayoutLine.payout_id == Payout.id, Earning.state == "payable", let_go_in_doubt())
    return select(Payout).where(waits.exists())


def before(session: Session, payouts: Collection[Payout], *, hold: bool = False) -> dict[int, Payout]:
    """By the id of a payment, one that was to pay some of the same and is to be looked at first.

    With `hold` no rail's word on those before comes in until the transaction ends.
    """
    mine = aliased(PayoutLine)
    same = (
        select(mine.payout_id, Payout)
        .join(PayoutLine, PayoutLine.earning_id == mine.earning_id)
        .join(Payout, Payout.id == PayoutLine.payout_id)
        .where(mine.payout_id.in_([payout.id for payout in payouts]), PayoutLine.payout_id != mine.payout_id)
        .where(mine.live, PayoutLine.live.is_(False))
        .order_by(Payout.id.desc())
    )
    if hold:
        session.execute(same.with_for_update(of=Payout)).all()
    return {id: payout for id, payout in session.execute(same.where(let_go_in_doubt()))}  # noqa: C416 - as in limits


def refuse(session: Session, payouts: Collection[Payout]) -> None:
    """What may have been paid already is not approved again."""
    if before(session, payouts, hold=True):
        raise Refused(LOOK_FIRST)


def refuse_debt(session: Session, collaboration_id: int) -> None:
    """What may have been paid already is not let go; no rail's word on it comes in until the transaction ends."""
    mine = Earning.collaboration_id == collaboration_id, Earning.state == "payable"
    lines = select(PayoutLine.payout_id).join(Earning, Earning.id == PayoutLine.earning_id).where(*mine)
    session.execute(select(Payout.id).where(Payout.id.in_(lines)).with_for_update()).all()
    if session.scalar(select(Earning.id).where(*mine, in_doubt()).limit(1)):
        raise Refused(LOOK_FIRST)


def arrived(session: Session, actor: Actor, payout: Payout, *, received_on: date, base_url: str) -> None:
    """Finance found that a payment arrived which was said to have failed: it is settled, its payee is told.

    Refused when what it paid is in another payment by now, or when it was never handed over.
    """
    actor.require(Permission.PAYOUT_APPROVE, payout.brand_id)
    brand = session.get_one(Brand, payout.brand_id, with_for_update=True)  # as `prepare_run` does
    session.refresh(payout, with_for_update=True)
    if not payout.payee_cipher:
        raise Refused(T("This payment was never handed over: it cannot have arrived."))
    check_arrival(session, payout, received_on)
    lifecycle.move(session, payout, Action.ARRIVE, actor=actor)
    _take_again(session, payout)
    payout.attempt += 1
    payout.key = f"payout-{payout.public_id}-{payout.attempt}"
    run = session.get_one(PayoutRun, payout.payout_run_id)
    why = voucher(session, payout, "start", actor)
    postings.restart_payout(session, why, payout_id=payout.id, items=items(session, payout))
    why = voucher(session, payout, "settle", actor)
    postings.settle_payout(session, why, payout_id=payout.id, rail=run.rail, amount=payout.amount)
    set_earnings(session, payout, "paid")
    payout.sent_on, payout.said, payout.due_at = payout.sent_on or received_on, None, None
    payout.received_on, payout.received_by = received_on, "statement"
    _believe(session, payout)
    publish(session, PayoutSettled(payout.id, received=True))
    audit.record(session, actor=actor, brand_id=brand.id, action="payout.arrived", obj=payout)
    tell(
        session,
        payout,
        base_url,
        T("The payment of %(amount)s arrived after all", amount=payout.amount),
        T(
            "%(brand)s found on its bank statement that it reached you. What was said before, that it did not go "
            "through, was wrong.",
            brand=brand.name,
        ),
        T("If you do not have the money, write to %(brand)s.", brand=brand.name),
    )


def _take_again(session: Session, payout: Payout) -> None:
    """Put what a payment let go back into it, all or nothing."""
    mine = select(PayoutLine.earning_id).where(PayoutLine.payout_id == payout.id)
    wanted = set(session.scalars(mine))
    claim = update(Earning).where(Earning.id.in_(mine), Earning.state == "payable").values(state="in_payout")
    taken = session.execute(claim.execution_options(synchronize_session="fetch"))
    if taken.rowcount != len(wanted):  # type: ignore[attr-defined]
        raise Refused(
            T("What it paid is in another payment by now. If that one is not approved yet, cancel its run first.")
        )
    session.execute(update(PayoutLine).where(PayoutLine.payout_id == payout.id).values(live=True))


def _believe(session: Session, payout: Payout) -> None:
    """What the rail told of its arrival was true: what it tells later is judged by that."""
    waiting = update(PayoutReport).where(PayoutReport.payout_id == payout.id, PayoutReport.open)
    session.execute(waiting.where(PayoutReport.status.in_(("sent", "received"))).values(fault=None, open=False))
    session.execute(waiting.values(open=False))
