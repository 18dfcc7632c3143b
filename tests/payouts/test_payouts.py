"""Runs and payouts: what goes in, who may, what each step books, and what can never happen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.crypto import Keyring
from core.earnings import service as earnings
from core.earnings.models import Earning
from core.errors import Denied, Invalid, Refused
from core.ledger import accounts as plan
from core.ledger import queries as ledger
from core.ledger.verify import verify
from core.lifecycle import history
from core.mail import MailMessage
from core.money import Money
from core.payouts import due, queries, service, waiting
from core.payouts.models import Payout, PayoutLine, PayoutRun
from core.payouts.submit import account_of
from core.permissions import Actor
from tests.payouts.stage import ACCOUNT, BASE, OTHER_IBAN, Stage, build, hand_over, host, on


def balance(stage: Stage, code: str) -> int:
    """An account's balance in minor units."""
    return ledger.balance(stage.session, stage.world.brand.id, code, "EUR").minor


def states(stage: Stage) -> list[str]:
    """The states of the cash earnings, in their order."""
    rows = select(Earning.state).where(Earning.settles == "cash").order_by(Earning.id)
    return list(stage.session.scalars(rows))


def test_an_approved_deliverable_is_paid_and_received(stage: Stage, keyring: Keyring, today: list[int]) -> None:
    stage.approve()
    stage.account(keyring)
    payout = stage.sent(keyring)
    here = stage.collaboration.id
    assert (payout.state, payout.amount, payout.bank_reference) == ("sent", Money(60_000, "EUR"), "NDEA-1")
    assert (balance(stage, plan.payable(here)), balance(stage, plan.in_transit(payout.id))) == (0, 0)
    assert balance(stage, plan.rail_cash("manual")) == -60_000
    assert states(stage) == ["paid"]
    today[0] = 1
    service.confirm_received(stage.session, stage.world.creator, payout, received_on=on(1))
    assert (payout.state, payout.received_by, payout.due_at) == ("received", "influencer", None)
    assert [row.to_state for row in history(stage.session, payout)] == [
        "awaiting_approval", "processing", "requires_action", "sent", "received",
    ]  # fmt: skip
    assert verify(stage.session).ok


def test_cash_moves_only_when_it_was_sent(stage: Stage, keyring: Keyring) -> None:
    stage.approve()
    stage.account(keyring)
    payout = stage.approved(keyring)
    assert payout.state == "requires_action"
    assert balance(stage, plan.rail_cash("manual")) == 0
    assert balance(stage, plan.in_transit(payout.id)) == 60_000


def test_the_account_is_frozen_when_the_payout_is_handed_over(stage: Stage, keyring: Keyring) -> None:
    stage.approve()
    stage.account(keyring)
    payout = stage.approved(keyring)
    stage.account(keyring, iban=OTHER_IBAN)
    assert account_of(keyring, payout) == "FI2112345600000785"
    assert "FI21" not in payout.payee_cipher


def test_an_account_changed_after_preparing_stops_the_approval(
    stage: Stage, keyring: Keyring, today: list[int]
) -> None:
    stage.approve()
    stage.account(keyring)
    run = stage.run()
    today[0] = 1
    stage.account(keyring, iban=OTHER_IBAN)
    with pytest.raises(Refused, match="changed their payment details"):
        service.approve_run(stage.session, stage.world.owner, run)


def test_an_account_changed_after_the_approval_fails_the_payout(
    stage: Stage, keyring: Keyring, today: list[int]
) -> None:
    stage.approve()
    stage.account(keyring)
    run = stage.run()
    service.approve_run(stage.session, stage.world.owner, run)
    today[0] = 1
    stage.account(keyring, iban=OTHER_IBAN)
    hand_over(stage.session, keyring, run)
    (payout,) = service.payouts_of(stage.session, run)
    assert (payout.state, states(stage)) == ("failed", ["payable"])
    assert "after the approval" in str(payout.reason)


def test_a_failed_payout_is_payable_again_and_paid_once(stage: Stage, keyring: Keyring) -> None:
    stage.approve()
    stage.account(keyring)
    payout = stage.approved(keyring)
    finance = stage.world.actors["finance"]
    service.mark_failed(stage.session, finance, payout, reason="The bank refused it.", base_url=BASE)
    assert (payout.state, states(stage)) == ("failed", ["payable"])
    assert balance(stage, plan.payable(stage.collaboration.id)) == 60_000
    again = stage.sent(keyring, "NDEA-2")
    assert again.id != payout.id
    assert balance(stage, plan.rail_cash("manual")) == -60_000
    assert verify(stage.session).ok


def test_money_that_comes_back_is_payable_again(stage: Stage, keyring: Keyring) -> None:
    stage.approve()
    stage.account(keyring)
    payout = stage.sent(keyring)
    service.mark_failed(stage.session, stage.world.owner, payout, reason="Account closed", base_url=BASE)
    assert (payout.state, states(stage)) == ("returned", ["payable"])
    assert balance(stage, plan.rail_cash("manual")) == 0
    assert verify(stage.session).ok


def test_a_cancelled_run_gives_its_earnings_back(stage: Stage, keyring: Keyring) -> None:
    stage.approve()
    stage.account(keyring)
    run = stage.run()
    service.cancel_run(stage.session, stage.world.actors["manager"], run)
    assert states(stage) == ["payable"]
    assert [row.live for row in stage.session.scalars(select(PayoutLine))] == [False]
    assert stage.run().number == run.number + 1


def test_without_a_bank_account_nobody_is_paid(stage: Stage) -> None:
    stage.approve()
    run, blocked = service.prepare_run(
        stage.session, stage.world.owner, stage.world.brand, currency="EUR", base_url=BASE
    )
    assert run is None
    assert [(row.name, row.amount.minor) for row in blocked] == [("Aino Laine", 60_000)]
    assert "bank account" in str(blocked[0].reason)


def test_what_was_taken_back_after_preparing_stops_the_approval(
    stage: Stage, keyring: Keyring, today: list[int]
) -> None:
    sale = stage.sell(100_000, "A1")
    today[0] = 15
    earnings.release_due(stage.session)
    stage.account(keyring)
    run = stage.run()
    stage.refund(sale, 40_000, "R1")
    with pytest.raises(Refused, match="has changed since"):
        service.approve_run(stage.session, stage.world.owner, run)
    stage.session.expire_all()


def test_a_refund_after_paying_is_netted_from_the_next_payout(stage: Stage, keyring: Keyring, today: list[int]) -> None:
    sale = stage.sell(100_000, "A1")
    today[0] = 15
    earnings.release_due(stage.session)
    stage.account(keyring)
    assert stage.sent(keyring).amount.minor == 10_000
    stage.refund(sale, 100_000, "R1")
    assert balance(stage, plan.advance(stage.collaboration.id)) == 10_000
    stage.approve()
    payout = stage.sent(keyring, "NDEA-2")
    assert payout.amount.minor == 50_000
    assert balance(stage, plan.advance(stage.collaboration.id)) == 0
    assert verify(stage.session).ok


def test_a_debt_in_one_collaboration_is_netted_from_another(stage: Stage, keyring: Keyring, today: list[int]) -> None:
    other = build(stage.session, stage.world, name="2")
    sale = stage.sell(100_000, "A1")
    today[0] = 15
    earnings.release_due(stage.session)
    stage.account(keyring)
    stage.sent(keyring)
    stage.refund(sale, 100_000, "R1")
    other.approve()
    payout = stage.sent(keyring, "NDEA-2")
    assert payout.amount.minor == 50_000
    assert {part.campaign.name for part in queries.parts(stage.session, [payout.id])[payout.id]} == {
        "Autumn tents 1", "Autumn tents 2",
    }  # fmt: skip
    service.mark_failed(stage.session, stage.world.owner, payout, reason="Wrong name", base_url=BASE)
    assert balance(stage, plan.advance(stage.collaboration.id)) == 10_000
    assert balance(stage, plan.payable(other.collaboration.id)) == 60_000
    assert verify(stage.session).ok


@pytest.mark.parametrize(
    ("rows", "by", "chosen"),
    [
        ([(100, 1), (50, 9)], 5, [100]),
        ([(100, 1), (50, 9)], None, [100, 50]),
        ([(100, 1), (50, 9), (-30, 9)], 5, [100, -30]),
        ([(20, 1), (50, 9), (-30, 1)], 5, []),
        ([(20, 1), (5, 9), (-30, 1)], 5, [20, 5, -30]),
        ([(100, None)], 5, [100]),
    ],
)
def test_what_fits_into_a_run(rows: list[tuple[int, int | None]], by: int | None, chosen: list[int]) -> None:
    def row(number: int, minor: int, day: int | None) -> due.Due:
        return due.Due(number, 1, 1, "c1", "fixed", minor, "EUR", date(2026, 1, day) if day else None)

    given = [row(n, minor, day) for n, (minor, day) in enumerate(rows)]
    found = due.fitting(given, date(2026, 1, by) if by else None)
    assert [entry.minor for entry in found] == chosen


def test_only_those_with_the_right_may(stage: Stage, keyring: Keyring) -> None:
    stage.approve()
    stage.account(keyring)
    session, actors = stage.session, stage.world.actors
    with pytest.raises(Denied):
        service.prepare_run(session, actors["viewer"], stage.world.brand, currency="EUR", base_url=BASE)
    run = stage.run()
    with pytest.raises(Denied):
        service.approve_run(session, actors["manager"], run)
    service.approve_run(session, actors["finance"], run)
    hand_over(session, keyring, run)
    (payout,) = service.payouts_of(session, run)
    with pytest.raises(Denied):
        service.mark_sent(session, actors["manager"], payout, reference="X", sent_on=on(0), base_url=BASE)
    with pytest.raises(Refused):
        service.confirm_received(session, Actor(1, "Someone", {}, 999), payout, received_on=on(0))
    assert waiting.waiting(session, actors["manager"], host()) == []
    assert [row.endpoint for row in waiting.waiting(session, actors["finance"], host())] == ["admin.payout"]


Act = Callable[[Stage, Payout, Actor], Any]


@pytest.mark.parametrize(
    ("act", "field"),
    [
        (lambda s, p, a: service.mark_sent(s.session, a, p, reference=" ", sent_on=on(0), base_url=BASE), "reference"),
        (
            lambda s, p, a: service.mark_sent(s.session, a, p, reference="x" * 61, sent_on=on(0), base_url=BASE),
            "reference",
        ),
        (lambda s, p, a: service.mark_sent(s.session, a, p, reference="X", sent_on=on(1), base_url=BASE), "sent_on"),
        (lambda s, p, a: service.mark_sent(s.session, a, p, reference="X", sent_on=on(-9), base_url=BASE), "sent_on"),
        (lambda s, p, a: service.mark_failed(s.session, a, p, reason="  ", base_url=BASE), "reason"),
        (lambda s, p, a: service.record_statement(s.session, a, p, received_on=on(1)), "received_on"),
    ],
)
def test_wrong_words_are_refused_at_their_field(stage: Stage, keyring: Keyring, act: Act, field: str) -> None:
    stage.approve()
    stage.account(keyring)
    payout = stage.approved(keyring)
    with pytest.raises(Invalid) as caught:
        act(stage, payout, stage.world.owner)
    assert caught.value.field == field


def test_a_bank_reference_is_used_once(stage: Stage, keyring: Keyring) -> None:
    stage.approve()
    stage.account(keyring)
    stage.sent(keyring)
    stage.approve(1)
    with pytest.raises(Invalid, match="reference already"):
        stage.sent(keyring)


def test_received_is_not_before_sent_and_only_once(stage: Stage, keyring: Keyring) -> None:
    stage.approve()
    stage.account(keyring)
    payout = stage.sent(keyring)
    with pytest.raises(Invalid, match="before it was sent"):
        service.record_statement(stage.session, stage.world.owner, payout, received_on=on(-1))
    service.record_statement(stage.session, stage.world.owner, payout, received_on=on(0))
    assert payout.received_by == "statement"
    with pytest.raises(Refused):
        service.confirm_received(stage.session, stage.world.creator, payout, received_on=on(0))


def test_the_job_of_a_run_can_run_twice(stage: Stage, keyring: Keyring) -> None:
    stage.approve()
    stage.account(keyring)
    payout = stage.approved(keyring)
    hand_over(stage.session, keyring, stage.session.get_one(PayoutRun, payout.payout_run_id))
    assert (payout.state, len(history(stage.session, payout))) == ("requires_action", 3)


def test_each_step_is_told(stage: Stage, keyring: Keyring) -> None:
    def told(kind: str) -> list[str]:
        rows = select(MailMessage.recipient).where(MailMessage.kind == kind).order_by(MailMessage.recipient)
        return list(stage.session.scalars(rows))

    stage.approve()
    stage.account(keyring)
    assert told("payout_method") == []
    payout = stage.sent(keyring)
    assert told("payout_run") == ["finance@example.com", "owner@example.com"]
    assert told("payout") == ["influencer@example.com"]
    service.mark_failed(stage.session, stage.world.owner, payout, reason="Came back", base_url=BASE)
    assert told("payout") == ["influencer@example.com"] * 2
    stage.account(keyring, iban=OTHER_IBAN)
    assert told("payout_method") == ["influencer@example.com"]


def test_the_same_account_entered_again_is_no_change(stage: Stage, keyring: Keyring, today: list[int]) -> None:
    stage.approve()
    stage.account(keyring)
    run = stage.run()
    today[0] = 1
    stage.account(keyring, iban=ACCOUNT["iban"].replace(" ", ""), tax_id="")
    letters = select(MailMessage).where(MailMessage.kind == "payout_method")
    assert stage.session.scalar(letters) is None
    service.approve_run(stage.session, stage.world.actors["finance"], run)


def test_another_brand_sees_nothing(stage: Stage, keyring: Keyring, session: Session) -> None:
    stage.approve()
    stage.account(keyring)
    run = stage.run()
    assert [row.run.id for row in queries.runs(session, stage.world.owner, limit=10)] == [run.id]
    assert queries.runs(session, stage.world.outsider, limit=10) == []


def test_with_four_eyes_who_prepared_a_run_does_not_approve_it(stage: Stage, keyring: Keyring) -> None:
    stage.approve()
    stage.account(keyring)
    run = stage.run()
    run.prepared_by_id = stage.world.owner.person_id
    stage.world.brand.four_eyes = True
    with pytest.raises(Refused, match="another person"):
        service.approve_run(stage.session, stage.world.owner, run)
    assert run.state == "awaiting_approval"
    service.approve_run(stage.session, stage.world.actors["finance"], run)
    assert run.state == "approved"
