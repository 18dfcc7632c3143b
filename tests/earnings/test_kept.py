"""A signed deal keeps its cap and what finance has kept, whatever versions of a plugin come and go."""

from __future__ import annotations

from typing import Any

import pytest

from core.collaborations.reading import cap_or_none
from core.ledger.verify import verify
from core.money import Money
from core.plugin_api.text import Text
from core.plugin_host.host import PluginHost
from samverk import Line, Settles, T, sales_with_refunds
from tests.earnings import changing
from tests.earnings.changing import MOST, part, plugin, sign, streak
from tests.earnings.keeping import GONE, LATER, NOTHING, V1, V2, V3, approve, back, booked, counted, decide, holds, sell
from tests.payouts.stage import Stage

pytestmark = pytest.mark.usefixtures("unheard")


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
