"""Numbers are written as CLDR says, whichever shorter way writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel import Locale
from babel.numbers import format_currency, format_decimal, format_percent, get_minus_sign_symbol
from hypothesis import given
from hypothesis import strategies as st

from core import i18n
from core.money import Money, exponent

NBSP = "\xa0"
CURRENCIES = ("EUR", "SEK", "NOK", "ISK", "KWD", "JPY", "USD")
locales = st.sampled_from(sorted(i18n.LOCALES))


def signed(told: str, locale: str) -> str:
    """Babel writes a hyphen where CLDR has a minus sign."""
    return told.replace("-", get_minus_sign_symbol(locale))


@given(locales, st.integers(-(10**15), 10**15), st.sampled_from(CURRENCIES))
def test_money_is_written_as_babel_writes_it(locale, minor, currency):
    locale_of = Locale.parse(i18n.FORMATS.get(locale, locale))
    decimals = "." + "0" * exponent(currency) if exponent(currency) else ""  # ISO 4217's, not CLDR's display digits
    pattern = locale_of.currency_formats["standard"].pattern.replace(".00", decimals)
    amount = Money(minor, currency)
    expected = format_currency(amount.decimal, currency, pattern, locale=locale_of, currency_digits=False)
    with i18n.in_locale(locale):
        assert i18n.money(amount).replace(NBSP, "") == signed(expected, locale).replace(NBSP, "")


@given(locales, st.integers(-(10**15), 10**15))
def test_whole_numbers_are_written_as_babel_writes_them(locale, value):
    with i18n.in_locale(locale):
        assert i18n.number(value) == signed(format_decimal(value, locale=i18n.FORMATS.get(locale, locale)), locale)


@given(locales, st.integers(-(10**9), 10**9), st.integers(0, 3))
def test_percentages_are_written_as_babel_writes_them(locale, millionths, digits):
    share = Decimal(millionths) / 1_000_000
    decimals = "." + "0" * digits if digits else ""
    expected = format_percent(share, f"#,##0{decimals}{'' if locale == 'en' else NBSP}%", locale=locale)
    with i18n.in_locale(locale):
        told = i18n.percent(share, digits)
    assert told == expected or told.strip("-\N{MINUS SIGN}") == expected.strip("-\N{MINUS SIGN}")
    assert ("-" in told or "\N{MINUS SIGN}" in told) == (round(share, digits + 2) < 0)  # nothing is less than "0.0 %"


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("en", "€1,234.50 SEK 1,234.50"),
        ("fi", "1 234,50 € 1 234,50 SEK"),
        ("sv", "1 234,50 € 1 234,50 kr"),
        ("nb", "1 234,50 € 1 234,50 SEK"),
    ],
)
def test_an_amount_in_every_language(locale, told):
    with i18n.in_locale(locale):
        amounts = i18n.money(Money(123_450, "EUR")), i18n.money(Money(123_450, "SEK"))
    assert " ".join(amounts).replace(NBSP, " ") == told
