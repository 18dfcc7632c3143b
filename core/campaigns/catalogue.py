"""The words a campaign is planned with: codes that are stored, names that people read."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping

from core.plugin_api.text import T, Tc, Text

GOALS: dict[str, Text] = {
    "awareness": T("Brand awareness"),
    "traffic": T("Website traffic"),
    "sales": T("Sales and conversions"),
    "reputation": T("Reputation and trust"),
    "followers": T("Follower growth"),
    "launch": T("Launch of a product or service"),
    "content": T("Authentic content for own marketing"),
    "segments": T("Reaching an exact target group"),
    "loyalty": T("Longer engagement with the brand"),
}
AUDIENCE_FIELDS: dict[str, Text] = {
    "gender": T("Gender"),
    "residence": T("Place of residence"),
    "income": T("Income"),
    "education": T("Education"),
    "occupation": T("Occupation"),
    "interests": T("Interests"),
    "behaviour": T("Online behaviour"),
    "needs": T("Needs and challenges"),
    "values": T("Values"),
    "hashtags": T("Hashtags"),
}
BRIEF_FIELDS: dict[str, Text] = {
    "goals": T("Goals of the campaign"),
    "audience": T("Target audience"),
    "product": T("Product or service"),
    "messages": T("Key messages"),
    "guidelines": T("Content guidelines"),
    "cta": T("Call to action"),
    "deliverables": T("Deliverables"),
    "timeline": T("Timeline"),
    "payment": T("Payment terms"),
    "reporting": T("Reporting"),
}
BRIEF_HINTS: dict[str, Text] = {
    "goals": T("What should be different afterwards?"),
    "audience": T("Whom should it reach, and what do they care about?"),
    "product": T("What is it, what can it do, what is new?"),
    "messages": T("The one to three things people should remember."),
    "guidelines": T("Type, tone, style. What to show, what to leave out."),
    "cta": T("Visit a site, use a discount code."),
    "deliverables": T("Which content, where, how many."),
    "timeline": T("Drafts, approval, publishing."),
    "payment": T("How and when pay is earned and paid."),
    "reporting": T("Which figures, by when, with which proof."),
}
MARKS: dict[str, Text] = {"must": T("Must"), "should": T("Should"), "free": T("Free")}
DELIVERABLE_KINDS: dict[str, Text] = {
    "post": T("Post"),
    "carousel": T("Carousel"),
    "story": T("Story"),
    "reel": T("Reel"),
    "short": T("Short video"),
    "video": T("Video"),
    "live": T("Live"),
    "podcast": T("Podcast episode"),
    "blog": T("Blog post"),
    "review": Tc("kind of content", "Review"),
}


class Platforms(ChainMap[str, Text]):
    """Where content may appear, by code. One whose plugin is gone is none of them and still has its name."""

    _recall: Callable[[], Mapping[str, Text]] = dict
    _gone: Mapping[str, Text] | None = None

    def __missing__(self, code: str) -> Text:
        """What it was called when its plugin was last here, else the code as it stands."""
        if self._gone is None and code:
            self._gone = self._recall()
        return (self._gone or {}).get(code) or Text("%(words)s", {"words": code})

    def know(self, names: Mapping[str, Text], recall: Callable[[], Mapping[str, Text]] = dict) -> None:
        """Take down the platforms that plugins brought, in place of those known before; the words here go first.

        `recall` tells the names of those that were here once. It is asked when one is first needed, and not again.
        """
        self.maps[0] = {code: name for code, name in names.items() if code not in self.maps[1]}
        self._recall, self._gone = recall, None


KNOWN_PLATFORMS: dict[str, Text] = {
    "instagram": T("Instagram"),
    "tiktok": T("TikTok"),
    "youtube": T("YouTube"),
    "facebook": T("Facebook"),
    "snapchat": T("Snapchat"),
    "x": T("X"),
    "blog": T("Blog"),
    "podcast": T("Podcast"),
}
PLATFORMS = Platforms({}, KNOWN_PLATFORMS)
CATEGORIES: dict[str, Text] = {
    "alcohol": T("Alcohol"),
    "tobacco_nicotine": T("Tobacco and nicotine"),
    "gambling": T("Gambling"),
    "sports_tips": T("Sports betting tips"),
    "crypto_finance": T("Crypto and investments"),
    "medicine_therapeutic": T("Medicine and treatments"),
    "aesthetic_surgery": T("Cosmetic procedures"),
    "tattoo_cosmetic": T("Tattoos and permanent make-up"),
    "slimming_supplement": T("Slimming and food supplements"),
    "energy_drink": T("Energy drinks"),
    "less_healthy_food": T("Unhealthy food and drink"),
    "political": T("Politics"),
    "sexual_services": T("Sexual services"),
    "animals_protected": T("Protected animals"),
}
