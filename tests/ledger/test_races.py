"""Many at once: what is there is paid once, a key books once, the chain stays whole."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

from sqlalchemy import func, select

from core.database import Database
from core.errors import Refused
from core.ledger import postings
from core.ledger.models import LedgerTx
from core.ledger.postings import Voucher
from core.ledger.verify import verify
from core.money import Money
from tests.databases import HAVSRO

THREADS = 8


def because(key: str) -> Voucher:
    return Voucher(HAVSRO, key, ("payout", 1), date(2026, 3, 1))


def at_once(work: Callable[[int], str]) -> list[str]:
    start = Barrier(THREADS)

    def one(number: int) -> str:
        start.wait()
        try:
            return work(number)
        except Refused:
            return "refused"

    with ThreadPoolExecutor(THREADS) as pool:
        return sorted(pool.map(one, range(THREADS)))


def owe(database: Database, minor: int) -> None:
    with database.write() as session:
        postings.accrue(session, because("sale"), campaign_id=1, collab_id=1, amount=Money(minor, "EUR"))
        postings.release_hold(session, because("release"), collab_id=1, amount=Money(minor, "EUR"))


def test_of_eight_payouts_of_70_from_100_one_succeeds(database: Database) -> None:
    owe(database, 10_000)

    def pay(number: int) -> str:
        with database.write() as session:
            items = {1: Money(7_000, "EUR")}
            postings.start_payout(session, because(f"pay:{number}"), payout_id=number, items=items)
        return "paid"

    assert at_once(pay) == ["paid", *["refused"] * 7]
    with database.session() as session:
        assert verify(session).ok


def test_eight_times_the_same_key_is_one_payout(database: Database) -> None:
    owe(database, 100_000)

    def pay(_number: int) -> str:
        with database.write() as session:
            postings.start_payout(session, because("pay"), payout_id=1, items={1: Money(7_000, "EUR")})
        return "paid"

    assert at_once(pay) == ["paid"] * 8
    with database.session() as session:
        assert session.scalar(select(func.count()).where(LedgerTx.kind == "start_payout")) == 1
        assert verify(session).ok


def test_a_first_posting_by_eight_at_once_opens_the_books_once(database: Database) -> None:
    def earn(number: int) -> str:
        with database.write() as session:
            voucher = because(f"sale:{number}")
            postings.accrue(session, voucher, campaign_id=1, collab_id=number % 2, amount=Money(5, "EUR"))
        return "booked"

    assert at_once(earn) == ["booked"] * 8
    with database.session() as session:
        report = verify(session)
        assert (report.findings, report.transactions, report.accounts) == ((), 8, 3)
