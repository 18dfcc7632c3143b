"""What was paid too much: netted from what is earned next, or written off by finance with a reason."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from core import audit, clock
from core.accounts.calendar import today_of
from core.accounts.models import Brand
from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration
from core.database import public_id
from core.earnings.models import Earning
from core.errors import Invalid, Missing, Refused
from core.influencers.models import Relationship
from core.ledger import postings
from core.ledger.postings import Voucher
from core.money import Money
from core.payouts import contested
from core.payouts.notices import tell_of_debt
from core.permissions import Actor, Permission
from core.plugin_api.text import T

SHOWN = 100
REASON = 300


@dataclass(frozen=True, slots=True)
class Debt:
    """What an influencer was paid too much in one collaboration, above zero."""

    collaboration: Collaboration
    campaign: Campaign
    name: str
    amount: Money


def debts(session: Session, actor: Actor, brand_id: int) -> list[Debt]:
    """A brand's debts, the largest first."""
    actor.require(Permission.MONEY_READ, brand_id)
    rows = session.execute(_owed_back(brand_id).limit(SHOWN))
    return [Debt(place, campaign, name, Money(-int(minor), code)) for place, campaign, name, code, minor in rows]


def get_debt(session: Session, actor: Actor, public_id: str) -> Debt:
    """The debt in a collaboration of a brand in which the actor may approve payouts; raises `Missing`."""
    brands = actor.brands_with(Permission.PAYOUT_APPROVE)
    row = session.execute(_owed_back(*brands).where(Collaboration.public_id == public_id)).first()
    if row is None:
        raise Missing(T("There is no such debt."))
    place, campaign, name, code, minor = row
    return Debt(place, campaign, name, Money(-int(minor), code))


def write_off(session: Session, actor: Actor, collaboration: Collaboration, *, reason: str, base_url: str) -> Earning:
    """Let a debt go: it becomes a cost of the campaign, and the influencer is told why. Returns the row that says so.

    The rows that made it and the one that lets it go sum to zero and are netted from nothing any more.
    Refused while a payment of some of it may have arrived after all.
    """
    actor.require(Permission.PAYOUT_APPROVE, collaboration.brand_id)
    reason = " ".join(reason.split())
    if not reason or len(reason) > REASON:
        words = T("Use at most %(count)s characters.", count=REASON) if reason else T("Say why it is written off.")
        raise Invalid(words, "reason")
    brand = session.get_one(Brand, collaboration.brand_id, with_for_update=True)  # as `prepare_run` does
    contested.refuse_debt(session, collaboration.id)
    rows = list(session.scalars(_payable(collaboration.id).with_for_update()))
    debt = -sum(row.amount_minor for row in rows)
    if debt <= 0:
        raise Refused(T("There is no debt here any more."))
    gone = _adjustment(rows[-1], debt, brand, reason)
    session.add(gone)
    session.flush()
    mine = Earning.id.in_([row.id for row in rows])
    taken = session.execute(update(Earning).where(mine, Earning.state == "payable").values(state="written_off"))
    if taken.rowcount != len(rows):  # type: ignore[attr-defined]
        raise Refused(T("Somebody else was faster. Reload the page and look again."))
    voucher = Voucher(
        brand.id, f"write_off:{gone.public_id}", ("earning", gone.id), today_of(session, brand.id), actor.person_id
    )
    tx = postings.write_off(
        session, voucher, campaign_id=collaboration.campaign_id, collab_id=collaboration.id, amount=gone.amount
    )
    gone.ledger_tx_id = tx.id
    detail = {"reason": reason, "amount": debt, "currency": gone.currency}
    audit.record(session, actor=actor, brand_id=brand.id, action="earning.write_off", obj=gone, detail=detail)
    tell_of_debt(session, collaboration.influencer_id, brand, gone.amount, reason, base_url)
    return gone


def _payable(collaboration_id: int) -> Select[Earning]:
    return (
        select(Earning)
        .where(Earning.collaboration_id == collaboration_id, Earning.state == "payable", Earning.settles == "cash")
        .order_by(Earning.id)
    )


def _owed_back(*brand_ids: int) -> Select[Collaboration, Campaign, str, str, int]:
    sums = (
        select(Earning.collaboration_id, Earning.currency, func.sum(Earning.amount_minor).label("minor"))
        .where(Earning.brand_id.in_(brand_ids), Earning.state == "payable", Earning.settles == "cash")
        .group_by(Earning.collaboration_id, Earning.currency)
        .having(func.sum(Earning.amount_minor) < 0)
        .subquery()
    )
    return (
        select(Collaboration, Campaign, Relationship.display_name, sums.c.currency, sums.c.minor)
        .join(sums, sums.c.collaboration_id == Collaboration.id)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .join(Relationship, Relationship.id == Collaboration.relationship_id)
        .order_by(sums.c.minor, Collaboration.id)
    )


def _adjustment(like: Earning, minor: int, brand: Brand, reason: str) -> Earning:
    """The row that lets a debt go. No payment model made it, and none takes it back."""
    name = public_id()
    return Earning(
        public_id=name,
        brand_id=like.brand_id,
        collaboration_id=like.collaboration_id,
        component_id=like.component_id,
        line_key=f"write_off:{name}",
        kind="adjustment",
        amount_minor=minor,
        currency=like.currency,
        settles=like.settles,
        state="written_off",
        reason=T("Written off by %(brand)s: %(reason)s", brand=brand.name, reason=reason).to_json(),
        model_version=like.model_version,
        earned_at=clock.now(),
    )
