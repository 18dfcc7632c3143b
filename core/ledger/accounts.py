"""The plan of accounts: what a code means is read from this table and from nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from core.ledger.models import Book

DEBIT, CREDIT = 1, -1


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of account: its book, the side it grows on, whether it may go below zero, its root in exports."""

    name: str
    pattern: str
    book: Book
    normal: int
    floor: bool
    root: str


KINDS = (
    Kind("budget", r"brand:budget", Book.MEMO, CREDIT, False, "Equity"),
    Kind("committed", r"campaign:\d+:committed", Book.MEMO, DEBIT, True, "Assets"),
    Kind("cost", r"campaign:\d+:cost", Book.CASH, DEBIT, False, "Expenses"),
    Kind("pending", r"influencer:\d+:pending", Book.CASH, CREDIT, True, "Liabilities"),
    Kind("payable", r"influencer:\d+:payable", Book.CASH, CREDIT, True, "Liabilities"),
    Kind("advance", r"influencer:\d+:advance", Book.CASH, DEBIT, True, "Assets"),
    Kind("in_transit", r"payout:\d+:in_transit", Book.CASH, CREDIT, True, "Liabilities"),
    Kind("rail_cash", r"rail:[a-z0-9_]+:cash", Book.CASH, DEBIT, False, "Assets"),
    Kind("gift_cost", r"gift:campaign:\d+:cost", Book.VALUE, DEBIT, False, "Expenses"),
    Kind("gift_received", r"gift:\d+:received", Book.VALUE, CREDIT, True, "Equity"),
)
BUDGET = "brand:budget"


@lru_cache(maxsize=4096)
def kind_of(code: str) -> Kind:
    """The kind of an account by its code; a code outside the plan is a ValueError."""
    for kind in KINDS:
        if re.fullmatch(kind.pattern, code):
            return kind
    raise ValueError(f"no such account in the plan: {code!r}")


def committed(campaign_id: int) -> str:
    """What a campaign has promised and not yet released."""
    return f"campaign:{campaign_id}:committed"


def cost(campaign_id: int) -> str:
    """What a campaign has cost in money."""
    return f"campaign:{campaign_id}:cost"


def pending(collab_id: int) -> str:
    """Earned in a collaboration and still in its holding period."""
    return f"influencer:{collab_id}:pending"


def payable(collab_id: int) -> str:
    """Owed in a collaboration and due to be paid."""
    return f"influencer:{collab_id}:payable"


def advance(collab_id: int) -> str:
    """Paid too much in a collaboration, to be netted against what is earned next."""
    return f"influencer:{collab_id}:advance"


def in_transit(payout_id: int) -> str:
    """Handed to a rail for one payout and not yet confirmed."""
    return f"payout:{payout_id}:in_transit"


def rail_cash(rail: str) -> str:
    """What went out through a rail."""
    return f"rail:{rail}:cash"


def gift_cost(campaign_id: int) -> str:
    """The value of what a campaign gave away in kind."""
    return f"gift:campaign:{campaign_id}:cost"


def gift_received(collab_id: int) -> str:
    """The value received in kind in a collaboration."""
    return f"gift:{collab_id}:received"
