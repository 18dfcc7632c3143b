"""Payouts through a bank's JSON gateway: one request a payment, under a key that makes it one payment for ever."""

import hashlib
import hmac
import json
from datetime import datetime

from samverk import (
    Accepted,
    Ambiguous,
    AuthExpired,
    BadSignature,
    Kit,
    Money,
    PayoutRail,
    Plugin,
    RailEvent,
    RateLimited,
    Refused,
    SettingField,
    Unavailable,
    hookimpl,
    texts,
)

T = texts("bank_gateway")


class BankGateway(PayoutRail):
    name = "bank_gateway"
    title = T("Bank gateway")
    currencies = frozenset({"EUR", "SEK", "NOK", "ISK"})
    key_window_hours = 72
    settings = (
        SettingField("url", T("Address of the gateway"), help=T("With https://, without a slash at the end.")),
        SettingField("token", T("Access token"), secret=True),
        SettingField("webhook_secret", T("Secret of the webhook"), secret=True),
    )

    def submit(self, ctx, batch, key):
        return {order.reference: self._pay(ctx, order, key) for order in batch.orders}

    def lookup(self, ctx, references):
        answers = {reference: self._ask(ctx, "GET", f"/payments/{reference}") for reference in references}
        return {name: outcome_of(answer) for name, answer in answers.items() if answer.status != 404}

    def parse_webhook(self, ctx, headers, body):
        told = {name.lower(): value for name, value in headers.items()}
        expected = hmac.new(ctx.secrets["webhook_secret"].encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), told.get("x-signature", "").encode()):
            raise BadSignature(T("The bank did not sign this message."))
        event = json.loads(body)
        paid = self.from_wire(event["amount"], event["currency"])
        at = datetime.fromisoformat(event["at"])
        return [RailEvent(event["id"], event["reference"], event["status"], at, paid, event["payment"])]

    def to_wire(self, amount):
        return format(amount.decimal, "f")

    def from_wire(self, value, currency):
        return Money.from_decimal(value, currency)

    def _pay(self, ctx, order, key):
        wish = {
            "reference": order.reference,
            "amount": self.to_wire(order.amount),
            "currency": order.amount.currency,
            "iban": order.payee.iban,
            "name": order.payee.name,
        }
        try:
            same = {"Idempotency-Key": f"{key}:{order.reference}"}
            return outcome_of(self._ask(ctx, "POST", "/payments", wish, same))
        except Unavailable as error:
            return Ambiguous(error.message)

    def _ask(self, ctx, method, path, data=None, headers=None):
        known = {"Authorization": f"Bearer {ctx.secrets['token']}", "Content-Type": "application/json"}
        body = json.dumps(data).encode() if data else None
        answer = ctx.http.request(method, ctx.settings["url"] + path, headers=known | (headers or {}), body=body)
        if answer.status in (401, 403):
            raise AuthExpired(T("The bank answered %(status)s.", status=answer.status))
        if answer.status == 429:
            pause = {name.lower(): value for name, value in answer.headers.items()}.get("retry-after", "")
            raise RateLimited(T("The bank answered %(status)s.", status=429), int(pause) if pause.isdigit() else 60)
        return answer


def outcome_of(answer):
    """Refused only when the bank says so in so many words; everything unclear is asked again under the same key."""
    try:
        told = json.loads(answer.body)
        if answer.status in (200, 201):
            return Accepted(told["id"])
        if answer.status == 422:
            return Refused(T("The bank refused it: %(reason)s.", reason=told["reason"]))
    except (ValueError, KeyError, TypeError):
        pass
    return Ambiguous(T("The bank answered %(status)s.", status=answer.status))


class BankGatewayPlugin(Plugin):
    name = "bank_gateway"
    title = T("Bank gateway")
    api_version = 1

    @hookimpl
    def register_payout_rails(self):
        return [BankGateway]

    def kit(self):
        from samverk_bank_gateway.server import Server

        return Kit(servers={"bank_gateway": Server})


plugin = BankGatewayPlugin()
