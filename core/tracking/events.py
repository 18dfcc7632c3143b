"""What the tracking room tells the rooms above it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SaleCredited:
    """A sale was credited to a collaboration."""

    sale_id: int
    collaboration_id: int


@dataclass(frozen=True, slots=True)
class SaleRefunded:
    """A credited sale was refunded, in whole or in part."""

    refund_id: int
    collaboration_id: int


@dataclass(frozen=True, slots=True)
class GiftDelivered:
    """A gift arrived, or is not with the influencer any more."""

    gift_id: int
    collaboration_id: int
