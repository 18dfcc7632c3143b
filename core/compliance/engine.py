"""The check: every rule of every pack is asked, and the worst answer is the verdict."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.compliance.disclosure import Remark, disclosure_remarks
from core.compliance.jurisdictions import Reach, resolve_jurisdictions
from core.compliance.kit import exact_label, told_labels
from core.compliance.marks import mark_remarks
from core.compliance.messages import OWN_WORDS, SAID
from core.compliance.validity import Active, active, period
from core.plugin_api.compliance import (
    Basis,
    Blocks,
    CompliancePack,
    ComplianceRule,
    Confidence,
    ContentContext,
    Finding,
    Rule,
    Source,
    Verdict,
)
from core.plugin_api.text import Text

log = logging.getLogger(__name__)
JUDGED_AS_CONTENT = frozenset({"content", "review"})


@dataclass(frozen=True, slots=True)
class Report:
    """What all rules together say."""

    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict among the findings."""
        return Verdict.OK.worst(*(finding.verdict for finding in self.findings))

    @property
    def decisive(self) -> tuple[str, ...]:
        """Ids of the rules behind the verdict, each once."""
        return tuple(dict.fromkeys(f.rule_id for f in self.findings if f.verdict is self.verdict))

    def holding_up(self, *, own_codes_bind: bool = False) -> tuple[Finding, ...]:
        """The findings that hold the publication up until fixed or waived."""
        return tuple(f for f in self.findings if f.holds_up(own_codes_bind=own_codes_bind))


def check_content(
    packs: Iterable[CompliancePack], context: ContentContext, *, reach: Mapping[str, Reach] | None = None
) -> Report:
    """Judge a publication by every pack given, each on its own; `reach` says where less than all rules apply."""
    ordered = sorted(packs, key=lambda pack: (pack.jurisdiction, pack.id))
    reaches = [(reach or {}).get(pack.jurisdiction, Reach.FULL) for pack in ordered]
    found = (finding for pack, how in zip(ordered, reaches, strict=True) for finding in _fenced(pack, context, how))
    return Report(tuple(found))


def check_everywhere(
    packs: Iterable[CompliancePack], context: ContentContext, *, brand_seat: str | None = None
) -> Report:
    """Judge a publication by the packs of all jurisdictions that its facts lead to."""
    applying = resolve_jurisdictions(
        markets=context.target_markets,
        residence=context.influencer_residence,
        production=context.production_country,
        language=context.content_language,
        audience_shares=context.audience_country_shares,
        followers=context.followers,
        brand_seat=brand_seat,
    )
    reach = {item.code: item.reach for item in applying}
    known = [pack for pack in packs if pack.jurisdiction in reach]
    return check_content(known, replace(context, exact_labels=told_labels(known, context)), reach=reach)


def _fenced(pack: CompliancePack, context: ContentContext, reach: Reach) -> Sequence[Finding]:
    """The pack's findings; a pack that fails costs a person's look, never a silent pass."""
    cap = Verdict.NEEDS_REVIEW if reach is Reach.LIMITED else Verdict.VIOLATION
    try:
        found = list(_findings(pack, context, cap, reach))
    except Exception:
        log.exception("compliance pack %s failed", pack.id)
        found = [_unchecked(pack, pack.id)]
    for rule in () if reach is Reach.ADVERTISER else pack.code:
        found += _coded(pack, rule, context, cap)
    return found


def _coded(pack: CompliancePack, rule: ComplianceRule, context: ContentContext, cap: Verdict) -> list[Finding]:
    """A coded rule's findings, held to the same limits as data: a remembered rule never gives a violation."""
    try:
        return [_limited(finding, cap) for finding in rule.check(context)]
    except Exception:
        log.exception("compliance rule %s of %s failed", type(rule).__name__, pack.id)
        return [_unchecked(pack, getattr(rule, "id", type(rule).__name__))]


def _limited(finding: Finding, cap: Verdict) -> Finding:
    limit = cap.at_most(Verdict.NEEDS_REVIEW) if finding.confidence is Confidence.GENERAL else cap
    verdict = finding.verdict.at_most(limit)
    return finding if verdict is finding.verdict else replace(finding, verdict=verdict, blocks=Blocks.NEVER)


def _unchecked(pack: CompliancePack, rule_id: str) -> Finding:
    message, fix = SAID["unchecked"]
    params = {"pack": pack.title}
    return Finding(
        rule_id=rule_id,
        rule_version=pack.version,
        jurisdiction=pack.jurisdiction,
        verdict=Verdict.NEEDS_REVIEW,
        blocks=Blocks.UNTIL_WAIVED,
        message=Text(message.msgid, params),
        fix=Text(fix.msgid, params) if fix else None,
        basis=Basis.PRACTICE,
        confidence=Confidence.GENERAL,
        source=Source(pack.id, ""),
    )


def _findings(pack: CompliancePack, context: ContentContext, cap: Verdict, reach: Reach) -> Iterator[Finding]:
    disputed = active(pack, context, "disputed", cap)
    judged_cap = cap.at_most(Verdict.NEEDS_REVIEW) if disputed else cap
    remarks = list(_remarks(pack, context, judged_cap, reach is Reach.ADVERTISER))
    if disputed and any(remark.verdict is not Verdict.OK for remark in remarks):
        remarks.append(Remark("disputed", disputed[0], disputed[0].verdict(Verdict.NEEDS_REVIEW)))
    own = exact_label(pack, context)
    label = next((told.text for told in context.exact_labels if told.jurisdiction == pack.jurisdiction), None)
    brands = ", ".join(brand.name for brand in context.advertisers) or "?"
    params = {"label": label or (own.text if own else ""), "brand": brands, "pack": pack.title}
    yield from (_finding(pack, remark, params) for remark in remarks)


def _remarks(pack: CompliancePack, context: ContentContext, cap: Verdict, advertiser_only: bool) -> Iterator[Remark]:
    if context.subject in JUDGED_AS_CONTENT and not advertiser_only:
        yield from disclosure_remarks(pack, context, cap)
        yield from mark_remarks(pack, context, cap)
    for found in active(pack, context, "fact", cap):
        if advertiser_only and found.rule.data.get("binds") != "advertiser":
            continue
        yield Remark("fact", found, found.verdict())


def _finding(pack: CompliancePack, remark: Remark, shared: dict[str, object]) -> Finding:
    rule = remark.by.rule
    params = {**shared, "found": remark.found, "missing": ", ".join(remark.missing)}
    message, fix = _said(rule, remark.key)
    return Finding(
        rule_id=rule.id,
        rule_version=pack.version,
        jurisdiction=pack.jurisdiction,
        verdict=remark.verdict,
        blocks=_blocks(remark.by, remark.verdict),
        message=Text(message.msgid, params, message.domain),
        fix=Text(fix.msgid, params, fix.domain) if fix and remark.verdict is not Verdict.OK else None,
        basis=rule.basis,
        confidence=rule.confidence,
        source=rule.source,
        valid_from=period(rule.valid_from)[0] if rule.valid_from else None,
    )


def _said(rule: Rule, key: str) -> tuple[Text, Text | None]:
    """The rule's own words where it has some for this outcome, else those for every country."""
    message, fix = SAID.get(key, (rule.title, None))
    own = key in OWN_WORDS.get(rule.kind, ())
    return (rule.message or message, rule.fix or fix) if own else (message, fix)


def _blocks(by: Active, verdict: Verdict) -> Blocks:
    if verdict is not Verdict.VIOLATION:
        return Blocks.NEVER
    trade = by.rule.basis in (Basis.SELF_REGULATION, Basis.PRACTICE)
    return Blocks.IF_CHOSEN if trade else Blocks.BY_DEFAULT
