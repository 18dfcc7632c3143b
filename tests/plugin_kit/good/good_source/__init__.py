"""A sales source that passes the kit: a shop with pages of orders and refresh tokens that work once, and its table."""

import json
from datetime import datetime

from samverk import (
    AuthExpired,
    BadAnswer,
    Column,
    Invalid,
    Kit,
    Money,
    NotFound,
    Page,
    Parsed,
    Plugin,
    RateLimited,
    RefundRecord,
    RowError,
    SaleRecord,
    SalesSource,
    SettingField,
    T,
    Unavailable,
    hookimpl,
    parse_moment,
    parse_number,
)

API = "https://shop.test"


class Shop(SalesSource):
    name = "good_shop"
    title = T("Shop")
    settings = (SettingField("refresh_token", T("Refresh token"), secret=True),)
    columns = (
        Column("order", T("Order"), True, "1042"),
        Column("amount", T("Amount"), True, "49,90"),
        Column("sold_at", T("Sold"), True, "31.12.2026 14:05"),
    )

    def orders(self, ctx, since, cursor=None):
        try:
            told = self._get(ctx, f"/orders?since={since:%Y-%m-%d}&after={cursor or ''}")
            return Page([self._record(order) for order in told["orders"]], told["next"])
        except (KeyError, TypeError, ValueError):
            raise BadAnswer(T("This cannot be understood.")) from None

    def parse(self, rows, currency, zone):
        records, errors = [], []
        for row in rows:
            try:
                amount = Money.from_decimal(parse_number(row["amount"]), currency)
                records.append(SaleRecord(row["order"], amount, parse_moment(row["sold_at"], zone)))
            except (Invalid, ValueError) as error:
                errors.append(RowError(row.line, "", getattr(error, "message", T("This is no amount."))))
        return Parsed(records, errors)

    def forget(self, ctx, external_id):
        ctx.http.request("DELETE", f"{API}/orders/{external_id}", headers=self._signed(ctx))

    def _record(self, order):
        amount, at = Money(order["minor"], order["currency"]), datetime.fromisoformat(order["at"])
        if order["refund_of"]:
            return RefundRecord(order["id"], order["refund_of"], amount, at)
        return SaleRecord(order["id"], amount, at, order["code"])

    def _signed(self, ctx):
        told = self._told(ctx.http.request("POST", f"{API}/token", headers={"X-Refresh": ctx.secrets["refresh_token"]}))
        ctx.keep_secret("refresh_token", told["refresh"])
        return {"X-Key": told["access"]}

    def _get(self, ctx, path):
        return self._told(ctx.http.request("GET", API + path, headers=self._signed(ctx)))

    def _told(self, answer):
        if answer.status in (401, 403):
            raise AuthExpired(T("Connect again."))
        if answer.status == 404:
            raise NotFound(T("It is not there."))
        if answer.status == 429:
            raise RateLimited(T("Asked too often."), int(answer.headers.get("Retry-After", 60)))
        if answer.status >= 500:
            raise Unavailable(T("It does not answer."))
        try:
            return json.loads(answer.body)
        except ValueError:
            raise BadAnswer(T("This cannot be understood.")) from None


class GoodSource(Plugin):
    name = "good_source"
    title = T("Shop")
    api_version = 1

    @hookimpl
    def register_sales_sources(self):
        return [Shop]

    def kit(self):
        from .fake import FakeShop

        return Kit(servers={"good_shop": FakeShop})


plugin = GoodSource()
