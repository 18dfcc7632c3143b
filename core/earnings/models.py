"""Earnings: what is owed, line by line, each with its reason, its terms and its dates."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
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
    basis: Mapped[str] = internal(String(20), default="")  # fingerprint of the facts that it was last counted from
    answer: Mapped[str] = internal(String(20), default="")  # and of what the model said to them
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
    """A component whose model could not answer: the sum is unknown, never zero, and this says why.

    `incident`: it did answer, but otherwise than before though nothing new had happened; finance decides.
    """

    __tablename__ = "component_hold"
    __table_args__ = owned("collaboration", extra=(UniqueConstraint("collaboration_id", "component_id"),))

    collaboration_id: Mapped[int] = internal(index=True)
    component_id: Mapped[str] = internal(String(40))
    reason: Mapped[dict[str, Any]] = internal(JSON)
    model: Mapped[str] = internal(String(40), default="")
    version: Mapped[str] = internal(String(30), default="")  # of the model when this was said, none of one that is gone
    incident: Mapped[bool] = internal(default=False)
    resolved_at: Mapped[datetime | None] = internal(UtcDateTime)


class ComponentMemory(BrandRow):
    """What a component was last counted from, where its model is asked with more than one fact at a time.

    Where it is asked fact by fact, that stands in `Earning` and `FactMemory`, and here only what finance decided.
    `kept` are lines that finance has kept when a new version counted otherwise; `decided` what it chose, by version.
    """

    __tablename__ = "component_memory"
    __table_args__ = owned("collaboration", extra=(UniqueConstraint("collaboration_id", "component_id"),))

    collaboration_id: Mapped[int] = internal(index=True)
    component_id: Mapped[str] = internal(String(40))
    facts: Mapped[list[str]] = internal(JSON, default=list)
    answers: Mapped[dict[str, str]] = internal(JSON, default=dict)
    said: Mapped[dict[str, list[Any]]] = financial(JSON, default=dict)  # line key -> [holds, claimed, unit, basis]
    kept: Mapped[dict[str, list[Any]]] = financial(JSON, default=dict)  # the same, where the two differ
    decided: Mapped[dict[str, str]] = internal(JSON, default=dict)  # version -> keep, accept
    version: Mapped[str] = internal(String(30), default="")  # that last counted


class FactMemory(BrandRow):
    """A fact that was counted and of which nothing is booked, where its model is asked fact by fact.

    It earned nothing, or the cap left nothing of it. What is booked remembers by itself what it was counted from.
    """

    __tablename__ = "fact_memory"
    __table_args__ = owned("collaboration", extra=(UniqueConstraint("collaboration_id", "component_id", "fact_key"),))

    collaboration_id: Mapped[int] = internal(index=True)
    component_id: Mapped[str] = internal(String(40))
    fact_key: Mapped[str] = internal(String(160))  # the one that the others of its group correct
    basis: Mapped[str] = internal(String(20))  # as in Earning
    answer: Mapped[str] = internal(String(20))
    said: Mapped[dict[str, list[Any]]] = financial(JSON, default=dict)  # as in ComponentMemory, where it is not nothing
    model_version: Mapped[str] = internal(String(30))


class ComponentTotal(BrandRow):
    """What the rows of a component come to, kept beside them: one more sale need not add up a million.

    Cash without adjustments; of a part of the deal, or of what parts meet by. Written anew whenever all is counted.
    """

    __tablename__ = "component_total"
    __table_args__ = owned("collaboration", extra=(UniqueConstraint("collaboration_id", "component_id"),))

    collaboration_id: Mapped[int] = internal(index=True)
    component_id: Mapped[str] = internal(String(40))
    net_minor: Mapped[int] = financial(BigInteger, default=0)
    given_minor: Mapped[int] = financial(BigInteger, default=0)  # never less: what was taken back is not taken off
    currency: Mapped[str] = financial(String(3))
    model_version: Mapped[str] = internal(String(30), default="")
    latest_at: Mapped[datetime | None] = internal(UtcDateTime)  # of the facts that were counted

    def saw(self, *moments: datetime) -> None:
        """Keep the time of the latest fact."""
        known = [self.latest_at] if self.latest_at else []
        self.latest_at = max([*known, *moments], default=None)


OPEN = text("closed_at is null")


class AgreementPeriod(BrandRow):
    """A stretch of a month of an agreement: `starts_on` belongs to it, `ends_on` does not. Open while it runs."""

    __tablename__ = "agreement_period"
    __table_args__ = owned(
        "collaboration",
        extra=(
            CheckConstraint("starts_on <= ends_on", name="order"),
            Index(
                "uq_agreement_period_open", "collaboration_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN
            ),
            Index("ix_agreement_period_due", "closed_at", "ends_on"),
        ),
    )

    collaboration_id: Mapped[int] = internal(index=True)
    month: Mapped[int] = internal()
    month_start: Mapped[date] = internal()
    month_end: Mapped[date] = internal()
    starts_on: Mapped[date] = internal()
    ends_on: Mapped[date] = internal()
    closed_at: Mapped[datetime | None] = internal(UtcDateTime)
