"""Discount codes, sales and refunds, the keys of the sales API, gifts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped

from core.database import BrandRow, UtcDateTime, financial, internal, owned, personal, public, secret
from core.money import Money
from core.plugin_api.text import Text
from core.tracking.lifecycle import GIFT


class DiscountCode(BrandRow):
    """The code that credits sales to a collaboration; unique in its brand, compared without case."""

    __tablename__ = "discount_code"
    __table_args__ = owned("collaboration", extra=(UniqueConstraint("brand_id", "code"),))

    collaboration_id: Mapped[int] = internal(index=True)
    code: Mapped[str] = public(String(40))  # upper case


class Sale(BrandRow):
    """One order line as a shop told it. No code, no credit; another currency waits on hold.

    `credited_*` is what it counts for where finance has decided so, by a rate and its source; else what it sold for.
    """

    __tablename__ = "sale"
    __table_args__ = owned(
        "collaboration",
        extra=(
            UniqueConstraint("brand_id", "external_id"),
            CheckConstraint("amount_minor >= 0", name="amount"),
            CheckConstraint("credited_minor >= 0", name="credited"),
            CheckConstraint("(credited_minor is null) = (credited_currency is null)", name="credited_pair"),
            Index("ix_sale_list", "brand_id", "sold_at", "id"),
            Index("ix_sale_state", "brand_id", "state", "sold_at", "id"),
        ),
    )

    external_id: Mapped[str] = internal(String(120))
    source: Mapped[str] = internal(String(40))
    code: Mapped[str] = internal(String(40), default="")
    collaboration_id: Mapped[int | None] = internal(index=True)
    amount_minor: Mapped[int] = financial(BigInteger)  # without VAT and shipping
    currency: Mapped[str] = financial(String(3))
    sold_at: Mapped[datetime] = internal(UtcDateTime)
    state: Mapped[str] = internal(String(12))  # credited uncredited on_hold
    reason: Mapped[dict[str, Any] | None] = internal(JSON)  # Text.to_json
    credited_minor: Mapped[int | None] = financial(BigInteger)
    credited_currency: Mapped[str | None] = financial(String(3))
    rate: Mapped[str] = financial(String(40), default="")  # a decimal: credited units for one of the sale's own
    rate_source: Mapped[str] = financial(String(200), default="")

    @property
    def amount(self) -> Money:
        """What was sold for, before refunds."""
        return Money(self.amount_minor, self.currency)

    @property
    def counted(self) -> Money:
        """What it counts for, before refunds."""
        return counted(self)

    @property
    def why(self) -> Text | None:
        """Why nobody is credited, None for a credited sale."""
        return Text.from_json(self.reason) if self.reason else None


class Refund(BrandRow):
    """A refund of a sale, in whole or in part."""

    __tablename__ = "refund"
    __table_args__ = owned(
        "sale",
        extra=(
            UniqueConstraint("brand_id", "external_id"),
            CheckConstraint("amount_minor > 0", name="amount"),
            CheckConstraint("credited_minor >= 0", name="credited"),
            CheckConstraint("(credited_minor is null) = (credited_currency is null)", name="credited_pair"),
        ),
    )

    sale_id: Mapped[int] = internal(index=True)
    external_id: Mapped[str] = internal(String(120))
    source: Mapped[str] = internal(String(40))
    amount_minor: Mapped[int] = financial(BigInteger)
    currency: Mapped[str] = financial(String(3))
    refunded_at: Mapped[datetime] = internal(UtcDateTime)
    credited_minor: Mapped[int | None] = financial(BigInteger)  # its share of what its sale counts for
    credited_currency: Mapped[str | None] = financial(String(3))

    @property
    def amount(self) -> Money:
        """What was given back."""
        return Money(self.amount_minor, self.currency)

    @property
    def counted(self) -> Money:
        """What it takes from what its sale counts for."""
        return counted(self)


def counted(row: Sale | Refund) -> Money:
    """The amount that was decided, else the one that the shop told."""
    if row.credited_minor is None or row.credited_currency is None:
        return row.amount
    return Money(row.credited_minor, row.credited_currency)


class LeftOut(BrandRow):
    """A record that a source told and that could not be taken, and why; it goes when it is taken after all.

    A refund that came before its order is judged again with the order.
    """

    __tablename__ = "sales_left_out"
    __table_args__ = owned(extra=(UniqueConstraint("brand_id", "source", "external_id", "refund_of"),))

    source: Mapped[str] = internal(String(40))
    external_id: Mapped[str] = internal(String(120))
    refund_of: Mapped[str] = internal(String(120), default="")  # empty for an order
    amount_minor: Mapped[int] = financial(BigInteger)
    currency: Mapped[str] = financial(String(3))
    happened_at: Mapped[datetime] = internal(UtcDateTime)
    reason: Mapped[dict[str, Any]] = internal(JSON)  # Text.to_json
    told_at: Mapped[datetime] = internal(UtcDateTime)

    @property
    def amount(self) -> Money:
        """What it was told with."""
        return Money(self.amount_minor, self.currency)

    @property
    def why(self) -> Text:
        """Why it was not taken."""
        return Text.from_json(self.reason)


class SalesKey(BrandRow):
    """A signing secret of the sales API (Standard Webhooks). Two may be live while one is rotated."""

    __tablename__ = "sales_key"
    __table_args__ = owned()

    label: Mapped[str] = internal(String(80))
    secret_cipher: Mapped[str] = secret(String(400))
    last_used_at: Mapped[datetime | None] = internal(UtcDateTime)
    expires_at: Mapped[datetime | None] = internal(UtcDateTime)
    revoked_at: Mapped[datetime | None] = internal(UtcDateTime)


class ApiReceipt(BrandRow):
    """A signed message that was taken: the same id again answers the same and does nothing."""

    __tablename__ = "api_receipt"
    __table_args__ = owned(extra=(UniqueConstraint("brand_id", "message_id"),))

    message_id: Mapped[str] = internal(String(120))
    digest: Mapped[str] = internal(String(64))
    answer: Mapped[dict[str, Any]] = internal(JSON)


class Gift(BrandRow):
    """A product sent as pay: booked as value when received, never as cash."""

    __tablename__ = "gift"
    machine = GIFT
    __table_args__ = owned("collaboration", extra=(CheckConstraint("value_minor >= 0", name="value"),))

    collaboration_id: Mapped[int] = internal(index=True)
    component_id: Mapped[str] = internal(String(40))
    product: Mapped[str] = internal(String(200))
    value_minor: Mapped[int] = financial(BigInteger)
    currency: Mapped[str] = financial(String(3))
    value_source: Mapped[str] = financial(String(200))
    state: Mapped[str] = internal(
        String(20), default="address_missing"
    )  # address_missing approved shipped delivered returned cancelled
    due_at: Mapped[datetime | None] = internal(UtcDateTime)
    address: Mapped[dict[str, str]] = personal(JSON, default=dict)
    tracking: Mapped[str] = internal(String(200), default="")
    sent_on: Mapped[date | None] = internal()
    received_on: Mapped[date | None] = internal()
    delivered_at: Mapped[datetime | None] = internal(UtcDateTime)
    sent_by_id: Mapped[int | None] = internal(ForeignKey("person.id"))

    @property
    def value(self) -> Money:
        """What it is worth, by the terms."""
        return Money(self.value_minor, self.currency)
