"""A rail that pays to no bank account: nobody is asked for one because of it, and pages say where the money goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from core import clock, outbox
from core.audit import AuditEntry
from core.instance import Instance
from core.mail import MailMessage
from core.payouts.models import PayoutMethod
from core.plugin_host.models import PluginSwitch
from samverk import (
    Accepted,
    Context,
    NeedsAction,
    Onboarding,
    Outcome,
    Payee,
    PayoutBatch,
    PayoutRail,
    SettingField,
    T,
    Text,
)  # fmt: skip
from tests.foreign import host_of
from tests.payouts import stage as scene
from tests.payouts.test_handing_over import payout
from tests.payouts.test_ways import use
from tests.world import build as build_world
from tests.world import sign_in

ACCOUNT = "/portal/payouts/account"
TAX = {"payee_name": "Aino Laine", "country": "FI", "tax_country": "FI", "tax_id": "131052-308T"}
PHONE = {"boat-phone": "+358 40 1234511"}
paid: list[Payee] = []
says: dict[str, Any] = {}


class Boat(PayoutRail):
    """It pays to a phone."""

    name = "boat"
    title = T("Swift boat")
    needs_account = False
    payee_fields = (
        SettingField("phone", T("Phone number")),
        SettingField("pin", T("PIN"), secret=True, required=False),
    )

    def check_payee(self, details: Mapping[str, Any]) -> Sequence[tuple[str, Text]]:
        """As the test says, or: whole numbers alone."""
        if "check" in says:
            found: Sequence[tuple[str, Text]] = says["check"](details)
            return found
        return [] if details["phone"].startswith("+") else [("phone", T("Begin with + and the country."))]

    def shown(self, details: Mapping[str, Any]) -> str:
        """The last two digits."""
        if "shown" in says:
            raise says["shown"]
        return f"··{details['phone'][-2:]}"

    def submit(self, ctx: Context, batch: PayoutBatch, key: str) -> Mapping[str, Outcome]:
        """Remember who is paid."""
        paid.extend(order.payee for order in batch.orders)
        answer = says.get("answer", Accepted)
        return {order.reference: answer(order.reference) for order in batch.orders}


class Pier(Boat):
    """It wants to know its payees first."""

    name = "pier"

    def onboard(self, ctx: Context, payee: Payee) -> Onboarding:
        """Not yet."""
        return Onboarding(False)


@pytest.fixture
def boat(instance: Instance, now: list[datetime]) -> scene.Stage:
    """Aino works for a brand that pays by Swift boat alone; she has entered nothing yet."""
    paid.clear()
    says.clear()
    use(instance, host_of(Boat))
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        stage.approve()
        session.add(PluginSwitch(brand_id=stage.world.brand.id, plugin="manual", enabled=False))
    return stage


def also_by_hand(instance: Instance) -> None:
    """The brand may pay by manual transfer too."""
    with instance.database.write() as session:
        session.query(PluginSwitch).delete()


def method(instance: Instance) -> PayoutMethod | None:
    with instance.database.session() as session:
        return session.scalars(select(PayoutMethod)).one_or_none()


def run(boss: FlaskClient, rail: str = "boat") -> str:
    form = {"currency": "EUR", "rail": rail, "due": "all"}
    return str(boss.post("/admin/payouts/prepare", data=form).location)


def test_no_account_is_asked_for_and_every_page_says_where_the_money_goes(
    client: FlaskClient, instance: Instance, boat: scene.Stage, app: Any
) -> None:
    creator, boss = sign_in(client, "influencer"), sign_in(app.test_client(), "owner")
    why = "The influencer has not entered yet what Swift boat needs"
    assert why in boss.get("/admin/payouts?due=all&rail=boat").text
    for path in ("/portal/", "/portal/payouts"):
        page = creator.get(path).text
        assert "bank account" not in page.lower() and ACCOUNT in page, path
    page = creator.get(ACCOUNT).text
    assert "Phone number" in page and "IBAN" not in page and "Street" not in page and "Bank account" not in page
    assert creator.post(ACCOUNT, data=TAX).status_code == 422, "what the way needs is needed"
    assert creator.post(ACCOUNT, data={**TAX, **PHONE}).status_code == 303
    assert "Swift boat" in creator.get(ACCOUNT).text and "··11" in creator.get(ACCOUNT).text
    assert "Swift boat · ··11" in boss.get("/admin/payouts?due=all&rail=boat").text
    made = run(boss)
    assert boss.post(made + "/approve", data={}).status_code == 303
    outbox.drain(instance.database)
    row = payout(instance)
    assert (row.state, row.iban_last4) == ("sent", "")
    assert (paid[0].iban, paid[0].bic, paid[0].details["phone"]) == ("", "", "+358 40 1234511")
    for one, path in (
        (boss, made), (boss, f"/admin/payouts/{row.public_id}"), (boss, made + "/csv"), (creator, "/portal/"),
        (creator, "/portal/payouts"), (creator, f"/portal/payouts/{row.public_id}"),
    ):  # fmt: skip
        page = one.get(path).text
        assert "Swift boat · ··11" in page and "ending in" not in page and "1234511" not in page, path
    with instance.database.session() as session:
        told = [str(mail.body) for mail in session.scalars(select(MailMessage).where(MailMessage.kind == "payout"))]
    assert told and "by Swift boat · ··11" in told[0] and "ending in" not in told[0]


def test_no_sentence_speaks_of_an_account_or_a_bank(
    client: FlaskClient, instance: Instance, boat: scene.Stage, app: Any, now: list[datetime]
) -> None:
    creator, boss = sign_in(client, "influencer"), sign_in(app.test_client(), "owner")
    assert creator.post(ACCOUNT, data={**TAX, **PHONE}).status_code == 303
    made = run(boss)
    now[0] += timedelta(minutes=1)
    assert creator.post(ACCOUNT, data={**TAX, "boat-phone": "+358 40 1234522"}).status_code == 303
    told = boss.post(made + "/approve", data={}).text
    assert "Aino Laine changed their payment details after the run was prepared." in told
    assert boss.post(made + "/cancel", data={}).status_code == 303
    says["answer"] = lambda reference: NeedsAction(T("Sign for it."))
    assert boss.post(run(boss) + "/approve", data={}).status_code == 303
    outbox.drain(instance.database)
    page = creator.get("/portal/payouts").text
    assert "Havsro sends it by Swift boat · ··22." in page and "in the bank" not in page


def test_what_a_rail_still_asks_leads_back_to_where_the_money_goes(
    client: FlaskClient, instance: Instance, boat: scene.Stage
) -> None:
    use(instance, host_of(Pier))
    creator = sign_in(client, "influencer")
    assert creator.post(ACCOUNT, data={**TAX, "pier-phone": "+358 40 1234511"}).status_code == 303
    page = creator.post(f"/portal/payouts/rails/{boat.world.brand.public_id}/pier")
    assert page.status_code == 200 and "See where your money goes" in page.text
    assert "account" not in page.text.partition("<main")[2].partition("</main")[0].replace("payouts/account", "")


def test_beside_another_way_the_account_may_be_left_out(
    client: FlaskClient, instance: Instance, boat: scene.Stage, app: Any
) -> None:
    also_by_hand(instance)
    creator, boss = sign_in(client, "influencer"), sign_in(app.test_client(), "owner")
    page = creator.get(ACCOUNT).text
    assert "IBAN" in page and "Phone number" in page
    half = creator.post(ACCOUNT, data={**TAX, **PHONE, "iban": scene.IBAN})
    assert half.status_code == 422 and "1234511" in half.text, "an account has an owner with an address"
    assert creator.post(ACCOUNT, data={**TAX, **PHONE}).status_code == 303
    assert "No bank account yet" in boss.get("/admin/payouts?due=all&rail=manual").text
    assert "Cannot be paid yet" not in boss.get("/admin/payouts?due=all&rail=boat").text
    assert creator.post(ACCOUNT, data={**scene.ACCOUNT, **PHONE}).status_code == 303
    found = method(instance)
    assert found and (found.iban_last4, found.town) == ("0785", "Helsinki")
    page = boss.get("/admin/payouts?due=all&rail=manual").text
    assert "Account ending in 0785" in page and "Swift boat ·" not in page
    assert creator.post(ACCOUNT, data={**TAX, **PHONE, "iban": ""}).status_code == 303
    found = method(instance)
    assert found and (found.iban_last4, found.town) == ("0785", "Helsinki"), "what is there stays"
    assert boss.post(run(boss) + "/approve", data={}).status_code == 303
    outbox.drain(instance.database)
    assert (paid[0].iban, paid[0].bic, paid[0].town) == ("", "", "Helsinki"), "it is told of no account"
    assert payout(instance).iban_last4 == ""


def test_a_brand_that_pays_to_accounts_alone_needs_one(
    client: FlaskClient, instance: Instance, boat: scene.Stage
) -> None:
    sign_in(client, "influencer")
    assert client.post(ACCOUNT, data={**TAX, **PHONE}).status_code == 303
    with instance.database.write() as session:
        session.query(PluginSwitch).delete()
        session.add(PluginSwitch(brand_id=boat.world.brand.id, plugin="boat", enabled=False))
    assert "Manual transfer asks for a little more" in client.get("/portal/payouts").text
    assert client.post(ACCOUNT, data={**TAX, "tax_id": ""}).status_code == 422
    assert client.post(ACCOUNT, data={**scene.ACCOUNT, "tax_id": ""}).status_code == 303
    assert "asks for a little more" not in client.get("/portal/payouts").text


def test_who_changes_it_gets_a_mail(client: FlaskClient, instance: Instance, boat: scene.Stage) -> None:
    sign_in(client, "influencer")
    for phone, mails in (("+358401", 1), ("+358401", 1), ("+358666", 2)):
        assert client.post(ACCOUNT, data={**TAX, "boat-phone": phone}).status_code == 303
        with instance.database.session() as session:
            sent = session.scalars(select(MailMessage).where(MailMessage.kind == "payout_method")).all()
            assert len(sent) == mails and all("666" not in mail.body for mail in sent)


def letters(instance: Instance) -> list[str]:
    with instance.database.session() as session:
        mine = select(MailMessage.subject).where(MailMessage.kind == "payout_method")
        return list(session.scalars(mine.order_by(MailMessage.id)))


def test_what_is_first_told_and_each_change_is_told_by_mail(
    client: FlaskClient, instance: Instance, boat: scene.Stage
) -> None:
    """Also of the name; a form that is sent unchanged changes nothing and stops nobody's run."""
    sign_in(client, "influencer")
    way = "Where your money goes was changed in Samverk"
    client.post(ACCOUNT, data={**TAX, **PHONE})
    assert letters(instance) == [way], "she told it for the first time"
    with instance.database.session() as session:
        row = session.scalars(select(PayoutMethod)).one()
        before = row.changed_at, session.scalar(select(func.count()).select_from(AuditEntry))
    for _ in range(2):
        with clock.frozen(lambda: scene.day(1)):
            assert client.post(ACCOUNT, data={**TAX, **PHONE} | {"tax_id": ""}).status_code == 303
    with instance.database.session() as session:
        row = session.scalars(select(PayoutMethod)).one()
        assert (row.changed_at, session.scalar(select(func.count()).select_from(AuditEntry))) == before
    assert letters(instance) == [way]
    client.post(ACCOUNT, data={**TAX, **PHONE} | {"payee_name": "Aino L. Laine"})
    assert letters(instance) == [way] * 2
    client.post(ACCOUNT, data={**TAX, **PHONE} | {"payee_name": "Aino L. Laine", "town": "Espoo"})
    assert letters(instance) == [way] * 2, "her address is not where the money goes"


def test_the_rail_checks_what_was_entered_and_nothing_is_lost(
    client: FlaskClient, instance: Instance, boat: scene.Stage
) -> None:
    sign_in(client, "influencer")
    wrong = client.post(ACCOUNT, data={**TAX, "boat-phone": "0401234511", "payee_name": "Aino L."})
    assert wrong.status_code == 422 and wrong.text.count("Begin with + and the country.") == 2, "above and at the field"
    assert 'value="0401234511"' in wrong.text and "Aino L." in wrong.text and method(instance) is None
    told: list[Mapping[str, Any]] = []

    def check(details: Mapping[str, Any]) -> Sequence[tuple[str, Text]]:
        told.append(details)
        return [("", T("Nobody is there."))]

    says["check"] = check
    whole = client.post(ACCOUNT, data={**TAX, **PHONE, "boat-pin": "4711"})
    assert whole.status_code == 422 and "Nobody is there." in whole.text
    assert told == [{"phone": "+358 40 1234511", "pin": "4711"}]
    assert client.post(ACCOUNT, data={**TAX, "boat-phone": ""}).status_code == 422
    assert len(told) == 1, "only when the fields have nothing to say"


@pytest.mark.parametrize("answer", [lambda details: 1 / 0, lambda details: [("iban", T("Not here."))], lambda d: [7]])
def test_a_rail_that_falls_over_it_keeps_nobody_from_their_money(
    client: FlaskClient, instance: Instance, boat: scene.Stage, answer: Any
) -> None:
    says["check"], says["shown"] = answer, KeyError("phone")
    sign_in(client, "influencer")
    assert client.post(ACCOUNT, data={**TAX, **PHONE}).status_code == 303
    found = method(instance)
    assert found and found.shown == {"boat": ""}
