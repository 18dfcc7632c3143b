"""Plugins' settings as they stand: a brand's over the installation's over the default, and where each comes from."""

from __future__ import annotations

import enum
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as part
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.crypto import Keyring, Place, Undecipherable, decrypt
from core.plugin_api.fields import FieldKind, SettingField, check
from core.plugin_api.text import T, Tc, Text
from core.plugin_host.declared import ANY_CURRENCY, fields_of
from core.plugin_host.models import PluginSetting
from core.plugin_host.records import Record

log = logging.getLogger("samverk.plugins")
Mine = Mapping[tuple[int | None, str], PluginSetting]
Rows = Mapping[str, Mine]
"""What was filled in, by plugin, then by brand and key."""


class Brand(Protocol):
    """What is asked of a brand."""

    @property
    def id(self) -> int:
        """Its key."""

    @property
    def public_id(self) -> str:
        """Its id in addresses, and for plugins."""

    @property
    def currency(self) -> str:
        """What its amounts are in."""


class Source(enum.StrEnum):
    """Where a value comes from."""

    DEFAULT = "default"
    INSTALLATION = "installation"
    BRAND = "brand"

    @property
    def label(self) -> Text:
        """The word for people."""
        names = {
            Source.DEFAULT: Tc("setting", "Default"),
            Source.INSTALLATION: Tc("setting", "Installation"),
            Source.BRAND: Tc("setting", "Brand"),
        }
        return names[self]


@dataclass(frozen=True, slots=True)
class Known:
    """A value and where it comes from; of a secret the value is None. `row` is missing for a default."""

    source: Source
    value: Any = None
    row: PluginSetting | None = part(default=None, repr=False, compare=False)

    @property
    def at(self) -> datetime | None:
        """When somebody filled it in."""
        return self.row.changed_at if self.row else None


@dataclass(frozen=True, slots=True)
class Passed:
    """What was filled in and is passed over, and why; of a field that is or was a secret the value is None."""

    value: Any
    why: Text


@dataclass(frozen=True, slots=True)
class Setting:
    """A field in a scope: what was filled in there, what holds without that, and what is there and passed over."""

    field: SettingField
    own: Known | None
    below: Known | None
    passed: Passed | None = None
    passed_below: Passed | None = None
    """Of a brand's: what was filled in for the installation and is passed over."""

    @property
    def now(self) -> Known | None:
        """What holds."""
        return self.own or self.below

    @property
    def lacking(self) -> bool:
        """Whether the plugin needs it and has nothing."""
        return self.field.required and self.now is None


def settings_of(session: Session, record: Record, brand: Brand | None, rows: Rows | None = None) -> list[Setting]:
    """Every setting of a plugin for a brand, or for the installation, which has no amounts.

    One statement, none where `rows` were read before or the plugin declares no settings. A stored value that its field
    takes no longer, as after an upgrade, is passed over.
    """
    fields = fields_of(record)
    mine = (stored(session, [record], brand) if rows is None else rows).get(record.name, {})
    return [_setting(field, mine, brand) for field in fields if brand or field.kind is not FieldKind.MONEY]


def stored(session: Session, records: Iterable[Record], brand: Brand | None) -> Rows:
    """What was filled in for several plugins, by plugin, in one statement; none when no plugin declares settings."""
    names = [record.name for record in records if fields_of(record)]
    scopes = or_(PluginSetting.brand_id.is_(None), PluginSetting.brand_id == (brand.id if brand else None))
    found: dict[str, dict[tuple[int | None, str], PluginSetting]] = {name: {} for name in names}
    for row in session.scalars(select(PluginSetting).where(PluginSetting.plugin.in_(names), scopes)) if names else ():
        found[row.plugin][row.brand_id, row.key] = row
    return found


def secrets_of(keyring: Keyring, settings: Iterable[Setting]) -> dict[str, str]:
    """The secrets among settings in the clear, for the plugin alone; one that cannot be read any more is left out."""
    found = {}
    for setting in settings:
        row = setting.now.row if setting.now and setting.field.secret else None
        if row is not None:
            try:
                found[row.key] = decrypt(keyring, row.value_cipher, place_of(row))
            except Undecipherable:
                log.error("the secret %s of plugin %s cannot be read any more", row.key, row.plugin)
    return found


def place_of(row: PluginSetting) -> Place:
    """Where a secret is bound to."""
    return Place("plugin_setting", "value_cipher", row.place)


def _setting(field: SettingField, rows: Mine, brand: Brand | None) -> Setting:
    wide = _known(field, row := rows.get((None, field.key)), Source.INSTALLATION, brand)
    passed = _passed(field, row, brand)
    if brand is None:
        return Setting(field, wide, _default(field), passed)
    own = _known(field, row := rows.get((brand.id, field.key)), Source.BRAND, brand)
    return Setting(field, own, wide or _default(field), _passed(field, row, brand), passed)


def _default(field: SettingField) -> Known | None:
    value = False if field.kind is FieldKind.BOOL and field.default is None else field.default
    return None if value is None else Known(Source.DEFAULT, value)


def _known(field: SettingField, row: PluginSetting | None, source: Source, brand: Brand | None) -> Known | None:
    if row is None or _passed(field, row, brand):
        return None
    return Known(source, None if field.secret else row.value, row)


def _passed(field: SettingField, row: PluginSetting | None, brand: Brand | None) -> Passed | None:
    if row is None:
        return None
    if field.secret != bool(row.value_cipher):
        return Passed(None, T("This value cannot be taken."))
    currency = brand.currency if brand else ANY_CURRENCY
    wrong = {} if field.secret else check([field], {field.key: row.value}, currency)
    return Passed(row.value, wrong[field.key]) if wrong else None
