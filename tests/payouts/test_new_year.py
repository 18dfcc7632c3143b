"""Half past midnight on 1 January where the brand is, still 31 December in UTC: the new year it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock, i18n
from core.crypto import Keyring
from core.ledger.models import LedgerTx
from core.payouts import service, waiting
from tests.payouts import stage as scene
from tests.payouts.stage import BASE, Stage
from tests.world import World

NIGHT = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)
NEW_YEAR = date(2027, 1, 1)


@pytest.fixture
def night() -> Iterator[None]:
    with clock.frozen(NIGHT):
        yield


@pytest.fixture
def stage(night: None, session: Session, world: World) -> Stage:
    world.brand.timezone = "Europe/Helsinki"
    return scene.build(session, world)


def test_what_is_booked_at_night_is_of_the_brands_day(stage: Stage, keyring: Keyring) -> None:
    stage.account(keyring)
    stage.approve(0)
    stage.gift()
    payout = stage.sent(keyring)
    service.mark_failed(
        stage.session, stage.world.actors["finance"], payout, reason="The account is closed.", base_url=BASE
    )
    days = {(tx.kind, tx.effective_on) for tx in stage.session.scalars(select(LedgerTx))}
    assert {day for _, day in days} == {NEW_YEAR}, days
    assert len(days) >= 6


def test_a_day_to_come_is_over_when_it_is_over_there(stage: Stage, keyring: Keyring) -> None:
    stage.account(keyring)
    stage.approve(0)
    due = stage.run().due_at
    assert due is not None and due.astimezone(UTC).strftime("%H:%M") == "21:59"


def test_what_waits_for_an_account_is_due_on_the_readers_day(stage: Stage) -> None:
    stage.approve(0)
    with i18n.in_locale("en", "Pacific/Auckland"):
        (line,) = waiting.waiting_for_influencer(stage.session, stage.world.creator)
        assert line.due_at is not None and i18n.day(line.due_at) == "15 Jan 2027"


@pytest.mark.parametrize(("zone", "told"), [("UTC", "31 Dec 2026"), ("Europe/Helsinki", "1 Jan 2027")])
def test_a_moment_that_is_shown_as_a_day_is_the_readers_day(zone: str, told: str) -> None:
    with i18n.in_locale("en", zone):
        assert i18n.day(NIGHT) == told
        assert i18n.day(NEW_YEAR) == "1 Jan 2027"
