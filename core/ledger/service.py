"""Booking: the only writer of the books. Every posting has a key and is booked once.

The same key with the same content answers with the first transaction; with other content it
is refused. The end of the brand's chain is held while booking, so postings of one brand
follow each other and what was read for a posting still holds when it is sealed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import bindparam, insert, select, tuple_, update
from sqlalchemy.orm import Session

from core import clock
from core.errors import Missing, Refused
from core.ledger.accounts import kind_of
from core.ledger.models import Book, LedgerAccount, LedgerEntry, LedgerHead, LedgerTx
from core.money import Money
from core.plugin_api.text import T
from core.sql import insert_once

CHUNK = 400
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Leg:
    """An amount on an account of the plan; debit is positive, credit negative."""

    account_code: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Posting:
    """All that is needed to book one transaction; `by` is a person's id, None for the system."""

    brand_id: int
    key: str
    kind: str
    legs: Sequence[Leg]
    book: Book
    ref: tuple[str, int]
    effective_on: date
    by: int | None = None
    reverses: int | None = None


@dataclass(slots=True)
class _Account:
    id: int
    normal: int
    floor: bool
    balance: int


Net = tuple[tuple[str, str, int], ...]
Accounts = dict[tuple[int, str, str], _Account]


def post(
    session: Session,
    *,
    brand_id: int,
    key: str,
    kind: str,
    legs: Sequence[Leg],
    book: Book,
    ref: tuple[str, int],
    effective_on: date,
    by: int | None,
    reverses: int | None = None,
) -> LedgerTx:
    """Book one transaction, or answer with the one that the key already names."""
    return post_many(session, [Posting(brand_id, key, kind, legs, book, ref, effective_on, by, reverses)])[0]


def post_many(session: Session, postings: Sequence[Posting]) -> list[LedgerTx]:
    """Book many transactions in order with few statements; answers one transaction a posting."""
    if not postings:
        return []
    nets = [_net(posting) for posting in postings]
    digests = [digest(p.kind, p.book, p.ref, p.reverses, net) for p, net in zip(postings, nets, strict=True)]
    heads = hold(session, {p.brand_id for p in postings})
    known = _known(session, {(p.brand_id, p.key) for p in postings})
    fresh: list[tuple[Posting, Net, str]] = []
    for posting, net, mark in zip(postings, nets, digests, strict=True):
        name = (posting.brand_id, posting.key)
        if name not in known:
            fresh.append((posting, net, mark))
        if known.setdefault(name, mark) != mark:
            raise Refused(T("This was already booked with other amounts."))
    accounts = _accounts(session, {(p.brand_id, code, cur, p.book) for p, net, _ in fresh for code, cur, _ in net})
    _check_floors(fresh, accounts)
    _write(session, fresh, accounts, heads)
    return _load(session, [(p.brand_id, p.key) for p in postings])


def reverse(session: Session, *, brand_id: int, tx_id: int, key: str, effective_on: date, by: int | None) -> LedgerTx:
    """Book the mirror of a transaction; a transaction is reversed once at most."""
    original = session.scalar(select(LedgerTx).where(LedgerTx.brand_id == brand_id, LedgerTx.id == tx_id))
    if original is None:
        raise Missing(T("There is no such entry in the books."))
    other = session.scalar(select(LedgerTx.key).where(LedgerTx.reverses_id == tx_id))
    if other not in (None, key):
        raise Refused(T("This entry has already been reversed."))
    rows = session.execute(
        select(LedgerAccount.code, LedgerEntry.currency, LedgerEntry.amount)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(LedgerEntry.tx_id == tx_id)
    )
    return post(
        session,
        brand_id=brand_id,
        key=key,
        kind=f"{original.kind}_reversed",
        legs=[Leg(code, Money(-amount, currency)) for code, currency, amount in rows],
        book=Book(original.book),
        ref=(original.ref_type, original.ref_id),
        effective_on=effective_on,
        by=by,
        reverses=tx_id,
    )


def hold(session: Session, brand_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Hold the ends of the brands' chains until the transaction ends: their (seq, hash)."""
    wanted = sorted(set(brand_ids))
    statement = (
        select(LedgerHead.brand_id, LedgerHead.seq, LedgerHead.hash)
        .where(LedgerHead.brand_id.in_(wanted))
        .order_by(LedgerHead.brand_id)
        .with_for_update()
    )
    heads = {b: (seq, mark) for b, seq, mark in session.execute(statement)}
    missing = [b for b in wanted if b not in heads]
    if not missing:
        return heads
    for brand_id in missing:
        insert_once(session, LedgerHead, {"brand_id": brand_id})
    return {b: (seq, mark) for b, seq, mark in session.execute(statement)}


def find(session: Session, brand_id: int, key: str) -> LedgerTx | None:
    """The transaction that a key names, if it is booked."""
    return session.scalar(select(LedgerTx).where(LedgerTx.brand_id == brand_id, LedgerTx.key == key))


def digest(kind: str, book: str, ref: tuple[str, int], reverses: int | None, net: Net) -> str:
    """What is booked, not when or by whom: a retry tomorrow is still the same posting."""
    return _sha([kind, str(book), *ref, reverses, sorted(net)])


def link(previous: str, *, brand_id: int, seq: int, key: str, mark: str, on: date, at: datetime, by: int | None) -> str:
    """The hash that chains a transaction to the one before it; the digest stands for its content."""
    return _sha([previous, brand_id, seq, key, mark, on.isoformat(), at.isoformat(), by])


def _sha(content: list[Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _net(posting: Posting) -> Net:
    sums: dict[tuple[str, str], int] = {}
    zero: dict[str, int] = {}
    for leg in posting.legs:
        if kind_of(leg.account_code).book != posting.book:
            raise ValueError(f"{leg.account_code} is not in the book {posting.book}")
        place = (leg.account_code, leg.amount.currency)
        sums[place] = sums.get(place, 0) + leg.amount.minor
        zero[leg.amount.currency] = zero.get(leg.amount.currency, 0) + leg.amount.minor
    net = tuple((code, currency, amount) for (code, currency), amount in sorted(sums.items()) if amount)
    if len(net) < 2 or any(zero.values()):
        raise ValueError(f"posting {posting.key!r} does not balance: {net}")
    return net


def _known(session: Session, names: set[tuple[int, str]]) -> dict[tuple[int, str], str]:
    return {
        (brand_id, key): mark
        for some in _chunks(sorted(names))
        for brand_id, key, mark in session.execute(
            select(LedgerTx.brand_id, LedgerTx.key, LedgerTx.digest).where(
                tuple_(LedgerTx.brand_id, LedgerTx.key).in_(some)
            )
        )
    }


def _accounts(session: Session, wanted: set[tuple[int, str, str, Book]]) -> Accounts:
    names = sorted({(brand_id, code, currency) for brand_id, code, currency, _ in wanted})
    found = _find_accounts(session, names)
    missing = [name for name in names if name not in found]
    if not missing:
        return found
    rows = [_opening(*name) for name in missing]
    session.execute(insert(LedgerAccount), rows)
    return found | _find_accounts(session, missing)


def _opening(brand_id: int, code: str, currency: str) -> dict[str, Any]:
    kind = kind_of(code)
    return {
        "brand_id": brand_id,
        "code": code,
        "currency": currency,
        "kind": kind.name,
        "book": kind.book,
        "normal": kind.normal,
        "floor": kind.floor,
    }


def _find_accounts(session: Session, names: Sequence[tuple[int, str, str]]) -> Accounts:
    a = LedgerAccount
    columns = (a.brand_id, a.code, a.currency, a.id, a.normal, a.floor, a.balance)
    found: Accounts = {}
    for some in _chunks(names):
        for row in session.execute(select(*columns).where(tuple_(a.brand_id, a.code, a.currency).in_(some))):
            found[row.brand_id, row.code, row.currency] = _Account(row.id, row.normal, row.floor, row.balance)
    return found


def _check_floors(fresh: Iterable[tuple[Posting, Net, str]], accounts: Accounts) -> None:
    """Say in a sentence what the CHECK of the table would refuse without one."""
    for posting, net, _ in fresh:
        for code, currency, amount in net:
            account = accounts[posting.brand_id, code, currency]
            before, account.balance = account.balance * account.normal, account.balance + amount
            if account.floor and account.balance * account.normal < 0:
                raise Refused(
                    T(
                        "Only %(available)s is there, %(asked)s is needed.",
                        available=Money(before, currency),
                        asked=Money(abs(amount), currency),
                    )
                )


def _write(
    session: Session, fresh: Sequence[tuple[Posting, Net, str]], accounts: Accounts, heads: dict[int, tuple[int, str]]
) -> None:
    if not fresh:
        return
    rows = []
    for posting, _, mark in fresh:
        row = _row(posting, mark, heads[posting.brand_id])
        heads[posting.brand_id] = (row["seq"], row["hash"])
        rows.append(row)
    ids = list(session.scalars(insert(LedgerTx).returning(LedgerTx.id, sort_by_parameter_order=True), rows))
    entries = [
        {
            "tx_id": tx_id,
            "brand_id": posting.brand_id,
            "account_id": accounts[posting.brand_id, code, currency].id,
            "amount": amount,
            "currency": currency,
        }
        for tx_id, (posting, net, _) in zip(ids, fresh, strict=True)
        for code, currency, amount in net
    ]
    connection = session.connection()
    connection.execute(insert(LedgerEntry), entries)
    # One by one and in order: each seal must find the chain where the one before left it.
    seal = update(LedgerTx).where(LedgerTx.id == bindparam("tx")).values(sealed=True)
    connection.execute(seal, [{"tx": tx_id} for tx_id in ids])


def _row(posting: Posting, mark: str, head: tuple[int, str]) -> dict[str, Any]:
    at, brand_id, key = clock.now(), posting.brand_id, posting.key
    seq, previous = head[0] + 1, head[1]
    return {
        "brand_id": brand_id,
        "seq": seq,
        "key": key,
        "digest": mark,
        "kind": posting.kind,
        "book": posting.book,
        "ref_type": posting.ref[0],
        "ref_id": posting.ref[1],
        "effective_on": posting.effective_on,
        "created_at": at,
        "created_by": posting.by,
        "reverses_id": posting.reverses,
        "prev_hash": previous,
        "hash": link(
            previous, brand_id=brand_id, seq=seq, key=key, mark=mark, on=posting.effective_on, at=at, by=posting.by
        ),
    }


def _load(session: Session, names: Sequence[tuple[int, str]]) -> list[LedgerTx]:
    found = {
        (tx.brand_id, tx.key): tx
        for some in _chunks(sorted(set(names)))
        for tx in session.scalars(
            select(LedgerTx)
            .where(tuple_(LedgerTx.brand_id, LedgerTx.key).in_(some))
            .execution_options(populate_existing=True)
        )
    }
    return [found[name] for name in names]


def _chunks(items: Sequence[Item]) -> Iterable[Sequence[Item]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
