"""POST /hooks/<plugin>/<brand> of a rail: a bank's signed messages, by the example that stands outside the checkout."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.accounts.models import Brand
from core.feeds.models import Feed
from core.instance import Instance
from core.ledger.verify import verify
from core.payouts.models import Payout, PayoutReport
from core.plugin_host.host import PluginHost
from core.plugin_host.saving import save_settings
from core.plugin_host.service import set_switch
from samverk import Response
from tests.payouts import stage as scene
from tests.payouts.test_handing_over import payout
from tests.payouts.test_ways import use
from tests.plugin_host.foreign import install_example, module
from tests.world import World, sign_in
from tests.world import build as build_world

OURS, THEIRS = "secret-of-ours", "secret-of-theirs"
URL = "https://bank.example/v1"


@dataclass
class Scene:
    """A payment of 600 euros that the bank of the example was told to make, and ways to send what it says of it."""

    instance: Instance
    client: FlaskClient
    world: World
    now: list[datetime]

    def body(self, status: str, minute: int = 0, /, **changed: Any) -> bytes:
        at = self.now[0] - timedelta(hours=1) + timedelta(minutes=minute)
        told = {
            "id": f"{status}-{minute}", "reference": payout(self.instance).public_id, "status": status,
            "at": at.isoformat(), "amount": "600.00", "currency": "EUR", "payment": "pay-1",
        }  # fmt: skip
        return json.dumps(told | changed).encode()

    def send(self, body: bytes, *, secret: str = OURS, brand: Brand | None = None) -> int:
        signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        path = f"/hooks/bank_gateway/{(brand or self.world.brand).public_id}"
        return self.client.post(path, data=body, headers={"X-Signature": signed}).status_code

    def reports(self) -> list[PayoutReport]:
        with self.instance.database.session() as session:
            assert verify(session).ok
            return list(session.scalars(select(PayoutReport).order_by(PayoutReport.id)))

    def feed(self) -> Feed | None:
        with self.instance.database.session() as session:
            return session.scalar(select(Feed).where(Feed.kind == "payout_rails"))


def fill_in(instance: Instance, actor: Any, brand: Brand, secret: str) -> None:
    with instance.database.write() as session:
        raw = {"url": URL, "token": "token", "webhook_secret": secret}
        given = {"plugin": "bank_gateway", "brand": brand, "raw": raw}
        assert not save_settings(session, actor, instance.plugins, instance.keyring, **given)


@pytest.fixture
def bank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: Instance, client: FlaskClient, now: list[datetime]
) -> Scene:
    """The bank has not answered yet: no one knows whether the payment was made."""
    from core.payouts.limits import Limits

    install_example(tmp_path, monkeypatch, "payout_rails")
    use(instance, PluginHost.load())
    monkeypatch.setattr(module("samverk_bank_gateway").BankGateway, "_ask", lambda *args: Response(503, {}, b""))
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        stage.approve()
        stage.account(instance.keyring)
        run = stage.run(limits=Limits("bank_gateway"))
        from core.payouts import service

        service.approve_run(session, stage.world.actors["finance"], run)
        scene.hand_over(session, instance.keyring, run, instance.plugins)
    client.application.config["WTF_CSRF_ENABLED"] = True
    fill_in(instance, stage.world.owner, stage.world.brand, OURS)
    assert payout(instance).state == "processing"
    return Scene(instance, client, stage.world, now)


def test_a_message_moves_its_payment_once(bank: Scene) -> None:
    for _ in range(2):
        assert bank.send(bank.body("received", 1)) == 204
        row = payout(bank.instance)
        assert (row.state, row.bank_reference, row.received_by) == ("received", "pay-1", "rail")
    assert bank.send(bank.body("sent", 0)) == 204, "late"
    assert payout(bank.instance).state == "received" and len(bank.reports()) == 2
    assert bank.send(bank.body("returned", 2)) == 204
    assert payout(bank.instance).state == "returned"
    feed = bank.feed()
    assert feed and (feed.taken, feed.told_at, feed.next_at) == (2, bank.now[0], None)


def test_nobody_else_signs(bank: Scene) -> None:
    fill_in(bank.instance, bank.world.outsider, bank.world.other_brand, THEIRS)
    body = bank.body("received")
    assert [bank.send(body, secret=secret) for secret in ("guessed", THEIRS)] == [401, 401]
    assert bank.send(body, brand=bank.world.other_brand) == 401
    assert payout(bank.instance).state == "processing" and bank.reports() == [] and bank.feed() is None


def test_another_brand_moves_none_of_our_payments(bank: Scene) -> None:
    fill_in(bank.instance, bank.world.outsider, bank.world.other_brand, THEIRS)
    assert bank.send(bank.body("received"), secret=THEIRS, brand=bank.world.other_brand) == 204
    assert bank.send(bank.body("received", reference="somebody-elses")) == 204, "the account may make other payments"
    assert payout(bank.instance).state == "processing" and bank.reports() == []


@pytest.mark.parametrize("changed", [{"amount": "599.99"}, {"amount": "6000.00"}, {"currency": "SEK"}])
def test_another_amount_is_for_finance_to_look_at(bank: Scene, app: Any, changed: dict[str, str]) -> None:
    for _ in range(2):
        assert bank.send(bank.body("received", **changed)) == 204
    row = payout(bank.instance)
    (report,) = bank.reports()
    assert row.state == "processing" and report.open
    app.config["WTF_CSRF_ENABLED"] = False
    finance, manager = sign_in(app.test_client(), "finance"), sign_in(app.test_client(), "manager")
    words = "but this payment is of €600.00"
    page = finance.get(f"/admin/payouts/{row.public_id}").text
    assert words in page and "I have looked at it" in page
    assert "Look at the payment of €600.00 to Aino Laine" in finance.get("/admin/").text
    looked = f"/admin/payouts/{row.public_id}/looked/{report.public_id}"
    told = manager.get(f"/admin/payouts/{row.public_id}").text
    assert words in told and "I have looked at it" not in told and manager.post(looked).status_code == 403
    assert sign_in(app.test_client(), "outsider").post(looked).status_code == 404
    assert finance.post(looked).status_code == 303 and finance.post(looked).status_code == 404
    assert words not in finance.get(f"/admin/payouts/{row.public_id}").text
    assert "Look at the payment" not in finance.get("/admin/").text


@pytest.mark.parametrize("changed", [{"status": "paid"}, {"at": "2026-11-02T10:00:00"}, {"id": ""}, {"amount": "1e9x"}])
def test_what_cannot_be_is_the_plugins_failure_and_comes_again(bank: Scene, changed: dict[str, str]) -> None:
    assert bank.send(bank.body("received", **changed)) == 500
    assert payout(bank.instance).state == "processing" and bank.reports() == []
    assert bank.send(bank.body("received")) == 204 and payout(bank.instance).state == "received"


def test_what_was_handed_over_is_heard_of_also_when_the_plugin_is_switched_off(bank: Scene) -> None:
    with bank.instance.database.write() as session:
        set_switch(session, bank.world.owner, plugin="bank_gateway", enabled=False, brand_id=bank.world.brand.id)
    assert bank.send(bank.body("sent")) == 204 and payout(bank.instance).state == "sent"


@pytest.mark.parametrize("on", [True, False])
def test_while_settings_are_missing_the_sender_keeps_the_message(bank: Scene, on: bool) -> None:
    """Nobody can know whose it is; the plugin is not asked and does not fail."""
    other = bank.world.other_brand
    with bank.instance.database.write() as session:
        set_switch(session, bank.world.outsider, plugin="bank_gateway", enabled=on, brand_id=other.id)
    assert bank.send(bank.body("received"), brand=other) == 503


def test_the_reason_is_read_by_both_sides_and_the_history_names_the_rail(bank: Scene, app: Any) -> None:
    bank.send(bank.body("sent", 0))
    bank.send(bank.body("failed", 1))
    row = payout(bank.instance)
    assert row.state == "returned"
    app.config["WTF_CSRF_ENABLED"] = False
    for face, who in (("admin", "finance"), ("portal", "influencer")):
        page = sign_in(app.test_client(), who).get(f"/{face}/payouts/{row.public_id}").text
        assert "The way of payment gave no reason." in page
        assert ("Bank gateway · " in page) == (face == "admin")


def test_finance_too_takes_back_what_had_arrived(bank: Scene, app: Any) -> None:
    bank.send(bank.body("received"))
    app.config["WTF_CSRF_ENABLED"] = False
    finance, path = sign_in(app.test_client(), "finance"), f"/admin/payouts/{payout(bank.instance).public_id}"
    page = finance.get(path).text
    assert "It failed or came back" in page and "<dt>Known from</dt><dd>Bank gateway</dd>" in page
    assert finance.post(f"{path}/failed", data={"reason": "It is back on our account"}).status_code == 303
    assert payout(bank.instance).state == "returned" and bank.reports()


def test_the_address_is_told_where_the_settings_are(bank: Scene, app: Any) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    owner = sign_in(app.test_client(), "owner")
    address = f"/hooks/bank_gateway/{bank.world.brand.public_id}"
    page = owner.get("/admin/plugins/bank_gateway").text
    assert address in page and "No message has come yet" in page
    bank.send(bank.body("sent"))
    page = owner.get("/admin/plugins/bank_gateway").text
    assert address in page and "The last one came" in page
    assert address not in owner.get("/admin/plugins/bank_gateway/installation").text, "each brand has its own"
    assert "/hooks/" not in owner.get("/admin/plugins/manual").text
    assert "Bank gateway" not in owner.get("/admin/sales/connections").text
    with bank.instance.database.session() as session:
        assert session.scalar(select(Payout.state)) == "sent"
