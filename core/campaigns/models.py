"""A campaign: goals, audience, markets, budget, terms, brief versions, deliverables wanted, components."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from core.accounts.models import Brand
from core.campaigns.lifecycle import CAMPAIGN
from core.database import BrandRow, UtcDateTime, financial, internal, owned, public
from core.money import Money


class Campaign(BrandRow):
    """A planned effort of one brand, in one currency."""

    machine = CAMPAIGN
    __tablename__ = "campaign"
    __table_args__ = owned(
        extra=(
            CheckConstraint("budget_minor is null or budget_minor >= 0", name="budget"),
            Index("ix_campaign_list", "brand_id", "state", "id"),
        )
    )

    name: Mapped[str] = public(String(160))
    state: Mapped[str] = internal(String(20), default="draft")
    state_before_pause: Mapped[str | None] = internal(String(20))
    due_at: Mapped[datetime | None] = internal(UtcDateTime)
    goals: Mapped[list[str]] = internal(JSON, default=list)
    goal_note: Mapped[str] = internal(Text, default="")
    audience: Mapped[dict[str, Any]] = internal(JSON, default=dict)
    markets: Mapped[list[str]] = internal(JSON, default=list)  # ISO 3166 alpha-2
    categories: Mapped[list[str]] = internal(JSON, default=list)  # compliance categories of the product
    product: Mapped[str] = public(String(200), default="")
    currency: Mapped[str] = financial(String(3))
    budget_minor: Mapped[int | None] = financial(BigInteger)
    due_days: Mapped[int] = internal(default=14)
    hold_days: Mapped[int] = internal(default=14)
    review_days: Mapped[int] = internal(default=3)
    revision_rounds: Mapped[int] = internal(default=2)
    offer_days: Mapped[int] = internal(default=7)
    starts_on: Mapped[date | None] = internal()
    ends_on: Mapped[date | None] = internal()
    brand: Mapped[Brand] = relationship(lazy="raise_on_sql", viewonly=True)

    @property
    def budget(self) -> Money | None:
        """The budget, None until it is set."""
        return None if self.budget_minor is None else Money(self.budget_minor, self.currency)


class BriefVersion(BrandRow):
    """One version of the brief: ten fields, each line marked must, should or free. Never edited."""

    __tablename__ = "brief_version"
    __table_args__ = owned("campaign", extra=(UniqueConstraint("campaign_id", "number"),))

    campaign_id: Mapped[int] = internal(index=True)
    number: Mapped[int] = internal()
    lines: Mapped[list[dict[str, str]]] = internal(JSON)  # {"key", "field", "mark", "text"}
    author_id: Mapped[int | None] = internal(ForeignKey("person.id"))


class WantedDeliverable(BrandRow):
    """A deliverable that every collaboration of the campaign is offered by default."""

    __tablename__ = "wanted_deliverable"
    __table_args__ = owned("campaign", extra=(CheckConstraint("quantity between 1 and 100", name="quantity"),))

    campaign_id: Mapped[int] = internal(index=True)
    position: Mapped[int] = internal(default=0)
    kind: Mapped[str] = internal(String(30))
    platform: Mapped[str] = internal(String(40))
    quantity: Mapped[int] = internal(default=1)
    due_on: Mapped[date | None] = internal()
    note: Mapped[str] = internal(String(300), default="")


class CampaignComponent(BrandRow):
    """A payment component offered by default: a payment model and its terms."""

    __tablename__ = "campaign_component"
    __table_args__ = owned("campaign")

    campaign_id: Mapped[int] = internal(index=True)
    position: Mapped[int] = internal(default=0)
    model: Mapped[str] = internal(String(60))
    terms: Mapped[dict[str, Any]] = financial(JSON)
