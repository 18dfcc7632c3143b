"""The influencer's latest posts, to choose the live one from; the address can be typed all the same."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from flask import render_template, request
from wtforms import Form

from core.content import choosing, queries
from core.i18n import current_zone
from core.permissions import Permission
from core.plugin_api.platforms import Post
from core.web.limits import limiter
from core.web.request import actor, db, instance, let_go
from portal.face import portal, section

section("work", "latest")
F = TypeVar("F", bound=Form)


class Choice(NamedTuple):
    """A post to choose: where, what it says, on which day it was published as far as that is told."""

    url: str
    text: str
    day: date | None


@portal.get("/deliverables/<public_id>/posts", Permission.PORTAL)
@limiter.limit("12 per minute")
def latest(public_id: str) -> Any:
    """What the platform has of the influencer's account: a part of the page, or a page without JavaScript."""
    piece, host = queries.get_own(db(), actor(), public_id), instance().plugins
    asked = choosing.gather(db(), host, instance().keyring, piece.deliverable)
    let_go()  # nothing of the database is held while the platform is asked
    found = choosing.latest(host, asked)
    name = "portal/latest_part.html" if request.headers.get("HX-Request") else "portal/latest.html"
    posts = None if found is None else [_choice(post) for post in found]
    return render_template(name, posts=posts, public_id=public_id)


def fill_in(form: F) -> F:
    """The form with the post that was chosen, if one was: the link of a choice carries it."""
    if url := request.args.get("post", "")[:1000]:
        form["url"].data = url
        try:
            form["published_on"].data = date.fromisoformat(request.args.get("on", ""))
        except ValueError:
            form["published_on"].data = None
    return form


def _choice(post: Post) -> Choice:
    at = post.published_at
    day = at.astimezone(ZoneInfo(current_zone())).date() if at and at.tzinfo else None
    return Choice(post.url, " ".join(post.text.split())[:200], day)
