"""Each step of a gift is told to the other side, in their language, with a link."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import Brand, Influencer, Membership, Person
from core.collaborations.models import Collaboration
from core.mail import Mail, send
from core.permissions import Role
from core.plugin_api.text import T, Text
from core.tracking.models import Gift

TO_INFLUENCER: dict[str, tuple[Text, Text]] = {
    "address": (
        T("%(brand)s has a gift for you"),
        T("Your collaboration includes “%(product)s”. Tell %(brand)s where to send it."),
    ),
    "shipped": (
        T("“%(product)s” is on its way"),
        T("%(brand)s has sent you “%(product)s”. Tell them when it has arrived."),
    ),
    "received": (
        T("“%(product)s” was delivered"),
        T("By the word of the carrier, “%(product)s” has reached you. If it has not, write to %(brand)s."),
    ),
    "returned": (
        T("“%(product)s” was returned"),
        T("“%(product)s” is back at %(brand)s. Its value no longer counts among what you received."),
    ),
}
TO_BRAND: dict[str, tuple[Text, Text]] = {
    "address": (T("Send “%(product)s” to %(name)s"), T("%(name)s has told where to send “%(product)s”.")),
    "received": (
        T("%(name)s has received “%(product)s”"),
        T("“%(product)s” has arrived at %(name)s. Its value is booked."),
    ),
    "missing": (
        T("“%(product)s” has not reached %(name)s"),
        T("%(name)s still waits for “%(product)s”. Look where it is and send it again."),
    ),
}


def to_influencer(session: Session, gift: Gift, kind: str, *, base_url: str, words: str = "") -> None:
    """Tell the influencer."""
    reader = session.scalar(
        select(Person)
        .join(Influencer, Influencer.person_id == Person.id)
        .join(Collaboration, Collaboration.influencer_id == Influencer.id)
        .where(Collaboration.id == gift.collaboration_id)
    )
    letter = _compose(session, gift, TO_INFLUENCER[kind], kind, f"{base_url}/portal/gifts/{gift.public_id}", words)
    if reader:
        send(session, letter, to=reader.email, name=reader.name, locale=reader.locale, brand_id=gift.brand_id)


def to_brand(session: Session, gift: Gift, kind: str, *, base_url: str, words: str = "") -> None:
    """Tell whoever made the offer while they are in the team, else the owners."""
    letter = _compose(session, gift, TO_BRAND[kind], kind, f"{base_url}/admin/gifts/{gift.public_id}", words)
    brand, collaboration = session.get_one(Brand, gift.brand_id), session.get_one(Collaboration, gift.collaboration_id)
    rows = session.execute(
        select(Person, Membership.role)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.workspace_id == brand.workspace_id)
        .where(Membership.brand_id.is_(None) | (Membership.brand_id == brand.id))
        .order_by(Person.id)
    ).all()
    contact = {person.id: person for person, _ in rows if person.id == collaboration.contact_id}
    owners = {person.id: person for person, role in rows if role == Role.OWNER}
    for reader in (contact or owners).values():
        send(session, letter, to=reader.email, name=reader.name, locale=reader.locale, brand_id=gift.brand_id)


def _compose(session: Session, gift: Gift, said: tuple[Text, Text], kind: str, link: str, words: str) -> Mail:
    owner = session.execute(
        select(Brand.name, Influencer.display_name)
        .join(Collaboration, Collaboration.brand_id == Brand.id)
        .outerjoin(Influencer, Influencer.id == Collaboration.influencer_id)
        .where(Collaboration.id == gift.collaboration_id)
    ).one()
    told = {"brand": owner[0], "name": owner[1] or "", "product": gift.product}
    subject, text = (Text(part.msgid, told) for part in said)
    quoted = (T("They write: %(words)s", words=words),) if words else ()
    return Mail(
        kind=f"gift.{kind}", subject=subject, paragraphs=(text, *quoted), link=link, link_label=T("Open it in Samverk")
    )
