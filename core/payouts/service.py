"""The payout room's verbs, gathered from the files of their use cases.

An earning is in at most one live payout. Money is only said to have moved on the rail's word;
every state says whose turn it is and by when.
"""

from __future__ import annotations

from core.accounts.calendar import today_of
from core.payouts.booking import payouts_of
from core.payouts.debts import write_off
from core.payouts.methods import save_method
from core.payouts.runs import Blocked, approve_run, cancel_run, prepare_run
from core.payouts.transfers import (
    confirm_received,
    fail,
    mark_failed,
    mark_sent,
    mark_together,
    record_received,
    record_sent,
    record_statement,
)

__all__ = [
    "Blocked",
    "approve_run",
    "cancel_run",
    "confirm_received",
    "fail",
    "mark_failed",
    "mark_sent",
    "mark_together",
    "payouts_of",
    "prepare_run",
    "record_received",
    "record_sent",
    "record_statement",
    "save_method",
    "today_of",
    "write_off",
]
