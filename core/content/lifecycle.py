"""The lives of deliverables, submissions and posts: which moves there are, and whose turn it is."""

from __future__ import annotations

import enum

from core.lifecycle import Machine, Turn
from core.plugin_api.text import T, Tc, Text


class DeliverableState(enum.StrEnum):
    """Where a promised piece of content is."""

    ASSIGNED = "assigned"
    IN_PRODUCTION = "in_production"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    PUBLISHED = "published"
    VERIFIED = "verified"
    CANCELLED = "cancelled"


class SubmissionState(enum.StrEnum):
    """What became of one version."""

    IN_REVIEW = "in_review"
    APPROVED = "approved"
    APPROVED_WITH_CORRECTIONS = "approved_with_corrections"
    CHANGES_REQUESTED = "changes_requested"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class PostState(enum.StrEnum):
    """Whether somebody saw that the live thing is what was approved."""

    REPORTED = "reported"
    MISMATCH = "mismatch"
    VERIFIED = "verified"


class Act(enum.StrEnum):
    """What people do with content."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    APPROVE_WITH_CORRECTIONS = "approve_with_corrections"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"
    REPORT = "report"
    CORRECT = "correct"
    MISMATCH = "mismatch"
    VERIFY = "verify"
    CANCEL = "cancel"


D, S, P = DeliverableState, SubmissionState, PostState

DELIVERABLE_NAMES: dict[str, Text] = {
    D.ASSIGNED: T("To do"),
    D.IN_PRODUCTION: T("In the works"),
    D.IN_REVIEW: T("In review"),
    D.APPROVED: Tc("deliverable", "Approved"),
    D.PUBLISHED: T("Published"),
    D.VERIFIED: Tc("deliverable", "Verified"),
    D.CANCELLED: Tc("deliverable", "Cancelled"),
}
SUBMISSION_NAMES: dict[str, Text] = {
    S.IN_REVIEW: T("In review"),
    S.APPROVED: T("Approved"),
    S.APPROVED_WITH_CORRECTIONS: T("Approved with corrections"),
    S.CHANGES_REQUESTED: T("Changes requested"),
    S.REJECTED: T("Rejected"),
    S.WITHDRAWN: T("Taken back"),
}
POST_NAMES: dict[str, Text] = {
    P.REPORTED: T("To be checked"),
    P.MISMATCH: T("Differs from what was approved"),
    P.VERIFIED: T("Verified"),
}
STATE_NAMES: dict[str, Text] = {**POST_NAMES, **SUBMISSION_NAMES, **DELIVERABLE_NAMES}
EVIDENCE: dict[str, Text] = {
    "stated": T("Stated by a person"),
    "screenshot": T("Shown in a screenshot"),
    "export": T("From the platform's export"),
    "connector": T("Read from the platform"),
}
METRIC_NAMES: dict[str, Text] = {
    "views": T("Views"),
    "reach": T("Reach"),
    "likes": T("Likes"),
    "comments": T("Comments"),
    "shares": T("Shares"),
    "saves": T("Saves"),
    "clicks": T("Clicks"),
}

_OPEN = (D.ASSIGNED, D.IN_PRODUCTION)
DELIVERABLE: Machine[DeliverableState, Act] = Machine(
    states=D,
    table={
        **{(state, Act.SUBMIT): D.IN_REVIEW for state in _OPEN},
        (D.IN_REVIEW, Act.WITHDRAW): D.IN_PRODUCTION,
        (D.IN_REVIEW, Act.REQUEST_CHANGES): D.IN_PRODUCTION,
        (D.IN_REVIEW, Act.REJECT): D.IN_PRODUCTION,
        (D.IN_REVIEW, Act.APPROVE): D.APPROVED,
        (D.APPROVED, Act.REPORT): D.PUBLISHED,
        (D.PUBLISHED, Act.VERIFY): D.VERIFIED,
        **{(state, Act.CANCEL): D.CANCELLED for state in (*_OPEN, D.IN_REVIEW, D.APPROVED)},
    },
    turn={
        D.ASSIGNED: Turn.INFLUENCER,
        D.IN_PRODUCTION: Turn.INFLUENCER,
        D.IN_REVIEW: Turn.BRAND,
        D.APPROVED: Turn.INFLUENCER,
        D.PUBLISHED: Turn.BRAND,
        D.VERIFIED: Turn.NONE,
        D.CANCELLED: Turn.NONE,
    },
    labels={D(name): text for name, text in DELIVERABLE_NAMES.items()},
)
SUBMISSION: Machine[SubmissionState, Act] = Machine(
    states=S,
    table={
        (S.IN_REVIEW, Act.APPROVE): S.APPROVED,
        (S.IN_REVIEW, Act.APPROVE_WITH_CORRECTIONS): S.APPROVED_WITH_CORRECTIONS,
        (S.IN_REVIEW, Act.REQUEST_CHANGES): S.CHANGES_REQUESTED,
        (S.IN_REVIEW, Act.REJECT): S.REJECTED,
        (S.IN_REVIEW, Act.WITHDRAW): S.WITHDRAWN,
    },
    turn={state: Turn.BRAND if state is S.IN_REVIEW else Turn.NONE for state in S},
    labels={S(name): text for name, text in SUBMISSION_NAMES.items()},
)
POST: Machine[PostState, Act] = Machine(
    states=P,
    table={
        (P.REPORTED, Act.VERIFY): P.VERIFIED,
        (P.REPORTED, Act.MISMATCH): P.MISMATCH,
        (P.REPORTED, Act.CORRECT): P.REPORTED,
        (P.MISMATCH, Act.CORRECT): P.REPORTED,
        (P.MISMATCH, Act.VERIFY): P.VERIFIED,
    },
    turn={P.REPORTED: Turn.BRAND, P.MISMATCH: Turn.INFLUENCER, P.VERIFIED: Turn.NONE},
    labels={P(name): text for name, text in POST_NAMES.items()},
)
DECISIONS: dict[str, tuple[Act, Act]] = {
    S.APPROVED: (Act.APPROVE, Act.APPROVE),
    S.APPROVED_WITH_CORRECTIONS: (Act.APPROVE_WITH_CORRECTIONS, Act.APPROVE),
    S.CHANGES_REQUESTED: (Act.REQUEST_CHANGES, Act.REQUEST_CHANGES),
    S.REJECTED: (Act.REJECT, Act.REJECT),
}
"""What the brand decides, and what that does to the submission and to its deliverable."""
