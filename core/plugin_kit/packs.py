"""Packs of rules: sourced and dated, right about their author's examples, and no trap for who labels honestly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from core import clock
from core.compliance.cases import judge, read_cases
from core.compliance.engine import check_content
from core.compliance.kit import exact_label
from core.compliance.validity import names_of_conditions, period
from core.errors import Invalid
from core.plugin_api.compliance import CompliancePack, Confidence, ContentContext, Source
from core.plugin_api.compliance_file import pack_schema
from core.plugin_host.host import PluginHost
from core.plugin_kit.checks import Broken, Subject, check
from core.plugin_kit.search import search

KIND = "compliance"
BENEFITS = ("none", "paid", "barter", "gift_unsolicited", "event_invite", "own_product", "family", "loan")
AHEAD = timedelta(days=1)
"""Somewhere it is tomorrow already."""
ADDRESS = re.compile(pack_schema()["$defs"]["source"]["properties"]["url"]["pattern"])
NO_DAY = "Write since when it counts; where no day is known, say in the source's seen_copy how old your copy was."
FORMATS = ("post", "story", "reel", "video", "carousel")
CATEGORIES = ("alcohol", "energy_drink", "gambling", "cosmetics")
FILLER = ["new", "book", "about", "a", "long", "walk", "over", "the", "hills", "@kitbrand", "#love", "thanks"]


@check(
    "sourced",
    "Every rule says where it was read and from when it counts",
    KIND,
    hint="Give each rule a source with title and address, and days as 2025, 2025-01 or 2025-01-31; state reviewed_on.",
)
def sourced(subject: Subject, pack: CompliancePack) -> None:
    """Sources, days, and conditions that core knows; nothing was read tomorrow."""
    if not isinstance(pack.reviewed_on, date) or not pack.version or not pack.rules + pack.code:
        raise Broken("a version, a day of review and rules", f"{pack.version!r}, {pack.reviewed_on!r}", pack.id)
    if pack.reviewed_on > clock.today() + AHEAD:
        mend = "reviewed_on is the day on which somebody last read the sources."
        raise Broken("a day of review that has been", str(pack.reviewed_on), pack.id, mend)
    held = [(rule.id, rule.source, rule.confidence) for rule in pack.rules]
    held += [(rule.id, rule.source, rule.confidence) for rule in pack.code]
    for id, source, confidence in held:
        _sourced(id, source, confidence)
    conditions = set(names_of_conditions())
    for rule in pack.rules:
        if not rule.valid_from and not rule.source.seen_copy and rule.confidence is not Confidence.GENERAL:
            raise Broken("a first day, or how old the copy was that was read", "valid_from: null", rule.id, NO_DAY)
        days = [_days(rule.id, day) for day in (rule.valid_from, rule.valid_to) if day]
        if len(days) == 2 and days[0][0] > days[1][1]:
            raise Broken("a first day before the last", f"{rule.valid_from} to {rule.valid_to}", rule.id)
        if set(rule.when) - conditions:
            raise Broken("conditions that core knows", min(set(rule.when) - conditions), rule.id)


def _sourced(id: str, source: Source, confidence: Confidence) -> None:
    if not isinstance(source, Source) or not source.title.strip():
        raise Broken("a source with a title", repr(source), id)
    if not source.url.strip() and confidence is not Confidence.GENERAL:
        raise Broken("an address, or confidence general", f"{confidence} without an address", id)
    if not ADDRESS.search(source.url):
        mend = "Write where it can be read, with or without https://; what it is called stands in title."
        raise Broken("an address, such as https://example.org/law", repr(source.url), id, mend)


def _days(id: str, day: str) -> tuple[date, date]:
    try:
        return period(day)
    except (ValueError, TypeError):
        raise Broken("a day as 2025, 2025-01 or 2025-01-31", repr(day), id) from None


@check(
    "cases",
    "It judges its author's own examples as they say",
    KIND,
    hint="Put cases.jsonl beside the module, as `samverk compliance check --cases` reads it, `expected` in each line.",
)
def cases(subject: Subject, pack: CompliancePack) -> None:
    """At least one example, and each comes out as expected."""
    found = 0
    for line in _lines(subject, pack):
        try:
            (case,) = read_cases([line])
        except Invalid as error:
            raise Broken("a case that can be read", str(error.message), line[:300]) from None
        if case.jurisdiction != pack.jurisdiction or case.expected is None:
            continue
        found += 1
        outcome = judge([pack], case)
        if outcome.verdict != case.expected:
            seen = f"{outcome.verdict} by {', '.join(outcome.rules) or 'no rule'}"
            mend = "Put the rules right, or `expected` of the case: the rules that decided are those that are seen."
            raise Broken(case.expected, seen, f"{case.id}: {json.loads(line)['meta'].get('caption')!r}", mend)
    if not found:
        raise Broken(f"an example for {pack.jurisdiction} in cases.jsonl or kit()", "none")


def _lines(subject: Subject, pack: CompliancePack) -> Iterator[str]:
    path = subject.folder / "cases.jsonl" if subject.folder else None
    if path is not None and path.is_file():
        yield from (line for line in path.read_text("utf-8").splitlines() if line.strip())
    yield from (json.dumps(dict(case), ensure_ascii=False) for case in subject.kit.cases)


@check(
    "exact-label",
    "Writing its own exact label never makes a verdict worse",
    KIND,
    hint="Two rules disagree about the same words, or one about their place: see which finding the example brings.",
)
def label(subject: Subject, pack: CompliancePack) -> None:
    """Who does as they are told is not punished for it."""

    def holds(context: ContentContext) -> None:
        exact = exact_label(pack, context)
        if exact is None:
            return
        better = replace(context, caption=f"{exact.text} | {context.caption or ''}")
        before, after = check_content([pack], context), check_content([pack], better)
        if after.verdict.rank > before.verdict.rank:
            rules = ", ".join(after.decisive)
            raise Broken(f"at most {before.verdict}", f"{after.verdict} by {rules}", _told(better))

    search(publications(pack), subject.examples, holds)


@check(
    "pack-order",
    "In which order packs are asked makes no difference",
    KIND,
    hint="A rule in code keeps nothing between two calls: all it may know is the context it is given.",
)
def order(subject: Subject, pack: CompliancePack) -> None:
    """Alone, first and last the pack finds the same, and it makes no other pack's verdict milder."""
    others = [p for p in PluginHost.load(candidates=subject.others).compliance.values() if p.id != pack.id]

    def holds(context: ContentContext) -> None:
        first, last = (check_content(packs, context) for packs in ([pack, *others], [*reversed(others), pack]))
        alone = check_content([pack], context)
        others_say = [one for one in (*last.findings, *alone.findings) if one not in first.findings]
        if first != last or others_say:
            rules = ", ".join(sorted({one.rule_id for one in others_say})) or "the verdict"
            raise Broken("the same findings, alone and in either order", f"another by {rules}", _told(context))
        if first.verdict.rank < alone.verdict.rank:
            raise Broken(f"at least {alone.verdict}", str(first.verdict), _told(context))

    search(publications(pack), max(subject.examples // 2, 5), holds)


def publications(pack: CompliancePack) -> st.SearchStrategy[ContentContext]:
    """Any publication for the pack's country, its caption made of the pack's own words among others."""
    words = [row["text"].replace("{brand}", "Kit Brand") for rule in pack.rules for row in rule.data.get("words", ())]
    captions = st.lists(st.sampled_from([*words, *FILLER]), min_size=1, max_size=12).map(" ".join)
    stated: Mapping[str, st.SearchStrategy[Any]] = {
        "target_markets": st.just([pack.jurisdiction]),
        "compensation": st.sampled_from(BENEFITS).map(lambda benefit: [benefit]),
        "posted_on": st.dates(date(2018, 1, 1), date(2028, 1, 1)).map(date.isoformat),
        "platform": st.just("instagram"),
        "format": st.sampled_from(FORMATS),
        "content_language": st.sampled_from([*pack.languages, "en"]),
        "brands": st.just([{"name": "Kit Brand", "aliases": ["@kitbrand", "#kitbrand"]}]),
        "brand_control": st.booleans(),
        "brand_instruction_given": st.just(True),
        "categories": st.lists(st.sampled_from(CATEGORIES), max_size=1),
        "audience_under18_share": st.sampled_from([0, 1]),
        "platform_tag_used": st.booleans(),
        "caption": captions,
    }
    where = [pack.jurisdiction]
    return st.fixed_dictionaries(dict(stated)).map(lambda meta: ContentContext.from_meta(meta, jurisdictions=where))


def _told(context: ContentContext) -> str:
    benefit = ", ".join(context.compensation)
    return f"{context.posted_on}, {context.format}, {benefit}, {context.content_language}: {context.caption!r}"
