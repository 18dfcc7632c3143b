"""A signed deal keeps its cap and what finance has kept, whatever versions of a plugin come and go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import clock, events
from core.collaborations.reading import cap_or_none
from core.earnings import deciding, queries, service
from core.earnings.models import ComponentHold, Earning
from core.ledger.verify import verify
from core.money import Money
from core.plugin_api.text import Text
from core.plugin_host.host import PluginHost
from core.tracking.models import Refund, Sale
from samverk import Line, Settles, T, sales_with_refunds
from tests.earnings import changing
from tests.earnings.changing import MOST, part, plugin, sign, streak
from tests.earnings.conftest import undone
from tests.payouts import stage as scene
from tests.payouts.stage import Stage
from tests.world import build as build_world

V1, V2, V3 = plugin("1"), plugin("2", bonus=2), plugin("3")
LATER = plugin("2", more=10_000)  # says the same of what happened, and names a higher cap
GONE = scene.host()


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


@pytest.fixture(autouse=True)
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test says itself by which plugins is counted: no installation that others have connected listens."""
    monkeypatch.setattr(events, "_subscribers", defaultdict(list))


@pytest.fixture
def capped(today: list[int], session: Any, world: Any) -> Stage:
    """The streak at most 470, two of three approved: 450."""
    stage = sign(session, world, V1, [streak(cap=47_000)])
    approve(stage, 0, V1)
    approve(stage, 1, V1)
    assert booked(stage) == 45_000
    return stage


def test_a_higher_cap_of_a_new_version_is_an_incident(today: list[int], session: Any, world: Any) -> None:
    stage = sign(session, world, V1, [streak()])
    approve(stage, 0, V1)
    assert counted(stage, LATER) == []
    assert "Streak says at most €800.00 by its version 2, and the contract says at most €700.00." in str(
        Text.from_json(holds(stage)["c1"].reason)
    )
    assert approve(stage, 1, LATER) == [], "not even what is new"
    assert sum(row.amount_minor for row in decide(stage, LATER, accept=False)) == 25_000
    assert holds(stage) == {} and counted(stage, LATER) == []


@pytest.mark.parametrize("accept", [False, True])
def test_more_than_was_signed_is_never_booked(accept: bool, today: list[int], session: Any, world: Any) -> None:
    stage = sign(session, world, V1, [streak()])
    dear = plugin("2", bonus=9)
    approve(stage, 0, V1)
    approve(stage, 1, dear)
    decide(stage, dear, accept=accept)
    approve(stage, 2, dear)
    assert booked(stage) == 70_000 and holds(stage) == {} and counted(stage, dear) == []
    assert verify(session).ok


def test_a_lower_cap_takes_nothing_back(today: list[int], session: Any, world: Any) -> None:
    stage = sign(session, world, V1, [streak()])
    for number in (0, 1, 2):
        approve(stage, number, V1)
    assert counted(stage, plugin("2", more=-30_000)) == [] and booked(stage) == 70_000 and holds(stage) == {}


def test_kept_stays_kept_through_versions_and_the_end(capped: Stage) -> None:
    assert approve(capped, 2, V2) == [] and set(holds(capped)) == {"c1"}
    assert decide(capped, V2, accept=False) == [], "the third earns nothing by version 2, which meets its own cap"
    assert counted(capped, GONE) == [] and not holds(capped)["c1"].incident
    assert counted(capped, V3) == [] and holds(capped) == {}, "the same sum as was decided"
    capped.collaboration.state = "terminated"
    assert counted(capped, V3) == [] and booked(capped) == 45_000
    assert counted(capped, V1) == [] == counted(capped, V2) and holds(capped) == {}
    assert verify(capped.session).ok


def test_what_is_new_comes_on_top_of_what_is_kept(today: list[int], session: Any, world: Any) -> None:
    stage = sign(session, world, V1, [streak()])
    approve(stage, 0, V1)
    approve(stage, 1, V1)
    counted(stage, V2)
    assert decide(stage, V2, accept=False) == []
    assert sum(row.amount_minor for row in approve(stage, 2, V2)) == 25_000, "200 and 100, within the signed 700"
    assert booked(stage) == 70_000 and counted(stage, V2) == []


def test_a_version_that_was_kept_before_is_kept_again(today: list[int], session: Any, world: Any) -> None:
    stage = sign(session, world, V1, [streak()])
    approve(stage, 0, V1)
    approve(stage, 1, V1)
    counted(stage, V2)
    decide(stage, V2, accept=False)
    assert counted(stage, V1) == [] == counted(stage, V2) and holds(stage) == {} and booked(stage) == 45_000


def test_an_optional_term_gives_new_deals_alone_a_new_formula(today: list[int], session: Any, world: Any) -> None:
    stage, opted = sign(session, world, V1, [streak()]), plugin("8")
    approve(stage, 0, V1)
    approve(stage, 1, opted)
    approve(stage, 2, opted)
    assert booked(stage) == 70_000 and holds(stage) == {}
    assert cap_or_none(opted, [streak(doubled=True)], changing.WORK, "EUR") == Money(80_000, "EUR")


def test_equal_sums_by_other_lines_are_no_incident(today: list[int], session: Any, world: Any) -> None:
    stage = sign(session, world, V1, [part("c1", "whole")])
    sale = sell(stage, 2_000)
    counted(stage, V1)
    renamed = plugin("2")
    _rename(renamed)
    assert counted(stage, renamed) == [] and holds(stage) == {} and booked(stage) == 200
    back(stage, sale, 500)
    counted(stage, renamed)
    assert booked(stage) == 150
    back(stage, sale, 1_500)
    counted(stage, renamed)
    assert booked(stage) == 0 and counted(stage, renamed) == []


@pytest.mark.parametrize("each", [30, 300])
@pytest.mark.parametrize("model", ["single", "whole"])
def test_a_refund_takes_back_of_what_is_kept_in_proportion(
    each: int, model: str, today: list[int], session: Any, world: Any
) -> None:
    stage, other = sign(session, world, V1, [part("c1", model)]), plugin("2", each=each)
    sale = sell(stage, 2_000)
    counted(stage, V1)
    back(stage, sale, 500)
    assert counted(stage, other) == [] and set(holds(stage)) == {"c1"}, "though a refund came with the version"
    decide(stage, other, accept=False)
    assert booked(stage) == 150
    back(stage, sale, 1_500)
    counted(stage, other)
    assert booked(stage) == 0 and counted(stage, other) == [] and verify(session).ok


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


def _only_below(host: PluginHost, most: int) -> None:
    """From now on the model pays a euro for each small sale that stands, and for no other."""
    model = host.payment_models["single"]

    def earned(self: Any, terms: Any, facts: Any) -> Any:
        return [
            Line(sale.key, Money(100, terms.currency), Settles.CASH, T("A small sale"))
            for sale, refunds in sales_with_refunds(facts)
            if sale.amount.minor < most and not refunds
        ]

    type(model).earned = earned  # type: ignore[method-assign]


def _rename(host: PluginHost) -> None:
    """From now on the model calls its one line otherwise."""
    model = host.payment_models["whole"]
    inner = type(model).earned

    def earned(self: Any, terms: Any, facts: Any) -> Any:
        return [type(line)("sum", line.amount, line.settles, line.reason) for line in inner(self, terms, facts)]

    type(model).earned = earned  # type: ignore[method-assign]


NOTHING = plugin("6", each=0, bonus=0, own=False)


def test_what_earned_nothing_is_not_priced_by_a_later_version(today: list[int], session: Any, world: Any) -> None:
    stage = sign(session, world, NOTHING, [part("c1", "single")])
    sale, other = sell(stage, 2_000), sell(stage, 1_000)
    assert counted(stage, NOTHING) == [] == counted(stage, V3)
    told = str(Text.from_json(holds(stage)["c1"].reason))
    assert "counts €3.00 by its version 3 for what was booked as €0.00 by version 6" in told
    assert decide(stage, V3, accept=False) == [] and holds(stage) == {}
    sell(stage, 4_000)
    assert [row.amount_minor for row in counted(stage, V3)] == [400], "what comes afterwards is counted by version 3"
    assert counted(stage, plugin("7")) == [] and holds(stage) == {}, "the same was decided"
    back(stage, sale, 2_000)
    back(stage, other, 500)
    assert counted(stage, V3) == [] and booked(stage) == 400
    assert verify(session).ok


def test_what_a_version_gave_up_and_was_kept_stays_when_another_one_claims_it(
    today: list[int], session: Any, world: Any
) -> None:
    stage = sign(session, world, V1, [streak(), part("c3", "whole")])
    sell(stage, 2_000)
    approve(stage, 0, V1)
    approve(stage, 1, V1)
    assert counted(stage, NOTHING) == []
    assert [decide(stage, NOTHING, accept=False, name=name) for name in ("c1", "c3")] == [[], []]
    for by in (V1, NOTHING, V3):
        assert counted(stage, by) == [] and holds(stage) == {}
    assert (booked(stage), booked(stage, "c3")) == (45_000, 200)


def test_a_refund_of_everything_takes_back_what_was_kept_of_a_model_that_claims_nothing(
    today: list[int], session: Any, world: Any
) -> None:
    stage = sign(session, world, V1, [part("c1", "whole")])
    sale = sell(stage, 2_000)
    counted(stage, V1)
    assert counted(stage, NOTHING) == [] == decide(stage, NOTHING, accept=False)
    back(stage, sale, 1_999)
    assert counted(stage, NOTHING) == [], "of a claim of nothing there is no part"
    back(stage, sale, 1)
    counted(stage, NOTHING)
    assert booked(stage) == 0 and verify(session).ok


def test_accepted_a_fact_that_earned_nothing_is_paid(today: list[int], session: Any, world: Any) -> None:
    stage = sign(session, world, NOTHING, [part("c1", "single")])
    sell(stage, 2_000)
    assert counted(stage, NOTHING) == [] == counted(stage, V3)
    assert [row.amount_minor for row in decide(stage, V3, accept=True)] == [200]
    assert counted(stage, V3) == [] and holds(stage) == {}


def test_what_the_cap_left_nothing_of_keeps_its_price(today: list[int], session: Any, world: Any) -> None:
    stage = sign(session, world, V1, [part("c1", "single")])
    first = sell(stage, 9_000)
    counted(stage, V1)
    today[0] = 2
    sell(stage, 4_000)
    assert counted(stage, V1) == [] and booked(stage) == 900 == MOST["single"], "the first has taken all of the cap"
    dear = plugin("2", each=50)
    assert counted(stage, dear) == [] and decide(stage, dear, accept=False) == []
    today[0] = 1
    back(stage, first, 9_000)
    counted(stage, dear)
    assert booked(stage) == 400, "the room that a day left is filled by the second as it was signed, not by 200"


def test_of_two_facts_that_changed_places_each_is_kept_by_itself(today: list[int], session: Any, world: Any) -> None:
    """One that earned and no longer does, and one that does now and did not, are no line that was renamed."""
    stage = sign(session, world, V1, [part("c1", "single")])
    sell(stage, 2_000)
    worthless = sell(stage, 9)
    assert [row.amount_minor for row in counted(stage, V1)] == [200]
    small = plugin("2")
    _only_below(small, 100)
    assert counted(stage, small) == [] and decide(stage, small, accept=False) == []
    back(stage, worthless, 9)
    assert counted(stage, small) == [] and booked(stage) == 200


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
