"""Asking a connector: what is needed is read first, the question goes through the fence, the answer is written down.

Nothing of the database is held meanwhile. What a connector raises as a `ConnectorError` is an answer about the other
side; only what it raises beyond that is a failure of the plugin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.accounts.models import Brand
from core.crypto import Keyring
from core.feeds.faults import FAILED, Fault, after, fault_of, stored
from core.feeds.kinds import FeedKind
from core.feeds.models import Feed
from core.plugin_api.context import AuthExpired, ConnectorError, Context
from core.plugin_host.calls import insist
from core.plugin_host.contexts import context_of
from core.plugin_host.deadlines import Seam
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure, Record
from core.plugin_host.renewing import caught_up
from core.plugin_host.service import switches
from core.plugin_host.settings import Rows, settings_of
from core.sql import insert_once

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Ready:
    """A feed whose turn it is and all that asking needs; `feed` and `brand` are as they were `at` that time."""

    at: datetime
    feed: Feed
    brand: Brand
    plugin: str
    version: str
    provider: Any
    ctx: Context


def gather(session: Session, host: PluginHost, keyring: Keyring, feed_id: int) -> Ready | None:
    """What asking a feed needs; None when it is not due any more, or its plugin is off, gone or lacks settings.

    Close the session before you ask.
    """
    feed, moment = session.get(Feed, feed_id), clock.now()
    if feed is None or feed.next_at is None or feed.next_at > moment:
        return None
    brand = session.get_one(Brand, feed.brand_id)
    owner = host.registry(feed.kind).owners.get(feed.name)
    if owner is None or not switches(session, brand.id).get(owner, True):
        return None
    record = host.active[owner]
    if not is_complete(session, record, brand):
        return None
    ctx = context_of(session, host, keyring, owner, brand)
    return Ready(moment, feed, brand, owner, record.version[:60], host.registry(feed.kind)[feed.name], ctx)


def is_complete(session: Session, record: Record, brand: Brand, rows: Rows | None = None) -> bool:
    """Whether everything that the plugin needs is filled in, for the brand or for the installation."""
    return not any(one.lacking for one in settings_of(session, record, brand, rows))


def ask(
    host: PluginHost, plugin: str, question: Callable[..., R], *args: Any, returns: Any, what: str,
    seam: Seam = Seam.WORK,
) -> R | Fault:  # fmt: skip
    """The plugin's answer, or why there is none; `Later` while the plugin is paused.

    `question` may check what the plugin says, and raise `TypeError` or `ValueError` for what cannot be: it runs
    behind the fence, so that this too is the plugin's failure.

    Where the permission was refused and another call has renewed the secrets meanwhile, it is asked once more with the
    new ones: the refusal was of the old.
    """
    call = partial(host.call, plugin, question, *args, returns=returns, seam=seam, passes=(ConnectorError,), what=what)
    try:
        try:
            answer = call()
        except AuthExpired:
            if not caught_up(args):
                raise
            answer = call()
    except ConnectorError as said:
        return fault_of(said)
    if isinstance(answer, Failure):
        if answer.paused:
            insist(answer)
        return Fault(FAILED, answer.reason)
    return answer


def told(feed: Feed, *, at: datetime, every: FeedKind | None, version: str = "", taken: int = 0) -> None:
    """Write down a good and whole answer to what was asked `at` a time; without `every` the clock asks no more."""
    feed.asked_at, feed.told_at = at, (moment := clock.now())
    feed.taken += taken
    feed.fault, feed.fault_kind, feed.faulty_since, feed.failures = None, "", None, 0
    feed.next_at = after(every.every, 0, None, moment) if every else None
    feed.version = version


def failed(feed: Feed, fault: Fault, *, at: datetime, every: FeedKind | None, version: str = "") -> None:
    """Write down why there was no answer to what was asked `at` a time, and when to ask again.

    What was filled in after that time is news: it may be what the fault waits for.
    """
    feed.asked_at, moment = at, clock.now()
    feed.failures += 1
    feed.fault, feed.fault_kind = stored(fault.message), fault.kind
    feed.faulty_since = feed.faulty_since or moment
    feed.next_at = after(every.every, feed.failures, fault, moment) if every else None
    feed.version = version


def held(session: Session, feed_id: int) -> Feed:
    """A feed as it is now, locked until the transaction ends."""
    return session.get_one(Feed, feed_id, with_for_update=True, populate_existing=True)


def the_feed(session: Session, brand_id: int, kind: str, name: str, what: str, *, plugin: str) -> Feed:
    """The feed of a brand's provider, made where there is none, locked until the transaction ends."""
    same = {"brand_id": brand_id, "kind": kind, "name": name, "what": what}
    insert_once(session, Feed, same | {"plugin": plugin})
    return session.scalars(select(Feed).filter_by(**same).with_for_update()).one()
