"""What became of a payout: sent, failed, come back, received. Money moves only on the rail's word."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, lifecycle
from core.accounts.calendar import in_days, today_of
from core.collaborations.terms import verbatim
from core.errors import Invalid, Refused
from core.events import publish
from core.ledger import postings
from core.ledger import service as ledger
from core.payouts.booking import brand_of, free, items, key, set_earnings, voucher
from core.payouts.events import PayoutSettled
from core.payouts.lifecycle import Action, State
from core.payouts.models import Payout, PayoutRun
from core.payouts.notices import tell
from core.payouts.told import told
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text

CONFIRM_DAYS = 5


def mark_sent(session: Session, actor: Actor, payout: Payout, *, reference: str, sent_on: date, base_url: str) -> None:
    """Sent, with the bank's reference: the money has left the brand, the influencer is told."""
    mark_together(session, actor, [payout], reference=reference, sent_on=sent_on, base_url=base_url)


def mark_together(
    session: Session, actor: Actor, payouts: Collection[Payout], *, reference: str, sent_on: date, base_url: str
) -> None:
    """Several sent in one go, as by one file: they share the bank's reference. All of them, or none."""
    if not payouts:
        raise Invalid(T("Choose at least one payment."))
    reference = " ".join(reference.split())
    if not reference:
        raise Invalid(T("Enter the reference that the bank gave."), "reference")
    if len(reference) > 60:
        raise Invalid(T("Use at most %(count)s characters.", count=60), "reference")
    for payout in payouts:
        actor.require(Permission.PAYOUT_APPROVE, payout.brand_id)
        _refuse_in_flight(payout)
        _check_day(session, payout, sent_on)
    used = select(Payout.id).where(
        Payout.brand_id.in_({payout.brand_id for payout in payouts}),
        Payout.bank_reference == reference,
        Payout.id.not_in([payout.id for payout in payouts]),
    )
    if session.scalar(used.limit(1)):
        raise Invalid(T("Another payout has this reference already."), "reference")
    for payout in payouts:
        record_sent(session, actor, payout, reference=reference, sent_on=sent_on, base_url=base_url)


def _check_day(session: Session, payout: Payout, sent_on: date) -> None:
    if sent_on < payout.created_at.date() - timedelta(days=1):
        raise Invalid(T("That is before it was prepared."), "sent_on")
    if sent_on > today_of(session, payout.brand_id):
        raise Invalid(T("The day is still to come."), "sent_on")


def record_sent(
    session: Session,
    actor: Actor,
    payout: Payout,
    *,
    reference: str,
    sent_on: date,
    base_url: str,
    arrived: bool = False,
) -> None:
    """Book that a payout left, on the rail's word, and tell the influencer; once it has `arrived` nobody asks them."""
    lifecycle.move(session, payout, Action.SEND, actor=actor)
    payout.bank_reference, payout.sent_on, payout.said = reference, sent_on, None
    payout.due_at = in_days(session, payout.brand_id, CONFIRM_DAYS)
    run = session.get_one(PayoutRun, payout.payout_run_id)
    postings.settle_payout(
        session, voucher(session, payout, "settle", actor), payout_id=payout.id, rail=run.rail, amount=payout.amount
    )
    set_earnings(session, payout, "paid")
    audit.record(
        session,
        actor=actor,
        brand_id=payout.brand_id,
        action="payout.sent",
        obj=payout,
        detail={"reference": reference},
    )
    tell(
        session,
        payout,
        base_url,
        T("%(amount)s is on its way to you", amount=payout.amount),
        _where(payout, brand_of(session, payout).name, sent_on),
        *(() if arrived else (T("When it has arrived, say so in the portal, please."),)),
    )


def _where(payout: Payout, brand: str, sent_on: date) -> Text:
    """By whom, when and where to a payment was sent, for the influencer."""
    if payout.to_whom:
        return T("%(brand)s sent the money on %(day)s by %(way)s.", brand=brand, day=sent_on, way=payout.to_whom)
    return T(
        "%(brand)s sent the money on %(day)s to your account ending in %(last4)s.",
        day=sent_on,
        last4=payout.iban_last4,
        brand=brand,
    )


def mark_failed(session: Session, actor: Actor, payout: Payout, *, reason: str, base_url: str) -> None:
    """It did not go through, or came back: the earnings are payable again, the books follow."""
    actor.require(Permission.PAYOUT_APPROVE, payout.brand_id)
    _refuse_in_flight(payout)
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise Invalid(T("Say what went wrong."), "reason")
    fail(session, actor, payout, reason=verbatim(reason), base_url=base_url)


def fail(
    session: Session, actor: Actor, payout: Payout, *, reason: Text, base_url: str, came_back: bool = False
) -> None:
    """Take down that a payout failed, on the rail's or a person's word; a rail's is read in the reader's language.

    What had left came back, also when it had arrived: the books take back that it was settled. `came_back` says so of
    what was not known to have left.
    """
    left = payout.state in (State.SENT, State.RECEIVED)
    words = str(reason) if actor.person_id else None
    action = Action.RETURN if left or came_back else Action.FAIL
    lifecycle.move(session, payout, action, actor=actor, reason=words)
    payout.said, payout.due_at = told(reason), None
    if left:
        settled = ledger.find(session, payout.brand_id, key(payout, "settle"))
        assert settled is not None
        ledger.reverse(
            session,
            brand_id=payout.brand_id,
            tx_id=settled.id,
            key=key(payout, "unsettle"),
            effective_on=today_of(session, payout.brand_id),
            by=actor.person_id,
        )
    why = voucher(session, payout, "fail", actor)
    postings.fail_payout(session, why, payout_id=payout.id, items=items(session, payout))
    free(session, payout)
    publish(session, PayoutSettled(payout.id, received=False))
    brand = brand_of(session, payout)
    detail = {"reason": words} if words else None
    audit.record(session, actor=actor, brand_id=payout.brand_id, action="payout.failed", obj=payout, detail=detail)
    tell(
        session,
        payout,
        base_url,
        T("A payment of %(amount)s did not go through", amount=payout.amount),
        T("Why: %(reason)s", reason=Text.from_json(payout.said)),
        T("%(brand)s will try again. Please check in the portal where your money goes.", brand=brand.name)
        if payout.to_whom
        else T("%(brand)s will try again. Please check your bank account in the portal.", brand=brand.name),
    )


def confirm_received(session: Session, actor: Actor, payout: Payout, *, received_on: date) -> None:
    """The influencer says that the money arrived."""
    actor.require(Permission.PORTAL)
    if payout.influencer_id != actor.influencer_id:
        raise Refused(T("Only the one who was paid can confirm it."))
    _receive(session, actor, payout, received_on, "influencer")


def record_statement(session: Session, actor: Actor, payout: Payout, *, received_on: date) -> None:
    """Finance enters the date of a bank statement that shows the payment."""
    actor.require(Permission.PAYOUT_APPROVE, payout.brand_id)
    _receive(session, actor, payout, received_on, "statement")


def record_received(session: Session, actor: Actor, payout: Payout, *, received_on: date) -> None:
    """The rail says that the money arrived."""
    _receive(session, actor, payout, received_on, "rail")


def _refuse_in_flight(payout: Payout) -> None:
    """While a rail has an order, only its word counts: a person's guess could pay twice."""
    if payout.state == State.PROCESSING:
        raise Refused(T("The payment is being handed over. Wait until it is known what became of it."))


def check_arrival(session: Session, payout: Payout, received_on: date, *, by_payee: bool = False) -> None:
    """`Invalid` for a day on which a payment cannot have arrived; where its payee is it may be tomorrow already."""
    if received_on > today_of(session, payout.brand_id) + timedelta(days=int(by_payee)):
        raise Invalid(T("The day is still to come."), "received_on")
    if received_on < (payout.sent_on or payout.created_at.date() - timedelta(days=1)):
        raise Invalid(T("That is before it was sent."), "received_on")


def _receive(session: Session, actor: Actor, payout: Payout, received_on: date, by: str) -> None:
    check_arrival(session, payout, received_on, by_payee=by == "influencer")
    lifecycle.move(session, payout, Action.RECEIVE, actor=actor)
    payout.received_on, payout.received_by, payout.due_at = received_on, by, None
    publish(session, PayoutSettled(payout.id, received=True))
    audit.record(
        session, actor=actor, brand_id=payout.brand_id, action="payout.received", obj=payout, detail={"by": by}
    )
