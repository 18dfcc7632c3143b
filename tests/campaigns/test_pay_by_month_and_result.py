"""Retainer, advance and pay by result in the plan of a campaign: offered, worked out, netted, told in the contract."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.campaigns import service
from core.campaigns.models import Campaign
from core.collaborations import document, terms
from core.instance import Instance
from core.plugin_api.composition import Net, Part, Sum
from core.plugin_api.deal import Deal
from tests.collaborations import stage as offers
from tests.world import World, build, sign_in

WORK = {"rows": "1", "d0-kind": "reel", "d0-platform": "instagram", "d0-quantity": "2"}
MONTHLY = {"retainer-amount": "600", "retainer-months": "6", "advance-amount": "900"}
VIEWS = {"c1-count": "views", "c1-price": "8", "c1-per": "1000", "c1-evidence": "checked", "c1-cap": "900"}


@pytest.fixture
def path(client: FlaskClient, committed: World) -> str:
    """The pay step of a new campaign, opened by the owner."""
    sign_in(client, "owner")
    return str(client.post("/admin/campaigns/new", data={"name": "Serum"}).location).replace("/basics", "/pay")


def saved(instance: Instance) -> Deal:
    """The deal as the campaign keeps it."""
    with instance.database.session() as session:
        return service.deal_of(session, session.scalars(select(Campaign)).one())


def test_all_kinds_of_pay_are_offered(client: FlaskClient, path: str) -> None:
    page = client.get(path).text
    for name in ("retainer", "performance", "advance", "deal:retainer_with_advance", "deal:fixed_and_performance"):
        assert f'value="{name}"' in page


def test_a_retainer_with_an_advance_is_worked_out_and_netted(
    client: FlaskClient, path: str, instance: Instance
) -> None:
    page = client.post(path, data=WORK | {"parts": "", "add": "1", "new_part": "deal:retainer_with_advance"}).text
    assert 'name="retainer-amount"' in page and 'name="advance-amount"' in page
    parts = {"parts": "advance:advance,retainer:retainer"}
    shown = client.post(path, data=WORK | MONTHLY | parts | {"preview": "1"}).text
    assert shown.count("€3,600.00") >= 4, "three outcomes and what is reserved: the advance is within it"
    assert "6 months" in shown and "Views expected" not in shown
    assert client.post(path, data=WORK | MONTHLY | parts).status_code == 303
    assert saved(instance).composition == Net(Part("retainer"), Part("advance"), id="netted")


def test_pay_by_result_is_worked_out_from_the_views_expected(client: FlaskClient, path: str) -> None:
    parts = {"parts": "c1:performance", "preview": "1"}
    shown = client.post(path, data=WORK | VIEWS | parts | {"views": "30000"}).text
    for amount in ("€80.00", "€240.00", "€720.00"):
        assert amount in shown, "a third, what is expected, three times as much"
    assert "views: 30,000, engagements: 1,200, clicks: 300" in shown and 'name="views"' in shown
    capped = client.post(path, data=WORK | VIEWS | parts | {"views": "90000000"}).text
    assert capped.count("€900.00") >= 4
    assert client.post(path, data=WORK | VIEWS | parts | {"views": "many"}).status_code == 200
    wrong = client.post(path, data=WORK | VIEWS | parts | {"c1-bonus": "10"}).text
    assert "Enter both, or leave both empty." in wrong


def test_an_advance_added_to_any_deal_is_netted_against_the_rest(
    client: FlaskClient, path: str, instance: Instance
) -> None:
    fee = {"c1-amount": "600", "c1-per": "deliverable", "c2-amount": "200"}

    def send(parts: str, **more: Any) -> Any:
        assert client.post(path, data=WORK | fee | {"parts": parts} | more).status_code == 303
        return saved(instance).composition

    assert send("c1:fixed,c2:advance") == Net(Part("c1"), Part("c2"), id="netted1")
    again = send("c1:fixed,c2:advance,c3:advance", **{"c3-amount": "100"})
    assert again == Net(Net(Part("c1"), Part("c2"), id="netted1"), Part("c3"), id="netted2")
    assert send("c1:fixed,c2:advance", **{"c1-out": "y"}) == Sum((Part("c2"),))


def test_the_contract_says_it_in_words(instance: Instance, app: Any) -> None:
    with instance.database.write() as session:
        stage = offers.build(session, build(session))
        deal = [
            {"id": "c1", "model": "retainer", "terms": {"currency": "EUR", "values": {"amount": 60_000, "months": 3}}},
            {"id": "c2", "model": "advance", "terms": {"currency": "EUR", "values": {"amount": 50_000}}},
            {"composition": {
                "kind": "net", "id": "netted", "of": {"kind": "part", "component": "c1"},
                "advance": {"kind": "part", "component": "c2"},
            }},
        ]  # fmt: skip
        _, contract = stage.signed(components=deal)
        pay = next(clause for clause in document.readable(contract.document) if clause.title == "Pay")
    assert pay.items[:7] == [
        "Retainer: €600.00 for each month of the agreement. Months count from the day on which both have signed.",
        "Retainer: At most 3 months, €1,800.00 in all.",
        "Retainer: A month that is cut short by a pause or by the end of the agreement is paid by its days. The day on "
        "which the pause begins or the agreement ends is not paid, and a pause does not extend the agreed time.",
        "Advance: €500.00 in advance, when both have signed.",
        "Advance: What of it is not earned in the end stays with the influencer.",
        "How the parts meet: What is paid in advance (Advance) is taken off what is earned (Retainer).",
        "In money at most €1,800.00 in all.",
    ]
    assert terms.compensation(deal) == ("paid",)


def test_the_influencer_reckons_with_views(client: FlaskClient, app: Any, instance: Instance) -> None:
    values = {"count": "clicks", "price": 20, "per": 1, "evidence": "checked", "cap": 90_000}
    with instance.database.write() as session:
        part = {"id": "c1", "model": "performance", "terms": {"currency": "EUR", "values": values}}
        public = offers.build(session, build(session)).offer(components=[part]).public_id
    sign_in(client, "influencer")
    page = client.get(f"/portal/offers/{public}?views=10000").text
    assert "€20.00" in page and "Views you expect in all" in page
    assert "Clicks: €0.20 for every 1." in page
