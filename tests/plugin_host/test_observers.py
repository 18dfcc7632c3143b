"""Observers hear what became true after the commit, from the worker, at least once, each on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.plugins import HEARS
from core import clock, observers, outbox, wiring
from core.campaigns import service as campaigns
from core.instance import Instance
from core.money import Money
from core.outbox import OutboxJob
from core.payouts import contested
from core.payouts import service as payouts
from core.plugin_host.service import set_switch
from samverk import ContentDecided, Observation, PayoutSettled, SaleAttributed
from tests.campaigns.test_campaigns import planned
from tests.collaborations import stage as theatre
from tests.content import stage as scene
from tests.payouts import stage as till
from tests.plugin_host.foreign import acme, module  # noqa: F401 - the first is a fixture
from tests.tracking.conftest import Play
from tests.world import World, sign_in

pytestmark = pytest.mark.usefixtures("acme", "connected")


@pytest.fixture
def moment() -> Iterator[list[datetime]]:
    """The time, which a test moves."""
    at = [datetime(2026, 11, 2, 12, 0, tzinfo=UTC)]
    with clock.frozen(lambda: at[0]):
        yield at


@pytest.fixture
def connected(acme: None, instance: Instance, moment: list[datetime]) -> None:  # noqa: F811
    """Every room connected, with the plugins on the path."""
    wiring.connect(instance)


def heard(hook: str = "") -> list[Any]:
    return [told for what, *told in module("acme").HEARD if what.startswith(hook or "on_")]


def work(instance: Instance) -> None:
    while outbox.drain(instance.database):
        pass


def published(session: Session, world: World, _instance: Instance) -> dict[str, Any]:
    campaign = planned(session, world)
    campaigns.launch(session, world.owner, campaign)
    return {"brand": world.brand.public_id, "campaign": campaign.public_id}


def agreed(session: Session, world: World, _instance: Instance) -> dict[str, Any]:
    made, _ = theatre.build(session, world).signed()
    return {"collaboration": made.public_id, "brand": world.brand.public_id}


def decided(session: Session, world: World, _instance: Instance) -> dict[str, Any]:
    stage = scene.build(session, world)
    scene.approve(session, stage, scene.send(session, stage))
    told = {"decision": "approved", "deliverable": stage.first.public_id}
    return told | {"collaboration": stage.collaboration.public_id, "campaign": stage.campaign.public_id}


def paid(session: Session, world: World, instance: Instance) -> tuple[till.Stage, Any]:
    stage = till.build(session, world)
    stage.approve()
    stage.account(instance.keyring)
    return stage, stage.sent(instance.keyring)


def received(session: Session, world: World, instance: Instance) -> dict[str, Any]:
    stage, payout = paid(session, world, instance)
    payouts.confirm_received(session, world.creator, payout, received_on=clock.today())
    told = {"payout": payout.public_id, "amount": Money(60_000, "EUR"), "received": True}
    return told | {"collaboration": stage.collaboration.public_id, "campaign": stage.campaign.public_id}


def failed(session: Session, world: World, instance: Instance) -> dict[str, Any]:
    _, payout = paid(session, world, instance)
    payouts.mark_failed(session, world.actors["finance"], payout, reason="Account closed", base_url=till.BASE)
    return {"payout": payout.public_id, "amount": Money(60_000, "EUR"), "received": False}


@pytest.mark.parametrize(
    ("hook", "do"),
    [
        ("on_campaign_published", published),
        ("on_collaboration_agreed", agreed),
        ("on_content_decided", decided),
        ("on_payout_settled", received),
        ("on_payout_settled", failed),
    ],
)
def test_each_deed_is_told_after_its_commit(
    instance: Instance, hook: str, do: Callable[[Session, World, Instance], dict[str, Any]], committed: World
) -> None:
    with instance.database.write() as session:
        expected = do(session, committed, instance)
    assert not heard(hook), "nobody is told before the worker comes"
    work(instance)
    ((event, *_),) = heard(hook)
    assert {name: getattr(event, name) for name in expected} == expected
    assert event.id and event.at == clock.now()


def test_what_is_undone_is_never_told(instance: Instance, committed: World) -> None:
    with pytest.raises(ZeroDivisionError), instance.database.write() as session:
        published(session, committed, instance)
        raise ZeroDivisionError
    work(instance)
    assert not heard()


def sell(session: Session, world: World, instance: Instance, count: int) -> Play:
    stage = theatre.build(session, world)
    made, _ = stage.signed()
    play = Play(session, world, stage, made, instance)
    play.take(*(play.sale(f"order {n}", 1_000 + n) for n in range(count)), play.sale("uncredited", 5, code="NOBODY"))
    return play


def test_every_sale_of_a_long_import_is_told_once(instance: Instance, committed: World) -> None:
    count = 2 * observers.BATCH + 1
    with instance.database.write() as session:
        play = sell(session, committed, instance, count)
    work(instance)
    events = [event for (event,) in heard("on_sale_attributed")]
    assert {type(event) for event in events} == {SaleAttributed}
    assert [(event.order, event.amount.minor) for event in events] == [(f"order {n}", 1_000 + n) for n in range(count)]
    assert len({event.id for event in events}) == count
    assert {event.collaboration for event in events} == {play.collaboration.public_id}


def test_one_that_fails_is_tried_again_alone(
    instance: Instance, committed: World, moment: list[datetime], caplog: pytest.LogCaptureFixture
) -> None:
    module("acme").FAILING.add("on_sale_attributed")
    with instance.database.write() as session:
        sell(session, committed, instance, 2)
    work(instance)
    assert len(module("other").HEARD) == 2, "the neighbour is told all the same"
    assert "plugin acme failed" in caplog.text
    with instance.database.session() as session:
        (job,) = session.scalars(
            select(OutboxJob).where(OutboxJob.kind == observers.TELL, OutboxJob.state == "pending")
        )
        assert (job.attempts, job.payload["plugin"]) == (1, "acme")
        assert job.last_error == (
            "PluginFailed: The plugin Acme's corner failed: RuntimeError: on_sale_attributed is out of order."
        )
    module("acme").FAILING.clear()
    moment[0] += timedelta(minutes=1)
    work(instance)
    first, again, last = (event for (event,) in heard("on_sale_attributed"))
    assert (first, first.id) == (again, again.id) and last.order == "order 1"
    assert len(module("other").HEARD) == 2


def test_one_that_never_works_is_given_up_and_kept(
    instance: Instance, committed: World, moment: list[datetime]
) -> None:
    module("acme").FAILING.add("on_campaign_published")
    with instance.database.write() as session:
        published(session, committed, instance)
    for _ in range(outbox.ATTEMPTS + 1):
        work(instance)
        moment[0] += timedelta(hours=2)
    assert len(heard("on_campaign_published")) == outbox.ATTEMPTS
    with instance.database.session() as session:
        (job,) = session.scalars(select(OutboxJob).where(OutboxJob.kind == observers.TELL))
        assert (job.state, job.attempts) == ("failed", outbox.ATTEMPTS)


def test_switched_off_in_the_brand_it_is_not_told(instance: Instance, committed: World) -> None:
    with instance.database.write() as session:
        published(session, committed, instance)
        set_switch(session, committed.owner, plugin="acme", enabled=False, brand_id=committed.brand.id)
    work(instance)
    assert not heard()
    with instance.database.session() as session:
        assert set(session.scalars(select(OutboxJob.state))) == {"done"}


def test_what_was_received_and_came_back_is_told_again(instance: Instance, committed: World) -> None:
    with instance.database.write() as session:
        _, payout = paid(session, committed, instance)
        payouts.confirm_received(session, committed.creator, payout, received_on=clock.today())
        payouts.mark_failed(session, committed.actors["finance"], payout, reason="It is back", base_url=till.BASE)
        finance = committed.actors["finance"]
        contested.arrived(session, finance, payout, received_on=clock.today(), base_url=till.BASE)
    work(instance)
    events = [event for event, *_ in heard("on_payout_settled")]
    assert [event.received for event in events] == [True, False, True]
    assert len({event.id for event in events}) == 3


def test_the_context_names_the_brand(instance: Instance, committed: World) -> None:
    with instance.database.write() as session:
        published(session, committed, instance)
    work(instance)
    ((event, ctx),) = heard("on_campaign_published")
    assert isinstance(event, Observation) and ctx.brand == event.brand == committed.brand.public_id


def test_what_waits_comes_back_as_it_was() -> None:
    from core.plugin_api.observations import from_json, to_json

    at = datetime(2026, 11, 2, 12, 0, 0, 5, UTC)
    place = {"brand": "b", "campaign": "c", "collaboration": "d"}
    for hook, event in (
        ("on_content_decided", ContentDecided(id="1", at=at, deliverable="x", decision="approved", **place)),
        (
            "on_payout_settled",
            PayoutSettled(id="2", at=at, payout="p", amount=Money(-5, "ISK"), received=False, **place),
        ),
    ):
        assert from_json(hook, to_json(event)) == event


def test_the_page_of_a_plugin_says_what_it_is_told_of(app: Flask, client: FlaskClient, committed: World) -> None:
    page = sign_in(client, "owner").get("/admin/plugins/acme").text
    hooks = app.extensions["samverk"].plugins.observers
    heard = [str(words) for hook, words in HEARS.items() if "acme" in hooks(hook)]
    assert heard and f"<dt>Is told of</dt><dd>{', '.join(heard)}</dd>" in page
    assert set(HEARS) == {hook for hook, _ in observers.TOLD.values()}
    assert "Is told of" not in client.get("/admin/plugins/commission").text
