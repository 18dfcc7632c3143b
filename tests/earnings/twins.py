"""Two collaborations with one deal, to which the same happens: one is counted whole, one as its sales come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import clock
from core.earnings import service, sold
from core.earnings.models import ComponentTotal, Earning, FactMemory
from core.ledger import accounts as plan
from core.ledger import queries as ledger
from core.tracking.models import Refund, Sale
from tests.payouts import stage as scene
from tests.payouts.stage import Stage
from tests.world import World


class Twins:
    """Two collaborations with one deal, to which the same happens: one is always counted whole."""

    def __init__(self, session: Session, world: World, days: list[int], deal: list[dict[str, Any]], zone: str) -> None:
        world.brand.timezone = zone
        self.session, self.days, self.moments = session, days, count()
        self.whole, self.short = (scene.build(session, world, components=deal, name=name) for name in "AB")
        self.sales: list[tuple[Sale, Sale]] = []
        self.left: list[int] = []
        self.orders = count()
        self.book([], new=True)

    def sell(self, amounts: Sequence[int], day: int) -> None:
        """Sales of one message, in any order of time."""
        pairs = []
        for amount in amounts:
            at = clock.now() + timedelta(days=day, hours=next(self.moments) * 7 % 24)
            order = next(self.orders)
            pairs.append(tuple(self._sale(stage, f"{order}", amount, at) for stage in (self.whole, self.short)))
        self.sales += pairs  # type: ignore[arg-type]
        self.left += amounts
        self.session.flush()
        self.book([short for _, short in pairs], new=True)

    batch = sell

    def refund(self, which: int, amount: int) -> None:
        if not self.sales:
            return
        which %= len(self.sales)
        amount = min(amount, self.left[which])
        if not amount:
            return
        self.left[which] -= amount
        number = next(self.orders)
        for name, sale in zip("AB", self.sales[which], strict=True):
            row = Refund(
                brand_id=sale.brand_id, sale_id=sale.id, external_id=f"{name}{number}", source="csv",
                amount_minor=amount, currency="EUR", refunded_at=sale.sold_at + timedelta(hours=number),
            )  # fmt: skip
            self.session.add(row)
        self.session.flush()
        self.book([self.sales[which][1]], new=False)

    def approve(self, number: int) -> None:
        for stage in (self.whole, self.short):
            stage.approve(number)

    def wait(self, days: int) -> None:
        self.days[0] += days
        service.release_due(self.session)

    def book(self, sales: Sequence[Sale], *, new: bool) -> None:
        self.whole.earn()
        ids = [sale.id for sale in sales]
        sold.book_sales(self.session, scene.host(), self.short.collaboration.id, ids, new=new)
        self.session.flush()

    def check(self) -> None:
        """Both are booked alike: rows, dates, words, balances; and the totals are the sums of the rows."""
        assert self._rows(self.short) == self._rows(self.whole)
        assert self._nothings(self.short) == self._nothings(self.whole)
        for account in (plan.pending, plan.payable, plan.advance):
            one, other = (self._balance(account(stage.collaboration.id)) for stage in (self.whole, self.short))
            assert other == one
        assert self._balance(plan.cost(self.short.campaign.id)) == self._balance(plan.cost(self.whole.campaign.id))
        assert self._totals(self.short) == self._totals(self.whole) == self._sums(self.short)

    def _sale(self, stage: Stage, order: str, amount: int, at: Any) -> Sale:
        name = "A" if stage is self.whole else "B"
        row = Sale(
            brand_id=stage.world.brand.id, external_id=f"{name}{order} \"ü'", source="csv", code=name, state="credited",
            collaboration_id=stage.collaboration.id, amount_minor=amount, currency="EUR", sold_at=at,
        )  # fmt: skip
        self.session.add(row)
        return row

    def _rows(self, stage: Stage) -> list[Any]:
        names = {sale.public_id: sale.external_id[1:] for pair in self.sales for sale in pair}
        refunds = self.session.execute(select(Refund.public_id, Refund.external_id))
        names |= {public: external[1:] for public, external in refunds}
        names |= {row.public_id: row.note for row in stage.deliverables}
        rows = self.session.scalars(select(Earning).where(Earning.collaboration_id == stage.collaboration.id))
        return sorted(self._told(row, names.get(row.fact_key.partition(":")[2], "")) for row in rows)

    def _nothings(self, stage: Stage) -> set[tuple[str, str]]:
        """The orders of which nothing is booked, and by which part."""
        names = {f"sale:{sale.public_id}": sale.external_id[1:] for pair in self.sales for sale in pair}
        rows = self.session.scalars(select(FactMemory).where(FactMemory.collaboration_id == stage.collaboration.id))
        return {(row.component_id, names[row.fact_key]) for row in rows if row.fact_key in names}

    def _told(self, row: Earning, fact: str) -> tuple[Any, ...]:
        """A row, with the order for the sale's public id; a time that is the moment of booking says nothing."""
        lasting = row.kind == "commission" and row.sequence == 1
        words = json.dumps(row.reason).replace('"A', '"').replace('"B', '"')
        when = row.state, str(row.hold_until), str(row.due_on), str(row.earned_at) if lasting else ""
        what = row.component_id, "" if row.kind == "netted" else fact, row.sequence, row.kind, row.amount_minor
        return *what, *when, row.model_version, words, bool(row.ledger_tx_id)

    def _balance(self, code: str) -> int:
        return ledger.balance(self.session, self.whole.world.brand.id, code, "EUR").minor

    def _totals(self, stage: Stage) -> dict[str, tuple[int, int]]:
        rows = self.session.scalars(
            select(ComponentTotal).where(ComponentTotal.collaboration_id == stage.collaboration.id)
        )
        return {row.component_id: (row.net_minor, row.given_minor) for row in rows if row.given_minor or row.net_minor}

    def _sums(self, stage: Stage) -> dict[str, tuple[int, int]]:
        given_ = func.sum(Earning.amount_minor).filter(Earning.amount_minor > 0)
        rows = self.session.execute(
            select(Earning.component_id, func.sum(Earning.amount_minor), given_)
            .where(Earning.collaboration_id == stage.collaboration.id)
            .group_by(Earning.component_id)
        )
        return {name: (int(net), int(gross or 0)) for name, net, gross in rows}
