"""Ready deals of the hybrid plugin: chosen in the plan, worked out, told in words, kept while their parts stay."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.campaigns import service
from core.campaigns.models import Campaign
from core.collaborations import terms
from core.instance import Instance
from core.plugin_api.composition import Maximum, Part, Sum
from core.plugin_api.deal import Deal
from core.plugin_host.models import PluginSwitch
from tests.world import World, sign_in

WORK = {"rows": "1", "d0-kind": "reel", "d0-platform": "instagram", "d0-quantity": "2"}
GUARANTEE = {"guarantee-amount": "500", "guarantee-per": "collaboration"}
COMMISSION = {"commission-percent": "10", "commission-cap": "900"}
PARTS = "guarantee:fixed,commission:commission"
LARGER = Maximum((Part("guarantee"), Part("commission")), id="larger")
GIFT = {"c1-product": "Serum", "c1-value": "40", "c1-value_source": "retail"}


@pytest.fixture
def path(client: FlaskClient, committed: World) -> str:
    """The pay step of a new campaign, opened by the owner."""
    sign_in(client, "owner")
    return str(client.post("/admin/campaigns/new", data={"name": "Serum"}).location).replace("/basics", "/pay")


def saved(instance: Instance) -> Deal:
    """The deal as the campaign keeps it."""
    with instance.database.session() as session:
        return service.deal_of(session, session.scalars(select(Campaign)).one())


def send(client: FlaskClient, path: str, parts: str = PARTS, **more: Any) -> Any:
    """Send the pay step."""
    return client.post(path, data=WORK | GUARANTEE | COMMISSION | {"parts": parts} | more)


def test_a_ready_deal_brings_its_parts_and_what_is_filled_in(client: FlaskClient, path: str) -> None:
    """Both parts appear under their own names; the guarantee is for the whole collaboration."""
    page = client.post(path, data=WORK | {"parts": "", "add": "1", "new_part": "deal:guaranteed_commission"}).text
    assert "Guaranteed amount" in page and 'name="commission-percent"' in page
    assert '<option selected value="collaboration">' in page


def test_only_the_larger_is_worked_out_and_kept(client: FlaskClient, path: str, instance: Instance) -> None:
    """With 30 sales of 50 the commission is 150 or less, so the guarantee of 500 is paid, never both."""
    assert send(client, path, preview="1").text.count("€500.00") >= 2
    assert "€650.00" not in send(client, path, preview="1").text
    assert send(client, path).status_code == 303
    assert saved(instance).composition == LARGER


def test_the_words_say_that_only_the_larger_is_paid(client: FlaskClient, path: str, instance: Instance) -> None:
    """Offer and contract are made of these sentences."""
    send(client, path)
    told = [str(line) for _, lines in terms.pay_lines(instance.plugins, saved(instance)) for line in lines]
    assert told[-1] == "Of these only the larger amount is paid in the end: Fixed fee and Commission."


def test_a_further_part_does_not_turn_the_guarantee_into_a_fee(
    client: FlaskClient, path: str, instance: Instance
) -> None:
    """What is added is paid beside; what is left out again changes nothing else."""
    send(client, path)
    assert send(client, path, parts=PARTS + ",c1:gifting", **GIFT).status_code == 303
    assert saved(instance).composition == Sum((LARGER, Part("c1")))
    assert send(client, path, parts=PARTS + ",c1:gifting", **GIFT, **{"c1-out": "y"}).status_code == 303
    assert saved(instance).composition == LARGER
    assert send(client, path, **{"commission-out": "y"}).status_code == 303
    assert saved(instance).composition == Sum((Part("guarantee"),))


def test_a_plugin_that_is_switched_off_offers_none(
    client: FlaskClient, path: str, instance: Instance, committed: World
) -> None:
    """Nor can its deal be asked for."""
    with instance.database.write() as session:
        session.add(PluginSwitch(brand_id=committed.brand.id, plugin="hybrid", enabled=False))
    assert "deal:" not in client.get(path).text
    asked = client.post(path, data=WORK | {"parts": "", "add": "1", "new_part": "deal:guaranteed_commission"})
    assert "Guaranteed amount" not in asked.text
