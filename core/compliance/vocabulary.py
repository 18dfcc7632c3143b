"""The words of a pack on a day, and where they stand in a text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from core.compliance.validity import Active, active
from core.compliance.wording import Span, Token, brand_at, brand_tails, brands_in, common, find, stem_spans, words
from core.plugin_api.compliance import Brand, CompliancePack, ContentContext, Verdict


class Standing(IntEnum):
    """What a country makes of a wording; where two rules differ about the same words, the later one here counts."""

    GENERIC = 0
    ACCEPTED = 1
    DOUBTFUL = 2
    REJECTED = 3
    UNKNOWN = 4


@dataclass(frozen=True, slots=True)
class Word:
    """A wording that a rule names, without the brand."""

    phrase: tuple[str, ...]
    language: str | None
    standing: Standing
    shown: str
    by: Active | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A wording found in a text."""

    span: Span
    word: Word


@cache
def _generic() -> tuple[Word, ...]:
    return tuple(
        Word(words(text), language, Standing.GENERIC, text)
        for language, texts in common()["advertisement"].items()
        for text in texts
    )


def bare(template: str) -> str:
    """A label's words without the place of the brand."""
    return template.replace("{brand}", "").strip(" /:|")


def words_of(pack: CompliancePack, context: ContentContext, cap: Verdict) -> tuple[Word, ...]:
    """The wordings that a pack names for this publication, then the plain words for advertising."""
    named = []
    for found in active(pack, context, "label", cap):
        standing = Standing[found.rule.data["standing"].upper()]
        shown = [(bare(row["text"]), row["lang"]) for row in found.rule.data["words"]]
        named += [Word(words(text), language, standing, text, found) for text, language in shown]
    return (*named, *_generic())


def matches(text: Sequence[Token], vocabulary: Iterable[Word], brands: Sequence[Brand]) -> tuple[Match, ...]:
    """The wordings in a text: the longest wins over what it contains, the strictest rule over the same words."""
    tails = brand_tails(brands)
    found = [Match(span, word) for word in vocabulary for span in find(text, word.phrase, tails)]
    found = [match for match in found if not _by_chance(text, match)]
    longest = [one for one in found if not any(one.span.inside(other.span) for other in found)]
    best: dict[Span, Match] = {}
    for match in longest:
        if match.span not in best or match.word.standing > best[match.span].word.standing:
            best[match.span] = match
    known = list(best.values())
    unknown = [
        Match(span, Word((), None, Standing.UNKNOWN, text[span.first].word))
        for span in stem_spans(text, common()["stems"])
        if not any(span.touches(match.span) for match in known) and not _is_brand(text, span.first, brands)
    ]
    unknown = [match for match in unknown if not _by_chance(text, match)]
    return tuple(sorted(known + unknown, key=lambda match: match.span.first))


def _by_chance(text: Sequence[Token], match: Match) -> bool:
    """A word that is also an ordinary word is no label in the middle of a sentence, unless a rule names it."""
    careful = match.word.standing in (Standing.GENERIC, Standing.UNKNOWN) and match.word.shown in common()["careful"]
    return careful and match.span.first > 0 and not text[match.span.first].tag


def _is_brand(text: Sequence[Token], at: int, brands: Iterable[Brand]) -> bool:
    return any(brand_at(text, at, brand) for brand in brands)


def beside(
    text: Sequence[Token], match: Match, every: Sequence[Match], brands: Sequence[Brand], connectors: frozenset[str]
) -> frozenset[str]:
    """The brands named together with a label, before or behind it."""
    named = {b.name for b in brands if text[match.span.first].word.endswith(tuple(brand_tails([b])) or ("\0",))}
    at = match.span.last + 1
    while at < len(text):
        brand, length = _brand_here(text, at, brands)
        label = next((other.span for other in every if other.span.first == at), None)
        if brand:
            named.add(brand.name)
            at += length
        elif label:
            at = label.last + 1
        elif text[at].word in connectors:
            at += 1
        else:
            break
    return frozenset(named | _just_before(text, match.span.first, brands, connectors))


def _just_before(text: Sequence[Token], end: int, brands: Sequence[Brand], connectors: frozenset[str]) -> set[str]:
    named: set[str] = set()
    at = end - 1
    while at >= 0:
        brand, _ = _brand_here(text, at, brands)
        for start in range(max(0, at - 4), at):
            longer, size = _brand_here(text, start, brands)
            if longer and start + size == at + 1:
                brand, at = longer, start
                break
        if brand:
            named.add(brand.name)
        elif text[at].word not in connectors:
            break
        at -= 1
    return named


def _brand_here(text: Sequence[Token], at: int, brands: Sequence[Brand]) -> tuple[Brand | None, int]:
    longest = max(brands, key=lambda brand: brand_at(text, at, brand), default=None)
    length = brand_at(text, at, longest) if longest else 0
    return (longest, length) if length else (None, 0)


def only_labels_before(text: Sequence[Token], match: Match, every: Sequence[Match], brands: Sequence[Brand]) -> bool:
    """True if nothing but labels, brands and their joints stands before a label."""
    at = 0
    while at < match.span.first:
        _, length = _brand_here(text, at, brands)
        label = next((other.span for other in every if other.span.first == at), None)
        if label:
            at = label.last + 1
        elif length:
            at += length
        elif text[at].word in common()["prefaces"]:
            at += 1
        else:
            return False
    return True


def in_pile(text: Sequence[Token], match: Match, every: Sequence[Match], brands: Sequence[Brand]) -> bool:
    """True for a hashtag that stands in one row with hashtags that are neither labels nor brands."""
    if not text[match.span.first].tag:
        return False
    own = {at for other in every for at in range(other.span.first, other.span.last + 1)}
    for at in range(len(text)):
        own |= set(range(at, at + _brand_here(text, at, brands)[1]))
    own |= {at for at, token in enumerate(text) if token.tag and brands_in([token], brands)}
    for step in (-1, 1):
        at = match.span.first if step < 0 else match.span.last
        while 0 <= at < len(text) and text[at].tag:
            if at not in own:
                return True
            at += step
    return False
