"""The settings that a plugin declares: in its manifest, and at the connectors and rails that it brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.plugin_api.contract import NAME, ContractError
from core.plugin_api.fields import FieldKind, SettingField, check
from core.plugin_api.manifest import Plugin, PluginScope
from core.plugin_api.text import Text
from core.plugin_host.records import Record

ANY_CURRENCY = "EUR"
"""What amounts are checked in while it is not known whose they will be."""


def fields_of(record: Record) -> tuple[SettingField, ...]:
    """Every setting of a plugin, in the order it declares them; none while it is not loaded."""
    return tuple(_fields(record.plugin, record.provides)) if record.plugin else ()


def check_declared(plugin: Plugin, provides: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise `ContractError` for the first setting that cannot be."""
    seen: set[str] = set()
    for field in _fields(plugin, provides):
        if not isinstance(field, SettingField) or not isinstance(field.label, Text):
            raise ContractError(f"settings must be SettingField objects with a Text as label, not {field!r}")
        for wrong in _faults(plugin, field):
            raise ContractError(f"the setting {field.key}: {wrong}")
        if field.key in seen:
            raise ContractError(f"the setting {field.key} is declared twice")
        seen.add(field.key)


def _fields(plugin: Plugin, provides: Mapping[str, Mapping[str, Any]]) -> Iterator[Any]:
    yield from plugin.settings
    for kind in ("platforms", "sales_sources", "payout_rails"):
        for provider in provides.get(kind, {}).values():
            yield from provider.settings


def _faults(plugin: Plugin, field: Any) -> Iterator[str]:
    if not isinstance(field.key, str) or not NAME.fullmatch(field.key):
        yield "its key is not of small letters, digits and underscores"
    if not isinstance(field.kind, FieldKind):
        yield "it has no kind"
    if field.secret and (field.kind is not FieldKind.TEXT or field.default is not None):
        yield "a secret is a text without a default"
    if field.kind is FieldKind.CHOICE and not (field.choices and all(map(_is_choice, field.choices))):
        yield "a choice needs choices: pairs of a key and a Text"
    if field.kind is FieldKind.MONEY and plugin.scope is PluginScope.SITE:
        yield "an amount needs the currency of a brand"
    if field.default is not None and check([field], {field.key: field.default}, ANY_CURRENCY):
        yield f"its default {field.default!r} is not a value that it takes"


def _is_choice(pair: Any) -> bool:
    return isinstance(pair, tuple) and len(pair) == 2 and bool(pair[0]) and [*map(type, pair)] == [str, Text]
