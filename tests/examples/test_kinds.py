"""The examples as distributions somewhere else: found, held to the kit, used through core's doors, and gone again."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock, outbox, wiring
from core.cli.main import samverk
from core.deals.simulate import simulate
from core.earnings import queries as earnings
from core.earnings.service import recompute
from core.instance import Instance
from core.payouts import service as payouts
from core.payouts.limits import Limits
from core.payouts.models import Payout
from core.plugin_api.manifest import PluginKind
from core.plugin_host.host import PluginHost
from core.plugin_host.records import State
from core.plugin_host.saving import save_settings
from core.plugin_kit.checks import run_all, subjects
from core.plugin_kit.wire import Wire
from core.settings import load
from core.tracking import importing
from core.tracking.models import Refund, Sale
from samverk import (
    Accepted,
    Component,
    Context,
    EvidenceLevel,
    FakeServer,
    Money,
    Payee,
    PayoutBatch,
    PayoutOrder,
    Planned,
    RefundRecord,
    Refused,
    Request,
    SaleRecord,
    T,
    Terms,
)
from tests.payouts import stage as scene
from tests.plugin_host.foreign import EXAMPLES, install_example, module
from tests.tracking.conftest import perform
from tests.world import World
from tests.world import build as build_world
from wsgi import make_app

KINDS = [kind.value for kind in PluginKind]
NAMES = {
    "payment_models": "piece_bonus",
    "platforms": "mastodon_posts",
    "sales_sources": "woo_orders",
    "compliance": "danish_rules",
    "payout_rails": "bank_gateway",
    "pages": "order_margin",
}


def distribution(name: str) -> str:
    return f"samverk-{name.replace('_', '-')}"


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_short_found_and_keeps_every_promise(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {path.name: len(path.read_text("utf-8").splitlines()) for path in (EXAMPLES / kind).rglob("*.py")}
    other_side = sources.pop("server.py", 0)  # in miniature, for the kit alone: no part of what the plugin does
    assert 0 < sum(sources.values()) < 120 and other_side < 60
    install_example(tmp_path, monkeypatch, kind)
    record = PluginHost.load().active[NAMES[kind]]
    assert (record.state, record.version, record.origin) == (State.ACTIVE, "1.0", distribution(NAMES[kind]))
    assert kind in record.kinds and record.provides[kind]
    (subject,) = subjects([NAMES[kind]], examples=10)
    results = list(run_all(subject))
    assert len(results) > 12
    assert [(result.check.id, str(result.broken)) for result in results if result.broken] == []


def test_a_bonus_is_shown_before_it_is_paid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_example(tmp_path, monkeypatch, "payment_models")
    from core.deals.simulate import Outcome

    part = Component("c1", "piece_bonus", Terms("EUR", {"amount": 5_000, "after": 1}), "1")
    outcome = Outcome(T("As expected"), deliverables=3, sales=0, value=Money(0, "EUR"))
    shown = simulate(PluginHost.load(), [part], outcome, Planned(deliverables=3))
    assert [line.amount for line in shown.lines] == [Money(5_000, "EUR")] * 2


def test_a_bonus_is_earned_waits_while_its_plugin_is_gone_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session: Session, world: World
) -> None:
    install_example(tmp_path, monkeypatch, "payment_models")
    here, gone = PluginHost.load(), PluginHost.load(safe_mode=True)
    with clock.frozen(scene.day(0)):
        pay = [scene.component("c1", "piece_bonus", amount=5_000, after=1)]
        stage = scene.build(session, world, components=pay, by=here)
        for row in stage.deliverables:
            row.state, row.approved_at = "approved", clock.now()
        session.flush()
        (earned,) = recompute(session, here, stage.collaboration.id)
        assert (earned.amount_minor, earned.kind) == (5_000, "piece_bonus")
        assert recompute(session, gone, stage.collaboration.id) == []
        (hold,) = earnings.holds_of(session, stage.collaboration.id)
        assert "piece_bonus" in str(hold.reason)
        assert recompute(session, here, stage.collaboration.id) == []
        assert earnings.holds_of(session, stage.collaboration.id) == []


def test_counts_of_a_network_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_example(tmp_path, monkeypatch, "platforms")
    host = PluginHost.load()
    network = host.platforms["mastodon_posts"]
    wire = Wire(sys.modules["samverk_mastodon_posts"].plugin.kit().servers["mastodon_posts"]())
    ctx = Context("brand", {"server": "social.example"}, {}, wire)
    profile = network.profile(ctx, "aino")
    assert (profile.followers, profile.posts, profile.handle) == (1_200, 5, "aino")
    (reading,) = network.metrics(ctx, ["social.example/103", "social.example/1", "elsewhere.example/103"])
    assert reading.values == {"likes": 143, "shares": 9, "comments": 3} and reading.evidence is EvidenceLevel.MEASURED
    assert reading.at == datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
    page = network.posts(ctx, "aino")
    assert [post.text for post in page.records] == ["Reklame | Nye sko & ski"] * 2 and page.cursor == "104"
    found = network.resolve_url("https://social.example/@aino/103")
    assert found and (found.post, found.account) == (reading.post, "aino")
    assert network.resolve_url("https://social.example/about") is None
    assert {request.url.split("/")[2] for request in wire.sent} == {"social.example"}
    asked = Context("brand", {"server": "https://social.example/"}, {})
    assert [key for key, _ in module("samverk_mastodon_posts").plugin.check_settings(asked)] == ["server"]


def test_orders_of_a_shop_are_taken_and_its_refunds_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: Instance, session: Session, world: World
) -> None:
    install_example(tmp_path, monkeypatch, "sales_sources")
    with clock.frozen(scene.day(0)):
        play = perform(session, world, instance)
    with clock.frozen(scene.day(9)):
        table = f"Order;Net;Date;Coupon code\n1042;100,00;10.11.2026 12:00;{play.code}\n1043;ten;10.11.2026;\n"
        taken = {"host": PluginHost.load(), "store": instance.files}
        given = {"brand": world.brand, "source": "woo_orders", "raw": table.encode()}
        file = importing.keep_table(session, world.owner, **taken, **given)
        found = importing.import_sales(session, world.owner, **taken, file=file)
    assert [(line.line, line.column) for line in found.bad] == [(3, "net_total")]
    sale = session.scalars(select(Sale)).one()
    assert (sale.source, sale.external_id, sale.amount_minor, sale.state) == ("woo_orders", "1042", 10_000, "credited")
    shop = module("samverk_woo_orders").plugin.kit().servers["woo_orders"]()
    ctx = Context("brand", {}, shop.secrets)
    source = PluginHost.load().sales_sources["woo_orders"]
    told = [source.verify_webhook(ctx, message.headers, message.body) for message in shop.messages()]
    at = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
    assert told[0] == [SaleRecord("1042", Money(10_000, "EUR"), at, "AINO10")]
    back = datetime(2026, 11, 9, 8, 30, tzinfo=UTC)
    assert told[2] == [*told[0], RefundRecord("R9", "1042", Money(5_000, "EUR"), back)]
    free = json.loads(list(shop.messages())[2].body)
    free |= {"total": "0.00", "total_tax": "0.00", "shipping_total": "0.00"}
    message = shop._signed(json.dumps(free).encode())
    (sold,) = source.verify_webhook(ctx, message.headers, message.body)
    assert not sold.amount, "an order of nothing is no fault, and gives nothing back"


def test_messages_of_a_shop_come_through_the_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: Instance
) -> None:
    install_example(tmp_path, monkeypatch, "sales_sources")
    host = instance.plugins
    shop = module("samverk_woo_orders").plugin.kit().servers["woo_orders"]()
    with instance.database.write() as session:
        world = build_world(session)
        settings = {"plugin": "woo_orders", "brand": world.brand, "raw": shop.secrets}
        assert not save_settings(session, world.owner, host, instance.keyring, **settings)
    client, path = make_app(instance).test_client(), f"/hooks/woo_orders/{world.brand.public_id}"
    for message in (*shop.messages(), *shop.messages()):
        assert client.post(path, data=message.body, headers=dict(message.headers)).status_code == 204
    assert client.post(path, data=b"{}", headers={"X-WC-Webhook-Topic": "order.updated"}).status_code == 401
    with instance.database.session() as session:
        sold = {sale.external_id: sale.amount_minor for sale in session.scalars(select(Sale))}
        assert sold == {"1042": 10_000, "1043": 10_000}
        assert session.scalars(select(Refund.amount_minor)).all() == [5_000]


def test_rules_judge_from_the_day_on_which_they_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMVERK_INSTANCE", str(tmp_path / "instance"))
    cases = EXAMPLES / "compliance" / "samverk_danish_rules" / "cases.jsonl"
    judged = ["compliance", "check", "--cases", str(cases)]
    before = CliRunner().invoke(samverk, judged)
    assert {json.loads(line)["verdict"] for line in before.output.splitlines()[:-1]} == {"unknown"}
    install_example(tmp_path, monkeypatch, "compliance")
    after = CliRunner().invoke(samverk, judged)
    assert after.exit_code == 0, after.output
    verdicts = {line["id"]: line["verdict"] for line in map(json.loads, after.output.splitlines()[:-1])}
    assert verdicts["DK-12"] == "violation" and verdicts["DK-12-before"] == "ok" and len(verdicts) == 5


def test_a_bank_pays_once_whatever_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_example(tmp_path, monkeypatch, "payout_rails")
    host = PluginHost.load()
    rail = host.payout_rails["bank_gateway"]
    bank = module("samverk_bank_gateway").plugin.kit().servers["bank_gateway"]()
    ctx = Context("brand", bank.settings, bank.secrets, Wire(bank))
    payee = Payee("p1", "Aino Laine", "FI", "FI2112345600000785")
    orders = tuple(PayoutOrder(f"order-{n}", Money(n * 1_050, "EUR"), payee) for n in (1, 2))
    bank.refuse("order-2")
    for _ in range(2):
        answer = host.call("bank_gateway", rail.submit, ctx, PayoutBatch("b", orders), "key", returns=dict)
        assert isinstance(answer, dict)
        assert answer["order-1"] == Accepted("pay-1") and isinstance(answer["order-2"], Refused)
    assert bank.payments() == [("order-1", Money(1_050, "EUR"))]
    assert rail.lookup(ctx, ["order-1", "order-9"]) == {"order-1": Accepted("pay-1")}
    (message,) = bank.messages()
    (event,) = rail.parse_webhook(ctx, message.headers, message.body)
    assert (event.reference, event.status, event.amount) == ("order-1", "received", Money(1_050, "EUR"))


@contextmanager
def answering(bank: FakeServer) -> Iterator[str]:
    """The bank of the example behind a real socket."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told = bank.answer(Request(self.command, self.path, dict(self.headers), body))
            self.send_response(told.status)
            self.end_headers()
            self.wfile.write(told.body)

        do_GET = do_POST = answer

        def log_message(self, *_: object) -> None:
            """Quietly."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_a_run_goes_over_the_wire_with_the_brands_own_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    install_example(tmp_path, monkeypatch, "payout_rails")
    (tmp_path / "secret_key").write_text("k" * 64)
    env = {"SAMVERK_INSTANCE": str(tmp_path), "SAMVERK_DATABASE_URL": database_url, "SAMVERK_TESTING": "1"}
    instance = Instance(load({**env, "SAMVERK_INSIDE_HOSTS": "127.0.0.1"}))
    wiring.connect(instance)
    bank = module("samverk_bank_gateway").plugin.kit().servers["bank_gateway"]()
    with answering(bank) as url, clock.frozen(scene.day(0)):
        with instance.database.write() as session:
            stage = scene.build(session, build_world(session))
            keyring, raw = instance.keyring, {"url": url, **bank.secrets}
            faults = save_settings(
                session,
                stage.world.owner,
                instance.plugins,
                keyring,
                plugin="bank_gateway",
                brand=stage.world.brand,
                raw=raw,
            )
            assert not faults
            earned = stage.approve()
            stage.account(keyring)
            run = stage.run(limits=Limits("bank_gateway"))
            payouts.approve_run(session, stage.world.actors["finance"], run)
        while outbox.drain(instance.database):
            pass
        with instance.database.session() as session:
            paid = session.scalars(select(Payout)).one()
            assert (paid.state, paid.bank_reference) == ("sent", "pay-1")
    assert bank.payments() == [(paid.public_id, Money(sum(line.amount_minor for line in earned), "EUR"))]
    instance.database.engine.dispose()


def test_an_upgrade_is_found_and_a_removal_leaves_everything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in KINDS:
        install_example(tmp_path, monkeypatch, kind)
    before = PluginHost.load()
    assert set(NAMES.values()) <= set(before.active)
    for name in NAMES.values():
        (tmp_path / "site" / f"samverk_{name}-1.0.dist-info").rename(
            tmp_path / "site" / f"samverk_{name}-1.1.dist-info"
        )
        about = tmp_path / "site" / f"samverk_{name}-1.1.dist-info" / "METADATA"
        about.write_text(about.read_text().replace("Version: 1.0", "Version: 1.1"))
    upgraded = PluginHost.load()
    assert {upgraded.active[name].version for name in NAMES.values()} == {"1.1"}
    for name in NAMES.values():
        shutil.rmtree(tmp_path / "site" / f"samverk_{name}-1.1.dist-info")
    assert set(before.active) - set(PluginHost.load().active) == set(NAMES.values())
