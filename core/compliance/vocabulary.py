"""The wordings that a pack names on a day, and the plain words that every country shares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from core.compliance.validity import Active, active
from core.compliance.wording import Span, common, words
from core.plugin_api.compliance import CompliancePack, ContentContext, Verdict


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
