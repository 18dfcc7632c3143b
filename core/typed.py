"""What people type and machines send, before it is kept: the letters, days and sums that can be meant."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

from core.errors import Invalid
from core.plugin_api.text import T

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
MOST_MINOR = 10**13
"""The largest single amount, in minor units: nine hundred thousand of them still add up in 64 bits."""
MOST_COUNT = 10**12
"""The largest count of views, likes and the like; more than any post will see."""
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_JOINERS = "\u200c\u200d"
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
_JOINED_FROM = "\u0590"


def text(value: str, field: str | None = None) -> str:
    """A text without what nobody can see, trimmed; line breaks and tabs stay.

    Controls, zero-width and other format characters and lone surrogates are left out. The joiners
    ZWNJ and ZWJ stay between letters of the scripts that need them, from Hebrew onwards, and in emoji;
    between Latin, Greek and Cyrillic letters they would only make two names look alike. `Invalid` when
    it carries what shows letters in another order than they are kept.
    """
    if value.isprintable() and _BLANK_LETTERS.isdisjoint(value):
        return value.strip()
    if _REORDERING.search(value):
        raise Invalid(T("This text has characters that turn the order of the letters. Type it without them."), field)
    return "".join(letter for place, letter in enumerate(value) if _visible(value, place)).strip()


def _visible(value: str, place: int) -> bool:
    letter = value[place]
    if letter in _JOINERS:
        beside = (value[place - 1 : place], value[place + 1 : place + 2])
        return all(other >= _JOINED_FROM and not other.isspace() and other not in _JOINERS for other in beside)
    return letter in "\n\r\t" or (
        unicodedata.category(letter) not in ("Cc", "Cf", "Cs") and letter not in _BLANK_LETTERS
    )


def storable(value: str) -> bool:
    """Whether both databases can take it: PostgreSQL knows no NUL, and UTF-8 no lone surrogate."""
    return not _UNSTORABLE.search(value)


def day(value: date, field: str | None = None) -> date:
    """A day of this century, else `Invalid`: far beyond it nothing can be reckoned."""
    if not FIRST_DAY <= value <= LAST_DAY:
        raise Invalid(T("Choose a day between %(first)s and %(last)s.", first=FIRST_DAY, last=LAST_DAY), field)
    return value


def moment(value: datetime, field: str | None = None) -> datetime:
    """A point in time of this century, else `Invalid`."""
    day(value.date(), field)
    return value
