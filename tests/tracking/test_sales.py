"""What is credited, what is not and why, and what a refund takes back."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import chance, events, wiring
from core.collaborations import endings
from core.instance import Instance
from core.tracking import queries
from core.tracking.codes import _stem, make_code
from core.tracking.events import SaleCredited, SaleRefunded
from core.tracking.models import Refund, Sale
from samverk import Money, RefundRecord
from tests.collaborations import stage as theatre
from tests.collaborations.stage import BASE, person
from tests.tracking.conftest import Play
from tests.world import World


def test_every_signed_collaboration_has_one_readable_code(play: Play) -> None:
    assert play.code.startswith("AINO") and 2 <= len(play.code) - 4 <= 4
    assert make_code(play.session, play.collaboration.id) == play.code
    assert play.code.isascii() and play.code == play.code.upper()


def test_a_code_comes_with_the_signing_and_what_was_told_before_is_nobodys(
    session: Session, world: World, instance: Instance, moment: list[datetime]
) -> None:
    """Nobody can know a code before it is made. One that is guessed stays with nobody when it is."""
    wiring.connect(instance)
    stage = theatre.build(session, world)
    made, contract = stage.agreed(components=[theatre.commission("10", 40_000)])
    play = Play(session, world, stage, made, instance)
    assert play.code == "", "there is none to be used before both have signed"
    guessing = session.begin_nested()
    with chance.seeded(Random(1)):
        stage.sign(made, contract)
        guessed = play.code
    guessing.rollback()
    (verdict,) = play.take(play.sale("1", 10_000, code=guessed))
    assert (verdict.state, verdict.collaboration_id) == ("uncredited", None)
    with chance.seeded(Random(1)):
        stage.sign(made, contract)
    assert play.code == guessed and play.earned() == 0
    (again,) = play.take(play.sale("1", 10_000))
    assert again.known and (again.state, play.earned()) == ("uncredited", 0)
    (after,) = play.take(play.sale("2", 10_000))
    assert (after.state, play.earned()) == ("credited", 1_000)


def test_two_people_of_one_name_get_different_codes(play: Play) -> None:
    codes = {play.code}
    for number in range(120):
        known = person(play.session, play.world, "Aino Other", f"aino{number}@example.com")
        other = play.stage.offer(relationship=known, attach=False, components=[_free()])
        codes.add(make_code(play.session, other.id))
    assert len(codes) == 121


def _free() -> dict[str, object]:
    values = {"amount": 1, "per": "collaboration"}
    return {"id": "c1", "model": "fixed", "version": "1", "terms": {"currency": "EUR", "values": values}}


@pytest.mark.parametrize(
    ("name", "stem"),
    [("Åsa Ödegård", "ASA"), ("Søren Æbelø", "SOREN"), ("李 小龙", "CODE"), ("", "CODE"), ("@x Groß", "GROSS")],
)
def test_codes_are_ascii_capitals(name: str, stem: str) -> None:
    assert _stem(name) == stem


def test_a_sale_with_the_code_is_credited_and_earns(play: Play) -> None:
    (verdict,) = play.take(play.sale("1", 10_000, code=play.code.lower()))
    assert (verdict.state, verdict.reason) == ("credited", None)
    assert play.earned() == 1_000


@pytest.mark.parametrize(
    ("changed", "state", "words"),
    [
        ({"code": ""}, "uncredited", "no discount code"),
        ({"code": "NOBODY1"}, "uncredited", "belongs to no collaboration"),
        ({"currency": "SEK"}, "on_hold", "Sold in SEK, while the campaign is in EUR"),
    ],
)
def test_what_is_not_credited_says_why(play: Play, changed: dict[str, str], state: str, words: str) -> None:
    (verdict,) = play.take(play.sale("1", 10_000, **changed))
    stored = play.session.scalars(select(Sale)).one()
    assert (verdict.state, stored.state) == (state, state)
    assert words in str(stored.why)
    assert play.earned() == 0


def test_a_code_counts_from_the_day_of_signing_until_the_end(play: Play, moment: list[datetime]) -> None:
    before = play.sale("1", 10_000, at=moment[0] - timedelta(days=1))
    same_day = play.sale("2", 10_000, at=moment[0] - timedelta(hours=6))
    endings.cancel(play.session, play.stage.brand, collaboration=play.collaboration, reason="Budget", base_url=BASE)
    moment[0] += timedelta(hours=2)
    after = play.sale("3", 10_000)
    late_told = play.sale("4", 10_000, at=moment[0] - timedelta(hours=3))
    states = [verdict.state for verdict in play.take(before, same_day, after, late_told)]
    assert states == ["uncredited", "credited", "uncredited", "credited"]
    assert play.earned() == 2_000


def test_the_same_order_twice_is_one_sale(play: Play) -> None:
    sale = play.sale("1", 10_000)
    play.take(sale, sale)
    (again,) = play.take(sale)
    assert again.known and play.session.scalar(select(func.count(Sale.id))) == 1
    assert play.earned() == 1_000


@pytest.mark.parametrize(
    ("changed", "part"), [({"amount": 9_999}, "amount"), ({"currency": "SEK"}, "amount"), ({"code": "X"}, "code")]
)
def test_the_same_order_told_otherwise_is_a_fault(play: Play, changed: dict[str, object], part: str) -> None:
    play.take(play.sale("1", 10_000))
    (verdict,) = play.take(play.sale("1", **{"amount": 10_000, **changed}))
    assert verdict.fault and verdict.fault.part == part
    assert play.session.scalar(select(func.count(Sale.id))) == 1


def test_a_refund_takes_back_what_its_sale_gave(play: Play) -> None:
    play.take(play.refund("R1", "1", 3_333), play.sale("1", 10_005))  # the refund may stand first
    play.take(play.refund("R2", "1", 3_334))
    assert play.earned() == 334
    play.take(play.refund("R3", "1", 3_338))
    assert play.earned() == 0
    (again,) = play.take(play.refund("R3", "1", 3_338))
    assert again.known and play.session.scalar(select(func.count(Refund.id))) == 3


@pytest.mark.parametrize(
    ("number", "of", "amount", "currency", "words"),
    [
        ("R", "1", 10_001, "EUR", "Only €100.00 of this order"),
        ("R", "9", 1, "EUR", "no order 9"),
        ("R", "1", 1, "SEK", "in EUR"),
        ("R", "1", 0, "EUR", "lies between"),
        ("old", "1", 2, "EUR", "told before"),
    ],
)
def test_refunds_that_cannot_be(play: Play, number: str, of: str, amount: int, currency: str, words: str) -> None:
    play.take(play.sale("1", 10_000), play.sale("2", 500), play.refund("old", "2", 1))
    (verdict,) = play.take(play.refund(number, of, amount, currency))
    assert verdict.fault and words in str(verdict.fault.message)
    assert play.session.scalar(select(func.count(Refund.id))) == 1


@pytest.mark.parametrize("together", [True, False])
def test_nothing_is_refunded_before_it_was_sold(play: Play, moment: list[datetime], together: bool) -> None:
    """By the day where the brand is: many shops tell no time of day."""
    sale = play.sale("1", 10_000)
    if not together:
        play.take(sale)
    early, same_day = (
        RefundRecord(name, "1", Money(1_000, "EUR"), moment[0] - since)
        for name, since in (("R1", timedelta(days=1)), ("R2", timedelta(hours=6)))
    )
    *_, no, yes = play.take(*([sale] if together else []), early, same_day)
    assert no.fault and no.fault.part == "at" and "cannot be refunded before" in str(no.fault.message)
    assert not yes.fault and play.earned() == 900


def test_refunds_of_one_file_are_added_up(play: Play) -> None:
    verdicts = play.take(play.sale("1", 1_000), play.refund("a", "1", 600), play.refund("b", "1", 600))
    assert [bool(verdict.fault) for verdict in verdicts] == [False, False, True]


def test_upper_rooms_hear_once_per_collaboration(play: Play) -> None:
    heard: list[object] = []

    def listen(_session: object, event: object) -> None:
        heard.append(event)

    for kind in (SaleCredited, SaleRefunded):
        events._subscribers[kind].append(listen)
    try:
        play.take(*[play.sale(str(n), 100) for n in range(30)], play.refund("r", "3", 1), play.refund("s", "4", 1))
    finally:
        for kind in (SaleCredited, SaleRefunded):
            events._subscribers[kind].remove(listen)
    assert [type(event) for event in heard] == [SaleCredited, SaleRefunded]


def test_moments_out_of_this_world_are_faults(play: Play, moment: list[datetime]) -> None:
    for at in (moment[0] + timedelta(days=2), moment[0].replace(year=1), moment[0].replace(year=9999)):
        (verdict,) = play.judge(play.sale("1", 1, at=at))
        assert verdict.fault and verdict.fault.part == "at"


def test_another_brands_code_credits_nobody(play: Play) -> None:
    from core.tracking.sales import judge

    (verdict,) = judge(play.session, play.world.other_brand.id, [play.sale("1", 100)])
    assert verdict.state == "uncredited" and verdict.collaboration_id is None


def test_sums_and_lists(play: Play) -> None:
    play.take(play.sale("1", 10_000), play.sale("2", 500, currency="SEK"), play.sale("3", 700, code=""))
    play.take(play.refund("r", "1", 2_500))
    found = queries.sales_of(play.session, play.collaboration.id)
    (sums,) = found.credited
    assert (sums.gross.minor, sums.refunded.minor, sums.net.minor) == (10_000, 2_500, 7_500)
    assert [(held.currency, held.count) for held in found.on_hold] == [("SEK", 1)]
    owner, outsider = play.world.owner, play.world.outsider
    rows, _ = queries.list_sales(play.session, owner, play.brand_id, queries.Filters())
    assert {row.sale.external_id for row in rows} == {"1", "2", "3"}
    only = queries.Filters(state="credited", campaign=play.stage.campaign.public_id, q=play.code.lower())
    rows, _ = queries.list_sales(play.session, owner, play.brand_id, only)
    assert [(row.sale.external_id, row.net.minor, row.name) for row in rows] == [("1", 7_500, "Aino Laine")]
    assert queries.list_sales(play.session, outsider, play.brand_id, queries.Filters())[0] == []


def test_pages_meet_without_gap_or_repeat(play: Play, moment: list[datetime]) -> None:
    play.take(*[play.sale(str(n), 100 + n, at=moment[0] - timedelta(minutes=n // 3)) for n in range(23)])
    seen, after = [], ""
    while True:
        rows, after = queries.list_sales(
            play.session, play.world.owner, play.brand_id, queries.Filters(), after=after, limit=5
        )
        seen += [row.sale.external_id for row in rows]
        if not after:
            break
    assert len(seen) == 23 == len(set(seen))


def test_the_totals_of_a_list_follow_its_filters(play: Play) -> None:
    play.take(play.sale("1", 10_000), play.sale("2", 500, currency="SEK"), play.sale("3", 700, code=""))
    play.take(play.refund("r", "1", 2_500))
    owner, campaign = play.world.owner, play.stage.campaign

    def told(**wanted: str) -> list[tuple[str, int, int]]:
        found = queries.totals(play.session, owner, play.brand_id, queries.Filters(**wanted))
        assert found.campaigns in ([(campaign.public_id, campaign.name)], [])
        return [(sums.currency, sums.count, sums.net.minor) for sums in found.sums]

    assert told() == [("EUR", 2, 8_200), ("SEK", 1, 500)]
    assert told(campaign=campaign.public_id) == [("EUR", 1, 7_500), ("SEK", 1, 500)]
    assert told(state="credited", q="1") == [("EUR", 1, 7_500)]
    assert told(q="none") == []
