"""The verbs of accounts: set up, sign in and out, reset, invite, brands and their teams."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session

from core import audit, clock, mail, typed
from core.accounts import passwords
from core.accounts.models import Brand, Influencer, LoginSession, Membership, OneTimeToken, Person, Workspace
from core.errors import Invalid, Missing, Refused
from core.i18n import LOCALES
from core.money import exponent
from core.permissions import Actor, Permission, Role
from core.plugin_api.text import T

SESSION_DAYS = 14
RESET_HOURS = 2
MOST_RESETS = 3
PRIVACY_VERSION = "2026-11"
SPENT = T("This link has been used or is too old. Ask for a new one.")


def digest(token: str) -> str:
    """What is stored of a token that only its holder knows."""
    return hashlib.sha256(token.encode()).hexdigest()


def clean_email(raw: str, field: str = "email") -> str:
    """A normalised address; one that cannot be an address is `Invalid`."""
    try:
        return validate_email(raw.strip(), check_deliverability=False, test_environment=True).normalized.casefold()
    except EmailNotValidError:
        raise Invalid(T("This is not an e-mail address."), field) from None


def required(value: str, field: str, limit: int = 120) -> str:
    """A text in one line that must not be empty nor longer than its column, without what nobody can see."""
    value = " ".join(typed.text(value, field).split())
    if not value:
        raise Invalid(T("Fill in this field."), field)
    if len(value) > limit:
        raise Invalid(T("Use at most %(count)s characters.", count=limit), field)
    return value


def is_set_up(session: Session) -> bool:
    """Whether an installation admin exists."""
    return session.scalar(select(Person.id).where(Person.site_admin).limit(1)) is not None


def set_up(
    session: Session,
    *,
    name: str,
    email: str,
    password: str,
    locale: str,
    brand_name: str,
    country: str,
    currency: str,
    timezone: str = "Europe/Helsinki",
    agency_name: str = "",
) -> tuple[Person, Brand]:
    """Make the installation admin, who owns the first brand. Possible once."""
    if is_set_up(session):
        raise Refused(T("This installation is set up already. Sign in."))
    person = create_person(session, name=name, email=email, password=password, locale=locale, timezone=timezone)
    person.site_admin = True
    workspace = _workspace(session, agency_name or brand_name, "agency" if agency_name else "brand")
    brand = _brand(session, workspace, brand_name, country, currency, timezone)
    session.add(Membership(person_id=person.id, workspace_id=workspace.id, role=Role.OWNER))
    session.flush()
    audit.record(session, actor=actor_of(session, person), brand_id=brand.id, action="installation.set_up", obj=brand)
    return person, brand


def create_person(
    session: Session,
    *,
    name: str,
    email: str,
    password: str,
    locale: str,
    timezone: str = "UTC",
    accept_privacy: bool = False,
) -> Person:
    """A person who can sign in. An address in use is `Invalid`; two at once are stopped by the database."""
    email = clean_email(email)
    if session.scalar(select(Person.id).where(Person.email == email)):
        raise Invalid(T("There is an account with this address. Sign in instead."), "email")
    person = Person(
        name=required(name, "name"),
        email=email,
        password_hash=passwords.hash_password(password),
        locale=locale if locale in LOCALES else "en",
        timezone=timezone,
        privacy_accepted_at=clock.now() if accept_privacy else None,
        privacy_version=PRIVACY_VERSION if accept_privacy else None,
    )
    session.add(person)
    session.flush()
    return person


def _workspace(session: Session, name: str, kind: str) -> Workspace:
    workspace = Workspace(name=required(name, "workspace_name"), kind=kind)
    session.add(workspace)
    session.flush()
    return workspace


def _brand(session: Session, workspace: Workspace, name: str, country: str, currency: str, timezone: str) -> Brand:
    try:
        exponent(currency)
    except ValueError:
        raise Invalid(T("This is not a currency in use."), "currency") from None
    brand = Brand(
        workspace_id=workspace.id,
        name=required(name, "brand_name"),
        country=country,
        currency=currency,
        timezone=timezone,
    )
    session.add(brand)
    session.flush()
    return brand


def create_brand(
    session: Session,
    actor: Actor,
    *,
    name: str,
    country: str,
    currency: str,
    timezone: str,
    workspace: Workspace | None = None,
    agency_name: str = "",
) -> Brand:
    """One more brand: in a workspace that the actor owns, in a new agency, or in a workspace of its own."""
    if workspace is None:
        actor.require(Permission.BRAND_EDIT) if not actor.site_admin else None
        workspace = _workspace(session, agency_name or name, "agency" if agency_name else "brand")
        session.add(Membership(person_id=actor.person_id, workspace_id=workspace.id, role=Role.OWNER))
    elif not owns_workspace(session, actor, workspace):
        raise Missing(T("There is no such workspace."))
    elif workspace.kind == "brand":
        workspace.kind = "agency"
    brand = _brand(session, workspace, name, country, currency, timezone)
    audit.record(session, actor=actor, brand_id=brand.id, action="brand.create", obj=brand)
    return brand


def owns_workspace(session: Session, actor: Actor, workspace: Workspace) -> bool:
    """Whether the actor is an owner of the whole workspace."""
    return (
        session.scalar(
            select(Membership.id).where(
                Membership.person_id == actor.person_id,
                Membership.workspace_id == workspace.id,
                Membership.brand_id.is_(None),
                Membership.role == Role.OWNER,
            )
        )
        is not None
    )


def actor_of(session: Session, person: Person) -> Actor:
    """The actor a person is now."""
    influencer = session.scalar(select(Influencer.id).where(Influencer.person_id == person.id))
    return actor_with(person, brands_of(session, person), influencer)


# Every request asks these two, so they are put together once.
_LIVE_SESSION = (
    select(LoginSession, Person, Influencer.id)
    .join(Person, Person.id == LoginSession.person_id)
    .outerjoin(Influencer, Influencer.person_id == Person.id)
    .where(LoginSession.token_hash == bindparam("token"), LoginSession.expires_at > bindparam("now"))
)
_BRANDS_OF = (
    select(Brand, Membership.role)
    .join(Membership, Membership.workspace_id == Brand.workspace_id)
    .where(
        Membership.person_id == bindparam("person"), or_(Membership.brand_id.is_(None), Membership.brand_id == Brand.id)
    )
    .order_by(Membership.brand_id.is_not(None), Brand.name, Brand.id)
)


def actor_with(person: Person, brands: Sequence[tuple[Brand, Role]], influencer_id: int | None) -> Actor:
    """The actor made of what was read already."""
    roles = {brand.id: role for brand, role in brands}
    return Actor(person.id, person.name, roles, influencer_id, person.site_admin, person.locale)


def brands_of(session: Session, person: Person) -> list[tuple[Brand, Role]]:
    """The brands a person works for, by name, each with the role there; the narrower membership wins."""
    rows = session.execute(_BRANDS_OF, {"person": person.id})
    found = {brand.id: (brand, Role(role)) for brand, role in rows}
    return sorted(found.values(), key=lambda pair: (pair[0].name.casefold(), pair[0].id))


def sign_in(session: Session, *, email: str, password: str, user_agent: str = "") -> tuple[Person, str]:
    """Check the password and open a session; returns the person and the token for the cookie.

    One message for a wrong address and a wrong password, and the same time spent on both.
    """
    person = session.scalar(select(Person).where(Person.email == email.strip().casefold()))
    if not passwords.verify(person.password_hash if person else None, password) or person is None:
        raise Invalid(T("The address or the password is wrong."), "password")
    return person, open_session(session, person, user_agent=user_agent)


def open_session(session: Session, person: Person, *, user_agent: str = "") -> str:
    """A new signed-in session; returns the token for the cookie, of which only the hash is kept.

    It works in the brand that the person worked in last, else in the first: a brand that is given to them later
    must not take its place while they work.
    """
    token = secrets.token_urlsafe(32)
    moment = clock.now()
    session.add(
        LoginSession(
            token_hash=digest(token),
            person_id=person.id,
            seen_at=moment,
            expires_at=moment + timedelta(days=SESSION_DAYS),
            user_agent=user_agent[:200],
            brand_id=_last_brand(session, person),
        )
    )
    session.flush()
    return token


def _last_brand(session: Session, person: Person) -> int | None:
    mine = [brand.id for brand, _ in brands_of(session, person)]
    newest = select(LoginSession.brand_id).where(LoginSession.person_id == person.id, LoginSession.brand_id.in_(mine))
    last = session.scalar(newest.order_by(LoginSession.seen_at.desc(), LoginSession.id.desc()).limit(1))
    return last or (mine[0] if mine else None)


def keep_brand(session: Session, row: LoginSession | None, person: Person) -> None:
    """Let a session that had no brand to work in stay in the one that there is now."""
    if row is not None and row.brand_id is None:
        row.brand_id = _last_brand(session, person)


def find_session(session: Session, token: str) -> tuple[LoginSession, Person, int | None] | None:
    """The live session of a cookie's token, its person, and their id as an influencer."""
    row = session.execute(_LIVE_SESSION, {"token": digest(token), "now": clock.now()}).first()
    return (row[0], row[1], row[2]) if row else None


def sign_out(session: Session, token: str) -> None:
    """End one session."""
    session.execute(delete(LoginSession).where(LoginSession.token_hash == digest(token)))


def sign_out_everywhere(session: Session, person_id: int, *, but_token: str | None = None) -> None:
    """End every session of a person, but the one that asks."""
    statement = delete(LoginSession).where(LoginSession.person_id == person_id)
    if but_token:
        statement = statement.where(LoginSession.token_hash != digest(but_token))
    session.execute(statement)


def make_token(session: Session, **fields: object) -> str:
    """A token that works once; its row is made with these fields, the token itself is kept nowhere."""
    token = secrets.token_urlsafe(24)
    session.add(OneTimeToken(token_hash=digest(token), **fields))
    session.flush()
    return token


def find_token(session: Session, kind: str, token: str) -> OneTimeToken:
    """A token that is still good; a used, old or unknown one is `Missing` and says what to do."""
    row = session.scalar(
        select(OneTimeToken).where(
            OneTimeToken.kind == kind,
            OneTimeToken.token_hash == digest(token),
            OneTimeToken.used_at.is_(None),
            OneTimeToken.expires_at > clock.now(),
        )
    )
    if row is None:
        raise Missing(SPENT)
    return row


def spend(session: Session, row: OneTimeToken) -> None:
    """Use a token up; of two who use it at the same moment the second finds it `Missing`."""
    unused = update(OneTimeToken).where(OneTimeToken.id == row.id, OneTimeToken.used_at.is_(None))
    if session.execute(unused.values(used_at=clock.now()).returning(OneTimeToken.id)).first() is None:
        raise Missing(SPENT)


def ask_reset(session: Session, *, email: str, base_url: str) -> None:
    """Mail a reset link if the address is known; the caller answers the same either way.

    An account gets at most three in two hours, and nobody is told: its owner has one that works by then.
    """
    person = session.scalar(select(Person).where(Person.email == email.strip().casefold()))
    if person is None or _resets_asked(session, person) >= MOST_RESETS:
        return
    token = make_token(
        session, kind="reset", person_id=person.id, expires_at=clock.now() + timedelta(hours=RESET_HOURS)
    )
    message = mail.Mail(
        kind="reset",
        subject=T("Choose a new password"),
        paragraphs=(
            T("Somebody asked for a new password for your account. The link below works once, for two hours."),
            T("If it was not you, do nothing: your password stays as it is."),
        ),
        link=f"{base_url}/reset/{token}",
        link_label=T("Choose a new password"),
    )
    mail.send(session, message, to=person.email, name=person.name, locale=person.locale)


def _resets_asked(session: Session, person: Person) -> int:
    """How many links of the last two hours were not used."""
    of_person = (OneTimeToken.kind == "reset", OneTimeToken.person_id == person.id, OneTimeToken.used_at.is_(None))
    living = select(func.count(OneTimeToken.id)).where(*of_person, OneTimeToken.expires_at > clock.now())
    return session.scalar(living) or 0


def reset_password(session: Session, *, token: str, password: str) -> Person:
    """Set a new password by a reset link; ends every session of the person."""
    row = find_token(session, "reset", token)
    person = session.get_one(Person, row.person_id)
    person.password_hash = passwords.hash_password(password)
    spend(session, row)
    _spend_resets(session, person)
    sign_out_everywhere(session, person.id)
    audit.record(session, actor=actor_of(session, person), brand_id=None, action="person.reset_password", obj=person)
    return person


def _spend_resets(session: Session, person: Person) -> None:
    """No older link may set the password again."""
    session.execute(
        update(OneTimeToken)
        .where(OneTimeToken.kind == "reset", OneTimeToken.person_id == person.id, OneTimeToken.used_at.is_(None))
        .values(used_at=clock.now())
    )


def change_password(session: Session, person: Person, *, old: str, new: str, token: str) -> None:
    """Change the password of whoever knows the old one; other sessions end."""
    if not passwords.verify(person.password_hash, old):
        raise Invalid(T("The password is wrong."), "old")
    person.password_hash = passwords.hash_password(new, field="new")
    _spend_resets(session, person)
    sign_out_everywhere(session, person.id, but_token=token)
