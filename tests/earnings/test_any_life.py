"""Whatever happens to a signed deal, in any order: it keeps what was signed and what finance has kept."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from core import clock
from core.ledger.verify import verify
from core.tracking.models import Sale
from tests.earnings import changing
from tests.earnings.changing import part, plugin, sign, streak
from tests.earnings.conftest import undone
from tests.earnings.keeping import GONE, NOTHING, V1, V2, V3, back, booked, counted, decide, holds, sell
from tests.payouts.stage import Stage
from tests.world import build as build_world

pytestmark = pytest.mark.usefixtures("unheard")

VERSIONS = [
    GONE, V1, V2, V3,
    plugin("4", each=150, more=5_000), plugin("5", each=40, bonus=3), NOTHING,
]  # fmt: skip
CAPS = {"c1": 47_000, "c2": changing.MOST["single"], "c3": changing.MOST["whole"]}


def story(seed: int) -> list[tuple[Any, ...]]:
    """What happens, drawn evenly: lists that hypothesis draws seldom go where a version, a decision and money meet."""
    draw = Random(seed)
    steps: list[Callable[[], tuple[Any, ...]]] = [
        lambda: ("approve", draw.randrange(3)),
        lambda: ("sell", draw.randint(1, 9_000)),
        lambda: ("refund", draw.randrange(9), draw.randint(1, 9_000)),
        lambda: ("install", draw.randrange(len(VERSIONS)), draw.choice([None, True, False])),
        lambda: ("decide", draw.choice([True, False])),
    ]
    return [*(draw.choice(steps)() for _ in range(16)), ("end",), ("install", draw.randrange(len(VERSIONS)), None)]


class Life:
    """A deal of three parts, what happens to it, and what must hold after each step."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.by = stage, V1
        self.sales: list[tuple[Sale, int]] = []
        self.before = dict.fromkeys(CAPS, 0)
        self.held: set[str] = set()
        self.may_fall: set[str] = set()

    def do(self, name: str, *how: Any) -> None:
        getattr(self, name)(*how)
        self.stage.session.flush()
        counted(self.stage, self.by)
        if name == "install" and how[1] is not True:
            self.unmoved()
        self.check()

    def unmoved(self) -> None:
        """Another version alone changes nothing, neither of what was paid nor of what earned nothing."""
        for name in CAPS.keys() - self.held:
            assert booked(self.stage, name) == self.before[name]

    def approve(self, number: int) -> None:
        if self.stage.deliverables[number].approved_at is None:
            self.stage.deliverables[number].approved_at = clock.now()

    def sell(self, minor: int) -> None:
        self.sales.append((sell(self.stage, minor), 0))

    def refund(self, which: int, minor: int) -> None:
        if not self.sales:
            return
        index = which % len(self.sales)
        sale, given = self.sales[index]
        if minor := min(minor, sale.amount_minor - given):
            back(self.stage, sale, minor)
            self.sales[index] = (sale, given + minor)
            self.may_fall |= {"c2", "c3"}

    def install(self, number: int, accept: bool | None) -> None:
        self.by = VERSIONS[number]
        if accept is not None:
            counted(self.stage, self.by)
            self.decide(accept)

    def decide(self, accept: bool) -> None:
        for name in [name for name, hold in holds(self.stage).items() if hold.incident]:
            decide(self.stage, self.by, accept=accept, name=name)
            self.may_fall |= {name} if accept else set()

    def end(self) -> None:
        self.stage.collaboration.state = "terminated"

    def check(self) -> None:
        """Never above what was signed, never lower without a refund or a decision, and counted once."""
        held = holds(self.stage)
        for name, cap in CAPS.items():
            now = booked(self.stage, name)
            assert 0 <= now <= cap
            assert now >= self.before[name] or name in self.may_fall
            assert now == self.before[name] or name not in held
            self.before[name] = now
        self.may_fall &= held.keys()
        self.held = set(held)
        assert counted(self.stage, self.by) == [] and holds(self.stage).keys() == held.keys()
        if all(given == sale.amount_minor for sale, given in self.sales):
            assert all(not booked(self.stage, name) for name in ("c2", "c3") if name not in held)


@pytest.fixture
def three(ticking: list[int], sandbox: Session) -> Stage:
    """A signed deal of three parts of which nothing has happened yet."""
    return sign(sandbox, build_world(sandbox), V1, [streak(cap=47_000), part("c2", "single"), part("c3", "whole")])


@settings(
    max_examples=40, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(seed=st.integers(0, 10**6))
def test_any_life_keeps_what_was_signed_and_kept(three: Stage, seed: int) -> None:
    with undone(three.session):
        life = Life(three)
        for name, *how in story(seed):
            life.do(name, *how)
        assert verify(three.session).ok
