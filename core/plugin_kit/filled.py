"""A plugin's form as the kit fills it in: what its author hands over, else the defaults, else something made up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from core.plugin_api.fields import FieldKind, SettingField

USUAL = Decimal(10)
TEXT = "https://kit.example"
"""A text that passes for a name and for an address."""


def filled(fields: Iterable[SettingField], given: Mapping[str, Any] = {}) -> dict[str, Any]:
    """A value for every field that is no secret, as core hands them over: None where one may be left empty."""
    return {field.key: value_of(field) for field in fields if not field.secret} | dict(given)


def secrets(fields: Iterable[SettingField]) -> dict[str, str]:
    """A secret for every field that needs one."""
    return {field.key: f"kit-made-{field.key}" for field in fields if field.secret and field.required}


def value_of(field: SettingField) -> Any:
    """What the kit fills in where nobody said anything; stored as a form would store it."""
    if field.default is not None or not field.required:
        return field.default
    return _KINDS[field.kind](field)


def _number(field: SettingField) -> Decimal:
    least = USUAL if field.minimum is None else max(USUAL, Decimal(field.minimum))
    return least if field.maximum is None else min(least, Decimal(field.maximum))


_KINDS: Mapping[FieldKind, Callable[[SettingField], Any]] = {
    FieldKind.MONEY: lambda field: int(_number(field) * 100),  # cents: the kit's brand has euros
    FieldKind.PERCENT: lambda field: format(_number(field), "f"),
    FieldKind.INTEGER: lambda field: int(_number(field)),
    FieldKind.DAYS: lambda field: int(_number(field)),
    FieldKind.TEXT: lambda _field: TEXT,
    FieldKind.CHOICE: lambda field: field.choices[0][0],
    FieldKind.BOOL: lambda _field: False,
    FieldKind.DATE: lambda _field: "2026-06-30",
}
