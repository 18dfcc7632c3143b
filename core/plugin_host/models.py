"""Which plugins are switched off and how they are set, for the installation or for one brand; and how each does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
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


class PluginHealth(Row):
    """How a plugin does in all processes together, and whether it is paused. It stays when the plugin vanishes."""

    __tablename__ = "plugin_health"

    plugin: Mapped[str] = internal(String(40), unique=True)
    calls: Mapped[int] = internal(BigInteger, default=0)
    failures: Mapped[int] = internal(BigInteger, default=0)
    last_error: Mapped[str] = internal(String(300), default="")
    failed_at: Mapped[datetime | None] = internal(UtcDateTime)
    in_a_row: Mapped[int] = internal(default=0)
    row_since: Mapped[datetime | None] = internal(UtcDateTime)
    paused_at: Mapped[datetime | None] = internal(UtcDateTime)
    cause: Mapped[str] = internal(String(10), default="")
    pauses: Mapped[int] = internal(default=0)
    probe_at: Mapped[datetime | None] = internal(UtcDateTime)


class PluginEntry(Row):
    """A plugin that this installation has met, as it was when it was last there. It stays when the plugin vanishes.

    `provides` are by kind the names and titles that are its own in the whole installation, which agreements, payments
    and what was told go on by; `origin` is the distribution that brought them, empty while none ever worked; `gone_at`
    is since when it is not found.
    """

    __tablename__ = "plugin_entry"

    plugin: Mapped[str] = internal(String(40), unique=True)
    origin: Mapped[str] = internal(String(200), default="")
    title: Mapped[str] = internal(String(200))
    version: Mapped[str] = internal(String(60), default="")
    usable: Mapped[bool] = internal()
    provides: Mapped[dict[str, dict[str, str]]] = internal(JSON, default=dict)
    gone_at: Mapped[datetime | None] = internal(UtcDateTime)
