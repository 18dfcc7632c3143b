"""The exported file says the same as the books, in another program's grammar."""

from __future__ import annotations

import importlib.util
import re
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from core.database import Database
from core.ledger import postings
from core.ledger.export import beancount
from core.ledger.postings import Voucher
from core.money import Money
from tests.databases import FJELLRO, HAVSRO

ACCOUNT = r"(?:Assets|Liabilities|Equity|Expenses)(?::[A-Z0-9][A-Za-z0-9-]*)+"
AMOUNT = r"(-?\d+(?:\.\d+)?) ([A-Z]{3})"
LINES = (
    r'option "title" "Samverk"',
    rf"\d{{4}}-\d\d-\d\d open {ACCOUNT}",
    r'\d{4}-\d\d-\d\d \* "[^"]+"',
    r'  (key|hash): "([^"\\]|\\.)*"',
    rf"  {ACCOUNT}  {AMOUNT}",
    rf"\d{{4}}-\d\d-\d\d balance {ACCOUNT}  {AMOUNT}",
    r"",
)


@pytest.fixture
def books(database: Database) -> Database:
    """All three books, two brands, currencies with none, two and three decimals, a key with quotes."""
    with database.write() as session:
        for number, currency in enumerate(("EUR", "ISK", "KWD")):
            due = Voucher(HAVSRO, f'sale "{number}\\', ("earning", number), date(2026, 3, 5 - number))
            amount = Money(123_456, currency)
            postings.accrue(session, due, campaign_id=7, collab_id=1, amount=amount)
            due = Voucher(HAVSRO, f"release:{number}", ("earning", number), date(2026, 4, 1))
            postings.release_hold(session, due, collab_id=1, amount=amount)
            due = Voucher(HAVSRO, f"pay:{number}", ("payout", number), date(2026, 4, 2))
            postings.start_payout(session, due, payout_id=number, items={1: amount})
            due = Voucher(HAVSRO, f"paid:{number}", ("payout", number), date(2026, 4, 3))
            postings.settle_payout(session, due, payout_id=number, rail="bank_file", amount=amount)
        due = Voucher(FJELLRO, "gift", ("shipment", 1), date(2026, 3, 9))
        postings.book_gift(session, due, campaign_id=8, collab_id=2, value=Money(5, "NOK"))
        due = Voucher(FJELLRO, "budget", ("campaign", 8), date(2026, 3, 9))
        postings.commit_budget(session, due, campaign_id=8, amount=Money(500_000, "NOK"))
    return database


def test_every_line_is_of_the_grammar_and_every_balance_adds_up(books: Database) -> None:
    with books.session() as session:
        lines = list(beancount(session))
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    opened, asserted = set(), {}
    for line in lines:
        assert any(re.fullmatch(pattern, line) for pattern in LINES), line
        if found := re.fullmatch(rf"\d{{4}}-\d\d-\d\d open ({ACCOUNT})", line):
            opened.add(found[1])
        if found := re.fullmatch(rf"  ({ACCOUNT})  {AMOUNT}", line):
            sums[found[1], found[3]] += Decimal(found[2])
        if found := re.fullmatch(rf"2026-04-04 balance ({ACCOUNT})  {AMOUNT}", line):
            asserted[found[1], found[3]] = Decimal(found[2])
    assert asserted == sums
    assert {name for name, _ in sums} == opened
    assert sums["Assets:Brand1:Cash:Rail:Bank-file:Cash", "KWD"] == Decimal("-123.456")
    assert sums["Expenses:Brand1:Cash:Campaign:7:Cost", "ISK"] == 123_456
    assert sums["Expenses:Brand2:Value:Gift:Campaign:8:Cost", "NOK"] == Decimal("0.05")


def test_one_brand_is_exported_alone_by_the_command(books: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.cli import ledger

    monkeypatch.setattr(ledger, "instance", lambda: type("Here", (), {"database": books}))
    out = CliRunner().invoke(ledger.ledger, ["export", "--format", "beancount", "--brand", str(FJELLRO)]).output
    assert ":Brand2:" in out
    assert ":Brand1:" not in out


def test_the_commands_say_in_a_sentence_that_there_are_no_books(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.cli import ledger

    nothing = Database(f"sqlite:///{tmp_path / 'nothing.db'}")
    monkeypatch.setattr(ledger, "instance", lambda: type("Here", (), {"database": nothing}))
    for command in ("export", "verify"):
        result = CliRunner().invoke(ledger.ledger, [command])
        assert (result.exit_code, result.output.startswith("Error: The books cannot be read")) == (1, True)
    nothing.engine.dispose()


@pytest.mark.skipif(importlib.util.find_spec("beancount") is None, reason="beancount is not installed")
def test_beancount_accepts_it(books: Database, tmp_path: Path) -> None:
    from beancount import loader  # type: ignore[import-not-found]

    with books.session() as session:
        (tmp_path / "books.beancount").write_text("\n".join(beancount(session)) + "\n")
    _, errors, _ = loader.load_file(str(tmp_path / "books.beancount"))
    assert errors == []


def test_empty_books_are_a_file_too(database: Database) -> None:
    with database.session() as session:
        assert list(beancount(session)) == ['option "title" "Samverk"']
