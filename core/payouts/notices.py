"""Mails about money: to the influencer, and to those who approve."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import mail
from core.accounts.models import Brand, Membership, Person
from core.influencers.models import Influencer
from core.money import Money
from core.payouts.models import Payout, PayoutRun
from core.permissions import ROLE_PERMISSIONS, Actor, Permission
from core.plugin_api.text import T, Text, Tn

APPROVERS = tuple(str(role) for role, may in ROLE_PERMISSIONS.items() if Permission.PAYOUT_APPROVE in may)


def tell(session: Session, payout: Payout, base_url: str, subject: Text, *paragraphs: Text) -> None:
    """Write to the influencer of a payout, in their language."""
    person = _person_of(session, payout.influencer_id)
    if person is None:
        return
    letter = mail.Mail(
        kind="payout",
        subject=subject,
        paragraphs=paragraphs,
        link=f"{base_url}/portal/payouts/{payout.public_id}",
        link_label=T("See the payment"),
    )
    mail.send(session, letter, to=person.email, name=person.name, locale=person.locale, brand_id=payout.brand_id)


def tell_of_account(session: Session, influencer_id: int, last4: str, base_url: str) -> None:
    """Tell the influencer that their bank account was changed, so that nobody changes it behind their back."""
    person = _person_of(session, influencer_id)
    if person is None:
        return
    letter = mail.Mail(
        kind="payout_method",
        subject=T("Your bank account in Samverk was changed"),
        paragraphs=(
            T("From now on you are paid to the account ending in %(last4)s.", last4=last4),
            T("If this was not you, change your password and enter your account again."),
        ),
        link=f"{base_url}/portal/payouts/account",
        link_label=T("See your bank account"),
    )
    mail.send(session, letter, to=person.email, name=person.name, locale=person.locale)


def tell_of_way(session: Session, influencer_id: int, base_url: str) -> None:
    """As `tell_of_account`, of what they told a rail that pays to no account."""
    person = _person_of(session, influencer_id)
    if person is None:
        return
    letter = mail.Mail(
        kind="payout_method",
        subject=T("Where your money goes was changed in Samverk"),
        paragraphs=(T("If this was not you, change your password and look at what is entered there."),),
        link=f"{base_url}/portal/payouts/account",
        link_label=T("See where your money goes"),
    )
    mail.send(session, letter, to=person.email, name=person.name, locale=person.locale)


def tell_of_debt(
    session: Session, influencer_id: int | None, brand: Brand, amount: Money, reason: str, base_url: str
) -> None:
    """Tell the influencer that what they were paid too much is written off, and why."""
    person = _person_of(session, influencer_id)
    if person is None:
        return
    letter = mail.Mail(
        kind="debt",
        subject=T("%(brand)s has written off %(amount)s", brand=brand.name, amount=amount),
        paragraphs=(
            T(
                "You were paid %(amount)s more than you earned in the end. You do not have to pay it back.",
                amount=amount,
            ),
            T("Why: %(reason)s", reason=reason),
        ),
        link=f"{base_url}/portal/payouts",
        link_label=T("See your payouts"),
    )
    mail.send(session, letter, to=person.email, name=person.name, locale=person.locale, brand_id=brand.id)


def ask_approvers(session: Session, actor: Actor, run: PayoutRun, total: Money, count: int, *, base_url: str) -> None:
    """Ask those who may approve a run, but not the one who prepared it."""
    brand = session.get_one(Brand, run.brand_id)
    people = session.scalars(
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Membership.workspace_id == brand.workspace_id,
            (Membership.brand_id == brand.id) | Membership.brand_id.is_(None),
            Membership.role.in_(APPROVERS),
        )
        .distinct()
        .order_by(Person.id)
    )
    letter = mail.Mail(
        kind="payout_run",
        subject=T("Payout run %(number)s waits for your approval", number=run.number),
        paragraphs=(
            T("%(name)s prepared a payout run for %(brand)s.", name=actor.name, brand=brand.name),
            Tn(
                "It makes %(num)s payment of %(amount)s. Nothing is sent before it is approved.",
                "It makes %(num)s payments, %(amount)s in all. Nothing is sent before it is approved.",
                count,
                amount=total,
            ),
        ),
        link=f"{base_url}/admin/payouts/runs/{run.public_id}",
        link_label=T("See the run"),
    )
    for person in people:
        if person.id != actor.person_id:
            mail.send(session, letter, to=person.email, name=person.name, locale=person.locale, brand_id=brand.id)


def _person_of(session: Session, influencer_id: int | None) -> Person | None:
    return session.scalar(
        select(Person).join(Influencer, Influencer.person_id == Person.id).where(Influencer.id == influencer_id)
    )
