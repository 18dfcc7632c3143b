"""Findings at rest: frozen with the words, rule version and source of their day, and read again for a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from core.content.models import StoredFinding, Submission
from core.plugin_api.compliance import Finding, Verdict
from core.plugin_api.text import Text

LEVELS = {Verdict.OK: "ok", Verdict.NEEDS_REVIEW: "warn", Verdict.VIOLATION: "bad"}
NOBODY_CHECKED = "until_waived"


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding as a page shows it: fresh from a check, or stored with a submission."""

    rule_id: str
    version: str
    jurisdiction: str
    verdict: str
    level: str
    message: Text
    fix: Text | None
    label: str
    source: str
    url: str
    since: date | None
    blocks: bool
    confidence: str
    row: StoredFinding | None = None
    also: tuple[Shown, ...] = ()
    """Further rules that say the same, no worse."""

    @property
    def asks_label(self) -> bool:
        """Whether what it says to do is, among others, to write its label."""
        return any("%(label)s" in text.english for text in (self.message, self.fix) if text)

    @property
    def open(self) -> bool:
        """Whether it still holds the publication up."""
        return self.blocks and (self.row is None or self.row.state == "open")


def fresh(findings: Iterable[Finding]) -> list[Shown]:
    """The findings of a check that nothing stored yet, the worst first."""
    return _together(_shown(frozen(finding), finding.holds_up(), None) for finding in findings)


def stored(rows: Iterable[StoredFinding]) -> list[Shown]:
    """The findings of a submission as they were on their day, the worst first."""
    return _together(_shown(row.data, row.blocks, row) for row in rows)


def store(submission: Submission, findings: Iterable[Finding]) -> list[StoredFinding]:
    """Rows for the findings of a submission."""
    return [
        StoredFinding(
            brand_id=submission.brand_id,
            submission_id=submission.id,
            rule_id=finding.rule_id[:60],
            data=frozen(finding),
            verdict=str(finding.verdict),
            blocks=finding.holds_up(),
            state="passed" if finding.verdict is Verdict.OK else "open",
        )
        for finding in findings
    ]


def frozen(finding: Finding) -> dict[str, Any]:
    """A finding as JSON: words as message and parameters, so that each reader has them in their language."""
    return {
        "rule_id": finding.rule_id,
        "version": finding.rule_version,
        "jurisdiction": finding.jurisdiction,
        "verdict": str(finding.verdict),
        "blocks": str(finding.blocks),
        "message": finding.message.to_json(),
        "fix": finding.fix.to_json() if finding.fix else None,
        "basis": str(finding.basis),
        "confidence": str(finding.confidence),
        "source": {"title": finding.source.title, "url": finding.source.url, "seen_copy": finding.source.seen_copy},
        "valid_from": finding.valid_from.isoformat() if finding.valid_from else None,
    }


def segments(caption: str, findings: Sequence[Shown]) -> list[tuple[str, str | None]]:
    """The caption in pieces, each with the tone of the finding that speaks of it, or None."""
    tones: dict[str, str] = {}
    for shown in reversed(findings):  # the worst comes first in the list and so has the last word here
        found = str(shown.message.params.get("found") or "").strip()
        if found:
            tones[_pattern(found)] = shown.level
    if not tones:
        return [(caption, None)]
    pieces: list[tuple[str, str | None]] = []
    patterns = sorted(tones, key=len, reverse=True)
    at = 0
    for match in re.finditer("|".join(f"({pattern})" for pattern in patterns), caption, re.IGNORECASE):
        pieces += [(caption[at : match.start()], None), (match[0], tones[patterns[(match.lastindex or 1) - 1]])]
        at = match.end()
    return [piece for piece in (*pieces, (caption[at:], None)) if piece[0]]


def labels(findings: Iterable[Shown]) -> dict[str, list[str]]:
    """The exact labels to write, each with the countries that it serves, as far as the findings ask for one."""
    found: dict[str, list[str]] = {}
    for shown in (one for top in findings for one in (top, *top.also)):
        if shown.label and shown.asks_label and shown.jurisdiction not in found.setdefault(shown.label, []):
            found[shown.label].append(shown.jurisdiction)
    return found


def _pattern(found: str) -> str:
    return r"[#@]?\b" + r"[\s_/·-]*".join(re.escape(word) for word in re.findall(r"\w+", found)) + r"\b"


def _together(findings: Iterable[Shown]) -> list[Shown]:
    """The worst first, what rules say alike once; a rule without words of its own borrows those of its country."""
    found = list(findings)
    borrowed = " · ".join(dict.fromkeys(one.label for one in found if one.label))
    whole = [replace(one, fix=_with_label(one.fix, one.label or borrowed)) for one in found]
    return _once(sorted(whole, key=lambda one: -Verdict(one.verdict).rank))


def _once(findings: Iterable[Shown]) -> list[Shown]:
    """Each sentence once, with all the rules that say it; what blocks stands by itself, to be waived by itself."""
    told: list[Shown] = []
    place: dict[str, int] = {}
    for one in findings:
        at = place.setdefault(str(one.message), len(told))
        if at == len(told) or one.blocks:
            told.append(one)
        elif one.rule_id not in {told[at].rule_id, *(other.rule_id for other in told[at].also)}:
            told[at] = replace(told[at], also=(*told[at].also, one))
    return told


def _with_label(fix: Text | None, label: str) -> Text | None:
    return fix and Text(fix.msgid, {**fix.params, "label": label}, fix.domain)


def _shown(data: dict[str, Any], blocks: bool, row: StoredFinding | None) -> Shown:
    verdict = Verdict(data["verdict"])
    message = Text.from_json(data["message"])
    unchecked = data["blocks"] == NOBODY_CHECKED
    return Shown(
        rule_id=data["rule_id"],
        version=data["version"],
        jurisdiction=data["jurisdiction"],
        verdict=verdict,
        level="unknown" if unchecked else LEVELS[verdict],
        message=message,
        fix=Text.from_json(data["fix"]) if data["fix"] else None,
        label=str(message.params.get("label") or ""),
        source=data["source"]["title"],
        url=_address(data["source"]["url"]),
        since=date.fromisoformat(data["valid_from"]) if data["valid_from"] else None,
        blocks=blocks,
        confidence=data["confidence"],
        row=row,
    )


def _address(url: str) -> str:
    """Only a whole address becomes a link; an abbreviated one is shown by its title alone."""
    if not url or "..." in url or "…" in url or " " in url:
        return ""
    return url if url.startswith("https://") else f"https://{url}" if "://" not in url else ""
