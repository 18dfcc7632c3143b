"""What a rail asks of payees besides the account: asked in the portal, checked, kept encrypted, handed to the rail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core import outbox
from core.audit import AuditEntry
from core.errors import Refused
from core.instance import Instance
from core.payouts import service
from core.payouts.limits import Limits
from core.payouts.models import Payout, PayoutMethod
from core.payouts.submit import payee_handed_over
from core.permissions import Actor
from core.plugin_host.models import PluginSwitch
from core.plugin_host.purge import kept, purge
from samverk import Accepted, Context, FieldKind, Outcome, Payee, PayoutBatch, PayoutRail, SettingField, T
from tests.foreign import host_of
from tests.payouts import stage as scene
from tests.payouts.test_handing_over import payout
from tests.payouts.test_ways import fill_in, use
from tests.world import build as build_world
from tests.world import sign_in

paid: list[Payee] = []


class Quick(PayoutRail):
    """It asks how fast, and more."""

    name = "quick"
    title = T("Quick pay")
    settings = (SettingField("payer", T("Account of the payer")),)
    payee_fields = (
        SettingField("speed", T("How fast"), FieldKind.CHOICE, choices=(("now", T("Now")), ("later", T("Later")))),
        SettingField("copies", T("Copies"), FieldKind.INTEGER, default=2, maximum=5),
        SettingField("pin", T("PIN"), secret=True),
        SettingField("note", T("Note"), required=False),
    )

    def submit(self, ctx: Context, batch: PayoutBatch, key: str) -> Mapping[str, Outcome]:
        """Remember who is paid."""
        paid.extend(order.payee for order in batch.orders)
        return {order.reference: Accepted(order.reference) for order in batch.orders}


TOLD = {"quick-speed": "later", "quick-copies": "3", "quick-pin": "4711", "quick-note": "by the door"}
ACCOUNT = "/portal/payouts/account"


@pytest.fixture
def quick(instance: Instance, now: list[datetime]) -> scene.Stage:
    """Aino works for a brand that may pay by Quick pay; she has no account yet."""
    paid.clear()
    use(instance, host_of(Quick))
    fill_in(instance, "quick", "payer")
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        stage.approve()
    return stage


def method(instance: Instance) -> PayoutMethod:
    with instance.database.session() as session:
        return session.scalars(select(PayoutMethod)).one()


def test_it_is_asked_checked_kept_encrypted_and_handed_over(
    client: FlaskClient, instance: Instance, quick: scene.Stage, app: Any
) -> None:
    creator = sign_in(client, "influencer")
    page = creator.get(ACCOUNT).text
    assert "Quick pay" in page and "How fast" in page and 'value="2"' in page
    wrong = creator.post(ACCOUNT, data={**scene.ACCOUNT, **TOLD, "quick-copies": "9", "quick-pin": ""})
    assert wrong.status_code == 422 and "At most 5." in wrong.text and "This is needed." in wrong.text
    assert "4711" not in wrong.text
    with instance.database.session() as session:
        assert session.scalar(select(PayoutMethod.id)) is None, "all of it or nothing"
    assert creator.post(ACCOUNT, data={**scene.ACCOUNT, **TOLD}).status_code == 303
    row = method(instance)
    assert "door" not in row.details_cipher and row.details_given == {"quick": ["copies", "note", "pin", "speed"]}
    page = creator.get(ACCOUNT).text
    assert "by the door" in page and 'value="3"' in page and "4711" not in page
    boss = sign_in(app.test_client(), "owner")
    made = boss.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": "quick", "due": "all"})
    assert boss.post(made.location + "/approve", data={}).status_code == 303
    outbox.drain(instance.database)
    assert payout(instance).state == "sent"
    assert paid[0].details == {"speed": "later", "copies": 3, "pin": "4711", "note": "by the door"}
    assert "4711" not in repr(paid[0])


def test_an_empty_secret_keeps_what_there_is(client: FlaskClient, instance: Instance, quick: scene.Stage) -> None:
    from core.payouts.details import read

    sign_in(client, "influencer")
    assert client.post(ACCOUNT, data={**scene.ACCOUNT, **TOLD}).status_code == 303
    again = {**scene.ACCOUNT, "iban": "", "tax_id": "", **TOLD, "quick-pin": "", "quick-note": "", "quick-speed": "now"}
    assert client.post(ACCOUNT, data=again).status_code == 303
    told = read(instance.keyring, method(instance))
    assert told == {"quick": {"speed": "now", "copies": 3, "pin": "4711"}}


def test_who_has_not_told_it_is_left_out_of_a_run(
    client: FlaskClient, instance: Instance, quick: scene.Stage, app: Any
) -> None:
    with instance.database.write() as session:
        stage = scene.Stage(session, quick.world, quick.campaign, quick.collaboration, quick.deliverables)
        stage.account(instance.keyring)
    boss = sign_in(app.test_client(), "owner")
    page = boss.get("/admin/payouts?due=all&rail=quick").text
    assert "Quick pay asks for more than a bank account" in page
    assert "asks for more" not in boss.get("/admin/payouts?due=all&rail=manual").text
    told = boss.post(
        "/admin/payouts/prepare", data={"currency": "EUR", "rail": "quick", "due": "all"}, follow_redirects=True
    )
    assert "Quick pay asks for more than a bank account" in told.text
    with instance.database.session() as session:
        assert session.scalar(select(Payout.id)) is None
    sign_in(client, "influencer")
    assert "Quick pay asks for a little more" in client.get("/portal/payouts").text
    assert "Tell Quick pay how you are paid" in client.get("/portal/").text
    client.post(ACCOUNT, data={**scene.ACCOUNT, **TOLD})
    assert "asks for a little more" not in client.get("/portal/payouts").text
    assert "Tell Quick pay" not in client.get("/portal/").text


@pytest.mark.parametrize("off", ["switched off", "not set up"])
def test_what_no_brand_of_theirs_may_pay_by_asks_nothing(
    client: FlaskClient, instance: Instance, quick: scene.Stage, off: str
) -> None:
    with instance.database.write() as session:
        if off == "switched off":
            session.add(PluginSwitch(brand_id=quick.world.brand.id, plugin="quick", enabled=False))
        else:
            from core.plugin_host.models import PluginSetting

            session.query(PluginSetting).delete()
    sign_in(client, "influencer")
    assert "How fast" not in client.get(ACCOUNT).text
    assert client.post(ACCOUNT, data=scene.ACCOUNT).status_code == 303


def test_what_a_field_takes_no_longer_is_its_default(instance: Instance, quick: scene.Stage) -> None:
    from core.payouts.details import filled

    assert filled(Quick.payee_fields, {"speed": "gone", "copies": 7, "pin": "1"}) == {
        "speed": None, "copies": 2, "pin": "1", "note": None,
    }  # fmt: skip


def test_what_payees_told_it_goes_with_the_plugin(instance: Instance, quick: scene.Stage) -> None:
    from core.payouts.details import read

    told = {"quick": {"pin": "4711", "speed": "now"}, "other": {"phone": "+358401234567"}}
    actors = quick.world.actors
    with instance.database.write() as session:
        stage = scene.Stage(session, quick.world, quick.campaign, quick.collaboration, quick.deliverables)
        stage.account(instance.keyring, details=told)
        run = stage.run(limits=Limits("quick"))
        service.approve_run(session, actors["finance"], run)
    outbox.drain(instance.database)
    with instance.database.write() as session:
        session.add(PluginSwitch(brand_id=None, plugin="quick", enabled=False))
        boss = Actor(name="operator", site_admin=True)
        with pytest.raises(Refused, match="on its way"):
            purge(session, boss, instance.plugins, "quick")
        assert read(instance.keyring, session.scalars(select(PayoutMethod)).one()) == told
        row = session.scalars(select(Payout)).one()
        assert payee_handed_over(instance.keyring, row).details["pin"] == "4711"
        service.record_statement(session, actors["finance"], row, received_on=scene.on(0))
        assert kept(session, instance.plugins, "quick").others["payees"] == 1
        assert purge(session, boss, instance.plugins, "quick").others["payees"] == 1
    with instance.database.session() as session:
        row = session.scalars(select(PayoutMethod)).one()
        assert read(instance.keyring, row) == {"other": told["other"]} and row.details_given == {"other": ["phone"]}
        payee = payee_handed_over(instance.keyring, session.scalars(select(Payout)).one())
        assert payee.details == {} and payee.iban, "the account is of the books"
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "plugin.purged"))
        assert (entry.detail or {})["payees"] == 1
