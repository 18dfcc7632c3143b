"""What pages read of content: queues, versions with their findings, what waits for whom. Scoped in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from core import clock
from core.campaigns.models import Campaign
from core.collaborations.lifecycle import ENDED
from core.collaborations.lifecycle import State as CollaborationState
from core.collaborations.models import Collaboration
from core.content.lifecycle import DeliverableState, PostState, SubmissionState
from core.content.models import Deliverable, Post, StoredFinding, Submission
from core.errors import Missing
from core.influencers.models import Relationship
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text

if TYPE_CHECKING:
    from core.waiting import Waiting

X = TypeVar("X")
PAGE = 50
_REVIEW = T("Review the draft of %(name)s")
_CHECK = T("Check the post of %(name)s")
_GONE = T("The post of %(name)s cannot be found any more")
_OPEN = (DeliverableState.ASSIGNED, DeliverableState.IN_PRODUCTION, DeliverableState.APPROVED)


@dataclass(frozen=True, slots=True)
class Piece:
    """A deliverable with its campaign and its influencer, and what of it is asked for."""

    deliverable: Deliverable
    campaign: Campaign
    person: Relationship
    collaboration: Collaboration
    submission: Submission | None = None
    post: Post | None = None

    @property
    def paused(self) -> bool:
        """Whether the collaboration waits."""
        return self.collaboration.state == CollaborationState.ON_HOLD

    @property
    def due_at(self) -> datetime | None:
        """When the next step is due."""
        row = self.submission or self.post or self.deliverable
        gone = self.post.missing_since if self.post and self.collaboration.state not in ENDED else None
        look = gone + timedelta(days=self.campaign.review_days) if gone else None
        return row.due_at or self.deliverable.due_at or look

    @property
    def late(self) -> bool:
        """Whether that moment has passed."""
        return self.due_at is not None and self.due_at < clock.now()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a submission stands in the queue."""

    number: int
    total: int
    previous: str | None
    next: str | None


def _pieces(*extra: type) -> Any:
    return (
        select(Deliverable, Campaign, Relationship, Collaboration, *extra)
        .join(Collaboration, Collaboration.id == Deliverable.collaboration_id)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .join(Relationship, Relationship.id == Collaboration.relationship_id)
    )


def visible(actor: Actor, permission: Permission = Permission.CONTENT_READ) -> ColumnElement[bool]:
    """The deliverables of the brands in which the actor holds a permission."""
    return Deliverable.brand_id.in_(actor.brands_with(permission))


def own(actor: Actor) -> ColumnElement[bool]:
    """The deliverables of the influencer who asks."""
    return and_(Collaboration.influencer_id.is_not(None), Collaboration.influencer_id == actor.influencer_id)


def review_queue(
    session: Session, actor: Actor, limit: int = PAGE, offset: int = 0, permission: Permission = Permission.CONTENT_READ
) -> list[Piece]:
    """Drafts that wait for a decision, the one that is due first first."""
    statement = _in_review(actor, permission).order_by(Submission.due_at, Submission.id).limit(limit).offset(offset)
    return [Piece(*row) for row in session.execute(statement)]


def _in_review(actor: Actor, permission: Permission = Permission.CONTENT_READ) -> Any:
    return (
        _pieces(Submission)
        .join(Submission, Submission.deliverable_id == Deliverable.id)
        .where(visible(actor, permission), Submission.state == SubmissionState.IN_REVIEW)
    )


def post_queue(
    session: Session, actor: Actor, limit: int = PAGE, offset: int = 0, permission: Permission = Permission.CONTENT_READ
) -> list[Piece]:
    """Live posts that nobody has looked at yet."""
    statement = (
        _pieces(Post)
        .join(Post, Post.deliverable_id == Deliverable.id)
        .where(visible(actor, permission), Post.state == PostState.REPORTED)
        .order_by(Post.due_at, Post.id)
    )
    rows = session.execute(statement.limit(limit).offset(offset))
    return [_with_post(row) for row in rows]


def missing_queue(
    session: Session, actor: Actor, limit: int = PAGE, permission: Permission = Permission.CONTENT_READ
) -> list[Piece]:
    """Verified posts that their platform no longer has, until it has them again or the collaboration has ended."""
    statement = (
        _pieces(Post)
        .join(Post, Post.deliverable_id == Deliverable.id)
        .where(visible(actor, permission), Post.state == PostState.VERIFIED, Post.missing_since.is_not(None))
        .where(Collaboration.state.not_in(ENDED))
        .order_by(Post.missing_since, Post.id)
    )
    return [_with_post(row) for row in session.execute(statement.limit(limit))]


def all_content(
    session: Session, actor: Actor, *, state: str = "", q: str = "", limit: int = PAGE, offset: int = 0
) -> list[Piece]:
    """Every deliverable that the actor may see, the newest first, with its last version and its post."""
    last = aliased(Submission)
    newest = select(func.max(last.number)).where(last.deliverable_id == Deliverable.id).scalar_subquery()
    statement = (
        _pieces(Submission, Post)
        .outerjoin(Submission, and_(Submission.deliverable_id == Deliverable.id, Submission.number == newest))
        .outerjoin(Post, Post.deliverable_id == Deliverable.id)
        .where(visible(actor))
        .order_by(Deliverable.id.desc())
    )
    if state in set(DeliverableState):
        statement = statement.where(Deliverable.state == state)
    if q:
        like = f"%{q.replace('%', '').replace('_', '')}%"
        statement = statement.where(or_(Campaign.name.ilike(like), Relationship.display_name.ilike(like)))
    return [Piece(*row) for row in session.execute(statement.limit(limit).offset(offset))]


def _count_of(table: type[Submission | Post], state: str) -> Select[int]:
    return (
        select(func.count())
        .select_from(table)
        .where(table.brand_id.in_(bindparam("brands", expanding=True)), table.state == state)
    )


_DRAFTS, _POSTS = _count_of(Submission, SubmissionState.IN_REVIEW), _count_of(Post, PostState.REPORTED)


def count_waiting(session: Session, actor: Actor) -> int:
    """The number on the badge of every page: drafts that wait for this team."""
    return session.scalar(_DRAFTS, {"brands": actor.brands_with(Permission.CONTENT_READ)}) or 0


def count_posts(session: Session, actor: Actor) -> int:
    """How many reported posts wait for a look."""
    return session.scalar(_POSTS, {"brands": actor.brands_with(Permission.CONTENT_READ)}) or 0


def waiting(session: Session, actor: Actor) -> list[Waiting]:
    """What waits for the brand: drafts to review by those who may, posts to check and to look for by those who may."""
    drafts = review_queue(session, actor, permission=Permission.CONTENT_REVIEW)
    posts = post_queue(session, actor, permission=Permission.LIVE_EDIT)
    missing = missing_queue(session, actor, permission=Permission.LIVE_EDIT)
    return [
        *(_waits(piece, _REVIEW, "admin.submission", piece.submission) for piece in drafts),
        *(_waits(piece, _CHECK, "admin.post", piece.post) for piece in posts),
        *(_waits(piece, _GONE, "admin.post", piece.post) for piece in missing),
    ]


def _waits(piece: Piece, title: Text, endpoint: str, row: Submission | Post | Deliverable | None) -> Waiting:
    from core.waiting import Waiting

    return Waiting(
        title=Text(title.msgid, {"name": piece.person.display_name, "campaign": piece.campaign.name}),
        detail=T("%(campaign)s: %(kind)s", campaign=piece.campaign.name, kind=_kind(piece.deliverable)),
        due_at=piece.due_at,
        endpoint=endpoint,
        values={"public_id": row.public_id if row else ""},
    )


def _kind(deliverable: Deliverable) -> Text:
    from core.campaigns.catalogue import DELIVERABLE_KINDS

    return DELIVERABLE_KINDS.get(deliverable.kind) or T(deliverable.kind)


def waiting_for_influencer(session: Session, actor: Actor) -> list[Waiting]:
    """What waits for the influencer: drafts to send, approved pieces to publish, posts to correct."""
    statement = (
        _pieces(Post)
        .outerjoin(Post, Post.deliverable_id == Deliverable.id)
        .where(own(actor), Collaboration.state == CollaborationState.IN_PROGRESS)
        .where(or_(Deliverable.state.in_(_OPEN), Post.state == PostState.MISMATCH))
        .order_by(Deliverable.due_at.is_(None), Deliverable.due_at, Deliverable.id)
        .limit(PAGE)
    )
    found = []
    for deliverable, campaign, person, collaboration, post in session.execute(statement):
        piece = Piece(deliverable, campaign, person, collaboration, None, post)
        title = _OWN_TITLES["mismatch" if post else deliverable.state]
        found.append(_waits(piece, title, "portal.deliverable", deliverable))
    return found


_OWN_TITLES: dict[str, Text] = {
    DeliverableState.ASSIGNED: T("Send your draft for %(campaign)s"),
    DeliverableState.IN_PRODUCTION: T("Send a new version for %(campaign)s"),
    DeliverableState.APPROVED: T("Publish for %(campaign)s and tell where it is"),
    "mismatch": T("Correct your post for %(campaign)s"),
}


def get_submission(
    session: Session, actor: Actor, public_id: str, permission: Permission = Permission.CONTENT_READ
) -> Piece:
    """A submission that the actor may see; else `Missing`."""
    row = session.execute(
        _pieces(Submission, Post)
        .join(Submission, Submission.deliverable_id == Deliverable.id)
        .outerjoin(Post, Post.deliverable_id == Deliverable.id)
        .where(Submission.public_id == public_id, visible(actor, permission))
    ).one_or_none()
    return _found(row)


def get_post(session: Session, actor: Actor, public_id: str, permission: Permission = Permission.CONTENT_READ) -> Piece:
    """A post that the actor may see; else `Missing`."""
    row = session.execute(
        _pieces(Post)
        .join(Post, Post.deliverable_id == Deliverable.id)
        .where(Post.public_id == public_id, visible(actor, permission))
    ).one_or_none()
    return _with_post(_there(row))


def get_finding(session: Session, actor: Actor, public_id: str) -> StoredFinding:
    """A finding of a brand in which the actor may waive; else `Missing`."""
    found = session.scalar(
        select(StoredFinding).where(
            StoredFinding.public_id == public_id,
            StoredFinding.brand_id.in_(actor.brands_with(Permission.CONTENT_WAIVE)),
        )
    )
    return _there(found)


def piece_of(session: Session, actor: Actor, finding: StoredFinding) -> Piece:
    """The submission that a finding is about."""
    public_id = session.scalar(select(Submission.public_id).where(Submission.id == finding.submission_id))
    return get_submission(session, actor, public_id or "")


def get_own(session: Session, actor: Actor, public_id: str) -> Piece:
    """A deliverable of the influencer who asks, with its post; else `Missing`."""
    row = session.execute(
        _pieces(Post)
        .outerjoin(Post, Post.deliverable_id == Deliverable.id)
        .where(Deliverable.public_id == public_id, own(actor))
    ).one_or_none()
    return _with_post(_there(row))


def own_pieces(session: Session, actor: Actor, collaboration: Collaboration | None = None) -> list[Piece]:
    """The influencer's deliverables by collaboration, the newest collaboration first."""
    statement = (
        _pieces(Post)
        .outerjoin(Post, Post.deliverable_id == Deliverable.id)
        .where(own(actor))
        .order_by(Collaboration.id.desc(), Deliverable.position)
        .limit(500)
    )
    if collaboration is not None:
        statement = statement.where(Collaboration.id == collaboration.id)
    rows = session.execute(statement)
    return [_with_post(row) for row in rows]


def deliverables_of(session: Session, collaboration_ids: Iterable[int]) -> dict[int, list[Deliverable]]:
    """The deliverables of collaborations that the caller may see, by collaboration, in their order."""
    found: dict[int, list[Deliverable]] = defaultdict(list)
    statement = select(Deliverable).where(Deliverable.collaboration_id.in_(list(collaboration_ids)))
    for row in session.scalars(statement.order_by(Deliverable.collaboration_id, Deliverable.position)):
        found[row.collaboration_id].append(row)
    return found


def place(session: Session, actor: Actor, submission: Submission) -> Place | None:
    """Where a submission stands among those that wait, None when it does not."""
    statement = _in_review(actor).with_only_columns(Submission.public_id).order_by(Submission.due_at, Submission.id)
    ids = list(session.scalars(statement.limit(1000)))
    if submission.public_id not in ids:
        return None
    at = ids.index(submission.public_id)
    after = ids[at + 1] if at + 1 < len(ids) else None
    return Place(at + 1, len(ids), ids[at - 1] if at else None, after)


def _with_post(row: Any) -> Piece:
    deliverable, campaign, person, collaboration, post = row
    return Piece(deliverable, campaign, person, collaboration, None, post)


def _found(row: Sequence[Any] | None) -> Piece:
    return Piece(*_there(row))


def _there(row: X | None) -> X:
    if row is None:
        raise Missing(T("There is nothing at this address, or it is not yours to see."))
    return row
