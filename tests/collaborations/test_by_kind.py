"""A model that prices by kind: what plan, offer and the influencer's page tell is what the books take down."""

from __future__ import annotations

from pathlib import Path
from typing import TypeGuard

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.campaigns.catalogue import DELIVERABLE_KINDS, KNOWN_PLATFORMS
from core.collaborations import reading
from core.collaborations.models import Collaboration
from core.instance import Instance
from samverk import Component, Deal, DeliverableApproved, Fact, Piece, Planned, Terms
from tests.collaborations import stage as staging
from tests.collaborations.kindly import HERE, worked
from tests.collaborations.stage import Stage
from tests.world import World, sign_in

PART = Component("c1", "kind_pay", Terms("EUR", {"point": 5_000}))
ROWS = [
    {"kind": "reel", "platform": "instagram", "quantity": 2, "due_on": "2026-12-20"},
    {"kind": "story", "platform": "instagram", "quantity": 1, "due_on": "2026-12-10"},
]
POINT = {"parts": "c1:kind_pay", "c1-point": "50"}
WORK = {
    "rows": "2",
    "d0-kind": "reel", "d0-platform": "instagram", "d0-quantity": "2", "d0-due_on": "2026-12-20",
    "d1-kind": "story", "d1-platform": "instagram", "d1-quantity": "1", "d1-due_on": "2026-12-10",
}  # fmt: skip
STORIES = {
    "rows": "1", "d0-kind": "story", "d0-platform": "instagram", "d0-quantity": "3", "d0-due_on": "2026-12-10",
}  # fmt: skip


@pytest.fixture
def stage(instance: Instance, committed: World) -> Stage:
    """A launched campaign, committed, where the plugin is installed."""
    vars(instance)["plugins"] = HERE
    with instance.database.write() as session:
        return staging.build(session, committed)


@pytest.mark.parametrize(("work", "minor"), [(WORK, 35_000), (STORIES, 15_000)], ids=["reels", "stories"])
def test_what_is_told_before_is_what_is_booked_after(
    client: FlaskClient, stage: Stage, instance: Instance, committed: World, work: dict[str, str], minor: int
) -> None:
    """Two reels and a story, or three stories: every page says the sum that the books then take down."""
    paid = f"€{minor // 100}.00"
    brand = sign_in(client, "manager")
    plan = f"/admin/campaigns/{stage.campaign.public_id}/pay"
    assert brand.post(plan, data=POINT | work | {"preview": "1"}).text.count(paid) >= 4
    assert brand.post(plan, data=POINT | work).status_code == 303
    assert brand.get(plan).text.count(paid) >= 4, "reserved, and three outcomes"
    new = f"/admin/offers/new?campaign={stage.campaign.public_id}&person={stage.known.public_id}"
    assert brand.get(new).text.count(paid) >= 4
    assert brand.post(new, data=POINT | work | {"preview": "1", "way": "link"}).text.count(paid) >= 4
    assert brand.post(new, data=POINT | work | {"way": "link"}).status_code == 303
    deal = _given_to(instance, committed)
    path = f"/portal/offers/{deal}"
    phone = sign_in(client.application.test_client(), "influencer")
    assert phone.get(path).text.count(paid) >= 3, "three outcomes"
    assert phone.post(f"{path}/accept", data={"number": "1"}).status_code == 303
    with instance.database.write() as session:
        assert worked(session, stage) == minor
    assert phone.get(path).text.count(paid) >= 3


def _given_to(instance: Instance, world: World) -> str:
    """The offer is in the influencer's hands."""
    with instance.database.write() as session:
        deal = session.scalars(select(Collaboration)).one()
        deal.influencer_id = world.influencer.id
        return deal.public_id


def test_a_piece_is_approved_on_its_own_day_in_an_outcome() -> None:
    """The story that is due first keeps its place in the contract and its kind."""
    told = reading.forecasts(HERE, Deal.of([PART]), ROWS, "EUR", sales=0)
    planned = Planned(pieces=(Piece("reel", "instagram"), Piece("reel", "instagram"), Piece("story", "instagram")))
    low, expected, high = (
        {(f.position, f.kind): f.at.day for f in one.outcome.facts(Deal.of([PART]), planned) if _approval(f)}
        for one in told
    )
    assert expected == {(1, "reel"): 11, (2, "reel"): 11, (3, "story"): 1}
    assert low == {(1, "reel"): 28, (2, "reel"): 4, (3, "story"): 1}, "late each time"
    assert high == {(1, "reel"): 6, (2, "reel"): 6, (3, "story"): 1}


def _approval(fact: Fact) -> TypeGuard[DeliverableApproved]:
    return isinstance(fact, DeliverableApproved)


def test_the_tutorial_names_every_code() -> None:
    words = (Path(__file__).parents[2] / "docs" / "plugins" / "payment-models.md").read_text("utf-8")
    assert [code for code in (*DELIVERABLE_KINDS, *KNOWN_PLATFORMS) if f"`{code}`" not in words] == []
