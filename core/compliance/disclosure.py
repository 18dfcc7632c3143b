"""Is it told, at once and in the right words, that a publication is advertising?

Every disclosure is judged on its own, and the best one counts: a second label never makes things worse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from core.compliance.kit import exact_label
from core.compliance.reading import Reading
from core.compliance.validity import Active, active
from core.compliance.vocabulary import Match, Standing, Word, words_of
from core.compliance.wording import brands_in, same_language, tokens
from core.plugin_api.compliance import CompliancePack, ContentContext, Deal, Shown, Verdict

FOLD = 125  # characters a reader sees before "more"
STORIES = frozenset({"story", "highlight"})
VIDEOS = frozenset({"video", "reel", "short", "live"})
GRACE_S = 1.0


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing said about a disclosure: which message, by which rule, how bad."""

    key: str
    by: Active
    verdict: Verdict
    found: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A disclosure and what was said about it."""

    shown: Shown
    match: Match | None
    reading: Reading
    head: int = 0
    remarks: tuple[Remark, ...] = ()

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller is better: the worst remark first, then all of them."""
        ranks = [remark.verdict.rank for remark in self.remarks]
        return max(ranks, default=0), sum(ranks)


@dataclass(frozen=True, slots=True)
class Desk:
    """A pack's rules about disclosures, laid out for one publication."""

    pack: CompliancePack
    context: ContentContext
    duty: Active
    vocabulary: tuple[Word, ...]
    language: Active | None
    placement: Active
    advertiser: Active | None
    tool: Active | None

    def place(self, key: str, verdict: Verdict | None = None) -> Remark:
        """A remark of the placement rule, as bad as the rule says for this fault."""
        faults = self.placement.rule.data.get("faults", {})
        return Remark(key, self.placement, self.placement.verdict(verdict or Verdict(faults.get(key, "violation"))))


def disclosure_remarks(pack: CompliancePack, context: ContentContext, cap: Verdict) -> tuple[Remark, ...]:
    """What a pack says about the disclosure of a publication; empty if the pack knows no such duty."""
    exempt = active(pack, context, "exempt", cap)
    duty = _duty(pack, context, cap)
    if exempt:
        return (Remark("exempt", exempt[0], exempt[0].verdict()),)
    if duty is None:
        return ()
    if duty.cap is Verdict.OK:
        return (Remark("no_benefit", duty, Verdict.OK),)
    desk = _desk(pack, context, duty)
    found = list(_candidates(desk))
    candidates = [_judged(desk, candidate, found) for candidate in found]
    if not candidates:
        return (Remark("missing", duty, duty.verdict()),)
    best = min(candidates, key=lambda candidate: candidate.rank)
    return (*best.remarks, *_naming(desk, best, candidates))


def _duty(pack: CompliancePack, context: ContentContext, cap: Verdict) -> Active | None:
    """The rule that asks for a label, capped by how clearly it covers this benefit; capped at ok: no label needed."""
    duty = next(iter(active(pack, context, "duty", cap)), None)
    if duty is None:
        return None
    covered = bool(context.benefits & set(duty.rule.data["compensation"]))
    deal = context.deal or Deal()
    beyond = (deal.publication_no or 0) > (deal.agreed_publications or 0)
    flowing = next(iter(active(pack, context, "deal_duty", cap)), None)
    if flowing and (beyond or not covered):
        return flowing
    if covered:
        return duty
    unclear = context.benefits or deal.arises_from_deal or deal.relation_active
    return Active(duty.rule, duty.cap.at_most(Verdict.NEEDS_REVIEW if unclear else Verdict.OK))


def _desk(pack: CompliancePack, context: ContentContext, duty: Active) -> Desk:
    def one(kind: str) -> Active | None:
        return next(iter(active(pack, context, kind, duty.cap)), None)

    return Desk(
        pack=pack,
        context=context,
        duty=duty,
        vocabulary=words_of(pack, context, duty.cap),
        language=one("language"),
        placement=one("placement") or duty,
        advertiser=one("advertiser"),
        tool=one("platform_tool"),
    )


def _candidates(desk: Desk) -> Iterator[Candidate]:
    context = desk.context
    shown = list(context.labels)
    if context.caption:
        shown.insert(0, Shown(context.caption, "written"))
    if context.platform_tag_used and not any(label.medium == "platform_tag" for label in shown):
        shown.append(Shown("", "platform_tag"))
    for label in shown:
        reading = Reading.of(label.text or "", desk.vocabulary, context.brands)
        if label.medium in ("platform_tag", "bio", "comment"):
            yield Candidate(label, None, reading)
        elif label.medium != "image_mark":
            head = reading.head
            yield from (Candidate(label, match, reading, head) for match in reading.matches)


def _judged(desk: Desk, candidate: Candidate, others: Sequence[Candidate]) -> Candidate:
    found = candidate.match.word.shown if candidate.match else candidate.shown.text or ""
    remarks = _wording(desk, candidate, others) if candidate.match else ()
    placed = tuple(_place(desk, candidate, others))
    against = tuple(remark for remark in placed if remark.verdict is not Verdict.OK)
    if not against:
        against = (Remark("allowed_place" if placed else "good_place", desk.placement, Verdict.OK),)
    return replace(candidate, remarks=tuple(replace(remark, found=found) for remark in (*remarks, *against)))


def _wording(desk: Desk, candidate: Candidate, others: Sequence[Candidate]) -> tuple[Remark, ...]:
    assert candidate.match is not None
    word = candidate.match.word
    by = word.by or desk.duty
    if word.standing is Standing.REJECTED:
        return (Remark("rejected", by, by.verdict()),)
    foreign = _foreign(desk, candidate, others)
    if foreign:
        return (foreign,)
    if word.standing is Standing.ACCEPTED:
        return (Remark("good_word", by, Verdict.OK),)
    key = "doubtful" if word.standing is Standing.DOUBTFUL else "unknown"
    return (Remark(key, by, by.verdict(Verdict.NEEDS_REVIEW)),)


def _foreign(desk: Desk, candidate: Candidate, others: Sequence[Candidate]) -> Remark | None:
    """What is wrong with a label in another language than the text; None if nothing is.

    An accepted label is a person's to judge where the pack tells no label in the language of the text, for then nobody
    can write a better one; a plain word in that language beside it at the start settles it.
    """
    assert candidate.match is not None
    rule, language = desk.language, desk.context.content_language
    if rule is None or not language or _is_in(candidate, language):
        return None
    label = exact_label(desk.pack, desk.context)
    known = label is not None and same_language(label.language, language)
    if known or candidate.match.word.standing is not Standing.ACCEPTED:
        return Remark("foreign", rule, rule.verdict())
    if any(_says_it_too(desk, candidate, other, language) for other in others):
        return None
    return Remark("untranslated", rule, rule.verdict(Verdict.NEEDS_REVIEW))


def _is_in(candidate: Candidate, language: str) -> bool:
    """Whether a label is a word of a language; one of no known language passes for it."""
    word = candidate.match.word if candidate.match else None
    return word is None or not word.languages or word.is_in(language)


def _says_it_too(desk: Desk, candidate: Candidate, other: Candidate, language: str) -> bool:
    if other.match is None or other.shown is not candidate.shown or not _is_in(other, language):
        return False
    return other.match.word.standing <= Standing.ACCEPTED and _position(desk, other) is None


def _place(desk: Desk, candidate: Candidate, others: Sequence[Candidate]) -> Iterator[Remark]:
    label, context = candidate.shown, desk.context
    if label.medium in ("bio", "comment"):
        yield desk.place("elsewhere")
    elif label.medium == "platform_tag":
        by = desk.tool or desk.duty
        yield Remark("tag_only", by, by.verdict(by.rule.verdict if desk.tool else Verdict.NEEDS_REVIEW))
    elif label.medium == "spoken":
        yield from _spoken(desk, label)
    elif label.medium == "overlay":
        yield from _overlay(desk, candidate, others)
    else:
        yield from _written(desk, candidate)
        if label.medium in ("written", "caption") and context.format in STORIES and len(_frames(context)) > 1:
            yield desk.place("frames", Verdict.NEEDS_REVIEW)
    if label.contrast_ok is False or label.covered_by_interface or label.relative_size == "tiny":
        yield desk.place("illegible")


def _written(desk: Desk, candidate: Candidate) -> Iterator[Remark]:
    key = _position(desk, candidate)
    if key:
        yield desk.place(key)
    context = desk.context
    if context.format in VIDEOS or context.format == "podcast":
        claimed = {"spoken", "picture", "on_screen_text"} & set(context.claim_media)
        fault = desk.place("text_only_claimed" if claimed else "text_only")
        yield replace(fault, key="text_only")


def _position(desk: Desk, candidate: Candidate) -> str | None:
    label = candidate.shown
    if label.medium != "written":
        nth = None if label.nth in (None, 1) else "among_hashtags" if label.medium == "caption" else "after_fold"
        return {"before_fold": "not_first", "first": None, None: None, "nth": nth}.get(label.position, label.position)
    assert candidate.match is not None
    first = candidate.match.span.first
    if first < candidate.head:
        return None
    if candidate.reading.in_pile(candidate.match):
        return "among_hashtags"
    if desk.context.format in STORIES:
        return None
    return "not_first" if candidate.reading.text[first].start < FOLD else "after_fold"


def _spoken(desk: Desk, label: Shown) -> Iterator[Remark]:
    context = desk.context
    if label.start_s is not None and label.start_s > (context.promo_start_s or 0.0) + GRACE_S * 5:
        yield desk.place("late")
    if "podcast" not in (context.format, context.platform):
        yield desk.place("spoken")


def _overlay(desk: Desk, candidate: Candidate, others: Sequence[Candidate]) -> Iterator[Remark]:
    """Overlays of equal wording cover the promotion together."""
    assert candidate.match is not None
    standing = candidate.match.word.standing
    together = [
        other.shown
        for other in others
        if other.match and other.shown.medium == "overlay" and other.match.word.standing is standing
    ]
    fault = _gap(desk.context, together)
    if fault:
        yield desk.place(fault)
    frames = _frames(desk.context)
    covered = {frame for label in together for frame in (frames if label.frames is None else label.frames)}
    if not set(frames) <= covered:
        first_seen = desk.context.format == "carousel" and frames[0] in covered
        yield desk.place("frames", Verdict.NEEDS_REVIEW if first_seen else None)


def _frames(context: ContentContext) -> tuple[int, ...]:
    return context.commercial_frames or tuple(range(1, (context.frame_count or 0) + 1))


def _gap(context: ContentContext, labels: Iterable[Shown]) -> str | None:
    """`late` or `partial` when labels leave a stated part of the promotion uncovered."""
    start = context.promo_start_s or 0.0
    end = context.promo_end_s if context.promo_end_s is not None else context.video_length_s
    if end is None:
        return None
    at = start
    for begin, until in sorted((label.start_s or 0.0, end if label.end_s is None else label.end_s) for label in labels):
        if begin > at + GRACE_S:
            break
        at = max(at, until)
    if at + GRACE_S >= end:
        return None
    return "late" if at <= start else "partial"


def _naming(desk: Desk, best: Candidate, candidates: Sequence[Candidate]) -> tuple[Remark, ...]:
    """Whether the label says for whom; asked only where there is a usable label."""
    rule, context = desk.advertiser, desk.context
    if rule is None or best.match is None or best.match.word.standing is Standing.REJECTED or not context.advertisers:
        return ()
    wanted = frozenset(brand.name for brand in context.advertisers)
    together: set[str] = set()
    somewhere = set(brands_in(tokens(context.caption or ""), context.advertisers))
    for one in candidates:
        somewhere |= one.reading.named
        if one.match and one.match.word.standing is not Standing.REJECTED:
            together |= one.reading.beside(one.match, desk.pack.connectors)
    if context.brand_tagged or context.brand_shown:
        somewhere |= wanted
    named = together | somewhere if rule.rule.data.get("where") == "anywhere" else together
    missing = tuple(brand.name for brand in context.advertisers if brand.name not in named)
    if not missing:
        return (Remark("good_name", rule, Verdict.OK),)
    apart = not together and set(missing) <= somewhere
    verdict = rule.verdict(Verdict.NEEDS_REVIEW) if apart else rule.verdict()
    return (Remark("apart" if apart else "nameless", rule, verdict, best.match.word.shown, missing),)
