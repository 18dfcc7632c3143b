"""What platforms tell of accounts: followers with their day, beside what a person had entered before.

Each account of a platform that some connector reads is asked about every week, a few a job, and when somebody wants it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from core import audit, clock, typed
from core.accounts.models import Brand
from core.crypto import Keyring
from core.errors import Invalid, Refused
from core.feeds import asking, rounds
from core.feeds.asking import Ready
from core.feeds.faults import Fault
from core.feeds.kinds import PROFILES
from core.feeds.reach import Reach, able, reachable
from core.feeds.wishes import wish
from core.influencers.models import Channel, Relationship
from core.influencers.service import FOLLOWERS_MAX, settle
from core.permissions import Actor, Permission
from core.plugin_api.platforms import PlatformConnector, Profile
from core.plugin_api.text import T
from core.plugin_host.host import PluginHost

ASK = "influencers.profile"
SLICE = 10
"""Accounts that one job asks about."""
Handles = Mapping[int, str]
"""Names of accounts, by account."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The next accounts of a feed, and whom to ask."""

    ready: Ready
    accounts: Handles


@dataclass(frozen=True, slots=True)
class One:
    """An account that somebody wants to be asked about, and the connectors that read its platform."""

    channel_id: int
    handle: str
    brand_id: int
    reaches: Sequence[Reach]


@dataclass(frozen=True, slots=True)
class Told:
    """What a connector told, by account, None for one that it does not have; `rest` is where it could not go on."""

    profiles: Mapping[int, Profile | None]
    fault: Fault | None = None
    stopped: bool = False


def platform_of(connector: PlatformConnector) -> str:
    """The platform whose accounts a connector reads, as accounts name it."""
    return connector.platform or connector.name


def is_platform(connector: PlatformConnector) -> bool:
    """Whether a connector speaks for a platform; one that only reads tables does not."""
    return any(connector.supports(method) for method in ("profile", "posts", "metrics", "resolve_url"))


def gather(session: Session, host: PluginHost, keyring: Keyring, payload: Mapping[str, Any]) -> Slice | None:
    """What the next job of a feed asks about; None when the feed is not to be asked now."""
    ready = asking.gather(session, host, keyring, payload["feed"])
    if ready is None:
        return None
    statement = (
        select(Channel.id, Channel.handle)
        .join(Relationship, Relationship.id == Channel.relationship_id)
        .where(Channel.brand_id == ready.brand.id, Channel.platform == platform_of(ready.provider))
        .where(Relationship.archived_at.is_(None), Channel.id > int(ready.feed.cursor or 0))
        .order_by(Channel.id)
    )
    return Slice(ready, dict(session.execute(statement.limit(SLICE)).all()))


def ask(host: PluginHost, what: Slice) -> Told:
    """Ask about each account; a fault that the next one would meet as well ends it."""
    return _ask(host, what.ready.plugin, what.ready, what.accounts)


def record(session: Session, what: Slice, told: Told) -> None:
    """Write down what was told and how far the feed is; a run that another one has overtaken writes nothing."""
    feed = asking.held(session, what.ready.feed.id)
    if rounds.overtaken(what.ready.feed, feed):
        return
    taken = _take_all(session, told, what.accounts, feed.name)
    last = max(told.profiles, default=None) if told.stopped else max(what.accounts, default=None)
    over = not told.stopped and len(what.accounts) < SLICE
    cursor = None if over else feed.cursor if last is None else str(last)
    asked = bool(told.profiles)
    rounds.go_on(session, PROFILES, feed, what.ready, cursor=cursor, asked=asked, fault=told.fault, taken=taken)


def connectors_for(session: Session, host: PluginHost, brand_id: int) -> dict[str, PlatformConnector]:
    """The connectors that a brand's accounts can be asked about with, by platform."""
    return {platform_of(one): one for one in able(session, host, brand_id, PROFILES.kind, PROFILES.method).values()}


def ask_for(session: Session, actor: Actor, host: PluginHost, *, channel: Channel) -> int:
    """Let the worker ask about an account, once a minute; `Refused` where no plugin reads its platform.

    0, or after how many seconds it can be asked about again.
    """
    actor.require(Permission.PEOPLE_EDIT, channel.brand_id)
    if channel.platform not in connectors_for(session, host, channel.brand_id):
        raise Refused(T("No plugin that is switched on reads this platform."))
    seconds = wish(session, ASK, {"channel": channel.id}, channel.public_id)
    if not seconds:
        audit.record(session, actor=actor, brand_id=channel.brand_id, action="person.asked", obj=channel)
    return seconds


def gather_one(session: Session, host: PluginHost, keyring: Keyring, payload: Mapping[str, Any]) -> One | None:
    """What asking about an account needs; None when it is gone or nobody can be asked."""
    channel = session.get(Channel, payload["channel"])
    if channel is None:
        return None
    brand = session.get_one(Brand, channel.brand_id)
    every = reachable(session, host, keyring, brand, PROFILES.kind, PROFILES.method)
    reaches = [reach for reach in every if platform_of(reach.provider) == channel.platform]
    return One(channel.id, channel.handle, brand.id, reaches) if reaches else None


def ask_one(host: PluginHost, what: One) -> list[tuple[Reach, Told]]:
    """Ask every connector that reads the platform."""
    return [(reach, _ask(host, reach.plugin, reach, {what.channel_id: what.handle})) for reach in what.reaches]


def record_one(session: Session, what: One, answers: Sequence[tuple[Reach, Told]]) -> None:
    """Write down what was told; why nothing was told is said by the connection."""
    for reach, told in answers:
        _take_all(session, told, {what.channel_id: what.handle}, reach.name)
        if told.fault:
            feed = asking.the_feed(
                session, what.brand_id, PROFILES.kind, reach.name, PROFILES.what, plugin=reach.plugin
            )
            asking.failed(feed, told.fault, at=reach.at, every=PROFILES, version=reach.version)


def take_down(session: Session, channel: Channel, connector: str, told: Profile | None) -> None:
    """Keep what a connector told of an account, None when it has no such account; tier and engagement follow.

    The account's `owner` and the owner's `channels` are loaded. What the platform keeps to itself changes nothing.
    """
    today = clock.today()
    channel.gone_since = None if told else channel.gone_since or today
    if told is None:
        return
    channel.told_on, channel.told_name, channel.verified = today, _name(told.name), told.verified
    if told.followers is None or not 0 <= told.followers <= FOLLOWERS_MAX:
        return
    if not channel.told_by:
        channel.typed_followers = channel.followers
    channel.followers, channel.told_by = told.followers, connector
    settle(session, channel.owner)


def _ask(host: PluginHost, plugin: str, of: Ready | Reach, accounts: Handles) -> Told:
    profiles: dict[int, Profile | None] = {}
    fault = None
    for id, handle in accounts.items():
        found = asking.ask(
            host.of(of.ctx.brand), plugin, of.provider.profile, of.ctx, handle, returns=Profile, what="profile"
        )
        if not isinstance(found, Fault):
            profiles[id] = found
        elif found.kind == "NotFound":
            profiles[id] = None
        elif found.kind in rounds.STOPS:
            return Told(profiles, found, stopped=True)
        else:
            fault = found
    return Told(profiles, fault)


def _take_all(session: Session, told: Told, asked: Handles, connector: str) -> int:
    """Take what was told of accounts that are still called as they were; how many."""
    statement = (
        select(Channel)
        .where(Channel.id.in_(told.profiles))
        .options(joinedload(Channel.owner).options(selectinload(Relationship.channels)))
    )
    rows = [row for row in session.scalars(statement) if row.handle == asked[row.id]]
    for row in rows:
        take_down(session, row, connector, told.profiles[row.id])
    return len(rows)


def _name(text: str) -> str:
    """A name as it can be shown; empty where it would turn the order of the letters."""
    try:
        return typed.text(text)[:120]
    except Invalid:
        return ""
