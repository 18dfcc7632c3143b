"""Any life of a collaboration, by property: whatever happens in whatever order, money adds up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.crypto import Keyring
from core.earnings import service as earnings
from core.earnings.models import Earning
from core.errors import Refused
from core.ledger import accounts as plan
from core.ledger import queries as ledger
from core.ledger.verify import verify
from core.payouts import service
from core.payouts.models import Payout, PayoutLine, PayoutRun
from core.tracking.models import Sale
from tests.earnings.conftest import undone
from tests.payouts import stage as scene
from tests.payouts.stage import BASE, Stage
from tests.world import build as build_world

KEYS = Keyring(current="a", keys={"a": b"k" * 32}, index=b"i" * 32)
CAP, RATE = 40_000, 10
place = st.integers(0, 1)
outcome = st.sampled_from(["nothing", "send", "fail", "come back"])
step = st.one_of(
    st.tuples(st.just("approve"), place, place),
    st.tuples(st.just("sell"), place, st.integers(1, 90_000)),
    st.tuples(st.just("refund"), st.integers(0, 9), st.integers(1, 90_000)),
    st.tuples(st.just("wait"), st.integers(1, 20)),
    st.tuples(st.just("prepare"), st.booleans()),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("pay"), st.booleans(), outcome),
    st.tuples(st.just("finish"), outcome),
)


class Life:
    """Two collaborations of one influencer, what happens to them, and what must hold after each step."""

    def __init__(self, stages: list[Stage], days: list[int]) -> None:
        self.stages, self.days = stages, days
        self.session, self.world = stages[0].session, stages[0].world
        self.approved: set[tuple[int, int]] = set()
        self.sales: list[tuple[int, Sale, int]] = []
        self.count = 0
        self.seen: dict[int, int] = {}

    def do(self, name: str, *how: Any) -> None:
        """One step; what is not possible now changes nothing."""
        getattr(self, name)(*how)
        self.session.flush()
        self.check()

    def approve(self, at: int, number: int) -> None:
        self.approved.add((at, number))
        self.stages[at].approve(number)

    def sell(self, at: int, minor: int) -> None:
        self.count += 1
        self.sales.append((at, self.stages[at].sell(minor, f"A{self.count}"), 0))

    def refund(self, which: int, minor: int) -> None:
        if not self.sales:
            return
        index = which % len(self.sales)
        at, sale, back = self.sales[index]
        minor = min(minor, sale.amount_minor - back)
        if minor:
            self.count += 1
            self.stages[at].refund(sale, minor, f"R{self.count}")
            self.sales[index] = (at, sale, back + minor)

    def wait(self, days: int) -> None:
        self.days[0] += days
        earnings.release_due(self.session)

    def prepare(self, all_of_it: bool) -> None:
        today = None if all_of_it else service.today_of(self.session, self.world.brand.id)
        service.prepare_run(
            self.session, self.world.owner, self.world.brand, currency="EUR", due_by=today, base_url=BASE
        )

    def pay(self, all_of_it: bool, how: str) -> None:
        """A whole payout, or as far as it gets."""
        self.prepare(all_of_it)
        self.hand_over()
        self.finish(how)

    def finish(self, how: str) -> None:
        """What becomes of payments that were handed over."""
        {"nothing": self.receive, "send": self.send, "fail": self.fail, "come back": self.send}[how]()
        if how == "come back":
            self.fail()

    def hand_over(self) -> None:
        for payout in self._in("awaiting_approval"):
            run = self._run(payout)
            with self._attempt():
                service.approve_run(self.session, self.world.owner, run)
                scene.hand_over(self.session, KEYS, run)

    def cancel(self) -> None:
        for payout in self._in("awaiting_approval"):
            service.cancel_run(self.session, self.world.owner, self._run(payout))

    def send(self) -> None:
        for payout in self._in("requires_action"):
            today = service.today_of(self.session, payout.brand_id)
            service.mark_sent(
                self.session, self.world.owner, payout, reference=payout.public_id, sent_on=today, base_url=BASE
            )

    def fail(self) -> None:
        for payout in self._in("requires_action", "sent", "received")[:1]:
            service.mark_failed(self.session, self.world.owner, payout, reason="No", base_url=BASE)

    def receive(self) -> None:
        for payout in self._in("sent"):
            today = service.today_of(self.session, payout.brand_id)
            service.confirm_received(self.session, self.world.creator, payout, received_on=today)

    @contextmanager
    def _attempt(self) -> Iterator[None]:
        """What is refused leaves no trace, as in a request that is rolled back."""
        point = self.session.begin_nested()
        try:
            yield
        except Refused:
            point.rollback()
            self.session.expire_all()
        else:
            point.commit()

    def _in(self, *states: str) -> list[Payout]:
        return list(self.session.scalars(select(Payout).where(Payout.state.in_(states)).order_by(Payout.id)))

    def _run(self, payout: Payout) -> PayoutRun:
        return self.session.get_one(PayoutRun, payout.payout_run_id)

    def check(self) -> None:
        """What holds at any time."""
        for at, stage in enumerate(self.stages):
            assert self._earned(stage) == self._expected(at)
            assert self._by_state(stage, "pending") == self._books(stage, plan.pending)
            owed = self._books(stage, plan.payable) - self._books(stage, plan.advance)
            assert self._by_state(stage, "payable") + self._prepared(stage) == owed
        self._lines()
        amounts = {row.id: row.amount_minor for row in self.session.scalars(select(Earning))}
        assert all(amounts[key] == minor for key, minor in self.seen.items())  # changed only by new rows
        self.seen = amounts
        sent = self.session.scalar(
            select(func.coalesce(func.sum(Payout.amount_minor), 0)).where(Payout.state.in_(("sent", "received")))
        )
        assert self._balance(plan.rail_cash("manual")) == -sent

    def _lines(self) -> None:
        live = select(PayoutLine.earning_id).where(PayoutLine.live)
        taken = list(self.session.scalars(live))
        assert len(taken) == len(set(taken))
        states = set(self.session.scalars(select(Earning.state).where(Earning.id.in_(taken))))
        assert states <= {"in_payout", "paid"}
        sums = select(Payout.amount_minor, func.sum(PayoutLine.amount_minor)).join(Payout.lines).group_by(Payout.id)
        assert all(whole == parts for whole, parts in self.session.execute(sums))

    def _expected(self, at: int) -> int:
        """The model: a fee a deliverable, and 10 % of what was sold less what was refunded, within the cap."""
        fees = 60_000 * len({number for where, number in self.approved if where == at})
        return fees + self._commission(at)

    def _commission(self, at: int) -> int:
        running = 0
        for where, sale, back in self.sales:
            if where != at:
                continue
            given = min(round(Fraction(sale.amount_minor * RATE, 100)), max(CAP - running, 0))
            kept = round(Fraction((sale.amount_minor - back) * RATE, 100))
            running += min(given, kept)
        return running

    def _earned(self, stage: Stage) -> int:
        return self._sum(Earning.collaboration_id == stage.collaboration.id)

    def _by_state(self, stage: Stage, state: str) -> int:
        return self._sum(Earning.collaboration_id == stage.collaboration.id, Earning.state == state)

    def _prepared(self, stage: Stage) -> int:
        waiting = (
            select(PayoutLine.earning_id)
            .join(Payout, Payout.id == PayoutLine.payout_id)
            .where(PayoutLine.live, Payout.state == "awaiting_approval")
        )
        return self._sum(Earning.collaboration_id == stage.collaboration.id, Earning.id.in_(waiting))

    def _sum(self, *where: Any) -> int:
        return int(self.session.scalar(select(func.coalesce(func.sum(Earning.amount_minor), 0)).where(*where)))

    def _books(self, stage: Stage, account: Any) -> int:
        return self._balance(account(stage.collaboration.id))

    def _balance(self, code: str) -> int:
        return ledger.balance(self.session, self.world.brand.id, code, "EUR").minor


@pytest.fixture
def two(ticking: list[int], sandbox: Session) -> list[Stage]:
    """Two signed collaborations of one influencer, who has an account."""
    world = build_world(sandbox)
    stages = [scene.build(sandbox, world, name=str(n)) for n in (1, 2)]
    stages[0].account(KEYS)
    return stages


@settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(steps=st.lists(step, min_size=4, max_size=20))
def test_any_life_adds_up(two: list[Stage], ticking: list[int], steps: list[tuple[Any, ...]]) -> None:
    ticking[0] = 0
    with undone(two[0].session):
        life = Life(two, ticking)
        for name, *given_ in steps:
            life.do(name, *given_)
        assert verify(life.session).ok
