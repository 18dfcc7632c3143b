"""A platform across the wire: a foreign plugin that reads Instagram's accounts from a server of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core import clock, outbox, wiring
from core.http import Client
from core.instance import Instance
from core.plugin_host.saving import save_settings
from tests.plugin_host.foreign import install
from tests.test_http import serving
from tests.world import World

TOKEN, OTHER_TOKEN = "tok-of-havsro-81c0", "tok-of-fjellro-77aa"
URL = "https://www.instagram.com/p/{}/"
SOURCE = """
import hashlib, hmac, json, re
from datetime import datetime
from samverk import (
    AuthExpired, BadAnswer, BadSignature, Disclosure, EvidenceLevel, Metrics, NotFound, Page, PlatformConnector, Plugin,
    Post, PostRef, Profile, RateLimited, SettingField, T, Unavailable, hookimpl,
)

FAULTS = {401: AuthExpired, 404: NotFound, 500: Unavailable}
ADDRESS = re.compile(r"https://www\\.instagram\\.com/p/(\\w+)/?")

class Square(PlatformConnector):
    name = "square"
    title = T("Village square")
    platform = "instagram"
    settings = (
        SettingField("server", T("Server"), required=True),
        SettingField("token", T("Token"), secret=True, required=True),
    )

    def profile(self, ctx, account):
        return Profile(account, account, **get(ctx, f"profile/{account}"))

    def posts(self, ctx, account, cursor=None):
        found = get(ctx, f"posts/{account}")
        return Page([Post(p["id"], p["url"], datetime.fromisoformat(p["at"]), p["text"]) for p in found])

    def metrics(self, ctx, posts):
        return [reading(row) for row in get(ctx, "metrics?ids=" + ",".join(posts))]

    def resolve_url(self, url):
        match = ADDRESS.fullmatch(url)
        return PostRef(match[1], url) if match else None

    def disclosure(self, ctx, post):
        return Disclosure(**get(ctx, f"label/{post}"))

    def verify_webhook(self, ctx, headers, body):
        known = hmac.new(ctx.secrets["token"].encode(), body, hashlib.sha256).hexdigest()
        given = {name.lower(): value for name, value in headers.items()}.get("square-signature", "")
        if not hmac.compare_digest(known, given):
            raise BadSignature(T("Not signed by the square."))
        return [reading(row) for row in json.loads(body)]

def reading(row):
    at, how = datetime.fromisoformat(row["at"]), EvidenceLevel[row.get("how", "MEASURED")]
    return Metrics(row["id"], at, row["values"], how)

def get(ctx, path):
    answer = ctx.http.request("GET", f"{ctx.settings['server']}/{path}", headers={"Token": ctx.secrets["token"]})
    if answer.status == 429:
        raise RateLimited(T("Too often."), 1800)
    if answer.status != 200:
        raise FAULTS.get(answer.status, BadAnswer)(T("The square answered %(status)s.", status=answer.status))
    return json.loads(answer.body)

class Fjord(PlatformConnector):
    name = "fjord"
    title = T("Fjord pictures")

    def profile(self, ctx, account):
        return Profile(account, account, **get(ctx, f"profile/fjord-{account}"))

class SquarePlugin(Plugin):
    name = "square"
    title = T("Village square")
    api_version = 1

    @hookimpl
    def register_platforms(self):
        return [Square, Fjord]

plugin = SquarePlugin()
"""


@dataclass
class Square:
    """The other side: what it has, what it was asked, and how it answers; the clock of the test is its clock."""

    now: list[datetime]
    address: str = ""
    tokens: tuple[str, ...] = (TOKEN, OTHER_TOKEN)
    posts: dict[str, dict[str, int]] = field(default_factory=dict)
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)
    latest: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    status: Callable[[str], int] = lambda path: 200
    how: str = "MEASURED"
    during: Callable[[], object] = lambda: None

    def answer(self, path: str, token: str) -> tuple[int, Any]:
        """The status and the body for a request."""
        self.asked.append(path)
        self.during()
        status = self.status(path) if token in self.tokens else 401
        if status != 200:
            return status, {}
        what, _, which = urlsplit(path).path[1:].partition("/")
        if what == "metrics":
            ids = parse_qs(urlsplit(path).query)["ids"][0].split(",")
            return 200, [self.reading(id) for id in ids if id in self.posts]
        shelf: dict[str, Any] = {"profile": self.profiles, "label": self.labels, "posts": self.latest}[what]
        return (200, shelf[which]) if which in shelf else (404, {})

    def reading(self, id: str) -> dict[str, Any]:
        """What a post has now."""
        return {"id": id, "at": self.now[0].isoformat(), "values": self.posts[id], "how": self.how}

    def later(self, **given: float) -> None:
        """Time passes."""
        self.now[0] += timedelta(**given)


@pytest.fixture
def now() -> Iterator[list[datetime]]:
    """A clock that stands until the test moves it."""
    moment = [datetime(2026, 11, 22, 9, tzinfo=UTC)]
    with clock.frozen(lambda: moment[0]):
        yield moment


@pytest.fixture
def square(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: Instance, now: list[datetime]
) -> Iterator[Square]:
    """The plugin is installed and may reach its server; ask for it before the app is made."""
    install(tmp_path, monkeypatch, "square", SOURCE)
    other_side = Square(now)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = other_side.answer(self.path, self.headers.get("Token", ""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Quietly."""

    with serving(Handler) as other_side.address:
        instance.plugins.http = Client(("127.0.0.1",))
        wiring.connect(instance)
        yield other_side


def join(instance: Instance, world: World, square: Square, *, brand: Any = None, token: str = TOKEN) -> None:
    """A brand fills in what the plugin needs."""
    brand = brand or world.brand
    actor = world.owner if brand is world.brand else world.outsider
    raw = {"server": square.address, "token": token}
    with instance.database.write() as session:
        told = (session, actor, instance.plugins, instance.keyring)
        assert not save_settings(*told, plugin="square", brand=brand, raw=raw)


def work(instance: Instance) -> int:
    """A minute of the clock and all that came due."""
    wiring.tick(instance)
    return outbox.drain(instance.database)
