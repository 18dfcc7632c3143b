"""What a channel's figures say: handles in one spelling, and the engagement rate with its formula."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, case, func

from core.errors import Invalid
from core.influencers.models import Channel
from core.influencers.vocabulary import PLATFORM_HOSTS, PLATFORM_WORDS
from core.plugin_api.text import T

PPM = 1_000_000
CEILING = 10 * PPM  # nobody has more than ten reactions a follower; keeps the column within bounds
_HANDLE = re.compile(r"^[\w.\-]{1,80}$")
_PATH_WORDS = {"c", "channel", "user", "add", "people", "pages", "in"}


@dataclass(frozen=True, slots=True)
class Engagement:
    """An engagement rate: its value in millionths, what it was made of, where from and how old."""

    ppm: int
    counted: bool
    likes: int = 0
    comments: int | None = None
    shares: int | None = None
    posts: int = 0
    followers: int = 0
    evidence: str = "stated"
    measured_on: date | None = None

    @property
    def share(self) -> Decimal:
        """The rate as a share of one: 0.034 is 3.4 %."""
        return Decimal(self.ppm) / PPM

    @property
    def interactions(self) -> int:
        """Likes, comments and shares, those that are known."""
        return self.likes + (self.comments or 0) + (self.shares or 0)


def engagement(channel: Channel) -> Engagement | None:
    """(likes + comments + shares) / posts / followers from the counts, else the rate that was stated, else None."""
    if channel.likes is not None and channel.posts_counted and channel.followers:
        found = channel.likes + (channel.comments or 0) + (channel.shares or 0)
        ppm = min(found * PPM // (channel.posts_counted * channel.followers), CEILING)
        return Engagement(
            ppm,
            True,
            channel.likes,
            channel.comments,
            channel.shares,
            channel.posts_counted,
            channel.followers,
            channel.evidence,
            channel.measured_on,
        )
    if channel.stated_ppm is not None:
        return Engagement(channel.stated_ppm, False, evidence=channel.evidence, measured_on=channel.measured_on)
    return None


def engagement_sql() -> ColumnElement[int | None]:
    """The same rate in SQL, for the import's set-based step."""
    found = Channel.likes + func.coalesce(Channel.comments, 0) + func.coalesce(Channel.shares, 0)
    known = Channel.likes.is_not(None) & (Channel.posts_counted > 0) & (Channel.followers > 0)
    rate = found * PPM // (Channel.posts_counted * Channel.followers)
    return case((known & (rate > CEILING), CEILING), (known, rate), else_=Channel.stated_ppm)


def read_platform(text: str) -> str:
    """A platform by any of its usual names."""
    code = PLATFORM_WORDS.get(text.strip().casefold())
    if code is None:
        raise Invalid(T("%(text)s is not a platform that we know.", text=text.strip()[:40]), "platform")
    return code


def read_account(text: str, platform: str = "") -> tuple[str, str]:
    """(platform, handle) of `@name`, `name` or the address of a profile; the handle in one spelling."""
    body = text.strip()
    if "/" in body or body.startswith("www."):
        return _from_url(body, platform)
    handle = body.removeprefix("@").casefold()
    if platform in ("blog", "podcast"):
        return platform, handle[:120]
    if not _HANDLE.match(handle):
        raise Invalid(T("%(text)s is not the name of an account. Write it like @name.", text=body[:40]), "handle")
    if not platform:
        raise Invalid(T("Say which platform %(text)s is on.", text=body[:40]), "platform")
    return platform, handle


def _from_url(body: str, platform: str) -> tuple[str, str]:
    try:
        parts = urlsplit(body if "://" in body else f"https://{body}")
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    except ValueError:
        raise Invalid(T("%(text)s is not an address.", text=body[:60]), "handle") from None
    known = PLATFORM_HOSTS.get(host)
    if known is None and (platform in ("blog", "podcast") or not platform) and "." in host:
        return platform or "blog", f"{host}{parts.path.rstrip('/')}".casefold()[:120]
    if known is None or (platform and known != platform):
        raise Invalid(T("%(text)s is not an address on that platform.", text=body[:60]), "handle")
    steps = [step for step in parts.path.split("/") if step and step.casefold() not in _PATH_WORDS]
    if not steps:
        raise Invalid(T("%(text)s does not name an account.", text=body[:60]), "handle")
    return known, steps[0].removeprefix("@").casefold()[:120]
