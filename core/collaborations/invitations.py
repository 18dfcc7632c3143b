"""From a link to an influencer: an invitation renewed and opened, and its collaboration tied to whoever opened it."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from core import audit, clock
from core.accounts.models import Person
from core.accounts.service import PRIVACY_VERSION, digest, required
from core.campaigns.models import Campaign
from core.collaborations import mails, queries, versions
from core.collaborations.lifecycle import OPEN
from core.collaborations.models import Collaboration
from core.errors import Invalid, Missing, Refused
from core.influencers.models import Influencer, Relationship
from core.permissions import Actor, Permission
from core.places import COUNTRIES
from core.plugin_api.text import T

CLAIMED = T("Another account has opened this invitation already. Sign in with that one, or ask the brand for help.")


def open_invitation(session: Session, token: str) -> Collaboration:
    """The collaboration that a link leads to, with campaign and brand; an unknown or old link is `Missing`."""
    found = session.scalar(
        select(Collaboration)
        .options(
            joinedload(Collaboration.campaign, innerjoin=True).joinedload(Campaign.brand, innerjoin=True),
            joinedload(Collaboration.person, innerjoin=True),
        )
        .where(Collaboration.invitation_hash == digest(token))
    )
    if found is None or (found.influencer_id is None and found.invitation_expires_at <= clock.now()):
        raise Missing(T("This invitation has ended, or there is a newer one. Ask the brand for a new link."))
    return found


def mark_opened(session: Session, collaboration_id: int) -> None:
    """Keep when an invitation was first opened."""
    session.execute(
        update(Collaboration)
        .where(Collaboration.id == collaboration_id, Collaboration.invitation_viewed_at.is_(None))
        .values(invitation_viewed_at=clock.now())
    )


def new_link(session: Session, actor: Actor, *, collaboration: Collaboration, base_url: str) -> str:
    """A fresh invitation link for somebody who has not opened theirs; the earlier one stops working."""
    actor.require(Permission.OFFER_EDIT, collaboration.brand_id)
    if collaboration.influencer_id is not None or collaboration.state not in OPEN:
        raise Refused(T("The invitation is answered already; a link is no longer needed."))
    versions.record(session, actor, collaboration, "link", queries.current_offer(session, collaboration.id))
    return mails.invitation_link(session, collaboration, base_url)


def enroll(session: Session, person: Person, *, display_name: str, country: str, accept_privacy: bool) -> Influencer:
    """The person's own influencer record, made at first sight; needs the privacy notice accepted."""
    found = session.scalar(select(Influencer).where(Influencer.person_id == person.id))
    if found:
        return found
    if not person.privacy_accepted_at:
        if not accept_privacy:
            raise Invalid(T("Read the privacy notice and accept it to go on."), "privacy")
        person.privacy_accepted_at, person.privacy_version = clock.now(), PRIVACY_VERSION
    if country not in COUNTRIES:
        raise Invalid(T("Choose a country of the list."), "country")
    made = Influencer(person_id=person.id, display_name=required(display_name, "name"), country=country)
    session.add(made)
    session.flush()
    return made


def attach_influencer(session: Session, collaboration: Collaboration, influencer: Influencer) -> None:
    """Tie a collaboration, its relationship and the other offers to that person to an account; once and for all."""
    known = session.get_one(Relationship, collaboration.relationship_id, with_for_update=True, populate_existing=True)
    taken = {collaboration.influencer_id, known.influencer_id} - {None, influencer.id}
    if taken:
        raise Refused(CLAIMED)
    if collaboration.influencer_id == influencer.id:
        return
    known.influencer_id = collaboration.influencer_id = influencer.id
    session.flush()
    session.execute(
        update(Collaboration)
        .where(Collaboration.relationship_id == known.id, Collaboration.influencer_id.is_(None))
        .values(influencer_id=influencer.id)
    )
    who = Actor(influencer.person_id, influencer.display_name, influencer_id=influencer.id)
    audit.record(session, actor=who, brand_id=collaboration.brand_id, action="invitation.claim", obj=collaboration)
