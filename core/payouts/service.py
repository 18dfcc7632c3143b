"""Paying: prepare a run, approve it, hand it to its rail, mark what was sent, received, failed.

An earning is in at most one live payout. Money is only said to have moved on the rail's word;
every state says whose turn it is and by when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import audit, clock, lifecycle, mail, outbox
from core.accounts.models import Brand, Person
from core.collaborations.models import Collaboration
from core.database import public_id
from core.earnings.models import Earning
from core.errors import Invalid, Refused
from core.influencers.models import Influencer
from core.ledger import postings
from core.ledger import service as ledger
from core.ledger.postings import Voucher
from core.money import Money
from core.payouts.lifecycle import Action, RunAction, State
from core.payouts.methods import method_of
from core.payouts.models import Payout, PayoutLine, PayoutRun
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text

APPROVAL_DAYS, TRANSFER_DAYS, CONFIRM_DAYS = 2, 2, 5


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why an influencer's money cannot go into a run."""

    influencer_id: int
    name: str
    reason: Text
    amount: Money


def prepare_run(
    session: Session, actor: Actor, brand: Brand, *, earnings: Sequence[Earning], rail: str = "manual"
) -> tuple[PayoutRun | None, list[Blocked]]:
    """Gather payable earnings into one payout an influencer; returns the run and who was left out and why."""
    actor.require(Permission.PAYOUT_PREPARE, brand.id)
    ready, blocked = _sort_out(session, earnings)
    if not ready:
        return None, blocked
    currency = next(iter(ready.values()))[0].currency
    if any(row.currency != currency for rows in ready.values() for row in rows):
        raise Refused(T("A run pays in one currency. Choose earnings of one currency."))
    number = (session.scalar(select(func.max(PayoutRun.number)).where(PayoutRun.brand_id == brand.id)) or 0) + 1
    run = PayoutRun(
        brand_id=brand.id,
        number=number,
        currency=currency,
        rail=rail,
        prepared_by_id=actor.person_id,
        due_at=_in_days(APPROVAL_DAYS),
    )
    session.add(run)
    lifecycle.begin(session, run, actor=actor)
    for influencer_id, rows in ready.items():
        _payout(session, actor, run, influencer_id, rows)
    audit.record(session, actor=actor, brand_id=brand.id, action="payout_run.prepare", obj=run)
    return run, blocked


def _sort_out(session: Session, earnings: Iterable[Earning]) -> tuple[dict[int, list[Earning]], list[Blocked]]:
    people = _influencers(session, {row.collaboration_id for row in earnings})
    by_person: dict[int, list[Earning]] = defaultdict(list)
    for row in earnings:
        by_person[people[row.collaboration_id].id].append(row)
    ready: dict[int, list[Earning]] = {}
    blocked = []
    names = {person.id: person.display_name for person in people.values()}
    for person_id, rows in by_person.items():
        amount = sum((row.amount for row in rows), Money.zero(rows[0].currency))
        if method_of(session, person_id) is None:
            reason = T("No bank account yet: the influencer enters it in the portal.")
        elif amount.minor <= 0:
            reason = T("What was taken back is more than what is due.")
        else:
            ready[person_id] = rows
            continue
        blocked.append(Blocked(person_id, names[person_id], reason, amount))
    return ready, blocked


def _influencers(session: Session, collaboration_ids: set[int]) -> dict[int, Influencer]:
    rows = session.execute(
        select(Collaboration.id, Influencer)
        .join(Influencer, Influencer.id == Collaboration.influencer_id)
        .where(Collaboration.id.in_(collaboration_ids))
    )
    return {row[0]: row[1] for row in rows}


def _payout(session: Session, actor: Actor, run: PayoutRun, influencer_id: int, rows: list[Earning]) -> Payout:
    method = method_of(session, influencer_id)
    assert method is not None  # sorted out before
    taken = session.execute(
        update(Earning)
        .where(Earning.id.in_([row.id for row in rows]), Earning.state == "payable")
        .values(state="in_payout")
    )
    if taken.rowcount != len(rows):  # type: ignore[attr-defined]
        raise Refused(T("Somebody else put some of this into a run. Reload the page and look again."))
    name = public_id()
    payout = Payout(
        public_id=name,
        brand_id=run.brand_id,
        payout_run_id=run.id,
        influencer_id=influencer_id,
        payee_name=method.payee_name,
        iban_last4=method.iban_last4,
        amount_minor=sum(row.amount_minor for row in rows),
        currency=run.currency,
        due_at=run.due_at,
        due_on=min((row.due_on for row in rows if row.due_on), default=None),
        key=f"payout-{name}-1",
    )
    session.add(payout)
    lifecycle.begin(session, payout, actor=actor)
    session.add_all(
        PayoutLine(
            brand_id=run.brand_id,
            payout_id=payout.id,
            earning_id=row.id,
            amount_minor=row.amount_minor,
            currency=row.currency,
        )
        for row in rows
    )
    session.flush()
    return payout


def approve_run(session: Session, actor: Actor, run: PayoutRun) -> None:
    """Approve a run: its money leaves the payable accounts and goes to the rail, once."""
    actor.require(Permission.PAYOUT_APPROVE, run.brand_id)
    lifecycle.move(session, run, RunAction.APPROVE, actor=actor)
    run.approved_by_id, run.approved_at, run.due_at = actor.person_id, clock.now(), None
    for payout in payouts_of(session, run):
        lifecycle.move(session, payout, Action.APPROVE, actor=actor)
        payout.due_at = _in_days(TRANSFER_DAYS)
        postings.start_payout(
            session, _voucher(payout, "start", actor), payout_id=payout.id, items=_items(session, payout)
        )
    outbox.enqueue(session, "payouts.submit", {"run": run.id}, key=f"payouts.submit:{run.public_id}")
    audit.record(session, actor=actor, brand_id=run.brand_id, action="payout_run.approve", obj=run)


def cancel_run(session: Session, actor: Actor, run: PayoutRun) -> None:
    """Take a run back before it is approved; its earnings are payable again."""
    actor.require(Permission.PAYOUT_PREPARE, run.brand_id)
    lifecycle.move(session, run, RunAction.CANCEL, actor=actor)
    run.due_at = None
    for payout in payouts_of(session, run):
        lifecycle.move(session, payout, Action.CANCEL, actor=actor)
        payout.due_at = None
        _free(session, payout)
    audit.record(session, actor=actor, brand_id=run.brand_id, action="payout_run.cancel", obj=run)


def mark_sent(session: Session, actor: Actor, payout: Payout, *, reference: str, sent_on: date, base_url: str) -> None:
    """Sent, with the bank's reference: the money has left the brand, the influencer is told."""
    actor.require(Permission.PAYOUT_APPROVE, payout.brand_id)
    reference = " ".join(reference.split())
    if not reference:
        raise Invalid(T("Enter the reference that the bank gave."), "reference")
    if len(reference) > 60:
        raise Invalid(T("Use at most %(count)s characters.", count=60), "reference")
    if sent_on > today_of(session, payout.brand_id):
        raise Invalid(T("The day is still to come."), "sent_on")
    used = select(Payout.id).where(Payout.brand_id == payout.brand_id, Payout.bank_reference == reference)
    if session.scalar(used.where(Payout.id != payout.id)):
        raise Invalid(T("Another payout has this reference already."), "reference")
    record_sent(session, actor, payout, reference=reference, sent_on=sent_on, base_url=base_url)


def record_sent(
    session: Session, actor: Actor, payout: Payout, *, reference: str, sent_on: date, base_url: str
) -> None:
    """Book that a payout left, on the rail's word, and tell the influencer."""
    lifecycle.move(session, payout, Action.SEND, actor=actor)
    payout.bank_reference, payout.sent_on, payout.due_at = reference, sent_on, _in_days(CONFIRM_DAYS)
    run = session.get_one(PayoutRun, payout.payout_run_id)
    postings.settle_payout(
        session, _voucher(payout, "settle", actor), payout_id=payout.id, rail=run.rail, amount=payout.amount
    )
    _set_earnings(session, payout, "in_payout", "paid")
    audit.record(
        session,
        actor=actor,
        brand_id=payout.brand_id,
        action="payout.sent",
        obj=payout,
        detail={"reference": reference},
    )
    _tell(
        session,
        payout,
        base_url,
        T("%(amount)s is on its way to you", amount=payout.amount),
        T(
            "%(brand)s sent the money on %(day)s to your account ending in %(last4)s.",
            day=sent_on,
            last4=payout.iban_last4,
            brand=_brand(session, payout).name,
        ),
        T("When it has arrived, say so in the portal, please."),
    )


def mark_failed(session: Session, actor: Actor, payout: Payout, *, reason: str, base_url: str) -> None:
    """It did not go through, or came back: the earnings are payable again, the books follow."""
    actor.require(Permission.PAYOUT_APPROVE, payout.brand_id)
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise Invalid(T("Say what went wrong."), "reason")
    fail(session, actor, payout, reason=reason, base_url=base_url)


def fail(session: Session, actor: Actor, payout: Payout, *, reason: str, base_url: str) -> None:
    """Take down that a payout failed, on the rail's or a person's word."""
    came_back = payout.state == State.SENT
    lifecycle.move(session, payout, Action.RETURN if came_back else Action.FAIL, actor=actor, reason=reason)
    payout.failure, payout.due_at = reason, None
    if came_back:
        settled = ledger.find(session, payout.brand_id, _key(payout, "settle"))
        assert settled is not None
        ledger.reverse(
            session,
            brand_id=payout.brand_id,
            tx_id=settled.id,
            key=_key(payout, "unsettle"),
            effective_on=clock.now().date(),
            by=actor.person_id,
        )
    postings.fail_payout(session, _voucher(payout, "fail", actor), payout_id=payout.id, items=_items(session, payout))
    _free(session, payout)
    brand = _brand(session, payout)
    audit.record(
        session, actor=actor, brand_id=payout.brand_id, action="payout.failed", obj=payout, detail={"reason": reason}
    )
    _tell(
        session,
        payout,
        base_url,
        T("A payment of %(amount)s did not go through", amount=payout.amount),
        T("%(brand)s will try again. Please check your bank account in the portal.", brand=brand.name),
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


def _receive(session: Session, actor: Actor, payout: Payout, received_on: date, by: str) -> None:
    if received_on > today_of(session, payout.brand_id):
        raise Invalid(T("The day is still to come."), "received_on")
    if payout.sent_on and received_on < payout.sent_on:
        raise Invalid(T("That is before it was sent."), "received_on")
    lifecycle.move(session, payout, Action.RECEIVE, actor=actor)
    payout.received_on, payout.received_by, payout.due_at = received_on, by, None
    audit.record(
        session, actor=actor, brand_id=payout.brand_id, action="payout.received", obj=payout, detail={"by": by}
    )


def payouts_of(session: Session, run: PayoutRun) -> list[Payout]:
    """The payouts of a run, by name."""
    return list(
        session.scalars(select(Payout).where(Payout.payout_run_id == run.id).order_by(Payout.payee_name, Payout.id))
    )


def _items(session: Session, payout: Payout) -> Mapping[int, Money]:
    rows = session.execute(
        select(Earning.collaboration_id, func.sum(PayoutLine.amount_minor))
        .join(Earning, Earning.id == PayoutLine.earning_id)
        .where(PayoutLine.payout_id == payout.id)
        .group_by(Earning.collaboration_id)
    )
    return {collab: Money(int(minor), payout.currency) for collab, minor in rows if minor}


def _free(session: Session, payout: Payout) -> None:
    _set_earnings(session, payout, None, "payable")
    session.execute(update(PayoutLine).where(PayoutLine.payout_id == payout.id).values(live=False))


def _set_earnings(session: Session, payout: Payout, old: str | None, new: str) -> None:
    ids = select(PayoutLine.earning_id).where(PayoutLine.payout_id == payout.id)
    statement = update(Earning).where(Earning.id.in_(ids))
    if old:
        statement = statement.where(Earning.state == old)
    session.execute(statement.values(state=new).execution_options(synchronize_session="fetch"))


def _key(payout: Payout, step: str) -> str:
    return f"{payout.key}:{step}"


def _voucher(payout: Payout, step: str, actor: Actor) -> Voucher:
    return Voucher(payout.brand_id, _key(payout, step), ("payout", payout.id), clock.now().date(), actor.person_id)


def _brand(session: Session, payout: Payout) -> Brand:
    return session.get_one(Brand, payout.brand_id)


def today_of(session: Session, brand_id: int) -> date:
    """Today where the brand is."""
    return clock.today(session.get_one(Brand, brand_id).timezone)


def _in_days(days: int) -> datetime:
    day = clock.now().date() + timedelta(days=days)
    return datetime.combine(day, time(23, 59), ZoneInfo("UTC"))


def _tell(session: Session, payout: Payout, base_url: str, subject: Text, *paragraphs: Text) -> None:
    person = session.scalar(
        select(Person).join(Influencer, Influencer.person_id == Person.id).where(Influencer.id == payout.influencer_id)
    )
    if person is None:
        return
    letter = mail.Mail(
        kind="payout",
        subject=subject,
        paragraphs=paragraphs,
        link=f"{base_url}/portal/payouts/{payout.public_id}",
        link_label=T("See the payment"),
    )
    mail.send(session, letter, to=person.email, name=person.name, locale=person.locale, brand_id=payout.brand_id)
