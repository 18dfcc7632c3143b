"""New sales are booked by themselves, and many of them in SQL: each way comes to what counting everything comes to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from core.earnings import rated, service
from core.ledger.verify import verify
from tests.earnings.conftest import undone
from tests.earnings.twins import Twins
from tests.payouts import stage as scene
from tests.payouts.stage import component, share
from tests.world import World

FEE = component("fee", "fixed", amount=5_000, per="deliverable")
PREPAID = component("ahead", "advance", amount=3_000, on="signing")


def part(name: str) -> dict[str, Any]:
    return {"kind": "part", "component": name}


def meeting(**how: Any) -> dict[str, Any]:
    return {"composition": how}


GUARANTEE = meeting(kind="maximum", id="least", of=[part("fee"), part("share")])
NETTED = meeting(kind="net", id="net", of={"kind": "sum", "of": [part("share"), part("more")]}, advance=part("ahead"))
DEALS = [
    [share()],
    [FEE, share(percent="12.345", each=7)],
    [share(cap=2_000), share("more", "3.3", cap=400, each=25)],
    [FEE, share(), GUARANTEE],
    [share(cap=6_000), share("more", "0.5"), PREPAID, NETTED],
]
minor = st.one_of(st.integers(0, 30), st.integers(0, 30_000).map(lambda n: n - n % 5))
step = st.one_of(
    st.tuples(st.just("sell"), st.lists(minor, min_size=1, max_size=3), st.integers(-20, 1)),
    st.tuples(st.just("batch"), st.lists(minor, min_size=4, max_size=12), st.integers(-20, 1)),
    st.tuples(st.just("refund"), st.integers(0, 20), st.integers(1, 30_000)),
    st.tuples(st.just("approve"), st.integers(0, 1)),
    st.tuples(st.just("wait"), st.integers(1, 20)),
)


@settings(
    max_examples=25, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    steps=st.lists(step, min_size=3, max_size=12),
    deal=st.sampled_from(DEALS),
    zone=st.sampled_from(["Europe/Helsinki", "Pacific/Auckland", "America/Los_Angeles"]),
)
@example(  # a cut sale finds room when an earlier one comes back
    steps=[("sell", [10_000, 20_000], 0), ("refund", 0, 10_000)], deal=[share(cap=2_000)], zone="UTC"
)
@example(  # what comes last finds what room is left, what is sold earlier takes it
    steps=[("sell", [15_000], 0), ("sell", [10_000], 1), ("sell", [3_000], -3)], deal=[share(cap=2_000)], zone="UTC"
)
def test_each_way_comes_to_the_same(
    session: Session,
    ticking: list[int],
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[tuple[Any, ...]],
    deal: Any,
    zone: str,
) -> None:
    monkeypatch.setattr(rated, "LEAST", 4)
    ticking[0] = 0
    with undone(session):
        twins = Twins(session, world, ticking, deal, zone)
        for name, *how in steps:
            getattr(twins, name)(*how)
            session.flush()
            twins.check()
        assert service.recompute(session, scene.host(), twins.short.collaboration.id) == []
        assert verify(session).ok
