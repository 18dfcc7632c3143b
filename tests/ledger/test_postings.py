"""What each posting does to the books, and what the books refuse."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from core.database import Database
from core.errors import Invalid, Missing, Refused
from core.ledger import accounts as plan
from core.ledger import postings, queries, service
from core.ledger.models import Book, LedgerTx
from core.ledger.postings import Voucher
from core.ledger.service import Leg, Posting
from core.ledger.verify import verify
from core.money import Money
from tests.databases import FJELLRO, HAVSRO

DAY = date(2026, 3, 1)
CAMPAIGN, COLLAB, OTHER, PAYOUT = 7, 40, 41, 5


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def because(key: str, brand_id: int = HAVSRO) -> Voucher:
    return Voucher(brand_id, key, ("earning", 1), DAY, by=3)


class Books:
    """The verbs of the postings with this file's campaign and collaboration filled in."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.count = 0

    def do(self, verb: str, key: str | None = None, **kwargs: object) -> LedgerTx:
        self.count += 1
        with self.database.write() as session:
            made: LedgerTx = getattr(postings, verb)(session, because(key or f"{verb}:{self.count}"), **kwargs)
            return made

    def earn(self, minor: int, collab_id: int = COLLAB, *, release: bool = True, key: str | None = None) -> None:
        self.do("accrue", key, campaign_id=CAMPAIGN, collab_id=collab_id, amount=eur(minor))
        if release:
            self.do("release_hold", collab_id=collab_id, amount=eur(minor))

    def pay(self, payout_id: int = PAYOUT, **items: int) -> None:
        asked = {int(name[1:]): eur(minor) for name, minor in items.items()}
        self.do("start_payout", payout_id=payout_id, items=asked)

    def claw_back(self, minor: int, *, held: bool, key: str | None = None) -> None:
        self.do("claw_back", key, campaign_id=CAMPAIGN, collab_id=COLLAB, amount=eur(minor), held=held)

    def read(self, *codes: str, currency: str = "EUR") -> tuple[int, ...]:
        with self.database.session() as session:
            return tuple(queries.balance(session, HAVSRO, code, currency).minor for code in codes)

    def owed(self, collab_id: int = COLLAB) -> tuple[int, ...]:
        return self.read(plan.pending(collab_id), plan.payable(collab_id), plan.advance(collab_id))


@pytest.fixture
def books(database: Database) -> Books:
    return Books(database)


@pytest.fixture(autouse=True)
def proven(books: Books) -> object:
    """Whatever a test did, the books hold afterwards."""
    yield
    with books.database.session() as session:
        assert verify(session).findings == ()


def test_a_budget_is_promised_and_released_without_money(books: Books) -> None:
    books.do("commit_budget", campaign_id=CAMPAIGN, amount=eur(50_000))
    books.do("release_budget", campaign_id=CAMPAIGN, amount=eur(20_000))
    assert books.read(plan.committed(CAMPAIGN), plan.BUDGET) == (30_000, 30_000)
    with pytest.raises(Refused):
        books.do("release_budget", campaign_id=CAMPAIGN, amount=eur(30_001))


def test_an_earning_waits_then_is_owed_then_is_paid(books: Books) -> None:
    books.earn(10_000, release=False)
    assert (books.owed(), books.read(plan.cost(CAMPAIGN))) == ((10_000, 0, 0), (10_000,))
    books.do("release_hold", collab_id=COLLAB, amount=eur(10_000))
    assert books.owed() == (0, 10_000, 0)
    books.pay(c40=10_000)
    assert (books.owed(), books.read(plan.in_transit(PAYOUT))) == ((0, 0, 0), (10_000,))
    books.do("settle_payout", payout_id=PAYOUT, rail="manual", amount=eur(10_000))
    assert books.read(plan.in_transit(PAYOUT), plan.rail_cash("manual")) == (0, -10_000)


def test_a_failed_payout_is_owed_again(books: Books) -> None:
    books.earn(10_000)
    books.pay(c40=10_000)
    books.do("fail_payout", payout_id=PAYOUT, items={COLLAB: eur(10_000)})
    assert books.owed() == (0, 10_000, 0)


def test_a_payout_ends_once(books: Books) -> None:
    books.earn(10_000)
    books.earn(10_000)
    books.pay(PAYOUT, c40=10_000)
    books.pay(PAYOUT + 1, c40=10_000)
    books.do("settle_payout", payout_id=PAYOUT, rail="manual", amount=eur(10_000))
    with pytest.raises(Refused):
        books.do("fail_payout", payout_id=PAYOUT, items={COLLAB: eur(10_000)})
    with pytest.raises(Refused):
        books.do("settle_payout", payout_id=PAYOUT, rail="manual", amount=eur(10_000))


def test_more_than_is_owed_is_not_paid(books: Books) -> None:
    books.earn(100)
    with pytest.raises(Refused) as refusal:
        books.pay(c40=101)
    assert refusal.value.message.params["available"] == eur(100)
    with pytest.raises(Invalid):
        books.pay(c40=0)


def test_a_payout_over_several_collaborations_repays_an_advance(books: Books) -> None:
    books.earn(3_000)
    books.pay(PAYOUT, c40=3_000)
    books.claw_back(3_000, held=False)
    books.earn(5_000, OTHER)
    items = {COLLAB: eur(-3_000), OTHER: eur(5_000)}
    books.do("start_payout", payout_id=9, items=items)
    assert (books.owed(COLLAB), books.owed(OTHER)) == ((0, 0, 0), (0, 0, 0))
    assert books.read(plan.in_transit(9)) == (2_000,)
    books.do("fail_payout", payout_id=9, items=items)
    assert (books.owed(COLLAB), books.owed(OTHER)) == ((0, 0, 3_000), (0, 5_000, 0))


def test_what_is_held_is_taken_from_what_is_pending(books: Books) -> None:
    books.earn(10_000, release=False)
    books.claw_back(4_000, held=True)
    assert (books.owed(), books.read(plan.cost(CAMPAIGN))) == ((6_000, 0, 0), (6_000,))
    with pytest.raises(Refused):
        books.claw_back(6_001, held=True)


def test_what_is_short_stands_as_advance_and_is_netted_from_the_next_release(books: Books) -> None:
    books.earn(10_000)
    books.pay(c40=7_000)
    books.claw_back(5_000, held=False, key="refund:1")
    assert books.owed() == (0, 0, 2_000)
    books.claw_back(5_000, held=False, key="refund:1")
    assert books.owed() == (0, 0, 2_000)
    books.earn(1_500)
    assert books.owed() == (0, 0, 500)
    books.earn(1_500)
    assert books.owed() == (0, 1_000, 0)


def test_what_a_failed_payout_brings_back_pays_an_advance_first(books: Books) -> None:
    books.earn(10_000)
    books.pay(c40=10_000)
    books.claw_back(3_000, held=False)
    books.do("fail_payout", payout_id=PAYOUT, items={COLLAB: eur(10_000)})
    assert books.owed() == (0, 7_000, 0)


def test_asking_again_nets_nothing_that_came_later(books: Books) -> None:
    books.earn(100)
    books.pay(c40=100)
    books.claw_back(40, held=False, key="refund:1")
    with books.database.write() as session:
        start = session.scalars(select(LedgerTx).where(LedgerTx.kind == "start_payout")).one()
        service.reverse(session, brand_id=HAVSRO, tx_id=start.id, key="slip", effective_on=DAY, by=None)
    books.claw_back(40, held=False, key="refund:1")
    assert books.owed() == (0, 100, 40)


def test_a_gift_is_value_and_never_money(books: Books) -> None:
    books.do("book_gift", campaign_id=CAMPAIGN, collab_id=COLLAB, value=eur(8_900))
    assert books.read(plan.gift_cost(CAMPAIGN), plan.gift_received(COLLAB)) == (8_900, 8_900)
    assert (books.owed(), books.read(plan.cost(CAMPAIGN))) == ((0, 0, 0), (0,))
    books.do("return_gift", campaign_id=CAMPAIGN, collab_id=COLLAB, value=eur(8_900))
    assert books.read(plan.gift_cost(CAMPAIGN)) == (0,)


def test_the_same_key_books_once_and_other_content_is_refused(books: Books) -> None:
    terms = {"campaign_id": CAMPAIGN, "collab_id": COLLAB}
    first = books.do("accrue", "sale:1", **terms, amount=eur(100))
    again = books.do("accrue", "sale:1", **terms, amount=eur(100))
    assert first.id == again.id
    assert books.owed() == (100, 0, 0)
    with pytest.raises(Refused):
        books.do("accrue", "sale:1", **terms, amount=eur(101))


def test_a_batch_books_in_order_and_knows_its_own_doubles(books: Books) -> None:
    asked = [
        postings.accrual(because(f"sale:{n % 900}"), campaign_id=CAMPAIGN, collab_id=COLLAB, amount=eur(10))
        for n in range(1_000)
    ]
    with books.database.write() as session:
        made = service.post_many(session, asked)
        assert [tx.key for tx in made] == [posting.key for posting in asked]
        assert session.scalar(select(func.count()).select_from(LedgerTx)) == 900
    assert books.owed() == (9_000, 0, 0)


def test_a_reversal_takes_everything_back_once(books: Books) -> None:
    tx = books.do("accrue", campaign_id=CAMPAIGN, collab_id=COLLAB, amount=eur(100))
    with books.database.write() as session:
        terms = {"brand_id": HAVSRO, "tx_id": tx.id, "effective_on": DAY, "by": None}
        back = service.reverse(session, key="back", **terms)
        assert service.reverse(session, key="back", **terms).id == back.id
        assert back.reverses_id == tx.id
        with pytest.raises(Refused):
            service.reverse(session, key="back again", **terms)
        with pytest.raises(Missing):
            service.reverse(session, key="theirs", **(terms | {"brand_id": FJELLRO}))
    assert books.owed() == (0, 0, 0)


def test_brands_have_books_of_their_own(books: Books) -> None:
    books.earn(100, key="sale:1")
    with books.database.write() as session:
        voucher = because("sale:1", FJELLRO)
        postings.accrue(session, voucher, campaign_id=CAMPAIGN, collab_id=COLLAB, amount=Money(900, "NOK"))
        assert queries.balance(session, FJELLRO, plan.pending(COLLAB), "NOK").minor == 900
        assert queries.totals(session, HAVSRO, "cost") == {"EUR": eur(100)}
        assert queries.totals(session, FJELLRO, "cost") == {"NOK": Money(900, "NOK")}


NO_POSTINGS = (
    [Leg("campaign:1:cost", eur(5)), Leg("influencer:1:pending", eur(-4))],
    [Leg("campaign:1:cost", eur(5)), Leg("influencer:1:pending", Money(-5, "SEK"))],
    [Leg("campaign:1:cost", eur(5)), Leg("campaign:1:cost", eur(-5))],
    [Leg("campaign:1:cost", eur(5)), Leg("gift:1:received", eur(-5))],
    [Leg("campaign:1:cost", eur(5)), Leg("campaign:one:cost", eur(-5))],
    [],
)


def test_legs_that_are_no_posting_are_a_fault_of_the_program(books: Books) -> None:
    with books.database.write() as session:
        for legs in NO_POSTINGS:
            with pytest.raises(ValueError, match=r"balance|book|plan"):
                service.post_many(session, [Posting(HAVSRO, "odd", "odd", legs, Book.CASH, ("odd", 1), DAY)])


def test_an_amount_is_more_than_zero(books: Books) -> None:
    for minor in (0, -5):
        with pytest.raises(Invalid):
            books.do("commit_budget", campaign_id=CAMPAIGN, amount=eur(minor))


def test_a_statement_runs_along(books: Books) -> None:
    for minor in (100, 250, 50):
        books.earn(minor, release=False)
    books.claw_back(300, held=True)
    with books.database.session() as session:
        lines = queries.statement(session, HAVSRO, plan.pending(COLLAB), "EUR")
        assert [(line.amount.minor, line.balance.minor) for line in lines] == [
            (100, 100),
            (250, 350),
            (50, 400),
            (-300, 100),
        ]
        assert [line.kind for line in lines[-1:]] == ["claw_back"]
        assert queries.statement(session, HAVSRO, plan.pending(COLLAB), "EUR", limit=1) == lines[-1:]
        assert queries.statement(session, HAVSRO, plan.pending(COLLAB), "EUR", since=date(2026, 3, 2)) == []
