"""What observers are told, after the commit, by the worker: frozen, without personal data, public ids only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

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
    """A payout was received, or has failed for good: what it pays in one collaboration. Each is told by itself.

    What was received may come back: then it is told once more, under another `id` and not `received`.
    """

    collaboration: str
    payout: str
    amount: Money
    received: bool


OBSERVATIONS: Mapping[str, type[Observation]] = {
    "on_campaign_published": CampaignPublished,
    "on_collaboration_agreed": CollaborationAgreed,
    "on_content_decided": ContentDecided,
    "on_sale_attributed": SaleAttributed,
    "on_payout_settled": PayoutSettled,
}
"""What each observer's hook is told."""


def to_json(event: Observation) -> dict[str, Any]:
    """A form that waits in the outbox."""
    return {field.name: _plain(getattr(event, field.name)) for field in fields(event)}


def from_json(hook: str, data: Mapping[str, Any]) -> Observation:
    """The observation that `to_json` stored for a hook."""
    return OBSERVATIONS[hook](**{name: _rich(name, value) for name, value in data.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return [value.minor, value.currency]
    return value.isoformat() if isinstance(value, datetime) else value


def _rich(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return Money(*value)
    return datetime.fromisoformat(value) if name == "at" else value
