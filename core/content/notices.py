"""What the other side is told by mail, in its language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from core import mail
from core.accounts.models import Brand, Membership, Person
from core.collaborations.terms import verbatim
from core.content.facts import Setting
from core.content.lifecycle import SUBMISSION_NAMES
from core.content.models import Decision, Post, Submission
from core.influencers.models import Influencer
from core.permissions import ROLE_PERMISSIONS, Permission
from core.plugin_api.text import T


def submission_sent(session: Session, setting: Setting, submission: Submission, *, base_url: str) -> None:
    """Tell the reviewers that a draft waits for them."""
    names = {"name": setting.person.display_name, "campaign": setting.campaign.name}
    letter = mail.Mail(
        kind="content.sent",
        subject=T("%(name)s sent a draft for %(campaign)s", **names),
        paragraphs=(
            T("Version %(number)s of a draft of %(name)s for %(campaign)s is in.", number=submission.number, **names),
            T("Please answer by %(date)s.", date=_day(setting.brand, submission.due_at)),
        ),
        link=f"{base_url}/admin/review/{submission.public_id}",
        link_label=T("Review the draft"),
    )
    _post(session, letter, reviewers(session, setting.brand), setting.brand.id)


def _day(brand: Brand, at: datetime | None) -> date | str:
    return at.astimezone(ZoneInfo(brand.timezone)).date() if at else ""


def decided(session: Session, setting: Setting, submission: Submission, decision: Decision, *, base_url: str) -> None:
    """Tell the influencer what the brand decided."""
    next_step = {
        "approved": T("You can publish it now. Then tell us the address of the post."),
        "approved_with_corrections": T("Make the corrections below, then you can publish it. No new draft is needed."),
        "changes_requested": T("Please change what is asked for and send a new version."),
        "rejected": T("Please make a new draft."),
    }[decision.decision]
    names = {"brand": setting.brand.name, "campaign": setting.campaign.name}
    letter = mail.Mail(
        kind="content.decided",
        subject=T("%(brand)s on your draft: %(decision)s", decision=SUBMISSION_NAMES[decision.decision], **names),
        paragraphs=(
            T("This is about version %(number)s of your draft for %(campaign)s.", number=submission.number, **names),
            next_step,
            *((verbatim(decision.message),) if decision.message else ()),
        ),
        link=f"{base_url}/portal/deliverables/{setting.deliverable.public_id}",
        link_label=T("See what the brand says"),
    )
    _post(session, letter, influencer_of(session, setting), setting.brand.id)


def post_reported(session: Session, setting: Setting, post: Post, *, base_url: str) -> None:
    """Tell the reviewers that a post is live and wants to be looked at."""
    names = {"name": setting.person.display_name, "campaign": setting.campaign.name}
    letter = mail.Mail(
        kind="content.live",
        subject=T("%(name)s published for %(campaign)s", **names),
        paragraphs=(T("%(name)s says that the post is live: %(url)s", url=post.url, name=names["name"]),),
        link=f"{base_url}/admin/posts/{post.public_id}",
        link_label=T("Check the post"),
    )
    _post(session, letter, reviewers(session, setting.brand), setting.brand.id)


def post_differs(session: Session, setting: Setting, post: Post, *, base_url: str) -> None:
    """Tell the influencer that the live post is not what was approved."""
    letter = mail.Mail(
        kind="content.mismatch",
        subject=T("Your post for %(campaign)s needs a correction", campaign=setting.campaign.name),
        paragraphs=(
            T("%(brand)s says how your post differs from what was approved:", brand=setting.brand.name),
            verbatim(post.remark),
            T("Please correct the post or its address, and report it again."),
        ),
        link=f"{base_url}/portal/deliverables/{setting.deliverable.public_id}",
        link_label=T("Correct it"),
    )
    _post(session, letter, influencer_of(session, setting), setting.brand.id)


def reviewers(session: Session, brand: Brand) -> list[Person]:
    """Everybody in the brand's team who may decide on content."""
    roles = [role for role, held in ROLE_PERMISSIONS.items() if Permission.CONTENT_REVIEW in held]
    everywhere = and_(Membership.brand_id.is_(None), Membership.workspace_id == brand.workspace_id)
    statement = (
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(or_(Membership.brand_id == brand.id, everywhere), Membership.role.in_(roles))
        .order_by(Person.id)
    )
    return list(session.scalars(statement).unique())


def influencer_of(session: Session, setting: Setting) -> list[Person]:
    """The influencer's own account, as a list of one or none."""
    if setting.influencer is None:
        return []
    return list(session.scalars(select(Person).join(Influencer).where(Influencer.id == setting.influencer.id)))


def _post(session: Session, letter: mail.Mail, people: Iterable[Person], brand_id: int) -> None:
    for person in people:
        mail.send(session, letter, to=person.email, name=person.name, locale=person.locale, brand_id=brand_id)
