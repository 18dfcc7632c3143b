"""Sales as a table that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import tzinfo

from core.plugin_api.text import T
from core.tracking.lifecycle import SALE_STATE_NAMES
from core.tracking.queries import SaleRow

HEADERS = (
    T("Order"), T("Sold"), T("Code"), T("Amount"), T("Given back"), T("Currency"), T("State"), T("Reason"),
    T("Campaign"), T("Influencer"),
)  # fmt: skip
ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def as_csv(rows: Iterable[SaleRow], zone: tzinfo) -> bytes:
    """UTF-8 with a mark, semicolons, decimal points, times in `zone` with their offset.

    A cell that a spreadsheet would compute is made text.
    """
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter=";")
    writer.writerow([str(name) for name in HEADERS])
    for row in rows:
        sale = row.sale
        writer.writerow(
            [
                *(inert(text) for text in (sale.external_id, sale.sold_at.astimezone(zone).isoformat(), sale.code)),
                format(sale.amount.decimal, "f"),
                format(row.refunded.decimal, "f"),
                sale.currency,
                *(inert(str(text)) for text in (SALE_STATE_NAMES[sale.state], sale.why or "", row.campaign, row.name)),
            ]
        )
    return target.getvalue().encode("utf-8-sig")


def inert(text: str) -> str:
    """A cell that begins no formula."""
    return f"'{text}" if text.lstrip().startswith(ACTIVE) or text[:1] in ACTIVE else text
