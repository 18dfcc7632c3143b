"""The verbs of an offer: send, see, accept, decline, counter, revise, withdraw, make room, and time running out.

Only the newest version can be answered, and only once: each answer moves that version's state by
compare-and-set, so of two answers at the same moment one is told that somebody was faster.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.accounts.service import digest, required
from core.campaigns.lifecycle import OPEN as TAKES_OFFERS
from core.campaigns.models import Campaign
from core.collaborations import contracts, endings, mails, queries, room, terms, versions
from core.collaborations.contracts import sign
from core.collaborations.invitations import attach_influencer, enroll, mark_opened, new_link, open_invitation
from core.collaborations.lifecycle import DECLINE_REASONS, ENDED_EARLY, OPEN, Action, OfferAction, OfferState
from core.collaborations.models import Collaboration, Contract, Offer
from core.deals.evaluate import AnyDeal
from core.errors import Invalid, Missing, Refused
from core.influencers.models import Relationship
from core.lifecycle import begin, move
from core.permissions import SYSTEM, Actor, Permission
from core.plugin_api.text import T
from core.plugin_host.contexts import for_brand
from core.plugin_host.host import PluginHost

__all__ = [
    "accept",
    "answer_counter",
    "attach_influencer",
    "counter",
    "decline",
    "enroll",
    "expire_due",
    "mark_opened",
    "mark_viewed",
    "new_link",
    "offer_again",
    "open_invitation",
    "revise",
    "send_offer",
    "sign",
    "withdraw",
]


def send_offer(
    session: Session,
    actor: Actor,
    *,
    host: PluginHost,
    campaign: Campaign,
    relationship: Relationship,
    components: AnyDeal,
    deliverables: versions.Rows,
    base_url: str,
    message: str = "",
    unvetted_reason: str = "",
    replaces: Collaboration | None = None,
    replace_reason: str = "",
    by_mail: bool = True,
) -> tuple[Collaboration, str]:
    """Open a collaboration with its first offer; returns it and the invitation's link, which is shown only now.

    With `replaces`, that collaboration ends in the same step and this one takes over the rest of its work.
    """
    actor.require(Permission.OFFER_EDIT, campaign.brand_id)
    _may_offer(session, campaign, relationship, unvetted_reason)
    host = for_brand(session, host, campaign.brand_id)
    if replaces is not None:
        _same_campaign(replaces, campaign, relationship)
        endings.replace(session, actor, collaboration=replaces, reason=replace_reason, base_url=base_url)
    version = versions.checked(session, host, campaign, components, deliverables, message, by="brand")
    cap = terms.reserved(host, version.deal, version.deliverables, campaign.currency)
    contracts.check_budget(session, actor, campaign, cap)
    expires = clock.now() + timedelta(days=campaign.offer_days)
    token = secrets.token_urlsafe(24)
    made = Collaboration(
        brand_id=campaign.brand_id,
        campaign_id=campaign.id,
        relationship_id=relationship.id,
        influencer_id=relationship.influencer_id,
        contact_id=actor.person_id,
        due_at=expires,
        invitation_hash=digest(token),
        invitation_expires_at=expires,
        unvetted_reason=unvetted_reason.strip()[:300] if relationship.vetting_state != "passed" else "",
        replaces_id=replaces.id if replaces else None,
        currency=campaign.currency,
    )
    session.add(made)
    begin(session, made, actor=actor)
    versions.add(session, actor, made, version, "brand", expires)
    link = f"{base_url}/portal/i/{token}"
    if by_mail:
        mails.to_influencer(session, made, "offer", base_url=base_url, words=version.message, link=link)
    return made, link


def _may_offer(session: Session, campaign: Campaign, relationship: Relationship, unvetted_reason: str) -> None:
    if relationship.brand_id != campaign.brand_id:
        raise Missing(T("There is no such influencer."))
    if campaign.state not in TAKES_OFFERS:
        raise Refused(T("Launch the campaign before you send offers."))
    if relationship.archived_at:
        raise Refused(T("This influencer is archived."))
    if relationship.vetting_state != "passed" and not unvetted_reason.strip():
        raise Invalid(T("Say why you invite somebody who has not passed the vetting."), "unvetted_reason")
    live = select(Collaboration.id).where(
        Collaboration.campaign_id == campaign.id,
        Collaboration.relationship_id == relationship.id,
        Collaboration.state.not_in(ENDED_EARLY),
    )
    if session.scalar(live.limit(1)):
        raise Refused(T("%(name)s is in this campaign already.", name=relationship.display_name))


def _same_campaign(replaced: Collaboration, campaign: Campaign, relationship: Relationship) -> None:
    if replaced.campaign_id != campaign.id or replaced.relationship_id == relationship.id:
        raise Refused(T("Choose another person of the same campaign."))


def mark_viewed(session: Session, actor: Actor, *, collaboration: Collaboration) -> None:
    """The influencer has the newest version open; kept the first time."""
    offer = queries.current_offer(session, collaboration.id)
    if offer.state == OfferState.SENT and offer.proposed_by == "brand":
        move(session, offer, OfferAction.VIEW, actor=actor)


def accept(
    session: Session, actor: Actor, *, collaboration: Collaboration, number: int, host: PluginHost, base_url: str
) -> Contract | None:
    """The influencer agrees to the brand's newest version; a contract comes of it.

    None when the budget cannot bear it: then it is the brand's turn, and the brand has been told.
    """
    offer = _mine_to_answer(session, actor, collaboration, number)
    host = for_brand(session, host, collaboration.brand_id)
    cap = terms.reserved(host, offer.components, offer.deliverables, collaboration.currency)
    if room.beyond(session, collaboration, cap):
        room.ask(session, actor, collaboration, offer, cap, base_url)
        versions.record(session, actor, collaboration, "ask_room", offer)
        return None
    contract = _agree(session, actor, collaboration, offer, host)
    mails.to_brand(session, collaboration, "agreed", base_url=base_url)
    return contract


def decline(
    session: Session,
    actor: Actor,
    *,
    collaboration: Collaboration,
    number: int,
    reason: str,
    words: str = "",
    base_url: str,
) -> None:
    """The influencer says no, for a reason of the catalogue and in words if they like."""
    if reason not in DECLINE_REASONS:
        raise Invalid(T("Choose a reason of the list."), "reason")
    offer = _mine_to_answer(session, actor, collaboration, number)
    versions.answer(session, actor, offer, OfferAction.DECLINE, words.strip()[: versions.MESSAGE_LENGTH])
    collaboration.end_reason = reason
    _close(session, actor, collaboration, Action.DECLINE, reason)
    versions.record(session, actor, collaboration, "decline", offer, reason=reason)
    mails.to_brand(
        session, collaboration, "declined", base_url=base_url, words=words.strip() or DECLINE_REASONS[reason]
    )


def counter(
    session: Session,
    actor: Actor,
    *,
    collaboration: Collaboration,
    number: int,
    components: AnyDeal,
    deliverables: versions.Rows,
    message: str,
    host: PluginHost,
    base_url: str,
) -> Offer:
    """The influencer answers with a version of their own, and says why."""
    offer = _mine_to_answer(session, actor, collaboration, number)
    if not message.strip():
        raise Invalid(T("Say in a few words what you would like to change."), "message")
    campaign = session.get_one(Campaign, collaboration.campaign_id)
    version = versions.checked(session, host, campaign, components, deliverables, message, by="influencer")
    if (version.deal.to_json(), version.deliverables) == (offer.components, offer.deliverables):
        raise Invalid(T("This is the same as the offer. Change something, or accept it."), "message")
    versions.answer(session, actor, offer, OfferAction.COUNTER)
    move(session, collaboration, Action.COUNTER, actor=actor, basis=f"offer:{number}")
    made = versions.add(
        session, actor, collaboration, version, "influencer", clock.now() + timedelta(days=campaign.offer_days)
    )
    mails.to_brand(session, collaboration, "countered", base_url=base_url, words=version.message)
    return made


def answer_counter(
    session: Session, actor: Actor, *, collaboration: Collaboration, number: int, host: PluginHost, base_url: str
) -> Contract:
    """The brand agrees to the influencer's version; a contract comes of it."""
    actor.require(Permission.OFFER_EDIT, collaboration.brand_id)
    offer = versions.newest(session, collaboration, number, "influencer")
    contract = _agree(session, actor, collaboration, offer, host)
    mails.to_influencer(session, collaboration, "agreed", base_url=base_url)
    return contract


def revise(
    session: Session,
    actor: Actor,
    *,
    collaboration: Collaboration,
    number: int,
    components: AnyDeal,
    deliverables: versions.Rows,
    host: PluginHost,
    base_url: str,
    message: str = "",
) -> Offer:
    """The brand makes a new version, in answer to a counter-offer or in place of its own unanswered one."""
    actor.require(Permission.OFFER_EDIT, collaboration.brand_id)
    offer = versions.newest(session, collaboration, number)
    host = for_brand(session, host, collaboration.brand_id)
    campaign = session.get_one(Campaign, collaboration.campaign_id)
    version = versions.checked(session, host, campaign, components, deliverables, message, by="brand")
    cap = terms.reserved(host, version.deal, version.deliverables, campaign.currency)
    contracts.check_budget(session, actor, campaign, cap)
    own = offer.proposed_by == "brand"
    versions.answer(session, actor, offer, OfferAction.WITHDRAW if own else OfferAction.COUNTER)
    move(session, collaboration, Action.REVISE, actor=actor, basis=f"offer:{number}")
    collaboration.invitation_expires_at = expires = clock.now() + timedelta(days=campaign.offer_days)
    made = versions.add(session, actor, collaboration, version, "brand", expires)
    mails.to_influencer(session, collaboration, "new_version", base_url=base_url, words=version.message)
    return made


def withdraw(
    session: Session, actor: Actor, *, collaboration: Collaboration, number: int, reason: str = "", base_url: str
) -> None:
    """The brand takes its offer back, or does not go on with a counter-offer."""
    actor.require(Permission.OFFER_EDIT, collaboration.brand_id)
    offer = versions.newest(session, collaboration, number)
    words = required(reason, "reason", endings.REASON_LENGTH) if reason.strip() else ""
    versions.answer(session, actor, offer, OfferAction.WITHDRAW, words)
    collaboration.end_reason = words
    _close(session, actor, collaboration, Action.WITHDRAW, words)
    versions.record(session, actor, collaboration, "withdraw", offer)
    mails.to_influencer(session, collaboration, "withdrawn", base_url=base_url, words=words)


def offer_again(session: Session, actor: Actor, *, collaboration: Collaboration, base_url: str) -> None:
    """The brand has made room: the influencer is told that the offer can be accepted now."""
    actor.require(Permission.OFFER_EDIT, collaboration.brand_id)
    campaign = session.get_one(Campaign, collaboration.campaign_id)
    contracts.check_budget(session, actor, campaign, collaboration.asked)
    offer = room.give(session, actor, collaboration, base_url)
    versions.record(session, actor, collaboration, "give_room", offer)


def expire_due(session: Session, base_url: str) -> int:
    """End the offers whose time is over and tell both sides; returns how many."""
    overdue = queries.overdue(session)
    for offer in overdue:
        collaboration = session.get_one(Collaboration, offer.collaboration_id)
        move(session, offer, OfferAction.EXPIRE, actor=SYSTEM)
        if collaboration.state in OPEN:
            _close(session, SYSTEM, collaboration, Action.EXPIRE, "")
            mails.to_influencer(session, collaboration, "expired", base_url=base_url)
            mails.to_brand(session, collaboration, "expired", base_url=base_url)
    return len(overdue)


def _mine_to_answer(session: Session, actor: Actor, collaboration: Collaboration, number: int) -> Offer:
    if actor.influencer_id is None or collaboration.influencer_id != actor.influencer_id:
        raise Missing(queries.NOT_HERE)
    return versions.newest(session, collaboration, number, "brand")


def _agree(session: Session, actor: Actor, collaboration: Collaboration, offer: Offer, host: PluginHost) -> Contract:
    versions.answer(session, actor, offer, OfferAction.ACCEPT)
    contract = contracts.agree(session, actor, collaboration, offer, host=host)
    versions.record(session, actor, collaboration, "accept", offer)
    return contract


def _close(session: Session, actor: Actor, collaboration: Collaboration, action: Action, reason: str) -> None:
    move(session, collaboration, action, actor=actor, reason=reason or None)
    collaboration.due_at = None
