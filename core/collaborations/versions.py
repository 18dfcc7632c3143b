"""A version of an offer: checked and added to its collaboration; found when it is answered, and answered once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core import audit, clock
from core.campaigns.models import Campaign
from core.campaigns.queries import latest_brief
from core.collaborations import queries, reading, terms
from core.collaborations.lifecycle import OfferAction, OfferState
from core.collaborations.models import Collaboration, Offer
from core.deals.evaluate import AnyDeal
from core.errors import Invalid, Refused
from core.lifecycle import begin, move
from core.money import Money
from core.permissions import Actor
from core.plugin_api.deal import Deal
from core.plugin_api.text import T
from core.plugin_host.contexts import for_brand
from core.plugin_host.host import PluginHost
from core.plugin_host.service import switches

MESSAGE_LENGTH = 4000
Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Version:
    """What a version says, checked; `asked` is the most it can pay, None when a model cannot tell."""

    deal: Deal
    deliverables: list[dict[str, Any]]
    message: str
    brief_number: int
    asked: Money | None


def checked(
    session: Session,
    host: PluginHost,
    campaign: Campaign,
    components: AnyDeal,
    deliverables: Rows,
    message: str,
    *,
    by: str,
) -> Version:
    """A version that can be sent. What the brand has switched off it may not offer; who answers an offer may."""
    brief = latest_brief(session, campaign.id)
    if brief is None:
        raise Refused(T("The campaign has no brief yet."))
    if len(message) > MESSAGE_LENGTH:
        raise Invalid(T("Use at most %(count)s characters.", count=MESSAGE_LENGTH), "message")
    host = for_brand(session, host, campaign.brand_id)
    on = switches(session, campaign.brand_id) if by == "brand" else {}
    deal = terms.checked_deal(host, components, campaign.currency, on)
    work = terms.checked_deliverables(deliverables)
    asked = reading.cap_or_none(host, deal, work, campaign.currency)
    return Version(deal, work, message.strip(), brief.number, asked)


def add(
    session: Session, actor: Actor, collaboration: Collaboration, version: Version, by: str, expires: datetime
) -> Offer:
    """Make a version the newest of a collaboration: it waits for the other side's answer until it expires."""
    before = queries.offers_of(session, collaboration.id)
    offer = Offer(
        brand_id=collaboration.brand_id,
        collaboration_id=collaboration.id,
        number=before[0].number + 1 if before else 1,
        proposed_by=by,
        components=version.deal.to_json(),
        deliverables=version.deliverables,
        brief_number=version.brief_number,
        message=version.message,
        expires_at=expires,
    )
    session.add(offer)
    begin(session, offer, actor=actor, basis=f"brief:{offer.brief_number}")
    collaboration.due_at = expires
    collaboration.asked_minor = version.asked.minor if version.asked else 0
    record(session, actor, collaboration, "send" if by == "brand" else "counter", offer)
    return offer


def newest(session: Session, collaboration: Collaboration, number: int, by: str | None = None) -> Offer:
    """The version that was read, if it is still the newest, in time, and the right side's to answer."""
    offer = queries.current_offer(session, collaboration.id)
    if offer.number != number or (by and offer.proposed_by != by):
        raise Refused(T("There is a newer version of this offer. Read it first."))
    if offer.state not in (OfferState.SENT, OfferState.VIEWED):
        raise Refused(T("This offer has been answered already."))
    if by and offer.expires_at <= clock.now():
        raise Refused(T("The time to answer this offer is over. Ask for a new one."))
    return offer


def answer(session: Session, actor: Actor, offer: Offer, action: OfferAction, words: str = "") -> None:
    """Answer a version, or take it back; of two at the same moment one is `Refused`."""
    move(session, offer, action, actor=actor, reason=words[:1000] or None)
    offer.answer, offer.answered_at = words, clock.now()


def record(
    session: Session, actor: Actor, collaboration: Collaboration, deed: str, offer: Offer, **detail: object
) -> None:
    """Keep who did what with which version."""
    audit.record(
        session,
        actor=actor,
        brand_id=collaboration.brand_id,
        action=f"offer.{deed}",
        obj=collaboration,
        detail={"number": offer.number, **detail},
    )
