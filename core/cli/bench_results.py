"""What a benchmark finds, and the watch it measures by."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Gate:
    """One promise: what was measured, what it came to, its limit, and whether it holds."""

    name: str
    figure: str
    limit: str
    ok: bool


@dataclass(slots=True)
class Results:
    """What a run found: gates, and readings that nothing hangs on."""

    gates: list[Gate] = field(default_factory=list)
    readings: list[tuple[str, str]] = field(default_factory=list)

    def gate(self, name: str, figure: str, limit: str, ok: bool) -> None:
        """Keep a gate and say it."""
        self.gates.append(Gate(name, figure, limit, ok))
        print(f"{'ok    ' if ok else 'MISSED'} {name}: {figure} (limit: {limit})", flush=True)

    def reading(self, name: str, figure: str) -> None:
        """Keep a reading and say it."""
        self.readings.append((name, figure))
        print(f"       {name}: {figure}", flush=True)


def timed(act: Callable[[], object], watch: Callable[[], float] = time.perf_counter) -> float:
    """The seconds that something takes on a watch."""
    begin = watch()
    act()
    return watch() - begin


def interleaved(
    rounds: int, *acts: Callable[[], object], watch: Callable[[], float] = time.perf_counter
) -> list[float]:
    """The median seconds of each, measured in turns so that a busy moment hits all; one round to warm up."""
    times: list[list[float]] = [[] for _ in acts]
    for turn in range(rounds + 1):
        for kept, act in zip(times, acts, strict=True):
            seconds = timed(act, watch)
            if turn:
                kept.append(seconds)
    return [statistics.median(kept) for kept in times]
