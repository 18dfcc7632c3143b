"""One deliverable with all that belongs to it: versions, findings, decisions, brief lines, readings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from core.campaigns.models import BriefVersion
from core.content.models import Decision, Deliverable, MetricReading, StoredFinding, Submission, SubmissionFile
from core.files import StoredFile


@dataclass(frozen=True, slots=True)
class Picture:
    """A file of a submission and its small picture."""

    file: StoredFile
    thumbnail: StoredFile | None

    @property
    def video(self) -> bool:
        """Whether it is a film."""
        return self.file.media_type.startswith("video/")


@dataclass(frozen=True, slots=True)
class Version:
    """A submission with everything that belongs to it."""

    submission: Submission
    pictures: Sequence[Picture]
    findings: Sequence[StoredFinding]
    decisions: Sequence[Decision]


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest figure of a metric, and how many came before it."""

    value: int
    read_at: datetime
    evidence: str
    source: str
    earlier: int = 0


def versions(session: Session, deliverable: Deliverable) -> list[Version]:
    """Every version of a deliverable, the newest first, in four statements."""
    rows = session.scalars(
        select(Submission).where(Submission.deliverable_id == deliverable.id).order_by(Submission.number.desc())
    ).all()
    ids = [row.id for row in rows]
    small = aliased(StoredFile)
    pictures: dict[int, list[Picture]] = defaultdict(list)
    for of, file, thumbnail in session.execute(
        select(SubmissionFile.submission_id, StoredFile, small)
        .join(StoredFile, StoredFile.id == SubmissionFile.file_id)
        .outerjoin(small, small.id == SubmissionFile.thumbnail_id)
        .where(SubmissionFile.submission_id.in_(ids))
        .order_by(SubmissionFile.submission_id, SubmissionFile.position)
    ):
        pictures[of].append(Picture(file, thumbnail))
    findings: dict[int, list[StoredFinding]] = defaultdict(list)
    of_these = select(StoredFinding).where(StoredFinding.submission_id.in_(ids)).order_by(StoredFinding.id)
    for finding in session.scalars(of_these):
        findings[finding.submission_id].append(finding)
    decisions: dict[int, list[Decision]] = defaultdict(list)
    for decision in session.scalars(select(Decision).where(Decision.submission_id.in_(ids)).order_by(Decision.id)):
        decisions[decision.submission_id].append(decision)
    return [Version(row, pictures[row.id], findings[row.id], decisions[row.id]) for row in rows]


def brief_lines(session: Session, campaign_id: int, number: int | None) -> list[dict[str, str]]:
    """The lines of the brief that was agreed, of the newest brief when none was."""
    statement = select(BriefVersion).where(BriefVersion.campaign_id == campaign_id)
    if number is not None:
        statement = statement.where(BriefVersion.number == number)
    brief = session.scalar(statement.order_by(BriefVersion.number.desc()).limit(1))
    return list(brief.lines) if brief else []


def readings(session: Session, post_ids: Iterable[int]) -> dict[int, dict[str, Reading]]:
    """The newest figure of each metric of each post; what nobody told is not there."""
    found: dict[int, dict[str, Reading]] = defaultdict(dict)
    statement = select(MetricReading).where(MetricReading.post_id.in_(list(post_ids)))
    for row in session.scalars(statement.order_by(MetricReading.read_at, MetricReading.id)):
        before = found[row.post_id].get(row.metric)
        earlier = before.earlier + 1 if before else 0
        found[row.post_id][row.metric] = Reading(row.value, row.read_at, row.evidence, row.source, earlier)
    return found


def history_of(session: Session, post_id: int) -> list[MetricReading]:
    """Every reading of a post, the newest first."""
    statement = select(MetricReading).where(MetricReading.post_id == post_id)
    return list(session.scalars(statement.order_by(MetricReading.read_at.desc(), MetricReading.id.desc()).limit(200)))
