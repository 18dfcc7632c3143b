"""Languages: which there are, which one is current, and how values are written in it.

One context variable holds the locale; faces set it per request, jobs per mail. Plugins add
their own gettext domains; a message that a catalogue lacks falls back to its English id.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_date, format_time, format_timedelta, get_datetime_format
from babel.numbers import NumberPattern, format_decimal, format_percent, parse_pattern
from babel.support import NullTranslations, Translations

from core import clock
from core.money import Money, exponent
from core.plugin_api.text import Text, set_translator

LOCALES = {"en": "English", "fi": "Suomi", "sv": "Svenska", "nb": "Norsk bokmål"}
DEFAULT_LOCALE = "en"
FORMATS = {"en": "en_GB"}  # English of Europe: 4 Nov 2026, 14:05
ROOT = Path(__file__).resolve().parent.parent
_domains: dict[str, Path] = {"messages": ROOT / "translations"}
_locale: ContextVar[str] = ContextVar("locale", default=DEFAULT_LOCALE)
_zone: ContextVar[str] = ContextVar("zone", default="UTC")


def add_domain(domain: str, folder: Path) -> None:
    """Let a plugin's catalogues answer for its own domain."""
    _domains[domain] = folder


def current_locale() -> str:
    """The language of whoever reads now."""
    return _locale.get()


def _format() -> str:
    return FORMATS.get(_locale.get(), _locale.get())


def current_zone() -> str:
    """The time zone of whoever reads now."""
    return _zone.get()


def set_locale(locale: str, zone: str = "UTC") -> None:
    """Choose the language and zone for what follows in this context."""
    _locale.set(locale if locale in LOCALES else DEFAULT_LOCALE)
    _zone.set(zone)


@contextmanager
def in_locale(locale: str, zone: str = "UTC") -> Iterator[None]:
    """Speak a language for a block: a mail, a document."""
    locale_token, zone_token = _locale.set(locale if locale in LOCALES else DEFAULT_LOCALE), _zone.set(zone)
    try:
        yield
    finally:
        _locale.reset(locale_token)
        _zone.reset(zone_token)


def negotiate(wanted: list[str]) -> str:
    """The best of our languages for an Accept-Language list; Norwegian `no` and `nn` read bokmål."""
    aliases = ["nb" if w.replace("-", "_").split("_")[0] in ("no", "nn") else w.replace("-", "_") for w in wanted]
    return negotiate_locale(aliases, list(LOCALES)) or DEFAULT_LOCALE


@cache
def _catalogue(domain: str, locale: str) -> NullTranslations:
    folder = _domains.get(domain)
    if folder is None or locale == DEFAULT_LOCALE:
        return NullTranslations()
    return Translations.load(str(folder), [locale], domain)


def gettext(msgid: str, **params: Any) -> str:
    """A message of core in the current language, its parameters filled in and formatted."""
    return translate("messages", msgid, params)


def ngettext(singular: str, plural: str, num: int, **params: Any) -> str:
    """The right plural form for `num`, which is also the parameter `num`."""
    found = _catalogue("messages", _locale.get()).ungettext(singular, plural, num)
    return found % {"num": number(num), **_shown(params)}


def translate(domain: str, msgid: str, params: Mapping[str, Any]) -> str:
    """A message of any domain in the current language; a damaged translation falls back to English."""
    found = _catalogue(domain, _locale.get()).ugettext(msgid) if msgid else ""
    if not params:
        return found.replace("%%", "%") if "%%" in found else found
    shown = _shown(params)
    try:
        return found % shown
    except (KeyError, ValueError, TypeError):
        return msgid % shown


def _shown(params: Mapping[str, Any]) -> dict[str, Any]:
    return {key: show(value) for key, value in params.items()}


def show(value: Any) -> Any:
    """A value as its reader writes it: money, dates and decimals by locale, the rest as it is."""
    if isinstance(value, Money):
        return money(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, Text):
        return str(value)
    return value


@cache
def _money_pattern(locale: str, digits: int) -> NumberPattern:
    """The locale's pattern with exactly the currency's own decimals; made once, since parsing is slow."""
    pattern = copy.copy(parse_pattern(Locale.parse(locale).currency_formats["standard"].pattern))
    pattern.frac_prec = (digits, digits)
    return pattern


def money(amount: Money) -> str:
    """An amount with all decimals of its currency by ISO 4217, e.g. `1 234,50 €`."""
    pattern = _money_pattern(_format(), exponent(amount.currency))
    return str(pattern.apply(amount.decimal, _format(), currency=amount.currency, currency_digits=False))


def number(value: int | Decimal) -> str:
    """A number with the reader's separators."""
    return str(format_decimal(value, locale=_format()))


def percent(value: Decimal | int, digits: int = 1) -> str:
    """`value` is a share (0.034 is 3.4 %)."""
    pattern = "#,##0." + "0" * digits + "%" if _locale.get() == "en" else "#,##0." + "0" * digits + "\xa0%"
    return str(format_percent(value, pattern if digits else None, locale=_locale.get()))


def day(value: date, style: str = "medium") -> str:
    """A date as the reader writes it."""
    return str(format_date(value, style, locale=_format()))


def moment(value: datetime) -> str:
    """A point in time in the reader's zone."""
    local, locale = value.astimezone(ZoneInfo(_zone.get())), _format()
    parts = format_time(local, "short", locale=locale), format_date(local.date(), "medium", locale=locale)
    return str(get_datetime_format("medium", locale=locale)).format(*parts).replace("'", "")


def ago(value: datetime) -> str:
    """How long ago, or in how long: `2 hours ago`."""
    delta: timedelta = value - clock.now()
    return str(format_timedelta(delta, add_direction=True, locale=_locale.get(), threshold=1.1))


def country(code: str) -> str:
    """A country's name; the code itself when CLDR has none."""
    return str(Locale.parse(_locale.get()).territories.get(code, code))


def language(code: str) -> str:
    """A language's name in the reader's language."""
    return str(Locale.parse(_locale.get()).languages.get(code, code))


def compile_catalogues(folder: Path) -> int:
    """Compile each `.po` below `folder` whose `.mo` is missing or older; returns how many."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    count = 0
    for po in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        with po.open("rb") as source:
            catalogue = read_po(source, locale=po.parts[-3])
        temporary = mo.with_suffix(".mo.new")
        with temporary.open("wb") as target:
            write_mo(target, catalogue)
        temporary.replace(mo)
        count += 1
    _catalogue.cache_clear()
    return count


set_translator(translate)
