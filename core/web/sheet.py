"""Tables for spreadsheets: byte order mark, `;`, and no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Response, stream_with_context

from core.i18n import current_locale
from core.money import Money
from core.web.request import keep_until_sent

PART = 60_000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
HARMLESS = re.compile(r"[+-]?[\d .,\u00a0]+%?")


def sheet(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A CSV file as an answer to a request, sent while the rows are read; the session stays open until then."""

    def parts() -> Iterator[str]:
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
        buffer.write("\ufeff")
        writer.writerow(head)
        for row in rows:
            writer.writerow([cell(value) for value in row])
            if buffer.tell() > PART:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue()

    answer = Response(stream_with_context(parts()), mimetype="text/csv")
    keep_until_sent(answer)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def cell(value: Any) -> str:
    """A value as a cell: numbers with the reader's decimal mark, days as ISO 8601, formulas made harmless."""
    if value is None:
        return ""
    if isinstance(value, Money | Decimal):
        plain = f"{value.decimal if isinstance(value, Money) else value:f}"
        return plain if current_locale() == "en" else plain.replace(".", ",")
    if isinstance(value, date):
        return value.isoformat()[:10]
    text = str(value)
    if (text.startswith(FORMULA) or text.lstrip().startswith(FORMULA)) and not HARMLESS.fullmatch(text):
        return f"'{text}"
    return text
