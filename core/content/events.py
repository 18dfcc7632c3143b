"""What the content room tells the rooms above it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SubmissionSent:
    """A version came in for review."""

    submission_id: int
    collaboration_id: int


@dataclass(frozen=True, slots=True)
class ContentDecided:
    """The brand decided on a version."""

    submission_id: int
    collaboration_id: int
    decision: str


@dataclass(frozen=True, slots=True)
class DeliverableApproved:
    """A deliverable is approved: from now on it has earned what its terms give for it."""

    deliverable_id: int
    collaboration_id: int


@dataclass(frozen=True, slots=True)
class PostReported:
    """The influencer said where a deliverable is live, or corrected that."""

    post_id: int


@dataclass(frozen=True, slots=True)
class PostVerified:
    """Somebody saw that a live post is what was approved."""

    post_id: int
    deliverable_id: int
    collaboration_id: int


@dataclass(frozen=True, slots=True)
class MetricsRecorded:
    """A post has new readings."""

    post_id: int
    collaboration_id: int
