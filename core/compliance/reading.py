"""A text as a pack reads it: which wordings stand where, which brands, and what comes before anything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.compliance.vocabulary import Match, Standing, Word
from core.compliance.wording import Token, brand_at, brand_tails, brands_in, common, find, stem_spans, tokens
from core.plugin_api.compliance import Brand

READ_CHARS = 5000  # a label further down helps nobody


@dataclass(frozen=True, slots=True)
class Reading:
    """A text with everything found in it, by the number of its word."""

    text: tuple[Token, ...]
    matches: tuple[Match, ...]
    labels: Mapping[int, int]
    brands: Mapping[int, tuple[str, int]]
    ends: Mapping[int, tuple[str, int]]
    tagged: Mapping[int, frozenset[str]]
    named: frozenset[str]

    @classmethod
    def of(cls, words: str, vocabulary: Iterable[Word], brands: Sequence[Brand]) -> Reading:
        """Read a text once; every question about it is then a look-up."""
        text = tokens(words[:READ_CHARS])
        found = {at: hit for at in range(len(text)) if (hit := _brand_here(text, at, brands))}
        matches = _matches(text, vocabulary, brands, found)
        return cls(
            text=text,
            matches=matches,
            labels={match.span.first: match.span.last for match in matches},
            brands=found,
            ends={at + length - 1: (name, at) for at, (name, length) in found.items()},
            tagged={at: brands_in([token], brands) for at, token in enumerate(text) if token.tag},
            named=brands_in(text, brands),
        )

    @property
    def head(self) -> int:
        """The first word that is no label, no brand and no preface of one."""
        at = 0
        while at < len(self.text):
            if at in self.labels:
                at = self.labels[at] + 1
            elif at in self.brands:
                at += self.brands[at][1]
            elif self.text[at].word in common()["prefaces"]:
                at += 1
            else:
                break
        return at

    def in_pile(self, match: Match) -> bool:
        """True for a hashtag that stands in one row with hashtags that are neither labels nor brands."""
        if not self.text[match.span.first].tag:
            return False
        own = {at for first, last in self.labels.items() for at in range(first, last + 1)}
        own |= {at + step for at, (_, length) in self.brands.items() for step in range(length)}
        own |= {at for at, names in self.tagged.items() if names}
        for step in (-1, 1):
            at = match.span.first if step < 0 else match.span.last
            while 0 <= at < len(self.text) and self.text[at].tag:
                if at not in own:
                    return True
                at += step
        return False

    def beside(self, match: Match, connectors: frozenset[str]) -> frozenset[str]:
        """The brands named together with a label: in the same hashtag, behind it, or right before it."""
        named = set(self.tagged.get(match.span.first, ()))
        at = match.span.last + 1
        while at < len(self.text):
            if at in self.brands:
                name, length = self.brands[at]
                named.add(name)
                at += length
            elif at in self.labels:
                at = self.labels[at] + 1
            elif self.text[at].word in connectors:
                at += 1
            else:
                break
        return frozenset(named | self._before(match.span.first - 1, connectors))

    def _before(self, at: int, connectors: frozenset[str]) -> set[str]:
        named: set[str] = set()
        while at >= 0:
            if at in self.ends:
                name, first = self.ends[at]
                named.add(name)
                at = first - 1
            elif self.text[at].word in connectors:
                at -= 1
            else:
                break
        return named


def _brand_here(text: Sequence[Token], at: int, brands: Sequence[Brand]) -> tuple[str, int] | None:
    length, name = max(((brand_at(text, at, brand), brand.name) for brand in brands), default=(0, ""))
    return (name, length) if length else None


def _matches(
    text: Sequence[Token], vocabulary: Iterable[Word], brands: Sequence[Brand], found: Mapping[int, tuple[str, int]]
) -> tuple[Match, ...]:
    """The wordings in a text: the longest wins over what it contains, the strictest rule over the same words."""
    tails = brand_tails(brands)
    every = [Match(span, word) for word in vocabulary for span in find(text, word.phrase, tails)]
    known: list[Match] = []
    for match in sorted(every, key=lambda one: (one.span.first, -one.span.last, -one.word.standing)):
        within = known and (match.span == known[-1].span or match.span.inside(known[-1].span))
        if not within and not _by_chance(text, match):
            known.append(match)
    covered = {at for match in known for at in range(match.span.first, match.span.last + 1)} | set(found)
    alike = [
        Match(span, Word((), frozenset(), Standing.UNKNOWN, text[span.first].word))
        for span in stem_spans(text, common()["stems"])
        if span.first not in covered
    ]
    resembling = [match for match in alike if not _by_chance(text, match)]
    return tuple(sorted(known + resembling, key=lambda match: match.span.first))


def _by_chance(text: Sequence[Token], match: Match) -> bool:
    """A word that is also an ordinary word is no label in the middle of a sentence, unless a rule names it."""
    careful = match.word.standing in (Standing.GENERIC, Standing.UNKNOWN) and match.word.shown in common()["careful"]
    return careful and match.span.first > 0 and not text[match.span.first].tag
