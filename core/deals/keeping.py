"""What finance has kept when a model changed its mind holds for ever; what happens afterwards comes on top.

Lines are held together in units: where a model is asked fact by fact those of a fact and what corrects it, else each
line for itself, or with the fact that it is called by. Once a unit was
kept as `holds` while its model `claimed` something else of the same facts, and the model says `now`, it comes to

    holds + now - claimed      where the model says more than then
    holds * now / claimed      where it says less: a refund takes back in proportion, the whole of it everything
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from core.deals.lines import EarnedLine
from core.money import Money
from core.plugin_api.payment_models import Fact, Refund, Sale, Settles, roots_of, sales_with_refunds


@dataclass(frozen=True, slots=True)
class Kept:
    """A line that was kept: minor units that hold for those that were claimed.

    `line` is what is booked of it, None where nothing is. With a `basis` it holds only while its facts are those.
    """

    key: str
    unit: str
    holds: int
    claimed: int
    basis: str = ""
    line: EarnedLine | None = None


def unit_of(key: str, settles: Settles, roots: Mapping[str, str], fact: str | None = None) -> str:
    """What a line is held together with: cash and things apart, a fact with what corrects it.

    `fact` is that of the line where its model is asked fact by fact; else the line's own name counts.
    """
    name = key.partition(":")[2] if fact is None else fact
    return f"{settles}:{roots.get(name, name)}"


def hold_to(
    kept: Sequence[Kept], lines: Iterable[EarnedLine], bases: Mapping[str, str], facts: Sequence[Fact], *, single: bool
) -> list[EarnedLine]:
    """The lines of a component after what is kept of it.

    `bases` has by fact the fingerprint of its group; `single` where the model is asked fact by fact.
    """
    now = {line.key: line for line in lines}
    if not kept:
        return list(now.values())
    roots, undone = roots_of(facts), _undone(facts)
    units = _units(kept, renamed=not single)
    members: dict[int, dict[str, EarnedLine]] = defaultdict(dict)
    places = {entry.unit: number for number, unit in enumerate(units) for entry in unit}
    for key, line in now.items():
        number = places.get(unit_of(key, line.settles, roots, line.fact if single else None))
        if number is not None:
            members[number][key] = line
    untouched = {key: line for key, line in now.items() if all(key not in group for group in members.values())}
    for number, unit in enumerate(units):
        standing = [one for one in unit if not one.basis or one.basis == bases.get(one.line.fact if one.line else "")]
        if not undone or any(one.claimed for one in unit):
            untouched |= _unit(standing, members[number], bases)
    return list(untouched.values())


def _undone(facts: Sequence[Fact]) -> bool:
    """Whether there were only sales and all of them came back: then nothing is left that could be kept."""
    if not all(isinstance(fact, Sale | Refund) for fact in facts):
        return False
    sales = sales_with_refunds(facts)
    return bool(sales) and all(sum(one.amount.minor for one in back) >= sale.amount.minor for sale, back in sales)


def _units(kept: Sequence[Kept], *, renamed: bool) -> list[list[Kept]]:
    """The units; those that a version gave up are one with those that it came with where it may have `renamed` them."""
    found: dict[str, list[Kept]] = defaultdict(list)
    for entry in kept:
        found[entry.unit].append(entry)
    units = []
    for settles in Settles:
        own = [unit for unit in found.values() if unit[0].unit.startswith(f"{settles}:")]
        gone = [unit for unit in own if not sum(one.claimed for one in unit)]
        came = [unit for unit in own if not sum(one.holds for one in unit)]
        if renamed and gone and came:
            units.append([entry for unit in (*gone, *came) for entry in unit])
            own = [unit for unit in own if unit not in gone and unit not in came]
        units += own
    return units


def _unit(kept: Sequence[Kept], now: Mapping[str, EarnedLine], bases: Mapping[str, str]) -> dict[str, EarnedLine]:
    """The lines of a unit, the difference to what it comes to on the line that changed most."""
    entries = {entry.key: entry for entry in kept}
    claimed = {key: entry.claimed for key, entry in entries.items()}
    moved = {key: (now[key].amount.minor if key in now else 0) - claimed.get(key, 0) for key in {*now, *entries}}
    lines = {entry.key: entry.line for entry in kept if entry.line} | dict(now)
    minor = {key: (entries[key].holds if key in entries else 0) + moved[key] for key in lines}
    holds, said = sum(entry.holds for entry in kept), sum(line.amount.minor for line in now.values())
    rest = _comes_to(holds, sum(claimed.values()), said) - sum(minor.values())
    if rest and minor:
        minor[max(minor, key=lambda key: (abs(moved[key]), abs(minor[key]), key))] += rest
    return {key: _worth(lines[key], amount, bases) for key, amount in minor.items() if amount}


def _comes_to(holds: int, claimed: int, now: int) -> int:
    if claimed > 0 and now < claimed:
        return round(Fraction(holds * max(now, 0), claimed))  # half-even
    return holds + now - claimed


def _worth(line: EarnedLine, minor: int, bases: Mapping[str, str]) -> EarnedLine:
    amount = Money(minor, line.amount.currency)
    return replace(line, amount=amount, basis=line.basis or bases.get(line.fact, ""))
