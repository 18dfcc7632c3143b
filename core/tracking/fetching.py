"""A shop's orders, asked for by the clock: page after page, each booked together with the place to go on from.

A crash between two pages loses and doubles nothing: whoever goes on asks for the page that was not booked. The list is
read from an hour before the last one was begun, since a shop may write an order down late.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import clock, outbox
from core.campaigns.lifecycle import State
from core.campaigns.models import Campaign
from core.crypto import Keyring
from core.database import Database
from core.feeds.asking import Ready, ask, failed, gather, held, told
from core.feeds.faults import FAILED, Fault
from core.feeds.kinds import ORDERS
from core.feeds.models import Feed
from core.plugin_api.context import Context, Page
from core.plugin_api.sales_sources import SalesRecord
from core.plugin_host.host import PluginHost
from core.tracking.arriving import sound, take
from core.tracking.sales import hold_brand

PAGES = 10
"""Asked for in one run; the rest of a long list in the next, at once."""
LEASE = timedelta(minutes=15)
OVERLAP = timedelta(hours=1)
FURTHEST = timedelta(days=60)
RUNNING = (State.RECRUITING, State.ACTIVE, State.PAUSED, State.WRAPPING_UP)
LOST_PLACE = frozenset({"NotFound", "BadAnswer", "BadSignature", FAILED})
"""After these the list is read from its beginning: perhaps it was the cursor that was wrong."""


Mark = tuple[str | None, datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a list: from when on it asks, when it was begun, the page that comes next; `mark` proves it is ours."""

    since: datetime
    began_at: datetime
    cursor: str | None
    mark: Mark


def run(session: Session, database: Database, host: PluginHost, keyring: Keyring, payload: dict[str, Any]) -> None:
    """Fetch what is new of one feed, `PAGES` pages at most; `Later` while the plugin is paused."""
    ready = gather(session, host, keyring, payload["feed"])
    if ready is None:
        return
    place: _Place | None = _place(session, ready)
    session.close()  # nothing of the database is held while the shop is asked
    for left in reversed(range(PAGES)):
        if place is None:
            return
        answer = _ask(host, ready, place)
        with database.write() as writing:
            place = _take_down(writing, ready, place, answer)
            if place and not left:
                outbox.enqueue(writing, ORDERS.job, payload)


def _mark(feed: Feed) -> Mark:
    """Whatever anybody writes down of a feed changes this."""
    return feed.cursor, feed.began_at, feed.asked_at


def _place(session: Session, ready: Ready) -> _Place:
    feed = ready.feed
    since = feed.since or _first(session, ready.brand.id)
    return _Place(since, feed.began_at or clock.now(), feed.cursor, _mark(feed))


def _first(session: Session, brand_id: int) -> datetime:
    """When the first of the campaigns that run now was made, no longer ago than `FURTHEST`; now without any."""
    now = clock.now()
    running = Campaign.brand_id == brand_id, Campaign.state.in_(RUNNING)
    made = session.scalar(select(func.min(Campaign.created_at)).where(*running))
    return max(made or now, now - FURTHEST)


def _ask(host: PluginHost, ready: Ready, place: _Place) -> Page[SalesRecord] | Fault:
    def question(ctx: Context) -> Page[SalesRecord]:
        return _checked(ready.provider.orders(ctx, place.since, place.cursor), place.cursor)

    return ask(host.of(ready.ctx.brand), ready.plugin, question, ready.ctx, returns=Page, what="orders")


def _checked(page: object, asked: str | None) -> Page[SalesRecord]:
    """The page with sound records and a cursor that leads on; runs behind the fence."""
    if not isinstance(page, Page):
        raise TypeError(f"orders come in a Page, not {type(page).__name__}")
    if page.cursor is not None and (not isinstance(page.cursor, str) or page.cursor == asked):
        raise ValueError("the cursor of a page is a text that leads to another page")
    return Page(sound(page.records), page.cursor)


def _take_down(session: Session, ready: Ready, place: _Place, answer: Page[SalesRecord] | Fault) -> _Place | None:
    """Book a page and move the place on; None when the list ends here for now, or another worker has gone on."""
    hold_brand(session, ready.brand.id)
    feed = held(session, ready.feed.id)
    if _mark(feed) != place.mark:
        return None
    if isinstance(answer, Fault):
        failed(feed, answer, at=ready.at, every=ORDERS, version=ready.version)
        if answer.kind in LOST_PLACE:
            feed.cursor = feed.began_at = None
        return None
    new = take(session, brand_id=ready.brand.id, source=feed.name, records=answer.records)
    if answer.cursor is None:
        feed.since, feed.cursor, feed.began_at = place.began_at - OVERLAP, None, None
        told(feed, at=ready.at, every=ORDERS, version=ready.version, taken=new)
        return None
    if feed.fault_kind not in LOST_PLACE:  # else the list is read anew, and what was bad in it is still to come
        feed.failures = 0
    feed.since, feed.cursor, feed.began_at = place.since, answer.cursor, place.began_at
    feed.taken, feed.asked_at = feed.taken + new, clock.now()
    return replace(place, cursor=feed.cursor, mark=_mark(feed))
