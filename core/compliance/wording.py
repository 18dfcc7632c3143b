"""Written text as rules read it: tokens without emoji, invisible characters and fancy letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml

from core.plugin_api.compliance import Brand

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_TOKEN = re.compile(r"([#@]?)(\w+)")
_PART = re.compile(r"[^\W_]+")
_INFLECTED = ("n", "in", "en", "s", "lle", "lta", "ltä", "sta", "stä", "ssa", "ssä")
_NORWEGIAN = {"no": "nb", "nn": "nb"}
_NEGATIONS = frozenset({"ei", "eikä", "inte", "ingen", "inget", "ej", "ikke", "not", "no", "non", "isn"})


@dataclass(frozen=True, slots=True)
class Token:
    """One word, with its place in the normalised text."""

    word: str
    start: int
    tag: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens `first` to `last`, the last one included."""

    first: int
    last: int

    def inside(self, other: Span) -> bool:
        """True if the other span covers this one and is longer."""
        return other.first <= self.first and self.last <= other.last and other != self


@cache
def common() -> Mapping[str, Any]:
    """The vocabulary that every country shares: plain words for advertising and words that resemble a label."""
    loaded: Mapping[str, Any] = yaml.safe_load(files(__package__).joinpath("vocabulary.yaml").read_text("utf-8"))
    return loaded


def normal(text: str) -> str:
    """The text in one spelling: NFKC, case folded, nothing invisible in it."""
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold())


def tokens(text: str) -> tuple[Token, ...]:
    """The words of a text in order; an underscore parts words, and a word of a hashtag knows that it is one."""
    return tuple(
        Token(part[0], match.start(2) + part.start(), tag=match[1] == "#")
        for match in _TOKEN.finditer(normal(text))
        for part in _PART.finditer(match[2])
    )


def same_language(one: str | None, other: str | None) -> bool:
    """Whether two codes mean one language to a reader of labels: Norwegian is written in two ways."""
    return _NORWEGIAN.get(one or "", one) == _NORWEGIAN.get(other or "", other)


def words(text: str) -> tuple[str, ...]:
    """Just the words of a text."""
    return tuple(token.word for token in tokens(text))


def find(text: Sequence[Token], phrase: Sequence[str], tails: Iterable[str] = ()) -> list[Span]:
    """Where a phrase stands: word by word, or run together in one hashtag, with a brand behind it or not."""
    if not phrase:
        return []
    size, joined = len(phrase), "".join(phrase)
    joined_forms = {joined, *(joined + tail for tail in tails)}
    found = []
    for at, token in enumerate(text):
        if token.word == phrase[0] and tuple(item.word for item in text[at : at + size]) == tuple(phrase):
            found.append(Span(at, at + size - 1))
        elif token.tag and token.word in joined_forms:
            found.append(Span(at, at))
    return [span for span in found if not _negated(text, span)]


def _negated(text: Sequence[Token], span: Span) -> bool:
    return span.first > 0 and text[span.first - 1].word in _NEGATIONS and not text[span.first].tag


def stem_spans(text: Sequence[Token], stems: Iterable[str]) -> list[Span]:
    """Words that look like a disclosure, though nobody listed them: a stem with one star, or a whole word."""
    spans = []
    for at, token in enumerate(text):
        plain = token.word.removeprefix("ei").removeprefix("not").removeprefix("inte").removeprefix("ikke")
        denied = token.tag and plain != token.word and any(_looks(plain, stem) for stem in stems)
        if not denied and any(_looks(token.word, stem) for stem in stems) and not _negated(text, Span(at, at)):
            spans.append(Span(at, at))
    return spans


def _looks(word: str, stem: str) -> bool:
    return stem[:-1] in word if stem.endswith("*") else word == stem


def brand_tails(brands: Iterable[Brand]) -> frozenset[str]:
    """The brands' spellings run together, as they end a hashtag."""
    return frozenset("".join(name) for brand in brands for name in spellings(brand))


@lru_cache(maxsize=1024)
def _long_tails(brand: Brand) -> tuple[str, ...]:
    """The spellings that are long enough not to end an ordinary word by chance."""
    return tuple(tail for tail in sorted(brand_tails([brand])) if len(tail) > 3)


@lru_cache(maxsize=1024)
def spellings(brand: Brand) -> tuple[tuple[str, ...], ...]:
    """The ways to write a brand, longest first, each as words."""
    forms = {words(form) for form in (brand.name, *brand.aliases)} - {()}
    return tuple(sorted(forms | {("".join(form),) for form in forms}, key=lambda form: (-len(form), form)))


def brand_at(text: Sequence[Token], at: int, brand: Brand) -> int:
    """How many tokens from `at` on spell the brand; 0 if they do not. A Nordic case ending is no hindrance."""
    for form in spellings(brand):
        here = [token.word for token in text[at : at + len(form)]]
        if len(here) == len(form) and here[:-1] == list(form[:-1]) and _same(here[-1], form[-1]):
            return len(form)
    return 0


def _same(word: str, name: str) -> bool:
    return word == name or (len(name) > 3 and word.startswith(name) and word[len(name) :] in _INFLECTED)


def brands_in(text: Sequence[Token], brands: Iterable[Brand]) -> frozenset[str]:
    """Names of the brands that a text mentions anywhere, also at the end of a run-together hashtag."""
    return frozenset(
        brand.name
        for brand in brands
        for at, token in enumerate(text)
        if brand_at(text, at, brand) or (token.tag and token.word.endswith(_long_tails(brand)))
    )
