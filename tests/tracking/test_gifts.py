"""A gift from the address to the books: value, never cash."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from core.collaborations import endings
from core.collaborations.events import MayComplete
from core.errors import Denied, Invalid, Missing, Refused
from core.events import objections
from core.lifecycle import history, whose_turn
from core.mail import MailMessage
from core.tracking import gifts, queries
from core.tracking.models import Gift
from tests.collaborations.stage import BASE, somebody_else
from tests.tracking.conftest import Play

ADDRESS = {
    "name": "Aino Laine",
    "street": "Mannerheimintie 1 A 2",
    "postcode": "00100",
    "city": "Helsinki",
    "country": "FI",
}


def gift(play: Play) -> Gift:
    (found,) = gifts.gifts_of(play.session, play.collaboration.id)
    return found


def addressed(play: Play) -> Gift:
    gifts.give_address(play.session, play.world.creator, gift=gift(play), address=ADDRESS, base_url=BASE)
    return gift(play)


def sent(play: Play) -> Gift:
    row = addressed(play)
    gifts.ship(play.session, play.stage.brand, gift=row, sent_on=date(2026, 11, 22), tracking="JJFI1", base_url=BASE)
    return row


def received(play: Play) -> Gift:
    row = sent(play)
    gifts.confirm(play.session, play.world.creator, gift=row, received_on=date(2026, 11, 22), base_url=BASE)
    return row


def mails(play: Play) -> list[tuple[str, str]]:
    rows = play.session.execute(
        select(MailMessage.kind, MailMessage.recipient).where(MailMessage.kind.like("gift.%")).order_by(MailMessage.id)
    )
    return [(kind, recipient) for kind, recipient in rows]


def test_signing_makes_a_gift_of_each_component(play: Play) -> None:
    row = gift(play)
    assert (row.component_id, row.product, row.value.minor, row.value_source) == ("g1", "Tent", 8_900, "retail")
    assert (row.state, str(whose_turn(row))) == ("address_missing", "influencer")
    assert row.due_at is not None
    assert gifts.create_gifts(play.session, play.collaboration.id, base_url=BASE) == []


def test_from_address_to_books(play: Play) -> None:
    row = received(play)
    assert (row.state, row.received_on, row.tracking) == ("delivered", date(2026, 11, 22), "JJFI1")
    assert (play.earned("in_kind"), play.earned("cash")) == (8_900, 0)
    assert [move.to_state for move in history(play.session, row)] == [
        "address_missing",
        "approved",
        "shipped",
        "delivered",
    ]
    influencer, manager = "influencer@example.com", "manager@example.com"
    assert mails(play) == [
        ("gift.address", influencer),
        ("gift.address", manager),
        ("gift.shipped", influencer),
        ("gift.received", manager),
    ]


def test_what_comes_back_is_taken_off(play: Play) -> None:
    row = received(play)
    gifts.take_back(play.session, play.stage.brand, gift=row, reason="Wrong size", base_url=BASE)
    assert row.state == "returned" and play.earned("in_kind") == 0


def test_what_did_not_arrive_is_sent_again(play: Play) -> None:
    row = sent(play)
    gifts.not_arrived(play.session, play.world.creator, gift=row, words="Nothing here", base_url=BASE)
    assert (row.state, str(whose_turn(row)), row.sent_on, row.tracking) == ("approved", "brand", None, "")
    assert play.earned("in_kind") == 0
    assert mails(play)[-1] == ("gift.missing", "manager@example.com")


def test_the_brand_may_record_the_carriers_word(play: Play) -> None:
    row = sent(play)
    gifts.confirm(play.session, play.stage.brand, gift=row, received_on=date(2026, 11, 22), base_url=BASE)
    assert history(play.session, row)[-1].role == "manager"
    assert mails(play)[-1] == ("gift.received", "influencer@example.com")


@pytest.mark.parametrize(("key", "value"), [("street", " "), ("country", "ZQ"), ("city", "x" * 81), ("name", "")])
def test_an_address_is_checked_at_its_field(play: Play, key: str, value: str) -> None:
    with pytest.raises(Invalid) as error:
        gifts.give_address(
            play.session, play.world.creator, gift=gift(play), address={**ADDRESS, key: value}, base_url=BASE
        )
    assert error.value.field == key and gift(play).state == "address_missing"


def test_dates_must_make_sense(play: Play) -> None:
    row = addressed(play)
    with pytest.raises(Invalid):
        gifts.ship(play.session, play.stage.brand, gift=row, sent_on=date(2026, 12, 24), base_url=BASE)
    gifts.ship(play.session, play.stage.brand, gift=row, sent_on=date(2026, 11, 21), base_url=BASE)
    with pytest.raises(Invalid):
        gifts.confirm(play.session, play.world.creator, gift=row, received_on=date(2026, 11, 20), base_url=BASE)


def test_each_step_in_its_turn(play: Play) -> None:
    with pytest.raises(Refused):
        gifts.ship(play.session, play.stage.brand, gift=gift(play), sent_on=date(2026, 11, 22), base_url=BASE)
    row = received(play)
    with pytest.raises(Refused):
        gifts.confirm(play.session, play.world.creator, gift=row, received_on=date(2026, 11, 22), base_url=BASE)


def test_strangers_see_and_do_nothing(play: Play) -> None:
    row = addressed(play)
    stranger = somebody_else(play.stage)
    with pytest.raises(Missing):
        gifts.get_for_influencer(play.session, stranger, row.public_id)
    with pytest.raises(Missing):
        gifts.give_address(play.session, stranger, gift=row, address=ADDRESS, base_url=BASE)
    with pytest.raises(Missing):
        gifts.get_for_brand(play.session, play.world.outsider, row.public_id)
    with pytest.raises(Denied):
        gifts.ship(play.session, play.world.actors["viewer"], gift=row, sent_on=date(2026, 11, 22), base_url=BASE)


def test_an_address_given_before_is_offered_again(play: Play) -> None:
    assert gifts.known_address(play.session, play.world.creator, gift(play)) == {"name": "Aino Laine", "country": "FI"}
    row = addressed(play)
    fresh = Gift(
        brand_id=row.brand_id,
        collaboration_id=row.collaboration_id,
        component_id="g2",
        product="Lamp",
        value_minor=1,
        currency="EUR",
        value_source="retail",
    )
    play.session.add(fresh)
    play.session.flush()
    assert gifts.known_address(play.session, play.world.creator, fresh)["street"] == ADDRESS["street"]


def test_an_early_end_cancels_what_was_not_sent(play: Play, moment: list[datetime]) -> None:
    row = addressed(play)
    endings.cancel(play.session, play.stage.brand, collaboration=play.collaboration, reason="Budget", base_url=BASE)
    assert row.state == "cancelled" and row.due_at is None


def test_what_was_sent_may_arrive_after_the_end(play: Play, moment: list[datetime]) -> None:
    row = sent(play)
    endings.cancel(play.session, play.stage.brand, collaboration=play.collaboration, reason="Budget", base_url=BASE)
    moment[0] += timedelta(days=2)
    gifts.confirm(play.session, play.world.creator, gift=row, received_on=date(2026, 11, 24), base_url=BASE)
    assert play.earned("in_kind") == 8_900


def test_an_open_gift_speaks_against_closing(play: Play) -> None:
    question = MayComplete(play.collaboration.id)
    sent(play)
    assert any("Tent" in str(text) for text in objections(play.session, question))
    gifts.confirm(play.session, play.world.creator, gift=gift(play), received_on=date(2026, 11, 22), base_url=BASE)
    assert not any("Tent" in str(text) for text in objections(play.session, question))


def test_who_is_waited_for(play: Play) -> None:
    pytest.importorskip("core.waiting", reason="the list of what waits is not here yet")
    creator, owner = play.world.creator, play.world.owner
    assert [w.endpoint for w in queries.waiting_for_influencer(play.session, creator)] == ["portal.gift"]
    assert queries.waiting(play.session, owner) == []
    addressed(play)
    assert queries.waiting_for_influencer(play.session, creator) == []
    assert [w.endpoint for w in queries.waiting(play.session, owner)] == ["admin.gift"]
    assert queries.waiting(play.session, play.world.outsider) == []
