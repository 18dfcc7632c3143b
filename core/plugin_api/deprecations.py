"""Every name of the plugin API that was given up, in one table; each row names the version that forgets it.

An old name goes on working, with a warning, from the version in which it was renamed until the one in which it is
removed. From then on a plugin that still uses it is refused, in a sentence with the new name. What cannot be said as a
new name raises `API_VERSION` instead. The policy is in docs/plugins/versions.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version


class Deprecated(FutureWarning):
    """A plugin uses a name that will be removed; the warning says which, what it is called now, and until when."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """A hook, method or attribute under its old name. `contract` is the class that authors subclass."""

    contract: str
    old: str
    new: str
    since: str
    removed_in: str

    @property
    def removed(self) -> bool:
        """Whether this version of Samverk knows it no longer."""
        return _number(running()) >= _number(self.removed_in)


RENAMED: tuple[Renamed, ...] = (
    Renamed("PlatformConnector", "get_profile", "profile", since="0.1", removed_in="0.1"),
    Renamed("PlatformConnector", "get_metrics", "metrics", since="0.1", removed_in="0.1"),
    Renamed("SalesSource", "get_orders", "orders", since="0.1", removed_in="0.1"),
    Renamed("SalesSource", "parse_rows", "parse", since="0.1", removed_in="0.1"),
    Renamed("PayoutRail", "send", "submit", since="0.1", removed_in="0.1"),
    Renamed("PayoutRail", "pay", "submit", since="0.1", removed_in="0.1"),
)
"""Names of the drafts before 0.1 were removed with it: they are here for the sentence that they are refused with."""


def old_names(contract: str) -> dict[str, Renamed]:
    """The names that a contract had once, by that name."""
    return {row.old: row for row in RENAMED if row.contract == contract}


@cache
def running() -> str:
    """The version of Samverk that runs."""
    return version("samverk")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
