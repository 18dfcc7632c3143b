"""An operator lets rails forget a payee: those that were told of them, for each brand, as they were told of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from core import outbox, wiring
from core.instance import Instance
from core.outbox import OutboxJob
from core.payouts import erasing, service
from core.payouts.limits import Limits
from core.payouts.models import PayoutMethod
from core.plugin_host.host import PluginHost
from tests.payouts import stage as scene
from tests.payouts.test_ways import use
from tests.plugin_host.foreign import install, module
from tests.plugin_host.tipping import command
from tests.world import build as build_world

FADING = """
from samverk import Accepted, NotSupported, Onboarding, PayoutRail, Plugin, T, hookimpl

class Fading(PayoutRail):
    name = "fading"
    title = T("Fading")

    def submit(self, ctx, batch, key):
        return {order.reference: Accepted(order.reference) for order in batch.orders}

    def onboard(self, ctx, payee):
        return Onboarding(True)

    def forget(self, ctx, payee):
        FORGOTTEN.append((ctx.brand, payee))
        if FAULTS:
            raise FAULTS.pop()

class FadingPlugin(Plugin):
    name = "fading"
    title = T("Fading")
    api_version = 1

    @hookimpl
    def register_payout_rails(self):
        return [Fading]

FORGOTTEN, FAULTS = [], []
plugin = FadingPlugin()
"""


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: Instance, now: list[datetime]) -> scene.Stage:
    """Aino and Beda work for a brand that may pay by a rail that can forget."""
    install(tmp_path, monkeypatch, "fading", FADING)
    use(instance, PluginHost.load())
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        stage.approve()
        stage.account(instance.keyring)
        scene.second_payee(session, stage, instance.keyring)
    return stage


def work(instance: Instance) -> list[Any]:
    """What the rail has forgotten once the worker is through."""
    while outbox.drain(instance.database):
        pass
    return list(module("fading").FORGOTTEN)


def pay(instance: Instance, stage: scene.Stage, rail: str) -> None:
    with instance.database.write() as session:
        held = scene.Stage(session, stage.world, stage.campaign, stage.collaboration, stage.deliverables)
        run = held.run(limits=Limits(rail))
        service.approve_run(session, stage.world.actors["finance"], run)
        scene.hand_over(session, instance.keyring, run, instance.plugins)


def test_an_operator_lets_the_rails_forget_whom_they_paid(instance: Instance, stage: scene.Stage) -> None:
    pay(instance, stage, "fading")
    told = command(instance, "plugin", "forget", "influencer@example.com")
    assert told.exit_code == 0 and "1 in all" in told.output
    ((brand, payee),) = work(instance)
    assert brand == stage.world.brand.public_id
    assert (payee.name, payee.iban, payee.town) == ("Aino Laine", "FI2112345600000785", "Helsinki")


def test_it_forgets_whom_it_was_told_to_pay_also_when_the_account_is_gone(
    instance: Instance, stage: scene.Stage
) -> None:
    pay(instance, stage, "fading")
    with instance.database.write() as session:
        session.execute(delete(PayoutMethod))
        assert erasing.ask(session, instance.plugins, stage.world.influencer.id) == 1
    assert [payee.name for _, payee in work(instance)] == ["Aino Laine"]


def test_it_forgets_whom_it_was_only_asked_about(instance: Instance, stage: scene.Stage) -> None:
    wiring.tick(instance)
    work(instance)
    with instance.database.write() as session:
        assert erasing.ask(session, instance.plugins, stage.world.influencer.id) == 1
    assert [payee.name for _, payee in work(instance)] == ["Aino Laine"]


def test_who_was_never_told_of_them_is_not_told_now(instance: Instance, stage: scene.Stage) -> None:
    pay(instance, stage, "manual")
    with instance.database.write() as session:
        assert erasing.ask(session, instance.plugins, stage.world.influencer.id) == 0
    assert work(instance) == []


@pytest.mark.parametrize(("fault", "state"), [(KeyError("token"), "pending"), ("not supported", "done")])
def test_one_that_fails_is_asked_again_and_one_that_cannot_is_not(
    instance: Instance, stage: scene.Stage, fault: Any, state: str
) -> None:
    from samverk import NotSupported, T

    pay(instance, stage, "fading")
    module("fading").FAULTS.append(NotSupported(T("Never.")) if fault == "not supported" else fault)
    with instance.database.write() as session:
        erasing.ask(session, instance.plugins, stage.world.influencer.id)
    assert len(work(instance)) == 1
    with instance.database.session() as session:
        assert session.scalars(select(OutboxJob.state).where(OutboxJob.kind == erasing.FORGET)).all() == [state]


def test_a_rail_that_is_gone_is_left(instance: Instance, stage: scene.Stage) -> None:
    pay(instance, stage, "fading")
    with instance.database.write() as session:
        erasing.ask(session, instance.plugins, stage.world.influencer.id)
    use(instance, scene.host())
    assert work(instance) == []
    with instance.database.session() as session:
        assert set(session.scalars(select(OutboxJob.state))) == {"done"}
