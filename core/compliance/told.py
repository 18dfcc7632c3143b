"""What influencers are told to write: the exact label for every market, and where that is not enough by itself."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from core.compliance.disclosure import disclosure_remarks
from core.compliance.kit import shown_label, told_labels
from core.i18n import language as name_of
from core.plugin_api.compliance import Brand, CompliancePack, ContentContext, Label, Verdict
from core.plugin_api.text import T, Text

log = logging.getLogger(__name__)


def label_kit(
    packs: Iterable[CompliancePack],
    markets: Sequence[str],
    *,
    language: str | None = None,
    brands: Sequence[str],
    compensation: Sequence[str],
    on: date,
    for_minors: bool = False,
) -> tuple[Label, ...]:
    """The exact label for each market that a pack covers, in the order of the markets.

    A label has a note where the check of all of them, written as told, leaves it to a person.
    """
    by_market = {pack.jurisdiction: pack for pack in packs}
    context = ContentContext(
        target_markets=tuple(markets),
        compensation=tuple(compensation),
        posted_on=on,
        content_language=language,
        brands=tuple(Brand(name) for name in brands),
        audience_under18_share=1.0 if for_minors else None,
    )
    covering = [by_market[market] for market in markets if market in by_market]
    found = [(pack, label) for pack in covering if (label := shown_label(pack, context))]
    told = told_labels([pack for pack, _ in found], context)
    as_told = replace(context, caption=joined(label for _, label in found), exact_labels=told)
    return tuple(replace(label, note=_note(pack, as_told)) for pack, label in found)


def joined(labels: Iterable[Label]) -> str:
    """All labels on one line, each once."""
    return " · ".join(dict.fromkeys(label.text for label in labels))


def _note(pack: CompliancePack, as_told: ContentContext) -> Text | None:
    """Why a person has to confirm a country's label; None where its check passes it, or fails and says so itself."""
    try:
        remarks = disclosure_remarks(pack, as_told, Verdict.VIOLATION)
    except Exception:
        log.exception("compliance pack %s cannot judge its own label", pack.id)
        return None
    if as_told.content_language is None or not any(remark.key == "untranslated" for remark in remarks):
        return None
    return T(
        "The rules of this country name no label in the language of the content (%(language)s); a person has to "
        "confirm this label.",
        language=name_of(as_told.content_language),
    )
