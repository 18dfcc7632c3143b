"""Every state of a campaign says by when its next step is due, and whoever's turn it is is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from core import clock
from core.campaigns import queries, service
from core.campaigns.lifecycle import CAMPAIGN, State
from core.lifecycle import Turn
from tests.campaigns.test_campaigns import planned
from tests.world import sign_in

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now() -> Iterator[list[datetime]]:
    moment = [NOW]
    with clock.frozen(lambda: moment[0]):
        yield moment


def due(campaign):
    """The last day, where the brand is."""
    assert campaign.due_at.astimezone(UTC).strftime("%H:%M") in ("21:59", "20:59")
    return campaign.due_at.date()


def dated(session, world, campaign, starts_on, ends_on):
    service.save_basics(
        session, world.owner, campaign, name=campaign.name, goals=["sales"], goal_note="", product="",
        markets=["FI"], categories=[], starts_on=starts_on, ends_on=ends_on,
    )  # fmt: skip


def test_its_own_dates_are_its_deadlines(session, world):
    campaign = planned(session, world)
    assert due(campaign) == date(2026, 11, 16), "without dates it is asked about in two weeks"
    dated(session, world, campaign, date(2026, 12, 1), date(2026, 12, 24))
    assert due(campaign) == date(2026, 12, 1)
    service.launch(session, world.owner, campaign)
    assert due(campaign) == date(2026, 12, 1)
    service.start(session, campaign.id, world.owner)
    assert due(campaign) == date(2026, 12, 24)
    dated(session, world, campaign, date(2026, 12, 1), date(2026, 12, 31))
    assert due(campaign) == date(2026, 12, 31)
    service.pause(session, world.owner, campaign)
    assert due(campaign) == date(2026, 11, 16)
    service.resume(session, world.owner, campaign)
    service.wrap_up(session, world.owner, campaign)
    assert due(campaign) == date(2026, 11, 30), "the holding period and the days to pay"
    service.complete(session, world.owner, campaign)
    assert due(campaign) == date(2026, 12, 2)
    service.archive(session, world.owner, campaign)
    assert campaign.due_at is None


def test_no_state_waits_for_somebody_without_a_day(session, world):
    for state in State:
        campaign = planned(session, world, name=f"In {state}")
        campaign.state = state
        service.set_due(session, campaign)
        assert (campaign.due_at is None) == (CAMPAIGN.turn[state] is Turn.NONE), state


def test_the_brand_is_told_a_week_before_and_when_it_is_late(session, world, now):
    campaign = planned(session, world)
    assert queries.waiting(session, world.owner) == []
    now[0] += timedelta(days=8)
    (row,) = queries.waiting(session, world.owner)
    assert (str(row.title), row.due_at) == ("Launch Syysihon rituaali", campaign.due_at)
    now[0] += timedelta(days=80)
    assert len(queries.waiting(session, world.owner)) == 1
    assert queries.waiting(session, world.actors["viewer"]) == queries.waiting(session, world.outsider) == []


def test_the_page_says_whose_turn_it_is(client, instance, committed, now):
    with instance.database.write() as session:
        campaign = planned(session, committed)
    now[0] += timedelta(days=10)
    sign_in(client, "owner")
    assert "Your turn · by 16 Nov 2026" in client.get(f"/admin/campaigns/{campaign.public_id}").text.replace("\n", "")
    assert "Launch Syysihon rituaali" in client.get("/admin/").text


def test_a_late_launch_is_not_overdue_at_once(session, world):
    campaign = planned(session, world)
    dated(session, world, campaign, date(2026, 11, 1), date(2026, 12, 24))
    assert due(campaign) == date(2026, 11, 1), "the launch itself is late"
    service.launch(session, world.owner, campaign)
    assert due(campaign) == date(2026, 11, 16)
