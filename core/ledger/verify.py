"""Proving the books: every promise read again from the rows, none taken on trust."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select, text, true
from sqlalchemy.orm import Session, aliased

from core.ledger import ddl
from core.ledger.models import LedgerAccount, LedgerEntry, LedgerHead, LedgerTx
from core.ledger.service import digest, link
from core.plugin_api.text import T, Text


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken promise: which rule, in whose books, and a sentence that says where."""

    rule: str
    brand_id: int | None
    message: Text


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what was found wrong with it."""

    brands: int
    accounts: int
    transactions: int
    entries: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether every promise holds."""
        return not self.findings


Rows = Iterator[Finding]


def verify(session: Session) -> Report:
    """Check every invariant of all brands' books; nothing is changed."""
    findings = [finding for check in CHECKS for finding in check(session)]
    brands, accounts, transactions, entries = (
        session.scalar(select(func.count()).select_from(m)) or 0
        for m in (LedgerHead, LedgerAccount, LedgerTx, LedgerEntry)
    )
    return Report(brands, accounts, transactions, entries, tuple(findings))


def _guards(session: Session) -> Rows:
    catalogue = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if session.get_bind().dialect.name == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')"
    )
    standing = set(session.scalars(text(catalogue)))
    for name in sorted(ddl.names() - standing):
        yield Finding("guards", None, T("The database no longer has its guard %(name)s.", name=name))


def _sealed(session: Session) -> Rows:
    for tx in session.execute(select(LedgerTx.brand_id, LedgerTx.key).where(~LedgerTx.sealed)):
        yield Finding("sealed", tx.brand_id, T("Transaction %(key)s is not sealed.", key=tx.key))


def _balanced(session: Session) -> Rows:
    e, t = LedgerEntry, LedgerTx
    sums = (
        select(t.brand_id, t.key, e.currency, func.sum(e.amount).label("off"))
        .join(t, t.id == e.tx_id)
        .group_by(t.id, t.brand_id, t.key, e.currency)
        .having(func.sum(e.amount) != 0)
    )
    for row in session.execute(sums):
        words = T(
            "Transaction %(key)s is out of balance by %(off)s minor units of %(currency)s.",
            key=row.key,
            off=int(row.off),
            currency=row.currency,
        )
        yield Finding("balanced", row.brand_id, words)
    legs = (
        select(t.brand_id, t.key)
        .outerjoin(e, t.id == e.tx_id)
        .where(t.sealed)
        .group_by(t.id, t.brand_id, t.key)
        .having(func.count(e.id) < 2)
    )
    for brand_id, key in session.execute(legs):
        yield Finding("legs", brand_id, T("Transaction %(key)s has fewer than two legs.", key=key))


def _fitting(session: Session) -> Rows:
    e, t, a = LedgerEntry, LedgerTx, LedgerAccount
    strange: ColumnElement[bool] = or_(
        a.id.is_(None),
        t.id.is_(None),
        a.brand_id != t.brand_id,
        e.brand_id != t.brand_id,
        a.book != t.book,
        a.currency != e.currency,
    )
    rows = select(e.id, e.brand_id).outerjoin(t, t.id == e.tx_id).outerjoin(a, a.id == e.account_id).where(strange)
    for row in session.execute(rows):
        yield Finding("fitting", row.brand_id, T("Entry %(id)s does not fit its account.", id=row.id))


def _stored(session: Session) -> Rows:
    a, e, t = LedgerAccount, LedgerEntry, LedgerTx
    counted = func.coalesce(func.sum(case((t.sealed, e.amount), else_=0)), 0)
    rows: Select[Any] = (
        select(a.brand_id, a.code, a.currency, a.balance, counted.label("counted"))
        .outerjoin(e, e.account_id == a.id)
        .outerjoin(t, t.id == e.tx_id)
        .group_by(a.id, a.brand_id, a.code, a.currency, a.balance)
        .having(counted != a.balance)
    )
    for row in session.execute(rows):
        words = T(
            "Account %(code)s %(currency)s says %(stored)s, its entries sum to %(counted)s.",
            code=row.code,
            currency=row.currency,
            stored=row.balance,
            counted=int(row.counted),
        )
        yield Finding("balances", row.brand_id, words)


def _floors(session: Session) -> Rows:
    a = LedgerAccount
    for row in session.execute(select(a.brand_id, a.code).where(a.floor == true(), a.balance * a.normal < 0)):
        yield Finding("floors", row.brand_id, T("Account %(code)s is below zero.", code=row.code))


def _chain(session: Session) -> Rows:
    """Walk every brand's transactions in order and compute digest and hash anew."""
    t, e, a = LedgerTx, LedgerEntry, LedgerAccount
    rows = session.execute(
        select(t, a.code, e.currency, e.amount)
        .outerjoin(e, e.tx_id == t.id)
        .outerjoin(a, a.id == e.account_id)
        .order_by(t.brand_id, t.seq, t.id)
        .execution_options(yield_per=2000, populate_existing=True)
    )
    ends: dict[int, tuple[int, str]] = {}
    for tx, legs in groupby(rows, key=lambda row: row[0]):
        net = tuple((row.code, row.currency, row.amount) for row in legs if row.code is not None)
        seq, previous = ends.get(tx.brand_id, (0, ddl.GENESIS))
        yield from _one(tx, digest(tx.kind, tx.book, (tx.ref_type, tx.ref_id), tx.reverses_id, net), seq + 1, previous)
        ends[tx.brand_id] = (tx.seq, tx.hash)
        session.expunge(tx)
    heads = {
        h.brand_id: (h.seq, h.hash)
        for h in session.execute(select(LedgerHead.brand_id, LedgerHead.seq, LedgerHead.hash))
    }
    for brand_id in sorted(heads.keys() | ends.keys()):
        if heads.get(brand_id) != ends.get(brand_id, (0, ddl.GENESIS)):
            yield Finding("chain", brand_id, T("The chain does not end where it should."))


def _one(tx: LedgerTx, mark: str, seq: int, previous: str) -> Rows:
    if tx.digest != mark:
        yield Finding("digest", tx.brand_id, T("Transaction %(key)s is not what was booked.", key=tx.key))
    own = link(
        tx.prev_hash,
        brand_id=tx.brand_id,
        seq=tx.seq,
        key=tx.key,
        mark=tx.digest,
        on=tx.effective_on,
        at=tx.created_at,
        by=tx.created_by,
    )
    if tx.hash != own:
        yield Finding("hash", tx.brand_id, T("Transaction %(key)s was changed after it was sealed.", key=tx.key))
    if (tx.seq, tx.prev_hash) != (seq, previous):
        yield Finding("chain", tx.brand_id, T("The chain is broken before transaction %(key)s.", key=tx.key))


def _reversals(session: Session) -> Rows:
    """A reversal and its original cancel out on every account."""
    t, e, original = LedgerTx, LedgerEntry, aliased(LedgerTx)
    pair = or_(e.tx_id == t.id, e.tx_id == original.id)
    rows = (
        select(t.brand_id, t.key)
        .join(original, original.id == t.reverses_id)
        .join(e, pair)
        .group_by(t.id, t.brand_id, t.key, e.account_id)
        .having(func.sum(e.amount) != 0)
        .distinct()
    )
    for row in session.execute(rows):
        words = T("Transaction %(key)s does not mirror the one that it reverses.", key=row.key)
        yield Finding("reversals", row.brand_id, words)


CHECKS: tuple[Callable[[Session], Rows], ...] = (
    _guards,
    _sealed,
    _balanced,
    _fitting,
    _stored,
    _floors,
    _chain,
    _reversals,
)
