"""The life of a payout and of a payout run. Sent and received are two states."""

from __future__ import annotations

import enum

from core.lifecycle import Machine, Turn
from core.plugin_api.text import T, Tc, Text


class State(enum.StrEnum):
    """Where a payout is."""

    AWAITING_APPROVAL = "awaiting_approval"
    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    UNKNOWN = "unknown"
    SENT = "sent"
    RECEIVED = "received"
    FAILED = "failed"
    RETURNED = "returned"
    CANCELED = "canceled"


class Action(enum.StrEnum):
    """What moves it."""

    APPROVE = "approve"
    ASK = "ask"
    LOOK = "look"
    DOUBT = "doubt"
    SEND = "send"
    RECEIVE = "receive"
    FAIL = "fail"
    RETURN = "return"
    ARRIVE = "arrive"
    CANCEL = "cancel"


STATE_NAMES: dict[str, Text] = {
    State.AWAITING_APPROVAL: T("Waits for approval"),
    State.PROCESSING: T("Being handed over"),
    State.REQUIRES_ACTION: T("To be sent in the bank"),
    State.UNKNOWN: T("Not known whether it was sent"),
    State.SENT: Tc("payout", "Sent"),
    State.RECEIVED: T("Received"),
    State.FAILED: Tc("payout", "Failed"),
    State.RETURNED: T("Came back"),
    State.CANCELED: Tc("payout", "Cancelled"),
}

_S, _A = State, Action
IN_FLIGHT = (_S.PROCESSING, _S.REQUIRES_ACTION, _S.UNKNOWN)
"""Handed over, and not known yet whether it left. A rail's words come in any order: “it came back” may be first."""
PAYOUT = Machine(
    State,
    {
        (_S.AWAITING_APPROVAL, _A.APPROVE): _S.PROCESSING,
        (_S.AWAITING_APPROVAL, _A.CANCEL): _S.CANCELED,
        (_S.PROCESSING, _A.ASK): _S.REQUIRES_ACTION,
        (_S.PROCESSING, _A.SEND): _S.SENT,
        (_S.PROCESSING, _A.FAIL): _S.FAILED,
        (_S.PROCESSING, _A.DOUBT): _S.UNKNOWN,
        (_S.REQUIRES_ACTION, _A.LOOK): _S.PROCESSING,
        (_S.REQUIRES_ACTION, _A.SEND): _S.SENT,
        (_S.REQUIRES_ACTION, _A.FAIL): _S.FAILED,
        (_S.UNKNOWN, _A.SEND): _S.SENT,
        (_S.UNKNOWN, _A.FAIL): _S.FAILED,
        (_S.SENT, _A.RECEIVE): _S.RECEIVED,
        **{(state, _A.RETURN): _S.RETURNED for state in (*IN_FLIGHT, _S.SENT, _S.RECEIVED)},
        **{(state, _A.ARRIVE): _S.RECEIVED for state in (_S.FAILED, _S.RETURNED)},
    },
    {
        _S.AWAITING_APPROVAL: Turn.BRAND,
        _S.PROCESSING: Turn.SYSTEM,
        _S.REQUIRES_ACTION: Turn.BRAND,
        _S.UNKNOWN: Turn.BRAND,
        _S.SENT: Turn.INFLUENCER,
        _S.RECEIVED: Turn.NONE,
        _S.FAILED: Turn.NONE,
        _S.RETURNED: Turn.NONE,
        _S.CANCELED: Turn.NONE,
    },
    {State(code): label for code, label in STATE_NAMES.items()},
)


class RunState(enum.StrEnum):
    """Where a payout run is."""

    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    CANCELED = "canceled"


class RunAction(enum.StrEnum):
    """What moves it."""

    APPROVE = "approve"
    CANCEL = "cancel"


RUN_NAMES: dict[str, Text] = {
    RunState.AWAITING_APPROVAL: T("Waits for approval"),
    RunState.APPROVED: Tc("payout", "Approved"),
    RunState.CANCELED: Tc("payout", "Cancelled"),
}

RUN = Machine(
    RunState,
    {
        (RunState.AWAITING_APPROVAL, RunAction.APPROVE): RunState.APPROVED,
        (RunState.AWAITING_APPROVAL, RunAction.CANCEL): RunState.CANCELED,
    },
    {RunState.AWAITING_APPROVAL: Turn.BRAND, RunState.APPROVED: Turn.NONE, RunState.CANCELED: Turn.NONE},
    {RunState(code): label for code, label in RUN_NAMES.items()},
)
