"""What the payouts room tells the rooms above it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PayoutSettled:
    """A payout was received, or has failed for good and its earnings are payable again."""

    payout_id: int
    received: bool
