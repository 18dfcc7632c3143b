"""What is asked in rounds: a slice of many things a job, the rest in the next job, the next round in its time."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from core import clock, outbox
from core.feeds.asking import Ready, failed, told
from core.feeds.faults import FINAL, Fault
from core.feeds.kinds import FeedKind
from core.feeds.models import Feed

STOPS = FINAL | {"RateLimited", "Unavailable"}
"""Faults that the next question would meet as well; any other is of one question, and the round goes on without it."""

IDLE = timedelta(hours=1)
"""Until somebody looks again whether there is anything to ask about, as long as there never was."""


def overtaken(before: Feed, now: Feed) -> bool:
    """Whether somebody else has written something down of a feed since it was read."""
    return (before.cursor, before.asked_at) != (now.cursor, now.asked_at)


def go_on(
    session: Session,
    kind: FeedKind,
    feed: Feed,
    ready: Ready,
    *,
    cursor: str | None,
    asked: bool,
    fault: Fault | None,
    taken: int,
) -> None:
    """Write down how a slice went and where the round goes on; without `cursor` it has come to its end.

    After a fault the round goes on, or the next one begins, when the fault lets it. Where there was nothing to ask
    about, nobody was `asked`: that is no answer, and the first thing that comes up does not wait for a whole round.
    """
    feed.cursor = cursor
    if fault is not None:
        failed(feed, fault, at=ready.at, every=kind, version=ready.version)
        feed.taken += taken
        return
    if asked or feed.fault_kind:
        told(feed, at=ready.at, every=kind, version=ready.version, taken=taken)
    else:
        feed.next_at = clock.now() + (kind.every if feed.asked_at else IDLE)
    if cursor is not None:
        feed.next_at = moment = clock.now()
        key = f"{kind.job}:{feed.public_id}:{cursor}:{moment.timestamp():.0f}"
        outbox.enqueue(session, kind.job, {"feed": feed.id}, key)
