"""The money pages of both faces, through the browser's door."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from core import clock
from core.earnings import service as earnings
from core.earnings.models import Earning
from core.instance import Instance
from core.payouts import service
from core.payouts.limits import Limits
from core.payouts.models import Payout, PayoutMethod
from core.plugin_api.text import T
from tests.databases import statements
from tests.payouts import stage as scene
from tests.world import build as build_world
from tests.world import sign_in


@pytest.fixture
def shown(instance: Instance, today: list[int]) -> Iterator[scene.Stage]:
    """An approved reel, a sale on hold, a gift, and a bank account, committed."""
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        stage.approve()
        stage.sell(100_000, "=A1", clock.now() - timedelta(days=2))
        stage.gift()
        stage.account(instance.keyring)
    yield stage


@pytest.fixture
def due(shown: scene.Stage, today: list[int]) -> scene.Stage:
    """The same two weeks later: the reel is due, the sale's hold period is over."""
    today[0] = 14
    return shown


def run_of(instance: Instance, stage: scene.Stage, *, approve: bool = True, send: bool = False) -> tuple[str, str]:
    """A run and its one payout, by their public ids."""
    with instance.database.write() as session:
        again = scene.Stage(session, stage.world, stage.campaign, stage.collaboration, stage.deliverables)
        run = again.run()
        if approve:
            service.approve_run(session, stage.world.actors["finance"], run)
            scene.hand_over(session, instance.keyring, run)
        (payout,) = service.payouts_of(session, run)
        if send:
            service.mark_sent(
                session, stage.world.owner, payout, reference="NDEA-1", sent_on=scene.on(14), base_url=scene.BASE
            )
        return run.public_id, payout.public_id


def payout_in(instance: Instance, public_id: str) -> Payout:
    """A payout as it is stored."""
    with instance.database.session() as session:
        return session.query(Payout).filter_by(public_id=public_id).one()


def test_the_brand_prepares_approves_and_sends(client: FlaskClient, instance: Instance, due: scene.Stage) -> None:
    sign_in(client, "owner")
    page = client.get("/admin/payouts").text
    assert "Aino Laine" in page and "€600.00" in page and "Contract 2026-1" in page
    made = client.post("/admin/payouts/prepare", data={"currency": "EUR"})
    run = client.get(made.location).text
    assert "You prepared this run yourself" in run and "Waits for approval" in run
    sure = client.get(made.location + "/approve").text
    assert "1 person is paid €600.00 in all." in sure
    assert client.post(made.location + "/approve", data={}).status_code == 303
    with instance.database.write() as session:
        payout = session.query(Payout).one().public_id
    page = client.get(f"/admin/payouts/{payout}").text
    assert "FI2112345600000785" in page and "Send it in your bank" in page
    wrong = client.post(f"/admin/payouts/{payout}/sent", data={"reference": "", "sent_on": "2026-11-16"})
    assert wrong.status_code == 422 and "Fill in this field." in wrong.text
    sent = client.post(f"/admin/payouts/{payout}/sent", data={"reference": "NDEA-1", "sent_on": "2026-11-16"})
    assert sent.status_code == 303
    assert payout_in(instance, payout).state == "sent"


def test_only_approvers_see_the_account_number(client: FlaskClient, instance: Instance, due: scene.Stage) -> None:
    run, payout = run_of(instance, due)
    sign_in(client, "manager")
    page = client.get(f"/admin/payouts/{payout}")
    assert page.status_code == 200 and "FI2112345600000785" not in page.text
    assert client.get(f"/admin/payouts/runs/{run}/csv").status_code == 403
    assert client.post(f"/admin/payouts/{payout}/sent", data={}).status_code == 403


def test_another_brand_gets_a_404(client: FlaskClient, instance: Instance, due: scene.Stage) -> None:
    run, payout = run_of(instance, due)
    sign_in(client, "outsider")
    for path in (f"/admin/payouts/{payout}", f"/admin/payouts/runs/{run}", f"/admin/payouts/runs/{run}/csv"):
        assert client.get(path).status_code == 404
    assert "Aino" not in client.get("/admin/payouts").text + client.get("/admin/earnings").text


def test_a_run_as_a_table_is_safe_from_formulas(
    client: FlaskClient, instance: Instance, shown: scene.Stage, today: list[int]
) -> None:
    with instance.database.write() as session:
        session.query(PayoutMethod).update({"payee_name": '=HYPERLINK("x")'})
    today[0] = 14
    run, _ = run_of(instance, shown)
    sign_in(client, "finance")
    text = client.get(f"/admin/payouts/runs/{run}/csv").text
    assert "'=HYPERLINK" in text and "FI2112345600000785" in text and "600.00" in text


def test_a_payment_that_failed_goes_into_a_new_run(client: FlaskClient, instance: Instance, due: scene.Stage) -> None:
    _, payout = run_of(instance, due)
    sign_in(client, "finance")
    assert client.post(f"/admin/payouts/{payout}/failed", data={"reason": "Wrong name"}).status_code == 303
    assert "Wrong name" in client.get(f"/admin/payouts/{payout}").text
    assert "€600.00" in client.get("/admin/payouts").text


def test_whoever_is_paid_finds_a_payment_that_failed_until_it_is_tried_again(
    client: FlaskClient, instance: Instance, due: scene.Stage
) -> None:
    _, payout = run_of(instance, due)
    sign_in(client, "influencer")

    def told() -> list[bool]:
        said, link = "€600.00 from Havsro did not go through.", f'Wrong name <a href="/portal/payouts/{payout}">'
        pages = [client.get(path).text for path in ("/portal/", "/portal/payouts")]
        assert all((said in page) == (link in page) for page in pages)
        return [said in page for page in pages]

    assert told() == [False, False]
    with instance.database.write() as session:
        failed = session.query(Payout).one()
        service.mark_failed(session, due.world.actors["finance"], failed, reason="Wrong name", base_url=scene.BASE)
    assert told() == [True, True]
    run_of(instance, due, approve=False)
    assert told() == [False, False]


def test_one_earning_that_is_rounded_is_told_as_one(client: FlaskClient, instance: Instance, due: scene.Stage) -> None:
    with instance.database.write() as session:
        again = scene.Stage(session, due.world, due.campaign, due.collaboration, due.deliverables)
        run = again.run(limits=Limits("manual", T("Wire"), 700, 700)).public_id
    page = sign_in(client, "finance").get(f"/admin/payouts/runs/{run}").text
    assert "€595.00" in page and "1 earning<" in page
    page = sign_in(client, "influencer").get("/portal/payouts").text
    assert "€595.00" in page and "Fixed fee for Reel 1" in page and "2 lines" not in page and "See every line" in page


def test_finance_enters_the_day_of_the_statement(client: FlaskClient, instance: Instance, due: scene.Stage) -> None:
    _, payout = run_of(instance, due, send=True)
    sign_in(client, "finance")
    early = client.post(f"/admin/payouts/{payout}/received", data={"received_on": "2026-11-15"})
    assert early.status_code == 422 and "before it was sent" in early.text
    assert client.post(f"/admin/payouts/{payout}/received", data={"received_on": "2026-11-16"}).status_code == 303
    assert payout_in(instance, payout).received_by == "statement"


def test_a_run_can_be_cancelled(client: FlaskClient, instance: Instance, due: scene.Stage) -> None:
    run, payout = run_of(instance, due, approve=False)
    sign_in(client, "manager")
    assert "Nobody is paid by this run" in client.get(f"/admin/payouts/runs/{run}/cancel").text
    assert client.post(f"/admin/payouts/runs/{run}/cancel", data={}).status_code == 303
    assert payout_in(instance, payout).state == "canceled"


def test_earnings_and_books(client: FlaskClient, shown: scene.Stage) -> None:
    sign_in(client, "finance")
    page = client.get("/admin/earnings").text
    assert "€100.00" in page and "10 % of €1,000.00" in page and "Booked as value" in page
    assert "€600.00" not in client.get("/admin/earnings?state=pending").text.split("<table")[1]
    assert "No earnings here" in client.get("/admin/earnings?q=nobody").text
    books = client.get("/admin/ledger?verify=1&kind=pending").text
    assert "The books are right" in books and "Autumn tents 1" in books
    account = f"influencer:{shown.collaboration.id}:pending"
    assert "Hold period over" in client.get(f"/admin/ledger?kind=pending&account={account}&currency=EUR").text
    assert client.get("/admin/ledger?account=nonsense&kind=nonsense&currency=XXX").status_code == 200


def test_the_influencer_sees_every_amount_explained(
    client: FlaskClient, instance: Instance, shown: scene.Stage, today: list[int]
) -> None:
    sign_in(client, "influencer")
    page = client.get("/portal/payouts").text
    for words in ("Due to be paid to you", "€600.00", "On hold until", "Gifts, as value", "€300.00", "Contract"):
        assert words in page
    today[0] = 14
    _, payout = run_of(instance, shown, send=True)
    sign_in(client, "influencer")  # two weeks later the session is over
    page = client.get("/portal/payouts").text
    assert "On its way to you" in page and "Say that it arrived" in page
    page = client.get(f"/portal/payouts/{payout}").text
    assert "NDEA-1" in page and "Has it arrived?" in page
    assert client.post(f"/portal/payouts/{payout}", data={"received_on": "2026-11-16"}).status_code == 303
    assert payout_in(instance, payout).received_by == "influencer"
    assert "Received on" in client.get(f"/portal/payouts/{payout}").text


def test_somebody_elses_payment_is_a_404(client: FlaskClient, instance: Instance, due: scene.Stage) -> None:
    _, payout = run_of(instance, due, send=True)
    with instance.database.write() as session:
        from core.influencers.models import Influencer

        session.add(Influencer(person_id=due.world.people["viewer"].id, display_name="Somebody", country="FI"))
    sign_in(client, "viewer")
    assert client.get(f"/portal/payouts/{payout}").status_code == 404
    assert client.get(f"/portal/payouts/lines/{due.collaboration.public_id}/c2").status_code == 404
    assert "Nothing earned yet" in client.get("/portal/payouts").text


def test_every_line_of_a_part(client: FlaskClient, shown: scene.Stage) -> None:
    sign_in(client, "influencer")
    page = client.get(f"/portal/payouts/lines/{shown.collaboration.public_id}/c2").text
    assert "order =A1" in page and "At most €400.00 in all." in page


def test_the_statement_of_a_year(client: FlaskClient, shown: scene.Stage) -> None:
    sign_in(client, "influencer")
    text = client.get("/portal/payouts/statement/2026").text
    assert text.startswith("\ufeffEarned on;Brand") and text.count("Autumn tents 1") == 3
    assert len(client.get("/portal/payouts/statement/2025").text.splitlines()) == 1
    assert client.get("/portal/payouts/statement/1").status_code == 404


def test_the_bank_account_is_checked_and_kept(client: FlaskClient, instance: Instance, shown: scene.Stage) -> None:
    sign_in(client, "influencer")
    page = client.get("/portal/payouts/account").text
    assert "ending in 0785" in page and "FI21" not in page
    wrong = client.post("/portal/payouts/account", data={**scene.ACCOUNT, "iban": "FI21 1234 5600 0007 86"})
    assert wrong.status_code == 422 and "not a valid IBAN" in wrong.text and "Kaivokatu" in wrong.text
    wrong = client.post("/portal/payouts/account", data={**scene.ACCOUNT, "tax_id": "131052-308U"})
    assert wrong.status_code == 422 and "not a tax number" in wrong.text
    kept = client.post("/portal/payouts/account", data={**scene.ACCOUNT, "iban": "", "tax_id": "", "town": "Espoo"})
    assert kept.status_code == 303
    with instance.database.session() as session:
        method = session.query(PayoutMethod).one()
        assert (method.town, method.iban_last4) == ("Espoo", "0785")


def test_pages_ask_the_database_a_bounded_number_of_times(
    client: FlaskClient, instance: Instance, shown: scene.Stage, today: list[int]
) -> None:
    def count(path: str) -> int:
        with statements(instance.database.engine) as asked:
            assert client.get(path).status_code == 200
        return len([one for one in asked if one.lstrip().upper().startswith("SELECT")])

    today[0] = 14
    sign_in(client, "owner")
    paths = ("/admin/payouts", "/admin/earnings", "/admin/ledger?kind=pending")
    before = [count(path) for path in paths]
    with instance.database.write() as session:
        again = scene.Stage(session, shown.world, shown.campaign, shown.collaboration, shown.deliverables)
        for number in range(30):
            again.sell(1_000, f"B{number}")
        for number in range(3):
            scene.build(session, shown.world, name=f"x{number}").approve()
    assert [count(path) for path in paths] == before
    assert max(before) <= 3 + 8  # session, person and roles come first
    with instance.database.session() as session:
        assert session.query(Earning).count() == 36
    assert earnings.OPEN[0] == "pending"


def test_money_without_an_account_is_a_task_of_the_influencer(
    client: FlaskClient, instance: Instance, today: list[int]
) -> None:
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        stage.approve()
    sign_in(client, "influencer")
    page = client.get("/portal/").text
    assert "Say where your money goes" in page and "€600.00 can be paid" in page and "/portal/payouts/account" in page
    assert "16 Nov" in page
    with instance.database.write() as session:
        scene.Stage(session, stage.world, stage.campaign, stage.collaboration, stage.deliverables).account(
            instance.keyring
        )
    assert "Say where your money goes" not in client.get("/portal/").text


def test_a_run_whose_payments_have_arrived_is_finished(
    client: FlaskClient, instance: Instance, due: scene.Stage
) -> None:
    run, payout = run_of(instance, due, send=True)
    sign_in(client, "finance")
    assert "Finished" not in client.get("/admin/payouts").text
    client.post("/sign-out")
    sign_in(client, "influencer")
    assert client.post(f"/portal/payouts/{payout}", data={"received_on": "2026-11-16"}).status_code == 303
    client.post("/sign-out")
    sign_in(client, "finance")
    assert (
        "Finished" in client.get("/admin/payouts").text and "Finished" in client.get(f"/admin/payouts/runs/{run}").text
    )


def test_what_has_to_be_typed_is_not_called_optional(client: FlaskClient, instance: Instance) -> None:
    with instance.database.write() as session:
        build_world(session)
    sign_in(client, "influencer")
    page = client.get("/portal/payouts/account").text
    assert page.count("(optional)") == 1, "the house number alone"
    wrong = {**scene.ACCOUNT, "postcode": "123"}
    assert "has 5 digits" in client.post("/portal/payouts/account", data=wrong).text
