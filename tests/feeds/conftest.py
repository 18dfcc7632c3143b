"""A shop behind a real socket, its plugin as a foreign distribution, and brands that have filled in its settings."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock, outbox, wiring
from core.accounts.models import Brand
from core.earnings.models import Earning
from core.feeds.models import Feed
from core.instance import Instance
from core.plugin_host.saving import save_settings
from core.settings import load
from core.tracking.codes import code_of
from core.tracking.models import LeftOut, Refund, Sale
from tests.collaborations import stage as theatre
from tests.plugin_host.foreign import install
from tests.tracking.conftest import NOW, perform
from tests.world import World, build

HERE = Path(__file__).parent
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Shop:
    """What the other side knows: pages of orders by token, and answers that it gives in place of the next ones."""

    pages: dict[str, list[list[dict[str, Any]]]] = field(default_factory=dict)
    instead: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    first: Callable[[str], Answer | None] = lambda token: None
    """What a token is answered before all else."""
    url: str = ""

    def answer(self, token: str, since: str, page: str) -> Answer:
        self.before()
        self.asked.append((token, since, page))
        if early := self.first(token):
            return early
        if self.instead:
            return self.instead.pop(0)
        if token not in self.pages:
            return 401, {}, b""
        pages, number = self.pages[token], int(page or 0)
        told = {"orders": pages[number] if pages else [], "next": str(number + 1) if number + 1 < len(pages) else None}
        return 200, {}, json.dumps(told).encode()


@dataclass
class Scene:
    """An installation with the shop's plugin, a world and a signed collaboration; ways to ask, send and look."""

    instance: Instance
    world: World
    shop: Shop
    moment: list[datetime]
    code: str

    def fill(self, brand: Brand, token: str = "token-of-ours", secret: str = "secret-of-ours", **more: str) -> None:
        """Fill in the settings of a brand, as the owner or the outsider."""
        actor = self.world.owner if brand is self.world.brand else self.world.outsider
        raw = {"url": self.shop.url, "token": token, "secret": secret, **more}
        with self.instance.database.write() as session:
            keyring, plugins = self.instance.keyring, self.instance.plugins
            errors = save_settings(session, actor, plugins, keyring, plugin="corner", brand=brand, raw=raw)
            assert not errors, errors

    def minute(self, later: timedelta = timedelta(0)) -> None:
        """The worker's minute, after so much time: the clock looks, what is due is done."""
        self.moment[0] += later
        wiring.tick(self.instance)
        while outbox.drain(self.instance.database):
            pass

    def order(self, number: str, minor: int = 10_000, **changed: Any) -> dict[str, Any]:
        told = {"number": number, "minor": minor, "currency": "EUR", "at": clock.now().isoformat(), "code": self.code}
        return {**told, **changed}

    def refund(self, number: str, of: str, minor: int) -> dict[str, Any]:
        return self.order(number, minor, of=of)

    def send(
        self,
        client: FlaskClient,
        told: Any,
        *,
        secret: str = "secret-of-ours",
        brand: Brand | None = None,
        environ: dict[str, str] | None = None,
    ) -> Any:
        """Send a message as the shop does; what came back."""
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        headers = {"X-CORNER-signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}
        path = f"/hooks/corner/{(brand or self.world.brand).public_id}"
        form = "application/x-www-form-urlencoded"
        return client.post(path, data=body, headers=headers, content_type=form, environ_base=environ or {})

    def feed(self, brand: Brand | None = None, what: str = "orders") -> Feed | None:
        brand_id = (brand or self.world.brand).id
        with self.instance.database.session() as session:
            return session.scalar(select(Feed).where(Feed.brand_id == brand_id, Feed.what == what))

    def the_feed(self, what: str = "orders") -> Feed:
        found = self.feed(what=what)
        assert found is not None
        return found

    def the_feed_of(self, session: Session) -> Feed:
        """The same in a session, to be changed."""
        return session.get_one(Feed, self.the_feed().id)

    def sold(self, brand: Brand | None = None) -> dict[str, int]:
        """The orders that were booked, with what came back of each taken off."""
        brand_id = (brand or self.world.brand).id
        with self.instance.database.session() as session:
            sales = {s.id: s for s in session.scalars(select(Sale).where(Sale.brand_id == brand_id))}
            left = {sale.external_id: sale.amount_minor for sale in sales.values()}
            for refund in session.scalars(select(Refund).where(Refund.brand_id == brand_id)):
                left[sales[refund.sale_id].external_id] -= refund.amount_minor
            return left

    def earned(self) -> int:
        with self.instance.database.session() as session:
            return sum(session.scalars(select(Earning.amount_minor).where(Earning.settles == "cash")))

    def left_out(self) -> dict[str, str]:
        with self.instance.database.session() as session:
            return {row.external_id: str(row.why) for row in session.scalars(select(LeftOut))}


@pytest.fixture
def shop() -> Iterator[Shop]:
    """The other side, listening on loopback."""
    made = Shop()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
            token = self.headers.get("Authorization", "")
            status, headers, body = made.answer(token, asked["since"][0], asked["page"][0])
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quietly."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        made.url = f"http://127.0.0.1:{server.server_port}"
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def moment() -> Iterator[list[datetime]]:
    """The time, which a test moves."""
    at = [NOW]
    with clock.frozen(lambda: at[0]):
        yield at


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Instance]:
    """An installation whose plugins may reach the loopback."""
    install(tmp_path, monkeypatch, "corner", HERE / "corner")
    (tmp_path / "secret_key").write_text("k" * 64)
    env = {"SAMVERK_INSTANCE": str(tmp_path), "SAMVERK_DATABASE_URL": database_url, "SAMVERK_TESTING": "1"}
    made = Instance(load({**env, "SAMVERK_INSIDE_HOSTS": "127.0.0.1"}))
    yield made
    made.database.engine.dispose()


@pytest.fixture
def scene(instance: Instance, shop: Shop, moment: list[datetime]) -> Scene:
    """The brand has connected its shop; an hour has gone since the contract was signed."""
    with instance.database.write() as session:
        world = build(session)
        play = perform(session, world, instance, [theatre.commission("10", 40_000)])
        code = code_of(session, play.collaboration.id) or ""
    moment[0] += timedelta(hours=1)
    made = Scene(instance, world, shop, moment, code)
    made.fill(world.brand)
    shop.pages["token-of-ours"] = [[]]
    return made
