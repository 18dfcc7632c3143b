"""The verbs of tracking: codes, sales and refunds, keys of the sales API, gifts."""

from __future__ import annotations

from core.tracking.codes import code_of, make_code
from core.tracking.deciding import credit, leave
from core.tracking.gifts import confirm, create_gifts, give_address, not_arrived, ship, take_back
from core.tracking.importing import import_sales, keep_table, preview
from core.tracking.inbox import receive
from core.tracking.keys import create_key, revoke_key, rotate_key
from core.tracking.sales import book, judge

__all__ = [
    "book",
    "code_of",
    "confirm",
    "create_gifts",
    "create_key",
    "credit",
    "give_address",
    "import_sales",
    "judge",
    "keep_table",
    "leave",
    "make_code",
    "not_arrived",
    "preview",
    "receive",
    "revoke_key",
    "rotate_key",
    "ship",
    "take_back",
]
