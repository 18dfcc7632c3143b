"""Tables for spreadsheets: byte order mark, `;`, and no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from flask import Response

from core.i18n import current_locale
from core.money import Money

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
HARMLESS = re.compile(r"[+-]?[\d .,\u00a0]+%?")


def sheet(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A CSV file as an answer to a request."""
    buffer = io.StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([cell(value) for value in row] for row in rows)
    answer = Response(buffer.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def cell(value: Any) -> str:
    """A value as a cell: money with the reader's decimal mark, days as ISO 8601, formulas made harmless."""
    if value is None:
        return ""
    if isinstance(value, Money):
        plain = f"{value.decimal:f}"
        return plain if current_locale() == "en" else plain.replace(".", ",")
    if isinstance(value, date):
        return value.isoformat()[:10]
    text = str(value)
    if text.lstrip(" ").startswith(FORMULA) and not HARMLESS.fullmatch(text):
        return f"'{text}"
    return text
