"""A line on stderr for each call of a plugin: who was asked what, for which brand, how long, what came of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

R = TypeVar("R")


def line(plugin: str, what: str, brand: str | None, begin: float, answer: object) -> None:
    """Write down a call that began at `begin`; of its answer nothing but the type, of its arguments nothing."""
    spent = (perf_counter() - begin) * 1000
    sys.stderr.write(f"plugin {plugin} {what} brand={brand or '-'} {spent:.3f} ms {type(answer).__name__}\n")


def traced(on: bool, plugin: str, what: str, ask: Callable[[], R]) -> R:
    """What `ask` answers, or raises, as a line where calls are traced."""
    if not on:
        return ask()
    begin = perf_counter()
    try:
        answer = ask()
    except BaseException as said:
        line(plugin, what, None, begin, said)
        raise
    line(plugin, what, None, begin, answer)
    return answer
