"""Drafts, decisions, posts and figures: each deliverable goes as far as the fate of its affair says."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from io import BytesIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.cli.story import pictures, texts
from core.cli.story.affair import Affair
from core.cli.story.plans import DONE
from core.cli.story.stage import playing
from core.content import service
from core.content.models import Deliverable, Post, StoredFinding, Submission
from core.permissions import Actor

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789_"
Step = tuple[int, str, str]
ENDS: dict[str, tuple[Step, ...]] = {
    "review": ((-1, "submit", "good"),),
    "bad": ((-1, "submit", "bad"),),
    "changes": ((-4, "submit", "good"), (-2, "decide", "changes_requested")),
    "waived": ((-5, "submit", "bad"), (-4, "waive", ""), (-3, "decide", "approved")),
    "approved": ((-5, "submit", "good"), (-3, "decide", "approved_with_corrections")),
    "live": ((-9, "submit", "good"), (-7, "decide", "approved"), (-2, "report", "")),
    "mismatch": ((-9, "submit", "good"), (-7, "decide", "approved"), (-4, "report", ""), (-2, "verify", "mismatch")),
    "delivered": ((-20, "submit", "good"), (-17, "decide", "approved"), (-14, "report", ""), (-12, "verify", "")),
}


def schedule(affair: Affair, signed: int) -> None:
    """Put the work of an affair on the agenda: all but the last piece go live, the last as far as its fate."""
    count = len(affair.plan.wanted)
    for at in range(count):
        last = at == count - 1
        if last and affair.fate in ENDS:
            steps = list(ENDS[affair.fate])
        elif last and affair.fate != DONE:
            steps = []
        else:
            steps = _whole(affair, signed + 6 + 5 * at)
        for day, deed, how in steps:
            hour = {"submit": 18, "decide": 11, "report": 19, "verify": 10, "waive": 14}[deed]
            affair.stage.at(day, partial(_DEEDS[deed], affair, at, how), hour)


def _whole(affair: Affair, day: int) -> list[Step]:
    steps: list[Step] = []
    if affair.number % 3 == 0:
        steps = [(day, "submit", "bad"), (day + 1, "decide", "changes_requested")]
        day += 3
    elif affair.number % 5 == 1:
        steps = [(day, "submit", "good"), (day + 2, "decide", "changes_requested")]
        day += 4
    return [
        *steps, (day, "submit", "good"), (day + 1, "decide", "approved"), (day + 3, "report", ""),
        (day + 4, "verify", ""),
    ]  # fmt: skip


def _deliverable(session: Session, affair: Affair, at: int) -> Deliverable:
    mine = select(Deliverable).where(Deliverable.collaboration_id == affair.id).order_by(Deliverable.position)
    return session.scalars(mine).all()[at]


def _newest(session: Session, affair: Affair, at: int) -> Submission:
    row = _deliverable(session, affair, at)
    mine = select(Submission).where(Submission.deliverable_id == row.id).order_by(Submission.number.desc())
    return session.scalars(mine).all()[0]


def _submit(affair: Affair, at: int, how: str, session: Session) -> None:
    row = _deliverable(session, affair, at)
    with playing(session, affair.star.email) as actor:
        media = [] if row.kind == "blog" else [_picture(session, affair, actor, row)]
        service.submit(
            session, actor, deliverable=row, draft=draft(affair, row, good=how == "good"),
            media=media,
            packs=affair.stage.host.compliance.values(), base_url=affair.stage.base,
        )  # fmt: skip


def _picture(session: Session, affair: Affair, actor: Actor, row: Deliverable) -> service.Media:
    variant = (affair.number * 2 + row.position) % pictures.VARIANTS
    source = BytesIO(pictures.drawn(affair.house.colour, variant))
    return service.receive(
        session, affair.stage.here.files, actor, deliverable=row, source=source, name=f"{row.kind}.jpg", limit=2_000_000
    )


def draft(affair: Affair, row: Deliverable, *, good: bool) -> service.Draft:
    """A draft with its label at the start, or with one that hides behind a hashtag, or with none."""
    house, language = affair.house, {"FI": "fi", "SE": "sv", "NO": "nb"}[affair.country]
    captions = texts.CAPTIONS[house.name]
    caption = captions[(affair.number + row.position + affair.plan.start) % len(captions)]
    handle = house.handles.split()[0]
    if good:
        caption = f"{house.label} | {caption} {handle}"
    else:
        caption = f"{caption} {handle}" + (" #collab" if affair.number % 2 and affair.country == "FI" else "")
    planned = affair.stage.moment.date() + timedelta(days=3)
    shown = house.label if good else ""
    facts: dict[str, object] = {"platform_label": good and row.platform != "blog"}
    if row.kind in ("reel", "short", "video"):
        facts |= {"length": Decimal(30), "overlay": shown, "overlay_from": Decimal(0), "overlay_to": Decimal(30)}
    elif row.kind in ("story", "carousel"):
        facts |= {"pictures": 4, "overlay": shown, "overlay_pictures": "1-4"}
    return service.Draft(language=language, planned_on=planned, caption=caption, **facts)  # type: ignore[arg-type]


def _decide(affair: Affair, at: int, how: str, session: Session) -> None:
    submission = _newest(session, affair, at)
    words = ""
    if how == "approved":
        words = texts.PRAISE[affair.country] if affair.number % 2 else ""
    elif how == "approved_with_corrections" or submission.verdict == "ok":
        words = texts.STYLE[affair.country]
    else:
        words = texts.ASKS[affair.country]
    with playing(session, affair.house.reviewer) as actor:
        service.decide(session, actor, submission=submission, decision=how, message=words, base_url=affair.stage.base)


def _waive(affair: Affair, at: int, _how: str, session: Session) -> None:
    submission = _newest(session, affair, at)
    blocking = StoredFinding.submission_id == submission.id, StoredFinding.blocks, StoredFinding.state == "open"
    with playing(session, affair.house.owner) as actor:
        for finding in session.scalars(select(StoredFinding).where(*blocking).order_by(StoredFinding.id)).all():
            service.waive_finding(session, actor, finding=finding, reason=texts.REASONS["waived"][affair.country])


def _report(affair: Affair, at: int, _how: str, session: Session) -> None:
    row, rng = _deliverable(session, affair, at), affair.stage.rng
    name = "".join(rng.choices(LETTERS, k=11))
    url = {
        "instagram": f"https://www.instagram.com/p/{name}/",
        "tiktok": f"https://www.tiktok.com/@{affair.star.handle}/video/{rng.randrange(10**18, 10**19)}",
        "youtube": f"https://www.youtube.com/watch?v={name}",
    }.get(row.platform, f"https://{affair.star.email.split('@')[0]}.example/{name.lower()}")
    with playing(session, affair.star.email) as actor:
        post = service.report_post(
            session, actor, deliverable=row, url=url, published_on=affair.stage.moment.date(),
            base_url=affair.stage.base,
        )  # fmt: skip
        views = max(20, affair.star.followers * rng.randrange(4, 14) // 100)
        service.record_metrics(
            session, actor, post=post, values={"views": views}, read_at=affair.stage.moment, evidence="stated"
        )


def _verify(affair: Affair, at: int, how: str, session: Session) -> None:
    row = _deliverable(session, affair, at)
    post = session.scalars(select(Post).where(Post.deliverable_id == row.id)).one()
    with playing(session, affair.house.reviewer) as actor:
        service.verify_post(
            session, actor, post=post, matches=not how, remark=texts.MISMATCH[affair.country] if how else "",
            base_url=affair.stage.base,
        )  # fmt: skip


_DEEDS = {"submit": _submit, "decide": _decide, "waive": _waive, "report": _report, "verify": _verify}
