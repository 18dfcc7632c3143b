"""Gifts as pay: an address, a parcel, a confirmation. What arrived is booked as value, never as cash."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, clock
from core.accounts.models import Influencer
from core.accounts.service import required
from core.collaborations.events import CollaborationEnded, MayComplete
from core.collaborations.models import Collaboration, Contract, Offer
from core.errors import Invalid, Missing
from core.events import publish
from core.i18n import country
from core.lifecycle import begin, move
from core.permissions import SYSTEM, Actor, Permission
from core.places import check_postcode
from core.plugin_api.deal import Deal
from core.plugin_api.text import T, Text
from core.tracking import notices
from core.tracking.events import GiftDelivered
from core.tracking.lifecycle import GiftAction, GiftState
from core.tracking.models import Gift

MODEL = "gifting"
ADDRESS_DAYS, SHIP_DAYS, ARRIVE_DAYS = 7, 5, 14
ADDRESS = {"name": 120, "street": 160, "postcode": 20, "city": 80, "country": 2, "phone": 40}
OPTIONAL = frozenset({"phone"})
REASON_LENGTH = 300


def create_gifts(session: Session, collaboration_id: int, *, base_url: str) -> list[Gift]:
    """One gift for each gifting component of the signed offer, and a mail that asks where to. Done once."""
    known = session.scalar(select(Gift.id).where(Gift.collaboration_id == collaboration_id).limit(1))
    offer = session.scalar(
        select(Offer)
        .join(Contract, Contract.offer_id == Offer.id)
        .where(Contract.collaboration_id == collaboration_id, Contract.state == "active")
    )
    if known or offer is None:
        return []
    made = [
        Gift(
            brand_id=offer.brand_id,
            collaboration_id=collaboration_id,
            component_id=component.id,
            product=component.terms.text("product")[:200],
            value_minor=component.terms.money("value").minor,
            currency=component.terms.currency,
            value_source=component.terms.text("value_source"),
            due_at=clock.now() + timedelta(days=ADDRESS_DAYS),
        )
        for component in Deal.of(offer.components).components
        if component.model == MODEL
    ]
    session.add_all(made)
    for gift in made:
        begin(session, gift, actor=SYSTEM, basis=f"offer:{offer.number}")
        notices.to_influencer(session, gift, "address", base_url=base_url)
    return made


def give_address(
    session: Session, actor: Actor, *, gift: Gift, address: Mapping[str, str | None], base_url: str
) -> None:
    """The influencer says where to; until it is sent, they may correct it."""
    _own(session, actor, gift)
    checked = {key: _part(key, address.get(key) or "") for key in ADDRESS}
    checked["postcode"] = check_postcode(checked["country"], checked["postcode"])
    move(session, gift, GiftAction.GIVE_ADDRESS, actor=actor)
    gift.address, gift.due_at = checked, clock.now() + timedelta(days=SHIP_DAYS)
    _record(session, actor, gift, "address")
    notices.to_brand(session, gift, "address", base_url=base_url)


def ship(session: Session, actor: Actor, *, gift: Gift, sent_on: date, tracking: str = "", base_url: str) -> None:
    """The brand has sent it."""
    actor.require(Permission.OFFER_EDIT, gift.brand_id)
    if sent_on > clock.today() + timedelta(days=1):
        raise Invalid(T("This day is still to come."), "sent_on")
    if len(tracking) > 200:
        raise Invalid(T("Use at most %(count)s characters.", count=200), "tracking")
    move(session, gift, GiftAction.SHIP, actor=actor)
    gift.sent_on, gift.tracking, gift.sent_by_id = sent_on, tracking.strip(), actor.person_id
    gift.due_at = clock.now() + timedelta(days=ARRIVE_DAYS)
    _record(session, actor, gift, "ship")
    notices.to_influencer(session, gift, "shipped", base_url=base_url)


def confirm(session: Session, actor: Actor, *, gift: Gift, received_on: date, base_url: str) -> None:
    """It arrived: the influencer says so, or the brand by the carrier's word. Its value is earned."""
    by_brand = actor.may(Permission.OFFER_EDIT, gift.brand_id)
    if not by_brand:
        _own(session, actor, gift)
    if received_on > clock.today() + timedelta(days=1):
        raise Invalid(T("This day is still to come."), "received_on")
    if gift.sent_on and received_on < gift.sent_on:
        raise Invalid(T("It was sent later than that."), "received_on")
    move(session, gift, GiftAction.RECEIVE, actor=actor)
    gift.received_on, gift.delivered_at, gift.due_at = received_on, clock.now(), None
    _record(session, actor, gift, "receive")
    publish(session, GiftDelivered(gift.id, gift.collaboration_id))
    tell = notices.to_influencer if by_brand else notices.to_brand
    tell(session, gift, "received", base_url=base_url)


def not_arrived(session: Session, actor: Actor, *, gift: Gift, words: str = "", base_url: str) -> None:
    """The influencer waits in vain; the brand has to send it again."""
    _own(session, actor, gift)
    words = words.strip()[:REASON_LENGTH]
    move(session, gift, GiftAction.MISS, actor=actor, reason=words or None)
    gift.due_at, gift.sent_on, gift.tracking = clock.now() + timedelta(days=SHIP_DAYS), None, ""
    _record(session, actor, gift, "miss")
    notices.to_brand(session, gift, "missing", base_url=base_url, words=words)


def take_back(session: Session, actor: Actor, *, gift: Gift, reason: str, base_url: str) -> None:
    """It came back to the brand; a value that was earned is taken off."""
    actor.require(Permission.OFFER_EDIT, gift.brand_id)
    words = required(reason, "reason", REASON_LENGTH)
    earned = gift.state == GiftState.DELIVERED
    move(session, gift, GiftAction.RETURN, actor=actor, reason=words)
    gift.due_at = None
    _record(session, actor, gift, "return")
    if earned:
        publish(session, GiftDelivered(gift.id, gift.collaboration_id))
    notices.to_influencer(session, gift, "returned", base_url=base_url, words=words)


def on_ended(session: Session, event: CollaborationEnded) -> None:
    """What was not sent is not sent any more; what is on its way may still arrive."""
    for gift in gifts_of(session, event.collaboration_id):
        if gift.state in (GiftState.ADDRESS_MISSING, GiftState.APPROVED):
            move(session, gift, GiftAction.CANCEL, actor=SYSTEM)
            gift.due_at = None


def objections(session: Session, question: MayComplete) -> list[Text]:
    """A gift that is owed, or on its way, speaks against closing."""
    return [
        T("The gift “%(product)s” has not arrived yet.", product=gift.product)
        for gift in gifts_of(session, question.collaboration_id)
        if gift.state in (GiftState.APPROVED, GiftState.SHIPPED)
    ]


def gifts_of(session: Session, collaboration_id: int) -> list[Gift]:
    """The gifts of a collaboration."""
    return list(session.scalars(select(Gift).where(Gift.collaboration_id == collaboration_id).order_by(Gift.id)))


def get_for_influencer(session: Session, actor: Actor, public_id: str) -> Gift:
    """A gift of the influencer; another's is `Missing`."""
    gift = session.scalar(
        select(Gift)
        .join(Collaboration, Collaboration.id == Gift.collaboration_id)
        .where(
            Gift.public_id == public_id,
            Collaboration.influencer_id == actor.influencer_id,
            Collaboration.influencer_id.is_not(None),
        )
    )
    return _found(gift)


def get_for_brand(
    session: Session, actor: Actor, public_id: str, permission: Permission = Permission.OFFER_READ
) -> Gift:
    """A gift of a brand in which the actor holds the permission; another's is `Missing`."""
    mine = Gift.brand_id.in_(actor.brands_with(permission))
    return _found(session.scalar(select(Gift).where(Gift.public_id == public_id, mine)))


def known_address(session: Session, actor: Actor, gift: Gift) -> dict[str, str]:
    """What to fill in first: the address of this gift, else the last that the influencer gave, else their name."""
    if gift.address:
        return gift.address
    latest = session.scalar(
        select(Gift)
        .join(Collaboration, Collaboration.id == Gift.collaboration_id)
        .where(Collaboration.influencer_id == actor.influencer_id, Gift.state != GiftState.ADDRESS_MISSING)
        .order_by(Gift.id.desc())
        .limit(1)
    )
    if latest and latest.address:
        return latest.address
    own = session.get_one(Influencer, actor.influencer_id)
    return {"name": own.display_name, "country": own.country}


def _found(gift: Gift | None) -> Gift:
    if gift is None:
        raise Missing(T("There is no such gift."))
    return gift


def _own(session: Session, actor: Actor, gift: Gift) -> None:
    owner = session.scalar(select(Collaboration.influencer_id).where(Collaboration.id == gift.collaboration_id))
    if owner is None or owner != actor.influencer_id:
        raise Missing(T("There is no such gift."))


def _part(key: str, value: str) -> str:
    value = " ".join(value.split())
    if not value and key in OPTIONAL:
        return ""
    checked = required(value, key, ADDRESS[key])
    if key == "country" and country(checked) == checked:
        raise Invalid(T("Choose a country of the list."), key)
    return checked


def _record(session: Session, actor: Actor, gift: Gift, deed: str) -> None:
    audit.record(session, actor=actor, brand_id=gift.brand_id, action=f"gift.{deed}", obj=gift)
