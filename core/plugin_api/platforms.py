"""The contract of platforms: where influencers post. Core stores what a connector tells, with its age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import ClassVar

from core.csv_input import Column, Row
from core.plugin_api.context import Context, NotSupported, Page, Parsed
from core.plugin_api.contract import Provider
from core.plugin_api.fields import SettingField
from core.plugin_api.held import Held
from core.plugin_api.payment_models import EvidenceLevel
from core.plugin_api.text import T, Text

METRICS = ("views", "reach", "likes", "comments", "shares", "saves", "clicks")


@dataclass(frozen=True, slots=True)
class Profile(Held):
    """An account as the platform shows it; what it does not tell is None, never 0.

    A figure is an `int`: "12", 12.5 and True are refused when the profile is made, with a `TypeError`. So is whatever
    is not of its declared type, here and below.
    """

    account: str
    handle: str
    name: str = ""
    url: str = ""
    followers: int | None = None
    posts: int | None = None
    verified: bool | None = None


@dataclass(frozen=True, slots=True)
class Post(Held):
    """Something published. `id` is the platform's; `published_at` has a time zone."""

    id: str
    url: str
    published_at: datetime | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class PostRef(Held):
    """What an address points at: a post of a platform, and whose it is when the address tells."""

    post: str
    url: str
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Metrics(Held):
    """A reading of a post: cumulative counts by metric name (`METRICS`); what is not told is absent.

    `at` has a time zone, and each count is an `int`.
    """

    post: str
    at: datetime
    values: Mapping[str, int] = field(default_factory=dict)
    evidence: EvidenceLevel = EvidenceLevel.DOCUMENTED


@dataclass(frozen=True, slots=True)
class Disclosure(Held):
    """Whether the platform's own ad label is set; None when the platform does not tell."""

    labelled: bool | None
    label: str = ""
    brands: tuple[str, ...] = ()


class PlatformConnector(Provider):
    """A platform. Write the methods it can answer; `supports("metrics")` tells core which those are.

    Every method raises a `ConnectorError` child when it cannot answer, never returns a guess.
    """

    platform: ClassVar[str] = ""
    """Whose accounts it is asked about, in Samverk's words: `instagram`, `tiktok`, `youtube`, `facebook`, `snapchat`,
    `x`, `blog` or `podcast`. Empty for a platform that Samverk has no word for: it goes by the connector's own name."""
    settings: ClassVar[Sequence[SettingField]] = ()
    columns: ClassVar[Sequence[Column]] = ()
    """The columns of the table that `parse` reads, for the form and the documentation."""

    def profile(self, ctx: Context, account: str) -> Profile:
        """The account's public numbers. `account` is its name without `@`, in small letters."""
        raise NotSupported(_unsupported(self))

    def posts(self, ctx: Context, account: str, cursor: str | None = None) -> Page[Post]:
        """The account's posts, newest first, a page at a time."""
        raise NotSupported(_unsupported(self))

    def metrics(self, ctx: Context, posts: Sequence[str]) -> Sequence[Metrics]:
        """Readings of many posts in as few calls as the platform allows; a missing post is left out."""
        raise NotSupported(_unsupported(self))

    def parse(self, rows: Sequence[Row], zone: tzinfo) -> Parsed[Metrics]:
        """Readings from a table that a person exported, its rows aligned to `columns`.

        `Metrics.post` is the post's address as written; `zone` (the brand's) holds where a time has no offset.
        """
        raise NotSupported(_unsupported(self))

    def resolve_url(self, url: str) -> PostRef | None:
        """The post that an address points at, without asking anybody; None when it is not of this platform."""
        return None

    def disclosure(self, ctx: Context, post: str) -> Disclosure:
        """Whether the post carries the platform's own ad label."""
        raise NotSupported(_unsupported(self))

    def verify_webhook(self, ctx: Context, headers: Mapping[str, str], body: bytes) -> Sequence[Metrics]:
        """The readings of a signed message; raises `BadSignature` for anything else."""
        raise NotSupported(_unsupported(self))

    def forget(self, ctx: Context, account: str) -> None:
        """Erase what the plugin keeps of an account."""


def _unsupported(connector: PlatformConnector) -> Text:
    return T("%(platform)s does not tell this.", platform=connector.title)
