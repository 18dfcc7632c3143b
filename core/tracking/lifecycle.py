"""The states of a sale, and the life of a gift."""

from __future__ import annotations

import enum

from core.lifecycle import Machine, Turn
from core.plugin_api.text import T, Tc, Text


class SaleState(enum.StrEnum):
    """Whether a sale counts for somebody."""

    CREDITED = "credited"
    UNCREDITED = "uncredited"
    ON_HOLD = "on_hold"


class GiftState(enum.StrEnum):
    """Where a gift is."""

    ADDRESS_MISSING = "address_missing"
    APPROVED = "approved"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class GiftAction(enum.StrEnum):
    """What moves a gift."""

    GIVE_ADDRESS = "give_address"
    SHIP = "ship"
    RECEIVE = "receive"
    MISS = "miss"
    RETURN = "return"
    CANCEL = "cancel"


SALE_STATE_NAMES: dict[str, Text] = {
    SaleState.CREDITED: T("Credited"),
    SaleState.UNCREDITED: T("Not credited"),
    SaleState.ON_HOLD: T("On hold"),
}
STATE_NAMES: dict[str, Text] = {
    GiftState.ADDRESS_MISSING: T("Address missing"),
    GiftState.APPROVED: T("To be sent"),
    GiftState.SHIPPED: T("On its way"),
    GiftState.DELIVERED: T("Received"),
    GiftState.RETURNED: T("Returned"),
    GiftState.CANCELLED: Tc("gift", "Cancelled"),
}

_S, _A = GiftState, GiftAction
GIFT = Machine(
    GiftState,
    {
        (_S.ADDRESS_MISSING, _A.GIVE_ADDRESS): _S.APPROVED,
        (_S.APPROVED, _A.GIVE_ADDRESS): _S.APPROVED,
        (_S.APPROVED, _A.SHIP): _S.SHIPPED,
        (_S.SHIPPED, _A.RECEIVE): _S.DELIVERED,
        (_S.SHIPPED, _A.MISS): _S.APPROVED,
        (_S.SHIPPED, _A.RETURN): _S.RETURNED,
        (_S.DELIVERED, _A.RETURN): _S.RETURNED,
        (_S.ADDRESS_MISSING, _A.CANCEL): _S.CANCELLED,
        (_S.APPROVED, _A.CANCEL): _S.CANCELLED,
    },
    {
        _S.ADDRESS_MISSING: Turn.INFLUENCER,
        _S.APPROVED: Turn.BRAND,
        _S.SHIPPED: Turn.INFLUENCER,
        _S.DELIVERED: Turn.NONE,
        _S.RETURNED: Turn.NONE,
        _S.CANCELLED: Turn.NONE,
    },
    {GiftState(code): label for code, label in STATE_NAMES.items()},
)
