"""A plugin that changes its mind: nothing of the past is priced anew until finance has decided."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from core import clock, outbox, wiring
from core.audit import AuditEntry
from core.collaborations.events import MayComplete
from core.earnings import deciding, queries, service
from core.earnings.models import ComponentHold, Earning
from core.errors import Denied, Invalid, Missing, Refused
from core.instance import Instance
from core.ledger.verify import verify
from core.plugin_host.host import PluginHost
from core.tracking.models import Refund as RefundRow
from core.tracking.models import Sale as SaleRow
from samverk import (
    Fact,
    FieldKind,
    Line,
    Money,
    PaymentModel,
    Planned,
    Refund,
    Sale,
    Scope,
    SettingField,
    Settles,
    T,
    Terms,
    Text,
    sales_with_refunds,
)  # fmt: skip
from tests.foreign import host_of
from tests.payouts import stage as scene
from tests.payouts.stage import Stage, component
from tests.world import build as build_world
from tests.world import sign_in

CAP = 100_000


class _Model(PaymentModel):
    each = 100
    uses = (Sale, Refund)
    terms = (SettingField("note", T("Remark"), FieldKind.TEXT, False),)

    def describe(self, terms: Terms) -> Sequence[Text]:
        return [T("Something for each sale.")]

    def cap(self, terms: Terms, planned: Planned) -> Money:
        return Money(terms.integer("cap", CAP), terms.currency)


def host(version: str, each: int) -> PluginHost:
    """A foreign plugin with one model that looks at single sales, and one that looks at all of them."""

    class Single(_Model):
        name, title = "single", T("Single")

        def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
            return [
                Line(fact.key, Money(each if fact is sale else -each, terms.currency), Settles.CASH, T("A sale"))
                for sale, refunds in sales_with_refunds(facts)
                for fact in (sale, *refunds[:1])
            ]

    class Whole(_Model):
        name, title, scope = "whole", T("Whole"), Scope.AGREEMENT

        def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
            minor = each * sum(not refunds for _, refunds in sales_with_refunds(facts))
            return [Line("all", Money(minor, terms.currency), Settles.CASH, T("All sales"))] if minor else []

    Single.version = Whole.version = version

    return host_of(Single, Whole, name="foreign", version=version)


OLD, NEW, SAME, MENDED = host("1", 100), host("2", 150), host("2", 100), host("4", 100)


@pytest.fixture
def fees(today: list[int], session: Any, world: Any) -> Stage:
    """A signed deal of a fixed fee, and both foreign models."""
    return scene.build(
        session, world,
        components=[
            component("c1", "fixed", amount=60_000, per="deliverable"),
            component("c2", "single"),
            component("c3", "whole"),
        ],
        by=OLD,
    )  # fmt: skip


def counted(stage: Stage, by: PluginHost) -> list[Earning]:
    return service.recompute(stage.session, by, stage.collaboration.id)


def sums(stage: Stage) -> dict[str, int]:
    rows = stage.session.execute(
        select(Earning.component_id, func.sum(Earning.amount_minor)).group_by(Earning.component_id)
    )
    return {name: int(minor) for name, minor in rows}


def sell(stage: Stage, *orders: str, by: PluginHost) -> list[SaleRow]:
    """Sales that are counted by a host only after all of them are there."""
    rows = [
        SaleRow(
            brand_id=stage.world.brand.id, external_id=order, source="csv", code="AINO22", amount_minor=5_000,
            collaboration_id=stage.collaboration.id, currency="EUR", sold_at=clock.now(), state="credited",
        )
        for order in orders
    ]  # fmt: skip
    stage.session.add_all(rows)
    stage.session.flush()
    counted(stage, by)
    return rows


def refund(stage: Stage, sale: SaleRow, by: PluginHost) -> None:
    """All of a sale comes back."""
    row = RefundRow(
        brand_id=sale.brand_id, sale_id=sale.id, external_id="R1", source="csv", amount_minor=sale.amount_minor,
        currency=sale.currency, refunded_at=clock.now(),
    )  # fmt: skip
    stage.session.add(row)
    stage.session.flush()
    counted(stage, by)


def holds(stage: Stage) -> dict[str, ComponentHold]:
    return {row.component_id: row for row in queries.holds_of(stage.session, stage.collaboration.id)}


def decide(stage: Stage, name: str, accept: bool, by: PluginHost = NEW) -> list[Earning]:
    return deciding.decide(
        stage.session,
        stage.world.actors["finance"],
        by,
        hold=holds(stage)[name],
        accept=accept,
        reason="Agreed with Aino",
    )


def test_a_version_that_says_the_same_goes_unnoticed(fees: Stage) -> None:
    sell(fees, "A1", "A2", by=OLD)
    assert counted(fees, SAME) == [] and holds(fees) == {}
    sell(fees, "A3", by=SAME)
    assert sums(fees) == {"c2": 300, "c3": 300}
    versions = fees.session.scalars(
        select(Earning.model_version).where(Earning.component_id == "c2").order_by(Earning.id)
    )
    assert list(versions) == ["1", "1", "2"], "each line keeps the version that counted it"


@pytest.mark.parametrize("news", [(), ("A3",)])
def test_another_answer_to_the_same_facts_books_nothing(fees: Stage, news: tuple[str, ...]) -> None:
    sell(fees, "A1", "A2", by=OLD)
    sell(fees, *news, by=NEW)
    assert sums(fees) == {"c2": 200, "c3": 200}, "not even what is new, since it cannot be told apart"
    assert set(holds(fees)) == {"c2", "c3"} and all(row.incident for row in holds(fees).values())
    assert "Whole counts €3.00 by its version 2 for what was booked as €2.00 by version 1" in str(
        Text.from_json(holds(fees)["c3"].reason)
    )
    fees.deliverables[0].approved_at = clock.now()
    counted(fees, NEW)
    assert sums(fees)["c1"] == 60_000, "the other parts go on"
    told = fees.session.scalars(select(AuditEntry.action).where(AuditEntry.action == "earning.incident")).all()
    assert len(told) == 2, "once for each part, however often it is counted"
    against = service.may_complete(fees.session, MayComplete(fees.collaboration.id))
    assert str(against[-1]).startswith("A part of the pay is on hold")


def test_the_old_version_back_ends_the_incident(fees: Stage) -> None:
    sell(fees, "A1", by=OLD)
    counted(fees, NEW)
    counted(fees, OLD)
    assert holds(fees) == {} and sums(fees) == {"c2": 100, "c3": 100}


def test_new_facts_are_no_incident(fees: Stage) -> None:
    first, _ = sell(fees, "A1", "A2", by=OLD)
    refund(fees, first, by=OLD)
    assert holds(fees) == {} and sums(fees) == {"c2": 100, "c3": 100}


def test_accepted_the_difference_is_booked(fees: Stage) -> None:
    sell(fees, "A1", "A2", by=OLD)
    sell(fees, "A3", by=NEW)
    assert sorted(row.amount_minor for row in decide(fees, "c2", accept=True)) == [50, 50, 150]
    assert [row.amount_minor for row in decide(fees, "c3", accept=True)] == [250]
    assert sums(fees) == {"c2": 450, "c3": 450} and holds(fees) == {}
    assert counted(fees, NEW) == [] and verify(fees.session).ok


def test_kept_the_past_stays_and_the_new_is_counted_by_the_new(fees: Stage) -> None:
    sell(fees, "A1", "A2", by=OLD)
    sell(fees, "A3", by=NEW)
    assert [row.amount_minor for row in decide(fees, "c2", accept=False)] == [150]
    assert [row.amount_minor for row in decide(fees, "c3", accept=False)] == [150]
    assert sums(fees) == {"c2": 350, "c3": 350} and holds(fees) == {}
    sell(fees, "A4", by=NEW)
    assert sums(fees) == {"c2": 500, "c3": 500} and holds(fees) == {}


def test_what_is_kept_is_undone_by_its_refund_to_the_last_unit(fees: Stage) -> None:
    (sale,) = sell(fees, "A1", by=OLD)
    counted(fees, NEW)
    assert decide(fees, "c2", accept=False) == [] == decide(fees, "c3", accept=False)
    refund(fees, sale, by=NEW)
    assert sums(fees)["c2"] == 0 and sums(fees)["c3"] >= 0 and verify(fees.session).ok


def test_a_third_version_after_a_decision_is_held_again(fees: Stage) -> None:
    sell(fees, "A1", by=OLD)
    counted(fees, NEW)
    decide(fees, "c2", accept=False)
    counted(fees, host("3", 170))
    assert holds(fees)["c2"].incident and sums(fees)["c2"] == 100


def test_deciding_is_finance_and_once(fees: Stage) -> None:
    sell(fees, "A1", by=OLD)
    counted(fees, NEW)
    row = holds(fees)["c2"]
    decision: dict[str, Any] = {"hold": row, "accept": True}
    with pytest.raises(Denied):
        deciding.decide(fees.session, fees.world.actors["manager"], NEW, reason="x", **decision)
    with pytest.raises(Invalid):
        deciding.decide(fees.session, fees.world.actors["finance"], NEW, reason=" ", **decision)
    with pytest.raises(Missing):
        queries.get_hold(fees.session, fees.world.outsider, row.public_id)
    decide(fees, "c2", accept=True)
    with pytest.raises(Refused):
        deciding.decide(fees.session, fees.world.actors["finance"], NEW, reason="x", **decision)
    actions = fees.session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "component_hold"))
    assert "earning.accept" in set(actions)


def test_the_page_of_an_incident(app: Any, client: FlaskClient, instance: Instance) -> None:
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session), components=[component("c2", "single")], by=OLD)
        sell(stage, "A1", by=OLD)
        counted(stage, NEW)
        public = holds(stage)["c2"].public_id
    vars(instance)["plugins"] = NEW
    sign_in(client, "finance")
    assert "Decide about the pay of Aino Laine" in client.get("/admin/").text
    assert f"/admin/earnings/holds/{public}" in client.get("/admin/earnings").text
    page = client.get(f"/admin/earnings/holds/{public}")
    assert "Single counts €1.50 by its version 2 for what was booked as €1.00 by version 1" in page.text
    assert client.post(f"/admin/earnings/holds/{public}", data={"decision": "keep"}).status_code == 422
    done = client.post(f"/admin/earnings/holds/{public}", data={"decision": "accept", "reason": "Agreed"})
    assert done.status_code == 303
    with instance.database.session() as session:
        assert session.scalar(select(func.sum(Earning.amount_minor))) == 150
    assert "Decide about the pay" not in client.get("/admin/").text
    manager = sign_in(app.test_client(), "manager")
    assert manager.get(f"/admin/earnings/holds/{public}").status_code == 403


@pytest.fixture
def disputed(app: Any, instance: Instance) -> str:
    """The public id of an incident by version 2, which was installed after version 1 had counted."""
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session), components=[component("c2", "single")], by=OLD)
        sell(stage, "A1", by=OLD)
        counted(stage, NEW)
        vars(instance)["plugins"] = NEW
        return holds(stage)["c2"].public_id


def open_hold(instance: Instance) -> ComponentHold | None:
    with instance.database.session() as session:
        return session.scalar(select(ComponentHold).where(ComponentHold.resolved_at.is_(None)))


def minute(instance: Instance) -> int:
    """What the worker does each minute; how many jobs it had."""
    wiring.tick(instance)
    return outbox.drain(instance.database)


def test_another_version_counts_anew_what_is_on_hold(instance: Instance, disputed: str) -> None:
    minute(instance)
    assert minute(instance) == 0, "nothing is counted again by the version that said it"
    vars(instance)["plugins"] = host("3", 170)
    assert minute(instance) == 1
    held = open_hold(instance)
    assert held and "€1.70 by its version 3" in str(Text.from_json(held.reason))
    vars(instance)["plugins"] = MENDED
    assert minute(instance) == 1 and open_hold(instance) is None


def test_nobody_reads_what_another_version_said(client: FlaskClient, instance: Instance, disputed: str) -> None:
    address = f"/admin/earnings/holds/{disputed}"
    sign_in(client, "finance")
    read = re.findall(r'name="version" value="(\w+)"', client.get(address).text)
    assert read == ["2"]
    vars(instance)["plugins"] = host("3", 170)
    decision = {"decision": "accept", "reason": "Agreed", "version": "2"}
    told = client.post(address, data=decision)
    assert told.status_code == 422 and "Another version of the plugin is here now." in told.text
    assert "counts €1.70 by its version 3" in told.text and 'name="version" value="3"' in told.text
    assert client.post(address, data=decision).status_code == 422, "what it was read of counts, not when it was sent"
    vars(instance)["plugins"] = MENDED
    over = client.get(address, follow_redirects=True)
    assert "It is over: what the plugin counts now is what is booked." in over.text and open_hold(instance) is None
    with instance.database.session() as session:
        assert session.scalar(select(func.sum(Earning.amount_minor))) == 100
