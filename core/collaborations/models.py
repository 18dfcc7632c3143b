"""One influencer in one campaign: the collaboration, its offer versions, contract and signatures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, relationship

from core.campaigns.models import Campaign
from core.collaborations.lifecycle import COLLABORATION, CONTRACT, ENDED_EARLY, OFFER
from core.database import BrandRow, UtcDateTime, financial, internal, owned, personal, secret
from core.influencers.models import Relationship
from core.money import Money

_LIVE = "state not in ({})".format(", ".join(f"'{state}'" for state in ENDED_EARLY))


class Collaboration(BrandRow):
    """Exists from the first offer sent; linked to the influencer when they open the invitation."""

    __tablename__ = "collaboration"
    machine = COLLABORATION
    __table_args__ = owned(
        "campaign",
        "relationship",
        extra=(
            Index(
                "uq_collaboration_live",
                "campaign_id",
                "relationship_id",
                unique=True,
                sqlite_where=text(_LIVE),
                postgresql_where=text(_LIVE),
            ),
            Index("ix_collaboration_list", "brand_id", "state", "id"),
        ),
    )

    campaign_id: Mapped[int] = internal(index=True)
    relationship_id: Mapped[int] = internal(index=True)
    influencer_id: Mapped[int | None] = internal(ForeignKey("influencer.id"), index=True)
    state: Mapped[str] = internal(String(30), default="offered")
    state_before_pause: Mapped[str | None] = internal(String(30))
    due_at: Mapped[datetime | None] = internal(UtcDateTime)
    contact_id: Mapped[int | None] = internal(ForeignKey("person.id"))  # who made the offer, and hears of answers
    invitation_hash: Mapped[str] = secret(String(64), unique=True)
    invitation_expires_at: Mapped[datetime] = internal(UtcDateTime)
    invitation_viewed_at: Mapped[datetime | None] = internal(UtcDateTime)
    unvetted_reason: Mapped[str] = internal(String(300), default="")
    replaces_id: Mapped[int | None] = internal(ForeignKey("collaboration.id"))
    end_reason: Mapped[str] = internal(String(500), default="")
    asked_minor: Mapped[int] = financial(BigInteger, default=0)  # what its newest offer would reserve
    committed_minor: Mapped[int] = financial(BigInteger, default=0)
    currency: Mapped[str] = financial(String(3))
    campaign: Mapped[Campaign] = relationship(lazy="raise_on_sql", viewonly=True)
    person: Mapped[Relationship] = relationship(lazy="raise_on_sql", viewonly=True)

    @property
    def asked(self) -> Money:
        """What agreeing to its newest offer would reserve."""
        return Money(self.asked_minor, self.currency)

    @property
    def committed(self) -> Money:
        """What of the campaign's budget is reserved for it."""
        return Money(self.committed_minor, self.currency)


class Offer(BrandRow):
    """One version of the offer. Only the newest can be answered; versions are never edited."""

    __tablename__ = "offer"
    machine = OFFER
    __table_args__ = owned(
        "collaboration",
        extra=(
            UniqueConstraint("collaboration_id", "number"),
            CheckConstraint("proposed_by in ('brand', 'influencer')", name="proposed_by"),
        ),
    )

    collaboration_id: Mapped[int] = internal(index=True)
    number: Mapped[int] = internal()
    proposed_by: Mapped[str] = internal(String(12))
    state: Mapped[str] = internal(String(20), default="sent")
    components: Mapped[list[dict[str, Any]]] = financial(JSON)  # {"id", "model", "version", "terms"}
    deliverables: Mapped[list[dict[str, Any]]] = internal(JSON)  # {"kind", "platform", "quantity", "due_on", "note"}
    brief_number: Mapped[int] = internal()
    message: Mapped[str] = internal(Text, default="")
    expires_at: Mapped[datetime] = internal(UtcDateTime)
    answer: Mapped[str] = internal(Text, default="")
    answered_at: Mapped[datetime | None] = internal(UtcDateTime)


class Contract(BrandRow):
    """The deal paper: clauses as messages, so that each side reads and signs it in its language."""

    __tablename__ = "contract"
    machine = CONTRACT
    __table_args__ = owned("collaboration", "offer", extra=(UniqueConstraint("brand_id", "number"),))

    collaboration_id: Mapped[int] = internal(index=True)
    offer_id: Mapped[int] = internal()
    number: Mapped[str] = internal(String(30))
    state: Mapped[str] = internal(String(20), default="sent")
    due_at: Mapped[datetime | None] = internal(UtcDateTime)
    document: Mapped[dict[str, Any]] = internal(JSON)  # see core/collaborations/document.py
    sha256: Mapped[str] = internal(String(64))
    end_reason: Mapped[str] = internal(String(500), default="")


class Signature(BrandRow):
    """Typed name, the account behind it, time, and the very text that was read, with its SHA-256.

    A contract has one fingerprint of its terms, the same for both sides; each signature that of its own text.
    """

    __tablename__ = "signature"
    __table_args__ = owned("contract", extra=(UniqueConstraint("contract_id", "party"),))

    contract_id: Mapped[int] = internal(index=True)
    party: Mapped[str] = internal(String(12))  # brand, influencer
    person_id: Mapped[int] = internal(ForeignKey("person.id"))
    typed_name: Mapped[str] = personal(String(120))
    account_name: Mapped[str] = personal(String(120), default="")
    account_email: Mapped[str] = personal(String(254), default="")
    locale: Mapped[str] = internal(String(8))
    text: Mapped[str] = personal(Text, default="")
    sha256: Mapped[str] = internal(String(64))
    signed_at: Mapped[datetime] = internal(UtcDateTime)
