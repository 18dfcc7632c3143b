"""What upper rooms hear of a campaign, and what it asks them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CampaignLaunched:
    """From now on influencers may be invited."""

    campaign_id: int


@dataclass(frozen=True, slots=True)
class BudgetChanged:
    """There may be room for more, or for less."""

    campaign_id: int


@dataclass(frozen=True, slots=True)
class CampaignCancelled:
    """Over before its end: open offers are withdrawn, running work is ended and settled."""

    campaign_id: int
    reason: str
    person_id: int | None


@dataclass(frozen=True, slots=True)
class MayCompleteCampaign:
    """Question: does anything speak against completing the campaign now?"""

    campaign_id: int
