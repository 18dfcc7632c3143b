"""Which plugins are switched off and how they are set: for the installation, or for one brand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from core import clock
from core.database import Row, UtcDateTime, internal, secret


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


class PluginSetting(Row):
    """A value that somebody filled in; without a row the wider scope's holds. No brand means the installation.

    It stays when the plugin is switched off or vanishes. Of a secret there is a ciphertext and no value.
    """

    __tablename__ = "plugin_setting"
    __table_args__ = (
        UniqueConstraint("brand_id", "plugin", "key"),
        Index(
            "ix_plugin_setting_installation",
            "plugin",
            "key",
            unique=True,
            sqlite_where=text("brand_id IS NULL"),
            postgresql_where=text("brand_id IS NULL"),
        ),
    )

    brand_id: Mapped[int | None] = internal(ForeignKey("brand.id"))
    plugin: Mapped[str] = internal(String(40))
    key: Mapped[str] = internal(String(40))
    value: Mapped[Any] = internal(JSON(none_as_null=True), nullable=True)
    value_cipher: Mapped[str] = secret(Text, default="")
    changed_at: Mapped[datetime] = internal(UtcDateTime, default=clock.now)

    @property
    def place(self) -> str:
        """What a secret is bound to: whose it is and what for, so that no other plugin or brand can be given it."""
        return f"{self.brand_id or 0}.{self.plugin}.{self.key}"
