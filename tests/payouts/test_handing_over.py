"""From the approval to the bank and back: the line drops, the process dies, and nobody is paid twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core import outbox
from core.errors import Refused
from core.instance import Instance
from core.ledger.verify import verify
from core.lifecycle import history
from core.outbox import OutboxJob
from core.payouts import service, submit, waiting
from core.payouts.models import Payout, PayoutRun
from core.plugin_api.payout_rails import Accepted
from core.plugin_api.payout_rails import Refused as RailRefused
from core.plugin_api.text import T
from tests.payouts import stage as scene
from tests.payouts.rails import Bank, Killed, mumble
from tests.world import build as build_world


def payout(instance: Instance) -> Payout:
    with instance.database.session() as session:
        return session.scalars(select(Payout)).one()


def later(now: list[datetime], **given: Any) -> None:
    now[0] += timedelta(**given)


def test_the_database_is_free_while_the_rail_is_asked(instance: Instance, approved: scene.Stage, bank: Bank) -> None:
    seen: list[tuple[str, str, int]] = []
    pool: Any = instance.database.engine.pool

    def look() -> None:
        out = pool.checkedout()
        row = payout(instance)
        seen.append((row.state, "frozen" if row.payee_cipher else "", out))

    bank.after = look
    outbox.drain(instance.database)
    assert seen == [("processing", "frozen", 0)]
    row = payout(instance)
    assert (row.state, row.bank_reference) == ("sent", f"bank-{row.public_id}")


def die() -> None:
    raise Killed


def test_a_worker_that_dies_after_the_effect_is_followed_by_one_with_the_same_key(
    instance: Instance, approved: scene.Stage, bank: Bank, now: list[datetime]
) -> None:
    bank.after = die
    with pytest.raises(Killed):
        outbox.drain(instance.database)
    assert (payout(instance).state, len(bank.paid)) == ("processing", 1)
    bank.after = lambda: None
    assert outbox.drain(instance.database) == 0, "its lease is still running"
    later(now, minutes=6)
    outbox.drain(instance.database)
    assert payout(instance).state == "sent"
    assert len(bank.calls) == 2 and len(set(bank.calls)) == 1 and len(bank.paid) == 1
    with instance.database.session() as session:
        assert verify(session).ok


@pytest.mark.parametrize("step", ["submit_run", "gather", "record"])
def test_wherever_the_worker_dies_the_next_one_pays_once(
    instance: Instance, approved: scene.Stage, bank: Bank, now: list[datetime], monkeypatch: Any, step: str
) -> None:
    whole = getattr(submit, step)

    def dying(*args: Any) -> Any:
        whole(*args)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(submit, step, dying)
        with pytest.raises(Killed):
            outbox.drain(instance.database)
    assert payout(instance).state == "processing"
    later(now, minutes=6)
    outbox.drain(instance.database)
    assert payout(instance).state == "sent"
    assert len(bank.paid) == 1 and set(bank.calls) == {f"run-{next(iter(bank.batches.values())).id}"}
    with instance.database.session() as session:
        moves = [row.to_state for row in history(session, payout(instance))]
        assert moves == ["awaiting_approval", "processing", "sent"]
        assert verify(session).ok


def test_a_dropped_line_is_asked_again_with_the_same_batch(
    instance: Instance, approved: scene.Stage, bank: Bank, now: list[datetime]
) -> None:
    def drop() -> None:
        raise TimeoutError

    bank.after = drop
    outbox.drain(instance.database)
    assert payout(instance).state == "processing" and len(bank.paid) == 1
    bank.after = lambda: None
    assert outbox.drain(instance.database) == 0, "not before its time"
    with instance.database.write() as session:  # the account changes meanwhile: the order stays what it was
        scene.Stage(session, approved.world, approved.campaign, approved.collaboration, []).account(
            instance.keyring, iban=scene.OTHER_IBAN, town="Espoo"
        )
    later(now, seconds=5)
    outbox.drain(instance.database)
    assert payout(instance).state == "sent"
    assert len(bank.calls) == 2 and len(bank.batches) == 1 and len(bank.paid) == 1


def test_of_a_batch_what_is_known_is_kept_and_the_rest_is_asked_again(
    instance: Instance, now: list[datetime], bank: Bank
) -> None:
    with instance.database.write() as session:
        run = scene.run_of_two(session, instance.keyring)
        first, second = (row.public_id for row in service.payouts_of(session, run))
    bank.answer = lambda reference: Accepted("bank-1") if reference == first else mumble(reference)
    outbox.drain(instance.database)
    with instance.database.session() as session:
        assert {row.public_id: row.state for row in session.scalars(select(Payout))} == {
            first: "sent", second: "processing",
        }  # fmt: skip
    bank.answer = lambda reference: RailRefused(T("x" * 400)) if reference == second else Accepted("bank-1")
    later(now, seconds=5)
    outbox.drain(instance.database)
    with instance.database.session() as session:
        assert {row.public_id: row.state for row in session.scalars(select(Payout))} == {
            first: "sent", second: "failed",
        }  # fmt: skip
        assert verify(session).ok
    assert len(bank.batches) == 1


def test_past_the_keys_window_it_is_looked_up_and_never_sent_again(
    instance: Instance, approved: scene.Stage, bank: Bank, now: list[datetime]
) -> None:
    bank.answer = mumble
    outbox.drain(instance.database)
    later(now, hours=24)
    bank.knows = {payout(instance).public_id: Accepted("bank-late")}
    outbox.drain(instance.database)
    assert bank.calls[1:] == ["lookup"]
    assert (payout(instance).state, payout(instance).bank_reference) == ("sent", "bank-late")


def test_what_stays_unknown_is_left_to_a_person(
    instance: Instance, approved: scene.Stage, bank: Bank, now: list[datetime]
) -> None:
    finance = approved.world.actors["finance"]
    bank.answer = mumble
    outbox.drain(instance.database)
    with instance.database.write() as session, pytest.raises(Refused, match="being handed over"):
        service.mark_failed(session, finance, payout(instance), reason="No news", base_url=scene.BASE)
    later(now, hours=24)
    outbox.drain(instance.database)
    row = payout(instance)
    assert (row.state, row.due_at is not None) == ("unknown", True)
    with instance.database.session() as session:
        (todo,) = waiting.waiting(session, finance, instance.plugins)
        assert "Find out whether" in str(todo.title)
        assert session.scalar(select(func.count()).where(OutboxJob.state != "done", OutboxJob.kind != "mail.send")) == 0
    with instance.database.write() as session:
        found = session.scalars(select(Payout)).one()
        service.mark_sent(session, finance, found, reference="W-1", sent_on=now[0].date(), base_url=scene.BASE)
        assert verify(session).ok


def test_a_rail_that_reaches_nothing_outside_has_answered_when_the_page_is_back(
    instance: Instance, now: list[datetime], bank: Bank
) -> None:
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        stage.approve()
        stage.account(instance.keyring)
        run = stage.run()
        service.approve_run(session, stage.world.actors["finance"], run)
    submit.hand_over_now(instance.database, instance.plugins, run)
    assert payout(instance).state == "requires_action"
    submit.hand_over_now(instance.database, instance.plugins, run)
    with instance.database.session() as session:
        assert len(history(session, payout(instance))) == 3


def test_a_rail_that_reaches_out_is_left_to_the_worker(instance: Instance, approved: scene.Stage, bank: Bank) -> None:
    with instance.database.session() as session:
        submit.hand_over_now(instance.database, instance.plugins, session.scalars(select(PayoutRun)).one())
    assert (payout(instance).state, bank.calls) == ("processing", [])
