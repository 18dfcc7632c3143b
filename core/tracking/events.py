"""What the tracking room tells the rooms above it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SaleCredited:
    """Sales were credited to a collaboration: one event for all that came together, naming the latest."""

    sale_id: int
    collaboration_id: int
    sale_ids: tuple[int, ...] = ()  # all of them, in the order of their booking


@dataclass(frozen=True, slots=True)
class SaleRefunded:
    """Credited sales were refunded: one event for all that came together, naming the latest."""

    refund_id: int
    collaboration_id: int
    sale_ids: tuple[int, ...] = ()  # the sales that they take from


@dataclass(frozen=True, slots=True)
class GiftDelivered:
    """A gift arrived, or is not with the influencer any more."""

    gift_id: int
    collaboration_id: int
