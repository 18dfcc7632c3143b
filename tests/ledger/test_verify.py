"""Every broken promise is found, by name, once the guards are taken away; the command says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from core.database import Database
from core.ledger import ddl, postings, service
from core.ledger.postings import Voucher
from core.ledger.verify import verify
from core.money import Money
from tests.databases import FJELLRO, HAVSRO, lower_floor

DAY = date(2026, 3, 1)

DAMAGE = {
    "UPDATE ledger_entry SET amount = amount + 1 WHERE tx_id = 1 AND amount > 0": {"balanced", "balances", "digest"},
    "UPDATE ledger_entry SET amount = amount * 2 WHERE tx_id = 1": {"balances", "digest"},
    "UPDATE ledger_account SET balance = balance + 1 WHERE id = 1": {"balances"},
    "DELETE FROM ledger_entry WHERE tx_id = 4 AND amount > 0": {"balanced", "legs", "balances", "digest", "reversals"},
    "UPDATE ledger_tx SET effective_on = '2026-05-01' WHERE id = 2": {"hash"},
    "UPDATE ledger_tx SET created_by = 9 WHERE id = 2": {"hash"},
    "UPDATE ledger_tx SET kind = 'gift' WHERE id = 2": {"digest"},
    "UPDATE ledger_tx SET digest = 'x' WHERE id = 2": {"digest", "hash"},
    "UPDATE ledger_tx SET hash = 'x' WHERE id = 1": {"hash", "chain"},
    "UPDATE ledger_tx SET seq = 99 WHERE id = 2": {"hash", "chain"},
    "UPDATE ledger_tx SET sealed = false WHERE id = 3": {"sealed", "balances"},
    "UPDATE ledger_head SET seq = seq - 1 WHERE brand_id = 1": {"chain"},
    "UPDATE ledger_account SET book = 'value' WHERE id = 1": {"fitting"},
}


def fill(database: Database) -> None:
    """An earning, another and its reversal in one brand, an earning in the other."""
    with database.write() as session:
        for brand_id, key, currency in ((HAVSRO, "a", "EUR"), (HAVSRO, "b", "EUR"), (FJELLRO, "c", "NOK")):
            voucher = Voucher(brand_id, key, ("earning", 1), DAY)
            postings.accrue(session, voucher, campaign_id=7, collab_id=1, amount=Money(100, currency))
        service.reverse(session, brand_id=HAVSRO, tx_id=2, key="back", effective_on=DAY, by=1)


@pytest.fixture
def books(database: Database) -> Database:
    fill(database)
    return database


@pytest.fixture
def unguarded(tmp_path: Path) -> Iterator[Database]:
    """Books on SQLite whose guards somebody took away, and gave back once the harm was done."""
    with lower_floor(tmp_path) as database:
        fill(database)
        yield database


def damage(database: Database, *statements: str) -> set[str]:
    with database.session(write=True) as session:
        for name in ddl.names():
            session.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            assert session.execute(text(statement)).rowcount  # type: ignore[attr-defined]
        for guard in ddl.statements("sqlite"):
            session.execute(text(guard))
        found = {finding.rule for finding in verify(session).findings}
        session.rollback()
        return found


def test_good_books_are_ok_and_counted(books: Database) -> None:
    with books.session() as session:
        report = verify(session)
    assert report.ok
    assert (report.brands, report.accounts, report.transactions, report.entries) == (2, 4, 4, 8)


@pytest.mark.parametrize("statement", DAMAGE)
def test_damage_is_found(unguarded: Database, statement: str) -> None:
    assert damage(unguarded, statement) == DAMAGE[statement]


def test_a_balance_below_its_floor_is_found(unguarded: Database) -> None:
    blind = "PRAGMA ignore_check_constraints=ON"
    harm = "UPDATE ledger_account SET balance = 5 WHERE code = 'influencer:1:pending'"
    assert damage(unguarded, blind, harm) == {"balances", "floors"}


def test_a_missing_guard_is_found(books: Database) -> None:
    for name in sorted(ddl.names()):
        table = next(t for t in sorted(ddl.TABLES, key=len, reverse=True) if name.startswith(t))
        on = "" if books.engine.dialect.name == "sqlite" else f" ON {table}"
        with books.session(write=True) as session:
            session.execute(text(f"DROP TRIGGER {name}{on}"))
            (finding,) = verify(session).findings
            session.rollback()
        assert (finding.rule, finding.message.params["name"]) == ("guards", name)


def test_the_statements_for_migrations_are_those_that_were_run(books: Database) -> None:
    dialect = books.engine.dialect.name
    assert {name for name in ddl.names() if f" {name} " in " ".join(ddl.statements(dialect))} == ddl.names()


class Here:
    """As much of an installation as the commands ask for."""

    def __init__(self, database: Database) -> None:
        self.database = database


def test_the_command_prints_ok_or_what_is_broken(
    unguarded: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from core.cli import ledger

    monkeypatch.setattr(ledger, "instance", lambda: Here(unguarded))
    good = CliRunner().invoke(ledger.ledger, ["verify"])
    assert (good.exit_code, good.output) == (0, "ok: 2 books, 4 accounts, 4 transactions, 8 entries\n")
    with unguarded.write() as session:
        session.execute(text("DROP TRIGGER ledger_account_by_entries"))
        session.execute(text("UPDATE ledger_account SET balance = balance + 1 WHERE id = 1"))
    bad = CliRunner().invoke(ledger.ledger, ["verify"])
    assert bad.exit_code == 1
    assert bad.output.splitlines() == [
        "guards: all books: The database no longer has its guard ledger_account_by_entries.",
        "balances: brand 1: Account campaign:7:cost EUR says 101, its entries sum to 100.",
        "2 broken, of 2 books, 4 accounts, 4 transactions, 8 entries",
    ]
