"""What the database itself refuses, whoever asks it, on both engines alike."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from core.database import Database
from core.ledger import ddl, postings
from core.ledger.postings import Voucher
from core.ledger.verify import verify
from core.money import Money
from tests.databases import FJELLRO, HAVSRO

DAY = date(2026, 3, 1)
OPEN = (
    "INSERT INTO ledger_tx (brand_id, seq, key, digest, kind, book, ref_type, ref_id, effective_on, created_at, sealed,"
    " prev_hash, hash) SELECT brand_id, seq + 1, 'mine', 'd', 'k', 'cash', 'r', 1, effective_on, created_at,"
    " {sealed}, hash, 'h' FROM ledger_tx WHERE brand_id = 1 ORDER BY seq DESC LIMIT 1"
)
LEG = (
    "INSERT INTO ledger_entry (tx_id, brand_id, account_id, amount, currency)"
    " SELECT t.id, {brand}, a.id, {amount}, '{currency}' FROM ledger_tx t, ledger_account a"
    " WHERE t.key = '{key}' AND a.brand_id = {brand} AND a.code = '{code}'"
)
SEAL = "UPDATE ledger_tx SET sealed = true WHERE key = 'mine'"


def opened(*, sealed: str = "false") -> str:
    return OPEN.format(sealed=sealed)


def leg(amount: int, code: str = "campaign:7:cost", *, key: str = "mine", brand: int = 1, currency: str = "EUR") -> str:
    return LEG.format(amount=amount, code=code, key=key, brand=brand, currency=currency)


# What is tried, each with the words of the guard that must refuse its last statement
# (just its name where several guards stand in the way, in no fixed order).
REFUSED = {
    "seal of what does not balance": ["must balance", opened(), leg(5), leg(-4, "influencer:1:pending"), SEAL],
    "seal with one leg": ["ledger: ", opened(), leg(5), SEAL],
    "seal of nothing": ["two legs", opened(), SEAL],
    "seal out of the chain": [
        "end of its chain",
        opened().replace("seq + 1", "seq + 2"),
        leg(5),
        leg(-5, "influencer:1:pending"),
        SEAL,
    ],
    "seal on another hash": ["end of its chain", opened().replace(", hash, 'h'", ", 'x', 'h'"), leg(5), leg(-5), SEAL],
    "born sealed": ["starts open", opened(sealed="true")],
    "a floor broken": ["ledger_account_floor", opened(), leg(101, "influencer:1:pending"), leg(-101), SEAL],
    "an entry into a sealed one": ["fits an open", leg(5, key="first")],
    "an entry of another currency": ["fits an open", opened(), leg(5, currency="SEK")],
    "an entry on another brand's account": ["fits an open", opened(), leg(5, brand=FJELLRO, currency="NOK")],
    "an entry in another book": ["fits an open", opened(), leg(5, "gift:1:received")],
    "an entry of zero": ["ledger_entry_amount", opened(), leg(0)],
    "a changed entry": ["update is refused", "UPDATE ledger_entry SET amount = amount + 1"],
    "a deleted entry": ["delete is refused", "DELETE FROM ledger_entry"],
    "a changed transaction": ["ledger: ", "UPDATE ledger_tx SET effective_on = '2026-04-01'"],
    "a changed open transaction": [
        "ledger: ",
        opened(),
        "UPDATE ledger_tx SET kind = 'x', sealed = true WHERE key = 'mine'",
    ],
    "an unsealed transaction": ["ledger: ", "UPDATE ledger_tx SET sealed = false"],
    "a deleted transaction": ["delete is refused", "DELETE FROM ledger_tx"],
    "a deleted open transaction": ["delete is refused", opened(), "DELETE FROM ledger_tx WHERE key = 'mine'"],
    "a balance by hand": ["sealed entries only", "UPDATE ledger_account SET balance = balance + 1"],
    "the last entry counted twice": [
        "sealed entries only",
        "UPDATE ledger_account SET balance = balance + 100 WHERE brand_id = 1 AND code = 'campaign:7:cost'",
    ],
    "a balance by hand in the name of a later one": [
        "sealed entries only",
        opened(),
        leg(5),
        leg(-5, "influencer:1:pending"),
        "UPDATE ledger_account SET balance = balance + 5, last_tx_id = (SELECT max(id) FROM ledger_tx)"
        " WHERE code = 'campaign:7:cost' AND brand_id = 1",
    ],
    "an account that turns": ["ledger: ", "UPDATE ledger_account SET normal = -normal"],
    "a floor taken away": ["ledger: ", "UPDATE ledger_account SET floor = false"],
    "a deleted account": ["delete is refused", "DELETE FROM ledger_account"],
    "an account that opens full": [
        "opens empty",
        "INSERT INTO ledger_account (brand_id, code, kind, book, currency, normal, floor, balance, last_tx_id)"
        " VALUES (1, 'campaign:8:cost', 'cost', 'cash', 'EUR', 1, false, 5, 0)",
    ],
    "a moved end of the chain": ["moves with a sealed", "UPDATE ledger_head SET seq = seq + 1"],
    "a chain that starts elsewhere": [
        "starts empty",
        "INSERT INTO ledger_head (brand_id, seq, hash) VALUES (3, 1, 'x')",
    ],
    "a deleted end of the chain": ["delete is refused", "DELETE FROM ledger_head"],
}


@pytest.fixture
def books(database: Database) -> Database:
    """One earning in each brand, a gift in the first."""
    with database.write() as session:
        for brand_id, key, currency in ((HAVSRO, "first", "EUR"), (FJELLRO, "other", "NOK")):
            voucher = Voucher(brand_id, key, ("earning", 1), DAY)
            postings.accrue(session, voucher, campaign_id=7, collab_id=1, amount=Money(100, currency))
        voucher = Voucher(HAVSRO, "gift", ("gift", 1), DAY)
        postings.book_gift(session, voucher, campaign_id=7, collab_id=1, value=Money(100, "EUR"))
    return database


def refused(session: Session, name: str) -> str:
    """What the database answers to the last statement; everything is rolled back."""
    _, *allowed, last = REFUSED[name]
    for statement in allowed:
        assert session.execute(text(statement)).rowcount == 1, statement  # type: ignore[attr-defined]
    try:
        session.execute(text(last))
    except DatabaseError as error:
        return str(error.orig)
    finally:
        session.rollback()
    return "taken"


def test_refused(books: Database) -> None:
    """All in one database, since each leaves it as it was."""
    for name, (words, *_) in REFUSED.items():
        with books.session(write=True) as session:
            assert words in refused(session, name), name
            assert verify(session).findings == (), name


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_replacing_is_deleting(books: Database) -> None:
    with books.session(write=True) as session:
        for table in ("ledger_entry", "ledger_tx", "ledger_account", "ledger_head"):
            with pytest.raises(DatabaseError, match="ledger"):
                session.execute(text(f"REPLACE INTO {table} SELECT * FROM {table}"))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nothing_is_truncated(books: Database) -> None:
    for table in ddl.TABLES:
        with books.session(write=True) as session, pytest.raises(DatabaseError, match="truncate is refused"):
            session.execute(text(f"TRUNCATE {table} CASCADE"))


def test_the_negative_control_is_taken(books: Database) -> None:
    """The same hand-written statements, in order, are accepted: the refusals are not accidents."""
    with books.session(write=True) as session:
        for statement in (opened(), leg(5), leg(-5, "influencer:1:pending"), SEAL):
            assert session.execute(text(statement)).rowcount == 1  # type: ignore[attr-defined]
        pending = text("SELECT balance FROM ledger_account WHERE brand_id = 1 AND code = 'influencer:1:pending'")
        assert session.scalar(pending) == -105


def test_what_is_not_sealed_is_not_in_the_books(books: Database) -> None:
    with books.session(write=True) as session:
        before = session.scalar(text("SELECT balance FROM ledger_account WHERE id = 1"))
        session.execute(text(opened()))
        session.execute(text(leg(5)))
        assert session.scalar(text("SELECT balance FROM ledger_account WHERE id = 1")) == before
