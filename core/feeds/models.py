"""What is known of each thing that a connector is asked for, or sends by itself, for one brand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped

from core.database import BrandRow, UtcDateTime, internal, owned
from core.plugin_api.text import Text as Message


class Feed(BrandRow):
    """How far a provider has told a brand something, when it is asked again, and what was wrong the last time.

    `since` is from when on the next question asks, `cursor` the page to go on with and `began_at` when its list was
    begun; both are empty while no list is half read. Without `next_at` a person has to do something first.
    """

    __tablename__ = "feed"
    __table_args__ = owned(
        extra=(UniqueConstraint("brand_id", "kind", "name", "what"), Index("ix_feed_due", "kind", "next_at"))
    )

    kind: Mapped[str] = internal(String(20))  # sales_sources platforms
    name: Mapped[str] = internal(String(40))  # the provider's
    what: Mapped[str] = internal(String(20))  # orders messages
    plugin: Mapped[str] = internal(String(40))
    since: Mapped[datetime | None] = internal(UtcDateTime)
    cursor: Mapped[str | None] = internal(Text)
    began_at: Mapped[datetime | None] = internal(UtcDateTime)
    asked_at: Mapped[datetime | None] = internal(UtcDateTime)
    told_at: Mapped[datetime | None] = internal(UtcDateTime)  # the last good answer
    taken: Mapped[int] = internal(BigInteger, default=0)
    fault: Mapped[dict[str, Any] | None] = internal(JSON(none_as_null=True))  # Text.to_json
    fault_kind: Mapped[str] = internal(String(20), default="")
    faulty_since: Mapped[datetime | None] = internal(UtcDateTime)
    failures: Mapped[int] = internal(default=0)
    next_at: Mapped[datetime | None] = internal(UtcDateTime)
    version: Mapped[str] = internal(String(60), default="")  # the plugin's, when it was last asked

    @property
    def why(self) -> Message | None:
        """What was wrong the last time, None when all was well."""
        return Message.from_json(self.fault) if self.fault else None
