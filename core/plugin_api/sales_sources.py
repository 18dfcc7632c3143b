"""The contract of sales sources: shops and conversion feeds. Core credits and books what they report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import ClassVar

from core.csv_input import Column, Row
from core.money import Money
from core.plugin_api.context import Context, NotSupported, Page, Parsed
from core.plugin_api.contract import Provider
from core.plugin_api.fields import SettingField
from core.plugin_api.held import Held
from core.plugin_api.text import T, Text


@dataclass(frozen=True, slots=True)
class SaleRecord(Held):
    """An order. `external_id` is the shop's; `amount` is without VAT and shipping.

    `at` has a time zone. What is not of its declared type is refused when the record is made, with a `TypeError`.
    """

    external_id: str
    amount: Money
    at: datetime
    code: str = ""


@dataclass(frozen=True, slots=True)
class RefundRecord(Held):
    """Money given back on an order: `refund_of` is the order's `external_id`, `amount` is positive.

    Held to its types when it is made, as a `SaleRecord`.
    """

    external_id: str
    refund_of: str
    amount: Money
    at: datetime


SalesRecord = SaleRecord | RefundRecord


class SalesSource(Provider):
    """A source of sales. Write the methods it can answer; `supports("orders")` tells core which those are."""

    settings: ClassVar[Sequence[SettingField]] = ()
    columns: ClassVar[Sequence[Column]] = ()
    """The columns of the table that `parse` reads, for the form and the documentation."""

    def parse(self, rows: Sequence[Row], currency: str, zone: tzinfo) -> Parsed[SalesRecord]:
        """Records from the rows of a table, aligned to `columns`.

        `currency` holds where a row names none, `zone` (the brand's) where a time has no offset.
        """
        raise NotSupported(_unsupported(self))

    def orders(self, ctx: Context, since: datetime, cursor: str | None = None) -> Page[SalesRecord]:
        """What was sold and given back since a moment, a page at a time, oldest first."""
        raise NotSupported(_unsupported(self))

    def verify_webhook(self, ctx: Context, headers: Mapping[str, str], body: bytes) -> Sequence[SalesRecord]:
        """The records of a signed message; raises `BadSignature` for anything else."""
        raise NotSupported(_unsupported(self))

    def forget(self, ctx: Context, external_id: str) -> None:
        """Erase what the plugin keeps of an order."""


def _unsupported(source: SalesSource) -> Text:
    return T("%(source)s does not tell this.", source=source.title)
