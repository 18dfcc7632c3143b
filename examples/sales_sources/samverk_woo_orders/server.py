"""A shop in miniature, for the conformance kit: it has sold twice, and given something back."""

import base64
import hashlib
import hmac
import json

from samverk import FakeServer, Message, Response

SOLD = {
    "id": 812,
    "number": "1042",
    "status": "processing",
    "currency": "EUR",
    "total": "130.35",
    "total_tax": "25.23",
    "shipping_total": "5.12",
    "date_created_gmt": "2026-11-02T10:00:00",
    "date_modified_gmt": "2026-11-02T10:00:00",
    "coupon_lines": [{"code": "AINO10"}],
    "refunds": [],
}
RETURNED = {
    "status": "completed",
    "date_modified_gmt": "2026-11-09T08:30:00",
    "refunds": [{"id": 9, "total": "-65.18"}],
}
TOLD = (SOLD, SOLD | {"id": 813, "number": "1043", "coupon_lines": []}, SOLD | RETURNED)


class Server(FakeServer):
    secrets = {"secret": "whsec-of-the-shop"}

    def answer(self, request):
        return Response(404, {}, b"{}")

    def messages(self):
        return [self._signed(json.dumps(order).encode()) for order in TOLD]

    def _signed(self, body):
        digest = hmac.new(self.secrets["secret"].encode(), body, hashlib.sha256).digest()
        signature = base64.b64encode(digest).decode()
        return Message({"X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-Signature": signature}, body)
