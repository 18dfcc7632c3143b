"""The content room's verbs, gathered from the files of their use cases."""

from __future__ import annotations

from core.content.drafts import Media, create_deliverables, receive, submit, withdraw
from core.content.facts import Draft, check, questions, setting_of
from core.content.live import Imported, correct_post, import_metrics, record_metrics, report_post, verify_post
from core.content.review import decide, rounds_left, waive_finding

__all__ = [
    "Draft",
    "Imported",
    "Media",
    "check",
    "correct_post",
    "create_deliverables",
    "decide",
    "import_metrics",
    "questions",
    "receive",
    "record_metrics",
    "report_post",
    "rounds_left",
    "setting_of",
    "submit",
    "verify_post",
    "waive_finding",
    "withdraw",
]
