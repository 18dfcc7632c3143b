"""How each connection of a brand stands: in words, with whose turn it is and by when."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import Brand
from core.feeds.asking import is_complete
from core.feeds.due import filled_in
from core.feeds.faults import NEVER, RECONNECT
from core.feeds.kinds import KINDS, MESSAGES, FeedKind
from core.feeds.messages import LISTENING
from core.feeds.models import Feed
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Tc, Text
from core.plugin_host.host import PluginHost
from core.plugin_host.models import PluginEntry
from core.plugin_host.service import switches, switches_of
from core.plugin_host.settings import Rows
from core.waiting import Waiting

LISTED = 50
PATIENCE = timedelta(days=1)
"""How soon a connection should be mended that waits for a person."""


class Standing(enum.StrEnum):
    """How a feed stands."""

    WORKS = "works"
    NEW = "new"
    AGAIN = "again"
    RECONNECT = "reconnect"
    UNSUPPORTED = "unsupported"
    PAUSED = "paused"
    OFF = "off"
    LACKING = "lacking"
    GONE = "gone"
    SILENT = "silent"
    UNREAD = "unread"

    @property
    def label(self) -> Text:
        """The word for people."""
        return _LABELS[self]


_LABELS: Mapping[Standing, Text] = {
    Standing.WORKS: Tc("connection", "Works"),
    Standing.NEW: Tc("connection", "New"),
    Standing.AGAIN: Tc("connection", "Waiting"),
    Standing.RECONNECT: Tc("connection", "Reconnect"),
    Standing.UNSUPPORTED: Tc("connection", "Not offered"),
    Standing.PAUSED: Tc("connection", "Paused"),
    Standing.OFF: Tc("connection", "Switched off"),
    Standing.LACKING: Tc("connection", "Incomplete"),
    Standing.GONE: Tc("connection", "Missing"),
    Standing.SILENT: Tc("connection", "Silent"),
    Standing.UNREAD: Tc("connection", "Unread"),
}
STOPPED = frozenset({Standing.PAUSED, Standing.OFF, Standing.LACKING, Standing.GONE})


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a provider is asked for, or sends: how it stands, and what is known of it."""

    kind: FeedKind | None
    standing: Standing
    feed: Feed | None

    @property
    def label(self) -> Text:
        """What it is."""
        return self.kind.label if self.kind else T("Messages")

    @property
    def by_clock(self) -> bool:
        """Whether core asks for it."""
        return self.kind is not None

    @property
    def can_be_asked(self) -> bool:
        """Whether asking at once leads anywhere."""
        return self.feed is not None and self.by_clock and self.standing not in STOPPED

    @property
    def due_at(self) -> datetime | None:
        """When it is asked next, None when it is not asked by the clock now."""
        return self.feed.next_at if self.feed and self.can_be_asked else None


@dataclass(frozen=True, slots=True)
class Connection:
    """A provider and its feeds; `plugin` is empty when it is gone. `listens` when the other side may send."""

    kind: str
    name: str
    title: Text
    plugin: str
    listens: bool
    lines: tuple[Line, ...]


def connections(session: Session, host: PluginHost, brand: Brand, kinds: Collection[str]) -> list[Connection]:
    """Every provider of these kinds that is asked or listened to for a brand, and those that once were, by name."""
    rows = session.scalars(select(Feed).where(Feed.brand_id == brand.id, Feed.kind.in_(kinds)))
    known = {(feed.kind, feed.name, feed.what): feed for feed in rows}
    names = {(kind, name) for kind in kinds for name in host.registry(kind)} | {key[:2] for key in known}
    filled = filled_in(session, [host.active[owner] for kind in kinds for owner in host.registry(kind).owners.values()])
    shelf = _Shelf(host, brand, switches(session, brand.id), known, filled)
    found = (shelf.connection(session, *name) for name in sorted(names))
    return [one for one in found if one.lines]


def waiting(session: Session, actor: Actor, host: PluginHost) -> list[Waiting]:
    """Connections that nobody but a person can mend, of the brands whose plugins the actor may set."""
    return [*_expired(session, actor), *_lacking(session, actor, host)]


def _lacking(session: Session, actor: Actor, host: PluginHost) -> list[Waiting]:
    """Those that have worked and now lack settings, as after a new version that needs more; one for each plugin."""
    mine = Feed.brand_id.in_(actor.brands_with(Permission.PLUGINS_SWITCH))
    feeds = session.execute(
        select(Feed, Brand)
        .join(Brand, Brand.id == Feed.brand_id)
        .where(mine, Feed.told_at.is_not(None), Feed.plugin.in_(host.active))
        .order_by(Feed.told_at)
    )
    latest = {(brand.id, feed.plugin): (feed, brand) for feed, brand in feeds}
    if not latest:
        return []
    on = switches_of(session, {brand for brand, _ in latest})
    filled = filled_in(session, {plugin: host.active[plugin] for _, plugin in latest}.values())
    return [
        Waiting(
            T("Fill in what %(source)s needs", source=host.active[feed.plugin].title),
            T("%(brand)s hears nothing from there until then.", brand=brand.name),
            feed.told_at + PATIENCE if feed.told_at else None,
            "admin.plugin",
            {"name": feed.plugin, "brand": brand.public_id},
        )
        for feed, brand in latest.values()
        if on[brand.id].get(feed.plugin, True) and not is_complete(session, host.active[feed.plugin], brand, filled)
    ]


def _expired(session: Session, actor: Actor) -> list[Waiting]:
    """Those whose permission the other side has taken back."""
    mine = Feed.brand_id.in_(actor.brands_with(Permission.PLUGINS_SWITCH))
    rows = session.execute(
        select(Feed, Brand, PluginEntry.title)
        .join(Brand, Brand.id == Feed.brand_id)
        .outerjoin(PluginEntry, PluginEntry.plugin == Feed.plugin)
        .where(mine, Feed.fault_kind == RECONNECT, Feed.next_at.is_(None), PluginEntry.gone_at.is_(None))
        .order_by(Feed.faulty_since, Feed.id)
        .limit(LISTED)
    ).all()
    on = switches_of(session, {feed.brand_id for feed, _, _ in rows}) if rows else {}
    return [
        Waiting(
            T("Connect %(source)s again", source=title or feed.name),
            T("%(brand)s hears nothing from there until then.", brand=brand.name),
            feed.faulty_since + PATIENCE if feed.faulty_since else None,
            "admin.plugin",
            {"name": feed.plugin, "brand": brand.public_id},
        )
        for feed, brand, title in rows
        if on[feed.brand_id].get(feed.plugin, True)
    ]


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What is known of a brand's plugins and feeds, read once for all of them."""

    host: PluginHost
    brand: Brand
    on: Mapping[str, bool]
    known: Mapping[tuple[str, str, str], Feed]
    filled: Rows

    def connection(self, session: Session, kind: str, name: str) -> Connection:
        """How a provider stands, with a line for each thing that it tells."""
        found = self.host.registry(kind)
        owner, provider = found.owners.get(name, ""), found.get(name)
        wide = self._wide(session, owner)
        hidden = wide in (Standing.OFF, Standing.GONE)  # of these only what they have told is worth a line
        lines = []
        for one in (*(one for one in KINDS if one.kind == kind), None):
            feed = self.known.get((kind, name, one.what if one else MESSAGES))
            offered = provider is not None and provider.supports(one.method if one else LISTENING[kind])
            if feed or (offered and not hidden):
                lines.append(Line(one, wide or (_standing(feed) if one else _heard(feed)), feed))
        title = self.host.name_of(kind, name)
        listens = provider is not None and provider.supports(LISTENING[kind]) and not hidden
        return Connection(kind, name, title, owner, listens, tuple(lines))

    def _wide(self, session: Session, owner: str) -> Standing | None:
        """What holds of all that a plugin is asked for; None when it can be asked."""
        if not owner:
            return Standing.GONE
        if not self.on.get(owner, True):
            return Standing.OFF
        if owner in self.host.fence.health.paused:
            return Standing.PAUSED
        complete = is_complete(session, self.host.active[owner], self.brand, self.filled)
        return None if complete else Standing.LACKING


def _standing(feed: Feed | None) -> Standing:
    if feed is None or feed.asked_at is None:
        return Standing.NEW
    finals = {RECONNECT: Standing.RECONNECT, NEVER: Standing.UNSUPPORTED}
    if feed.fault_kind in finals and feed.next_at is None:
        return finals[feed.fault_kind]
    return Standing.AGAIN if feed.fault_kind else Standing.WORKS


def _heard(feed: Feed | None) -> Standing:
    """How it stands with messages, which come by themselves."""
    if feed is None:
        return Standing.SILENT
    return Standing.UNREAD if feed.fault_kind else Standing.WORKS
