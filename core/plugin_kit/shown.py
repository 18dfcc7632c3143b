"""What stands in its drawn pages: forms that are guarded, words that are escaped, rows of the reader's brand alone."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

from core.plugin_api.manifest import PluginScope
from core.plugin_api.pages import Face, Panel, PluginPage
from core.plugin_kit.checks import Broken, NotAsked, Subject, check
from core.plugin_kit.drawn import Drawn, draw, face_of
from core.plugin_kit.two_brands import ELSEWHERE, MARKUP, STRANGER

KINDS = ("pages", "panels")
IN_THE_PORTAL = (
    "Write where(Row.influencer == request.influencer) or where(Row.brand.in_(request.brands)) into the select."
)
BY_KEY = (
    "Compare the brand of the row that the address names with request.brand, and raise Missing where it is another."
)
AROUND = 60
"""How many letters before and after a fault are shown."""


@check(
    "csrf",
    "Every form of its pages that posts is guarded",
    *KINDS,
    hint='Put {{ ui.csrf() }} into each <form method="post">, with {% import "ui.html" as ui %} above it: core refuses '
    "what is sent without.",
)
def csrf(subject: Subject, item: PluginPage | Panel) -> None:
    """A form without the token is refused each time that somebody sends it."""
    for one in _drawn(subject, item):
        for form in _unguarded(one.html):
            raise Broken("{{ ui.csrf() }} in every form that posts", f"{form} without it", one.where)


@check(
    "escaped",
    "Words of its tables are shown as they were written",
    *KINDS,
    hint="Leave out |safe and Markup(...) for what people wrote: a template escapes by itself, and what is not escaped "
    "runs in the browser of whoever reads it.",
)
def escaped(subject: Subject, item: PluginPage | Panel) -> None:
    """A word with `<b>` in it comes out as `&lt;b&gt;`."""
    for one in _drawn(subject, item):
        place = one.html.lower().find(MARKUP)
        if place >= 0:
            raise Broken("the word escaped, &lt;b&gt;kit…", _around(one.html, place), one.where)


@check(
    "own-brand",
    "A page of one brand shows nothing of another",
    *KINDS,
    hint="Write where(Row.brand == request.brand) into the select.",
)
def own_brand(subject: Subject, item: PluginPage | Panel) -> None:
    """The same for what is asked by a key in the address; in the portal the reader's own rows are theirs everywhere."""
    if subject.plugin.scope is PluginScope.SITE:
        raise NotAsked
    portal = face_of(item) is Face.PORTAL
    mark, mend = (STRANGER, IN_THE_PORTAL) if portal else (ELSEWHERE, BY_KEY if "<" in _path(item) else "")
    for one in _drawn(subject, item):
        place = one.html.lower().find(mark)
        if place >= 0:
            seen = f"a word of another brand in {_around(one.html, place)}"
            raise Broken("rows of the reader's brand alone", seen, one.where, mend)


def _path(item: PluginPage | Panel) -> str:
    return item.path if isinstance(item, PluginPage) else ""


def _drawn(subject: Subject, item: PluginPage | Panel) -> list[Drawn]:
    try:
        return draw(subject, item)
    except Exception:
        raise NotAsked from None  # told by `pages`


def _around(html: str, place: int) -> str:
    return f"…{' '.join(html[max(place - AROUND, 0) : place + AROUND].split())}…"


def _unguarded(html: str) -> Iterator[str]:
    forms = _Forms()
    forms.feed(html)
    forms.close()
    yield from (form for form, guarded in forms.posts if not guarded)


class _Forms(HTMLParser):
    """The forms of a page that post, as they are written, and whether each carries the token."""

    def __init__(self) -> None:
        super().__init__()
        self.posts: list[tuple[str, bool]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form":
            self._open = (told.get("method") or "").lower() == "post"
            if self._open:
                self.posts.append((self.get_starttag_text() or "", False))
        elif self._open and told.get("name") == "csrf_token":
            self.posts[-1] = (self.posts[-1][0], True)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False
