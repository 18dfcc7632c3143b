"""What observers are told, after the commit, by the worker: frozen, without personal data, public ids only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Something that is now true. `id` is the same when it is told again."""

    id: str
    at: datetime
    brand: str
    campaign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPublished(Observation):
    """A campaign was launched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollaborationAgreed(Observation):
    """Both sides signed."""

    collaboration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentDecided(Observation):
    """The brand decided on a submission: `approved`, `approved_with_corrections`, `changes_requested`, `rejected`."""

    collaboration: str
    deliverable: str
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleAttributed(Observation):
    """A sale was credited to a collaboration."""

    collaboration: str
    order: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutSettled(Observation):
    """A payout was received, or has failed for good."""

    collaboration: str
    payout: str
    amount: Money
    received: bool
