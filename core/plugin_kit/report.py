"""The report: a line for each promise, and for each one broken what was expected, what was seen, and how to mend it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from core.plugin_kit.checks import Result, Subject

WIDTH = 110


def heading(subject: Subject) -> str:
    """Which plugin this is, of which version, from where."""
    record = subject.record
    kinds = ", ".join(record.kinds) or "nothing yet"
    return f"{record.name} {record.version} ({record.origin}): {kinds}"


def line(result: Result) -> str:
    """One promise, kept or not."""
    about = f" [{result.about}]" if result.about else ""
    return f"  {'FAIL' if result.broken else 'ok':<5}{result.check.id:<16}{result.check.promise}{about}"


def fault(result: Result) -> str:
    """A broken promise, so that its author knows what to do without looking at the kit."""
    if result.broken is None:
        return ""
    of = f" of {result.about}" if result.about else ""
    return "\n".join(
        [
            f"The plugin {result.plugin} fails the check {result.check.id}{of}: {result.check.promise}.",
            *_part("expected", result.broken.expected),
            *_part("seen", result.broken.seen),
            *_part("example", result.broken.example),
            *_part("mend it", _hint(result)),
        ]
    )


def _hint(result: Result) -> str:
    hint = (result.broken and result.broken.mend) or result.check.hint
    return hint.replace("<plugin>", result.plugin).replace("<name>", result.about)


def _part(name: str, text: str) -> Iterator[str]:
    lines = [part for row in text.splitlines() for part in textwrap.wrap(row, WIDTH - 12) or [""]]
    for number, part in enumerate(lines[:60]):
        yield f"  {name + ':' if number == 0 else '':<10}{part}"


def summary(results: Iterable[Result]) -> str:
    """How many promises were asked, and how many are broken."""
    every = list(results)
    broken = sum(result.broken is not None for result in every)
    return f"{len(every) - broken} of {len(every)} promises kept" + (f", {broken} broken" if broken else "")


def untried(subject: Subject, results: Iterable[Result]) -> str:
    """What was not tried and could have been, with what to say for it; empty when there is nothing."""
    tables = any(result.check.id == "tables" for result in results)
    if not tables or subject.postgresql:
        return ""
    return "its tables were tried on SQLite alone: --postgresql postgresql://… tries them there too"
