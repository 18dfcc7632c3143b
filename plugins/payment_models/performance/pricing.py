"""What so many counted units come to: steps, a floor and bonuses, all in whole minor units."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from samverk import Terms, half_even

STEPS = (("", "price"), ("second_from", "second_price"), ("third_from", "third_price"))
BONUSES = (("bonus_from", "bonus"), ("bonus2_from", "bonus2"))


@dataclass(frozen=True, slots=True)
class Tariff:
    """`steps` are (units from which on, minor units for every `per` units), rising; `bonuses` (at, minor units)."""

    steps: tuple[tuple[int, int], ...]
    per: int
    floor: int
    bonuses: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, terms: Terms) -> Tariff:
        """The tariff of the terms; a step or a bonus without its number is none."""
        steps = [(terms.integer(at) if at else 0, terms.money(price).minor) for at, price in STEPS]
        bonuses = [(terms.integer(at), terms.money(amount).minor) for at, amount in BONUSES]
        return cls(
            steps=(steps[0], *sorted(step for step in steps[1:] if step[0] > 0)),
            per=max(terms.integer("per", 1), 1),
            floor=terms.money("floor").minor,
            bonuses=tuple(bonus for bonus in bonuses if bonus[0] > 0 and bonus[1]),
        )

    def price(self, units: int) -> int:
        """The price of the first `units` units: each step's price holds from its number on. Rounded half-even once."""
        ends = [at for at, _ in self.steps[1:]]
        spans = zip(self.steps, [*ends, units], strict=True)
        whole = sum(price * max(min(units, end) - at, 0) for (at, price), end in spans)
        return half_even(Fraction(whole, self.per))

    def lacking(self, units: int) -> int:
        """What the price lacks to the floor, which holds as soon as anything is counted."""
        return max(self.floor - self.price(units), 0) if units else 0
