"""The wordings that a pack names on a day, and the plain words that every country shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache

from core.compliance.validity import Active, active
from core.compliance.wording import Span, common, same_language, words
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
    """A wording that a rule names, without the brand; `languages` are all in which it is a label."""

    phrase: tuple[str, ...]
    languages: frozenset[str]
    standing: Standing
    shown: str
    by: Active | None = None

    def is_in(self, language: str) -> bool:
        """Whether it is a word of a language."""
        return any(same_language(language, own) for own in self.languages)


@dataclass(frozen=True, slots=True)
class Match:
    """A wording found in a text."""

    span: Span
    word: Word


@cache
def _generic() -> tuple[Word, ...]:
    return tuple(
        Word(words(text), frozenset({language}), Standing.GENERIC, text)
        for language, texts in common()["advertisement"].items()
        for text in texts
    )


def bare(template: str) -> str:
    """A label's words without the place of the brand."""
    return template.replace("{brand}", "").strip(" /:|")


def words_of(pack: CompliancePack, context: ContentContext, cap: Verdict) -> tuple[Word, ...]:
    """The wordings that a pack names for this publication, the labels told for it, and the plain words for advertising.

    A wording is of all the languages in which any of them has it: Reklame is Danish as well as Norwegian.
    """
    named = []
    for found in active(pack, context, "label", cap):
        standing = Standing[found.rule.data["standing"].upper()]
        shown = [(bare(row["text"]), row["lang"]) for row in found.rule.data["words"]]
        named += [Word(words(text), frozenset({language}), standing, text, found) for text, language in shown]
    every = (*named, *_told(pack, context), *_generic())
    spoken: dict[tuple[str, ...], frozenset[str]] = {}
    for word in every:
        spoken[word.phrase] = spoken.get(word.phrase, frozenset()) | word.languages
    return tuple(replace(word, languages=spoken[word.phrase]) for word in every)


def _told(pack: CompliancePack, context: ContentContext) -> Iterator[Word]:
    """The labels that core itself has told: the country's own is accepted, and those of others move nothing away."""
    names = ", ".join(brand.name for brand in context.advertisers)
    for label in context.exact_labels:
        text = bare(label.text.replace(names, "{brand}") if names else label.text)
        standing = Standing.ACCEPTED if label.jurisdiction == pack.jurisdiction else Standing.GENERIC
        yield Word(words(text), frozenset({label.language}), standing, text)
