"""Countries and currencies for people to choose from; names come from CLDR in the reader's language."""

from __future__ import annotations

from typing import NamedTuple

from babel import Locale

from core.errors import Invalid
from core.i18n import country, current_locale
from core.plugin_api.text import T


class Country(NamedTuple):
    """What a country brings by default."""

    currency: str
    timezone: str
    language: str


COUNTRIES = {
    "FI": Country("EUR", "Europe/Helsinki", "fi"),
    "SE": Country("SEK", "Europe/Stockholm", "sv"),
    "NO": Country("NOK", "Europe/Oslo", "nb"),
    "DK": Country("DKK", "Europe/Copenhagen", "da"),
    "IS": Country("ISK", "Atlantic/Reykjavik", "is"),
    "AX": Country("EUR", "Europe/Mariehamn", "sv"),
    "EE": Country("EUR", "Europe/Tallinn", "et"),
    "LV": Country("EUR", "Europe/Riga", "lv"),
    "LT": Country("EUR", "Europe/Vilnius", "lt"),
    "DE": Country("EUR", "Europe/Berlin", "de"),
    "AT": Country("EUR", "Europe/Vienna", "de"),
    "CH": Country("CHF", "Europe/Zurich", "de"),
    "FR": Country("EUR", "Europe/Paris", "fr"),
    "BE": Country("EUR", "Europe/Brussels", "nl"),
    "NL": Country("EUR", "Europe/Amsterdam", "nl"),
    "LU": Country("EUR", "Europe/Luxembourg", "fr"),
    "ES": Country("EUR", "Europe/Madrid", "es"),
    "PT": Country("EUR", "Europe/Lisbon", "pt"),
    "IT": Country("EUR", "Europe/Rome", "it"),
    "IE": Country("EUR", "Europe/Dublin", "en"),
    "GB": Country("GBP", "Europe/London", "en"),
    "PL": Country("PLN", "Europe/Warsaw", "pl"),
    "CZ": Country("CZK", "Europe/Prague", "cs"),
    "US": Country("USD", "America/New_York", "en"),
    "CA": Country("CAD", "America/Toronto", "en"),
    "AU": Country("AUD", "Australia/Sydney", "en"),
    "NZ": Country("NZD", "Pacific/Auckland", "en"),
    "JP": Country("JPY", "Asia/Tokyo", "ja"),
    "KR": Country("KRW", "Asia/Seoul", "ko"),
    "IN": Country("INR", "Asia/Kolkata", "hi"),
}
CURRENCIES = ("EUR", "SEK", "NOK", "DKK", "ISK", "GBP", "CHF", "PLN", "CZK", "USD", "CAD", "AUD", "JPY", "KRW", "INR")
NO_COUNTRIES = frozenset({"CQ", "EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})  # what CLDR lists beside countries
POSTCODE_DIGITS = {"FI": 5, "AX": 5, "SE": 5, "NO": 4, "DK": 4}
NORDIC = ("FI", "SE", "NO", "DK", "IS", "AX")


def check_postcode(country_code: str, raw: str, field: str = "postcode") -> str:
    """A postcode, trimmed; where the country's are of so many digits, another one is `Invalid`."""
    told = " ".join(raw.split())
    count = POSTCODE_DIGITS.get(country_code)
    digits = told.upper().removeprefix(country_code).lstrip("- ").replace(" ", "")
    if count and not (digits.isascii() and digits.isdigit() and len(digits) == count):
        raise Invalid(T("A postcode of this country has %(count)s digits.", count=count), field)
    return told


def country_choices(every: bool = False) -> list[tuple[str, str]]:
    """Countries by name, the Nordic ones first; `every` takes all of CLDR's, for addresses."""
    known = (str(code) for code in Locale.parse("en").territories)
    every_code = (c for c in known if len(c) == 2 and c.isalpha() and c not in NO_COUNTRIES)
    codes = list(every_code) if every else list(COUNTRIES)
    rest = sorted(((code, country(code)) for code in codes if code not in NORDIC), key=lambda pair: pair[1].casefold())
    return [(code, country(code)) for code in NORDIC] + rest


def currency_choices() -> list[tuple[str, str]]:
    """Currencies as `EUR, euro`."""
    names = Locale.parse(current_locale()).currencies
    return [(code, f"{code}, {names.get(code, code)}") for code in CURRENCIES]
