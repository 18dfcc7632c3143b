"""A rail may not be removed for good while a payment is on its way by it."""

from __future__ import annotations

from sqlalchemy import select

from core import outbox
from core.events import objections
from core.instance import Instance
from core.payouts import service
from core.payouts.models import Payout
from core.plugin_api.payout_rails import Refused
from core.plugin_api.text import T
from core.plugin_host.purge import MayPurge
from tests.payouts import stage as scene
from tests.payouts.rails import Bank
from tests.payouts.test_handing_over import payout


def objected(instance: Instance, rail: str = "wire") -> list[str]:
    """What speaks against removing the plugin of a rail."""
    with instance.database.session() as session:
        return [str(said) for said in objections(session, MayPurge("bank", {"payout_rails": [rail]}))]


def test_a_rail_stays_until_the_money_has_arrived(instance: Instance, approved: scene.Stage, bank: Bank) -> None:
    said = [f"1 payment of {approved.world.brand.name} is on its way by this plugin."]
    assert objected(instance) == said, "it is approved, and nobody has handed it over yet"
    assert objected(instance, "manual") == []
    outbox.drain(instance.database)
    assert payout(instance).state == "sent" and objected(instance) == said
    with instance.database.write() as session:
        row = session.scalars(select(Payout)).one()
        service.record_statement(session, approved.world.actors["finance"], row, received_on=scene.on(0))
    assert objected(instance) == []


def test_what_the_rail_gave_back_is_on_no_way(instance: Instance, approved: scene.Stage, bank: Bank) -> None:
    bank.answer = lambda reference: Refused(T("No such account."))
    outbox.drain(instance.database)
    assert payout(instance).state == "failed" and objected(instance) == []
