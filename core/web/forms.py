"""The base of all forms: CSRF, our languages, and fields for money, percentages and dates."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, Field, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, StopValidation, ValidationError
from wtforms.widgets import TextInput

from core import typed
from core.csv_input import parse_date, parse_integer, parse_number
from core.errors import Invalid
from core.i18n import current_locale, gettext
from core.money import Money
from core.plugin_api.text import Text


class _Translations:
    """WTForms' few messages, in our catalogues."""

    def gettext(self, string: str) -> str:
        return gettext(string)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return gettext(singular if n == 1 else plural)


class BaseForm(FlaskForm):
    """The parent of our forms: strips text, keeps what was typed, speaks the reader's language."""

    class Meta(FlaskForm.Meta):
        """WTForms' settings."""

        def get_translations(self, form: Any) -> _Translations:
            """Our catalogues instead of WTForms' own."""
            return _Translations()

        def bind_field(self, form: Any, unbound: Any, options: dict[str, Any]) -> Any:
            """Let no text field carry what nobody can see; a password may be anything."""
            if issubclass(unbound.field_class, StringField) and "Password" not in unbound.field_class.__name__:
                options = {**options, "filters": [*unbound.kwargs.get("filters", ()), _clean]}
                unbound = unbound.__class__(
                    unbound.field_class, *unbound.args, **{k: v for k, v in unbound.kwargs.items() if k != "filters"}
                )
            return unbound.bind(form=form, **options)

    def blame(self, field: str | None, message: Text) -> None:
        """Put a service's message at a field, or at the form when there is no such field."""
        if field in self._fields:
            self._fields[field].errors = [*self._fields[field].errors, str(message)]
        else:
            self.form_errors.append(str(message))


def _clean(value: str | None) -> str | None:
    try:
        return typed.text(value) if value else value
    except Invalid as error:
        raise ValueError(str(error.message)) from None


class Required:
    """A value must be given. Kept apart from WTForms' own so that the message is ours."""

    field_flags = {"required": True}

    def __call__(self, form: Any, field: Field) -> None:
        """Stop at an empty field."""
        if field.data is None or (isinstance(field.data, str) and not field.data.strip()) or field.data == []:
            if field.errors:
                raise StopValidation()
            raise StopValidation(gettext("Fill in this field."))


class AtMost(Length):
    """At most so many characters."""

    def __init__(self, count: int) -> None:
        """Keep the count."""
        super().__init__(max=count)
        self.count = count

    def __call__(self, form: Any, field: Field) -> None:
        """Refuse what is longer than the column."""
        if field.data and len(field.data) > self.count:
            raise StopValidation(gettext("Use at most %(count)s characters.", count=self.count))


class NumberField(Field):
    """A number as people write it: `1 234,50` and `1,234.50` are both read. Data is a Decimal."""

    widget = TextInput()
    input_mode = "decimal"

    def __init__(
        self, *args: Any, low: Decimal | int | None = None, high: Decimal | int | None = None, **kw: Any
    ) -> None:
        """Keep the bounds."""
        super().__init__(*args, **kw)
        self.low, self.high = low, high

    def _read(self, text: str) -> Decimal:
        return parse_number(text)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else _plain(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number, refuse what is none or out of bounds."""
        self.data = None
        if not valuelist or not valuelist[0].strip():
            return
        try:
            number = self._read(valuelist[0])
        except Invalid:
            raise ValueError(gettext("Write a number, for example 1234.50.")) from None
        if self.low is not None and number < self.low:
            raise ValueError(gettext("Write %(low)s or more.", low=Decimal(self.low)))
        if self.high is not None and number > self.high:
            raise ValueError(gettext("Write %(high)s or less.", high=Decimal(self.high)))
        self.data = self._convert(number)

    def _convert(self, number: Decimal) -> Any:
        return number


class WholeField(NumberField):
    """A whole number. Data is an int."""

    input_mode = "numeric"

    def _read(self, text: str) -> Decimal:
        """Platforms shorten counts, and people copy them: `1,2k`."""
        short = text.strip()[-1:].lower() in ("k", "m")
        return Decimal(parse_integer(text)) if short else parse_number(text)

    def _convert(self, number: Decimal) -> int:
        if number != number.to_integral_value():
            raise ValueError(gettext("Write a whole number."))
        return int(number)


class MoneyField(NumberField):
    """An amount in a currency that the view sets with `field.currency = ...`. Data is Money."""

    currency = "EUR"

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else _plain(self.data.decimal)

    def _convert(self, number: Decimal) -> Decimal:
        return number

    def post_validate(self, form: Any, validation_stopped: bool) -> None:
        """Turn the number into Money once the currency is known."""
        if isinstance(self.data, Decimal):
            try:
                self.data = Money.from_decimal(self.data, self.currency)
            except ValueError:
                raise ValidationError(gettext("%(currency)s has fewer decimals.", currency=self.currency)) from None
            if abs(self.data.minor) > typed.MOST_MINOR:
                raise ValidationError(gettext("This amount is too large."))


class DayField(DateField):
    """A day of this century, picked or typed as `2026-09-14` or `14.9.2026`. Data is a date."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the day, refuse what is none."""
        self.data = None
        if valuelist and valuelist[0].strip():
            try:
                self.data = parse_date(valuelist[0])
            except Invalid as error:
                raise ValueError(str(error.message)) from None


def _plain(value: Decimal | int) -> str:
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text.replace(".", ",") if current_locale() != "en" else text


class ChoiceField(SelectField):
    """A choice among (value, label) pairs; labels are translated when shown.

    A view may set `form.x.choices = [(value, label), ...]` later.
    """

    def __init__(
        self,
        label: Any = None,
        validators: Any = None,
        *,
        options: Iterable[tuple[str, Any]] = (),
        blank: Any = None,
        **kw: Any,
    ) -> None:
        """`blank` is the label of an empty first choice."""
        pairs = [("", blank), *options] if blank is not None else list(options)
        super().__init__(label, validators, choices=_choices(pairs), validate_choice=False, **kw)

    def __setattr__(self, name: str, value: Any) -> None:
        """Take pairs where WTForms wants its own class."""
        super().__setattr__(name, _choices(value) if name == "choices" and value is not None else value)

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not on the list."""
        if self.data not in {choice.value for choice in self.choices}:
            raise StopValidation(gettext("Choose one of the list."))


class ChoicesField(SelectMultipleField):
    """Several of (value, label) pairs, as boxes to tick."""

    def __init__(self, label: Any = None, *, options: Iterable[tuple[str, Any]] = (), **kw: Any) -> None:
        """Keep the pairs."""
        super().__init__(label, choices=_choices(options), validate_choice=False, **kw)

    def __setattr__(self, name: str, value: Any) -> None:
        """Take pairs where WTForms wants its own class."""
        super().__setattr__(name, _choices(value) if name == "choices" and value is not None else value)

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not on the list."""
        if set(self.data or ()) - {choice.value for choice in self.choices}:
            raise StopValidation(gettext("Choose from the list."))


def _choices(pairs: Iterable[Any]) -> list[SelectChoice]:
    return [pair if isinstance(pair, SelectChoice) else SelectChoice(*pair) for pair in pairs]
