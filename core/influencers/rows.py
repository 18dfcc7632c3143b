"""One row of a file as people write it, read into what we keep: values, or an error at each field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from babel import Locale

from core import clock
from core.csv_input import parse_date, parse_integer, parse_number
from core.errors import Invalid
from core.i18n import LOCALES
from core.influencers.columns import FIELDS
from core.influencers.measure import CEILING, PPM, read_account, read_platform
from core.influencers.service import FOLLOWERS_MAX, check_email, check_iban, clean_tags
from core.plugin_api.text import T, Text

Cells = Mapping[str, str]
Errors = list[tuple[str, Text]]
PLAIN = ("phone", "niche", "street", "postcode", "city", "referral", "risk")
ACCOUNTS = ("instagram", "tiktok", "youtube")
COUNTS = {
    "followers": "followers",
    "posts": "posts_counted",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
}
NICKNAMES = {"uk": "GB", "england": "GB", "usa": "US", "u.s.": "US", "holland": "NL"}


def read_row(cells: Cells) -> tuple[dict[str, Any], Errors]:
    """What a row says, keyed as our columns are, empty cells left out; and everything that is wrong in it."""
    data: dict[str, Any] = {}
    errors: Errors = [
        (code, T("Use at most %(count)s characters.", count=FIELDS[code].limit))
        for code, value in cells.items()
        if len(value) > FIELDS[code].limit
    ]

    def take(field: str, key: str, read: Callable[[str], Any]) -> None:
        if text := cells.get(field, ""):
            try:
                data[key] = read(text)
            except Invalid as error:
                errors.append((field, error.message))

    name = cells.get("name") or f"{cells.get('first_name', '')} {cells.get('last_name', '')}".strip()
    if name:
        data["display_name"] = name[:120]
    take("email", "email", check_email)
    take("country", "country", read_country)
    take("language", "language", read_language)
    take("iban", "iban", check_iban)
    take("tags", "tags", read_tags)
    take("note", "note", str)
    for field in PLAIN:
        take(field, field, str)
    data["channels"] = _channels(cells, errors)
    if not data["channels"] and "email" not in data and not errors:
        errors.append(("", T("The row has neither an account nor an e-mail address.")))
    return data, errors


def accounts_of(cells: Cells) -> list[tuple[str, str, str]]:
    """The accounts of a row as (field, platform, handle), the one that figures belong to first."""
    platform = read_platform(cells["platform"]) if cells.get("platform") else ""
    columns = [("handle", platform), *((code, code) for code in sorted(ACCOUNTS, key=lambda code: code != platform))]
    found: list[tuple[str, str, str]] = []
    for field, of in columns:
        if not cells.get(field) or any(of == known for _, known, _ in found if of):
            continue
        try:
            found.append((field, *read_account(cells[field], of)))
        except Invalid as error:
            raise Invalid(error.message, field) from None
    return found


def keys_of(cells: Cells) -> list[str]:
    """What a row is told apart by: its accounts, else its e-mail address; nothing when they cannot be read."""
    try:
        accounts = accounts_of(cells)
    except Invalid:
        return []
    if accounts:
        return [f"{platform}:{handle}" for _, platform, handle in accounts]
    email = cells.get("email", "").strip().lower()
    return [f"email:{email}"] if email else []


def _channels(cells: Cells, errors: Errors) -> list[dict[str, Any]]:
    try:
        accounts = accounts_of(cells)
    except Invalid as error:
        errors.append((error.field or "handle", error.message))
        return []
    channels: list[dict[str, Any]] = [
        {"platform": p, "handle": h, "url": _url(cells.get(f, ""))} for f, p, h in accounts
    ]
    figures = _figures(cells, errors)
    if channels:
        channels[0].update(figures)
    elif figures:
        errors.append(("handle", T("There are figures, but no account that they belong to.")))
    return channels


def _figures(cells: Cells, errors: Errors) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for field, key in COUNTS.items():
        if text := cells.get(field, ""):
            try:
                figures[key] = _count(text, 1_000_000 if field == "posts" else FOLLOWERS_MAX)
            except Invalid as error:
                errors.append((field, error.message))
    for field, key, read in (("rate", "stated_ppm", read_rate), ("measured_on", "measured_on", _day)):
        if text := cells.get(field, ""):
            try:
                figures[key] = read(text)
            except Invalid as error:
                errors.append((field, error.message))
    if "likes" in figures and not figures.get("posts_counted"):
        figures["posts_counted"] = 1  # without a number of posts, likes are averages of one post
    return figures


def _count(text: str, highest: int) -> int:
    number = parse_integer(text)
    if not 0 <= number <= highest:
        raise Invalid(T("This number cannot be right."))
    return number


def _day(text: str) -> str:
    day = parse_date(text)
    if day > clock.today():
        raise Invalid(T("This day has not come yet."))
    return day.isoformat()


def read_rate(text: str) -> int:
    """An engagement rate in percent, with or without the sign, in millionths: `3,4 %` is 34,000."""
    ppm = int((parse_number(text.replace("%", "").strip()) * PPM / Decimal(100)).to_integral_value())
    if not 0 <= ppm <= CEILING:
        raise Invalid(T("This number cannot be right."))
    return ppm


def read_tags(text: str) -> list[str]:
    """Tags as people list them: `beauty, #food; home`."""
    return clean_tags(text.replace(";", ",").replace("|", ",").replace("#", ",").split(","))


def read_country(text: str) -> str:
    """A country's code, of its code or its name in any of our languages."""
    code = _names("territories").get(text.strip().casefold())
    if code is None:
        raise Invalid(T("%(text)s is not a country that we know. Write its name or a code like FI.", text=text[:40]))
    return code


def read_language(text: str) -> str:
    """A language's code, of its code or its name in any of our languages."""
    code = _names("languages").get(text.strip().casefold())
    if code is None:
        raise Invalid(T("%(text)s is not a language that we know. Write its name or a code like fi.", text=text[:40]))
    return code


@cache
def _names(kind: str) -> dict[str, str]:
    names: dict[str, str] = {}
    for locale in LOCALES:
        for code, name in getattr(Locale.parse(locale), kind).items():
            if len(code) == 2 and code.isalpha():
                names.setdefault(str(name).casefold(), code)
                names.setdefault(code.casefold(), code)
    if kind == "territories":
        names.update(NICKNAMES)
    else:
        names.update({"norsk": "nb", "norwegian": "nb", "norja": "nb", "no": "nb", "norska": "nb"})
    return names


def _url(text: str) -> str:
    if "/" not in text:
        return ""
    return text if text.startswith(("https://", "http://")) else f"https://{text}"
