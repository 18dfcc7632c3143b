"""Marks on pictures: an official sign where body or skin was changed."""

from __future__ import annotations

from collections.abc import Iterator

from core.compliance.disclosure import Remark
from core.compliance.validity import Active, active
from core.plugin_api.compliance import CompliancePack, ContentContext, Shown, Verdict


def mark_remarks(pack: CompliancePack, context: ContentContext, cap: Verdict) -> Iterator[Remark]:
    """What a pack says about marks on the picture; nothing where it asks for none."""
    for found in active(pack, context, "image_mark", cap):
        data, edits = found.rule.data, set(context.image_edits)
        if not edits & {*data["edits"], *data.get("unsure_edits", ())}:
            continue
        sure = bool(edits & set(data["edits"]))
        limit = found if sure else Active(found.rule, found.cap.at_most(Verdict.NEEDS_REVIEW))
        marks = [label for label in context.labels if label.standard_mark == data["mark"]]
        best = min((_fault(found, mark) for mark in marks), key=lambda verdict: verdict.rank, default=None)
        if best is None:
            yield Remark("mark_missing", limit, limit.verdict())
        else:
            key = "good_mark" if best is Verdict.OK else "mark_wrong"
            yield Remark(key, limit, limit.verdict(best))


def _fault(found: Active, mark: Shown) -> Verdict:
    """How bad a mark is: its corner, its contrast, its size."""
    data = found.rule.data
    wrong = mark.corner not in (None, data["corner"]) or mark.contrast_ok is False or mark.covered_by_interface
    area = mark.area_pct
    if wrong or mark.medium != "image_mark" or (area is not None and area < data["least_area_pct"]):
        return Verdict.VIOLATION
    return Verdict.NEEDS_REVIEW if area is not None and area < data["good_area_pct"] else Verdict.OK
