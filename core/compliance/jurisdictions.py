"""Whose rules apply to a publication, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

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
EU_AND_EEA = re.compile("AT|BE|BG|HR|CY|CZ|DK|EE|FI|FR|DE|GR|HU|IE|IT|LV|LT|LU|MT|NL|PL|PT|RO|SK|SI|ES|SE|IS|LI|NO")
SHARE = 0.10
FOLLOWERS = 50_000


class Reach(StrEnum):
    """How much of a jurisdiction's rules applies."""

    FULL = "full"
    LIMITED = "limited"  # by audience alone: its rules ask for review at the worst
    ADVERTISER = "advertiser"  # by the brand's seat: only what it asks of advertisers


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A jurisdiction that applies, and why."""

    code: str
    reason: Text
    reach: Reach = Reach.FULL


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
    """All jurisdictions that apply, each once with its first and strongest reason.

    A language spoken in several countries binds its market only where no target market speaks it already: Swedish
    aimed at Finland is not thereby aimed at Sweden.
    """
    found: dict[str, Jurisdiction] = {}

    def add(code: str | None, reason: Text, reach: Reach = Reach.FULL) -> None:
        if code and code not in found:
            found[code] = Jurisdiction(code, reason, reach)

    for market in markets:
        add(market, T("Target market"))
    add(residence, T("The influencer lives there"))
    add(production, T("The content is made there"))
    if language and not (language == "sv" and "FI" in markets):
        add(ONE_MARKET.get(language), T("Language of the content"))
    for country, part in sorted((audience_shares or {}).items()):
        if part >= share or part * (followers or 0) >= FOLLOWERS:
            add(country, T("Part of the audience"), Reach.LIMITED)
    add(brand_seat, T("Seat of the brand"), Reach.ADVERTISER)
    _umbrellas(found)
    return tuple(found.values())


def _umbrellas(found: dict[str, Jurisdiction]) -> None:
    """The Union over its members and a country over its states, each with the widest reach below it."""
    order = list(Reach)
    below: dict[str, list[Reach]] = {}
    for item in found.values():
        if EU_AND_EEA.fullmatch(item.code):
            below.setdefault("EU", []).append(item.reach)
        if "-" in item.code:
            below.setdefault(item.code.partition("-")[0], []).append(item.reach)
    for code, reaches in below.items():
        reason = T("Common rules of the European Union") if code == "EU" else T("Country of the state")
        found.setdefault(code, Jurisdiction(code, reason, min(reaches, key=order.index)))
