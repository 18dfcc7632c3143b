"""Who did what: a record that is only ever added to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol, cast

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Table, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, Session

from core import clock
from core.database import Base, UtcDateTime, internal, personal
from core.sql import append_only, install

ERASABLE = ("actor_name", "detail")


class Who(Protocol):
    """What is asked of an actor."""

    @property
    def person_id(self) -> int | None:
        """The person, None for the system itself."""

    @property
    def name(self) -> str:
        """What to call them."""

    def role_in(self, brand_id: int) -> str | None:
        """Their role in a brand."""


class AuditEntry(Base):
    """One deed. Only its words about people may later be erased, nothing may be changed."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_brand", "brand_id", "id"),
        Index("ix_audit_entry_object", "object_type", "object_id"),
    )

    id: Mapped[int] = internal(primary_key=True)
    at: Mapped[datetime] = internal(UtcDateTime)
    actor_person_id: Mapped[int | None] = internal(BigInteger, index=True)
    actor_name: Mapped[str | None] = personal(String(120))
    role: Mapped[str | None] = internal(String(20))
    brand_id: Mapped[int | None] = internal(ForeignKey("brand.id"))
    action: Mapped[str] = internal(String(60))
    object_type: Mapped[str | None] = internal(String(60))
    object_id: Mapped[int | None] = internal(BigInteger)
    detail: Mapped[dict[str, Any] | None] = personal(JSON(none_as_null=True))


def statements(dialect: str) -> list[str]:
    """The guards of the audit record for a dialect."""
    return append_only("audit_entry", AuditEntry.__table__.columns.keys(), dialect, erasable=ERASABLE)


install(cast(Table, AuditEntry.__table__), statements)


def record(
    session: Session,
    *,
    actor: Who,
    brand_id: int | None,
    action: str,
    obj: DeclarativeBase | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a deed to the record, in the same transaction as the deed itself."""
    object_type, object_id = reference(session, obj) if obj is not None else (None, None)
    session.add(
        AuditEntry(
            at=clock.now(),
            actor_person_id=actor.person_id,
            actor_name=actor.name,
            role=actor.role_in(brand_id) if brand_id is not None else None,
            brand_id=brand_id,
            action=action,
            object_type=object_type,
            object_id=object_id,
            detail=dict(detail) if detail else None,
        )
    )


def reference(session: Session, obj: DeclarativeBase) -> tuple[str, int | None]:
    """An object as (table, id); one that is new gets its id first. A key of several columns has no id."""
    if inspect(obj).pending:
        session.flush()
    identity = inspect(obj).identity
    return obj.__tablename__, identity[0] if identity and len(identity) == 1 else None
