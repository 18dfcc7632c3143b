"""A payment that failed by its rail's word, and arrived by its next: it is not paid again before somebody looked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.crypto import Keyring
from core.earnings import service as earnings
from core.earnings.models import Earning
from core.errors import Denied, Invalid, Refused
from core.instance import Instance
from core.ledger import accounts as plan
from core.ledger import queries as ledger
from core.ledger.verify import verify
from core.mail import MailMessage
from core.outbox import drain
from core.payouts import contested, heard, own, queries, service
from core.payouts.limits import Limits
from core.payouts.models import Payout, PayoutRun
from samverk import RailEvent
from tests.payouts import stage as scene
from tests.payouts.rails import Bank, mumble
from tests.payouts.test_heard import Line
from tests.world import sign_in


class Doubtful(Line):
    """A payment that its rail says has failed, and the run that comes next."""

    bank: Bank
    next: PayoutRun | None = None

    @property
    def first(self) -> Payout:
        return service.payouts_of(self.session, self.run)[0]

    @property
    def payout(self) -> Payout:
        return self.first

    @property
    def finance(self) -> object:
        return self.stage.world.actors["finance"]

    def prepare(self) -> None:
        self.next, self.blocked = service.prepare_run(
            self.session, self.stage.world.actors["manager"], self.stage.world.brand, currency="EUR",
            base_url=scene.BASE, limits=Limits("wire"),
        )  # fmt: skip

    def approve(self) -> None:
        if self.next:
            service.approve_run(self.session, self.stage.world.actors["finance"], self.next)

    def hand_over_next(self) -> None:
        if self.next and self.next.state == "approved":
            scene.hand_over(self.session, self.keyring, self.next, self.host)

    def doubt(self) -> None:
        self.tell(self.event("received", 2))

    def arrived(self, day: int = 0) -> None:
        contested.arrived(
            self.session, self.stage.world.actors["finance"], self.first, received_on=scene.on(day), base_url=scene.BASE
        )

    def settle(self, answer: str) -> None:
        if answer == "arrived":
            self.arrived()
        for report in self.open():
            heard.looked_at(self.session, self.stage.world.actors["finance"], self.first, report.public_id)

    def owed(self) -> list[queries.Owed]:
        return queries.owed(self.session, self.stage.world.actors["finance"], self.stage.world.brand.id)

    def out(self) -> int:
        return -ledger.balance(self.session, self.first.brand_id, plan.rail_cash("wire"), "EUR").minor


@pytest.fixture
def line(session: Session, keyring: Keyring, stage: scene.Stage) -> Doubtful:
    """Handed over, with no clear answer, then failed by the rail's word."""
    bank = Bank()
    bank.answer = mumble
    made = Doubtful(session, keyring, stage, bank)
    made.bank = bank
    made.hand_over()
    made.tell(made.event("failed", 1))
    assert made.first.state == "failed"
    bank.answer = Bank().answer
    return made


STEPS = ("prepare", "approve", "hand_over_next")


@pytest.mark.parametrize("answer", ["arrived", "did not"])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_whenever_it_is_told_before_the_hand_over_nobody_is_paid_twice(
    line: Doubtful, before: int, answer: str
) -> None:
    for number, step in enumerate(STEPS):
        if number == before:
            line.doubt()
        if number == before == 1:
            with pytest.raises(Refused, match="Look at that payment first"), line.session.begin_nested():
                line.approve()
            assert line.next
            service.cancel_run(line.session, line.stage.world.actors["manager"], line.next)
            line.next = None
        getattr(line, step)()
    assert list(line.bank.paid) == [line.first.public_id] and verify(line.session).ok
    line.prepare()
    assert line.next is None and "Look at that payment first" in str(line.blocked[0].reason)
    (one,) = line.owed()
    assert one.blocked == line.blocked[0].reason and one.amount == line.first.amount
    line.settle(answer)
    for step in STEPS:
        getattr(line, step)()
    twice = answer == "did not"
    assert len(line.bank.paid) == 1 + twice and line.out() == 60_000
    assert line.first.state == ("failed" if twice else "received")
    assert set(line.session.scalars(select(Earning.state))) == {"paid"} and verify(line.session).ok


def test_what_was_told_after_the_hand_over_cannot_be_settled_as_arrived(line: Doubtful) -> None:
    for step in STEPS:
        getattr(line, step)()
    line.doubt()
    with pytest.raises(Refused, match="in another payment by now"), line.session.begin_nested():
        line.arrived()
    assert line.open() and line.first.state == "failed" and verify(line.session).ok


def test_it_did_arrive(line: Doubtful) -> None:
    line.doubt()
    with pytest.raises(Denied):
        contested.arrived(
            line.session, line.stage.world.actors["manager"], line.first, received_on=scene.on(0), base_url=scene.BASE
        )
    for day in (1, -30):
        with pytest.raises(Invalid):
            line.arrived(day)
    line.arrived()
    row = line.first
    assert (row.state, row.received_on, row.received_by, row.said) == ("received", scene.on(0), "statement", None)
    assert not line.open() and line.owed() == []
    mail = line.session.scalars(select(MailMessage.subject).order_by(MailMessage.id.desc())).first()
    assert mail == "The payment of €600.00 arrived after all"
    line.check()
    line.tell(line.event("returned", 1, "late"))
    assert row.state == "received", "what is older than its arrival is not taken"
    line.tell(line.event("returned", 3))
    assert row.state == "returned"
    line.check()
    line.doubt()
    line.tell(line.event("received", 5))
    line.arrived()
    line.check()


def test_what_was_taken_back_meanwhile_stands_as_an_advance(line: Doubtful, today: list[int]) -> None:
    line.doubt()
    sale = line.stage.sell(100_000, "A1")
    today[0] = 15
    earnings.release_due(line.session)
    for step in STEPS:
        getattr(line, step)()
    assert line.out() == 10_000
    line.stage.refund(sale, 100_000, "R1")
    line.prepare()
    assert line.next is None, "a debt waits for what it may be netted from"
    line.arrived()
    collab, brand = line.stage.collaboration.id, line.stage.world.brand.id
    standing = [
        ledger.balance(line.session, brand, code, "EUR").minor for code in (plan.payable(collab), plan.advance(collab))
    ]
    assert standing == [0, 10_000] and verify(line.session).ok and line.out() == 70_000
    line.tell(line.event("returned", 3))
    assert ledger.balance(line.session, brand, plan.payable(collab), "EUR").minor == 50_000 and verify(line.session).ok


def test_other_earnings_are_paid_meanwhile(line: Doubtful) -> None:
    line.doubt()
    line.stage.approve(1)
    line.prepare()
    assert line.next and len(line.blocked) == 1
    line.approve()
    line.hand_over_next()
    assert line.out() == 60_000 and verify(line.session).ok
    line.arrived()
    assert line.out() == 120_000 and verify(line.session).ok


@pytest.mark.parametrize(("answer", "debt"), [("arrived", 70_000), ("did not", 10_000)])
def test_a_debt_is_not_let_go_with_what_may_have_been_paid(
    line: Doubtful, today: list[int], answer: str, debt: int
) -> None:
    """All that was paid by another run is taken back: 700 against the 600 that may have arrived."""
    line.doubt()
    line.stage.approve(1)
    sale = line.stage.sell(100_000, "A1")
    today[0] = 15
    earnings.release_due(line.session)
    for step in STEPS:
        getattr(line, step)()
    line.stage.refund(sale, 100_000, "R1")
    line.stage.deliverables[1].approved_at = None
    line.stage.earn()

    def write_off() -> Earning:
        finance, place = line.stage.world.actors["finance"], line.stage.collaboration
        return service.write_off(line.session, finance, place, reason="Goodwill", base_url=scene.BASE)

    with pytest.raises(Refused, match="Look at that payment first"), line.session.begin_nested():
        write_off()
    line.settle(answer)
    assert write_off().amount_minor == debt and verify(line.session).ok


def test_only_what_the_payment_carried_waits(line: Doubtful, today: list[int]) -> None:
    """Other money of the same brand in the same currency is prepared as always."""
    line.doubt()
    line.stage.sell(100_000, "A1")
    today[0] = 15
    earnings.release_due(line.session)
    kept = contested.kept_back(line.session, line.stage.world.creator)
    told = {row.kind: str(kept.get(row.place)) for row in own.groups(line.session, line.stage.world.creator)}
    assert told == {
        "fixed": "A payment of €600.00 may have arrived after all: Havsro looks at it first.",
        "commission": "None",
    }


def test_what_was_never_handed_over_did_not_arrive(session: Session, keyring: Keyring, stage: scene.Stage) -> None:
    line = Doubtful(session, keyring, stage, Bank())
    from core import clock

    with clock.frozen(lambda: scene.day(0) + timedelta(minutes=1)):
        stage.account(keyring, iban=scene.OTHER_IBAN)
        line.hand_over()
        assert line.first.state == "failed"
        with pytest.raises(Refused, match="never handed over"):
            line.arrived()


def test_the_pages_say_it_and_take_the_answer(
    client: FlaskClient, instance: Instance, bank: Bank, approved: scene.Stage
) -> None:
    """Also on the page that approves a run that was prepared before the rail changed its mind."""
    bank.answer = mumble
    drain(instance.database)

    def tell(session: Session, status: str, minute: int) -> None:
        row = session.scalars(select(Payout).order_by(Payout.id)).first()
        assert row
        event = RailEvent(f"{status}-{minute}", row.public_id, status, scene.day(0) + timedelta(minutes=minute - 60))
        given = {"base_url": scene.BASE, "brand_id": row.brand_id, "source": "wire"}
        heard.take(session, instance.plugins, records=[event], **given)

    with instance.database.write() as session:
        tell(session, "failed", 1)
    sign_in(client, "owner")
    run = client.post("/admin/payouts/prepare", data={"currency": "EUR", "rail": "wire", "due": "all"}).location
    assert "arrived after all" not in client.get(f"{run}/approve").text
    with instance.database.write() as session:
        tell(session, "received", 2)
        first = session.scalars(select(Payout.public_id).order_by(Payout.id)).first()
    for page in (run, f"{run}/approve"):
        text = client.get(page).text
        assert "may have arrived after all" in text and f"/admin/payouts/{first}" in text
    refused = client.post(f"{run}/approve", data={})
    assert "Look at that payment first" in client.get(run).text + refused.text and len(bank.paid) == 1
    early = client.post(f"/admin/payouts/{first}/arrived", data={"received_on": str(scene.on(0))})
    assert "in another payment by now" in early.text
    client.post(f"{run}/cancel", data={})
    text = client.get("/admin/payouts").text
    assert "Cannot be paid yet" in text and "may have arrived after all" in text
    text = client.get(f"/admin/payouts/{first}").text
    assert "It did not arrive" in text and "It did arrive" in text and "into a new run" not in text
    assert text.partition("Whose turn</dt><dd>")[2].startswith('<span class="turn mine">')
    sign_in(client, "influencer")
    assert "looks whether it arrived after all" in client.get(f"/portal/payouts/{first}").text
    assert "looks at it first" in client.get("/portal/payouts").text
    sign_in(client, "owner")
    done = client.post(f"/admin/payouts/{first}/arrived", data={"received_on": str(scene.on(0))})
    assert done.status_code == 303
    assert "may have arrived" not in client.get("/admin/payouts").text
