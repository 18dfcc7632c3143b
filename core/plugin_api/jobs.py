"""What a plugin wants done by the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from core.plugin_api.context import Context
from core.plugin_api.text import Text

SHORTEST = timedelta(minutes=15)
"""A failed run is tried again for about eleven minutes, so runs of a job never overlap."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something that the worker runs once in each stretch of `every`, at least 15 minutes, counted from 1970 in UTC.

    A plugin of brands runs it for each brand where it is on, a plugin of the installation once. Stretches that passed
    while no worker ran are not made up for. A run that raises is tried again, eight times in all; a run may also be
    repeated after a crash, so it must be idempotent: look first, or hand the outside a key.
    """

    name: str
    title: Text
    run: Callable[[Context], object]
    every: timedelta = timedelta(days=1)
