"""People who sign in, workspaces and their brands, memberships, sessions, one-time tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from core.database import PublicRow, Row, UtcDateTime, internal, personal, public, secret


class Person(PublicRow):
    """Someone who can sign in, in the team of a brand, as an influencer, or both."""

    __tablename__ = "person"

    email: Mapped[str] = personal(String(254), unique=True)
    name: Mapped[str] = personal(String(120))
    locale: Mapped[str] = personal(String(8), default="en")
    timezone: Mapped[str] = personal(String(64), default="UTC")
    theme: Mapped[str] = personal(String(8), default="system")
    shortcuts: Mapped[bool] = personal(default=True)
    password_hash: Mapped[str] = secret(String(200))
    site_admin: Mapped[bool] = internal(default=False)
    privacy_accepted_at: Mapped[datetime | None] = personal(UtcDateTime)
    privacy_version: Mapped[str | None] = personal(String(20))


class Influencer(PublicRow):
    """The person's own record: made by the person alone, when they open an account."""

    __tablename__ = "influencer"

    person_id: Mapped[int] = internal(ForeignKey("person.id"), unique=True)
    display_name: Mapped[str] = personal(String(120))
    country: Mapped[str] = personal(String(2), default="")
    birth_year: Mapped[int | None] = personal()


class Workspace(PublicRow):
    """An account space: one brand's own, or an agency's with its client brands."""

    __tablename__ = "workspace"
    __table_args__ = (CheckConstraint("kind in ('brand', 'agency')", name="kind"),)

    name: Mapped[str] = public(String(120))
    kind: Mapped[str] = internal(String(10), default="brand")


class Brand(PublicRow):
    """The buyer. The books, the campaigns and the relationships are the brand's."""

    __tablename__ = "brand"

    workspace_id: Mapped[int] = internal(ForeignKey("workspace.id"), index=True)
    name: Mapped[str] = public(String(120))
    legal_name: Mapped[str] = public(String(160), default="")
    business_id: Mapped[str] = public(String(40), default="")
    street: Mapped[str] = public(String(160), default="")
    postcode: Mapped[str] = public(String(20), default="")
    town: Mapped[str] = public(String(80), default="")
    country: Mapped[str] = public(String(2))
    currency: Mapped[str] = public(String(3))
    timezone: Mapped[str] = public(String(64), default="Europe/Helsinki")
    handles: Mapped[str] = public(String(300), default="")
    block_selfreg: Mapped[bool] = internal(default=False)
    four_eyes: Mapped[bool] = internal(default=False)  # who prepared a payout run does not approve it
    workspace: Mapped[Workspace] = relationship(lazy="raise_on_sql")


class Membership(Row):
    """A person's role in a brand, or in every brand of a workspace when no brand is named."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("person_id", "workspace_id", "brand_id"),
        CheckConstraint("role in ('owner','manager','reviewer','finance','viewer','guest_reviewer')", name="role"),
    )

    person_id: Mapped[int] = internal(ForeignKey("person.id"), index=True)
    workspace_id: Mapped[int] = internal(ForeignKey("workspace.id"), index=True)
    brand_id: Mapped[int | None] = internal(ForeignKey("brand.id"), index=True)
    role: Mapped[str] = internal(String(20))


class LoginSession(Row):
    """One signed-in browser. The cookie holds a random token; the row its hash. Revoking is deleting."""

    __tablename__ = "login_session"

    token_hash: Mapped[str] = secret(String(64), unique=True)
    person_id: Mapped[int] = internal(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    seen_at: Mapped[datetime] = personal(UtcDateTime)
    expires_at: Mapped[datetime] = internal(UtcDateTime)
    user_agent: Mapped[str] = personal(String(200), default="")
    brand_id: Mapped[int | None] = internal(ForeignKey("brand.id", ondelete="SET NULL"))


class OneTimeToken(Row):
    """A link that works once: password reset, team invitation. The link holds the token, the row its hash."""

    __tablename__ = "one_time_token"

    kind: Mapped[str] = internal(String(20))
    token_hash: Mapped[str] = secret(String(64), unique=True)
    person_id: Mapped[int | None] = internal(ForeignKey("person.id", ondelete="CASCADE"))
    email: Mapped[str] = personal(String(254), default="")
    workspace_id: Mapped[int | None] = internal(ForeignKey("workspace.id"))
    brand_id: Mapped[int | None] = internal(ForeignKey("brand.id"))
    role: Mapped[str | None] = internal(String(20))
    invited_by_id: Mapped[int | None] = internal(ForeignKey("person.id"))
    expires_at: Mapped[datetime] = internal(UtcDateTime)
    used_at: Mapped[datetime | None] = internal(UtcDateTime)
