"""The words of this room as data: tiers, platforms, criteria of vetting, evidence, states."""

from __future__ import annotations

from typing import NamedTuple

from core.plugin_api.text import T, Tc, Text


class Tier(NamedTuple):
    """A class of size: from `low` followers up to, not including, `high` (None: no end)."""

    code: str
    name: Text
    low: int
    high: int | None


TIERS = (
    Tier("nano", T("Nano"), 0, 1_000),
    Tier("micro", T("Micro"), 1_000, 100_000),
    Tier("macro", T("Macro"), 100_000, 1_000_000),
    Tier("mega", T("Mega"), 1_000_000, None),
)
TIER_BY_CODE = {tier.code: tier for tier in TIERS}

PLATFORM_NAMES = {
    "instagram": "Instagram",
    "tiktok": "TikTok",
    "youtube": "YouTube",
    "facebook": "Facebook",
    "snapchat": "Snapchat",
    "x": "X",
    "blog": T("Blog"),
    "podcast": T("Podcast"),
}
PLATFORM_WORDS = {
    "ig": "instagram", "insta": "instagram", "instagram": "instagram", "tiktok": "tiktok", "tt": "tiktok",
    "tik tok": "tiktok", "youtube": "youtube", "yt": "youtube", "you tube": "youtube", "facebook": "facebook",
    "fb": "facebook", "snapchat": "snapchat", "snap": "snapchat", "x": "x", "twitter": "x", "blog": "blog",
    "blogi": "blog", "blogg": "blog", "podcast": "podcast", "podcasti": "podcast", "podd": "podcast",
}  # fmt: skip
PLATFORM_HOSTS = {
    "instagram.com": "instagram", "instagr.am": "instagram", "tiktok.com": "tiktok", "youtube.com": "youtube",
    "youtu.be": "youtube", "facebook.com": "facebook", "fb.com": "facebook", "snapchat.com": "snapchat",
    "twitter.com": "x", "x.com": "x",
}  # fmt: skip

EVIDENCE = {
    "stated": T("Stated by the influencer or by hand"),
    "screenshot": T("Seen on a screenshot"),
    "export": T("From an export of the platform"),
    "connector": T("Read from the platform"),
}


class Criterion(NamedTuple):
    """One of the eight questions of vetting."""

    name: Text
    question: Text


CRITERIA = {
    "audience": Criterion(
        T("Audience match"), T("Do age, gender, place and interests of the followers fit the target audience?")
    ),
    "engagement": Criterion(T("Engagement"), T("Do likes, comments and shares fit the number of followers?")),
    "quality": Criterion(T("Content quality"), T("Are style and quality good and steady from post to post?")),
    "fit": Criterion(T("Brand fit"), T("Do values and tone fit the brand?")),
    "partnerships": Criterion(
        T("Earlier partnerships"), T("Did they go well, were they disclosed, and was none for a competitor?")
    ),
    "reputation": Criterion(
        T("Authenticity and reputation"), T("Is the person trusted and well regarded in the field?")
    ),
    "reach": Criterion(T("Reach and frequency"), T("How many see a post, and how often is something posted?")),
    "followers": Criterion(T("Follower authenticity"), T("Are the followers real, not bought?")),
}

VETTING_STATES = {"unvetted": T("Not vetted"), "passed": T("Passed"), "failed": Tc("vetting", "Failed")}
VETTING_TONES = {"unvetted": "quiet", "passed": "ok", "failed": "bad"}
IMPORT_STATES = {
    "mapping": T("Columns to be matched"),
    "staging": T("Being checked"),
    "checked": T("Checked"),
    "applying": T("Being imported"),
    "done": T("Imported"),
}
IMPORT_TONES = {"mapping": "warn", "staging": "info", "checked": "warn", "applying": "info", "done": "ok"}


def tier_of(followers: int | None) -> Tier | None:
    """The tier of a number of followers; None when the number is unknown."""
    if followers is None:
        return None
    return next(tier for tier in reversed(TIERS) if followers >= tier.low)
