"""The bank in miniature: what it takes, what it pays, what it tells."""

import hashlib
import hmac
import json

from samverk import FakeServer, Message, Money, Response

CENTS = {"ISK": 100, "UGX": 100}


class FakeBank(FakeServer):
    secrets = {"token": "tok-5f2b8c1e", "webhook": "whs-91ac77d0"}

    def __init__(self):
        self.made, self.keys, self.refused, self.people = [], {}, set(), set()

    def answer(self, request):
        if request.headers.get("Authorization") != f"Bearer {self.secrets['token']}":
            return Response(401, {}, b"{}")
        if request.method == "DELETE":
            self.people.discard(request.url.rsplit("/", 1)[1])
            return Response(204, {}, b"")
        if request.method == "GET":
            found = [made for made in self.made if made["reference"] == request.url.rsplit("/", 1)[1]]
            return Response(200, {}, json.dumps(found[0]).encode()) if found else Response(404, {}, b"{}")
        return self._transfer(json.loads(request.body), request.headers.get("Idempotency-Key"))

    def _transfer(self, told, key):
        if told["reference"] in self.refused:
            return Response(422, {}, b'{"error": "refused"}')
        self.people.add(told["payee"])
        if key not in self.keys or key is None:
            self.keys[key] = {"id": f"transfer-{len(self.made) + 1}", **told}
            self.made.append(self.keys[key])
        return Response(200, {}, json.dumps({"id": self.keys[key]["id"]}).encode())

    def payments(self):
        return [
            (made["reference"], Money(made["amount"] // CENTS.get(made["currency"], 1), made["currency"]))
            for made in self.made
        ]

    def refuse(self, reference):
        self.refused.add(reference)

    def messages(self):
        for number, made in enumerate(self.made, 1):
            told = {"id": f"event-{number}", "status": "received", "at": "2026-02-03T10:00:00+00:00"}
            told |= {"reference": made["reference"], "transfer": made["id"]}
            told |= {"amount": made["amount"], "currency": made["currency"]}
            body = json.dumps(told).encode()
            signed = hmac.new(self.secrets["webhook"].encode(), body, hashlib.sha256).hexdigest()
            yield Message({"X-Signature": signed}, body)

    def keeps(self, person):
        return person in self.people
