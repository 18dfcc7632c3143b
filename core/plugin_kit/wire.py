"""`ctx.http` of the kit: it carries requests to the author's server, opens no socket, and can fail on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.plugin_api.context import Response, Unavailable
from core.plugin_api.kit import FakeServer, Request
from core.plugin_api.text import T

Fault = Callable[[Request, FakeServer], Response]


def plainly(request: Request, server: FakeServer) -> Response:
    """As the server says."""
    return server.answer(request)


def dropped(request: Request, server: FakeServer) -> Response:
    """It was done, and the answer never came."""
    server.answer(request)
    raise Unavailable(T("No answer came."))


def lost(request: Request, server: FakeServer) -> Response:
    """It never arrived."""
    raise Unavailable(T("No answer came."))


def broke_after(request: Request, server: FakeServer) -> Response:
    """It was done, and then the server fell over."""
    server.answer(request)
    return Response(500, {}, b"Internal server error")


def says(status: int, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> Fault:
    """Always the same answer, whatever is asked."""
    return lambda request, server: Response(status, headers or {}, body)


class Wire:
    """What a plugin gets as `ctx.http`. `sent` and `got` tell what went over it; `faults` act on the nth request."""

    def __init__(self, server: FakeServer, always: Fault = plainly, faults: Mapping[int, Fault] | None = None) -> None:
        """Lay the wire to a server."""
        self.server = server
        self.always = always
        self.faults = faults or {}
        self.sent: list[Request] = []
        self.got: list[Response] = []

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = {},
        body: bytes | None = None,
        timeout: float = 10.0,
    ) -> Response:
        """Carry one request, or do to it what the kit has in mind."""
        asked = Request(method, url, dict(headers), body)
        self.sent.append(asked)
        answer = self.faults.get(len(self.sent), self.always)(asked, self.server)
        self.got.append(answer)
        return answer
