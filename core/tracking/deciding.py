"""What finance decides about a sale in another currency than the terms: credit it by a rate, or leave it.

The amount is fixed when it is decided. Every refund, told before or after, takes back its share of that amount:
whatever the rate, all of them together take exactly what the sale gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from core import audit, typed
from core.accounts.service import required
from core.campaigns.events import MayCompleteCampaign
from core.collaborations.events import MayComplete
from core.collaborations.models import Collaboration
from core.errors import Invalid, Refused
from core.events import publish
from core.money import Money, exponent, half_even
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text
from core.tracking.events import SaleCredited
from core.tracking.lifecycle import SaleState
from core.tracking.models import Refund, Sale
from core.tracking.sales import hold_brand, shares

RATE_DIGITS, SOURCE_LENGTH, REASON_LENGTH = 40, 200, 500
OVER = T("About this sale it has been decided already.")


def quote(session: Session, sale: Sale, rate: Decimal) -> Money:
    """What a sale on hold would count for: units of the terms' currency for one of its own, half-even.

    `Invalid` where nothing or too much would come of it, `Refused` when it is decided already.
    """
    collaboration = session.get(Collaboration, sale.collaboration_id) if sale.collaboration_id else None
    if collaboration is None or sale.state != SaleState.ON_HOLD:
        raise Refused(OVER)
    if not rate.is_finite() or rate <= 0 or len(f"{rate:f}") > RATE_DIGITS:
        raise Invalid(T("Write a rate above zero, with at most %(num)s digits.", num=RATE_DIGITS - 2), "rate")
    currency = collaboration.currency
    minor = half_even(Fraction(sale.amount.decimal) * Fraction(rate) * 10 ** exponent(currency))
    if minor > typed.MOST_MINOR or (sale.amount and not minor):
        raise Invalid(T("By this rate the sale would count for %(amount)s.", amount=Money(minor, currency)), "rate")
    return Money(minor, currency)


def credit(session: Session, actor: Actor, *, sale: Sale, rate: Decimal, source: str, shown: Money) -> None:
    """Let a sale count for the amount that was `shown`; what it earns is booked in the same transaction.

    `Refused` when it is decided already, or when the rate gives another amount than the one shown.
    """
    actor.require(Permission.PAYOUT_APPROVE, sale.brand_id)
    source = required(source, "source", SOURCE_LENGTH)
    hold_brand(session, sale.brand_id)
    session.refresh(sale)
    amount = quote(session, sale, rate)
    if amount != shown:
        raise Refused(T("By this rate it is %(amount)s, not what you were shown. Look again.", amount=amount))
    given = {"credited_minor": amount.minor, "credited_currency": amount.currency}
    _decide(session, sale, SaleState.CREDITED, reason=None, rate=f"{rate:f}", rate_source=source, **given)
    _share_out(sale, session.scalars(select(Refund).where(Refund.sale_id == sale.id).order_by(Refund.id)).all())
    detail = {"order": sale.external_id, "sold": _told(sale.amount), "rate": sale.rate, "source": source}
    _record(session, actor, sale, "sale.credit", {**detail, "credited": _told(amount)})
    if sale.collaboration_id is not None:
        publish(session, SaleCredited(sale.id, sale.collaboration_id, (sale.id,)))


def leave(session: Session, actor: Actor, *, sale: Sale, reason: str) -> None:
    """Credit a sale on hold to nobody, and say why. `Refused` when it is decided already."""
    actor.require(Permission.PAYOUT_APPROVE, sale.brand_id)
    reason = required(reason, "reason", REASON_LENGTH)
    hold_brand(session, sale.brand_id)
    session.refresh(sale)
    why = T("Sold in %(sold)s and left out: %(reason)s", sold=sale.currency, reason=reason)
    _decide(session, sale, SaleState.UNCREDITED, reason=why.to_json())
    _record(session, actor, sale, "sale.leave", {"order": sale.external_id, "reason": reason})


def objections(session: Session, question: MayComplete) -> list[Text]:
    """A sale about which nobody has decided speaks against closing the collaboration."""
    return _undecided(session, Sale.collaboration_id == question.collaboration_id)


def objections_of_campaign(session: Session, question: MayCompleteCampaign) -> list[Text]:
    """The same of all collaborations of a campaign."""
    work = select(Collaboration.id).where(Collaboration.campaign_id == question.campaign_id)
    return _undecided(session, Sale.collaboration_id.in_(work))


def _undecided(session: Session, which: ColumnElement[bool]) -> list[Text]:
    found = session.scalars(select(Sale).where(which, Sale.state == SaleState.ON_HOLD).order_by(Sale.id).limit(5))
    return [
        T("Order %(order)s in %(currency)s is not decided.", order=s.external_id, currency=s.currency) for s in found
    ]


def _decide(session: Session, sale: Sale, state: SaleState, **values: object) -> None:
    """Move a sale off hold; of two at once exactly one succeeds."""
    held = Sale.id == sale.id, Sale.state == SaleState.ON_HOLD
    won = session.connection().execute(update(Sale).where(*held).values(state=state, **values))
    if won.rowcount != 1:
        raise Refused(OVER)
    session.refresh(sale)


def _share_out(sale: Sale, refunds: Sequence[Refund]) -> None:
    parts = shares(sale, 0, [refund.amount_minor for refund in refunds])
    for refund, minor in zip(refunds, parts, strict=True):
        refund.credited_minor, refund.credited_currency = minor, sale.credited_currency


def _told(amount: Money) -> str:
    return f"{amount.decimal:f} {amount.currency}"


def _record(session: Session, actor: Actor, sale: Sale, action: str, detail: dict[str, str]) -> None:
    audit.record(session, actor=actor, brand_id=sale.brand_id, action=action, obj=sale, detail=detail)
