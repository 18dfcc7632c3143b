"""What is live: reported by the influencer, held against what was approved by a person, counted in readings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, clock, typed
from core.accounts.models import Brand
from core.collaborations import endings
from core.collaborations.lifecycle import State as CollaborationState
from core.collaborations.models import Collaboration
from core.content import notices
from core.content.drafts import refuse_while_waiting
from core.content.events import MetricsRecorded, PostReported, PostVerified
from core.content.facts import Setting, setting_of
from core.content.lifecycle import EVIDENCE, METRIC_NAMES, Act, DeliverableState
from core.content.models import Deliverable, MetricReading, Post, Submission
from core.content.review import APPROVALS, refuse_blocked
from core.csv_input import RowError, read_table
from core.errors import Denied, Invalid, Refused
from core.events import publish
from core.influencers.vocabulary import PLATFORM_HOSTS
from core.lifecycle import begin, move
from core.permissions import Actor, Permission
from core.plugin_api.payment_models import EvidenceLevel
from core.plugin_api.platforms import Metrics
from core.plugin_api.text import T
from core.plugin_host.deadlines import Seam
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure

EVIDENCE_OF = {
    EvidenceLevel.CLAIMED: "stated",
    EvidenceLevel.DOCUMENTED: "export",
    EvidenceLevel.CHECKED: "screenshot",
    EvidenceLevel.MEASURED: "connector",
}


def report_post(
    session: Session, actor: Actor, *, deliverable: Deliverable, url: str, published_on: date, base_url: str
) -> Post:
    """Say where an approved deliverable is live. Refused without a signed contract or with an open blocking finding."""
    setting = setting_of(session, deliverable)
    refuse_while_waiting(session, setting)
    submission = _approved(session, deliverable)
    refuse_blocked(session, submission)
    address, day = _address(url), _published(published_on)
    move(session, deliverable, Act.REPORT, actor=actor)
    post = Post(brand_id=deliverable.brand_id, deliverable_id=deliverable.id, url=address, published_on=day)
    session.add(post)
    begin(session, post, actor=actor)
    _await_check(setting, post)
    _record(session, actor, "report", post, url=address)
    publish(session, PostReported(post.id))
    notices.post_reported(session, setting, post, base_url=base_url)
    return post


def correct_post(session: Session, actor: Actor, *, post: Post, url: str, published_on: date, base_url: str) -> None:
    """Correct the address or the date of a post until it is verified; it is then looked at again."""
    address, day = _address(url), _published(published_on)
    setting = setting_of(session, session.get_one(Deliverable, post.deliverable_id))
    before = post.url
    move(session, post, Act.CORRECT, actor=actor)
    post.url, post.published_on, post.remark = address, day, ""
    post.unlearn()
    _await_check(setting, post)
    _record(session, actor, "correct", post, before=before, url=address)
    publish(session, PostReported(post.id))
    notices.post_reported(session, setting, post, base_url=base_url)


def verify_post(session: Session, actor: Actor, *, post: Post, matches: bool, remark: str = "", base_url: str) -> None:
    """Say whether the live post is what was approved; a difference needs a remark that tells what to correct."""
    actor.require(Permission.LIVE_EDIT, post.brand_id)
    deliverable = session.get_one(Deliverable, post.deliverable_id)
    setting = setting_of(session, deliverable)
    collaboration = session.get_one(Collaboration, deliverable.collaboration_id)
    if collaboration.state == CollaborationState.ON_HOLD:
        raise Refused(T("The collaboration is paused. Let it go on first."))
    text = remark.strip()[:500]
    if not matches and not text:
        raise Invalid(T("Write what differs, so that it can be corrected."), "remark")
    move(session, post, Act.VERIFY if matches else Act.MISMATCH, actor=actor, reason=text or None)
    post.checked_by_name, post.checked_at, post.remark, post.due_at = actor.name, clock.now(), text, None
    _record(session, actor, post.state, post, remark=text)
    if not matches:
        post.due_at = deliverable.due_at = clock.now() + timedelta(days=setting.campaign.review_days)
        notices.post_differs(session, setting, post, base_url=base_url)
        return
    move(session, deliverable, Act.VERIFY, actor=actor)
    deliverable.due_at = None
    publish(session, PostVerified(post.id, deliverable.id, deliverable.collaboration_id))
    if collaboration.state == CollaborationState.IN_PROGRESS and all_verified(session, collaboration.id):
        endings.deliver(session, actor, collaboration=collaboration, base_url=base_url)


def all_verified(session: Session, collaboration_id: int) -> bool:
    """Whether every deliverable that was not cancelled is live and verified, and there is at least one."""
    statement = select(Deliverable.state).where(Deliverable.collaboration_id == collaboration_id)
    states = {state for state in session.scalars(statement) if state != DeliverableState.CANCELLED}
    return states == {DeliverableState.VERIFIED}


def _record(session: Session, actor: Actor, deed: str, post: Post, **detail: object) -> None:
    audit.record(session, actor=actor, brand_id=post.brand_id, action=f"content.{deed}", obj=post, detail=detail)


def _approved(session: Session, deliverable: Deliverable) -> Submission:
    found = session.scalar(
        select(Submission)
        .where(Submission.deliverable_id == deliverable.id, Submission.state.in_(APPROVALS))
        .order_by(Submission.number.desc())
        .limit(1)
    )
    if found is None:
        raise Refused(T("The brand has not approved a draft of this, so it cannot go live yet."))
    return found


def _await_check(setting: Setting, post: Post) -> None:
    post.due_at = setting.deliverable.due_at = clock.now() + timedelta(days=setting.campaign.review_days)


def _split(address: str) -> SplitResult | None:
    """The parts of an address, None when it has none that can be told."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def is_address(text: str) -> bool:
    """Whether it is a whole web address, as a post's has to be."""
    parts = _split(text) if text.isprintable() and " " not in text and len(text) <= 1000 else None
    known = parts is not None and parts.scheme in ("http", "https") and "." in (parts.hostname or "")
    return known and parts is not None and not parts.username


def _address(url: str) -> str:
    """A whole web address, or `Invalid`."""
    address = url.strip()
    if not is_address(address):
        raise Invalid(T("Enter the whole address of the post, with https://."), "url")
    return address


def elsewhere(platform: str, url: str) -> bool:
    """Whether an address is on none of the hosts that a platform is known by; False where none is known."""
    known = [host for host, name in PLATFORM_HOSTS.items() if name == platform]
    parts = _split(url)
    host = f".{(parts.hostname or '') if parts else ''}"
    return bool(known) and not any(host.endswith(f".{one}") for one in known)


def _published(day: date) -> date:
    """A day that has come somewhere on Earth."""
    if day > (clock.now() + timedelta(hours=14)).date():
        raise Invalid(T("This day has not come yet."), "published_on")
    return day


def record_metrics(
    session: Session,
    actor: Actor,
    *,
    post: Post,
    values: Mapping[str, int | None],
    read_at: datetime,
    evidence: str,
    source: str = "",
) -> int:
    """Add a reading. What is not known stays unknown; a correction is a newer row. Says how many figures are new."""
    _may_count(session, actor, post)
    checked = actor.may(Permission.LIVE_EDIT, post.brand_id)
    if evidence not in EVIDENCE or (evidence == "connector" and actor.person_id is not None):
        raise Invalid(T("Choose one of the list."), "evidence")
    if typed.moment(read_at, "read_at") > clock.now() + timedelta(hours=14):
        raise Invalid(T("This day has not come yet."), "read_at")
    known = {name: value for name, value in values.items() if value is not None}
    if not known:
        raise Invalid(T("Enter at least one number."), next(iter(METRIC_NAMES)))
    for name, value in known.items():
        if name not in METRIC_NAMES or value < 0:
            raise Invalid(T("Enter a whole number that is not below zero."), name)
        if value > typed.MOST_COUNT:
            raise Invalid(T("This number cannot be right."), name)
    how = {"evidence": evidence, "source": source[:120], "checked": checked}
    new = sum(_add(session, post, name, value, read_at, how) for name, value in known.items())
    if new:
        _record(session, actor, "metrics", post, evidence=evidence, **known)
        deliverable = session.get_one(Deliverable, post.deliverable_id)
        publish(session, MetricsRecorded(post.id, deliverable.collaboration_id))
    return new


def _may_count(session: Session, actor: Actor, post: Post) -> None:
    """The brand's team with the right to, or the influencer whose post it is."""
    if actor.may(Permission.LIVE_EDIT, post.brand_id) or actor.person_id is None:
        return
    owner = session.scalar(
        select(Collaboration.influencer_id)
        .join(Deliverable, Deliverable.collaboration_id == Collaboration.id)
        .where(Deliverable.id == post.deliverable_id)
    )
    if owner is None or owner != actor.influencer_id:
        raise Denied(T("You do not have the right to do this. Ask an owner of the brand."))


def _add(session: Session, post: Post, name: str, value: int, at: datetime, how: Mapping[str, Any]) -> bool:
    """One figure; another value of the same moment stands just after the old one.

    The same again adds nothing, but when the brand's team says it too, it is checked from then on.
    """
    moment = at.astimezone(UTC).replace(microsecond=0)
    rows = session.scalars(
        select(MetricReading)
        .where(
            MetricReading.post_id == post.id, MetricReading.metric == name, MetricReading.evidence == how["evidence"]
        )
        .where(MetricReading.read_at >= moment, MetricReading.read_at < moment + timedelta(seconds=1))
        .order_by(MetricReading.read_at.desc())
    ).all()
    if rows and rows[0].value == value:
        confirmed = how["checked"] and not rows[0].checked
        rows[0].checked = rows[0].checked or how["checked"]
        return confirmed
    if rows:
        moment = rows[0].read_at + timedelta(microseconds=1)
    session.add(MetricReading(brand_id=post.brand_id, post_id=post.id, metric=name, value=value, read_at=moment, **how))
    session.flush()
    return True


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a table of readings."""

    rows: int
    figures: int
    errors: Sequence[RowError]


def import_metrics(
    session: Session, actor: Actor, *, host: PluginHost, brand_id: int, raw: bytes, name: str
) -> Imported:
    """Take the readings of a table; each row that cannot be taken is named, the same table again changes nothing."""
    actor.require(Permission.LIVE_EDIT, brand_id)
    connector = host.platforms.get("csv")
    if connector is None:
        raise Refused(T("The plugin that reads tables of metrics is not installed or does not work."))
    table = read_table(raw)
    rows = table.aligned(connector.columns)
    brand = session.get_one(Brand, brand_id)
    host, zone = host.of(brand.public_id), ZoneInfo(brand.timezone)
    parsed = host.call(host.platforms.owners["csv"], connector.parse, rows, zone, seam=Seam.WORK)
    if isinstance(parsed, Failure):
        raise Refused(parsed.reason)
    errors = [*table.errors, *parsed.errors]
    posts = _by_address(session, brand_id)
    good = figures = 0
    for line, reading in _numbered(rows, parsed.records, {error.line for error in parsed.errors}):
        post = posts.get(_plain(reading.post))
        if post is None:
            errors.append(RowError(line, "url", T("No published post of this brand has this address.")))
            continue
        try:
            figures += record_metrics(
                session,
                actor,
                post=post,
                values=reading.values,
                read_at=reading.at,
                evidence=EVIDENCE_OF[reading.evidence],
                source=name,
            )
        except Invalid as error:
            errors.append(RowError(line, error.field or "", error.message))
        else:
            good += 1
    return Imported(good, figures, sorted(errors, key=lambda error: error.line))


def _numbered(rows: Iterable[object], records: Sequence[Metrics], bad: set[int]) -> list[tuple[int, Metrics]]:
    """Each reading with the line that it came from: the good rows, in their order."""
    lines = [line for row in rows if (line := getattr(row, "line", 0)) not in bad]
    return list(zip(lines, records, strict=False))


def _by_address(session: Session, brand_id: int) -> dict[str, Post]:
    return {_plain(post.url): post for post in session.scalars(select(Post).where(Post.brand_id == brand_id))}


def _plain(url: str) -> str:
    """An address to compare by: host and path, without `www.`, query and closing slash; YouTube keeps its `v`."""
    parts = _split(url.strip())
    if parts is None:
        return url.strip()
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    video = next((part for part in parts.query.split("&") if part.startswith("v=")), "")
    return f"{host}{parts.path.rstrip('/')}{'?' + video if video else ''}"
