"""The only way out for plugins, over real sockets: where it goes, how long it waits, how much it takes."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core import http
from core.http import Client
from core.instance import Instance
from core.settings import BadSettings, load
from samverk import Unavailable


class Handler(BaseHTTPRequestHandler):
    """Answers what was asked, or as the path says."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/")
            self.end_headers()
            return
        body = b"x" * 6_000_000 if self.path == "/huge" else json.dumps({"path": self.path}).encode()
        self.send_response(503 if self.path == "/down" else 200)
        self.send_header("X-Seen", self.headers.get("X-Sent", ""))
        self.send_header("Set-Cookie", "a")
        self.send_header("Set-Cookie", "b")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.send_response(201)
        self.end_headers()
        self.wfile.write(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_: object) -> None:
        """Quietly."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server() -> Iterator[str]:
    with serving(Handler) as url:
        yield url


OPEN = Client(("127.0.0.1",))


def test_an_answer_comes_back_whole_whatever_its_status(server: str) -> None:
    answer = OPEN.request("GET", f"{server}/a?b=1", headers={"X-Sent": "seen"})
    assert (answer.status, json.loads(answer.body)) == (200, {"path": "/a?b=1"})
    assert answer.headers["X-Seen"] == "seen" and answer.headers["Set-Cookie"] == "a, b"
    assert OPEN.request("GET", f"{server}/down").status == 503
    sent = OPEN.request("POST", server, body="ÅÄÖ".encode())
    assert (sent.status, sent.body.decode()) == (201, "ÅÄÖ")


def test_a_redirect_is_an_answer_and_is_not_followed(server: str) -> None:
    answer = OPEN.request("GET", f"{server}/moved")
    assert (answer.status, answer.headers["Location"]) == (302, "http://169.254.169.254/")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "https://", "https://[", "https://u:p@127.0.0.1/",
        "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://169.254.169.254/", "https://10.0.0.1/",
        "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://0.0.0.0/", "https://2130706433/", "https://x:99999/",
        "https://[::7f00:1]/", "https://[::ffff:0:7f00:1]/", "https://[64:ff9b:1::7f00:1]/", "https://[fec0::1]/",
    ],
)  # fmt: skip
def test_plugins_go_nowhere_inside(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[object] = []
    monkeypatch.setattr(socket, "create_connection", lambda place, **_: dialled.append(place))
    with pytest.raises(Unavailable) as told:
        Client().request("GET", url)
    assert str(told.value.message) and not dialled


@pytest.mark.parametrize("url", ["https://a..b/", f"https://{'a' * 64}.example/", "https://ex ample.com/"])
def test_an_address_that_cannot_be_is_no_failure_of_the_plugin(url: str) -> None:
    with pytest.raises(Unavailable, match="cannot be sent"):
        Client().request("GET", url)


@pytest.mark.parametrize("token", ["••••••••", "a\nb"])
def test_a_token_that_no_header_can_carry_is_no_failure_of_the_plugin(token: str, server: str) -> None:
    with pytest.raises(Unavailable, match="cannot be sent") as told:
        OPEN.request("GET", server, headers={"Authorization": f"Bearer {token}"})
    assert token not in str(told.value.message)


def test_what_never_ends_is_ended(server: str) -> None:
    with pytest.raises(Unavailable, match="larger"):
        OPEN.request("GET", f"{server}/huge")
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable, match="did not answer"):
        OPEN.request("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.05)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Unavailable):
        OPEN.request("GET", f"http://127.0.0.1:{port}/")


class Torn(BaseHTTPRequestHandler):
    """Promises a thousand bytes and sends what the path says, in chunks where it says so."""

    def do_GET(self) -> None:
        status, sent = self.path.strip("/").split("/")
        self.send_response(int(status))
        chunked = sent.startswith("chunked")
        self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", "1000")))
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(b"190\r\n" + b"x" * 399 if chunked else b"x" * int(sent))

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.mark.parametrize("sent", ["400", "0", "999", "chunked"])
def test_an_answer_that_breaks_off_is_none(sent: str) -> None:
    with serving(Torn) as url, pytest.raises(Unavailable, match="did not answer"):
        OPEN.request("GET", f"{url}/200/{sent}")


@pytest.mark.parametrize(
    ("method", "path", "length"),
    [
        ("GET", "200/1000", 1000),
        ("GET", "500/1000", 1000),
        ("HEAD", "200/0", 0),
        ("GET", "204/0", 0),
        ("GET", "304/0", 0),
    ],
)
def test_a_whole_answer_is_as_long_as_was_promised_or_has_no_body(method: str, path: str, length: int) -> None:
    with serving(Torn) as url:
        answer = OPEN.request(method, f"{url}/{path}")
    assert (answer.body, answer.headers["Content-Encoding"]) == (b"x" * length, "gzip")


def test_a_certificate_that_nobody_vouches_for_is_no_answer(server: str) -> None:
    with pytest.raises(Unavailable):
        OPEN.request("GET", server.replace("http://", "https://"))
    assert http._context().check_hostname and http._context().verify_mode.name == "CERT_REQUIRED"


def test_hosts_inside_are_the_operators_to_name(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("k" * 64)
    env = {"SAMVERK_INSTANCE": str(tmp_path), "SAMVERK_INSIDE_HOSTS": "bank.lan, 127.0.0.1"}
    assert load(env).inside_hosts == ("bank.lan", "127.0.0.1")
    assert isinstance(Instance(load(env)).plugins.http, Client)


@pytest.mark.parametrize("name", ["127.0.0.1:5152", "http://bank.lan", "bank.lan/api"])
def test_a_host_inside_is_named_without_scheme_and_port(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=f"SAMVERK_INSIDE_HOSTS .* not {name}"):
        load({"SAMVERK_INSTANCE": str(tmp_path), "SAMVERK_INSIDE_HOSTS": f"::1, {name}"})


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_is_refused_names_how_it_is_opened(scheme: str) -> None:
    with pytest.raises(Unavailable) as told:
        Client().request("GET", f"{scheme}://127.0.0.1:9/")
    assert "127.0.0.1" in str(told.value.message) and "SAMVERK_INSIDE_HOSTS" in str(told.value.message)
