"""A file of cases, one JSON line each, held against the packs: what a pack author runs, and what the tests run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.compliance.engine import check_content
from core.errors import Invalid
from core.plugin_api.compliance import CompliancePack, ContentContext
from core.plugin_api.text import T

SUBJECTS = frozenset({"content", "profile", "contract", "registration", "review"})
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Case:
    """One line: facts, the jurisdiction they are judged by, and the verdict that is expected, if any."""

    id: str
    jurisdiction: str
    subject: str
    context: ContentContext | None
    expected: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict of one case and the rules behind it."""

    id: str
    verdict: str
    rules: tuple[str, ...]
    expected: str | None

    def line(self) -> str:
        """The outcome as one line of JSON."""
        return json.dumps({"id": self.id, "verdict": self.verdict, "rules": list(self.rules)}, ensure_ascii=False)


def read_cases(lines: Iterable[str]) -> Iterator[Case]:
    """The cases of a file; a line that cannot be read raises `Invalid` with its number."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _case(json.loads(line))
        except json.JSONDecodeError as error:
            reason = T("Line %(line)s is not JSON: %(reason)s", line=number, reason=error.msg)
            raise Invalid(reason) from None
        except Invalid as error:
            raise Invalid(T("Line %(line)s: %(reason)s", line=number, reason=error.message)) from None


def _case(row: Any) -> Case:
    if not isinstance(row, Mapping):
        raise Invalid(T("This is not a case: a JSON object is expected."))
    for key in ("id", "jurisdiction"):
        if not isinstance(row.get(key), str):
            raise Invalid(T("The field %(name)s is missing or not text.", name=key))
    if not isinstance(row.get("meta"), Mapping):
        raise Invalid(T("The field %(name)s is missing or not an object.", name="meta"))
    subject, expected = row.get("subject", "content"), row.get("expected")
    if not isinstance(subject, str) or not isinstance(expected, str | None):
        raise Invalid(T("The fields %(names)s have to be text.", names="subject, expected"))
    where = row["jurisdiction"]
    known = subject in SUBJECTS
    context = ContentContext.from_meta(row["meta"], jurisdictions=[where], subject=subject) if known else None
    return Case(row["id"], where, subject, context, expected)


def judge(packs: Sequence[CompliancePack], case: Case) -> Outcome:
    """The verdict by the case's own jurisdiction alone; `unknown` where no pack covers it."""
    own = [pack for pack in packs if pack.jurisdiction == case.jurisdiction]
    if not own or case.context is None:
        return Outcome(case.id, UNKNOWN, (), case.expected)
    report = check_content(own, case.context)
    return Outcome(case.id, report.verdict.value, report.decisive, case.expected)
