"""What core asks connectors for by itself: one table, a row for each question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from core.plugin_api.text import T, Text

MESSAGES = "messages"
"""What a feed is of whose other side sends by itself; nobody is asked for it."""


@dataclass(frozen=True, slots=True)
class FeedKind:
    """A question: of which kind of provider, by which method of its contract, how often while all is well."""

    kind: str
    what: str
    method: str
    every: timedelta
    label: Text

    @property
    def job(self) -> str:
        """The outbox's kind of the job that asks; `core.wiring` says who does it."""
        return f"feeds.{self.what}"


ORDERS = FeedKind("sales_sources", "orders", "orders", timedelta(minutes=15), T("Orders"))
METRICS = FeedKind("platforms", "metrics", "metrics", timedelta(days=1), T("Figures of posts"))
PROFILES = FeedKind("platforms", "profiles", "profile", timedelta(days=7), T("Accounts of influencers"))
KINDS: tuple[FeedKind, ...] = (ORDERS, METRICS, PROFILES)
