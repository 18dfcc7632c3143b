"""The only place services read the time from, so that a story replays the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_source: ContextVar[Callable[[], datetime] | None] = ContextVar("clock", default=None)


def now() -> datetime:
    """This moment, aware, in UTC."""
    source = _source.get()
    return source() if source else datetime.now(UTC)


def today(zone: str = "UTC") -> date:
    """Today's date in a named time zone."""
    return now().astimezone(ZoneInfo(zone)).date()


@contextmanager
def frozen(moment: Callable[[], datetime] | datetime) -> Iterator[None]:
    """Let `now()` answer with a fixed moment, or with what a function says."""
    source = moment if callable(moment) else lambda: moment
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)
