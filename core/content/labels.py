"""Whether a post carries the platform's own ad label, as the platform tells it: asked when it is reported, and on wish.

It is shown and blocks nothing by itself: what a label means for the law is judged with the draft, by the rule packs. A
fault that other questions would meet as well is told of the connection too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from core import audit, clock, outbox, typed
from core.accounts.models import Brand
from core.content.measuring import whose
from core.content.models import Post
from core.crypto import Keyring
from core.errors import Invalid, Refused
from core.feeds import asking, rounds
from core.feeds.faults import NEVER, Fault
from core.feeds.kinds import KINDS
from core.feeds.reach import Reach, able, reachable
from core.feeds.wishes import wish
from core.permissions import Actor, Permission
from core.plugin_api.platforms import Disclosure
from core.plugin_api.text import T, Text
from core.plugin_host.host import PluginHost

ASK = "content.label"
KIND, METHOD = "platforms", "disclosure"
STATES: Mapping[str, Text] = {
    "set": T("The platform's ad label is set."),
    "unset": T("The platform's ad label is not set."),
    "untold": T("The platform does not tell whether its ad label is set."),
    "failed": T("The platform could not be asked for its ad label."),
}
_BY_ANSWER = {True: "set", False: "unset", None: "untold"}
_ANSWERS = frozenset(_BY_ANSWER.values())
"""What stays, with its age, when the platform is asked again in vain."""


@dataclass(frozen=True, slots=True)
class Question:
    """A post whose label is asked for, and the connectors that can tell one."""

    post_id: int
    url: str
    reaches: Sequence[Reach]


@dataclass(frozen=True, slots=True)
class Told:
    """Which connector was asked, and what it said."""

    reach: Reach
    said: Disclosure | Fault


def ask_soon(session: Session, host: PluginHost, post: Post) -> bool:
    """Let the worker ask for the label where a connector can tell one; whether there is such a connector."""
    known = bool(able(session, host, post.brand_id, KIND, METHOD))
    if known:
        outbox.enqueue(session, ASK, {"post": post.id}, f"{ASK}:{post.public_id}:{clock.now().timestamp():.3f}")
    return known


def ask_for(session: Session, actor: Actor, host: PluginHost, *, post: Post) -> int:
    """Let the worker ask for the label once more, once a minute; `Refused` where no connector can tell one.

    0, or after how many seconds it can be asked for again.
    """
    actor.require(Permission.LIVE_EDIT, post.brand_id)
    if not able(session, host, post.brand_id, KIND, METHOD):
        raise Refused(T("No plugin that is switched on tells the ad label of posts."))
    seconds = wish(session, ASK, {"post": post.id}, post.public_id)
    if not seconds:
        audit.record(session, actor=actor, brand_id=post.brand_id, action="content.asked", obj=post)
    return seconds


def can_tell(session: Session, host: PluginHost, post: Post) -> bool:
    """Whether a connector of the brand's knows the post by its address and can tell its label; nobody is asked."""
    known = able(session, host, post.brand_id, KIND, METHOD)
    return any(whose(host, host.platforms.owners[name], one, {post.id: post.url})[0] for name, one in known.items())


def gather(session: Session, host: PluginHost, keyring: Keyring, payload: Mapping[str, Any]) -> Question:
    """What asking needs. Close the session before you ask."""
    post = session.get_one(Post, payload["post"])
    brand = session.get_one(Brand, post.brand_id)
    return Question(post.id, post.url, reachable(session, host, keyring, brand, KIND, METHOD))


def ask(host: PluginHost, what: Question) -> Told | None:
    """Ask the first connector that knows the post; None when none does."""
    for reach in what.reaches:
        host = host.of(reach.ctx.brand)
        known, _ = whose(host, reach.plugin, reach.provider, {what.post_id: what.url})
        for id in known:
            question = reach.provider.disclosure
            said = asking.ask(host, reach.plugin, question, reach.ctx, id, returns=Disclosure, what=METHOD)
            return Told(reach, said)
    return None


def record(session: Session, what: Question, told: Told | None) -> None:
    """Keep what was told with its moment, unless the post's address was corrected meanwhile."""
    post = session.get_one(Post, what.post_id, with_for_update=True)
    if told is None:
        return
    answer = told.said
    if isinstance(answer, Fault) and answer.kind in rounds.STOPS - {NEVER}:
        _tell_connection(session, post.brand_id, told.reach, answer)
    if post.url != what.url:
        return
    if not isinstance(answer, Fault):
        post.missing_since = None
    elif answer.kind == "NotFound":
        post.missing_since = post.missing_since or clock.now()
    if isinstance(answer, Fault) and post.label_state in _ANSWERS:
        post.label_failed_at = clock.now()
        return
    post.label_at, post.label_failed_at, post.label_words = clock.now(), None, ""
    if isinstance(answer, Fault):
        post.label_state = "untold" if answer.kind == NEVER else "failed"
        return
    post.label_state = _BY_ANSWER[answer.labelled if answer.labelled is None else bool(answer.labelled)]
    post.label_words = _shown([answer.label, *answer.brands])


def _tell_connection(session: Session, brand_id: int, reach: Reach, fault: Fault) -> None:
    """Write the fault down of the first thing that the clock asks the connector for; where that is nothing, nowhere."""
    kind = next((one for one in KINDS if one.kind == KIND and reach.provider.supports(one.method)), None)
    if kind is not None:
        feed = asking.the_feed(session, brand_id, KIND, reach.name, kind.what, plugin=reach.plugin)
        asking.failed(feed, fault, at=reach.at, every=kind, version=reach.version)


def _shown(words: Sequence[str]) -> str:
    """The label and whom it names, as far as it can be shown."""
    try:
        return " · ".join(text for word in words if (text := typed.text(word)))[:300]
    except Invalid:
        return ""
