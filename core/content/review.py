"""The brand's word on a draft: approve, correct, ask for changes, reject; and who takes a blocking finding on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, clock
from core.content import notices
from core.content.drafts import brand_zone, end_of
from core.content.events import ContentDecided, DeliverableApproved
from core.content.facts import Setting, setting_of
from core.content.lifecycle import DECISIONS, Act, SubmissionState
from core.content.models import Decision, Deliverable, StoredFinding, Submission
from core.errors import Invalid, Refused
from core.events import publish
from core.lifecycle import move
from core.permissions import Actor, Permission
from core.plugin_api.text import T

APPROVALS = frozenset({SubmissionState.APPROVED, SubmissionState.APPROVED_WITH_CORRECTIONS})
ROUNDS = frozenset({SubmissionState.CHANGES_REQUESTED, SubmissionState.REJECTED})
_NEEDED = {
    SubmissionState.APPROVED_WITH_CORRECTIONS: T("Write the corrections."),
    SubmissionState.CHANGES_REQUESTED: T("Write what should change."),
    SubmissionState.REJECTED: T("Write why, so that the influencer understands it."),
}


def decide(
    session: Session,
    actor: Actor,
    *,
    submission: Submission,
    decision: str,
    message: str = "",
    brief_lines: Iterable[str] = (),
    agreed_beyond: bool = False,
    base_url: str,
) -> Decision:
    """Decide on a version in review. Approval waits for every blocking finding to be waived or fixed."""
    actor.require(Permission.CONTENT_REVIEW, submission.brand_id)
    if decision not in DECISIONS:
        raise Invalid(T("Choose one of the list."), "decision")
    if decision in _NEEDED and not message.strip():
        raise Invalid(_NEEDED[SubmissionState(decision)], "message")
    deliverable = session.get_one(Deliverable, submission.deliverable_id)
    setting = setting_of(session, deliverable)
    if decision in APPROVALS:
        refuse_blocked(session, submission)
    beyond = decision in ROUNDS and rounds_left(setting) <= 0
    if beyond and not agreed_beyond:
        raise Invalid(
            T(
                "The agreed rounds (%(rounds)s) are used. Ask the influencer first, then tick that they agreed.",
                rounds=setting.campaign.revision_rounds,
            ),
            "agreed_beyond",
        )
    row = Decision(
        brand_id=submission.brand_id,
        submission_id=submission.id,
        decision=decision,
        message=message.strip(),
        brief_lines=list(dict.fromkeys(brief_lines)),
        person_id=actor.person_id,
        person_name=actor.name,
    )
    session.add(row)
    _carry_out(session, actor, setting, submission, row)
    audit.record(
        session,
        actor=actor,
        brand_id=submission.brand_id,
        action=f"content.{decision}",
        obj=submission,
        detail={"version": submission.number, **({"round_beyond_agreed_with_influencer": True} if beyond else {})},
    )
    notices.decided(session, setting, submission, row, base_url=base_url)
    return row


def _carry_out(session: Session, actor: Actor, setting: Setting, submission: Submission, row: Decision) -> None:
    deliverable, moment = setting.deliverable, clock.now()
    of_submission, of_deliverable = DECISIONS[row.decision]
    basis = f"brief:{setting.offer.brief_number}" if setting.offer else None
    move(session, submission, of_submission, actor=actor, reason=row.message[:1000] or None, basis=basis)
    move(session, deliverable, of_deliverable, actor=actor, basis=basis)
    submission.decided_at, submission.due_at = moment, None
    zone = brand_zone(session, deliverable.collaboration_id)
    if of_deliverable is Act.APPROVE:
        deliverable.approved_at = moment
        deliverable.due_at = end_of(submission.planned_on or deliverable.due_on, zone)
    else:
        deliverable.rounds_used += 1
        deliverable.due_at = end_of(deliverable.due_on, zone)
    publish(session, ContentDecided(submission.id, deliverable.collaboration_id, row.decision))
    if of_deliverable is Act.APPROVE:
        publish(session, DeliverableApproved(deliverable.id, deliverable.collaboration_id))


def rounds_left(setting: Setting) -> int:
    """How many rounds of changes the contract still gives the brand."""
    return setting.campaign.revision_rounds - setting.deliverable.rounds_used


def open_blocks(session: Session, submission: Submission) -> Sequence[StoredFinding]:
    """The findings that hold a submission up: blocking, and waived by nobody."""
    return session.scalars(
        select(StoredFinding).where(
            StoredFinding.submission_id == submission.id, StoredFinding.blocks, StoredFinding.state == "open"
        )
    ).all()


def refuse_blocked(session: Session, submission: Submission) -> None:
    """Raise `Refused`, saying how many findings block, when one does."""
    if blocked := session.scalar(
        select(func.count()).where(
            StoredFinding.submission_id == submission.id, StoredFinding.blocks, StoredFinding.state == "open"
        )
    ):
        raise Refused(
            T(
                "Findings that block the publication: %(count)s. Ask for changes, or waive each one with a reason.",
                count=blocked,
            )
        )


def waive_finding(session: Session, actor: Actor, *, finding: StoredFinding, reason: str) -> None:
    """Take a blocking finding on: it stays in the record with who did it, why and when."""
    actor.require(Permission.CONTENT_WAIVE, finding.brand_id)
    if not reason.strip():
        raise Invalid(T("Write the reason."), "reason")
    if not finding.blocks or finding.state != "open":
        raise Refused(T("This finding blocks nothing."))
    finding.state = "waived"
    finding.waived_by_id, finding.waived_by_name = actor.person_id, actor.name
    finding.waived_reason, finding.waived_at = reason.strip()[:500], clock.now()
    audit.record(
        session,
        actor=actor,
        brand_id=finding.brand_id,
        action="content.waive",
        obj=finding,
        detail={"rule": finding.rule_id, "reason": finding.waived_reason},
    )
