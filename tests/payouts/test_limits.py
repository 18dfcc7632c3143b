"""What a rail sends: whole steps from a smallest amount on, asked behind the fence, to the cent."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from core.crypto import Keyring
from core.earnings.models import Earning
from core.instance import Instance
from core.ledger import accounts as plan
from core.ledger import queries as ledger
from core.ledger.verify import verify
from core.money import Money
from core.payouts import own, service
from core.payouts.limits import Limits, limits_of
from core.payouts.models import PayoutLine
from core.plugin_api.text import T
from tests.payouts import stage as scene
from tests.payouts.rails import Bank, host_with
from tests.world import build as build_world
from tests.world import sign_in

WIRE = T("Wire")


@pytest.mark.parametrize(
    ("step", "minimum", "given", "sent"),
    [
        (1, 1, 1, 1),
        (100, 100, 12_345, 12_300),
        (100, 100, 99, 0),
        (1, 500, 499, 0),
        (1, 500, 500, 500),
        (100, 550, 599, 0),
        (100, 550, 600, 600),
        (1, 1, -5, 0),
    ],
)
def test_an_amount_is_rounded_down_and_not_below_the_smallest(step: int, minimum: int, given: int, sent: int) -> None:
    limits = Limits("wire", WIRE, step, minimum)
    assert limits.sends(Money(given, "EUR")) == Money(sent, "EUR")
    if given > 0:
        assert (limits.why_not(Money(given, "EUR")) is None) == (sent > 0)


def test_the_smallest_payment_that_is_named_is_one_that_is_sent() -> None:
    limits = Limits("wire", WIRE, 100, 550)
    assert "€6.00, the smallest payment that Wire sends" in str(limits.why_not(Money(599, "EUR")))


def test_limits_are_those_that_the_rail_declares() -> None:
    host = host_with(Bank(), steps=100, least=2_000, currency="EUR")
    assert limits_of(host, "wire", "EUR") == Limits("wire", WIRE, 100, 2_000)
    assert str(limits_of(host, "wire", "SEK").fault) == "Wire does not send SEK."
    assert limits_of(host, "manual", "SEK") == Limits()
    assert "The way of payment “gone” is not here: the installation" in str(limits_of(host, "gone", "EUR").fault)
    assert limits_of(host_with(Bank(), steps=0), "wire", "EUR").fault, "a step of nothing is the rail's fault"


def payable(stage: scene.Stage) -> int:
    """What is payable by the books and by the rows, which are the same."""
    here = ledger.balance(stage.session, stage.world.brand.id, plan.payable(stage.collaboration.id), "EUR").minor
    rows = select(func.coalesce(func.sum(Earning.amount_minor), 0)).where(
        Earning.collaboration_id == stage.collaboration.id, Earning.state == "payable", Earning.settles == "cash"
    )
    assert stage.session.scalar(rows) == here
    return here


def test_the_rest_of_a_rounded_payment_stays_payable_to_the_cent(
    stage: scene.Stage, keyring: Keyring, today: list[int]
) -> None:
    other = scene.build(stage.session, stage.world, name="2", components=[scene.component("c1", "fixed", amount=60)])
    stage.approve()
    other.approve()
    stage.account(keyring)
    stage.session.flush()
    run = stage.run(limits=Limits("manual", WIRE, 700, 700))
    (payout,) = service.payouts_of(stage.session, run)
    assert payout.amount.minor == 59_500 == 60_060 // 700 * 700
    lines = select(func.sum(PayoutLine.amount_minor)).where(PayoutLine.payout_id == payout.id)
    assert stage.session.scalar(lines) == 59_500
    service.approve_run(stage.session, stage.world.owner, run)
    assert payable(stage) + payable(other) == 560
    assert stage.earn() == [] and other.earn() == [], "the models have nothing to add"
    scene.hand_over(stage.session, keyring, run)
    mine = own.groups(stage.session, stage.world.creator)
    paid = next(row for row in mine if row.payout and row.collaboration is stage.collaboration)
    assert (paid.count, paid.rows, paid.amount.minor) == (1, 2, 59_440) and "Reel 1" in str(paid.reason)
    rest = next(row for row in mine if not row.payout)
    assert (rest.count, rest.rows, str(rest.reason)) == (0, 1, "The rest of a payment that was rounded down.")
    service.mark_sent(
        stage.session, stage.world.owner, payout, reference="N-1", sent_on=scene.on(0), base_url=scene.BASE
    )
    stage.approve(1)
    last = stage.sent(keyring, "N-2")
    assert last.amount.minor == 60_560
    assert payable(stage) + payable(other) == 0
    assert verify(stage.session).ok


@pytest.mark.parametrize("end", ["cancel", "fail"])
def test_what_was_rounded_and_not_paid_is_payable_as_before(stage: scene.Stage, keyring: Keyring, end: str) -> None:
    stage.approve()
    stage.account(keyring)
    run = stage.run(limits=Limits("manual", WIRE, 700, 700))
    if end == "cancel":
        service.cancel_run(stage.session, stage.world.owner, run)
    else:
        service.approve_run(stage.session, stage.world.owner, run)
        scene.hand_over(stage.session, keyring, run)
        (payout,) = service.payouts_of(stage.session, run)
        service.mark_failed(stage.session, stage.world.owner, payout, reason="No", base_url=scene.BASE)
    assert payable(stage) == 60_000
    assert stage.sent(keyring).amount.minor == 60_000
    assert verify(stage.session).ok


def test_too_small_waits_and_the_influencer_sees_why(client: FlaskClient, instance: Instance, today: list[int]) -> None:
    host = instance.__dict__["plugins"] = host_with(Bank(), least=100_000)
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        stage.approve()
        stage.account(instance.keyring)
        limits = limits_of(host, "wire", "EUR")
        run, (blocked,) = service.prepare_run(
            session, stage.world.owner, stage.world.brand, currency="EUR", limits=limits, base_url=scene.BASE
        )
        assert run is None and "less than €1,000.00" in str(blocked.reason)
        assert own.kept_back(session, stage.world.creator, host) == {}, "by hand it would be paid"
        stage.approve(1)
        wired = stage.run(limits=limits)
        service.cancel_run(session, stage.world.owner, wired)
        stage.deliverables[1].approved_at = None
        stage.earn()
    today[0] = 14
    sign_in(client, "owner")
    assert "less than €1,000.00" in client.get("/admin/payouts?rail=wire").text
    assert "less than" not in client.get("/admin/payouts?rail=manual").text
    refused = client.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": "wire"}, follow_redirects=True)
    assert "less than €1,000.00" in refused.text
    sign_in(client, "influencer")
    page = client.get("/portal/payouts").text
    assert "€600.00 is less than €1,000.00, the smallest payment that Wire sends" in page
