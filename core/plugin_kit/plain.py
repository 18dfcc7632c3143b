"""Values as an author reads them in a report: what they wrote, without what has its ordinary value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from core.money import Money
from core.plugin_api.text import Text


def plain(value: Any) -> str:
    """A value, its amounts as `1.50 EUR`, its messages as `T('...')`, its moments as `2026-01-31 10:00`."""
    if isinstance(value, Money):
        return f"{value.decimal} {value.currency}"
    if isinstance(value, Text):
        return f"T({', '.join([repr(value.msgid), *_named(value.params)])})"
    if isinstance(value, date | Decimal):
        return f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "hour") else str(value)
    if isinstance(value, Enum):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        told = {one.name: getattr(value, one.name) for one in fields(value)}
        usual = {one.name: _usual(one) for one in fields(value)}
        return f"{type(value).__name__}({', '.join(_named({k: v for k, v in told.items() if v != usual[k]}))})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {plain(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        told_of = ", ".join(map(plain, value))
        return f"[{told_of}]" if isinstance(value, list) else f"({told_of})"
    return repr(value)


def _named(values: Mapping[str, Any]) -> list[str]:
    return [f"{name}={plain(value)}" for name, value in values.items()]


def _usual(one: Field[Any]) -> Any:
    return one.default_factory() if one.default_factory is not MISSING else one.default
