"""Which rules count for a publication: on its day, for its facts, and how far their word goes."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Any

from core.compliance.wording import common, stem_spans, tokens
from core.plugin_api.compliance import CompliancePack, Confidence, ContentContext, Rule, Verdict

MANY_MINORS = 0.25
SOME_MINORS = 0.10
AI_WORDS = frozenset(
    {"ai", "tekoäly", "tekoälyllä", "tekoälyn", "ki", "aigenerated", "ai-generated", "aigenererad", "kigenerert"}
)
AD_MADE_OF = frozenset({"own_product"})


class Answer(IntEnum):
    """Whether a condition holds; facts can leave it open."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Active:
    """A rule that counts here, and the worst verdict it may give."""

    rule: Rule
    cap: Verdict

    def verdict(self, verdict: Verdict | None = None) -> Verdict:
        """A verdict of the rule (its own by default), no worse than allowed."""
        return (verdict or self.rule.verdict).at_most(self.cap)


def active(
    pack: CompliancePack, context: ContentContext, kind: str, cap: Verdict = Verdict.VIOLATION
) -> tuple[Active, ...]:
    """The pack's rules of one kind that count for this publication, in the pack's order."""
    found = []
    for rule in pack.rules:
        if rule.kind != kind:
            continue
        answer = min(in_force(rule, context.posted_on), holds(rule.when, context))
        if answer is not Answer.NO:
            unsure = answer is Answer.MAYBE or rule.confidence is Confidence.GENERAL
            found.append(Active(rule, cap.at_most(Verdict.NEEDS_REVIEW) if unsure else cap))
    return tuple(found)


def in_force(rule: Rule, day: date) -> Answer:
    """Whether a rule is valid on a day. A date known only by month or year leaves that period open."""
    start, sure_start = period(rule.valid_from) if rule.valid_from else (date.min, date.min)
    sure_end, end = period(rule.valid_to) if rule.valid_to else (date.max, date.max)
    if not start <= day <= end:
        return Answer.NO
    return Answer.YES if sure_start <= day <= sure_end else Answer.MAYBE


def period(value: str) -> tuple[date, date]:
    """First and last day that a date, a month (`2025-01`) or a year may mean."""
    year, month, day = (*(int(part) for part in value.split("-")), 0, 0)[:3]
    last_month = month or 12
    last_day = day or calendar.monthrange(year, last_month)[1]
    return date(year, month or 1, day or 1), date(year, last_month, last_day)


def holds(when: Mapping[str, Any], context: ContentContext) -> Answer:
    """Whether all conditions hold. A fact that is not stated fulfils none."""
    return min((_condition(name, wanted, context) for name, wanted in when.items()), default=Answer.YES)


def _condition(name: str, wanted: Any, context: ContentContext) -> Answer:
    derived = _DERIVED.get(name)
    if derived:
        return derived(context, wanted)
    value = context.benefits if name == "compensation" else getattr(context, name)
    if value is None:
        return Answer.NO
    choices = wanted if isinstance(wanted, list) else [wanted]
    hit = bool(set(value) & set(choices)) if isinstance(value, (tuple, frozenset)) else value in choices
    return _answer(hit)


def _answer(truth: bool) -> Answer:
    return Answer.YES if truth else Answer.NO


def audience_minors(context: ContentContext, wanted: bool = True) -> Answer:
    """Whether under-18s are addressed: by their share of the audience, else by the influencer's own age."""
    shares = [s for s in (context.audience_under18_share, context.audience_under16_share) if s is not None]
    share = max(shares, default=0.0)
    young = context.influencer_age is not None and context.influencer_age < 18
    if share >= MANY_MINORS:
        answer = Answer.MAYBE if context.age_gate_used else Answer.YES
    else:
        answer = Answer.MAYBE if share >= SOME_MINORS or young else Answer.NO
    return answer if wanted else Answer(2 - answer)


def ai_disclosed(context: ContentContext, wanted: bool = True) -> Answer:
    """Whether text or labels say that a machine made it."""
    texts = [context.caption or "", *(label.text or "" for label in context.labels)]
    said = any(token.word in AI_WORDS for text in texts for token in tokens(text))
    return _answer(said is wanted)


def _commercial(context: ContentContext, wanted: bool) -> Answer:
    return _answer(bool(context.benefits) is wanted)


def _given_by_brand(context: ContentContext, wanted: bool) -> Answer:
    return _answer(bool(context.benefits - AD_MADE_OF) is wanted)


def _clause_missing(context: ContentContext, wanted: str) -> Answer:
    """Whether a contract lacks a clause that nothing else in writing replaces; one that is only oral may well."""
    contract = context.contract
    if contract is None or context.brand_instruction_given is not None:
        return Answer.NO
    if contract.clauses is None:
        return Answer.NO if contract.written else Answer.MAYBE
    return _answer(wanted not in contract.clauses)


def _unwritten(context: ContentContext, wanted: bool) -> Answer:
    return _answer(context.contract is not None and context.contract.written is not wanted)


def _disclosed(context: ContentContext, wanted: bool) -> Answer:
    """Whether anything at all resembles a disclosure."""
    shown = any(label.text and label.medium != "image_mark" for label in context.labels)
    written = stem_spans(tokens(context.caption or ""), common()["stems"])
    return _answer((shown or bool(written)) is wanted)


def _lives_outside(context: ContentContext, wanted: str) -> Answer:
    return _answer(context.influencer_residence != wanted)


def _deal(context: ContentContext, wanted: str) -> Answer:
    return _answer(context.deal is not None and bool(getattr(context.deal, wanted)))


_DERIVED: Mapping[str, Callable[[ContentContext, Any], Answer]] = {
    "audience_minors": audience_minors,
    "ai_disclosed": ai_disclosed,
    "commercial": _commercial,
    "given_by_brand": _given_by_brand,
    "clause_missing": _clause_missing,
    "contract_unwritten": _unwritten,
    "disclosed": _disclosed,
    "lives_outside": _lives_outside,
    "deal": _deal,
}


def names_of_conditions() -> Iterable[str]:
    """The closed vocabulary of `when`."""
    return (*ContentContext.__dataclass_fields__, *_DERIVED)
