"""Offers: who may get one, who may answer, which version counts, and what the budget says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from core import clock, wiring
from core.collaborations import queries, service, terms
from core.collaborations.lifecycle import DECLINE_REASONS
from core.collaborations.models import Collaboration
from core.errors import Denied, Invalid, Missing, Refused
from core.i18n import in_locale
from core.influencers.models import Influencer
from core.instance import Instance
from core.ledger import accounts
from core.ledger import queries as books
from core.lifecycle import Turn
from core.mail import MailMessage
from core.money import Money
from tests.collaborations import stage as staging
from tests.collaborations.stage import BASE, WORK, Stage, commission, fixed, host
from tests.world import World


@pytest.fixture
def stage(session: Session, world: World) -> Stage:
    """A launched campaign."""
    return staging.build(session, world)


def answer(stage: Stage, made: Collaboration, number: int = 1) -> dict[str, Any]:
    return {"collaboration": made, "number": number, "host": host(), "base_url": BASE}


def mails(stage: Stage) -> list[MailMessage]:
    return list(stage.session.scalars(select(MailMessage).order_by(MailMessage.id)))


def test_an_offer_is_mailed_with_its_link_in_the_language_of_the_influencer(stage: Stage) -> None:
    made, link = stage.sent(message="Hei Aino")
    (mail,) = mails(stage)
    assert (mail.recipient, mail.locale) == ("aino@example.com", "fi")
    assert link in mail.body and "Hei Aino" in mail.body
    assert service.open_invitation(stage.session, link.rsplit("/", 1)[1]).id == made.id
    assert made.state == "offered" and made.due_at is not None


def test_who_has_not_passed_the_vetting_needs_a_reason(stage: Stage) -> None:
    new = staging.person(stage.session, stage.world, "Eero", "eero@example.com", vetted=False)
    with pytest.raises(Invalid) as caught:
        stage.offer(relationship=new, attach=False)
    assert caught.value.field == "unvetted_reason"
    made = stage.offer(relationship=new, attach=False, unvetted_reason="A friend of the house")
    assert made.unvetted_reason == "A friend of the house"


def test_no_offer_before_launch_nor_twice_nor_by_who_may_not(stage: Stage) -> None:
    stage.offer()
    with pytest.raises(Refused, match="already"):
        stage.offer()
    with pytest.raises(Denied):
        service.send_offer(
            stage.session,
            stage.world.actors["viewer"],
            host=host(),
            campaign=stage.campaign,
            relationship=stage.known,
            components=[fixed(1)],
            deliverables=WORK,
            base_url=BASE,
        )
    stage.campaign.state = "draft"
    with pytest.raises(Refused, match="Launch"):
        stage.offer(relationship=staging.person(stage.session, stage.world, "Eero", "eero@example.com"))


def test_somebody_who_declined_may_get_another_offer(stage: Stage) -> None:
    made = stage.offer()
    service.decline(
        stage.session, stage.creator, collaboration=made, number=1, reason="time", words="In spring!", base_url=BASE
    )
    assert made.state == "declined" and "In spring!" in mails(stage)[-1].body
    assert stage.offer().id != made.id


def test_a_link_belongs_to_the_first_account_that_opened_it(stage: Stage) -> None:
    made = stage.offer()
    other = Influencer(person_id=stage.world.people["viewer"].id, display_name="Eve", country="FI")
    stage.session.add(other)
    stage.session.flush()
    with pytest.raises(Refused, match="Another account"):
        service.attach_influencer(stage.session, made, other)
    assert stage.known.influencer_id == stage.world.influencer.id


def test_an_old_or_replaced_link_leads_nowhere(stage: Stage) -> None:
    made, link = stage.sent()
    fresh = service.new_link(stage.session, stage.brand, collaboration=made, base_url=BASE)
    with pytest.raises(Missing):
        service.open_invitation(stage.session, link.rsplit("/", 1)[1])
    with clock.frozen(clock.now() + timedelta(days=30)), pytest.raises(Missing):
        service.open_invitation(stage.session, fresh.rsplit("/", 1)[1])


def test_foreign_actors_find_nothing(stage: Stage) -> None:
    made = stage.offer()
    with pytest.raises(Missing):
        queries.get_for_brand(stage.session, stage.world.outsider, made.public_id)
    with pytest.raises(Missing):
        queries.get_for_influencer(stage.session, staging.somebody_else(stage), made.public_id)
    with pytest.raises(Missing):
        service.accept(stage.session, staging.somebody_else(stage), **answer(stage, made))


def test_countering_and_accepting_the_counter(stage: Stage) -> None:
    made = stage.offer()
    service.mark_viewed(stage.session, stage.creator, collaboration=made)
    asked = service.counter(
        stage.session,
        stage.creator,
        components=[fixed(90_000), commission("10", 40_000)],
        deliverables=[{**WORK[0], "quantity": 1}],
        message="One reel, a fair price",
        **answer(stage, made),
    )
    assert made.state == "negotiating" and asked.number == 2
    first = queries.offers_of(stage.session, made.id)[1]
    assert first.state == "countered"
    told = [(str(c.before), str(c.after)) for c in terms.changes(host(), first, asked)]
    assert any("600" in before and "900" in after for before, after in told)
    assert any(before.startswith("2 ×") and after.startswith("1 ×") for before, after in told)
    with pytest.raises(Refused, match="newer"):
        service.answer_counter(stage.session, stage.brand, **answer(stage, made, 1))
    service.answer_counter(stage.session, stage.brand, **answer(stage, made, 2))
    assert (made.state, made.committed_minor) == ("contracting", 130_000)


def test_a_counter_must_differ_and_say_why(stage: Stage) -> None:
    made = stage.offer()
    same: dict[str, Any] = {"components": [fixed(60_000), commission("10", 40_000)], "deliverables": WORK}
    with pytest.raises(Invalid, match="same"):
        service.counter(stage.session, stage.creator, **same, message="Hello", **answer(stage, made))
    with pytest.raises(Invalid, match="few words"):
        service.counter(stage.session, stage.creator, **same, message=" ", **answer(stage, made))


def test_only_the_newest_version_can_be_answered_and_only_once(stage: Stage) -> None:
    made = stage.offer()
    service.revise(
        stage.session,
        stage.brand,
        components=[fixed(70_000)],
        deliverables=WORK,
        message="Better",
        **answer(stage, made),
    )
    with pytest.raises(Refused, match="newer"):
        service.accept(stage.session, stage.creator, **answer(stage, made, 1))
    service.accept(stage.session, stage.creator, **answer(stage, made, 2))
    with pytest.raises(Refused, match="answered already"):
        service.withdraw(stage.session, stage.brand, collaboration=made, number=2, base_url=BASE)


def test_of_two_answers_at_the_same_moment_one_wins(stage: Stage) -> None:
    made = stage.offer()
    offer = queries.current_offer(stage.session, made.id)
    service.accept(stage.session, stage.creator, **answer(stage, made))
    set_committed_value(offer, "state", "sent")  # what somebody read a moment before
    set_committed_value(made, "state", "offered")
    with pytest.raises(Refused, match="faster"):
        service.withdraw(stage.session, stage.brand, collaboration=made, number=1, base_url=BASE)


def test_a_reason_is_told_in_the_language_of_its_reader(stage: Stage) -> None:
    made = stage.offer()
    stage.world.people["manager"].locale = "sv"
    service.decline(stage.session, stage.creator, collaboration=made, number=1, reason="time", base_url=BASE)
    mail = mails(stage)[-1]
    with in_locale("sv"):
        assert mail.locale == "sv" and str(DECLINE_REASONS["time"]) in mail.body


def test_withdrawing_ends_the_offer_and_tells_the_influencer(stage: Stage) -> None:
    made = stage.offer()
    service.withdraw(stage.session, stage.brand, collaboration=made, number=1, reason="Sold out", base_url=BASE)
    assert made.state == "withdrawn" and "Sold out" in mails(stage)[-1].body
    assert mails(stage)[-1].recipient == "influencer@example.com"


def test_time_runs_out(stage: Stage) -> None:
    made = stage.offer()
    assert service.expire_due(stage.session, BASE) == 0
    with clock.frozen(clock.now() + timedelta(days=8)):
        with pytest.raises(Refused, match="time"):
            service.accept(stage.session, stage.creator, **answer(stage, made))
        assert service.expire_due(stage.session, BASE) == 1
        assert service.expire_due(stage.session, BASE) == 0
    assert made.state == "expired"
    assert {m.recipient for m in mails(stage)[-2:]} == {"influencer@example.com", "manager@example.com"}


def test_agreement_commits_the_caps_and_no_more_than_the_budget(stage: Stage) -> None:
    stage.agreed()
    code = accounts.committed(stage.campaign.id)
    assert books.balance(stage.session, stage.world.brand.id, code, "EUR") == Money(100_000, "EUR")
    other = staging.person(stage.session, stage.world, "Eero", "eero@example.com")
    with pytest.raises(Refused) as told:
        stage.offer(relationship=other, components=[fixed(400_001)], attach=False)
    assert "4,000.01" in str(told.value.message) and "4,000.00" in str(told.value.message)


def test_an_offer_beyond_the_budget_is_the_brands_turn_until_there_is_room(stage: Stage, instance: Instance) -> None:
    wiring.connect(instance)
    made = stage.offer()
    stage.campaign.budget_minor = 90_000
    for _ in range(2):
        assert service.accept(stage.session, stage.creator, **answer(stage, made)) is None
    assert (made.state, queries.turn_of(made), made.committed_minor) == ("awaits_budget", Turn.BRAND, 0)
    told = [mail for mail in mails(stage) if mail.kind == "collaboration_no_room"]
    assert [mail.recipient for mail in told] == ["manager@example.com"] and "€100.00" in told[0].body
    (task,) = queries.waiting(stage.session, stage.brand)
    assert str(task.title) == "€100.00 of budget are missing for the offer to Aino Laine" and task.due_at
    assert queries.waiting_for_influencer(stage.session, stage.creator) == []
    with pytest.raises(Refused, match="left"):
        service.offer_again(stage.session, stage.brand, collaboration=made, base_url=BASE)
    stage.raise_budget(99_900)
    assert made.state == "awaits_budget"
    stage.raise_budget(100_000)
    assert (made.state, queries.turn_of(made)) == ("offered", Turn.INFLUENCER)
    last = mails(stage)[-1]
    assert (last.kind, last.recipient) == ("collaboration_room", "influencer@example.com")
    assert service.accept(stage.session, stage.creator, **answer(stage, made))
    assert made.committed_minor == 100_000


def test_room_made_by_others_is_passed_on_by_hand_and_time_is_not_lost(stage: Stage) -> None:
    made = stage.offer()
    stage.campaign.budget_minor = 90_000
    service.accept(stage.session, stage.creator, **answer(stage, made))
    stage.campaign.budget_minor = 500_000
    with clock.frozen(clock.now() + timedelta(days=5)):
        (task,) = queries.waiting(stage.session, stage.brand)
        assert "again" in str(task.title)
        service.offer_again(stage.session, stage.brand, collaboration=made, base_url=BASE)
        offer = queries.current_offer(stage.session, made.id)
        assert made.state == "offered" and offer.expires_at == made.due_at == clock.now() + timedelta(days=7)


def test_what_waits_for_budget_can_be_changed_declined_and_withdrawn(stage: Stage) -> None:
    for number, end in enumerate(("revise", "withdraw", "decline")):
        known = staging.person(stage.session, stage.world, f"Eero {number}", f"eero{number}@example.com")
        known.influencer_id = stage.world.influencer.id if number == 0 else None
        made = stage.offer(relationship=known, attach=False)
        made.influencer_id = stage.world.influencer.id
        stage.campaign.budget_minor = 90_000
        assert service.accept(stage.session, stage.creator, **answer(stage, made)) is None
        given: dict[str, Any] = {"collaboration": made, "number": 1, "base_url": BASE}
        if end == "revise":
            service.revise(
                stage.session, stage.brand, components=[fixed(50_000)], deliverables=WORK, host=host(), **given
            )
        elif end == "withdraw":
            service.withdraw(stage.session, stage.brand, **given)
        else:
            service.decline(stage.session, stage.creator, reason="time", **given)
        stage.campaign.budget_minor = 500_000
        assert made.state == {"revise": "offered", "withdraw": "withdrawn", "decline": "declined"}[end]


def test_rubbish_terms_and_deliverables_are_refused(stage: Stage) -> None:
    wrongs: list[dict[str, Any]] = [
        {"components": []},
        {"components": [fixed(100, "SEK")]},
        {"components": [commission("10", 0)]},
        {"deliverables": []},
        {"deliverables": [{**WORK[0], "kind": "hologram"}]},
        {"deliverables": [{**WORK[0], "quantity": 101}]},
    ]
    for wrong in wrongs:
        with pytest.raises(Invalid):
            stage.offer(attach=False, **wrong)
