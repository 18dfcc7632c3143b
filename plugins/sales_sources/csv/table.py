"""Sales from a table: what a shop exports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from samverk import (
    Column,
    Invalid,
    Money,
    Parsed,
    RefundRecord,
    Row,
    RowError,
    SaleRecord,
    SalesRecord,
    SalesSource,
    T,
    parse_moment,
    parse_number,
)

ORDER = ("order", "id", "order number", "tilausnumero", "ordernummer", "ordrenummer")
CODE = ("discount_code", "coupon", "alennuskoodi", "rabattkod", "rabattkode")
AMOUNT = ("total", "net", "summa", "belopp", "beløp")
CURRENCY = ("valuutta", "valuta")
WHEN = "31.12.2026 14:05"
DATE = ("date", "created_at", "päivämäärä", "datum", "dato")


class SalesTable(SalesSource):
    """One row a sale, or a refund of one."""

    name = "csv"
    title = T("Table of sales")
    columns = (
        Column("order_id", T("The number of the order, or of the refund"), True, "1042", ORDER),
        Column("code", T("The discount code; without one nobody is credited"), False, "AINO10", CODE),
        Column("amount", T("The amount without VAT and shipping"), True, "49,90", AMOUNT),
        Column("currency", T("Three letters; the brand's currency when empty"), False, "EUR", CURRENCY),
        Column("sold_at", T("When it was sold or refunded, in the brand's time zone"), True, WHEN, DATE),
        Column("refund_of", T("For a refund: the number of the order"), False, "", ("refunded_order",)),
    )

    def parse(self, rows: Sequence[Row], currency: str, zone: tzinfo) -> Parsed[SalesRecord]:
        """A record of each row, or what is wrong with it."""
        records: dict[str, SalesRecord] = {}
        errors: list[RowError] = []
        for row in rows:
            try:
                record = self._record(row, currency, zone)
                if record.external_id in records:
                    raise Invalid(T("This number is in the table twice."), "order_id")
                records[record.external_id] = record
            except Invalid as error:
                errors.append(RowError(row.line, error.field or "", error.message))
        return Parsed(tuple(records.values()), errors)

    def _record(self, row: Row, currency: str, zone: tzinfo) -> SalesRecord:
        number, refund_of = row["order_id"], row["refund_of"]
        if not number or len(number) > 120:
            raise Invalid(T("Enter the number of the order."), "order_id")
        amount = self._amount(row["amount"], row["currency"].upper() or currency)
        try:
            at = parse_moment(row["sold_at"], zone)
        except Invalid as error:
            raise Invalid(error.message, "sold_at") from None
        if refund_of:
            return RefundRecord(number, refund_of, max(amount, -amount), at)
        if amount.minor < 0:
            raise Invalid(T("A refund must name the order that it belongs to."), "refund_of")
        return SaleRecord(number, amount, at, row["code"])

    def _amount(self, text: str, currency: str) -> Money:
        try:
            return Money.from_decimal(parse_number(text), currency)
        except Invalid as error:
            raise Invalid(error.message, "amount") from None
        except ValueError:
            message = T("%(text)s is not an amount in %(currency)s.", text=text[:40], currency=currency[:10])
            raise Invalid(message, "amount") from None
