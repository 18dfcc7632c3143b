"""The bank in miniature, for the conformance kit: it pays once for each key."""

import hashlib
import hmac
import json

from samverk import FakeServer, Message, Money, Response


class Server(FakeServer):
    settings = {"url": "https://bank.example/v1"}
    secrets = {"token": "token-of-the-kit", "webhook_secret": "whsec-of-the-kit"}

    def __init__(self):
        self.paid = {}
        self.refused = set()

    def answer(self, request):
        if request.headers.get("Authorization") != f"Bearer {self.secrets['token']}":
            return say(401, {})
        if request.method == "GET":
            reference = request.url.rpartition("/")[2]
            found = [payment for payment in self.paid.values() if payment["reference"] == reference]
            return say(200, found[0]) if found else say(404, {})
        wish = json.loads(request.body)
        if wish["reference"] in self.refused:
            return say(422, {"reason": "the account is closed"})
        key = request.headers["Idempotency-Key"]
        return say(201, self.paid.setdefault(key, wish | {"id": f"pay-{len(self.paid) + 1}"}))

    def payments(self):
        return [(p["reference"], Money.from_decimal(p["amount"], p["currency"])) for p in self.paid.values()]

    def refuse(self, reference):
        self.refused.add(reference)

    def messages(self):
        return [self._signed(payment) for payment in self.paid.values()]

    def _signed(self, payment):
        told = {name: payment[name] for name in ("reference", "amount", "currency")}
        when = {"id": f"event-{payment['id']}", "status": "received", "at": "2026-11-02T10:00:00+00:00"}
        body = json.dumps(told | when | {"payment": payment["id"]}).encode()
        return Message({"X-Signature": hmac.new(b"whsec-of-the-kit", body, hashlib.sha256).hexdigest()}, body)


def say(status, data):
    return Response(status, {"Content-Type": "application/json"}, json.dumps(data).encode())
