"""A payout rail that passes the kit: a bank with a JSON API, idempotency keys and signed messages."""

import hashlib
import hmac
import json
from datetime import datetime

from samverk import (
    Accepted,
    Ambiguous,
    AuthExpired,
    BadAnswer,
    BadSignature,
    Kit,
    Money,
    Onboarding,
    PayoutRail,
    Plugin,
    RailEvent,
    RateLimited,
    Refused,
    T,
    Unavailable,
    hookimpl,
)

BANK = "https://bank.test"
CENTS = {"ISK": 100, "UGX": 100}
"""This bank counts two decimals where ISO 4217 has none."""


class Bank(PayoutRail):
    name = "good_bank"
    title = T("Bank")

    def submit(self, ctx, batch, key):
        return {order.reference: self._send(ctx, order, f"{key}:{order.reference}") for order in batch.orders}

    def lookup(self, ctx, references):
        found = {}
        for reference in references:
            answer = self._ask(ctx, "GET", f"/transfers/{reference}")
            if answer.status == 200:
                found[reference] = self._taken(answer)
        return found

    def parse_webhook(self, ctx, headers, body):
        expected = hmac.new(ctx.secrets["webhook"].encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, headers.get("X-Signature", "")):
            raise BadSignature(T("The bank did not sign this."))
        told = json.loads(body)
        amount = self.from_wire(told["amount"], told["currency"])
        at = datetime.fromisoformat(told["at"])
        return [RailEvent(told["id"], told["reference"], told["status"], at, amount, told["transfer"])]

    def onboard(self, ctx, payee):
        answer = self._ask(ctx, "GET", f"/payees/{payee.id}")
        if answer.status == 404:
            return Onboarding(ready=False, url=f"{BANK}/join/{payee.id}", missing=[T("Join the bank.")])
        try:
            return Onboarding(ready=json.loads(answer.body)["known"])
        except (KeyError, TypeError, ValueError):
            raise BadAnswer(T("The bank's answer cannot be read.")) from None

    def step(self, currency):
        return {"HUF": 100, "TWD": 100, "KWD": 10}.get(currency, 1)

    def to_wire(self, amount):
        return amount.minor * CENTS.get(amount.currency, 1)

    def from_wire(self, value, currency):
        return Money(value // CENTS.get(currency, 1), currency)

    def forget(self, ctx, payee):
        self._ask(ctx, "DELETE", f"/payees/{payee.id}")

    def _send(self, ctx, order, key):
        told = {
            "reference": order.reference,
            "amount": self.to_wire(order.amount),
            "currency": order.amount.currency,
            "payee": order.payee.id,
            "iban": order.payee.iban,
        }
        try:
            answer = self._ask(ctx, "POST", "/transfers", json.dumps(told).encode(), {"Idempotency-Key": key})
        except Unavailable as error:
            return Ambiguous(error.message)
        if answer.status == 422:
            return Refused(T("The bank refused."), code="refused")
        if answer.status != 200:
            return Ambiguous(T("The bank does not answer."))
        return self._taken(answer)

    def _taken(self, answer):
        try:
            return Accepted(json.loads(answer.body)["id"])
        except (KeyError, TypeError, ValueError):
            return Ambiguous(T("The bank's answer cannot be read."))

    def _ask(self, ctx, method, path, body=None, headers=None):
        signed = {"Authorization": f"Bearer {ctx.secrets['token']}", **(headers or {})}
        answer = ctx.http.request(method, BANK + path, headers=signed, body=body)
        if answer.status in (401, 403):
            raise AuthExpired(T("The bank does not let us in."))
        if answer.status == 429:
            raise RateLimited(T("The bank asks for a pause."), int(answer.headers.get("Retry-After", 60)))
        return answer


class GoodRail(Plugin):
    name = "good_rail"
    title = T("Bank")
    api_version = 1

    @hookimpl
    def register_payout_rails(self):
        return [Bank]

    def kit(self):
        from .fake import FakeBank

        return Kit(servers={"good_bank": FakeBank})


plugin = GoodRail()
