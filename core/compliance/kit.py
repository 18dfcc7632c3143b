"""What a pack asks to write and to sign: its exact label, and the clauses of its rules."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from core.compliance.jurisdictions import resolve_jurisdictions
from core.compliance.validity import active
from core.compliance.wording import same_language
from core.plugin_api.compliance import (
    Brand,
    CompliancePack,
    ContentContext,
    ContractClause,
    DealContext,
    Label,
    Rule,
    Verdict,
)
from core.plugin_api.compliance_facts import ToldLabel
from core.plugin_api.text import T, Text

log = logging.getLogger(__name__)
_FIRST = T("At the very start of the text, and in the picture or video for as long as the promotion lasts.")


def exact_label(pack: CompliancePack, context: ContentContext) -> Label | None:
    """The label that a pack recommends for a publication; None if the pack names no words."""
    rows = [
        (found.rule, row)
        for found in active(pack, context, "label")
        if found.rule.data["standing"] == "accepted" and found.cap is Verdict.VIOLATION
        for row in found.rule.data["words"]
    ]
    proposed = [(rule, row) for rule, row in rows if row.get("kit", True)]
    language = context.content_language or next(iter(pack.languages), None)
    own = [[one for one in some if same_language(one[1]["lang"], language)] for some in (proposed, rows)]
    first = [(rule, row) for rule, row in proposed if row["lang"] in pack.languages[:1]]
    choice = own[0] or own[1] or first or proposed
    if not choice:
        return None
    rule, row = _best(choice, context)
    names = ", ".join(brand.name for brand in context.advertisers)
    text = row["text"].replace("{brand}", names).strip(" |")
    return Label(pack.jurisdiction, row["lang"], text, _FIRST, rule.id, rule.source)


def shown_label(pack: CompliancePack, context: ContentContext) -> Label | None:
    """The label as a page shows it: a pack that fails has none there, and its check says that it failed."""
    try:
        return exact_label(pack, context)
    except Exception:
        log.exception("compliance pack %s has no label to tell", pack.id)
        return None


def told_labels(packs: Sequence[CompliancePack], context: ContentContext) -> tuple[ToldLabel, ...]:
    """The label that each pack tells to write, one text for one label.

    Where a country's own label is in the language of that of the pack it rests on, it is the label of both.
    """
    own = {pack.jurisdiction: label for pack in packs if (label := shown_label(pack, context))}
    below = [(parent, own[pack.jurisdiction]) for pack in packs if pack.jurisdiction in own for parent in pack.parents]
    told = {
        code: next((one for above, one in below if above == code and same_language(one.language, mine.language)), mine)
        for code, mine in own.items()
    }
    return tuple(ToldLabel(code, label.language, label.text) for code, label in told.items())


def _best(rows: Sequence[tuple[Rule, Mapping[str, str]]], context: ContentContext) -> tuple[Rule, Mapping[str, str]]:
    """A label made for these benefits before one that serves all."""
    benefits = context.benefits
    made_for = [(rule, row) for rule, row in rows if benefits and benefits <= set(row.get("use_for", ()))]
    for_all = [(rule, row) for rule, row in rows if "use_for" not in row]
    return (made_for or for_all or list(rows))[0]


def contract_clauses(packs: Iterable[CompliancePack], deal: DealContext) -> tuple[ContractClause, ...]:
    """The clauses that rules ask for on the day of signing, where the deal's markets and people are."""
    applying = {item.code for item in resolve_jurisdictions(markets=deal.markets, residence=deal.residence)}
    context = ContentContext(
        target_markets=deal.markets,
        compensation=deal.compensation,
        posted_on=deal.signed_on,
        subject="contract",
        brands=tuple(Brand(name) for name in deal.brands),
        influencer_residence=deal.residence,
    )
    clauses = []
    for pack in (pack for pack in packs if pack.jurisdiction in applying):
        label = exact_label(pack, context)
        params = {"brand": ", ".join(deal.brands), "label": label.text if label else ""}
        for found in active(pack, context, "contract_clause"):
            clauses.append(_clause(pack, found.rule, params))
    return tuple(clauses)


def _clause(pack: CompliancePack, rule: Rule, params: Mapping[str, str]) -> ContractClause:
    body = rule.message or rule.title
    return ContractClause(
        key=rule.data["key"],
        title=rule.title,
        body=Text(body.msgid, params, body.domain),
        required=bool(rule.data.get("required", True)),
        rule_id=rule.id,
        rule_version=pack.version,
        jurisdiction=pack.jurisdiction,
        source=rule.source,
    )
