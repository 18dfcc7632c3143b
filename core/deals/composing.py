"""How the sums of a deal's parts meet: the larger of them, or what is left of them after an advance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.deals.lines import EarnedLine, Hold
from core.money import Money
from core.plugin_api.composition import Composition, Maximum, Net, Part, Sum
from core.plugin_api.payment_models import Settles
from core.plugin_api.text import T


def children(node: Sum | Maximum | Net) -> tuple[Composition, ...]:
    """What is directly below a node."""
    return (node.of, node.advance) if isinstance(node, Net) else node.of


def compose(node: Composition, lines: dict[str, list[EarnedLine]], holds: list[Hold]) -> list[str]:
    """Add each node's own line below its id; returns the ids below this node, its own included."""
    if isinstance(node, Part):
        return [node.component]
    below = [compose(child, lines, holds) for child in children(node)]
    names = [name for group in below for name in group]
    if isinstance(node, Sum):
        return names
    if any(name not in lines for name in names):
        _hold_together(node.id, names, lines, holds)
    else:
        lines[node.id] = _counted(node, below, lines)
    return [*names, node.id]


def _hold_together(node: str, names: Sequence[str], lines: dict[str, list[EarnedLine]], holds: list[Hold]) -> None:
    culprit = next(name for name in names if name not in lines)
    reason = T("It is settled together with %(component)s, which is on hold.", component=culprit)
    holds += [Hold(name, None, reason) for name in (*names, node) if lines.pop(name, None) is not None or name == node]


def _counted(
    node: Maximum | Net, below: Sequence[Sequence[str]], lines: Mapping[str, list[EarnedLine]]
) -> list[EarnedLine]:
    found = [x for names in below for name in names for x in lines[name] if x.settles is Settles.CASH]
    sums = [sum(x.amount.minor for n in names for x in lines[n] if x.settles is Settles.CASH) for names in below]
    if isinstance(node, Net):
        earned, advance = (Money(minor, found[0].amount.currency) for minor in sums) if found else (None, None)
        minor = -max(0, min(sums))
        reason = T("%(earned)s earned so far, %(advance)s already paid in advance", earned=earned, advance=advance)
    else:
        minor, reason = (max(sums) - sum(sums), T("Counted against the minimum guarantee"))
    if not minor:
        return []
    last = max(found, key=lambda line: (line.at, line.key))
    amount = Money(minor, last.amount.currency)
    line = replace(last, key=f"{node.id}:counted", component=node.id, amount=amount, reason=reason)
    return [replace(line, model="", version="1", basis="")]
