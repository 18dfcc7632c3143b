"""Every name and number of the plugin API that was given up, in two tables; each row names the version that forgets it.

An old name goes on working, with a warning, from the version in which it was renamed until the one in which it is
removed. From then on a plugin that still uses it is refused, in a sentence with the new name. What cannot be said as a
new name raises `API_VERSION` instead, and the number before it goes on being loaded as an old name does. The policy is
in docs/plugins/versions.md.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from core.plugin_api import API_VERSION


class Deprecated(FutureWarning):
    """A plugin uses a name or number that will be removed; the warning says which, what follows it, and until when."""


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


@dataclass(frozen=True, slots=True)
class OlderNumber:
    """A number of the plugin API from before `API_VERSION`; `since` is the version of Samverk that raised it."""

    number: int
    since: str
    removed_in: str

    @property
    def removed(self) -> bool:
        """Whether this version of Samverk loads it no longer."""
        return _number(running()) >= _number(self.removed_in)


RENAMED: tuple[Renamed, ...] = ()
OLDER: tuple[OlderNumber, ...] = ()


def supported() -> frozenset[int]:
    """The numbers of the plugin API that this version of Samverk loads."""
    return frozenset({API_VERSION, *(row.number for row in OLDER if not row.removed)})


def warn_of_number(number: int, module: str) -> None:
    """Warn in the name of a plugin's module when its number is one that will not be loaded for ever."""
    for row in OLDER:
        if row.number == number:
            told = (
                f"plugin API {number} was followed by {API_VERSION} in Samverk {row.since}; {row.removed_in} removes it"
            )
            warnings.warn_explicit(told, Deprecated, module, 1)


def old_names(contract: str) -> dict[str, Renamed]:
    """The names that a contract had once, by that name."""
    return {row.old: row for row in RENAMED if row.contract == contract}


@cache
def running() -> str:
    """The version of Samverk that runs."""
    return version("samverk")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
