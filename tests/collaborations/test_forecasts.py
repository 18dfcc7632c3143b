"""What outcomes assume: approvals on their days, orders over the months, and sales only where a part pays by them."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask.testing import FlaskClient

from core.collaborations import reading
from core.deals.simulate import Outcome, simulate
from core.instance import Instance
from core.plugin_api.deal import Deal
from samverk import Component, Money, Planned, T, Terms
from tests.earnings.changing import part, plugin, sign, streak
from tests.plugins.deals import component
from tests.world import build, sign_in

HOST = plugin("1")


def paid(work: list[dict[str, Any]], **values: Any) -> list[int]:
    """Low, expected and high."""
    told = reading.forecasts(HOST, [streak(**values)], work, "EUR", sales=30)
    return [one.cash.minor if one.cash else -1 for one in told]


def piece(due: date | str | None = None, quantity: int = 1) -> dict[str, Any]:
    return {"kind": "reel", "platform": "instagram", "quantity": quantity, "due_on": due, "note": ""}


def test_outcomes_differ_where_a_model_looks_at_the_time() -> None:
    assert paid([piece(quantity=3)]) == [60_000, 70_000, 70_000]
    assert paid([piece(quantity=3)], days=4) == [60_000, 60_000, 70_000]


def test_deliverables_are_approved_on_the_days_on_which_they_are_due() -> None:
    close = [piece(date(2026, 12, 1)), piece("2026-12-03", 2)]
    assert paid(close, days=2) == [60_000, 70_000, 70_000]
    far = [piece(date(2026, 12, 1)), piece("2026-12-21"), piece("2027-01-10")]
    assert paid(far) == [60_000, 60_000, 60_000] and paid(far, days=10)[2] == 70_000
    assert paid([*close[:1], piece(quantity=2)]) == paid([piece(quantity=3)]), "one without a day: a week apart"


def test_orders_are_spread_over_the_planned_months() -> None:
    seen = Outcome(T("x"), 1, 12, Money(12_000, "EUR"), refunds=2)
    months = {}
    for number in (1, 3):
        facts = list(seen.facts(_deal(), Planned(months=number)))
        sales = [fact.at for fact in facts if fact.key.startswith("sale-")]
        months[number] = len({moment.month for moment in sales})
        assert sorted(sales) == sales and max(sales) < min(f.at for f in facts if f.key.startswith("refund-"))
    assert months == {1: 1, 3: 3}
    assert not simulate(HOST, [component("commission", "EUR", "a", percent="10", cap=50_000)], seen).held


def _deal() -> Any:
    return Deal.of([Component("a", "single", Terms("EUR"))])


def test_a_deal_without_sales_does_not_speak_of_them(app: Any, client: FlaskClient, instance: Instance) -> None:
    vars(instance)["plugins"] = HOST
    with instance.database.write() as session:
        quiet = sign(session, build(session), HOST, [streak()]).collaboration.public_id
    phone = sign_in(client, "influencer")
    page = phone.get(f"/portal/offers/{quiet}").text
    assert "depends on your sales" not in page and "Sales you expect" not in page and "30 sales" not in page
    assert "All content is approved within 14 days." in page


def test_a_deal_with_sales_does(app: Any, client: FlaskClient, instance: Instance) -> None:
    vars(instance)["plugins"] = HOST
    with instance.database.write() as session:
        loud = sign(session, build(session), HOST, [part("c1", "single")]).collaboration.public_id
    page = sign_in(client, "influencer").get(f"/portal/offers/{loud}").text
    assert "depends on your sales" in page and "Sales you expect" in page and "30 sales" in page
