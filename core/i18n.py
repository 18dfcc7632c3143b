"""Languages: which there are, which one is current, and how values are written in it.

One context variable holds the locale; faces set it per request, jobs per mail. Plugins add
their own gettext domains; a message that a catalogue lacks falls back to its English id.
"""

from __future__ import annotations

import copy
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_date, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_decimal, get_minus_sign_symbol, parse_pattern
from babel.support import NullTranslations, Translations

from core import clock
from core.money import Money, exponent
from core.plugin_api.text import Text, fill, set_translator

LOCALES = {"en": "English", "fi": "Suomi", "sv": "Svenska", "nb": "Norsk bokmål"}
DEFAULT_LOCALE = "en"
FORMATS = {"en": "en_GB"}  # English of Europe: 4 Nov 2026, 14:05
log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parent.parent
_domains: dict[str, Path] = {"messages": ROOT / "translations"}
_locale: ContextVar[str] = ContextVar("locale", default=DEFAULT_LOCALE)
_zone: ContextVar[str] = ContextVar("zone", default="UTC")


def add_domain(domain: str, folder: Path) -> None:
    """Let a plugin's catalogues answer for its own domain; what they lack core's answer, and last the English id."""
    _domains[domain] = folder
    _catalogue.cache_clear()


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
    if locale == DEFAULT_LOCALE:
        return NullTranslations()
    found = _load(_domains[domain], domain, locale) if domain in _domains else NullTranslations()
    if domain != "messages":
        found.add_fallback(_catalogue("messages", locale))
    return found


def _load(folder: Path, domain: str, locale: str) -> NullTranslations:
    """The compiled catalogue; a plugin may ship the source alone, which is then compiled in memory."""
    source = folder / locale / "LC_MESSAGES" / f"{domain}.po"
    if source.with_suffix(".mo").exists() or not source.exists():
        return Translations.load(str(folder), [locale], domain)
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=locale))
    compiled.seek(0)
    return Translations(compiled, domain)


def gettext(msgid: str, **params: Any) -> str:
    """A message of core in the current language, its parameters filled in and formatted."""
    return translate(Text(msgid, params))


def pgettext(context: str, msgid: str, **params: Any) -> str:
    """A message whose English means something else elsewhere; `context` tells them apart."""
    return translate(Text(msgid, params, context=context))


def ngettext(singular: str, plural: str, num: int, **params: Any) -> str:
    """The right plural form for `num`, which is also the parameter `num`."""
    return translate(Text(singular, params | {"num": num}, plural=plural))


def translate(text: Text) -> str:
    """A message of any domain in the current language; it never raises, for a page is worth more than a word on it.

    A damaged translation falls back to English. What cannot be filled in at all shows as it is written, and is logged.
    """
    try:
        return _told(text)
    except Exception:
        log.exception("a message of %s cannot be filled in: %r", text.domain, text.msgid)
        return str(text.msgid)


def _told(text: Text) -> str:
    found = _found(text) if text.msgid else ""
    if not text.params:
        return found.replace("%%", "%") if "%%" in found else found
    shown = _shown(text.params)
    if text.plural:
        shown["num"] = number(text.params["num"])
    try:
        return fill(found, shown)
    except KeyError:
        return fill(text.english, shown)


def _found(text: Text) -> str:
    catalogue = _catalogue(text.domain, _locale.get())
    if text.plural:
        num = text.params["num"]
        if text.context:
            return str(catalogue.unpgettext(text.context, text.msgid, text.plural, num))
        return catalogue.ungettext(text.msgid, text.plural, num)
    return str(catalogue.upgettext(text.context, text.msgid)) if text.context else catalogue.ugettext(text.msgid)


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
        return exact(value)
    if isinstance(value, Text):
        return str(value)
    return value


@dataclass(frozen=True, slots=True)
class _Shape:
    """What surrounds and parts the digits of a number, read once from CLDR's pattern, since applying that is slow."""

    before: str
    after: str
    minus_before: str
    minus_after: str
    group: str
    point: str
    digits: int

    def write(self, units: int) -> str:
        """`units` of the last decimal: with two digits 123456 is `1,234.56`."""
        whole, rest = divmod(abs(units), 10**self.digits)
        body = f"{whole:,}".replace(",", self.group)
        if self.digits:
            body = f"{body}{self.point}{rest:0{self.digits}}"
        return f"{self.minus_before}{body}{self.minus_after}" if units < 0 else f"{self.before}{body}{self.after}"


_SAMPLE = re.compile(r"(?P<before>\D*)1(?P<group>\D*)234(?P=group)567(?:(?P<point>\D)0+)?(?P<after>\D*)")


@cache
def _shape(locale: str, pattern: str, digits: int, currency: str | None = None) -> _Shape:
    known = copy.copy(parse_pattern(pattern))
    known.frac_prec = (digits, digits)

    def sample(number: int) -> tuple[str, str, str, str]:
        value = Decimal(number) / (100 if "%" in pattern else 1)
        told = str(known.apply(value, Locale.parse(locale), currency=currency, currency_digits=False))
        found = _SAMPLE.fullmatch(_signed(told, locale))
        if found is None:  # a locale that groups otherwise than by thousands, or has digits of its own
            raise ValueError(f"{locale} writes {told!r}")
        gap = "\xa0" if found["before"][-1:].isalpha() else ""  # CLDR parts letters from digits: SEK 500
        return found["before"] + gap, found["group"], found["point"] or "", found["after"]

    before, group, point, after = sample(1_234_567)
    minus_before, _, _, minus_after = sample(-1_234_567)
    return _Shape(before, after, minus_before, minus_after, group, point, digits)


@cache
def _pattern(locale: str, kind: str) -> str:
    known = Locale.parse(locale)
    patterns = {"money": known.currency_formats["standard"], "number": known.decimal_formats[None]}
    return str(patterns[kind].pattern)


def money(amount: Money) -> str:
    """An amount with all decimals of its currency by ISO 4217, e.g. `1 234,50 €`."""
    locale = _format()
    return _shape(locale, _pattern(locale, "money"), exponent(amount.currency), amount.currency).write(amount.minor)


def number(value: int | Decimal) -> str:
    """A number with the reader's separators; a decimal keeps at most three decimals."""
    locale = _format()
    if isinstance(value, int):
        return _shape(locale, _pattern(locale, "number"), 0).write(value)
    return _signed(str(format_decimal(value, locale=locale)), locale)


def exact(value: Decimal) -> str:
    """A decimal with all that it has: shares and rates that people agree on are never rounded for a page."""
    locale = _format()
    return _signed(str(format_decimal(value, locale=locale, decimal_quantization=False)), locale)


def _signed(told: str, locale: str) -> str:
    """Babel leaves a hyphen; CLDR wants a minus sign in the Nordic languages."""
    return told.replace("-", get_minus_sign_symbol(locale))


def percent(value: Decimal | int, digits: int = 1) -> str:
    """`value` is a share (0.034 is 3.4 %), rounded half-even to `digits` decimals."""
    pattern = "#,##0%" if _locale.get() == "en" else "#,##0\xa0%"
    units = (Decimal(value) * 10 ** (digits + 2)).to_integral_value(ROUND_HALF_EVEN)
    return _shape(_locale.get(), pattern, digits).write(int(units))


def day(value: date, style: str = "medium") -> str:
    """A date as the reader writes it; of a point in time the day that it is in the reader's zone."""
    if isinstance(value, datetime):
        value = value.astimezone(ZoneInfo(_zone.get())).date()
    return _day(value, style, _format())


@lru_cache(maxsize=4096)
def _day(value: date, style: str, locale: str) -> str:
    return str(format_date(value, style, locale=locale))


def moment(value: datetime) -> str:
    """A point in time in the reader's zone."""
    local, locale = value.astimezone(ZoneInfo(_zone.get())), _format()
    parts = format_time(local, "short", locale=locale), format_date(local.date(), "medium", locale=locale)
    return str(get_datetime_format("medium", locale=locale)).format(*parts).replace("'", "")


def overdue(value: date) -> str:
    """When something was due whose time is over: today, or on a day before."""
    told = day(value)
    return gettext("due today") if told == day(clock.now()) else gettext("was due %(date)s", date=told)


def ago(value: datetime) -> str:
    """How long ago, or in how long: `2 hours ago`."""
    delta: timedelta = value - clock.now()
    return str(format_timedelta(delta, add_direction=True, locale=_locale.get(), threshold=1.1))


@cache
def _countries(locale: str) -> Mapping[str, str]:
    return dict(Locale.parse(locale).territories)


def country(code: str) -> str:
    """A country's name; the code itself when CLDR has none."""
    return _countries(_locale.get()).get(code, code)


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
        own = mo.with_name(f"{po.stem}.{os.getpid()}.mo")  # another process may do the same at this moment
        with own.open("wb") as target:
            write_mo(target, catalogue)
        own.replace(mo)
        count += 1
    _catalogue.cache_clear()
    return count


set_translator(translate)
