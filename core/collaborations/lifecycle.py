"""The lives of a collaboration, of an offer version and of a contract."""

from __future__ import annotations

import enum

from core.lifecycle import Machine, Turn
from core.plugin_api.text import T, Text


class State(enum.StrEnum):
    """Where a collaboration is."""

    OFFERED = "offered"
    NEGOTIATING = "negotiating"
    AWAITS_BUDGET = "awaits_budget"
    CONTRACTING = "contracting"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    CANCELLED_BY_BRAND = "cancelled_by_brand"
    CANCELLED_BY_INFLUENCER = "cancelled_by_influencer"
    REPLACED = "replaced"


class Action(enum.StrEnum):
    """What moves a collaboration."""

    COUNTER = "counter"
    REVISE = "revise"
    AGREE = "agree"
    ASK_ROOM = "ask_room"
    GIVE_ROOM = "give_room"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    SIGN = "sign"
    PAUSE = "pause"
    RESUME = "resume"
    DELIVER = "deliver"
    COMPLETE = "complete"
    CANCEL = "cancel"
    LEAVE = "leave"
    REPLACE = "replace"


class OfferState(enum.StrEnum):
    """What became of one version of an offer."""

    SENT = "sent"
    VIEWED = "viewed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    COUNTERED = "countered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class OfferAction(enum.StrEnum):
    """What answers or ends a version."""

    VIEW = "view"
    ACCEPT = "accept"
    DECLINE = "decline"
    COUNTER = "counter"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"


class ContractState(enum.StrEnum):
    """How far a contract is."""

    SENT = "sent"
    PARTIALLY_SIGNED = "partially_signed"
    ACTIVE = "active"
    COMPLETED = "completed"
    VOIDED = "voided"
    TERMINATED = "terminated"


class ContractAction(enum.StrEnum):
    """What moves a contract."""

    SIGN = "sign"
    COMPLETE = "complete"
    VOID = "void"
    TERMINATE = "terminate"


STATE_NAMES: dict[str, Text] = {
    State.OFFERED: T("Offer sent"),
    State.NEGOTIATING: T("Counter-offer"),
    State.AWAITS_BUDGET: T("Waits for budget"),
    State.CONTRACTING: T("Contract to sign"),
    State.IN_PROGRESS: T("In progress"),
    State.ON_HOLD: T("Paused"),
    State.DELIVERED: T("Delivered"),
    State.COMPLETED: T("Completed"),
    State.DECLINED: T("Declined"),
    State.EXPIRED: T("Expired"),
    State.WITHDRAWN: T("Withdrawn"),
    State.CANCELLED_BY_BRAND: T("Cancelled by the brand"),
    State.CANCELLED_BY_INFLUENCER: T("Cancelled by the influencer"),
    State.REPLACED: T("Replaced"),
}
OFFER_STATE_NAMES: dict[str, Text] = {
    OfferState.SENT: T("Sent"),
    OfferState.VIEWED: T("Seen"),
    OfferState.ACCEPTED: T("Accepted"),
    OfferState.DECLINED: T("Declined"),
    OfferState.COUNTERED: T("Countered"),
    OfferState.EXPIRED: T("Expired"),
    OfferState.WITHDRAWN: T("Withdrawn"),
}
CONTRACT_STATE_NAMES: dict[str, Text] = {
    ContractState.SENT: T("To be signed"),
    ContractState.PARTIALLY_SIGNED: T("Signed by one side"),
    ContractState.ACTIVE: T("In force"),
    ContractState.COMPLETED: T("Completed"),
    ContractState.VOIDED: T("Void"),
    ContractState.TERMINATED: T("Ended early"),
}
DECLINE_REASONS: dict[str, Text] = {
    "budget": T("The pay is too low"),
    "time": T("I have no time"),
    "fit": T("It does not fit my audience"),
    "competitor": T("I work with a competitor"),
    "rights": T("The terms do not suit me"),
    "other": T("Another reason"),
}

_S, _A = State, Action
_RUNNING = (_S.CONTRACTING, _S.IN_PROGRESS, _S.ON_HOLD)
_ENDINGS = {_A.CANCEL: _S.CANCELLED_BY_BRAND, _A.LEAVE: _S.CANCELLED_BY_INFLUENCER, _A.REPLACE: _S.REPLACED}
OPEN = (_S.OFFERED, _S.NEGOTIATING, _S.AWAITS_BUDGET)
LIVE = (*OPEN, *_RUNNING, _S.DELIVERED)
ENDED_EARLY = (_S.DECLINED, _S.EXPIRED, _S.WITHDRAWN, *_ENDINGS.values())
ENDED = (*ENDED_EARLY, _S.COMPLETED)
_NOBODY = dict.fromkeys(ENDED, Turn.NONE)

COLLABORATION = Machine(
    State,
    {
        (_S.OFFERED, _A.AGREE): _S.CONTRACTING,
        (_S.OFFERED, _A.COUNTER): _S.NEGOTIATING,
        (_S.OFFERED, _A.REVISE): _S.OFFERED,
        (_S.OFFERED, _A.DECLINE): _S.DECLINED,
        (_S.OFFERED, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.OFFERED, _A.EXPIRE): _S.EXPIRED,
        (_S.OFFERED, _A.ASK_ROOM): _S.AWAITS_BUDGET,
        (_S.AWAITS_BUDGET, _A.GIVE_ROOM): _S.OFFERED,
        (_S.AWAITS_BUDGET, _A.AGREE): _S.CONTRACTING,
        (_S.AWAITS_BUDGET, _A.COUNTER): _S.NEGOTIATING,
        (_S.AWAITS_BUDGET, _A.REVISE): _S.OFFERED,
        (_S.AWAITS_BUDGET, _A.DECLINE): _S.DECLINED,
        (_S.AWAITS_BUDGET, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.AWAITS_BUDGET, _A.EXPIRE): _S.EXPIRED,
        (_S.NEGOTIATING, _A.AGREE): _S.CONTRACTING,
        (_S.NEGOTIATING, _A.REVISE): _S.OFFERED,
        (_S.NEGOTIATING, _A.DECLINE): _S.DECLINED,
        (_S.NEGOTIATING, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.NEGOTIATING, _A.EXPIRE): _S.EXPIRED,
        (_S.CONTRACTING, _A.SIGN): _S.IN_PROGRESS,
        (_S.IN_PROGRESS, _A.PAUSE): _S.ON_HOLD,
        (_S.ON_HOLD, _A.RESUME): _S.IN_PROGRESS,
        (_S.IN_PROGRESS, _A.DELIVER): _S.DELIVERED,
        (_S.DELIVERED, _A.COMPLETE): _S.COMPLETED,
        **{(state, action): target for state in _RUNNING for action, target in _ENDINGS.items()},
    },
    {
        _S.OFFERED: Turn.INFLUENCER,
        _S.NEGOTIATING: Turn.BRAND,
        _S.AWAITS_BUDGET: Turn.BRAND,
        _S.CONTRACTING: Turn.INFLUENCER,  # until the influencer has signed: see queries.turn_of
        _S.IN_PROGRESS: Turn.INFLUENCER,
        _S.ON_HOLD: Turn.BRAND,
        _S.DELIVERED: Turn.BRAND,
        **_NOBODY,
    },
    {State(code): label for code, label in STATE_NAMES.items()},
)

_O, _OA = OfferState, OfferAction
_ANSWERS = {
    _OA.ACCEPT: _O.ACCEPTED,
    _OA.DECLINE: _O.DECLINED,
    _OA.COUNTER: _O.COUNTERED,
    _OA.EXPIRE: _O.EXPIRED,
    _OA.WITHDRAW: _O.WITHDRAWN,
}
OFFER = Machine(
    OfferState,
    {
        (_O.SENT, _OA.VIEW): _O.VIEWED,
        **{(state, action): target for state in (_O.SENT, _O.VIEWED) for action, target in _ANSWERS.items()},
    },
    {_O.SENT: Turn.INFLUENCER, _O.VIEWED: Turn.INFLUENCER, **dict.fromkeys(_ANSWERS.values(), Turn.NONE)},
    {OfferState(code): label for code, label in OFFER_STATE_NAMES.items()},
)

_C, _CA = ContractState, ContractAction
CONTRACT = Machine(
    ContractState,
    {
        (_C.SENT, _CA.SIGN): _C.PARTIALLY_SIGNED,
        (_C.PARTIALLY_SIGNED, _CA.SIGN): _C.ACTIVE,
        (_C.SENT, _CA.VOID): _C.VOIDED,
        (_C.PARTIALLY_SIGNED, _CA.VOID): _C.VOIDED,
        (_C.ACTIVE, _CA.COMPLETE): _C.COMPLETED,
        (_C.ACTIVE, _CA.TERMINATE): _C.TERMINATED,
    },
    {
        _C.SENT: Turn.INFLUENCER,
        _C.PARTIALLY_SIGNED: Turn.BRAND,
        _C.ACTIVE: Turn.INFLUENCER,
        _C.COMPLETED: Turn.NONE,
        _C.VOIDED: Turn.NONE,
        _C.TERMINATED: Turn.NONE,
    },
    {ContractState(code): label for code, label in CONTRACT_STATE_NAMES.items()},
)
