"""Searching for a counter-example, and telling the smallest one in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Flaky, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from core.plugin_kit.checks import Broken


class Elsewhere(Exception):
    """A case that another check tells about."""


def search(
    strategy: SearchStrategy[Any], examples: int, holds: Callable[[Any], None], known: list[Any] | None = None
) -> None:
    """Try a property on made-up cases, the same ones at every run; what `holds` raises comes out for the smallest.

    Making up costs more than trying. `known` are the cases of an earlier search with the same strategy, which they
    save unless one fails; an empty list is filled with them. `holds` must leave its case as it is.
    """
    wrong = _first_wrong(known or (), holds)
    if known and wrong is None:
        return
    tried: list[Any] = []

    def one(case: Any) -> None:
        tried.append(case)
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
        first = next((one for one in getattr(error, "exceptions", ()) if isinstance(one, Broken)), None)
        seen = "now one and then another" + (f": once {first.seen}, not {first.expected}" if first else "")
        mend = "Keep nothing between two calls, on the object or in the module."
        raise Broken("the same answer every time", seen, first.example if first else "", mend) from None
    if not tried:
        raise Broken("values that its own fields and check_terms accept", "none, of all that were made up")
    if wrong is not None:
        raise wrong  # it was so before, and is not now
    if known is not None:
        known[:] = tried


def _first_wrong(cases: Iterable[Any], holds: Callable[[Any], None]) -> Exception | None:
    for case in cases:
        try:
            holds(case)
        except Elsewhere:
            continue
        except Exception as error:
            return error
    return None
