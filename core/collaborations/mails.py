"""Every change is told to the other side, in their language, with a link."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import Brand, Membership, Person
from core.accounts.service import digest
from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration
from core.i18n import DEFAULT_LOCALE, LOCALES
from core.influencers.models import Influencer, Relationship
from core.mail import Mail, send
from core.permissions import Role
from core.places import COUNTRIES
from core.plugin_api.text import T, Text

TO_INFLUENCER: dict[str, tuple[Text, Text]] = {
    "offer": (
        T("%(brand)s offers you a collaboration"),
        T("%(brand)s would like to work with you in the campaign “%(campaign)s”. Read what they offer and answer."),
    ),
    "new_version": (
        T("A new offer from %(brand)s"),
        T("%(brand)s has changed its offer for “%(campaign)s”. Only this newest version can be answered."),
    ),
    "agreed": (
        T("%(brand)s accepted your counter-offer"),
        T("You agree on “%(campaign)s”. The contract is ready to be read and signed."),
    ),
    "room": (
        T("%(brand)s has made room for your offer"),
        T("The budget of “%(campaign)s” now has room for the offer that you wanted to accept. Accept it again."),
    ),
    "withdrawn": (
        T("%(brand)s withdrew its offer"),
        T("The offer for “%(campaign)s” is withdrawn. You need not do anything."),
    ),
    "expired": (T("An offer of %(brand)s has expired"), T("The time to answer the offer for “%(campaign)s” is over.")),
    "signed": (T("%(brand)s signed the contract"), T("The contract for “%(campaign)s” is signed by %(brand)s.")),
    "paused": (
        T("A collaboration is paused"),
        T("%(brand)s paused “%(campaign)s”. Nothing is due from you until it goes on."),
    ),
    "resumed": (T("A collaboration goes on"), T("%(brand)s continues “%(campaign)s”. Look at your dates.")),
    "completed": (
        T("A collaboration is completed"),
        T("%(brand)s closed “%(campaign)s”. What you earned is paid on its due days."),
    ),
    "cancelled": (
        T("%(brand)s ended a collaboration"),
        T("%(brand)s ended “%(campaign)s” early. What you have earned so far is paid on its due days."),
    ),
}
TO_BRAND: dict[str, tuple[Text, Text]] = {
    "agreed": (
        T("%(name)s accepted your offer"),
        T("%(name)s accepted the offer for “%(campaign)s”. The contract is ready to be signed."),
    ),
    "no_room": (
        T("The offer to %(name)s needs more budget"),
        T(
            "%(name)s wants to accept the offer for “%(campaign)s”, but %(missing)s are missing in the budget. "
            "Raise it, change the offer or withdraw it."
        ),
    ),
    "declined": (T("%(name)s declined your offer"), T("%(name)s declined the offer for “%(campaign)s”.")),
    "countered": (
        T("%(name)s made a counter-offer"),
        T("%(name)s answered the offer for “%(campaign)s” with other terms. Accept them, change them or withdraw."),
    ),
    "expired": (T("An offer to %(name)s has expired"), T("The time to answer the offer for “%(campaign)s” is over.")),
    "signed": (T("%(name)s signed the contract"), T("The contract for “%(campaign)s” is signed by %(name)s.")),
    "cancelled": (
        T("%(name)s ended a collaboration"),
        T("%(name)s ended “%(campaign)s” early. What was earned so far stays owed; the rest is free again."),
    ),
    "delivered": (
        T("%(name)s has delivered everything"),
        T("All content of %(name)s for “%(campaign)s” is live. Look at it and close the collaboration."),
    ),
}
PAGES = {"agreed": "contract", "signed": "contract"}


def to_influencer(
    session: Session,
    collaboration: Collaboration,
    kind: str,
    *,
    base_url: str,
    words: str | Text = "",
    link: str | None = None,
) -> None:
    """Tell the influencer; one without an account gets the invitation's link, one without an address nothing."""
    contact = _influencer_contact(session, collaboration)
    if contact is None:
        return
    page = f"{base_url}/portal/offers/{collaboration.public_id}"
    if kind in PAGES:
        page += f"/{PAGES[kind]}"
    if collaboration.influencer_id is None:
        page = link or invitation_link(session, collaboration, base_url)
    address, name, locale = contact
    mail = _compose(session, TO_INFLUENCER[kind], f"collaboration_{kind}", collaboration, page, words)
    send(session, mail, to=address, name=name, locale=locale, brand_id=collaboration.brand_id)


def to_brand(
    session: Session, collaboration: Collaboration, kind: str, *, base_url: str, words: str | Text = "", **told: Any
) -> None:
    """Tell whoever made the offer, or the owners when that person is gone; `told` are further words of the kind."""
    page = f"{base_url}/admin/collaborations/{collaboration.public_id}"
    mail = _compose(session, TO_BRAND[kind], f"collaboration_{kind}", collaboration, page, words, **told)
    for person in _brand_contacts(session, collaboration):
        send(session, mail, to=person.email, name=person.name, locale=person.locale, brand_id=collaboration.brand_id)


def invitation_link(session: Session, collaboration: Collaboration, base_url: str) -> str:
    """A fresh link; an earlier one stops working. Only its hash is kept."""
    token = secrets.token_urlsafe(24)
    collaboration.invitation_hash = digest(token)
    session.flush()
    return f"{base_url}/portal/i/{token}"


def _compose(
    session: Session,
    said: tuple[Text, Text],
    kind: str,
    collaboration: Collaboration,
    link: str,
    words: str | Text,
    **more: Any,
) -> Mail:
    campaign = session.get_one(Campaign, collaboration.campaign_id)
    told = {
        "brand": session.get_one(Brand, collaboration.brand_id).name,
        "campaign": campaign.name,
        "name": session.get_one(Relationship, collaboration.relationship_id).display_name,
        **more,
    }
    subject, text = (Text(part.msgid, told) for part in said)
    quoted = (T("They write: %(words)s", words=words),) if words else ()
    return Mail(kind=kind, subject=subject, paragraphs=(text, *quoted), link=link, link_label=T("Open it in Samverk"))


def _influencer_contact(session: Session, collaboration: Collaboration) -> tuple[str, str, str] | None:
    if collaboration.influencer_id:
        person = session.scalars(
            select(Person)
            .join(Influencer, Influencer.person_id == Person.id)
            .where(Influencer.id == collaboration.influencer_id)
        ).one()
        return person.email, person.name, person.locale
    known = session.get_one(Relationship, collaboration.relationship_id)
    if not known.email:
        return None
    spoken = known.language or (COUNTRIES[known.country].language if known.country in COUNTRIES else "")
    return known.email, known.display_name, spoken if spoken in LOCALES else DEFAULT_LOCALE


def _brand_contacts(session: Session, collaboration: Collaboration) -> list[Person]:
    brand = session.get_one(Brand, collaboration.brand_id)
    team = (
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.workspace_id == brand.workspace_id)
        .where(Membership.brand_id.is_(None) | (Membership.brand_id == brand.id))
    )
    contact = session.scalar(team.where(Person.id == collaboration.contact_id).limit(1))
    if contact:
        return [contact]
    return list(session.scalars(team.where(Membership.role == Role.OWNER).distinct()))
