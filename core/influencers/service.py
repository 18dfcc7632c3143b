"""What a brand does with the people it knows: keep, measure, note, vet. And the person's own record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from core import audit, clock
from core.accounts.models import Brand
from core.crypto import Keyring, Place, decrypt, encrypt
from core.database import public_id
from core.errors import Invalid, Missing, Refused
from core.influencers.measure import engagement, read_account
from core.influencers.models import Channel, Influencer, Note, Relationship, Vetting
from core.influencers.tags import remember_tags
from core.influencers.vocabulary import CRITERIA, EVIDENCE
from core.permissions import Actor, Permission
from core.plugin_api.text import T

MAX_TAGS = 20
FOLLOWERS_MAX = 10_000_000_000
TEXTS = (
    "display_name", "email", "phone", "country", "language", "niche", "street", "postcode", "city", "address_country",
    "referral", "risk",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a channel at a moment."""

    followers: int | None = None
    posts_counted: int | None = None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    stated_ppm: int | None = None
    evidence: str = "stated"
    measured_on: date | None = None


def add_person(
    session: Session,
    actor: Actor,
    keyring: Keyring,
    *,
    brand: Brand,
    details: Mapping[str, Any],
    platform: str = "",
    handle: str = "",
    figures: Figures | None = None,
) -> Relationship:
    """Put a person on a brand's list, with an account or an e-mail address to know them by."""
    actor.require(Permission.PEOPLE_EDIT, brand.id)
    if not handle and not details.get("email"):
        raise Invalid(T("Give an account or an e-mail address to know the person by."), "email")
    row = Relationship(brand_id=brand.id, public_id=public_id(), channels=[], identity_key="", display_name="")
    _fill(row, details)
    _set_bank(keyring, row, details.get("iban"))
    with session.no_autoflush:
        if handle:
            row.channels.append(_channel(session, row, platform, handle, figures or Figures()))
        settle(session, row)
    session.add(row)
    session.flush()
    remember_tags(session, brand.id, row.tags or ())
    audit.record(session, actor=actor, brand_id=brand.id, action="person.add", obj=row)
    return row


def edit_person(
    session: Session, actor: Actor, keyring: Keyring, *, relationship: Relationship, details: Mapping[str, Any]
) -> None:
    """Change what the brand knows. A missing or None `iban` leaves the account as it is, an empty one forgets it."""
    actor.require(Permission.PEOPLE_EDIT, relationship.brand_id)
    if not relationship.channels and not details.get("email", relationship.email):
        raise Invalid(T("Give an account or an e-mail address to know the person by."), "email")
    with session.no_autoflush:
        _fill(relationship, details)
        _set_bank(keyring, relationship, details.get("iban"))
        settle(session, relationship)
    remember_tags(session, relationship.brand_id, relationship.tags)
    audit.record(session, actor=actor, brand_id=relationship.brand_id, action="person.edit", obj=relationship)


def save_channel(
    session: Session,
    actor: Actor,
    *,
    relationship: Relationship,
    platform: str,
    handle: str,
    figures: Figures,
    url: str = "",
    channel: Channel | None = None,
) -> Channel:
    """Add an account, or change one of the person's; the rate and the tier follow from its figures."""
    actor.require(Permission.PEOPLE_EDIT, relationship.brand_id)
    with session.no_autoflush:
        made = _channel(session, relationship, platform, handle, figures, url, channel)
        if channel is None:
            relationship.channels.append(made)
        settle(session, relationship)
    audit.record(session, actor=actor, brand_id=relationship.brand_id, action="person.channel", obj=relationship)
    return made


def remove_channel(session: Session, actor: Actor, *, relationship: Relationship, channel: Channel) -> None:
    """Forget an account; the last one only when there is an e-mail address to know the person by."""
    actor.require(Permission.PEOPLE_EDIT, relationship.brand_id)
    if len(relationship.channels) == 1 and not relationship.email:
        raise Refused(T("This is the only way to know the person by. Enter an e-mail address first."))
    relationship.channels.remove(channel)
    session.delete(channel)
    settle(session, relationship)
    action = "person.channel_removed"
    audit.record(session, actor=actor, brand_id=relationship.brand_id, action=action, obj=relationship)


def archive_person(session: Session, actor: Actor, *, relationship: Relationship, archived: bool) -> None:
    """Take a person off the list, or put them back; nothing is lost."""
    actor.require(Permission.PEOPLE_EDIT, relationship.brand_id)
    relationship.archived_at = clock.now() if archived else None
    action = "person.archive" if archived else "person.restore"
    audit.record(session, actor=actor, brand_id=relationship.brand_id, action=action, obj=relationship)


def add_note(session: Session, actor: Actor, *, relationship: Relationship, text: str) -> Note:
    """Write a note that only the brand sees."""
    actor.require(Permission.PEOPLE_EDIT, relationship.brand_id)
    if not text.strip():
        raise Invalid(T("Write something first."), "text")
    note = Note(
        brand_id=relationship.brand_id,
        relationship_id=relationship.id,
        author_id=actor.person_id,
        author_name=actor.name,
        text=text.strip()[:5000],
    )
    session.add(note)
    return note


def delete_note(session: Session, actor: Actor, *, relationship: Relationship, note_id: str) -> None:
    """Remove a note of this person."""
    actor.require(Permission.PEOPLE_EDIT, relationship.brand_id)
    note = session.scalar(select(Note).where(Note.public_id == note_id, Note.relationship_id == relationship.id))
    if note is None:
        raise Missing(T("This note is gone."))
    session.delete(note)
    audit.record(session, actor=actor, brand_id=relationship.brand_id, action="person.note_removed", obj=relationship)


def vet(
    session: Session,
    actor: Actor,
    *,
    relationship: Relationship,
    scores: Mapping[str, tuple[int, str]],
    passed: bool,
    summary: str = "",
) -> Vetting:
    """Judge a person by all eight criteria, 1 to 5 each; the newest vetting counts, older ones stay."""
    actor.require(Permission.PEOPLE_EDIT, relationship.brand_id)
    for code in CRITERIA:
        if scores.get(code, (0, ""))[0] not in range(1, 6):
            raise Invalid(T("Give a score from 1 to 5."), f"{code}_score")
    if not passed and not summary.strip():
        raise Invalid(T("Say in a sentence why, so that others need not ask."), "summary")
    row = Vetting(
        brand_id=relationship.brand_id,
        relationship_id=relationship.id,
        passed=passed,
        summary=summary.strip(),
        scores={code: {"score": scores[code][0], "remark": scores[code][1].strip()[:300]} for code in CRITERIA},
        person_id=actor.person_id,
        person_name=actor.name,
    )
    session.add(row)
    relationship.vetting_state = "passed" if passed else "failed"
    session.flush()
    audit.record(
        session,
        actor=actor,
        brand_id=relationship.brand_id,
        action="person.vet",
        obj=relationship,
        detail={"verdict": relationship.vetting_state},
    )
    return row


def read_iban(keyring: Keyring, relationship: Relationship) -> str | None:
    """The account number in clear, for whoever pays; None when none is known."""
    if not relationship.iban_cipher:
        return None
    return decrypt(keyring, relationship.iban_cipher, iban_place(relationship.public_id))


def save_profile(
    session: Session, actor: Actor, *, display_name: str, country: str, birth_year: int | None
) -> Influencer:
    """Change the person's own record; only the person does this."""
    actor.require(Permission.PORTAL)
    own = session.get(Influencer, actor.influencer_id)
    if own is None:
        raise Missing(T("You have no record as an influencer yet."))
    if birth_year is not None and not 1900 <= birth_year <= clock.today().year - 13:
        raise Invalid(T("Write the year with four digits; you must be at least 13."), "birth_year")
    if not display_name.strip():
        raise Invalid(T("Fill in this field."), "display_name")
    own.display_name, own.country, own.birth_year = display_name.strip(), country, birth_year
    return own


def iban_place(relationship_public_id: str) -> Place:
    """Where an account number is bound to; the public id is known before the row is written."""
    return Place("relationship", "iban_cipher", relationship_public_id)


def check_iban(text: str) -> str:
    """The number without spaces; `Invalid` when its country, length or check digits are wrong."""
    try:
        return str(IBAN(text.replace(" ", "").upper()))
    except SchwiftyException:
        raise Invalid(T("This is not a valid IBAN. Check it for a wrong or missing digit."), "iban") from None


def check_email(text: str) -> str:
    """An address that mail can be sent to, in lower case; nothing is looked up."""
    body = text.strip().lower()
    if not re.fullmatch(r"[^@\s<>(),;:\"\\]+@[^@\s<>(),;:\"\\.]+(\.[^@\s<>(),;:\"\\.]+)+", body) or ".." in body:
        raise Invalid(T("%(text)s is not an e-mail address.", text=text.strip()[:60]), "email")
    return body


def clean_tags(tags: Sequence[str]) -> list[str]:
    """Tags without `#`, case folded, each once, in order of the alphabet."""
    clean = sorted({tag.strip().removeprefix("#").strip().casefold() for tag in tags} - {""})
    if len(clean) > MAX_TAGS:
        raise Invalid(T("Use at most %(count)s tags.", count=MAX_TAGS), "tags")
    if any(len(tag) > 40 for tag in clean):
        raise Invalid(T("A tag has at most 40 characters."), "tags")
    return clean


def search_text(name: str, email: str, handles: Sequence[str]) -> str:
    """What the search box looks into."""
    return " ".join(part for part in (name, email, *handles) if part).casefold()[:700]


def _fill(row: Relationship, details: Mapping[str, Any]) -> None:
    for name in TEXTS:
        if name in details:
            setattr(row, name, (details[name] or "").strip())
    if row.email:
        row.email = check_email(row.email)
    if not row.display_name:
        raise Invalid(T("Fill in this field."), "display_name")
    if "tags" in details:
        row.tags = clean_tags(details["tags"])


def _set_bank(keyring: Keyring, row: Relationship, iban: str | None) -> None:
    if iban is None:
        return
    number = check_iban(iban) if iban.strip() else ""
    row.iban_cipher = encrypt(keyring, number, iban_place(row.public_id)) if number else ""
    row.iban_last4 = number[-4:]


def _channel(
    session: Session,
    row: Relationship,
    platform: str,
    handle: str,
    figures: Figures,
    url: str = "",
    channel: Channel | None = None,
) -> Channel:
    platform, handle = read_account(handle, platform)
    _check_figures(figures)
    taken = session.scalar(
        select(Channel)
        .options(selectinload(Channel.owner))
        .where(Channel.brand_id == row.brand_id, Channel.platform == platform, Channel.handle == handle)
    )
    if taken is not None and taken is not channel:
        raise Invalid(T("This account is on your list already: %(name)s.", name=taken.owner.display_name), "handle")
    made = channel or Channel(brand_id=row.brand_id, relationship_id=row.id)
    if (made.platform, made.handle) != (platform, handle):
        made.told_by, made.told_on, made.told_name, made.verified, made.gone_since = "", None, "", None, None
    if made.followers != figures.followers:
        made.told_by, made.typed_followers = "", None
    made.platform, made.handle, made.url = platform, handle, url.strip()
    for name in Figures.__dataclass_fields__:
        setattr(made, name, getattr(figures, name))
    return made


def _check_figures(figures: Figures) -> None:
    for name in ("followers", "posts_counted", "likes", "comments", "shares"):
        value = getattr(figures, name)
        if value is not None and not 0 <= value <= (FOLLOWERS_MAX if name != "posts_counted" else 1_000_000):
            raise Invalid(T("This number cannot be right."), name)
    if figures.likes is not None and not figures.posts_counted:
        raise Invalid(T("Say how many posts the likes were counted on."), "posts_counted")
    if figures.evidence not in EVIDENCE:
        raise Invalid(T("Choose one of the list."), "evidence")
    if figures.measured_on and figures.measured_on > clock.today():
        raise Invalid(T("This day has not come yet."), "measured_on")


def settle(session: Session, row: Relationship) -> None:
    """Copy what lists need from the largest account, and make sure that nobody else has this identity."""
    largest = max(row.channels, key=lambda c: -1 if c.followers is None else c.followers, default=None)
    rate = engagement(largest) if largest else None
    row.platform, row.handle = (largest.platform, largest.handle) if largest else ("", "")
    row.followers, row.engagement_ppm = largest.followers if largest else None, rate.ppm if rate else None
    row.search_text = search_text(row.display_name, row.email, [c.handle for c in row.channels])
    first = min(row.channels, key=lambda c: (c.id is None, c.id or 0), default=None)
    key = f"{first.platform}:{first.handle}" if first else f"email:{row.email}"
    if key != row.identity_key:
        mine, same = Relationship.brand_id == row.brand_id, Relationship.identity_key == key
        other = select(Relationship.display_name).where(mine, same, Relationship.id.is_distinct_from(row.id))
        if name := session.scalar(other):
            field = "handle" if first else "email"
            raise Invalid(T("This person is on your list already: %(name)s.", name=name), field)
        row.identity_key = key
