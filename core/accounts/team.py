"""A brand's team: invitations that work once, roles, and always an owner left."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, true, update
from sqlalchemy.orm import Session

from core import audit, clock, mail
from core.accounts.models import Brand, Membership, OneTimeToken, Person, Workspace
from core.accounts.service import actor_of, clean_email, find_token, make_token, owns_workspace, spend
from core.errors import Invalid, Refused
from core.permissions import Actor, Permission, Role
from core.plugin_api.text import T, Tn

INVITE_DAYS = 7


ROLE_NAMES = {
    Role.OWNER: T("Owner"),
    Role.MANAGER: T("Manager"),
    Role.REVIEWER: T("Reviewer"),
    Role.FINANCE: T("Finance"),
    Role.VIEWER: T("Viewer"),
    Role.GUEST_REVIEWER: T("Guest reviewer"),
}


def invite_member(
    session: Session,
    actor: Actor,
    *,
    email: str,
    role: str,
    brand: Brand,
    whole_workspace: bool,
    base_url: str,
    locale: str,
) -> str:
    """Mail a team invitation that works once, for seven days; returns its link, to copy."""
    actor.require(Permission.TEAM_MANAGE, brand.id)
    if role not in set(Role):
        raise Invalid(T("Choose a role."), "role")
    if whole_workspace and not owns_workspace(session, actor, session.get_one(Workspace, brand.workspace_id)):
        raise Invalid(T("Only an owner of the whole workspace can invite to all its brands."), "whole_workspace")
    address = clean_email(email)
    token = make_token(
        session,
        kind="invite",
        email=address,
        workspace_id=brand.workspace_id,
        brand_id=None if whole_workspace else brand.id,
        role=role,
        invited_by_id=actor.person_id,
        expires_at=clock.now() + timedelta(days=INVITE_DAYS),
    )
    link = f"{base_url}/join/{token}"
    message = mail.Mail(
        kind="team_invitation",
        subject=T("Join %(brand)s in Samverk", brand=brand.name),
        paragraphs=(
            T("%(name)s invites you to work with %(brand)s.", name=actor.name, brand=brand.name),
            Tn("The link works once, for %(num)s day.", "The link works once, for %(num)s days.", INVITE_DAYS),
        ),
        link=link,
        link_label=T("Join the team"),
    )
    mail.send(session, message, to=address, name="", locale=locale, brand_id=brand.id)
    audit.record(
        session,
        actor=actor,
        brand_id=brand.id,
        action="team.invite",
        obj=brand,
        detail={"email": address, "role": role},
    )
    return link


def join(session: Session, *, token: str, person: Person) -> None:
    """Accept a team invitation as a signed-in person whose address it was sent to."""
    row = find_token(session, "invite", token)
    if row.email != person.email:
        raise Refused(T("This invitation was sent to another address. Sign in with that one."))
    covers = or_(Membership.brand_id.is_(None), Membership.brand_id == row.brand_id)
    if session.scalar(
        select(Membership.id).where(
            Membership.person_id == person.id, Membership.workspace_id == row.workspace_id, covers
        )
    ):
        raise Refused(T("You are in this team already. An owner can change your role."))
    session.add(Membership(person_id=person.id, workspace_id=row.workspace_id, brand_id=row.brand_id, role=row.role))
    spend(session, row)
    session.flush()
    actor = actor_of(session, person)
    audit.record(session, actor=actor, brand_id=row.brand_id, action="team.join", obj=person, detail={"role": row.role})


def change_role(session: Session, actor: Actor, member: Membership, brand: Brand, *, role: str) -> None:
    """Change a member's role; the last owner stays an owner."""
    _manage(session, actor, member, brand)
    if role not in set(Role):
        raise Invalid(T("Choose a role."), "role")
    if role != Role.OWNER:
        _keep_an_owner(session, member, brand)
        _end_links(session, member, OneTimeToken.invited_by_id == member.person_id)
    member.role = role
    audit.record(session, actor=actor, brand_id=brand.id, action="team.role", obj=member, detail={"role": role})


def remove_member(session: Session, actor: Actor, member: Membership, brand: Brand) -> None:
    """Take a member out of a brand or workspace; the last owner stays. No link that they made or hold leads back in."""
    _manage(session, actor, member, brand)
    _keep_an_owner(session, member, brand)
    own = OneTimeToken.email == session.get_one(Person, member.person_id).email
    _end_links(session, member, or_(own, OneTimeToken.invited_by_id == member.person_id))
    audit.record(session, actor=actor, brand_id=brand.id, action="team.remove", obj=member)
    session.delete(member)


def _end_links(session: Session, member: Membership, whose: ColumnElement[bool]) -> None:
    """Spend the open invitations to where the member was."""
    there = OneTimeToken.workspace_id == member.workspace_id
    if member.brand_id is not None:
        there = and_(there, OneTimeToken.brand_id == member.brand_id)
    unused = OneTimeToken.kind == "invite", OneTimeToken.used_at.is_(None)
    session.execute(update(OneTimeToken).where(*unused, there, whose).values(used_at=clock.now()))


def _manage(session: Session, actor: Actor, member: Membership, brand: Brand) -> None:
    actor.require(Permission.TEAM_MANAGE, brand.id)
    if member.brand_id is None and not owns_workspace(session, actor, session.get_one(Workspace, brand.workspace_id)):
        raise Refused(T("Only an owner of the whole workspace can change this member."))


def _keep_an_owner(session: Session, member: Membership, brand: Brand) -> None:
    if member.role != Role.OWNER:
        return
    others = session.scalar(
        select(func.count(Membership.id)).where(
            Membership.workspace_id == brand.workspace_id,
            Membership.role == Role.OWNER,
            Membership.id != member.id,
            Membership.brand_id.is_(None) if member.brand_id is None else true(),
        )
    )
    if not others:
        raise Refused(T("A brand needs an owner. Make somebody else an owner first."))
