"""Accounts, transactions and entries of each brand's books.

Amounts are signed minor units: debit is positive. A transaction counts in the balances from
the moment it is sealed; what is not sealed is not in the books.
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from functools import partial
from typing import cast

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped

from core.database import Base, UtcDateTime, financial
from core.ledger import ddl
from core.sql import install

CURRENCY_CHECK = "length(currency) = 3"


class Book(enum.StrEnum):
    """Books that never meet in one transaction: money, things given, promises of a budget."""

    CASH = "cash"
    VALUE = "value"
    MEMO = "memo"


class LedgerAccount(Base):
    """One account of one brand in one currency; `balance` is kept by the database."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint("brand_id", "code", "currency"),
        UniqueConstraint("id", "brand_id", "currency"),
        CheckConstraint(CURRENCY_CHECK, name="currency"),
        CheckConstraint("normal IN (-1, 1)", name="normal"),
        CheckConstraint("NOT floor OR balance * normal >= 0", name="floor"),
    )

    id: Mapped[int] = financial(primary_key=True)
    brand_id: Mapped[int] = financial(ForeignKey("brand.id"), index=True)
    code: Mapped[str] = financial(String(80))
    kind: Mapped[str] = financial(String(20))
    book: Mapped[str] = financial(String(8))
    currency: Mapped[str] = financial(String(3))
    normal: Mapped[int] = financial()
    floor: Mapped[bool] = financial(Boolean)
    balance: Mapped[int] = financial(BigInteger, default=0)
    last_tx_id: Mapped[int] = financial(BigInteger, default=0)


class LedgerTx(Base):
    """One balanced transaction: named by its key, chained to the one before it, never changed."""

    __tablename__ = "ledger_tx"
    __table_args__ = (
        UniqueConstraint("brand_id", "key"),
        UniqueConstraint("brand_id", "seq"),
        UniqueConstraint("id", "brand_id"),
        Index("ix_ledger_tx_ref", "brand_id", "ref_type", "ref_id"),
        CheckConstraint("id <> reverses_id", name="not_itself"),
    )

    id: Mapped[int] = financial(primary_key=True)
    brand_id: Mapped[int] = financial(ForeignKey("brand.id"))
    seq: Mapped[int] = financial(BigInteger)
    key: Mapped[str] = financial(String(200))
    digest: Mapped[str] = financial(String(64))
    kind: Mapped[str] = financial(String(40))
    book: Mapped[str] = financial(String(8))
    ref_type: Mapped[str] = financial(String(40))
    ref_id: Mapped[int] = financial(BigInteger)
    effective_on: Mapped[date] = financial(Date)
    created_at: Mapped[datetime] = financial(UtcDateTime)
    created_by: Mapped[int | None] = financial(BigInteger)
    reverses_id: Mapped[int | None] = financial(ForeignKey("ledger_tx.id"), unique=True)
    sealed: Mapped[bool] = financial(Boolean, default=False)
    prev_hash: Mapped[str] = financial(String(64))
    hash: Mapped[str] = financial(String(64))


class LedgerEntry(Base):
    """One leg: an amount on an account, debit positive. Only ever inserted."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        ForeignKeyConstraint(["tx_id", "brand_id"], ["ledger_tx.id", "ledger_tx.brand_id"]),
        ForeignKeyConstraint(
            ["account_id", "brand_id", "currency"],
            ["ledger_account.id", "ledger_account.brand_id", "ledger_account.currency"],
        ),
        Index("ix_ledger_entry_account", "account_id", "tx_id"),
        Index("ix_ledger_entry_tx", "tx_id"),
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint(CURRENCY_CHECK, name="currency"),
    )

    id: Mapped[int] = financial(primary_key=True)
    tx_id: Mapped[int] = financial()
    brand_id: Mapped[int] = financial()
    account_id: Mapped[int] = financial()
    amount: Mapped[int] = financial(BigInteger)
    currency: Mapped[str] = financial(String(3))


class LedgerHead(Base):
    """The end of a brand's chain; whoever books for the brand holds this row first."""

    __tablename__ = "ledger_head"

    brand_id: Mapped[int] = financial(ForeignKey("brand.id"), primary_key=True, autoincrement=False)
    seq: Mapped[int] = financial(BigInteger, default=0)
    hash: Mapped[str] = financial(String(64), default=ddl.GENESIS)


for _model in (LedgerAccount, LedgerTx, LedgerEntry, LedgerHead):
    install(cast(Table, _model.__table__), partial(ddl.guards, _model.__tablename__))
