"""What is asked in rounds: a slice of many things a job, the rest in the next job, the next round in its time."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core import clock, outbox
from core.feeds.asking import failed, told
from core.feeds.faults import FINAL, Fault
from core.feeds.kinds import FeedKind
from core.feeds.models import Feed

STOPS = FINAL | {"RateLimited", "Unavailable"}
"""Faults that the next question would meet as well; any other is of one question, and the round goes on without it."""


def overtaken(before: Feed, now: Feed) -> bool:
    """Whether somebody else has written something down of a feed since it was read."""
    return (before.cursor, before.asked_at) != (now.cursor, now.asked_at)


def go_on(
    session: Session, kind: FeedKind, feed: Feed, *, cursor: str | None, fault: Fault | None, version: str, taken: int
) -> None:
    """Write down how a slice went and where the round goes on; without `cursor` it has come to its end.

    After a fault the round goes on, or the next one begins, when the fault lets it.
    """
    feed.cursor = cursor
    if fault is not None:
        failed(feed, fault, every=kind, version=version)
        feed.taken += taken
        return
    told(feed, every=kind, version=version, taken=taken)
    if cursor is not None:
        feed.next_at = moment = clock.now()
        key = f"{kind.job}:{feed.public_id}:{cursor}:{moment.timestamp():.0f}"
        outbox.enqueue(session, kind.job, {"feed": feed.id}, key)
