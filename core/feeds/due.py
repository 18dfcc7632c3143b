"""Which feeds there are and which are due: each minute the clock writes those into the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock, outbox
from core.accounts.models import Brand
from core.feeds.asking import is_complete, the_feed
from core.feeds.faults import NEVER, RECONNECT
from core.feeds.kinds import KINDS, FeedKind
from core.feeds.models import Feed
from core.plugin_host.host import PluginHost
from core.plugin_host.models import PluginSetting
from core.plugin_host.records import Record
from core.plugin_host.service import switches_of
from core.plugin_host.settings import Rows

Asked = tuple[FeedKind, str, Record]
"""A question, the provider's name, its plugin."""


def asked(host: PluginHost) -> list[Asked]:
    """Every question that a plugin of this installation can answer."""
    return [
        (kind, name, host.active[host.registry(kind.kind).owners[name]])
        for kind in KINDS
        for name, provider in host.registry(kind.kind).items()
        if provider.supports(kind.method)
    ]


def enqueue_due(session: Session, host: PluginHost) -> int:
    """Write a job for each feed that is due, once in each stretch; how many are new. Of a paused plugin none."""
    paused = host.fence.health.paused
    questions = [one for one in asked(host) if one[2].name not in paused]
    if not questions:
        return 0
    return sum(enqueue(session, kind, feed) for kind, feed in _due(session, questions))


def enqueue(session: Session, kind: FeedKind, feed: Feed) -> bool:
    """Write the job that asks a feed which is due; the same moment twice is one job, until the next stretch."""
    stretch = int(clock.now().timestamp() // kind.every.total_seconds())
    due = int(feed.next_at.timestamp()) if feed.next_at else 0
    return outbox.enqueue(session, kind.job, {"feed": feed.id}, f"{kind.job}:{feed.public_id}:{due}:{stretch}")


def filled_in(session: Session, records: Iterable[Record]) -> Rows:
    """What was filled in for plugins, by all brands and the installation, in one statement."""
    found: dict[str, dict[tuple[int | None, str], PluginSetting]] = {record.name: {} for record in records}
    for row in session.scalars(select(PluginSetting).where(PluginSetting.plugin.in_(found))):
        found[row.plugin][row.brand_id, row.key] = row
    return found


def changed_at(rows: Rows, plugin: str, brand_id: int) -> datetime | None:
    """When somebody last changed a setting that the brand's plugin goes by."""
    moments = [row.changed_at for (brand, _), row in rows.get(plugin, {}).items() if brand in (None, brand_id)]
    return max(moments, default=None)


def _due(session: Session, questions: list[Asked]) -> Iterator[tuple[FeedKind, Feed]]:
    now = clock.now()
    brands = session.scalars(select(Brand).order_by(Brand.id)).all()
    on = switches_of(session, {brand.id for brand in brands})
    rows = filled_in(session, [record for _, _, record in questions])
    known = {(feed.brand_id, feed.kind, feed.name, feed.what): feed for feed in session.scalars(select(Feed))}
    for kind, name, record in questions:
        for brand in brands:
            if not on[brand.id].get(record.name, True):
                continue
            feed = known.get((brand.id, kind.kind, name, kind.what))
            if feed and not _is_due(feed, record, changed_at(rows, record.name, brand.id), now):
                continue
            if is_complete(session, record, brand, rows):
                feed = feed or the_feed(session, brand.id, kind.kind, name, kind.what, plugin=record.name)
                feed.next_at = feed.next_at or now
                session.flush()
                yield kind, feed


def _is_due(feed: Feed, record: Record, changed: datetime | None, now: datetime) -> bool:
    """Its time has come, or what it was waiting for has happened."""
    if feed.next_at is not None:
        return feed.next_at <= now
    if feed.fault_kind == RECONNECT:
        return changed is not None and feed.asked_at is not None and changed > feed.asked_at
    return feed.fault_kind != NEVER or feed.version != record.version[:60]
