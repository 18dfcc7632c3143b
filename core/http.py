"""The only way out for plugins: one request, with a deadline, a bound on its size and a guard on where it goes.

The name is resolved once and the connection goes to what was looked at, so that no second answer of a name server leads
into the operator's own network. Redirects are not followed: they are answers like others.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead, InvalidURL
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from core.plugin_api.context import Response, Unavailable
from core.plugin_api.text import T

LONGEST = 60.0
MOST_BYTES = 5_000_000
PORTS = {"https": 443, "http": 80}
TRANSLATED = IPv6Network("64:ff9b::/96")
"""Where IPv4 is reached from networks that have IPv6 alone."""
INWARD = tuple(map(IPv6Network, ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "fec0::/10")))
"""What `ipaddress` calls global and yet leads inside: IPv4 in forms of a network's own, and site-local addresses."""


class Client:
    """What plugins are given as `ctx.http`. `inside` are hosts of the operator's own network that they may reach."""

    def __init__(self, inside: tuple[str, ...] = ()) -> None:
        """Open nothing yet."""
        self.inside = frozenset(inside)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = {},
        body: bytes | None = None,
        timeout: float = 10.0,
    ) -> Response:
        """Send one request; raises `Unavailable` when no answer came, or when there is no going there."""
        until = time.monotonic() + min(timeout, LONGEST)
        parts, port = self._place(url)
        host = str(parts.hostname)
        try:
            with closing(HTTPConnection(host, port, timeout=_left(until))) as connection:
                connection.sock = self._connected(host, port, parts.scheme, until)
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request(method, path, body, dict(headers))
                answer = connection.getresponse()
                told = {name: ", ".join(answer.headers.get_all(name, ())) for name in answer.headers}
                return Response(answer.status, told, _read(answer, until))
        except InvalidURL as error:
            raise _unsendable(host) from error
        except (OSError, HTTPException) as error:
            raise Unavailable(T("%(host)s did not answer.", host=host)) from error
        except ValueError as error:  # letters that no name of a host and no header can have
            raise _unsendable(host) from error

    def _place(self, url: str) -> tuple[SplitResult, int]:
        """Where an address leads; plain http only to hosts of the operator's own."""
        try:
            parts = urlsplit(url)
            port = parts.port or PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise Unavailable(T("Plugins reach addresses with https:// alone.")) from None
        inside = parts.hostname in self.inside
        if not parts.hostname or "@" in parts.netloc:
            raise Unavailable(T("Plugins reach addresses with https:// alone."))
        if parts.scheme == "http" and not inside:
            message = T(
                "%(host)s is reached by https:// alone, unless SAMVERK_INSIDE_HOSTS names it.", host=parts.hostname
            )
            raise Unavailable(message)
        return parts, port

    def _connected(self, host: str, port: int, scheme: str, until: float) -> socket.socket:
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        if host not in self.inside and not all(map(_public, found)):
            raise Unavailable(
                T("%(host)s is in this network, where plugins reach only what SAMVERK_INSIDE_HOSTS names.", host=host)
            )
        plain = socket.create_connection((found[0], port), timeout=_left(until))
        if scheme == "http":
            return plain
        try:
            return _context().wrap_socket(plain, server_hostname=host)
        except (OSError, ValueError):
            plain.close()
            raise


def _unsendable(host: str) -> Unavailable:
    return Unavailable(T("%(host)s was not asked: the address or what goes with it cannot be sent.", host=host))


def _public(address: str) -> bool:
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        if any(ip in network for network in INWARD):
            return False
        within = IPv4Address(ip.packed[12:]) if ip in TRANSLATED else None
        ip = ip.ipv4_mapped or ip.sixtofour or within or ip
    return ip.is_global and not ip.is_multicast


def _read(answer: HTTPResponse, until: float) -> bytes:
    parts: list[bytes] = []
    while sum(map(len, parts)) <= MOST_BYTES:
        _left(until)
        part = answer.read1(65536)
        if not part:
            if answer.length:  # is missing of what was promised, which `read1` lets pass
                raise IncompleteRead(b"", answer.length)
            return b"".join(parts)
        parts.append(part)
    raise Unavailable(T("The answer is larger than %(limit)s MB.", limit=MOST_BYTES // 1_000_000))


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()
