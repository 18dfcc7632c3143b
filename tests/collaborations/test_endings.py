"""Pausing, cancelling, replacing and completing, and what happens to the money."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock, events
from core.campaigns.events import CampaignCancelled, MayCompleteCampaign
from core.collaborations import endings, queries, reactions
from core.collaborations.events import CollaborationEnded, MayComplete
from core.errors import Denied, Invalid, Missing, Refused
from core.ledger import accounts
from core.ledger import queries as books
from core.ledger.postings import Voucher, accrue, claw_back
from core.mail import MailMessage
from core.money import Money
from core.plugin_api.text import T
from tests.collaborations import stage as staging
from tests.collaborations.stage import BASE, Stage
from tests.world import World


@pytest.fixture
def stage(session: Session, world: World) -> Stage:
    """A launched campaign."""
    return staging.build(session, world)


def committed(stage: Stage) -> int:
    code = accounts.committed(stage.campaign.id)
    return books.balance(stage.session, stage.world.brand.id, code, "EUR").minor


def earn(stage: Stage, collaboration_id: int, minor: int, key: str = "e1") -> None:
    voucher = Voucher(stage.world.brand.id, key, ("collaboration", collaboration_id), date(2026, 11, 22))
    amount = Money(minor, "EUR")
    accrue(stage.session, voucher, campaign_id=stage.campaign.id, collab_id=collaboration_id, amount=amount)


def test_pausing_and_going_on(stage: Stage) -> None:
    made, _ = stage.signed()
    due = made.due_at
    endings.pause(stage.session, stage.brand, collaboration=made, reason="Snow", base_url=BASE)
    assert made.state == "on_hold" and made.due_at is not None
    endings.resume(stage.session, stage.brand, collaboration=made, base_url=BASE)
    assert (made.state, made.due_at) == ("in_progress", due)
    kinds = list(stage.session.scalars(select(MailMessage.kind)))
    assert kinds[-2:] == ["collaboration_paused", "collaboration_resumed"]


def test_a_pause_of_two_weeks_is_asked_about_again(stage: Stage) -> None:
    made, _ = stage.signed()
    endings.pause(stage.session, stage.brand, collaboration=made, reason="Snow", base_url=BASE)
    assert queries.waiting(stage.session, stage.brand) == []
    with clock.frozen(lambda: datetime.now(UTC) + timedelta(days=15)):
        (row,) = queries.waiting(stage.session, stage.brand)
    assert str(row.title).startswith("Let the work of") and row.due_at == made.due_at


def test_cancelling_keeps_what_was_earned_and_frees_the_rest(stage: Stage) -> None:
    made, contract = stage.signed()
    earn(stage, made.id, 25_000)
    back = Voucher(stage.world.brand.id, "b1", ("collaboration", made.id), date(2026, 11, 22))
    amount = Money(5_000, "EUR")
    claw_back(stage.session, back, campaign_id=stage.campaign.id, collab_id=made.id, amount=amount, held=True)
    assert committed(stage) == 100_000
    endings.cancel(stage.session, stage.brand, collaboration=made, reason="Out of stock", base_url=BASE)
    assert (made.state, contract.state, made.committed_minor) == ("cancelled_by_brand", "terminated", 20_000)
    assert committed(stage) == 20_000
    with pytest.raises(Refused):
        endings.cancel(stage.session, stage.brand, collaboration=made, reason="Again", base_url=BASE)


def test_what_is_earned_in_answer_to_the_end_is_kept(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = stage.signed()

    def settle(_session: Session, event: CollaborationEnded) -> None:
        if event.collaboration_id == made.id:
            earn(stage, made.id, 7_000)

    monkeypatch.setitem(events._subscribers, CollaborationEnded, [settle])
    endings.leave(stage.session, stage.creator, collaboration=made, reason="Ill", base_url=BASE)
    assert (made.state, committed(stage)) == ("cancelled_by_influencer", 7_000)


def test_leaving_before_signing_voids_the_contract(stage: Stage) -> None:
    made, contract = stage.agreed()
    endings.leave(stage.session, stage.creator, collaboration=made, reason="Ill", base_url=BASE)
    assert (contract.state, committed(stage)) == ("voided", 0)


def test_an_end_needs_a_reason_and_the_right(stage: Stage) -> None:
    made, _ = stage.signed()
    with pytest.raises(Invalid):
        endings.cancel(stage.session, stage.brand, collaboration=made, reason=" ", base_url=BASE)
    with pytest.raises(Denied):
        endings.cancel(stage.session, stage.world.actors["viewer"], collaboration=made, reason="x", base_url=BASE)
    with pytest.raises(Missing):
        endings.leave(stage.session, staging.somebody_else(stage), collaboration=made, reason="x", base_url=BASE)


def test_replacing_ends_one_and_offers_the_rest_to_another(stage: Stage) -> None:
    made, _ = stage.signed()
    earn(stage, made.id, 30_000)
    eero = staging.person(stage.session, stage.world, "Eero", "eero@example.com")
    new = stage.offer(
        attach=False, relationship=eero, components=[staging.fixed(30_000)], replaces=made, replace_reason="Ill"
    )
    assert (made.state, new.replaces_id, new.state) == ("replaced", made.id, "offered")
    found = queries.replaced_by(stage.session, made.id)
    assert found and found.id == new.id and committed(stage) == 30_000


def test_completing_frees_the_rest_unless_somebody_objects(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    made, contract = stage.signed()
    earn(stage, made.id, 60_000)
    endings.deliver(stage.session, stage.brand, collaboration=made, base_url=BASE)
    monkeypatch.setitem(events._guards, MayComplete, [lambda _s, _q: [T("A payout is under way.")]])
    with pytest.raises(Refused, match="payout"):
        endings.complete(stage.session, stage.brand, collaboration=made, base_url=BASE)
    monkeypatch.setitem(events._guards, MayComplete, [])
    endings.complete(stage.session, stage.brand, collaboration=made, base_url=BASE)
    assert (made.state, contract.state, committed(stage)) == ("completed", "completed", 60_000)


def test_cancelling_a_campaign_withdraws_offers_and_ends_work(stage: Stage) -> None:
    running, _ = stage.signed()
    open_one = stage.offer(
        attach=False, relationship=staging.person(stage.session, stage.world, "Eero", "eero@example.com")
    )
    question = MayCompleteCampaign(stage.campaign.id)
    assert str(reactions.still_running(stage.session, question)[0]).endswith("2.")
    event = CampaignCancelled(stage.campaign.id, "No stock", stage.brand.person_id)
    reactions.on_cancelled(stage.session, event, BASE)
    assert (running.state, open_one.state, committed(stage)) == ("cancelled_by_brand", "withdrawn", 0)
    assert not reactions.still_running(stage.session, question)


def test_the_first_signed_contract_starts_the_campaign(stage: Stage) -> None:
    assert stage.campaign.state == "recruiting"
    stage.signed()
    assert stage.campaign.state == "active"
