"""The shop in miniature: two orders and a refund on two pages, and a refresh token that works once."""

import json
from urllib.parse import parse_qs, urlsplit

from samverk import FakeServer, Response

ORDERS = [
    {"id": "1", "minor": 4990, "currency": "EUR", "at": "2026-01-02T10:00:00+00:00", "code": "ADA", "refund_of": ""},
    {"id": "2", "minor": 1000, "currency": "JPY", "at": "2026-01-03T10:00:00+00:00", "code": "", "refund_of": ""},
    {"id": "R1", "minor": 990, "currency": "EUR", "at": "2026-01-04T10:00:00+00:00", "code": "", "refund_of": "1"},
]


class FakeShop(FakeServer):
    secrets = {"refresh_token": "refresh-31fe09aa"}
    rotates = ("refresh_token",)
    orders = ("1", "2", "R1")

    def __init__(self):
        self.known = set(self.orders)
        self.access, self.times = None, 0

    def answer(self, request):
        url = urlsplit(request.url)
        if url.path == "/token" and request.headers.get("X-Refresh") == self.secrets["refresh_token"]:
            return self._renew()
        if request.headers.get("X-Key") != self.access:
            return Response(401, {}, b"{}")
        if request.method == "DELETE":
            self.known.discard(url.path.rsplit("/", 1)[1])
            return Response(204, {}, b"")
        start = int(parse_qs(url.query).get("after", ["0"])[0])
        after = str(start + 2) if start + 2 < len(ORDERS) else None
        return Response(200, {}, json.dumps({"orders": ORDERS[start : start + 2], "next": after}).encode())

    def _renew(self):
        self.times += 1
        self.access = f"access-{self.times}-5c70"
        self.secrets = self.secrets | {"refresh_token": f"refresh-{self.times}-b8d1"}
        told = {"access": self.access, "refresh": self.secrets["refresh_token"]}
        return Response(200, {}, json.dumps(told).encode())

    def keeps(self, person):
        return person in self.known
