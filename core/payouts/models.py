"""Payout methods of influencers, payout runs of brands, payouts and the earnings in them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, relationship

from core.database import BrandRow, PublicRow, UtcDateTime, financial, internal, owned, personal, secret
from core.money import Money
from core.payouts.lifecycle import PAYOUT, RUN
from core.plugin_api.text import Text


class PayoutMethod(PublicRow):
    """Where an influencer wants their money: the influencer's own, brands see its last four digits."""

    __tablename__ = "payout_method"

    influencer_id: Mapped[int] = internal(ForeignKey("influencer.id"), unique=True)
    payee_name: Mapped[str] = personal(String(140))
    iban_cipher: Mapped[str] = secret(String(400))
    iban_last4: Mapped[str] = personal(String(4))
    iban_country: Mapped[str] = personal(String(2))
    bank_name: Mapped[str] = personal(String(140), default="")
    bic: Mapped[str] = personal(String(11), default="")
    street: Mapped[str] = personal(String(70), default="")
    building: Mapped[str] = personal(String(16), default="")
    postcode: Mapped[str] = personal(String(16))
    town: Mapped[str] = personal(String(35))
    country: Mapped[str] = personal(String(2))
    tax_country: Mapped[str] = personal(String(2))
    tax_id_cipher: Mapped[str] = secret(String(400))
    tax_id_last4: Mapped[str] = personal(String(4))
    business: Mapped[bool] = personal(default=False)
    details_cipher: Mapped[str] = secret(LongText, default="")  # see core/payouts/details.py
    details_given: Mapped[dict[str, list[str]]] = internal(JSON, default=dict)  # rail -> its fields that were filled in
    shown: Mapped[dict[str, str]] = personal(JSON, default=dict)  # rail without account -> to whom, as pages show it
    changed_at: Mapped[datetime] = internal(UtcDateTime)


class PayoutReadiness(BrandRow):
    """How far a payee is with a brand's rail that wants to know them first; `changed_at` is that of the account."""

    __tablename__ = "payout_readiness"
    __table_args__ = owned(extra=(UniqueConstraint("brand_id", "influencer_id", "rail"),))

    influencer_id: Mapped[int] = internal(ForeignKey("influencer.id"), index=True)
    rail: Mapped[str] = internal(String(60))
    plugin: Mapped[str] = internal(String(40))
    ready: Mapped[bool] = internal(default=False)
    missing: Mapped[list[dict[str, Any]]] = personal(JSON, default=list)  # of Text.to_json
    fault: Mapped[dict[str, Any] | None] = internal(JSON(none_as_null=True))  # Text.to_json: why it could not say
    changed_at: Mapped[datetime] = internal(UtcDateTime)
    asked_at: Mapped[datetime] = internal(UtcDateTime)
    next_at: Mapped[datetime] = internal(UtcDateTime)
    tries: Mapped[int] = internal(default=0)  # since it was last ready

    @property
    def why(self) -> Text | None:
        """Why the rail could not say, None when it did."""
        return Text.from_json(self.fault) if self.fault else None


class PayoutRun(BrandRow):
    """What a brand pays in one go: prepared, then approved."""

    machine = RUN
    __tablename__ = "payout_run"
    __table_args__ = owned(extra=(UniqueConstraint("brand_id", "number"),))

    number: Mapped[int] = internal()
    state: Mapped[str] = internal(String(20), default="awaiting_approval")  # awaiting_approval approved canceled
    due_at: Mapped[datetime | None] = internal(UtcDateTime)
    currency: Mapped[str] = financial(String(3))
    rail: Mapped[str] = internal(String(60), default="manual")
    prepared_by_id: Mapped[int | None] = internal(ForeignKey("person.id"))
    approved_by_id: Mapped[int | None] = internal(ForeignKey("person.id"))
    approved_at: Mapped[datetime | None] = internal(UtcDateTime)
    handed_over_at: Mapped[datetime | None] = internal(UtcDateTime)
    locked_out: Mapped[bool] = internal(default=False)  # the rail's permission was refused when it was asked last


class Payout(BrandRow):
    """Money to one influencer. Sent and received are two states."""

    machine = PAYOUT
    __tablename__ = "payout"
    __table_args__ = owned(
        "payout_run",
        extra=(
            CheckConstraint("amount_minor > 0", name="amount"),
            UniqueConstraint("brand_id", "key"),
            Index("ix_payout_list", "brand_id", "state", "id"),
        ),
    )

    payout_run_id: Mapped[int] = internal(index=True)
    influencer_id: Mapped[int] = internal(ForeignKey("influencer.id"), index=True)
    payee_name: Mapped[str] = personal(String(140), default="")
    iban_last4: Mapped[str] = personal(String(4), default="")
    paid_to: Mapped[dict[str, Any] | None] = personal(JSON(none_as_null=True))  # Text.to_json: where no account is paid
    payee_cipher: Mapped[str] = secret(LongText, default="")  # to whom, fixed when it was handed over
    todo_cipher: Mapped[str] = secret(String(8000), default="")  # what the rail asks a person to do
    todo_file_id: Mapped[int | None] = internal(ForeignKey("stored_file.id"))
    amount_minor: Mapped[int] = financial(BigInteger)
    currency: Mapped[str] = financial(String(3))
    state: Mapped[str] = internal(String(20), default="awaiting_approval")
    due_at: Mapped[datetime | None] = internal(UtcDateTime)
    due_on: Mapped[date | None] = internal()
    key: Mapped[str] = financial(String(60))
    attempt: Mapped[int] = internal(default=1)
    bank_reference: Mapped[str] = financial(String(60), default="")
    sent_on: Mapped[date | None] = financial()
    received_on: Mapped[date | None] = financial()
    received_by: Mapped[str] = internal(String(12), default="")  # influencer, statement, rail
    said: Mapped[dict[str, Any] | None] = internal(JSON(none_as_null=True))  # Text.to_json: why it waits, or failed
    lines: Mapped[list[PayoutLine]] = relationship(lazy="raise_on_sql", viewonly=True)

    @property
    def amount(self) -> Money:
        """The amount of the payout."""
        return Money(self.amount_minor, self.currency)

    @property
    def message(self) -> str:
        """What the payee reads on their statement: the same whether a rail or a person sends it."""
        return self.public_id

    @property
    def to_whom(self) -> Text | None:
        """Where it goes in place of a bank account, None where it goes to one: that of `iban_last4`."""
        return Text.from_json(self.paid_to) if self.paid_to else None

    @property
    def reason(self) -> Text | None:
        """The last that was said of it: why it is not sent yet, or why it failed."""
        return Text.from_json(self.said) if self.said else None


class PayoutReport(BrandRow):
    """What a rail told of a payout by itself. With a `fault` it moved nothing and is `open` until finance looked."""

    __tablename__ = "payout_report"
    __table_args__ = owned("payout", extra=(UniqueConstraint("payout_id", "event_id", "status"),))

    payout_id: Mapped[int] = internal()
    event_id: Mapped[str] = internal(String(200))  # the rail's
    status: Mapped[str] = internal(String(12))  # sent received failed returned
    happened_at: Mapped[datetime] = internal(UtcDateTime)
    said: Mapped[dict[str, Any] | None] = internal(JSON(none_as_null=True))  # Text.to_json: the rail's reason
    fault: Mapped[dict[str, Any] | None] = internal(JSON(none_as_null=True))  # Text.to_json
    open: Mapped[bool] = internal(default=False)

    @property
    def reason(self) -> Text | None:
        """What the rail said of it."""
        return Text.from_json(self.said) if self.said else None

    @property
    def why(self) -> Text | None:
        """Why it was not taken down."""
        return Text.from_json(self.fault) if self.fault else None


class PayoutLine(BrandRow):
    """An earning in a payout. An earning is in at most one live payout: the index sees to it."""

    __tablename__ = "payout_line"
    __table_args__ = owned(
        "payout",
        "earning",
        extra=(
            Index(
                "uq_payout_line_live",
                "earning_id",
                unique=True,
                sqlite_where=text("live"),
                postgresql_where=text("live"),
            ),
        ),
    )

    payout_id: Mapped[int] = internal(index=True)
    earning_id: Mapped[int] = internal(index=True)
    amount_minor: Mapped[int] = financial(BigInteger)
    currency: Mapped[str] = financial(String(3))
    live: Mapped[bool] = internal(default=True)
