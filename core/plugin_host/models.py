"""Which plugins are switched off: for the installation, or for one brand."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from core.database import Row, internal


class PluginSwitch(Row):
    """A switch that somebody turned; without a row a plugin is on. No brand means the installation."""

    __tablename__ = "plugin_switch"
    __table_args__ = (
        UniqueConstraint("brand_id", "plugin"),
        Index(
            "ix_plugin_switch_installation",
            "plugin",
            unique=True,
            sqlite_where=text("brand_id IS NULL"),
            postgresql_where=text("brand_id IS NULL"),
        ),
    )

    brand_id: Mapped[int | None] = internal(ForeignKey("brand.id"))
    plugin: Mapped[str] = internal(String(40))
    enabled: Mapped[bool] = internal()
