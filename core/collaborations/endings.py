"""Pausing, going on, delivering, completing, and ending early: what was earned stays, the rest is released."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, clock
from core.accounts.calendar import today_of
from core.accounts.service import required
from core.collaborations import contracts, mails, queries
from core.collaborations.events import CollaborationEnded, CollaborationPaused, CollaborationResumed, MayComplete
from core.collaborations.lifecycle import Action, ContractAction, ContractState
from core.collaborations.models import Collaboration
from core.errors import Missing, Refused
from core.events import objections, publish
from core.ledger import accounts as plan
from core.ledger.models import LedgerAccount, LedgerEntry, LedgerTx
from core.ledger.postings import Voucher, release_budget
from core.lifecycle import move
from core.money import Money
from core.permissions import Actor, Permission

PAUSE_DAYS = 14
REASON_LENGTH = 500


def pause(session: Session, actor: Actor, *, collaboration: Collaboration, reason: str, base_url: str) -> None:
    """Let the work wait; the brand is asked again after two weeks."""
    reason = _brand_reason(actor, collaboration, reason)
    before = collaboration.state
    move(session, collaboration, Action.PAUSE, actor=actor, reason=reason)
    collaboration.state_before_pause = before
    collaboration.due_at = clock.now() + timedelta(days=PAUSE_DAYS)
    publish(session, CollaborationPaused(collaboration.id))
    _note(session, actor, collaboration, "pause", reason)
    mails.to_influencer(session, collaboration, "paused", base_url=base_url, words=reason)


def resume(session: Session, actor: Actor, *, collaboration: Collaboration, base_url: str) -> None:
    """Go on with the work."""
    actor.require(Permission.OFFER_EDIT, collaboration.brand_id)
    move(session, collaboration, Action.RESUME, actor=actor)
    collaboration.state_before_pause = None
    collaboration.due_at = contracts.next_due(session, collaboration)
    publish(session, CollaborationResumed(collaboration.id))
    _note(session, actor, collaboration, "resume")
    mails.to_influencer(session, collaboration, "resumed", base_url=base_url)


def deliver(session: Session, actor: Actor, *, collaboration: Collaboration, base_url: str) -> None:
    """Everything agreed is live; the brand looks at it and closes the collaboration."""
    move(session, collaboration, Action.DELIVER, actor=actor)
    collaboration.due_at = clock.now() + timedelta(days=PAUSE_DAYS)
    _note(session, actor, collaboration, "deliver")
    mails.to_brand(session, collaboration, "delivered", base_url=base_url)


def complete(session: Session, actor: Actor, *, collaboration: Collaboration, base_url: str) -> None:
    """Close a delivered collaboration and free what was reserved and not earned; refused while something objects."""
    actor.require(Permission.OFFER_EDIT, collaboration.brand_id)
    for objection in objections(session, MayComplete(collaboration.id)):
        raise Refused(objection)
    _end(session, actor, collaboration, Action.COMPLETE, "")
    mails.to_influencer(session, collaboration, "completed", base_url=base_url)


def cancel(session: Session, actor: Actor, *, collaboration: Collaboration, reason: str, base_url: str) -> None:
    """The brand ends an agreed collaboration early."""
    reason = _brand_reason(actor, collaboration, reason)
    _end(session, actor, collaboration, Action.CANCEL, reason)
    mails.to_influencer(session, collaboration, "cancelled", base_url=base_url, words=reason)


def leave(session: Session, actor: Actor, *, collaboration: Collaboration, reason: str, base_url: str) -> None:
    """The influencer ends an agreed collaboration early."""
    if actor.influencer_id is None or collaboration.influencer_id != actor.influencer_id:
        raise Missing(queries.NOT_HERE)
    reason = required(reason, "reason", REASON_LENGTH)
    _end(session, actor, collaboration, Action.LEAVE, reason)
    mails.to_brand(session, collaboration, "cancelled", base_url=base_url, words=reason)


def replace(session: Session, actor: Actor, *, collaboration: Collaboration, reason: str, base_url: str) -> None:
    """The brand gives the rest of the work to somebody else, who gets an offer in the same transaction."""
    reason = _brand_reason(actor, collaboration, reason, field="replace_reason")
    _end(session, actor, collaboration, Action.REPLACE, reason)
    mails.to_influencer(session, collaboration, "cancelled", base_url=base_url, words=reason)


def earned_so_far(session: Session, collaboration: Collaboration) -> Money:
    """What the books say was earned in money, paid or not, without what was taken back."""
    codes = [plan.pending(collaboration.id), plan.advance(collaboration.id)]
    earned = session.scalar(
        select(-func.coalesce(func.sum(LedgerEntry.amount), 0))
        .join(LedgerTx, LedgerTx.id == LedgerEntry.tx_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(LedgerAccount.brand_id == collaboration.brand_id, LedgerAccount.code.in_(codes))
        .where(LedgerAccount.currency == collaboration.currency, LedgerTx.kind.in_(("accrue", "claw_back")))
    )
    return Money(int(earned or 0), collaboration.currency)


def _brand_reason(actor: Actor, collaboration: Collaboration, reason: str, field: str = "reason") -> str:
    actor.require(Permission.OFFER_EDIT, collaboration.brand_id)
    return required(reason, field, REASON_LENGTH)


def _end(session: Session, actor: Actor, collaboration: Collaboration, action: Action, reason: str) -> None:
    move(session, collaboration, action, actor=actor, reason=reason or None)
    collaboration.end_reason, collaboration.due_at = reason, None
    contract = queries.current_contract(session, collaboration.id)
    if contract:
        in_force = ContractAction.COMPLETE if action is Action.COMPLETE else ContractAction.TERMINATE
        step = in_force if contract.state == ContractState.ACTIVE else ContractAction.VOID
        move(session, contract, step, actor=actor, reason=reason or None)
        contract.end_reason, contract.due_at = reason, None
    publish(session, CollaborationEnded(collaboration.id, collaboration.state))
    _release(session, actor, collaboration)
    _note(session, actor, collaboration, action, reason)


def _release(session: Session, actor: Actor, collaboration: Collaboration) -> None:
    """Free what was committed and not earned."""
    earned = max(0, earned_so_far(session, collaboration).minor)
    rest = collaboration.committed_minor - earned
    if rest <= 0:
        return
    voucher = Voucher(
        brand_id=collaboration.brand_id,
        key=f"release:{collaboration.id}",
        ref=("collaboration", collaboration.id),
        on=today_of(session, collaboration.brand_id),
        by=actor.person_id,
    )
    amount = Money(rest, collaboration.currency)
    release_budget(session, voucher, campaign_id=collaboration.campaign_id, amount=amount)
    collaboration.committed_minor = earned


def _note(session: Session, actor: Actor, collaboration: Collaboration, action: str, reason: str = "") -> None:
    detail = {"reason": reason} if reason else None
    brand_id = collaboration.brand_id
    audit.record(
        session, actor=actor, brand_id=brand_id, action=f"collaboration.{action}", obj=collaboration, detail=detail
    )
