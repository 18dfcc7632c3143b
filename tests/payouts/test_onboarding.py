"""A rail that wants to know payees first: asked by the clock and by the payee; who is not through yet is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core import outbox, wiring
from core.events import publish
from core.instance import Instance
from core.payouts.models import Payout, PayoutReadiness
from core.plugin_host.health import Cause
from core.plugin_host.purge import PluginPurged
from core.plugin_host.service import set_switch
from samverk import Accepted, Context, Onboarding, Outcome, Payee, PayoutBatch, PayoutRail, T, Unavailable
from tests.foreign import host_of
from tests.payouts import stage as scene
from tests.payouts.test_handing_over import payout
from tests.payouts.test_ways import use
from tests.world import build as build_world
from tests.world import sign_in

LINK = "https://gate.example/in/4711"
MISSING = (T("A picture of your passport"), T("Your phone number"))
ACCOUNT = "/portal/payouts/account"
asked: list[tuple[str | None, Payee]] = []
says: dict[str, Any] = {}


class Gate(PayoutRail):
    """It pays who went through its gate."""

    name = "gate"
    title = T("Gate")

    def onboard(self, ctx: Context, payee: Payee) -> Onboarding:
        """As the test says."""
        asked.append((ctx.brand, payee))
        if isinstance(says["answer"], Exception):
            raise says["answer"]
        return says["answer"]

    def submit(self, ctx: Context, batch: PayoutBatch, key: str) -> Mapping[str, Outcome]:
        """All of it."""
        return {order.reference: Accepted(order.reference) for order in batch.orders}


@pytest.fixture
def gate(instance: Instance, now: list[datetime]) -> scene.Stage:
    """Aino works for a brand that may pay by Gate; she has an account, and nobody has asked yet."""
    asked.clear()
    says["answer"] = Onboarding(False, LINK, MISSING)
    use(instance, host_of(Gate))
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        stage.approve()
        stage.account(instance.keyring)
    return stage


def minute(instance: Instance, now: list[datetime], **later: int) -> int:
    """The worker's minute after so much time; how often the rail was asked in it."""
    now[0] += timedelta(**later)
    before = len(asked)
    wiring.tick(instance)
    while outbox.drain(instance.database):
        pass
    return len(asked) - before


def account(instance: Instance, stage: scene.Stage, **changed: str) -> None:
    with instance.database.write() as session:
        held = scene.Stage(session, stage.world, stage.campaign, stage.collaboration, stage.deliverables)
        held.account(instance.keyring, **changed)


def readiness(instance: Instance) -> PayoutReadiness | None:
    with instance.database.session() as session:
        return session.scalars(select(PayoutReadiness)).one_or_none()


def prepare(client: FlaskClient) -> str:
    """What a page says of a run by the gate."""
    form = {"currency": "EUR", "rail": "gate", "due": "all"}
    return client.post("/admin/payouts/prepare", data=form, follow_redirects=True).text


def let_in(client: FlaskClient, instance: Instance, now: list[datetime]) -> Any:
    """The gate lets Aino in, and the owner prepares a run by it: the answer to that."""
    says["answer"] = Onboarding(True)
    minute(instance, now)
    sign_in(client, "owner")
    return client.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": "gate", "due": "all"})


def test_it_is_asked_when_there_is_an_account_and_again_from_time_to_time(
    instance: Instance, gate: scene.Stage, now: list[datetime]
) -> None:
    assert minute(instance, now) == 1
    ((brand, payee),) = asked
    assert brand == gate.world.brand.public_id and (payee.name, payee.iban) == ("Aino Laine", "FI2112345600000785")
    assert minute(instance, now, minutes=1) == 0
    assert [minute(instance, now, minutes=10) for _ in range(4)] == [1, 0, 1, 0], "ever more seldom"
    account(instance, gate, iban=scene.OTHER_IBAN)
    assert minute(instance, now) == 1 and asked[-1][1].iban == scene.OTHER_IBAN.replace(" ", "")
    says["answer"] = Onboarding(True)
    assert minute(instance, now, days=1) == 1
    row = readiness(instance)
    assert row and row.ready and row.missing == [] and row.tries == 0
    assert minute(instance, now, hours=23) == 0 and minute(instance, now, hours=1) == 1


def test_no_page_asks_it(client: FlaskClient, instance: Instance, gate: scene.Stage, app: Any) -> None:
    sign_in(client, "influencer")
    boss = sign_in(app.test_client(), "owner")
    for one, path in (
        (client, "/portal/"), (client, "/portal/payouts"), (client, ACCOUNT), (boss, "/admin/"),
        (boss, "/admin/payouts?due=all&rail=gate"),
    ):  # fmt: skip
        assert one.get(path).status_code == 200
    assert "Gate is being asked whether it can pay them" in prepare(boss)
    assert asked == []


def test_who_is_not_through_is_left_out_and_both_sides_read_why(
    client: FlaskClient, instance: Instance, gate: scene.Stage, now: list[datetime], app: Any
) -> None:
    minute(instance, now)
    boss = sign_in(app.test_client(), "owner")
    why = "Gate asks them for more first, in the portal: A picture of your passport, Your phone number"
    assert why in boss.get("/admin/payouts?due=all&rail=gate").text and why in prepare(boss)
    assert "Gate asks" not in boss.get("/admin/payouts?due=all&rail=manual").text
    with instance.database.session() as session:
        assert session.scalar(select(Payout.id)) is None
    sign_in(client, "influencer")
    assert "Go on at Gate" in client.get("/portal/").text
    assert "Gate has more to ask you before Havsro can pay you by it" in client.get("/portal/payouts").text
    turn = "You: go on at Gate, so that Havsro can pay you."
    assert turn in client.get("/portal/payouts").text
    page = client.get(ACCOUNT).text
    assert "A picture of your passport" in page and "Your phone number" in page and LINK not in page
    says["answer"] = Onboarding(True)
    minute(instance, now, minutes=10)
    assert "Gate" not in client.get("/portal/").text and "Gate" not in client.get(ACCOUNT).text
    assert turn not in client.get("/portal/payouts").text
    assert "The run is prepared." in prepare(boss)
    with instance.database.session() as session:
        assert session.scalars(select(Payout.state)).all() == ["awaiting_approval"]
    assert "Havsro approves the payment." in client.get("/portal/payouts").text
    says["answer"] = Onboarding(False, LINK, MISSING)
    minute(instance, now, days=1)
    assert turn in client.get("/portal/payouts").text, "it cannot be approved before"
    says["answer"] = Unavailable(T("No answer."))
    minute(instance, now, minutes=10)
    assert turn not in client.get("/portal/payouts").text, "there is nothing that they can do"


def test_it_is_the_brands_turn_where_it_pays_by_another_way(
    client: FlaskClient, instance: Instance, gate: scene.Stage, now: list[datetime], app: Any
) -> None:
    minute(instance, now)
    boss = sign_in(app.test_client(), "owner")
    made = boss.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": "manual", "due": "all"})
    assert boss.post(made.location + "/cancel", data={}).status_code == 303
    page = sign_in(client, "influencer").get("/portal/payouts").text
    assert "Havsro prepares the payment." in page and "You: go on" not in page and "Gate has more to ask you" in page


def test_the_payee_goes_on_by_a_link_that_nobody_keeps(
    client: FlaskClient, instance: Instance, gate: scene.Stage, now: list[datetime], app: Any
) -> None:
    minute(instance, now)
    on = f"/portal/payouts/rails/{gate.world.brand.public_id}/gate"
    sign_in(client, "influencer")
    assert f'action="{on}"' in client.get(ACCOUNT).text
    page = client.post(on)
    assert page.status_code == 200 and f'href="{LINK}"' in page.text and "Go to gate.example" in page.text
    assert (
        "See your bank account" in page.text
        and "noopener" in page.text
        and "Your phone number" in page.text
        and len(asked) == 2
    )
    row = readiness(instance)
    assert row and LINK not in str({column.name: getattr(row, column.name) for column in row.__table__.columns})
    says["answer"] = Onboarding(False, "http://gate.example/in", MISSING)
    page = client.post(on).text
    assert "gate.example" not in page and "Ask Havsro how to go on." in page
    says["answer"] = Onboarding(True)
    assert client.post(on).location.endswith(ACCOUNT)
    row = readiness(instance)
    assert row and row.ready
    for path in (
        on.replace("gate", "manual"),
        on.replace("gate", "nothing"),
        on.replace(gate.world.brand.public_id, "x"),
    ):
        assert client.post(path).status_code == 404
    other = f"/portal/payouts/rails/{gate.world.other_brand.public_id}/gate"
    assert client.post(other).status_code == 404, "they do not work for it"
    assert sign_in(app.test_client(), "owner").post(on).status_code == 403 and len(asked) == 4


@pytest.mark.parametrize("fault", [Unavailable(T("The gate is closed.")), KeyError("token"), "no answer"])
def test_a_gate_that_cannot_say_turns_nobody_away(
    client: FlaskClient, instance: Instance, gate: scene.Stage, now: list[datetime], fault: Any
) -> None:
    says["answer"] = Onboarding(True)
    minute(instance, now)
    says["answer"] = fault
    assert minute(instance, now, days=1) == 1
    row = readiness(instance)
    assert row and row.ready and row.why and row.next_at == now[0] + timedelta(minutes=10)
    sign_in(client, "owner")
    assert "The run is prepared." in prepare(client)


def test_who_was_never_let_in_waits_while_the_gate_cannot_say(
    client: FlaskClient, instance: Instance, gate: scene.Stage, now: list[datetime]
) -> None:
    says["answer"] = Unavailable(T("The gate is closed."))
    minute(instance, now)
    sign_in(client, "owner")
    assert "Gate could not be asked about them: The gate is closed." in prepare(client)
    sign_in(client, "influencer")
    assert "The gate is closed." in client.get(ACCOUNT).text
    page = client.post(f"/portal/payouts/rails/{gate.world.brand.public_id}/gate")
    assert page.status_code == 200 and "The gate is closed." in page.text


def test_another_account_has_to_be_let_in_anew(
    client: FlaskClient, instance: Instance, gate: scene.Stage, now: list[datetime]
) -> None:
    says["answer"] = Onboarding(True)
    minute(instance, now)
    now[0] += timedelta(minutes=1)
    account(instance, gate, iban=scene.OTHER_IBAN)
    sign_in(client, "owner")
    assert "Gate is being asked whether it can pay them" in prepare(client)
    says["answer"] = Unavailable(T("The gate is closed."))
    minute(instance, now)
    assert "The gate is closed." in prepare(client), "what it said of the old account counts no more"
    says["answer"] = Onboarding(True)
    minute(instance, now, minutes=10)
    assert "The run is prepared." in prepare(client)


def test_where_it_is_switched_off_or_paused_nobody_is_asked(
    client: FlaskClient, instance: Instance, gate: scene.Stage, now: list[datetime]
) -> None:
    instance.plugins.fence.health.learn({"gate": Cause.FAILURES}, {})
    assert minute(instance, now) == 0
    sign_in(client, "influencer")
    on = f"/portal/payouts/rails/{gate.world.brand.public_id}/gate"
    assert "It cannot be asked just now." in client.post(on, follow_redirects=True).text
    instance.plugins.fence.health.learn({}, {})
    with instance.database.write() as session:
        set_switch(session, gate.world.owner, plugin="gate", enabled=False, brand_id=gate.world.brand.id)
    assert minute(instance, now, hours=1) == 0 and client.post(on).status_code == 404 and asked == []


def test_a_brand_that_cannot_pay_by_it_holds_nobody_up(
    instance: Instance, gate: scene.Stage, now: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.payouts.onboarding.AT_ONCE", 1)
    with instance.database.write() as session:
        held = scene.Stage(session, gate.world, gate.campaign, gate.collaboration, gate.deliverables)
        scene.second_payee(session, held, instance.keyring)
        other = session.merge(gate.world.other_brand)
        scene.build(session, replace(gate.world, brand=other), name="elsewhere")
        set_switch(session, gate.world.owner, plugin="gate", enabled=False, brand_id=gate.world.brand.id)
    assert minute(instance, now) == 1 and asked[0][0] == gate.world.other_brand.public_id


def test_words_that_cannot_be_read_break_no_page(
    client: FlaskClient, instance: Instance, gate: scene.Stage, now: list[datetime]
) -> None:
    says["answer"] = Onboarding(False, LINK, [T("Your %(what)s", other={1, 2})])
    sign_in(client, "influencer")
    page = client.post(f"/portal/payouts/rails/{gate.world.brand.public_id}/gate")
    assert page.status_code == 200 and "Your %(what)s" in page.text
    assert client.get(ACCOUNT).status_code == 200


def test_without_an_account_there_is_nobody_to_ask_for(
    client: FlaskClient, instance: Instance, now: list[datetime]
) -> None:
    asked.clear()
    use(instance, host_of(Gate))
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
    assert minute(instance, now) == 0
    sign_in(client, "influencer")
    assert client.post(f"/portal/payouts/rails/{stage.world.brand.public_id}/gate").status_code == 404


def test_before_it_is_approved_a_run_is_asked_for_again(
    client: FlaskClient, instance: Instance, gate: scene.Stage, now: list[datetime]
) -> None:
    made = let_in(client, instance, now)
    says["answer"] = Onboarding(False, LINK, MISSING)
    assert minute(instance, now, minutes=1) == 1
    told = client.post(made.location + "/approve", data={})
    assert told.status_code == 422 and "Aino Laine: Gate asks them for more first" in told.text
    with instance.database.session() as session:
        assert session.scalars(select(Payout.state)).all() == ["awaiting_approval"]
    assert client.post(made.location + "/cancel", data={}).status_code == 303


class Open(PayoutRail):
    """The version before: it paid everybody."""

    name = "gate"
    title = T("Gate")

    def submit(self, ctx: Context, batch: PayoutBatch, key: str) -> Mapping[str, Outcome]:
        """All of it."""
        return {order.reference: Accepted(order.reference) for order in batch.orders}


def test_a_rail_that_got_a_gate_after_a_run_was_prepared_is_asked_first(
    client: FlaskClient, instance: Instance, gate: scene.Stage, now: list[datetime]
) -> None:
    use(instance, host_of(Open))
    sign_in(client, "owner")
    made = client.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": "gate", "due": "all"})
    use(instance, host_of(Gate))
    told = client.post(made.location + "/approve", data={})
    assert told.status_code == 422 and "Aino Laine: Gate is being asked whether it can pay them" in told.text
    says["answer"] = Onboarding(True)
    minute(instance, now)
    assert client.post(made.location + "/approve", data={}).status_code == 303


def test_what_is_known_goes_with_the_plugin(instance: Instance, gate: scene.Stage, now: list[datetime]) -> None:
    minute(instance, now)
    with instance.database.write() as session:
        publish(session, PluginPurged("other"))
    assert readiness(instance)
    with instance.database.write() as session:
        publish(session, PluginPurged("gate"))
    assert readiness(instance) is None


def test_the_money_goes_out_by_it(
    client: FlaskClient, instance: Instance, gate: scene.Stage, now: list[datetime]
) -> None:
    made = let_in(client, instance, now)
    assert client.post(made.location + "/approve", data={}).status_code == 303
    minute(instance, now)
    assert payout(instance).state == "sent"
