"""The books as a beancount file, so that an independent program can check and read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.ledger.accounts import KINDS
from core.ledger.models import LedgerAccount, LedgerEntry, LedgerTx
from core.money import Money

ROOTS = {kind.name: kind.root for kind in KINDS}


def beancount(session: Session, brand_id: int | None = None) -> Iterator[str]:
    """The lines of a beancount file: accounts, every sealed transaction, an asserted balance of each account."""
    accounts = _accounts(session, brand_id)
    names = {row.id: _name(row) for row in accounts}
    opened: dict[str, date] = {}
    for row in accounts:
        opened[names[row.id]] = min(row.first, opened.get(names[row.id], row.first))
    yield 'option "title" "Samverk"'
    for name, day in sorted(opened.items()):
        yield f"{day} open {name}"
    yield from _transactions(session, brand_id, names)
    end = max((row.last for row in accounts), default=date.min) + timedelta(days=1)
    for row in accounts:
        yield f"{end} balance {names[row.id]}  {_amount(row.balance, row.currency)}"


def _accounts(session: Session, brand_id: int | None) -> Sequence[Any]:
    """The accounts that were used, with the first and last day of their entries."""
    a, e, t = LedgerAccount, LedgerEntry, LedgerTx
    columns = (a.id, a.brand_id, a.book, a.kind, a.code, a.currency, a.balance)
    days = (func.min(t.effective_on).label("first"), func.max(t.effective_on).label("last"))
    used = select(*columns, *days).join(e, e.account_id == a.id).join(t, t.id == e.tx_id).where(t.sealed)
    if brand_id is not None:
        used = used.where(a.brand_id == brand_id)
    return session.execute(used.group_by(*columns).order_by(a.brand_id, a.book, a.code, a.currency)).all()


def _transactions(session: Session, brand_id: int | None, names: dict[int, str]) -> Iterator[str]:
    t, e = LedgerTx, LedgerEntry
    columns = (t.id, t.effective_on, t.kind, t.key, t.hash, t.ref_type, t.ref_id, e.account_id, e.amount, e.currency)
    rows = select(*columns).join(e, e.tx_id == t.id).where(t.sealed)
    if brand_id is not None:
        rows = rows.where(t.brand_id == brand_id)
    found = session.execute(rows.order_by(t.effective_on, t.brand_id, t.seq, e.id).execution_options(yield_per=2000))
    for _, group in groupby(found, key=lambda row: row.id):
        legs = list(group)
        tx = legs[0]
        yield ""
        yield f'{tx.effective_on} * "{tx.kind} {tx.ref_type} {tx.ref_id}"'
        yield f"  key: {_quoted(tx.key)}"
        yield f"  hash: {_quoted(tx.hash)}"
        for leg in legs:
            yield f"  {names[leg.account_id]}  {_amount(leg.amount, leg.currency)}"


def _name(account: Any) -> str:
    """`campaign:12:cost` of brand 3 is `Expenses:Brand3:Cash:Campaign:12:Cost`."""
    parts = [f"brand{account.brand_id}", account.book, *account.code.split(":")]
    return ":".join([ROOTS[account.kind], *(part[0].upper() + part[1:].replace("_", "-") for part in parts)])


def _amount(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).decimal:f} {currency}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
