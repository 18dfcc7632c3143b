"""The day on which money arrived, as the form offers it to people in other time zones than the brand's."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from core import clock
from core.accounts.models import Person
from core.instance import Instance
from tests.payouts import stage as scene
from tests.payouts.test_pages import payout_in, run_of, shown  # noqa: F401 - a fixture
from tests.world import sign_in


@pytest.mark.parametrize(
    ("zone", "hour", "day"), [("Pacific/Auckland", 12, 15), ("America/Los_Angeles", 5, 14), ("Europe/Oslo", 12, 14)]
)
def test_the_day_that_the_form_offers_is_taken(
    client: FlaskClient,
    instance: Instance,
    shown: scene.Stage,  # noqa: F811
    today: list[int],
    zone: str,
    hour: int,
    day: int,
) -> None:
    today[0] = 14
    _, payout = run_of(instance, shown, send=True)
    with instance.database.write() as session:
        session.get_one(Person, shown.world.creator.person_id).timezone = zone
    with clock.frozen(lambda: scene.day(14).replace(hour=hour)):
        sign_in(client, "influencer")
        offered = re.search(r'name="received_on"[^>]*value="([^"]+)"', client.get(f"/portal/payouts/{payout}").text)
        assert offered is not None
        answer = client.post(f"/portal/payouts/{payout}", data={"received_on": offered.group(1)})
    assert answer.status_code == 303
    assert payout_in(instance, payout).received_on == scene.on(day)
