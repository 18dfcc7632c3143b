"""How a declared `SettingField` is entered and shown: one field of a form, in the reader's own way of writing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from wtforms import BooleanField, Field, PasswordField, StringField
from wtforms.validators import Optional

from core.i18n import current_locale, percent, show
from core.plugin_api.fields import MAX_TEXT, FieldKind, SettingField, as_shown, as_typed
from core.plugin_api.text import T, Tc, Text, Tn
from core.web.forms import ChoiceField, DayField

NUMERIC = {
    FieldKind.MONEY: "decimal",
    FieldKind.PERCENT: "decimal",
    FieldKind.INTEGER: "numeric",
    FieldKind.DAYS: "numeric",
}
YES_NO = (("1", Tc("answer", "Yes")), ("0", Tc("answer", "No")))


def field_of(spec: SettingField) -> Any:
    """An empty field for it."""
    help = spec.help or ""
    if spec.kind is FieldKind.CHOICE:
        blank = None if spec.required else T("None")
        return ChoiceField(spec.label, options=list(spec.choices), blank=blank, description=help)
    if spec.kind is FieldKind.BOOL:
        return BooleanField(spec.label, description=help)
    if spec.kind is FieldKind.DATE:
        return DayField(spec.label, [Optional()], description=help)
    mode = NUMERIC.get(spec.kind)
    return StringField(spec.label, description=help, render_kw={"inputmode": mode} if mode else None)


def input_of(spec: SettingField) -> Any:
    """An empty field for it, a password field for a secret."""
    if not spec.secret:
        return field_of(spec)
    kept = {"autocomplete": "new-password", "spellcheck": "false", "maxlength": MAX_TEXT}
    return PasswordField(spec.label, description=spec.help or "", render_kw=kept)


def data_of(spec: SettingField, value: Any, currency: str) -> Any:
    """A stored value as the data of its field."""
    if spec.kind is FieldKind.BOOL:
        return bool(value)
    if spec.kind is FieldKind.DATE and value:
        return date.fromisoformat(value)
    typed = as_typed(spec, value, currency)
    return typed.replace(".", ",") if spec.kind in NUMERIC and current_locale() != "en" else typed


def raw_of(found: Field) -> object:
    """What was typed, as the plugin's own reading takes it."""
    if isinstance(found, BooleanField):
        return bool(found.data)
    return found.raw_data[0] if found.raw_data else ""


def unit_of(spec: SettingField, currency: str) -> str | None:
    """What stands beside the field."""
    return {FieldKind.MONEY: currency, FieldKind.PERCENT: "%"}.get(spec.kind)


def said_of(spec: SettingField, value: Any, currency: str) -> str:
    """A stored value as a part of a sentence."""
    if spec.kind is FieldKind.BOOL:
        return str(dict(YES_NO)["1" if value else "0"])
    if spec.kind is FieldKind.DAYS:
        return str(Tn("%(num)s day", "%(num)s days", value))
    if spec.kind is FieldKind.PERCENT:
        share = Decimal(value)
        return percent(share / 100, max(0, -int(share.normalize().as_tuple().exponent)))
    found = as_shown(spec, value, currency)
    return str(found) if isinstance(found, Text) else str(show(found))
