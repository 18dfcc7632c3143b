"""Earnings: what is owed, line by line, each with its reason, its terms and its dates."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from core.collaborations.models import Collaboration
from core.database import BrandRow, UtcDateTime, financial, internal, owned
from core.money import Money


class Earning(BrandRow):
    """A difference that was booked: the amount, why, and until when it is held.

    A line of a payment model that changes later gets a further row of the same `line_key`
    and the next `sequence`, never an edit; a taken-back amount is negative.
    """

    __tablename__ = "earning"
    __table_args__ = owned(
        "collaboration",
        extra=(
            UniqueConstraint("collaboration_id", "line_key", "sequence"),
            CheckConstraint("amount_minor <> 0", name="amount"),
            CheckConstraint("settles in ('cash', 'in_kind')", name="settles"),
            Index("ix_earning_list", "brand_id", "state", "due_on", "id"),
        ),
    )

    collaboration_id: Mapped[int] = internal(index=True)
    component_id: Mapped[str] = internal(String(40))
    line_key: Mapped[str] = internal(String(160))
    sequence: Mapped[int] = internal(default=1)
    kind: Mapped[str] = internal(String(20))  # fixed commission gift_value adjustment ...
    amount_minor: Mapped[int] = financial(BigInteger)
    currency: Mapped[str] = financial(String(3))
    settles: Mapped[str] = financial(String(8))
    state: Mapped[str] = internal(String(20))  # pending payable in_payout paid written_off booked
    reason: Mapped[dict[str, Any]] = financial(JSON)  # Text.to_json
    model_version: Mapped[str] = internal(String(30))
    fact_key: Mapped[str] = internal(String(160), default="")
    hold_until: Mapped[date | None] = internal()
    due_on: Mapped[date | None] = internal()
    earned_at: Mapped[datetime] = internal(UtcDateTime)
    ledger_tx_id: Mapped[int | None] = internal(ForeignKey("ledger_tx.id"))
    collaboration: Mapped[Collaboration] = relationship(lazy="raise_on_sql", viewonly=True)

    @property
    def amount(self) -> Money:
        """The amount, negative when taken back."""
        return Money(self.amount_minor, self.currency)


class ComponentHold(BrandRow):
    """A component whose model could not answer: the sum is unknown, never zero, and this says why."""

    __tablename__ = "component_hold"
    __table_args__ = owned("collaboration", extra=(UniqueConstraint("collaboration_id", "component_id"),))

    collaboration_id: Mapped[int] = internal(index=True)
    component_id: Mapped[str] = internal(String(40))
    reason: Mapped[dict[str, Any]] = internal(JSON)
    resolved_at: Mapped[datetime | None] = internal(UtcDateTime)
