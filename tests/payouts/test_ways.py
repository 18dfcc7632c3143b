"""What a run's way of payment will do, what it asks for and what stands in its way, as the pages say it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core import i18n, outbox, wiring
from core.instance import Instance
from core.ledger.verify import verify
from core.mail import MailMessage
from core.payouts.models import Payout, PayoutRun
from core.plugin_api.payout_rails import Accepted
from core.plugin_api.payout_rails import Refused as RailRefused
from core.plugin_host import roll
from core.plugin_host.host import PluginHost
from core.plugin_host.models import PluginSetting, PluginSwitch
from samverk import Ambiguous, Context, NeedsAction, Outcome, PayoutBatch, PayoutRail, SettingField, T, texts
from tests.foreign import host_of
from tests.payouts import stage as scene
from tests.payouts.rails import Bank, mumble
from tests.payouts.test_handing_over import later, payout
from tests.world import build as build_world
from tests.world import sign_in

FILE = b"<Document/>"
HAND = "Nothing leaves your account by itself."


class BankFile(PayoutRail):
    """One file for the batch, for a person to upload; it knows nothing more."""

    name = "bankfile"
    title = T("Bank file")
    reaches_out = False
    settings = (SettingField("payer", T("Account of the payer")),)

    def submit(self, ctx: Context, batch: PayoutBatch, key: str) -> Mapping[str, Outcome]:
        """The same words and file for every order."""
        asked = NeedsAction(T("Upload the file in your bank."), file_name="pain.xml", file=FILE)
        return {order.reference: asked for order in batch.orders}


def use(instance: Instance, host: PluginHost) -> None:
    instance.__dict__["plugins"] = host
    wiring.connect(instance)


def fill_in(instance: Instance, plugin: str, key: str) -> None:
    with instance.database.write() as session:
        session.add(PluginSetting(plugin=plugin, key=key, value="FI2112345600000785"))


@pytest.fixture
def two(instance: Instance, now: list[datetime]) -> scene.Stage:
    """Aino and Beda are to be paid, and the bank file is there, but not set up."""
    use(instance, host_of(BankFile))
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        stage.approve()
        stage.account(instance.keyring)
        scene.second_payee(session, stage, instance.keyring)
    now[0] += timedelta(days=14)
    return stage


def payouts(instance: Instance) -> list[Payout]:
    with instance.database.session() as session:
        return list(session.scalars(select(Payout).order_by(Payout.payee_name)))


def handed_over(client: FlaskClient, rail: str) -> str:
    """The address of a run that was prepared and approved on the pages."""
    made = client.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": rail})
    assert client.post(made.location + "/approve", data={}).status_code == 303
    return str(made.location)


def test_before_a_run_is_approved_its_way_says_what_it_will_do(
    client: FlaskClient, instance: Instance, two: scene.Stage, bank: Bank
) -> None:
    wired = instance.plugins
    sign_in(client, "owner")
    made = client.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": "wire"})
    page = client.get(made.location + "/approve").text
    assert "Wire is told to pay as soon as you approve" in page and HAND not in page
    assert "<dt>Way of payment</dt><dd>Wire</dd>" in page and "<dd>Wire</dd>" in client.get(made.location).text
    assert client.post(made.location + "/cancel", data={}).status_code == 303
    made = client.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": "manual"})
    page = client.get(made.location + "/approve").text
    assert HAND in page and "<dd>Manual transfer</dd>" in page and "told to pay" not in page
    assert client.post(made.location + "/cancel", data={}).status_code == 303
    use(instance, host_of(BankFile))
    fill_in(instance, "bankfile", "payer")
    made = client.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": "bankfile"})
    page = client.get(made.location + "/approve").text
    assert "Bank file sends nothing by itself" in page and "told to pay" not in page and HAND not in page
    assert wired is not instance.plugins


def test_a_way_without_its_settings_is_not_offered(client: FlaskClient, instance: Instance, two: scene.Stage) -> None:
    sign_in(client, "owner")
    page = client.get("/admin/payouts").text
    assert "Bank file cannot pay before its settings are filled in." in page and "/admin/plugins/bankfile" in page
    assert "rail=bankfile" not in page and "Prepare a run in EUR" in page
    told = client.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": "bankfile"}, follow_redirects=True)
    assert "cannot pay before its settings" in told.text
    client.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": "nobody"})
    assert payouts(instance) == [], "not by another way than the one that was asked for either"
    fill_in(instance, "bankfile", "payer")
    assert "rail=bankfile" in client.get("/admin/payouts").text
    made = client.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": "bankfile"})
    with instance.database.write() as session:
        session.query(PluginSetting).delete()
    told = client.post(made.location + "/approve", data={})
    assert told.status_code == 422 and "cannot pay before its settings" in told.text
    assert {row.state for row in payouts(instance)} == {"awaiting_approval"}


def test_what_a_way_asks_for_is_shown_also_when_it_reaches_nothing_outside(
    client: FlaskClient, instance: Instance, two: scene.Stage
) -> None:
    fill_in(instance, "bankfile", "payer")
    sign_in(client, "owner")
    run = handed_over(client, "bankfile")
    first = payouts(instance)[0]
    for page in (client.get(run).text, client.get(f"/admin/payouts/{first.public_id}").text):
        assert "Upload the file in your bank." in page and f"/admin/payouts/{first.public_id}/file" in page
        assert "exactly these words" not in page, "nobody is told to make the transfer by hand besides"
        assert "It is done" not in page, "there is nobody to ask whether it is done"
    assert "for 2 payments" in client.get(run).text
    today = client.get("/admin/").text
    assert today.count("asks for") == 1 and "2 payments wait for it." in today and "Send it in your bank" not in today


def test_payments_of_one_file_are_sent_in_one_step(client: FlaskClient, instance: Instance, two: scene.Stage) -> None:
    fill_in(instance, "bankfile", "payer")
    sign_in(client, "owner")
    run = handed_over(client, "bankfile")
    both = [row.public_id for row in payouts(instance)]
    told = {"payment": both, "reference": "NDEA-77", "sent_on": "2026-11-16"}
    assert client.post(run + "/sent", data={**told, "payment": []}).status_code == 422
    wrong = client.post(run + "/sent", data={**told, "payment": both[:1], "sent_on": "2027-11-16"})
    assert wrong.status_code == 422 and "still to come" in wrong.text and wrong.text.count(" checked>") == 1
    assert {row.state for row in payouts(instance)} == {"requires_action"}
    assert client.post(run + "/sent", data=told).status_code == 303
    assert {(row.state, row.bank_reference) for row in payouts(instance)} == {("sent", "NDEA-77")}
    assert client.post(run + "/sent", data=told).status_code == 422, "once"
    with instance.database.session() as session:
        assert verify(session).ok
        assert len(session.scalars(select(MailMessage).where(MailMessage.kind == "payout")).all()) == 2
    client.post(f"/admin/payouts/{both[0]}/received", data={"received_on": "2026-11-16"})
    assert payouts(instance)[0].state == "received"
    assert f"/admin/payouts/{both[0]}/file" in client.get(f"/admin/payouts/{both[0]}").text
    assert "/file" in client.get(run).text
    assert client.get(f"/admin/payouts/{both[0]}/file", buffered=True).data == FILE


def test_another_payment_may_not_borrow_the_reference(
    client: FlaskClient, instance: Instance, two: scene.Stage
) -> None:
    fill_in(instance, "bankfile", "payer")
    sign_in(client, "owner")
    run = handed_over(client, "bankfile")
    first, second = (row.public_id for row in payouts(instance))
    told = {"reference": "NDEA-77", "sent_on": "2026-11-16"}
    assert client.post(run + "/sent", data={**told, "payment": first}).status_code == 303
    assert "has this reference already" in client.post(run + "/sent", data={**told, "payment": second}).text


def test_a_payment_that_is_not_through_says_why(
    client: FlaskClient, instance: Instance, approved: scene.Stage, bank: Bank, now: list[datetime], app: Any
) -> None:
    bank.answer = mumble
    outbox.drain(instance.database)
    sign_in(client, "finance")
    row = payout(instance)
    with instance.database.session() as session:
        run = f"/admin/payouts/runs/{session.scalars(select(PayoutRun)).one().public_id}"
    assert "1 payment is not through yet: Timeout" in client.get(run).text
    assert "Not through yet: Timeout" in client.get(f"/admin/payouts/{row.public_id}").text
    creator = sign_in(app.test_client(), "influencer")
    page = creator.get(f"/portal/payouts/{row.public_id}").text
    assert "It takes longer than usual." in page and "Timeout" not in page
    assert "It takes longer than usual" in creator.get("/portal/payouts").text
    bank.answer = lambda reference: Accepted("bank-1")
    later(now, seconds=5)
    outbox.drain(instance.database)
    assert payout(instance).state == "sent" and payout(instance).reason is None
    assert "Timeout" not in client.get(run).text
    assert "longer than usual" not in creator.get(f"/portal/payouts/{row.public_id}").text


def test_what_a_failing_way_raised_is_the_reason(instance: Instance, approved: scene.Stage, bank: Bank) -> None:
    def broken() -> None:
        raise KeyError("token")

    bank.after = broken
    outbox.drain(instance.database)
    assert "The plugin Wire failed" in str(payout(instance).reason)
    bank.after, bank.answer = (lambda: None), (lambda reference: None)


def test_words_that_cannot_be_read_are_kept_as_they_are(instance: Instance, approved: scene.Stage, bank: Bank) -> None:
    bank.answer = lambda reference: Ambiguous(T("No news from %(bank)s", other={1, 2}))
    outbox.drain(instance.database)
    assert "No news from" in str(payout(instance).reason) and payout(instance).state == "processing"


def test_a_way_that_is_gone_is_told_and_finance_has_the_last_word(
    client: FlaskClient, instance: Instance, approved: scene.Stage, bank: Bank, now: list[datetime]
) -> None:
    wired = instance.plugins
    roll.call(instance.database, wired)
    use(instance, PluginHost([record for record in wired.records.values() if record.name != "wire"]))
    outbox.drain(instance.database)
    sign_in(client, "finance")
    row = payout(instance)
    with instance.database.session() as session:
        run = f"/admin/payouts/runs/{session.scalars(select(PayoutRun)).one().public_id}"
    page = client.get(run).text
    assert "The way of payment Wire is not here." in page
    assert "With whoever runs this installation" in page
    assert "The way of payment Wire is not here." in client.get(f"/admin/payouts/{row.public_id}").text
    today = client.get("/admin/").text
    assert "Payout run 1 does not go on" in today and "The way of payment Wire is not here." in today
    later(now, hours=25)
    outbox.drain(instance.database)
    assert payout(instance).state == "unknown" and bank.calls == []
    sign_in(client, "finance")
    assert "The way of payment Wire is not here." in client.get(f"/admin/payouts/{row.public_id}").text
    sent = {"reference": "OWN-1", "sent_on": now[0].date().isoformat()}
    assert client.post(f"/admin/payouts/{row.public_id}/sent", data=sent).status_code == 303
    assert payout(instance).state == "sent"


def test_a_way_that_comes_back_goes_on(
    instance: Instance, approved: scene.Stage, bank: Bank, now: list[datetime]
) -> None:
    wired = instance.plugins
    use(instance, scene.host())
    outbox.drain(instance.database)
    assert payout(instance).reason and payout(instance).state == "processing"
    use(instance, wired)
    later(now, minutes=1)
    outbox.drain(instance.database)
    assert payout(instance).state == "sent" and len(bank.paid) == 1


def test_an_order_waits_for_finance_when_its_way_is_gone(
    client: FlaskClient, instance: Instance, approved: scene.Stage, bank: Bank
) -> None:
    bank.answer = lambda reference: NeedsAction(T("Sign in your bank."), "https://bank.example/sign")
    outbox.drain(instance.database)
    use(instance, scene.host())
    sign_in(client, "finance")
    row = payout(instance)
    with instance.database.session() as session:
        run = f"/admin/payouts/runs/{session.scalars(select(PayoutRun)).one().public_id}"
    page = client.get(run).text
    assert "Sign in your bank." in page and "It is done" not in page and "Mark as sent" in page
    sent = {"payment": row.public_id, "reference": "OWN-1", "sent_on": scene.on(0).isoformat()}
    assert client.post(run + "/sent", data=sent).status_code == 303
    assert payout(instance).state == "sent"


PO = """msgid ""
msgstr "Content-Type: text/plain; charset=utf-8"

msgid "The account of %(name)s is closed."
msgstr "Tili on suljettu: %(name)s."
"""


def test_a_refusal_is_read_in_the_language_of_its_reader(
    client: FlaskClient, instance: Instance, approved: scene.Stage, bank: Bank, app: Any, tmp_path: Path
) -> None:
    (tmp_path / "fi" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "fi" / "LC_MESSAGES" / "wire.po").write_text(PO, "utf-8")
    i18n.add_domain("wire", tmp_path)
    with instance.database.write() as session:
        for name, locale in (("finance", "fi"), ("influencer", "fi"), ("manager", "en")):
            session.merge(approved.world.people[name]).locale = locale
    bank.answer = lambda reference: RailRefused(texts("wire")("The account of %(name)s is closed.", name="Aino"))
    outbox.drain(instance.database)
    row = payout(instance)
    finnish, english = "Tili on suljettu: Aino.", "The account of Aino is closed."
    for face, name, words in (
        ("admin", "finance", finnish), ("admin", "manager", english), ("portal", "influencer", finnish),
    ):  # fmt: skip
        page = sign_in(app.test_client(), name).get(f"/{face}/payouts/{row.public_id}").text
        assert words in page, name
    with instance.database.session() as session:
        (mail,) = session.scalars(select(MailMessage).where(MailMessage.kind == "payout"))
        assert finnish in mail.body and english not in mail.body


def test_a_way_that_was_switched_off_pays_nothing_new(
    client: FlaskClient, instance: Instance, two: scene.Stage, bank: Bank
) -> None:
    sign_in(client, "owner")
    made = client.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": "wire"})
    with instance.database.write() as session:
        session.add(PluginSwitch(brand_id=two.world.brand.id, plugin="wire", enabled=False))
    told = client.post(made.location + "/approve", data={})
    assert told.status_code == 422 and "Wire is switched off" in told.text
    with instance.database.write() as session:
        session.query(PluginSwitch).one().enabled = True
    assert client.post(made.location + "/approve", data={}).status_code == 303
    with instance.database.write() as session:
        session.query(PluginSwitch).one().enabled = False
    assert "what was handed over goes on" in client.get(made.location).text
    outbox.drain(instance.database)
    assert {row.state for row in payouts(instance)} == {"sent"}


def test_the_message_that_a_person_copies_is_what_a_rail_gets(
    client: FlaskClient, instance: Instance, approved: scene.Stage, bank: Bank, app: Any
) -> None:
    outbox.drain(instance.database)
    (order,) = next(iter(bank.batches.values())).orders
    assert order.message == payout(instance).message
    page = sign_in(app.test_client(), "influencer").get(f"/portal/payouts/{order.reference}").text
    assert f"<dt>Message</dt><dd>{order.message}</dd>" in page


def test_a_manual_transfer_is_copied_word_for_word(client: FlaskClient, instance: Instance, two: scene.Stage) -> None:
    sign_in(client, "owner")
    handed_over(client, "manual")
    row = payouts(instance)[0]
    page = client.get(f"/admin/payouts/{row.public_id}").text
    assert "exactly these words" in page and "What to do" not in page and row.message in page
    assert "Send €600.00 to Aino Laine" in client.get("/admin/").text
