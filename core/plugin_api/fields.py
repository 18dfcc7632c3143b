"""Settings fields: declared once by a plugin, rendered, checked and stored by core."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from core import typed
from core.csv_input import parse_date, parse_number
from core.errors import Invalid
from core.money import Money, exponent
from core.plugin_api.text import T, Text

Values = dict[str, Any]
Errors = dict[str, Text]
MAX_TEXT = 2000


class FieldKind(enum.StrEnum):
    """How a field is entered and what its stored value is (always JSON)."""

    MONEY = "money"
    """Minor units as an integer; the currency is that of the terms."""
    PERCENT = "percent"
    """A decimal written as a string: `"12.5"`."""
    INTEGER = "integer"
    TEXT = "text"
    CHOICE = "choice"
    """One of the keys of `choices`."""
    BOOL = "bool"
    DATE = "date"
    """An ISO date as a string."""
    DAYS = "days"
    """A whole number of days."""


@dataclass(frozen=True, slots=True)
class SettingField:
    """One field of a form. `minimum` and `maximum` are in the unit that people type (10.50, not 1050)."""

    key: str
    label: Text
    kind: FieldKind = FieldKind.TEXT
    required: bool = True
    default: Any = None
    help: Text | None = None
    choices: tuple[tuple[str, Text], ...] = ()
    minimum: Decimal | int | None = None
    maximum: Decimal | int | None = None
    secret: bool = False


def parse(fields: Sequence[SettingField], raw: Mapping[str, object], currency: str) -> tuple[Values, Errors]:
    """What a form sent, as JSON-able values, and one message for every field that cannot be taken.

    Numbers are read as people write them: `1 234,50`, `1.234,50`, `10 %`. An empty optional field is left out.
    """
    values: Values = {}
    errors: Errors = {}
    for field in fields:
        try:
            value = parse_one(field, raw.get(field.key), currency)
        except Invalid as error:
            errors[field.key] = error.message
            continue
        if value is not None:
            values[field.key] = value
    return values, errors


def check(fields: Sequence[SettingField], values: Mapping[str, Any], currency: str) -> Errors:
    """What is wrong with values that did not come through `parse`: each must be what it would have given."""
    errors: Errors = {}
    for field in fields:
        value = values.get(field.key)
        try:
            parsed = parse_one(field, as_typed(field, value, currency), currency)
            shown = (as_shown(field, value, currency), as_shown(field, parsed, currency))
            same = type(parsed) is type(value) and shown[0] == shown[1]
        except Invalid as error:
            errors[field.key] = error.message
            continue
        except (TypeError, ValueError, ArithmeticError):
            same = False
        if not same and not (field.kind is FieldKind.BOOL and value is None):
            errors[field.key] = T("This value cannot be taken.")
    return errors


def parse_one(field: SettingField, raw: object, currency: str) -> Any:
    """One value, None when an optional field is empty; `Invalid` says what is wrong with it."""
    if field.kind is FieldKind.BOOL:
        return raw if isinstance(raw, bool) else str(raw or "").strip().lower() in {"1", "true", "on", "yes", "y"}
    text = str(raw).strip() if raw is not None else ""
    if field.kind is FieldKind.TEXT:
        text = _text(field, text)
    if not text:
        if field.required:
            raise Invalid(T("This is needed."), field.key)
        return None
    if field.kind is FieldKind.TEXT:
        return text
    if field.kind is FieldKind.CHOICE:
        return _choice(field, text)
    if field.kind is FieldKind.DATE:
        return parse_date(text).isoformat()
    return _number(field, text, currency)


def _text(field: SettingField, text: str) -> str:
    if len(text) > MAX_TEXT:
        raise Invalid(T("At most %(count)s characters.", count=MAX_TEXT), field.key)
    return typed.text(text, field.key)


def _choice(field: SettingField, text: str) -> str:
    if text not in dict(field.choices):
        raise Invalid(T("Choose one of the list."), field.key)
    return text


def _number(field: SettingField, text: str, currency: str) -> int | str:
    text = text.rstrip("%").strip() if field.kind is FieldKind.PERCENT else text
    text = text.removesuffix(currency).removeprefix(currency).strip() if field.kind is FieldKind.MONEY else text
    number = parse_number(text)
    if field.minimum is not None and number < field.minimum:
        raise Invalid(T("At least %(number)s.", number=Decimal(field.minimum)), field.key)
    if field.maximum is not None and number > field.maximum:
        raise Invalid(T("At most %(number)s.", number=Decimal(field.maximum)), field.key)
    if field.kind is FieldKind.PERCENT:
        return format(number.normalize(), "f")
    if field.kind is FieldKind.MONEY:
        return _minor(field, number, currency)
    if number != number.to_integral_value():
        raise Invalid(T("Enter a whole number."), field.key)
    return int(number)


def _minor(field: SettingField, number: Decimal, currency: str) -> int:
    try:
        amount = Money.from_decimal(number, currency)
    except ValueError:
        message = T("%(currency)s has at most %(digits)s decimals.", currency=currency, digits=exponent(currency))
        raise Invalid(message, field.key) from None
    if abs(amount.minor) > typed.MOST_MINOR:
        raise Invalid(T("This amount is too large."), field.key)
    return amount.minor


def as_typed(field: SettingField, value: Any, currency: str) -> str:
    """A stored value as a person would type it into the form, with a decimal point."""
    if value is None:
        return ""
    if field.kind is FieldKind.MONEY:
        return format(Money(value, currency).decimal, "f")
    if field.kind is FieldKind.BOOL:
        return "1" if value else ""
    return str(value)


def as_shown(field: SettingField, value: Any, currency: str) -> Any:
    """A stored value as a message parameter: `Money`, `Decimal`, `date` or the choice's label."""
    if value is None:
        return ""
    if field.kind is FieldKind.MONEY:
        return Money(value, currency)
    if field.kind is FieldKind.PERCENT:
        return Decimal(value)
    if field.kind is FieldKind.DATE:
        return date.fromisoformat(value)
    if field.kind is FieldKind.CHOICE:
        return dict(field.choices).get(value, value)
    return value
