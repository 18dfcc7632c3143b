"""Whose rules apply to a publication, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.plugin_api.text import T, Text

ONE_MARKET = {
    "fi": "FI",
    "sv": "SE",
    "nb": "NO",
    "nn": "NO",
    "no": "NO",
    "da": "DK",
    "is": "IS",
    "pl": "PL",
    "it": "IT",
    "ja": "JP",
    "ko": "KR",
}
EU_AND_EEA = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO".split()
)
SHARE = 0.10
FOLLOWERS = 50_000


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A jurisdiction that applies. `limited` means by audience alone: its rules ask for review at the worst."""

    code: str
    reason: Text
    limited: bool = False


def resolve_jurisdictions(
    *,
    markets: Sequence[str],
    residence: str | None = None,
    production: str | None = None,
    language: str | None = None,
    audience_shares: Mapping[str, float] | None = None,
    followers: int | None = None,
    brand_seat: str | None = None,
    share: float = SHARE,
) -> tuple[Jurisdiction, ...]:
    """All jurisdictions with the first reason for each: markets, then people and language, then audience, then umbrellas.

    A language shared by several countries binds its market only where no target market speaks it already: Swedish
    aimed at Finland is not thereby aimed at Sweden.
    """
    found: dict[str, Jurisdiction] = {}

    def add(code: str | None, reason: Text, limited: bool = False) -> None:
        if code and code not in found:
            found[code] = Jurisdiction(code, reason, limited)

    for market in markets:
        add(market, T("Target market"))
    add(residence, T("The influencer lives there"))
    add(production, T("The content is made there"))
    if language and not (language == "sv" and "FI" in markets):
        add(ONE_MARKET.get(language), T("Language of the content"))
    add(brand_seat, T("Seat of the brand"))
    for country, part in (audience_shares or {}).items():
        if part >= share or part * (followers or 0) >= FOLLOWERS:
            add(country, T("Part of the audience"), limited=True)
    _umbrellas(found)
    return tuple(found.values())


def _umbrellas(found: dict[str, Jurisdiction]) -> None:
    """The Union over its members, limited only if every member is; a country over its states."""
    members = [item for item in found.values() if item.code in EU_AND_EEA]
    if members and "EU" not in found:
        limited = all(item.limited for item in members)
        found["EU"] = Jurisdiction("EU", T("Common rules of the European Union"), limited)
    for item in list(found.values()):
        country = item.code.partition("-")[0]
        if country not in found:
            found[country] = Jurisdiction(country, T("Country of the state"), item.limited)
