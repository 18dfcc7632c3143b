"""A signed deal that several versions of a plugin count, and what finance decides of it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from core import clock
from core.earnings import deciding, queries, service
from core.earnings.models import ComponentHold, Earning
from core.plugin_host.host import PluginHost
from core.tracking.models import Refund, Sale
from tests.earnings.changing import plugin
from tests.payouts import stage as scene
from tests.payouts.stage import Stage

V1, V2, V3 = plugin("1"), plugin("2", bonus=2), plugin("3")
LATER = plugin("2", more=10_000)  # says the same of what happened, and names a higher cap
GONE = scene.host()
NOTHING = plugin("6", each=0, bonus=0, own=False)


def approve(stage: Stage, number: int, by: PluginHost) -> list[Earning]:
    stage.deliverables[number].approved_at = clock.now() + timedelta(minutes=number)
    stage.session.flush()
    return counted(stage, by)


def counted(stage: Stage, by: PluginHost) -> list[Earning]:
    return service.recompute(stage.session, by, stage.collaboration.id)


def booked(stage: Stage, name: str = "c1") -> int:
    mine = Earning.collaboration_id == stage.collaboration.id, Earning.component_id == name
    return int(stage.session.scalar(select(func.coalesce(func.sum(Earning.amount_minor), 0)).where(*mine)))


def holds(stage: Stage) -> dict[str, ComponentHold]:
    return {row.component_id: row for row in queries.holds_of(stage.session, stage.collaboration.id)}


def decide(stage: Stage, by: PluginHost, *, accept: bool, name: str = "c1") -> list[Earning]:
    finance, hold = stage.world.actors["finance"], holds(stage)[name]
    return deciding.decide(stage.session, finance, by, hold=hold, accept=accept, reason="Agreed")


def sell(stage: Stage, minor: int) -> Sale:
    number = stage.session.scalar(select(func.count()).select_from(Sale))
    row = Sale(
        brand_id=stage.world.brand.id, external_id=f"A{number}", source="csv", code="AINO22", amount_minor=minor,
        collaboration_id=stage.collaboration.id, currency="EUR", sold_at=clock.now(), state="credited",
    )  # fmt: skip
    stage.session.add(row)
    stage.session.flush()
    return row


def back(stage: Stage, sale: Sale, minor: int) -> None:
    number = stage.session.scalar(select(func.count()).select_from(Refund))
    row = Refund(
        brand_id=sale.brand_id, sale_id=sale.id, external_id=f"R{number}", source="csv", amount_minor=minor,
        currency=sale.currency, refunded_at=clock.now(),
    )  # fmt: skip
    stage.session.add(row)
    stage.session.flush()
