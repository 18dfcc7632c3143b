"""A shop that is asked for its orders over the wire, and that sends them too."""

import hashlib
import hmac
import json
from datetime import datetime
from urllib.parse import urlencode

from samverk import (
    AuthExpired,
    BadAnswer,
    BadSignature,
    Money,
    NotFound,
    NotSupported,
    Page,
    Plugin,
    RateLimited,
    RefundRecord,
    SaleRecord,
    SalesSource,
    SettingField,
    T,
    Unavailable,
    hookimpl,
)

SAID = {401: AuthExpired, 404: NotFound, 501: NotSupported, 503: Unavailable}


class Corner(SalesSource):
    name = "corner"
    title = T("Corner shop")
    settings = (
        SettingField("url", T("Address of the shop")),
        SettingField("token", T("Token"), secret=True),
        SettingField("secret", T("Secret of its messages"), required=False, secret=True),
    )

    def orders(self, ctx, since, cursor=None):
        asked = urlencode({"since": since.isoformat(), "page": cursor or ""})
        headers = {"Authorization": ctx.secrets["token"]}
        answer = ctx.http.request("GET", f"{ctx.settings['url']}/orders?{asked}", headers=headers)
        if "New-Token" in answer.headers:
            ctx.keep_secret("token", answer.headers["New-Token"])
        if answer.status == 429:
            raise RateLimited(T("The shop is busy."), int(answer.headers["Retry-After"]))
        if answer.status in SAID:
            raise SAID[answer.status](
                T("The shop says %(status)s to %(key)s.", status=answer.status, key=headers["Authorization"])
            )
        try:
            told = json.loads(answer.body)
        except ValueError:
            raise BadAnswer(T("The shop's answer cannot be read.")) from None
        return Page([record(one) for one in told["orders"]], told["next"])

    def verify_webhook(self, ctx, headers, body):
        secret = ctx.secrets.get("secret", "").encode()
        signed = hmac.new(secret, body, hashlib.sha256).hexdigest()
        if not secret or not hmac.compare_digest(signed, headers.get("X-Corner-Signature", "")):
            raise BadSignature(T("The shop did not sign this."))
        try:
            told = json.loads(body)
        except ValueError:
            raise BadAnswer(T("The message cannot be read.")) from None
        return [record(one) for one in told]


def record(told):
    amount, at = Money(told["minor"], told["currency"]), datetime.fromisoformat(told["at"])
    if told.get("of"):
        return RefundRecord(told["number"], told["of"], amount, at)
    return SaleRecord(told["number"], amount, at, told.get("code", ""))


class CornerPlugin(Plugin):
    name = "corner"
    title = T("Corner shop")
    api_version = 1

    @hookimpl
    def register_sales_sources(self):
        return [Corner]


plugin = CornerPlugin()
