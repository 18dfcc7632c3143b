"""The packs in the box, and a quick way to state facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.compliance.engine import check_content
from core.plugin_api.compliance import CompliancePack, ContentContext
from plugins.compliance import eu, fi, no, se

PACKS: Mapping[str, CompliancePack] = {
    pack.jurisdiction: pack for module in (eu, fi, se, no) for pack in module.packs()
}
LANGUAGE = {"FI": "fi", "SE": "sv", "NO": "nb", "EU": "en"}


def facts(country: str, caption: str | None = None, *, subject: str = "content", **stated: Any) -> ContentContext:
    """A paid post of one brand on an ordinary day, but for what is stated."""
    meta: dict[str, Any] = {
        "target_markets": [country],
        "compensation": ["paid"],
        "posted_on": "2026-03-02",
        "platform": "instagram",
        "format": "post",
        "content_language": LANGUAGE[country],
        "brands": [{"name": "Lumi Nordic", "aliases": ["@luminordic", "#luminordic"]}],
        "brand_control": True,
        "brand_instruction_given": True,
        **stated,
    }
    if caption is not None:
        meta["caption"] = caption
    return ContentContext.from_meta(meta, jurisdictions=[country], subject=subject)


def verdict(country: str, caption: str | None = None, **stated: Any) -> str:
    """The verdict of one country's pack alone."""
    return check_content([PACKS[country]], facts(country, caption, **stated)).verdict.value


def overlay(text: str, **stated: Any) -> dict[str, Any]:
    """A label laid over the picture."""
    return {"text": text, "medium": "overlay", "contrast_ok": True, **stated}


def mark(**stated: Any) -> dict[str, Any]:
    """Norway's mark for retouched persons, as prescribed but for what is stated."""
    prescribed = {"area_pct": 7, "corner": "upper_left", "contrast_ok": True}
    return {"text": None, "medium": "image_mark", "standard_mark": "no_retouched_person", **prescribed, **stated}
