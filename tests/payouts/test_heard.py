"""What rails tell of payments by themselves: in any order, again and again, and never against what is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.audit import AuditEntry
from core.crypto import Keyring
from core.earnings.models import Earning
from core.errors import Denied, Missing
from core.ledger import accounts as plan
from core.ledger import queries as ledger
from core.ledger.verify import verify
from core.mail import MailMessage
from core.money import Money
from core.payouts import heard, service, waiting
from core.payouts.limits import Limits
from core.payouts.models import Payout, PayoutReport, PayoutRun
from core.plugin_host.host import PluginHost
from samverk import NeedsAction, RailEvent, T
from tests.payouts import stage as scene
from tests.payouts.rails import Bank, host_with, mumble

LEFT, OVER = ("sent", "received"), ("failed", "returned")
AMOUNT = Money(60_000, "EUR")


class Line:
    """A payout that a rail has taken over, and what the rail says of it."""

    def __init__(self, session: Session, keyring: Keyring, stage: scene.Stage, bank: Bank) -> None:
        self.session, self.stage, self.keyring = session, stage, keyring
        self.host: PluginHost = host_with(bank)
        stage.approve()
        stage.account(keyring)
        self.run = stage.run(limits=Limits("wire"))
        service.approve_run(session, stage.world.actors["finance"], self.run)

    def hand_over(self) -> None:
        scene.hand_over(self.session, self.keyring, self.run, self.host)

    @property
    def payout(self) -> Payout:
        return self.session.scalars(select(Payout)).one()

    def event(self, status: str, minute: int = 0, id: str = "", **given: Any) -> RailEvent:
        at = scene.day(0) - timedelta(hours=1) + timedelta(minutes=minute)
        return RailEvent(id or f"{status}-{minute}", self.payout.public_id, status, at, **given)

    def tell(self, *events: RailEvent, brand: int | None = None, rail: str = "wire") -> int:
        mine = brand or self.stage.world.brand.id
        given = {"base_url": scene.BASE, "brand_id": mine, "source": rail}
        return heard.take(self.session, self.host, records=heard.sound(events), **given)

    def open(self) -> list[PayoutReport]:
        return heard.to_look_at(self.session, self.payout)

    def check(self) -> None:
        """What holds whatever was told: the books are right, and say what the state says."""
        assert verify(self.session).ok
        row = self.payout
        cash = ledger.balance(self.session, row.brand_id, plan.rail_cash("wire"), "EUR").minor
        earned = {"sent": "paid", "received": "paid", "failed": "payable", "returned": "payable"}
        assert cash == (-row.amount_minor if row.state in LEFT else 0)
        assert set(self.session.scalars(select(Earning.state))) == {earned.get(row.state, "in_payout")}

    def seen(self) -> tuple[Any, ...]:
        """All that a repetition could change."""
        counted = [
            self.session.scalar(select(func.count()).select_from(model)) for model in (PayoutReport, MailMessage)
        ]
        return self.payout.state, len(self.open()), *counted


@pytest.fixture
def line(session: Session, keyring: Keyring, stage: scene.Stage) -> Line:
    """A payment of which the rail gave no clear answer: anything may still become of it."""
    bank = Bank()
    bank.answer = mumble
    made = Line(session, keyring, stage, bank)
    made.hand_over()
    assert made.payout.state == "processing"
    return made


def later(line: Line, start: str) -> None:
    """Where the payment stands before the rail says more."""
    finance, row = line.stage.world.actors["finance"], line.payout
    if start != "processing":
        from core import lifecycle
        from core.payouts.lifecycle import Action
        from core.permissions import SYSTEM

        lifecycle.move(line.session, row, Action.DOUBT, actor=SYSTEM)
    if start in ("sent by hand", "received by hand"):
        service.mark_sent(line.session, finance, row, reference="OWN-1", sent_on=scene.on(0), base_url=scene.BASE)
    if start == "received by hand":
        service.record_statement(line.session, finance, row, received_on=scene.on(0))
    if start == "failed by hand":
        service.mark_failed(line.session, finance, row, reason="No news", base_url=scene.BASE)


told = st.lists(st.tuples(st.sampled_from(LEFT + OVER), st.integers(0, 3)), min_size=1, max_size=5)


@settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(told=told, again=st.data(), start=st.sampled_from(["processing", "unknown"]))
def test_whatever_a_rail_tells_in_whatever_order_the_end_is_the_same(
    line: Line, told: list[tuple[str, int]], again: st.DataObject, start: str
) -> None:
    events = [line.event(status, minute) for status, minute in told]
    order = again.draw(st.permutations(events + again.draw(st.lists(st.sampled_from(events), max_size=3))))
    cuts = again.draw(st.sampled_from([1, 2, len(order)]))
    point = line.session.begin_nested()
    try:
        later(line, start)
        for at in range(0, len(order), cuts):
            line.tell(*order[at : at + cuts])
            line.check()
        last = {word: max((m for status, m in told if status in word), default=None) for word in (LEFT, OVER)}
        left, over = last[LEFT], last[OVER]
        if over is None:
            assert line.payout.state == max((status for status, _ in told), key=LEFT.index) and not line.open()
        elif left is None or over >= left:
            assert line.payout.state in OVER
        else:
            assert line.open(), "it cannot be over and have left afterwards"
        first_over = min((m for status, m in told if status in OVER), default=9)
        if left is None or left <= first_over:
            assert not line.open(), "late is not wrong"
        before = line.seen()
        assert line.tell(*order) == 0 and line.seen() == before
    finally:
        point.rollback()
        line.session.expire_all()


def test_what_arrived_and_came_back_is_owed_again(line: Line) -> None:
    assert line.tell(line.event("received", 1, rail_id="W-1"), line.event("sent", 0, rail_id="W-1")) == 2
    row = line.payout
    assert (row.state, row.received_by, row.bank_reference) == ("received", "rail", "W-1")
    assert (row.sent_on, row.received_on) == (scene.on(0), scene.on(0))
    reason = T("The account is closed: %(last4)s.", last4="0785")
    assert line.tell(line.event("returned", 2, reason=reason)) == 1
    line.check()
    assert row.state == "returned" and str(row.reason) == "The account is closed: 0785."
    assert row.said and row.said["params"] == {"last4": "0785"}, "kept to be read in any language"
    again = line.stage.run(limits=Limits("wire"))
    (new,) = service.payouts_of(line.session, again)
    assert new.amount == AMOUNT and verify(line.session).ok


def test_who_did_it_is_the_rail_and_the_influencer_is_told(line: Line) -> None:
    line.tell(line.event("sent", 0))
    line.tell(line.event("returned", 1))
    deeds = select(AuditEntry.action, AuditEntry.actor_name, AuditEntry.actor_person_id)
    named = set(line.session.execute(deeds.where(AuditEntry.action.in_(("payout.sent", "payout.failed")))).all())
    assert named == {("payout.sent", "Wire", None), ("payout.failed", "Wire", None)}
    mails = line.session.scalars(select(MailMessage.body).where(MailMessage.kind == "payout")).all()
    assert len(mails) == 2 and "say so in the portal" in mails[0] and "gave no reason" in mails[1]


def test_who_has_the_money_is_not_asked_to_say_so(line: Line) -> None:
    line.tell(line.event("received"))
    (mail,) = line.session.scalars(select(MailMessage.body).where(MailMessage.kind == "payout"))
    assert "say so in the portal" not in mail and line.payout.state == "received"


def test_another_amount_is_not_taken_but_shown(line: Line) -> None:
    finance, viewer = line.stage.world.actors["finance"], line.stage.world.actors["viewer"]
    event = line.event("received", 0, amount=Money(59_999, "EUR"), reason=T("A fee was taken."))
    assert line.tell(event) == 0 and line.tell(event, event) == 0
    assert line.payout.state == "processing"
    (report,) = line.open()
    assert (
        str(report.why) == ("Wire tells of €599.99, but this payment is of €600.00. Nothing was changed.")
        and str(report.reason) == "A fee was taken."
    )
    (todo,) = waiting.waiting(line.session, finance, line.host)
    assert "€600.00 to Aino Laine" in str(todo.title) and todo.detail == report.why and todo.due_at
    with pytest.raises(Denied):
        heard.looked_at(line.session, viewer, line.payout, report.public_id)
    heard.looked_at(line.session, finance, line.payout, report.public_id)
    assert line.open() == [] and waiting.waiting(line.session, finance, line.host) == []
    with pytest.raises(Missing):
        heard.looked_at(line.session, finance, line.payout, report.public_id)
    assert line.tell(event) == 0 and line.open() == [], "told again it asks nobody again"
    assert line.tell(line.event("received", 0, "right", amount=AMOUNT)) == 1
    line.check()


@pytest.mark.parametrize("other", ["brand", "rail", "reference"])
def test_what_is_not_a_payment_of_ours_by_this_rail_is_nobodys(line: Line, other: str) -> None:
    event = line.event("received")
    if other == "reference":
        event = RailEvent("e", "somebody-elses", "received", event.at)
    brand = line.stage.world.other_brand.id if other == "brand" else None
    if other == "rail":
        assert line.tell(event, rail="manual") == 0
    else:
        assert line.tell(event, brand=brand) == 0
    assert line.payout.state == "processing" and line.session.scalar(select(PayoutReport.id)) is None


@pytest.mark.parametrize(
    ("start", "status", "state", "contrary"),
    [
        ("failed by hand", "sent", "failed", True),
        ("failed by hand", "returned", "failed", False),
        ("sent by hand", "sent", "sent", False),
        ("sent by hand", "received", "received", False),
        ("sent by hand", "failed", "sent", True),
        ("sent by hand", "returned", "sent", True),
        ("received by hand", "failed", "received", True),
        ("received by hand", "received", "received", False),
    ],
)
def test_a_persons_word_is_not_turned_around(line: Line, start: str, status: str, state: str, contrary: bool) -> None:
    later(line, start)
    line.tell(line.event(status))
    line.check()
    assert (line.payout.state, bool(line.open())) == (state, contrary)


def test_what_a_person_sent_and_the_rail_knows_of_comes_back_by_its_word(line: Line) -> None:
    later(line, "sent by hand")
    line.tell(line.event("sent", 0), line.event("returned", 1))
    line.check()
    assert line.payout.state == "returned" and not line.open()


def test_what_a_person_said_came_back_was_sent_once(line: Line) -> None:
    later(line, "sent by hand")
    finance = line.stage.world.actors["finance"]
    service.mark_failed(line.session, finance, line.payout, reason="It is back", base_url=scene.BASE)
    line.tell(line.event("sent", 0))
    assert line.payout.state == "returned" and not line.open()
    line.tell(line.event("received", 1))
    assert line.payout.state == "returned" and line.open()


def test_finance_takes_back_what_had_arrived(line: Line) -> None:
    later(line, "received by hand")
    finance = line.stage.world.actors["finance"]
    service.mark_failed(line.session, finance, line.payout, reason="The bank sent it back", base_url=scene.BASE)
    line.check()
    assert line.payout.state == "returned"


def test_of_what_nobody_handed_over_nothing_is_taken(session: Session, keyring: Keyring, stage: scene.Stage) -> None:
    line = Line(session, keyring, stage, Bank())
    assert line.payout.state == "processing" and not line.payout.payee_cipher
    assert line.tell(line.event("sent")) == 0
    assert line.payout.state == "processing" and "“Sent”" in str(line.open()[0].why)
    line.hand_over()
    assert line.payout.state == "sent", "it is handed over all the same"


def test_a_message_that_overtakes_the_answer_changes_nothing_twice(line: Line) -> None:
    """The bank tells that it was sent while its answer got lost: the answer that comes later finds it sent."""
    assert line.tell(line.event("sent", 0, rail_id="W-1")) == 1
    line.hand_over()
    line.check()
    assert line.payout.bank_reference == "W-1"
    assert line.session.scalar(select(PayoutRun.state)) == "approved"


def test_a_step_asked_of_a_person_is_over_when_the_rail_says_so(
    session: Session, keyring: Keyring, stage: scene.Stage
) -> None:
    bank = Bank()
    bank.answer = lambda reference: NeedsAction(T("Sign it."))
    line = Line(session, keyring, stage, bank)
    line.hand_over()
    assert line.payout.state == "requires_action"
    assert line.tell(line.event("sent")) == 1
    line.check()
    assert line.payout.state == "sent" and waiting.waiting(session, stage.world.actors["finance"], line.host) == []


def test_a_moment_to_come_is_now(line: Line) -> None:
    """A clock of the other side that is ahead must not make all that comes later look late."""
    line.tell(line.event("sent", 100_000))
    assert line.session.scalars(select(PayoutReport.happened_at)).one() == scene.day(0)
    line.tell(line.event("returned", 60))
    assert line.payout.state == "returned" and not line.open() and line.payout.sent_on == scene.on(0)


AT = datetime(2026, 11, 2)  # noqa: DTZ001 - a moment without a zone is the point


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"id": ""}, ValueError), ({"id": "x" * 201}, ValueError), ({"id": 7}, TypeError), ({"id": "a\x00"}, TypeError),
        ({"reference": None}, TypeError), ({"status": "paid"}, ValueError), ({"at": AT}, TypeError),
        ({"at": "2026-11-02"}, TypeError), ({"at": datetime.max.replace(tzinfo=scene.START.tzinfo)}, ValueError),
        ({"amount": 600}, TypeError), ({"reason": "closed"}, TypeError), ({"rail_id": None}, TypeError),
    ],
)  # fmt: skip
def test_what_can_neither_be_judged_nor_kept_is_the_plugins_fault(changed: dict[str, Any], error: type) -> None:
    whole: dict[str, Any] = {"id": "e", "reference": "r", "status": "sent", "at": scene.START}
    assert heard.sound([RailEvent(**whole)])
    with pytest.raises(error):
        heard.sound([RailEvent(**{**whole, **changed})])


@pytest.mark.parametrize("events", ["sent", None, {"a": 1}, [7], iter([])])
def test_events_come_as_a_sequence(events: Iterable[Any] | Sequence[Any] | None) -> None:
    with pytest.raises(TypeError):
        heard.sound(events)
