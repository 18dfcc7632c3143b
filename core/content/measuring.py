"""Figures that platforms tell by themselves: of each verified post that a connector knows, every day.

They are asked for until a month after the collaboration has ended, a slice of the brand's posts at a time. What is told
is recorded as every other reading: a lower figure corrects a higher one, and the same figure twice adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from core import clock
from core.collaborations.lifecycle import ENDED
from core.collaborations.models import Collaboration
from core.content import unlikely
from core.content.lifecycle import METRIC_NAMES, PostState
from core.content.live import EVIDENCE_OF, record_metrics
from core.content.models import Deliverable, Post
from core.crypto import Keyring
from core.errors import Invalid
from core.feeds import asking, rounds
from core.feeds.asking import Ready
from core.feeds.faults import Fault
from core.feeds.kinds import METRICS
from core.lifecycle import Transition
from core.permissions import SYSTEM
from core.plugin_api.context import Context
from core.plugin_api.platforms import Metrics, PlatformConnector, PostRef
from core.plugin_api.text import Text
from core.plugin_host.deadlines import Seam
from core.plugin_host.host import PluginHost

SLICE = 200
"""Posts that one job looks at; the next job goes on with the rest."""
AT_ONCE = 50
"""Posts that a connector is asked for in one call."""
AFTER_END = timedelta(days=30)
Addresses = Mapping[int, str]
"""Where posts are, by post."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The next of a brand's posts, and whom to ask."""

    ready: Ready
    posts: Addresses


@dataclass(frozen=True, slots=True)
class Told:
    """What a connector said: of which posts it was asked, its readings by post, and why not more."""

    asked: Sequence[int]
    readings: Sequence[tuple[int, Metrics]]
    fault: Fault | None = None
    stopped: bool = False


def gather(session: Session, host: PluginHost, keyring: Keyring, payload: Mapping[str, Any]) -> Slice | None:
    """What the next job of a feed looks at; None when the feed is not to be asked now."""
    ready = asking.gather(session, host, keyring, payload["feed"])
    return Slice(ready, measured(session, ready.brand.id, int(ready.feed.cursor or 0), SLICE)) if ready else None


def measured(session: Session, brand_id: int, after: int = 0, limit: int | None = None) -> Addresses:
    """The verified posts of a brand whose figures still matter, in their order, from a post's id on."""
    ended_lately = exists().where(
        Transition.object_type == Collaboration.__tablename__,
        Transition.object_id == Collaboration.id,
        Transition.to_state == Collaboration.state,
        Transition.at > clock.now() - AFTER_END,
    )
    statement = (
        select(Post.id, Post.url)
        .join(Deliverable, Deliverable.id == Post.deliverable_id)
        .join(Collaboration, Collaboration.id == Deliverable.collaboration_id)
        .where(Post.brand_id == brand_id, Post.state == PostState.VERIFIED, Post.id > after)
        .where(or_(Collaboration.state.not_in(ENDED), and_(Collaboration.state.in_(ENDED), ended_lately)))
        .order_by(Post.id)
    )
    return dict(session.execute(statement.limit(limit)).all())


def ask(host: PluginHost, what: Slice) -> Told:
    """Ask a connector for the posts that it knows, some at a time, until it has told all or cannot go on."""
    host = host.of(what.ready.ctx.brand)
    of, fault = whose(host, what.ready.plugin, what.ready.provider, what.posts)
    asked: list[int] = []
    readings: list[tuple[int, Metrics]] = []
    ids = list(of)
    for start in range(0, len(ids), AT_ONCE):
        batch = ids[start : start + AT_ONCE]
        found = asking.ask(
            host, what.ready.plugin, _checked, what.ready.provider, what.ready.ctx, batch, returns=list, what="metrics"
        )
        if isinstance(found, Fault):
            if found.kind in rounds.STOPS:
                return Told(asked, readings, found, stopped=True)
            fault = found
            continue
        asked += [post for id in batch for post in of[id]]
        readings += of_posts(found, of)
    return Told(asked, readings, fault)


def whose(
    host: PluginHost, plugin: str, connector: PlatformConnector, posts: Addresses
) -> tuple[dict[str, list[int]], Fault | None]:
    """The posts that a connector knows by their address, by the platform's id, and what went wrong with an address."""
    of: dict[str, list[int]] = {}
    fault = None
    for post, url in posts.items():
        found = asking.ask(
            host, plugin, connector.resolve_url, url, returns=(PostRef, type(None)), what="resolve_url", seam=Seam.PURE
        )
        if isinstance(found, Fault):
            fault = found
        elif found is not None:
            of.setdefault(found.post, []).append(post)
    return of, fault


def of_posts(readings: Iterable[Metrics], of: Mapping[str, Sequence[int]]) -> list[tuple[int, Metrics]]:
    """Readings by our own posts; of posts that are not ours they are dropped."""
    return [(post, reading) for reading in readings for post in of.get(reading.post, ())]


def record(session: Session, what: Slice, told: Told) -> None:
    """Write the figures down with how far the feed is; a run that another one has overtaken writes nothing."""
    feed = asking.held(session, what.ready.feed.id)
    if rounds.overtaken(what.ready.feed, feed):
        return
    new = take_down(session, told, source=feed.name)
    further = str(max(what.posts)) if len(what.posts) == SLICE else None
    cursor = feed.cursor if told.stopped else further
    asked = bool(told.asked)
    rounds.go_on(session, METRICS, feed, what.ready, cursor=cursor, asked=asked, fault=told.fault, taken=new)


def take(session: Session, host: PluginHost, *, brand_id: int, source: str, records: Sequence[Metrics]) -> int:
    """Keep the readings of a message that a platform sent by itself; how many figures are new."""
    of, _ = whose(host, host.platforms.owners[source], host.platforms[source], measured(session, brand_id))
    readings = of_posts(records, of)
    return take_down(session, Told([post for post, _ in readings], readings), source=source)


def take_down(session: Session, told: Told, *, source: str) -> int:
    """Keep readings, and which posts were left out; how many figures are new. What cannot be costs itself alone."""
    posts = {row.id: row for row in session.scalars(select(Post).where(Post.id.in_(told.asked)))}
    there = {post for post, _ in told.readings}
    for id, row in posts.items():
        row.missing_since = None if id in there else row.missing_since or clock.now()
    return sum(_keep(session, posts[id], reading, source) for id, reading in told.readings if id in posts)


def _keep(session: Session, post: Post, reading: Metrics, source: str) -> int:
    good = {name: value for name, value in reading.values.items() if name in METRIC_NAMES}
    wrong: dict[str, tuple[int, Text]] = {}
    how: dict[str, Any] = {"read_at": reading.at, "evidence": EVIDENCE_OF[reading.evidence], "source": source}
    new = 0
    while good:
        try:
            new = record_metrics(session, SYSTEM, post=post, values=good, **how)
            break
        except Invalid as error:
            wrong |= unlikely.wrong_of(error, good)
            good = {name: value for name, value in good.items() if name not in wrong}
    unlikely.note(session, post, source, wrong, good)
    return new


def _checked(connector: PlatformConnector, ctx: Context, posts: Sequence[str]) -> list[Metrics]:
    return checked(connector.metrics(ctx, posts))


def checked(readings: Iterable[Metrics]) -> list[Metrics]:
    """Readings that keep the contract, else `TypeError`; to be asked behind the fence.

    They are made anew, so that they are held to their types with the figures that they have now, and keep those.
    """
    found = list(readings)
    if not all(isinstance(one, Metrics) for one in found):
        raise TypeError("a reading is a Metrics")
    return [replace(one, values=dict(one.values)) for one in found]
