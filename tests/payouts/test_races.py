"""Two at once: of the same money exactly one run is made, and one approval moves it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.accounts.models import Brand
from core.errors import Refused
from core.instance import Instance
from core.ledger import accounts as plan
from core.ledger import queries as ledger
from core.ledger.verify import verify
from core.payouts import heard, service
from core.payouts.limits import Limits
from core.payouts.models import Payout, PayoutLine, PayoutReport, PayoutRun
from samverk import RailEvent
from tests.payouts import stage as scene
from tests.payouts.rails import Bank, host_with, mumble
from tests.world import build as build_world

AT_ONCE = 4


def together(instance: Instance, act: Callable[[Session], Any]) -> list[Any]:
    """What each of several threads got, a refusal as itself."""
    start = Barrier(AT_ONCE)

    def one(_: int) -> Any:
        start.wait()
        try:
            with instance.database.write() as session:
                return act(session)
        except Refused as refusal:
            return refusal

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def stage_in(instance: Instance) -> scene.Stage:
    """Two reels to be paid, committed."""
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        stage.approve(0)
        stage.approve(1)
        stage.account(instance.keyring)
        return stage


def prepare(stage: scene.Stage) -> Callable[[Session], PayoutRun | None]:
    """Prepare a run of all that is payable."""

    def act(session: Session) -> PayoutRun | None:
        brand = session.get_one(Brand, stage.world.brand.id)
        run, _ = service.prepare_run(session, stage.world.owner, brand, currency="EUR", base_url=scene.BASE)
        return run

    return act


def test_of_runs_prepared_at_once_one_gets_the_money(instance: Instance) -> None:
    stage = stage_in(instance)
    made = together(instance, prepare(stage))
    assert len([run for run in made if isinstance(run, PayoutRun)]) == 1
    with instance.database.session() as session:
        assert session.scalar(select(func.count()).select_from(PayoutRun)) == 1
        assert session.scalar(select(func.count()).select_from(PayoutLine).where(PayoutLine.live)) == 2
        assert session.scalar(select(func.sum(Payout.amount_minor))) == 120_000


def test_a_run_approved_twice_at_once_is_paid_once(instance: Instance) -> None:
    stage = stage_in(instance)
    with instance.database.write() as session:
        made = prepare(stage)(session)
    assert made is not None

    def approve(session: Session) -> str:
        service.approve_run(session, stage.world.owner, session.get_one(PayoutRun, made.id))
        return "approved"

    answers = together(instance, approve)
    assert answers.count("approved") == 1
    with instance.database.session() as session:
        payout = session.scalars(select(Payout)).one()
        moved = ledger.balance(session, stage.world.brand.id, plan.in_transit(payout.id), "EUR")
        assert moved.minor == 120_000
        assert verify(session).ok


def test_an_event_told_twice_at_once_is_taken_once(instance: Instance) -> None:
    stage, bank = stage_in(instance), Bank()
    bank.answer, host = mumble, host_with(bank)
    with instance.database.write() as session:
        held = scene.Stage(session, stage.world, stage.campaign, stage.collaboration, stage.deliverables)
        run = held.run(limits=Limits("wire"))
        service.approve_run(session, stage.world.actors["finance"], run)
        scene.hand_over(session, instance.keyring, run, host)
        payout = service.payouts_of(session, run)[0].public_id
    event = RailEvent("event-1", payout, "received", scene.START)
    told = {"base_url": scene.BASE, "brand_id": stage.world.brand.id, "source": "wire", "records": [event]}
    answers = together(instance, lambda session: heard.take(session, host, **told))
    assert sorted(answers) == [0, 0, 0, 1]
    with instance.database.session() as session:
        assert session.scalars(select(Payout.state)).one() == "received" and verify(session).ok
        assert session.scalars(select(PayoutReport.fault)).all() == [None]
