"""A signed collaboration with a commission and a gift, and everything connected as in life."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock, wiring
from core.collaborations.models import Collaboration
from core.earnings.models import Earning
from core.instance import Instance
from core.money import Money
from core.plugin_api.sales_sources import RefundRecord, SaleRecord, SalesRecord
from core.tracking.codes import code_of
from core.tracking.sales import Verdict, book, judge
from tests.collaborations import stage as theatre
from tests.world import World

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def gift(value: int = 8_900) -> dict[str, Any]:
    """A gifting component."""
    values = {"product": "Tent", "value": value, "value_source": "retail"}
    return {"id": "g1", "model": "gifting", "version": "1", "terms": {"currency": "EUR", "values": values}}


@dataclass
class Play:
    """A signed collaboration of Aino's, and short ways to sell on it."""

    session: Session
    world: World
    stage: theatre.Stage
    collaboration: Collaboration
    instance: Instance

    @property
    def brand_id(self) -> int:
        return self.world.brand.id

    @property
    def code(self) -> str:
        return code_of(self.session, self.collaboration.id) or ""

    def judge(self, *records: SalesRecord) -> list[Verdict]:
        return judge(self.session, self.brand_id, records)

    def take(self, *records: SalesRecord, source: str = "csv") -> list[Verdict]:
        verdicts = self.judge(*records)
        book(self.session, self.world.owner, brand_id=self.brand_id, source=source, verdicts=verdicts)
        return verdicts

    def sale(self, number: str, amount: int, **changed: Any) -> SaleRecord:
        given = {"code": self.code, "at": clock.now(), "currency": "EUR", **changed}
        return SaleRecord(number, Money(amount, given["currency"]), given["at"], given["code"])

    def refund(self, number: str, of: str, amount: int, currency: str = "EUR") -> RefundRecord:
        return RefundRecord(number, of, Money(amount, currency), clock.now())

    def earned(self, settles: str = "cash") -> int:
        rows = self.session.scalars(
            select(Earning.amount_minor).where(
                Earning.collaboration_id == self.collaboration.id, Earning.settles == settles
            )
        )
        return sum(rows)


def perform(session: Session, world: World, instance: Instance, components: list[Any] | None = None) -> Play:
    wiring.connect(instance)
    stage = theatre.build(session, world)
    made, _ = stage.signed(components=components or [theatre.commission("10", 40_000), gift()])
    return Play(session, world, stage, made, instance)


@pytest.fixture
def moment() -> Iterator[list[datetime]]:
    """The time, which a test moves by `moment[0] += ...`."""
    at = [NOW]
    with clock.frozen(lambda: at[0]):
        yield at


@pytest.fixture
def play(session: Session, world: World, instance: Instance, moment: list[datetime]) -> Play:
    made = perform(session, world, instance)
    moment[0] += timedelta(hours=1)
    return made
