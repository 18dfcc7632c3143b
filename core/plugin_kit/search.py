"""Searching for a counter-example, and telling the smallest one in plain words."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Flaky, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from core.plugin_kit.checks import Broken


class Elsewhere(Exception):
    """A case that another check tells about."""


def search(strategy: SearchStrategy[Any], examples: int, holds: Callable[[Any], None]) -> None:
    """Try a property on made-up cases, the same ones at every run; what `holds` raises comes out for the smallest."""
    tried = 0

    def one(case: Any) -> None:
        nonlocal tried
        tried += 1
        with suppress(Elsewhere):
            holds(case)

    bounded = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    try:
        bounded(given(strategy)(one))()
    except Unsatisfiable:
        pass  # told below, unless `holds` itself had no use for them
    except (Flaky, BaseExceptionGroup) as error:
        raise Broken("the same answer every time it is asked", f"now one and then another ({error})") from None
    if not tried:
        raise Broken("values that its own fields and check_terms accept", "none, of all that were made up")
