"""Orders of a WooCommerce shop, from its signed webhook and from a table."""

import base64
import hashlib
import hmac
import json
from datetime import UTC
from fractions import Fraction

from samverk import (
    BadAnswer,
    BadSignature,
    Column,
    Invalid,
    Kit,
    Money,
    Parsed,
    Plugin,
    RefundRecord,
    RowError,
    SaleRecord,
    SalesSource,
    SettingField,
    half_even,
    hookimpl,
    parse_moment,
    parse_number,
    texts,
)

T = texts("woo_orders")
AMOUNTS = ("total", "total_tax", "shipping_total")
PAID = ("processing", "completed", "refunded")


class WooOrders(SalesSource):
    name = "woo_orders"
    title = T("Woo orders")
    settings = (SettingField("secret", T("Secret of the webhook"), required=False, secret=True),)
    columns = (
        Column("order_number", T("The number of the order"), example="1042", aliases=("order",)),
        Column("net_total", T("The amount without VAT and shipping"), example="49.90", aliases=("net",)),
        Column("order_date", T("When it was sold"), example="2026-11-30 14:05", aliases=("date",)),
        Column("coupon", T("The coupon; without one nobody is credited"), False, "AINO10", ("coupon_code",)),
    )

    def parse(self, rows, currency, zone):
        records, errors = [], []
        for row in rows:
            column = "order_number"
            try:
                if not row[column] or row[column] in {record.external_id for record in records}:
                    raise Invalid(T("Each order needs a number of its own."))
                column = "net_total"
                amount = net_of(parse_number(row[column]), currency)
                column = "order_date"
                records.append(SaleRecord(row["order_number"], amount, parse_moment(row[column], zone), row["coupon"]))
            except Invalid as error:
                errors.append(RowError(row.line, column, error.message))
        return Parsed(records, errors)

    def verify_webhook(self, ctx, headers, body):
        told = {name.lower(): value for name, value in headers.items()}
        digest = hmac.new(ctx.secrets.get("secret", "").encode(), body, hashlib.sha256).digest()
        signed = hmac.compare_digest(base64.b64encode(digest), told.get("x-wc-webhook-signature", "").encode())
        if not ctx.secrets.get("secret") or not signed:
            raise BadSignature(T("The shop did not sign this message."))
        if not told.get("x-wc-webhook-topic", "").startswith("order."):
            return []  # the shop says hello, or speaks of something else
        try:
            return list(self._records(json.loads(body)))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise BadAnswer(T("The shop's message cannot be read.")) from None

    def _records(self, order):
        if order["status"] not in PAID:
            return
        number, currency = str(order["number"]), order["currency"]
        total, tax, shipping = (Money.from_decimal(order[k], currency) for k in AMOUNTS)
        net = total - tax - shipping
        code = next((line["code"] for line in order["coupon_lines"]), "")
        sold, changed = (parse_moment(order[k], UTC) for k in ("date_created_gmt", "date_modified_gmt"))
        yield SaleRecord(number, net, sold, code)
        if not total:
            return  # nothing was paid, so nothing can be given back
        for refund in order["refunds"]:  # told with VAT and shipping, so the same share of the net is taken back
            back = Money.from_decimal(refund["total"].lstrip("-"), currency)
            share = half_even(Fraction(net.minor * back.minor, total.minor))
            # no moment is told: the order's last change is near it when the shop first tells, and core keeps that
            yield RefundRecord(f"R{refund['id']}", number, Money(share, currency), changed)


def net_of(number, currency):
    try:
        amount = Money.from_decimal(number, currency)
    except ValueError:
        raise Invalid(T("This is not an amount in %(currency)s.", currency=currency)) from None
    if amount.minor < 0:
        raise Invalid(T("A refund is told by the webhook alone."))
    return amount


class WooOrdersPlugin(Plugin):
    name = "woo_orders"
    title = T("Woo orders")
    api_version = 1

    @hookimpl
    def register_sales_sources(self):
        return [WooOrders]

    def kit(self):
        from samverk_woo_orders.server import Server

        return Kit(servers={"woo_orders": Server})


plugin = WooOrdersPlugin()
