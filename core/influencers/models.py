"""A brand's relationships with influencers, their channels, notes, vetting, and the import's staging rows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from core.accounts.models import Influencer as Influencer
from core.database import BrandRow, UtcDateTime, internal, owned, personal, public, secret


class Relationship(BrandRow):
    """What one brand knows of one influencer. No brand learns that another knows them."""

    __tablename__ = "relationship"
    __table_args__ = owned(
        extra=(
            Index("ix_relationship_list", "brand_id", "archived_at", "followers", "id"),
            Index("ix_relationship_name", "brand_id", "display_name", "id"),
            Index("ix_relationship_engagement", "brand_id", "engagement_ppm", "id"),
            UniqueConstraint("brand_id", "identity_key"),
        )
    )

    influencer_id: Mapped[int | None] = internal(ForeignKey("influencer.id"), index=True)
    identity_key: Mapped[str] = personal(String(200))  # "instagram:handle", else "email:address"
    display_name: Mapped[str] = personal(String(120))
    email: Mapped[str] = personal(String(254), default="")
    phone: Mapped[str] = personal(String(40), default="")
    country: Mapped[str] = personal(String(2), default="")
    language: Mapped[str] = personal(String(8), default="")
    niche: Mapped[str] = personal(String(120), default="")
    street: Mapped[str] = personal(String(160), default="")
    postcode: Mapped[str] = personal(String(20), default="")
    city: Mapped[str] = personal(String(80), default="")
    address_country: Mapped[str] = personal(String(2), default="")
    iban_cipher: Mapped[str] = secret(String(400), default="")
    iban_last4: Mapped[str] = personal(String(4), default="")
    referral: Mapped[str] = personal(String(160), default="")
    risk: Mapped[str] = personal(String(300), default="")
    platform: Mapped[str] = public(String(40), default="")  # of the largest channel, for lists
    handle: Mapped[str] = personal(String(120), default="")
    followers: Mapped[int | None] = personal(BigInteger)
    engagement_ppm: Mapped[int | None] = personal()  # engagement rate in millionths, of the largest channel
    tags: Mapped[list[str]] = personal(JSON, default=list)
    search_text: Mapped[str] = personal(String(700), default="")  # name, e-mail and handles, case folded
    vetting_state: Mapped[str] = internal(String(20), default="unvetted")  # unvetted, passed, failed
    import_batch_id: Mapped[int | None] = internal(ForeignKey("import_batch.id"))
    archived_at: Mapped[datetime | None] = internal(UtcDateTime)
    channels: Mapped[list[Channel]] = relationship(
        lazy="raise_on_sql", order_by="Channel.followers.desc(), Channel.id", back_populates="owner"
    )


class Tag(BrandRow):
    """A word by which a brand sorts its people."""

    __tablename__ = "tag"
    __table_args__ = owned(extra=(UniqueConstraint("brand_id", "name"),))

    name: Mapped[str] = internal(String(40))


class Channel(BrandRow):
    """One account on one platform, with the figures that its engagement rate is made of."""

    __tablename__ = "channel"
    __table_args__ = owned("relationship", extra=(UniqueConstraint("brand_id", "platform", "handle"),))

    relationship_id: Mapped[int] = internal(index=True)
    platform: Mapped[str] = public(String(40))
    handle: Mapped[str] = personal(String(120))
    url: Mapped[str] = personal(String(500), default="")
    followers: Mapped[int | None] = personal(BigInteger)
    posts_counted: Mapped[int | None] = personal()
    likes: Mapped[int | None] = personal(BigInteger)
    comments: Mapped[int | None] = personal(BigInteger)
    shares: Mapped[int | None] = personal(BigInteger)
    stated_ppm: Mapped[int | None] = personal()  # engagement rate as somebody stated it, used when counts lack
    evidence: Mapped[str] = internal(String(20), default="stated")  # stated, screenshot, export, connector
    measured_on: Mapped[date | None] = internal()
    told_by: Mapped[str] = internal(String(40), default="")  # the connector that told `followers`; empty: a person did
    told_on: Mapped[date | None] = internal()
    told_name: Mapped[str] = personal(String(120), default="")
    verified: Mapped[bool | None] = personal()
    typed_followers: Mapped[int | None] = personal(BigInteger)  # what a person had entered before the platform told
    gone_since: Mapped[date | None] = internal()  # the platform was asked and has no such account
    owner: Mapped[Relationship] = relationship(lazy="raise_on_sql", back_populates="channels")


class Note(BrandRow):
    """A brand's note on a relationship: the brand's, never shown to the influencer."""

    __tablename__ = "note"
    __table_args__ = owned("relationship")

    relationship_id: Mapped[int] = internal(index=True)
    author_id: Mapped[int | None] = internal(ForeignKey("person.id"))
    author_name: Mapped[str] = personal(String(120))
    text: Mapped[str] = personal(Text)


class Vetting(BrandRow):
    """One vetting: eight criteria scored 1 to 5 with remarks, and a verdict. The newest counts."""

    __tablename__ = "vetting"
    __table_args__ = owned("relationship")

    relationship_id: Mapped[int] = internal(index=True)
    scores: Mapped[dict[str, Any]] = internal(JSON)  # criterion -> {"score": 1..5, "remark": str}
    passed: Mapped[bool] = internal()
    summary: Mapped[str] = internal(Text, default="")
    person_id: Mapped[int | None] = internal(ForeignKey("person.id"))
    person_name: Mapped[str] = personal(String(120))


class ImportBatch(BrandRow):
    """One imported file: its mapping, its progress, its outcome."""

    __tablename__ = "import_batch"
    __table_args__ = owned()

    file_name: Mapped[str] = internal(String(200))
    state: Mapped[str] = internal(String(20), default="mapping")  # mapping, staging, checked, applying, done
    columns: Mapped[list[str]] = internal(JSON, default=list)
    mapping: Mapped[dict[str, str]] = internal(JSON, default=dict)
    file_id: Mapped[int | None] = internal(ForeignKey("stored_file.id"))
    rows_total: Mapped[int] = internal(default=0)
    rows_done: Mapped[int] = internal(default=0)
    rows_new: Mapped[int] = internal(default=0)
    rows_changed: Mapped[int] = internal(default=0)
    rows_same: Mapped[int] = internal(default=0)
    rows_bad: Mapped[int] = internal(default=0)
    person_id: Mapped[int | None] = internal(ForeignKey("person.id"))
    finished_at: Mapped[datetime | None] = internal(UtcDateTime)


class ImportRow(BrandRow):
    """A row of a file as read, checked and waiting for the one final step."""

    __tablename__ = "import_row"
    __table_args__ = owned("import_batch", extra=(UniqueConstraint("import_batch_id", "line"),))

    import_batch_id: Mapped[int] = internal(index=True)
    line: Mapped[int] = internal()
    data: Mapped[dict[str, Any]] = personal(JSON)
    identity_key: Mapped[str] = personal(String(200), default="", index=True)
    outcome: Mapped[str] = internal(String(10))  # new, changed, same, bad
    errors: Mapped[list[dict[str, Any]]] = internal(JSON, default=list)  # Text.to_json with "field"


class ImportMapping(BrandRow):
    """The mapping last used for a header line, offered again next time."""

    __tablename__ = "import_mapping"
    __table_args__ = owned(extra=(UniqueConstraint("brand_id", "signature"),))

    signature: Mapped[str] = internal(String(64))
    mapping: Mapped[dict[str, str]] = internal(JSON)
