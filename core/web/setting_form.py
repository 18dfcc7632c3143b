"""The form of a plugin's settings in one scope, made of what the plugin declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wtforms import BooleanField, Field, HiddenField

from core.accounts.models import Brand
from core.i18n import gettext
from core.plugin_api.fields import Errors, FieldKind
from core.plugin_api.text import T, Tc
from core.plugin_host.declared import ANY_CURRENCY
from core.plugin_host.settings import Known, Passed, Setting, Source
from core.web.forms import BaseForm, ChoiceField
from core.web.setting_fields import YES_NO, data_of, input_of, raw_of, said_of, unit_of


@dataclass(frozen=True)
class Line:
    """A setting as the page shows it: its field, and a sentence on what holds and where it comes from."""

    setting: Setting
    field: Field
    unit: str | None
    note: str
    origin: str
    forget: Field | None

    @property
    def tone(self) -> str:
        """The colour of the origin: set here, missing, or as it comes."""
        return "bad" if self.setting.lacking else "info" if self.setting.own else "quiet"


class SettingsForm:
    """`form` is what the macros take, `lines` its settings. An empty field goes back to what holds without it."""

    def __init__(self, settings: Sequence[Setting], brand: Brand | None) -> None:
        """Start from what was filled in for the brand, or for the installation; a secret is never put in."""
        self.brand, self.currency = brand, brand.currency if brand else ANY_CURRENCY
        self._settings = {one.field.key: one for one in settings}
        fields: dict[str, Any] = {"brand": HiddenField()}
        for key, one in self._settings.items():
            fields[f"own-{key}"] = self._input(one)
            if one.field.secret and one.own:
                fields[f"forget-{key}"] = BooleanField(T("Remove it"))
        self.form = type("PluginSettings", (BaseForm,), fields)(data=self._typed())
        self.form["brand"].data = brand.public_id if brand else ""
        self.lines = [self._line(one) for one in settings]

    def sent(self) -> bool:
        """Whether the form was sent and can be read."""
        return bool(self.form.validate_on_submit())

    @property
    def raw(self) -> dict[str, object]:
        """What was typed, by setting."""
        return {key: raw_of(self.form[f"own-{key}"]) for key in self._settings}

    @property
    def forgotten(self) -> set[str]:
        """The secrets to remove."""
        return {key for key in self._settings if f"forget-{key}" in self.form and self.form[f"forget-{key}"].data}

    def blame(self, errors: Errors) -> None:
        """Put the messages at their fields."""
        for key, message in errors.items():
            self.form.blame(f"own-{key}" if key else None, message)

    def warn(self) -> None:
        """Say at each field what was filled in and is passed over, as after an upgrade, and what holds instead."""
        for one in self._settings.values():
            if one.passed:
                now = self._said(one, one.now) if one.now and not one.field.secret else ""
                told = {"value": _shown(one.passed), "why": one.passed.why}
                self.form.blame(
                    f"own-{one.field.key}",
                    T("“%(value)s” is passed over: %(why)s This holds instead: %(now)s", now=now, **told)
                    if now
                    else T("“%(value)s” is passed over: %(why)s Nothing holds instead.", **told),
                )

    def _input(self, one: Setting) -> Any:
        spec = one.field
        if spec.secret or spec.kind not in (FieldKind.BOOL, FieldKind.CHOICE):
            return input_of(spec)
        blank = T("As it is: %(value)s", value=self._said(one, one.below)) if one.below else Tc("choice", "None")
        options = YES_NO if spec.kind is FieldKind.BOOL else spec.choices
        return ChoiceField(spec.label, options=list(options), blank=blank, description=spec.help or "")

    def _typed(self) -> dict[str, Any]:
        return {f"own-{key}": self._value(one) for key, one in self._settings.items() if one.own}

    def _value(self, one: Setting) -> Any:
        value = one.own.value if one.own else None
        if one.field.kind is FieldKind.BOOL:
            return "1" if value else "0"
        return None if one.field.secret else data_of(one.field, value, self.currency)

    def _line(self, one: Setting) -> Line:
        key = one.field.key
        forget = self.form._fields.get(f"forget-{key}")
        unit, found = unit_of(one.field, self.currency), self.form[f"own-{key}"]
        found.flags.required = one.field.required  # what is needed is not called optional
        return Line(one, found, unit, self._note(one), self._origin(one), forget)

    def _origin(self, one: Setting) -> str:
        if one.now is None:
            return gettext("Missing") if one.field.required else gettext("Not set")
        return self.brand.name if self.brand and one.now.source is Source.BRAND else str(one.now.source.label)

    def _note(self, one: Setting) -> str:
        return " ".join(filter(None, (self._standing(one), self._passed_below(one))))

    def _passed_below(self, one: Setting) -> str:
        """That the installation says something which does not hold; whoever mends it sees it in its own form."""
        if one.passed_below is None:
            return ""
        told = {"value": _shown(one.passed_below), "why": one.passed_below.why}
        return gettext("The installation says “%(value)s”, which is passed over: %(why)s", **told)

    def _standing(self, one: Setting) -> str:
        now, moment = one.now, one.now.at if one.now else None
        if now is None:
            return ""
        if one.field.secret:
            if one.own:
                return gettext("Set on %(moment)s. It is never shown; an empty field keeps it.", moment=moment)
            return gettext("Set on %(moment)s. It is used until another is typed in here.", moment=moment)
        if not one.own:
            return gettext("In force: %(value)s", value=self._said(one, now))
        if one.below is None:
            return gettext("Set on %(moment)s.", moment=moment)
        value = self._said(one, one.below)
        return gettext("Set on %(moment)s. An empty field goes back to: %(value)s", moment=moment, value=value)

    def _said(self, one: Setting, known: Known | None) -> str:
        return said_of(one.field, known.value, self.currency) if known else ""


def _shown(passed: Passed) -> str:
    return "•••" if passed.value is None else str(passed.value)
