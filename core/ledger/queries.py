"""Reading the books. Balances come on the account's own side: what is owed is positive."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database import Database
from core.ledger.accounts import kind_of
from core.ledger.models import LedgerAccount, LedgerEntry, LedgerTx
from core.money import Money


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement; `balance` is the account's after it."""

    tx_id: int
    kind: str
    ref: tuple[str, int]
    effective_on: date
    created_at: datetime
    amount: Money
    balance: Money


@contextmanager
def snapshot(database: Database) -> Iterator[Session]:
    """A session in which every statement sees the same moment, so that counts agree while others book."""
    with database.session() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def balance(session: Session, brand_id: int, code: str, currency: str) -> Money:
    """The balance of one account, nothing when it was never used."""
    return balances(session, brand_id, [code]).get((code, currency), Money.zero(currency))


def balances(session: Session, brand_id: int, codes: Collection[str]) -> dict[tuple[str, str], Money]:
    """The balances of several accounts by (code, currency), in one statement; unused ones are absent."""
    a = LedgerAccount
    rows = session.execute(
        select(a.code, a.currency, a.balance * a.normal).where(a.brand_id == brand_id, a.code.in_(codes))
    )
    return {(code, currency): Money(minor, currency) for code, currency, minor in rows}


def totals(session: Session, brand_id: int, kind: str) -> dict[str, Money]:
    """The sum of all accounts of a kind of the plan, by currency."""
    a = LedgerAccount
    rows = session.execute(
        select(a.currency, func.sum(a.balance * a.normal))
        .where(a.brand_id == brand_id, a.kind == kind)
        .group_by(a.currency)
    )
    return {currency: Money(int(minor), currency) for currency, minor in rows}


def statement(
    session: Session,
    brand_id: int,
    code: str,
    currency: str,
    *,
    since: date | None = None,
    until: date | None = None,
    limit: int = 200,
) -> list[Line]:
    """The lines of an account with the running balance, the oldest first, the last `limit` of them."""
    side = kind_of(code).normal
    running = func.sum(LedgerEntry.amount).over(partition_by=LedgerEntry.account_id, order_by=LedgerTx.seq)
    lines = (
        select(
            LedgerTx.id,
            LedgerTx.kind,
            LedgerTx.ref_type,
            LedgerTx.ref_id,
            LedgerTx.effective_on,
            LedgerTx.created_at,
            LedgerTx.seq,
            (LedgerEntry.amount * side).label("amount"),
            (running * side).label("balance"),
        )
        .join(LedgerTx, LedgerTx.id == LedgerEntry.tx_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(LedgerAccount.brand_id == brand_id, LedgerAccount.code == code, LedgerAccount.currency == currency)
        .where(LedgerTx.sealed)
        .subquery()
    )
    chosen = select(lines).order_by(lines.c.seq.desc()).limit(limit)
    if since is not None:
        chosen = chosen.where(lines.c.effective_on >= since)
    if until is not None:
        chosen = chosen.where(lines.c.effective_on <= until)
    return [
        Line(
            tx_id=row.id,
            kind=row.kind,
            ref=(row.ref_type, row.ref_id),
            effective_on=row.effective_on,
            created_at=row.created_at,
            amount=Money(row.amount, currency),
            balance=Money(int(row.balance), currency),
        )
        for row in reversed(session.execute(chosen).all())
    ]
