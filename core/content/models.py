"""Deliverables, the submissions sent in for them, findings, decisions, posts and metric readings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from core.collaborations.models import Collaboration
from core.content.lifecycle import DELIVERABLE, POST, SUBMISSION
from core.database import BrandRow, UtcDateTime, internal, owned, personal
from core.plugin_api.text import Text as Message


class Deliverable(BrandRow):
    """One promised piece of content."""

    __tablename__ = "deliverable"
    machine = DELIVERABLE
    __table_args__ = owned("collaboration", extra=(Index("ix_deliverable_list", "brand_id", "state", "id"),))

    collaboration_id: Mapped[int] = internal(index=True)
    position: Mapped[int] = internal()
    kind: Mapped[str] = internal(String(30))
    platform: Mapped[str] = internal(String(40))
    note: Mapped[str] = internal(String(300), default="")
    due_on: Mapped[date | None] = internal()
    state: Mapped[str] = internal(String(20), default="assigned")
    due_at: Mapped[datetime | None] = internal(UtcDateTime)
    rounds_used: Mapped[int] = internal(default=0)
    approved_at: Mapped[datetime | None] = internal(UtcDateTime)
    collaboration: Mapped[Collaboration] = relationship(lazy="raise_on_sql", viewonly=True)


class Submission(BrandRow):
    """Version n of a deliverable, with the facts that the disclosure rules ask for. Every version is kept."""

    __tablename__ = "submission"
    machine = SUBMISSION
    __table_args__ = owned("deliverable", extra=(UniqueConstraint("deliverable_id", "number"),))

    deliverable_id: Mapped[int] = internal(index=True)
    number: Mapped[int] = internal()
    state: Mapped[str] = internal(String(30), default="in_review")
    due_at: Mapped[datetime | None] = internal(UtcDateTime)
    caption: Mapped[str] = personal(Text, default="")
    link: Mapped[str] = personal(String(1000), default="")
    message: Mapped[str] = personal(Text, default="")
    language: Mapped[str] = internal(String(8))
    planned_on: Mapped[date] = internal()
    facts: Mapped[dict[str, Any]] = internal(JSON, default=dict)  # what the compliance check was asked with
    verdict: Mapped[str] = internal(String(20), default="ok")
    packs: Mapped[dict[str, str]] = internal(JSON, default=dict)  # pack id -> version
    decided_at: Mapped[datetime | None] = internal(UtcDateTime)


class SubmissionFile(BrandRow):
    """A file of a submission: media, or the poster of a video."""

    __tablename__ = "submission_file"
    __table_args__ = owned("submission")

    submission_id: Mapped[int] = internal(index=True)
    file_id: Mapped[int] = internal(ForeignKey("stored_file.id"))
    thumbnail_id: Mapped[int | None] = internal(ForeignKey("stored_file.id"))
    position: Mapped[int] = internal(default=0)


class StoredFinding(BrandRow):
    """A compliance finding as it was on the day: rule, version, source and words are frozen here."""

    __tablename__ = "finding"
    __table_args__ = owned(
        "submission", extra=(CheckConstraint("state in ('open', 'passed', 'waived')", name="state"),)
    )

    submission_id: Mapped[int] = internal(index=True)
    rule_id: Mapped[str] = internal(String(60))
    data: Mapped[dict[str, Any]] = internal(JSON)  # Finding.to_json
    verdict: Mapped[str] = internal(String(20))
    blocks: Mapped[bool] = internal(default=False)
    state: Mapped[str] = internal(String(10), default="open")
    waived_by_id: Mapped[int | None] = internal(ForeignKey("person.id"))
    waived_by_name: Mapped[str] = personal(String(120), default="")
    waived_reason: Mapped[str] = internal(String(500), default="")
    waived_at: Mapped[datetime | None] = internal(UtcDateTime)


class Decision(BrandRow):
    """What the brand decided on a submission, and which brief lines it points at."""

    __tablename__ = "decision"
    __table_args__ = owned("submission")

    submission_id: Mapped[int] = internal(index=True)
    decision: Mapped[str] = internal(String(30))  # approved approved_with_corrections changes_requested rejected
    message: Mapped[str] = internal(Text, default="")
    brief_lines: Mapped[list[str]] = internal(JSON, default=list)
    person_id: Mapped[int | None] = internal(ForeignKey("person.id"))
    person_name: Mapped[str] = personal(String(120))


class Post(BrandRow):
    """The live thing: where it is, and who saw that it is what was approved."""

    __tablename__ = "post"
    machine = POST
    __table_args__ = owned("deliverable")

    deliverable_id: Mapped[int] = internal(index=True)
    url: Mapped[str] = personal(String(1000))
    published_on: Mapped[date] = internal()
    state: Mapped[str] = internal(String(20), default="reported")  # reported verified mismatch
    due_at: Mapped[datetime | None] = internal(UtcDateTime)
    checked_by_name: Mapped[str] = personal(String(120), default="")
    checked_at: Mapped[datetime | None] = internal(UtcDateTime)
    remark: Mapped[str] = internal(String(500), default="")
    missing_since: Mapped[datetime | None] = internal(UtcDateTime)  # the platform was asked and no longer has it
    label_state: Mapped[str] = internal(String(10), default="")  # as the platform tells: set unset untold failed
    label_words: Mapped[str] = internal(String(300), default="")  # of the label, and whom it names
    label_at: Mapped[datetime | None] = internal(UtcDateTime)
    label_failed_at: Mapped[datetime | None] = internal(UtcDateTime)  # asked in vain, since that answer

    def unlearn(self) -> None:
        """Know nothing from the platform any more: the address was corrected, so it may be another post."""
        self.missing_since = self.label_at = self.label_failed_at = None
        self.label_state = self.label_words = ""


class FigureLeftOut(BrandRow):
    """A figure that a platform told and that cannot be, and why; it goes when a good one of its kind comes."""

    __tablename__ = "figure_left_out"
    __table_args__ = owned("post", extra=(UniqueConstraint("post_id", "source", "metric"),))

    post_id: Mapped[int] = internal()
    source: Mapped[str] = internal(String(40))
    metric: Mapped[str] = internal(String(20))
    value: Mapped[str] = internal(String(40))  # no number of the database holds it
    reason: Mapped[dict[str, Any]] = internal(JSON)  # Text.to_json
    told_at: Mapped[datetime] = internal(UtcDateTime)

    @property
    def why(self) -> Message:
        """Why it was not taken."""
        return Message.from_json(self.reason)


class MetricReading(BrandRow):
    """One figure of one post at one time, with how well it is proven. Corrections are newer rows."""

    __tablename__ = "metric_reading"
    __table_args__ = owned(
        "post",
        extra=(
            CheckConstraint("value >= 0", name="value"),
            UniqueConstraint("post_id", "metric", "read_at", "evidence"),
        ),
    )

    post_id: Mapped[int] = internal(index=True)
    metric: Mapped[str] = internal(String(20))  # views reach likes comments shares saves
    value: Mapped[int] = internal(BigInteger)
    read_at: Mapped[datetime] = internal(UtcDateTime)
    evidence: Mapped[str] = internal(String(20))  # stated screenshot export connector
    source: Mapped[str] = internal(String(120), default="")
    checked: Mapped[bool] = internal(default=False)  # by the brand's team, against the source
