"""Every posting the house knows, by name, so that no upper room ever writes legs by hand.

Amounts are always positive; the name says which way they go. Each takes a `Voucher`, the
reason for booking: its key makes the posting happen once, however often it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from core.errors import Invalid
from core.ledger import accounts as plan
from core.ledger import queries
from core.ledger.models import Book, LedgerTx
from core.ledger.service import Leg, Posting, find, hold, post_many
from core.money import Money
from core.plugin_api.text import T


@dataclass(frozen=True, slots=True)
class Voucher:
    """Why something is booked: whose books, a key unique in them, what it is about, when, by whom."""

    brand_id: int
    key: str
    ref: tuple[str, int]
    on: date
    by: int | None = None


def commit_budget(session: Session, voucher: Voucher, *, campaign_id: int, amount: Money) -> LedgerTx:
    """Promise a part of the budget to a campaign: a memo, no money moves."""
    return _move(session, voucher, "commit_budget", Book.MEMO, plan.BUDGET, plan.committed(campaign_id), amount)


def release_budget(session: Session, voucher: Voucher, *, campaign_id: int, amount: Money) -> LedgerTx:
    """Take back a promise; refused beyond what the campaign has promised."""
    return _move(session, voucher, "release_budget", Book.MEMO, plan.committed(campaign_id), plan.BUDGET, amount)


def accrual(voucher: Voucher, *, campaign_id: int, collab_id: int, amount: Money) -> Posting:
    """An earning as a posting, for `post_many`; `accrue` books one at once."""
    return _posting(voucher, "accrue", Book.CASH, plan.pending(collab_id), plan.cost(campaign_id), amount)


def accrue(session: Session, voucher: Voucher, *, campaign_id: int, collab_id: int, amount: Money) -> LedgerTx:
    """Book an earning: the campaign's cost, pending for the influencer until its hold is over."""
    return post_many(session, [accrual(voucher, campaign_id=campaign_id, collab_id=collab_id, amount=amount)])[0]


def release_hold(session: Session, voucher: Voucher, *, collab_id: int, amount: Money) -> LedgerTx:
    """Make pending money payable; what was paid too much before is netted from it at once."""
    pending, payable = plan.pending(collab_id), plan.payable(collab_id)
    return _netted(session, _posting(voucher, "release_hold", Book.CASH, payable, pending, amount), [collab_id])


def claw_back(
    session: Session, voucher: Voucher, *, campaign_id: int, collab_id: int, amount: Money, held: bool
) -> LedgerTx:
    """Take an earning back: from what is pending when still `held`, else from what is payable.

    What is no longer there to take stands as an advance, netted from what is released next.
    """
    source = plan.pending(collab_id) if held else plan.advance(collab_id)
    posting = _posting(voucher, "claw_back", Book.CASH, plan.cost(campaign_id), source, amount)
    return post_many(session, [posting])[0] if held else _netted(session, posting, [collab_id])


def write_off(session: Session, voucher: Voucher, *, campaign_id: int, collab_id: int, amount: Money) -> LedgerTx:
    """Let go what was paid too much: it stays a cost of the campaign; refused beyond the advance."""
    return _move(session, voucher, "write_off", Book.CASH, plan.advance(collab_id), plan.cost(campaign_id), amount)


def start_payout(session: Session, voucher: Voucher, *, payout_id: int, items: Mapping[int, Money]) -> LedgerTx:
    """Hand a payout to its rail: per collaboration what it pays, below zero where it repays an advance."""
    return post_many(session, [_payout(voucher, "start_payout", payout_id, items)])[0]


def restart_payout(session: Session, voucher: Voucher, *, payout_id: int, items: Mapping[int, Money]) -> LedgerTx:
    """Take out again what a failed payout had put back: it did arrive.

    What is no longer there to take stands as an advance; what had been repaid with it is payable again.
    """
    hold(session, [voucher.brand_id])
    codes = [code for collab_id in items for code in (plan.payable(collab_id), plan.advance(collab_id))]
    there = queries.balances(session, voucher.brand_id, codes)
    legs = []
    for collab_id, amount in items.items():
        sign = 1 if amount.minor > 0 else -1
        first, rest = (plan.payable(collab_id), plan.advance(collab_id))[::sign]
        found = there.get((first, amount.currency), Money.zero(amount.currency)).minor
        part = Money(sign * min(abs(amount.minor), found), amount.currency)
        legs += [Leg(first, part), Leg(rest, amount - part), Leg(plan.in_transit(payout_id), -amount)]
    return post_many(session, [_with_legs(voucher, "start_payout", Book.CASH, [leg for leg in legs if leg.amount])])[0]


def fail_payout(session: Session, voucher: Voucher, *, payout_id: int, items: Mapping[int, Money]) -> LedgerTx:
    """Put back, item by item, what a payout had taken; it did not arrive."""
    mirrored = {collab_id: -amount for collab_id, amount in items.items()}
    return _netted(session, _payout(voucher, "fail_payout", payout_id, mirrored), items)


def settle_payout(session: Session, voucher: Voucher, *, payout_id: int, rail: str, amount: Money) -> LedgerTx:
    """The rail's word that the money went out: only now cash moves, and once per payout."""
    cash, transit = plan.rail_cash(rail), plan.in_transit(payout_id)
    return _move(session, voucher, "settle_payout", Book.CASH, cash, transit, amount)


def book_gift(session: Session, voucher: Voucher, *, campaign_id: int, collab_id: int, value: Money) -> LedgerTx:
    """Book the value of something received in kind; it never meets money."""
    cost, received = plan.gift_cost(campaign_id), plan.gift_received(collab_id)
    return _move(session, voucher, "book_gift", Book.VALUE, received, cost, value)


def return_gift(session: Session, voucher: Voucher, *, campaign_id: int, collab_id: int, value: Money) -> LedgerTx:
    """Take the value of a gift off again: returned, lost or never received."""
    cost, received = plan.gift_cost(campaign_id), plan.gift_received(collab_id)
    return _move(session, voucher, "return_gift", Book.VALUE, cost, received, value)


def _move(
    session: Session, voucher: Voucher, kind: str, book: Book, source: str, target: str, amount: Money
) -> LedgerTx:
    return post_many(session, [_posting(voucher, kind, book, source, target, amount)])[0]


def _posting(voucher: Voucher, kind: str, book: Book, source: str, target: str, amount: Money) -> Posting:
    """Credit the source, debit the target."""
    if amount.minor <= 0:
        raise Invalid(T("The amount must be more than zero."))
    return _with_legs(voucher, kind, book, [Leg(target, amount), Leg(source, -amount)])


def _with_legs(voucher: Voucher, kind: str, book: Book, legs: list[Leg]) -> Posting:
    return Posting(
        brand_id=voucher.brand_id,
        key=voucher.key,
        kind=kind,
        legs=legs,
        book=book,
        ref=voucher.ref,
        effective_on=voucher.on,
        by=voucher.by,
    )


def _payout(voucher: Voucher, kind: str, payout_id: int, items: Mapping[int, Money]) -> Posting:
    """Per collaboration, what is paid leaves payable and what is repaid leaves the advance."""
    starts = kind == "start_payout"
    legs = []
    for collab_id, amount in items.items():
        pays = (amount.minor > 0) == starts
        legs.append(Leg(plan.payable(collab_id) if pays else plan.advance(collab_id), amount))
        legs.append(Leg(plan.in_transit(payout_id), -amount))
    whole = sum(leg.amount.minor for leg in legs if leg.account_code == plan.in_transit(payout_id))
    if (whole < 0) != starts or whole == 0:
        raise Invalid(T("A payout must come to more than zero."))
    return _with_legs(voucher, kind, Book.CASH, legs)


def _netted(session: Session, posting: Posting, collab_ids: Iterable[int]) -> LedgerTx:
    """Book, then net advances against what is payable, so that never both stand; a repeated key nets nothing."""
    hold(session, [posting.brand_id])
    done = find(session, posting.brand_id, posting.key) is not None
    tx = post_many(session, [posting])[0]
    if not done:
        currency = posting.legs[0].amount.currency
        post_many(session, [net for c in sorted(collab_ids) if (net := _net(session, posting, c, currency))])
    return tx


def _net(session: Session, posting: Posting, collab_id: int, currency: str) -> Posting | None:
    payable, advance = plan.payable(collab_id), plan.advance(collab_id)
    found = queries.balances(session, posting.brand_id, [payable, advance])
    zero = Money.zero(currency)
    both = min(found.get((payable, currency), zero), found.get((advance, currency), zero))
    legs = [Leg(payable, both), Leg(advance, -both)]
    return replace(posting, key=f"{posting.key}:net:{collab_id}", kind="net_advance", legs=legs) if both else None
