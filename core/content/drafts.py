"""Deliverables are made when the contract is signed; drafts come in for them, one in review at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, clock
from core.campaigns.models import Campaign
from core.collaborations.events import CollaborationEnded, ContractSigned, MayComplete
from core.collaborations.lifecycle import State as CollaborationState
from core.collaborations.models import Collaboration
from core.content import notices
from core.content.events import SubmissionSent
from core.content.facts import Draft, Setting, judged, setting_of, signed_offer
from core.content.findings import store
from core.content.lifecycle import Act, DeliverableState, SubmissionState
from core.content.models import Deliverable, Submission, SubmissionFile
from core.errors import Invalid, Refused
from core.events import publish
from core.files import FileStore, StoredFile, store_bytes, store_media, thumbnail
from core.lifecycle import begin, move
from core.permissions import SYSTEM, Actor
from core.plugin_api.compliance import CompliancePack
from core.plugin_api.text import T, Text

POSTER_BYTES = 5_000_000
MOST_FILES = 20


@dataclass(frozen=True, slots=True)
class Media:
    """A file that was sent in, with the small picture that stands for it."""

    file: StoredFile
    thumbnail: StoredFile | None


def create_deliverables(session: Session, collaboration_id: int) -> list[Deliverable]:
    """One row for each piece that the signed offer promises. Done once; a second call changes nothing.

    A piece for which no day was agreed is due on the campaign's last day.
    """
    known = session.scalar(select(func.count()).where(Deliverable.collaboration_id == collaboration_id))
    offer = signed_offer(session, collaboration_id)
    if known or offer is None:
        return []
    promised = [item for item in offer.deliverables for _ in range(int(item.get("quantity", 1)))]
    last = session.scalar(select(Campaign.ends_on).join(Collaboration).where(Collaboration.id == collaboration_id))
    made = [_deliverable(offer.brand_id, collaboration_id, at, item, last) for at, item in enumerate(promised, 1)]
    session.add_all(made)
    session.flush()
    zone = brand_zone(session, collaboration_id)
    for deliverable in made:
        deliverable.due_at = end_of(deliverable.due_on, zone)
        begin(session, deliverable, actor=SYSTEM)
    return made


def _deliverable(
    brand_id: int, collaboration_id: int, position: int, item: dict[str, Any], last: date | None
) -> Deliverable:
    due = item.get("due_on")
    return Deliverable(
        brand_id=brand_id,
        collaboration_id=collaboration_id,
        position=position,
        kind=item["kind"],
        platform=item["platform"],
        note=item.get("note") or "",
        due_on=date.fromisoformat(str(due)[:10]) if due else last,
    )


def brand_zone(session: Session, collaboration_id: int) -> str:
    """The time zone that a collaboration's dates are meant in."""
    from core.accounts.models import Brand

    found = session.scalar(select(Brand.timezone).join(Collaboration).where(Collaboration.id == collaboration_id))
    return found or "UTC"


def end_of(day: date | None, zone: str) -> datetime | None:
    """The last moment of a day in a zone."""
    return None if day is None else datetime.combine(day, time(23, 59, 59), ZoneInfo(zone))


def receive(
    session: Session,
    store_: FileStore,
    actor: Actor,
    *,
    deliverable: Deliverable,
    source: BinaryIO,
    name: str,
    limit: int,
    poster: BinaryIO | None = None,
) -> Media:
    """Keep a picture or video that is being sent in, and make its small picture; a film without a still has none."""
    file = store_media(
        session, store_, source, name=name, limit=limit, brand_id=deliverable.brand_id, owner_id=actor.person_id
    )
    if file.media_type.startswith("image/"):
        small: bytes | None = thumbnail(store_.path(file.sha256))
    else:
        small = _still(poster) if poster else None
    if small is None:
        return Media(file, None)
    picture = store_bytes(
        session,
        store_,
        small,
        name=f"{Path(file.name).stem}.webp",
        media_type="image/webp",
        brand_id=deliverable.brand_id,
        owner_id=actor.person_id,
    )
    return Media(file, picture)


def _still(poster: BinaryIO) -> bytes | None:
    """The browser's still of a film, drawn anew; what is no picture is left out."""
    raw = poster.read(POSTER_BYTES + 1)
    if not raw or len(raw) > POSTER_BYTES:
        return None
    with tempfile.NamedTemporaryFile(suffix=".img") as file:
        file.write(raw)
        file.flush()
        try:
            return thumbnail(Path(file.name), 1080)
        except Invalid:
            return None


def submit(
    session: Session,
    actor: Actor,
    *,
    deliverable: Deliverable,
    draft: Draft,
    media: Sequence[Media] = (),
    packs: Iterable[CompliancePack],
    base_url: str,
    broken: Sequence[Text] = (),
) -> Submission:
    """Send a draft to the brand: the next version, with what the rules said of it on this day.

    `broken` are the rule packs that do not work, as `judged` wants them.
    """
    setting = setting_of(session, deliverable)
    refuse_while_waiting(session, setting)
    if not (draft.caption or draft.link or media):
        raise Invalid(T("Write the text, give a link, or add a picture or video."), "caption")
    if draft.link and not draft.link.startswith(("https://", "http://")):
        raise Invalid(T("Enter the whole address, with https://."), "link")
    if len(media) > MOST_FILES:
        raise Invalid(T("Send at most %(count)s files.", count=MOST_FILES), "media")
    known = tuple(packs)
    report = judged(known, setting, draft, broken)
    asked = {finding.jurisdiction for finding in report.findings}
    move(session, deliverable, Act.SUBMIT, actor=actor)
    last = session.scalar(select(func.max(Submission.number)).where(Submission.deliverable_id == deliverable.id)) or 0
    submission = Submission(
        brand_id=deliverable.brand_id,
        deliverable_id=deliverable.id,
        number=last + 1,
        due_at=clock.now() + timedelta(days=setting.campaign.review_days),
        caption=draft.caption,
        link=draft.link,
        message=draft.message,
        language=draft.language,
        planned_on=draft.planned_on,
        facts=draft.to_json(),
        verdict=str(report.verdict),
        packs={pack.id: pack.version for pack in known if pack.jurisdiction in asked},
    )
    session.add(submission)
    session.flush()
    session.add_all([*_files(submission, media), *store(submission, report.findings)])
    begin(session, submission, actor=actor)
    deliverable.due_at = submission.due_at
    audit.record(
        session,
        actor=actor,
        brand_id=submission.brand_id,
        action="content.submit",
        obj=submission,
        detail={"version": submission.number, "verdict": submission.verdict},
    )
    publish(session, SubmissionSent(submission.id, deliverable.collaboration_id))
    notices.submission_sent(session, setting, submission, base_url=base_url)
    return submission


def _files(submission: Submission, media: Sequence[Media]) -> list[SubmissionFile]:
    return [
        SubmissionFile(
            brand_id=submission.brand_id,
            submission_id=submission.id,
            file_id=item.file.id,
            thumbnail_id=item.thumbnail.id if item.thumbnail else None,
            position=position,
        )
        for position, item in enumerate(media)
    ]


def refuse_while_waiting(session: Session, setting: Setting) -> None:
    """Nothing is sent in or published before both have signed, nor while the collaboration is paused."""
    state = session.scalar(select(Collaboration.state).where(Collaboration.id == setting.deliverable.collaboration_id))
    if state == CollaborationState.ON_HOLD:
        raise Refused(
            T(
                "%(brand)s has paused this collaboration. You do not need to do anything until it goes on.",
                brand=setting.brand.name,
            )
        )
    if setting.offer is None:
        raise Refused(T("The contract is not signed by both sides, so nothing can be sent or published yet."))


def withdraw(session: Session, actor: Actor, *, deliverable: Deliverable, submission: Submission) -> None:
    """Take a draft back that nobody has decided on, to change it."""
    move(session, submission, Act.WITHDRAW, actor=actor)
    move(session, deliverable, Act.WITHDRAW, actor=actor)
    submission.due_at = None
    deliverable.due_at = end_of(deliverable.due_on, brand_zone(session, deliverable.collaboration_id))
    audit.record(session, actor=actor, brand_id=submission.brand_id, action="content.withdraw", obj=submission)


def cancel_open(session: Session, collaboration_id: int) -> None:
    """End what is not live yet; what was approved or published has been earned and stays in the record."""
    rows = session.scalars(select(Deliverable).where(Deliverable.collaboration_id == collaboration_id)).all()
    for deliverable in rows:
        if Act.CANCEL not in Deliverable.machine.actions(deliverable.state):
            continue
        in_review = session.scalar(
            select(Submission).where(
                Submission.deliverable_id == deliverable.id, Submission.state == SubmissionState.IN_REVIEW
            )
        )
        if in_review:
            move(session, in_review, Act.WITHDRAW, actor=SYSTEM)
            in_review.due_at = None
        move(session, deliverable, Act.CANCEL, actor=SYSTEM)
        deliverable.due_at = None


def on_signed(session: Session, event: ContractSigned) -> None:
    """Make the deliverables."""
    create_deliverables(session, event.collaboration_id)


def on_ended(session: Session, event: CollaborationEnded) -> None:
    """Cancel what is open, unless the collaboration ended well."""
    if event.how != CollaborationState.COMPLETED:
        cancel_open(session, event.collaboration_id)


def objections(session: Session, question: MayComplete) -> list[Any]:
    """A collaboration is not complete while a deliverable waits."""
    done = (DeliverableState.VERIFIED, DeliverableState.CANCELLED)
    waiting = session.scalar(
        select(func.count()).where(
            Deliverable.collaboration_id == question.collaboration_id, Deliverable.state.not_in(done)
        )
    )
    return [T("Deliverables are still open.")] if waiting else []
