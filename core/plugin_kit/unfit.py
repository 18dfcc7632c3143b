"""A record that was given what its field does not take: found behind whatever a plugin made of it, told once."""

from __future__ import annotations

from collections.abc import Collection

from core.plugin_api.held import Unfit

TELLS = {"RailEvent": "events", "Onboarding": "onboards"}
"""Which checks tell of a record, besides `types` of those of platforms and shops; no other is asked then."""
MENDS = {
    "a moment": "Read the moment with its offset, or write .replace(tzinfo=UTC) where the other side means UTC.",
    "a whole number": "Hand over a figure only where it came as an int, and leave out, or tell as None, what did not.",
}
"""What to do about such a value, by what its field takes."""


def unfit_of(error: BaseException | None) -> Unfit | None:
    """What a record refused, also where the plugin has made another error of it."""
    while error is not None and not isinstance(error, Unfit):
        error = error.__cause__ or error.__context__
    return error


def tells(unfit: Unfit, check: str, kinds: Collection[str]) -> bool:
    """Whether a check, asked of such kinds, is the one that tells of it."""
    feeds = not {"platforms", "sales_sources"}.isdisjoint(kinds)
    return check == TELLS.get(unfit.field.partition(".")[0], "types" if feeds else check)


def told(unfit: Unfit) -> tuple[str, str, str]:
    """What was expected, what was seen, and how to mend it."""
    mend = next((mend for word, mend in MENDS.items() if word in unfit.takes), f"Give {unfit.field} {unfit.takes}.")
    return f"{unfit.takes} in {unfit.field}", repr(unfit.got)[:300], mend
