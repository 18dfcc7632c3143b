"""Money: whole minor units and an ISO 4217 code. No float comes near it.

Exponents are ISO 4217's (JPY 0, ISK 0, EUR 2, KWD 3), never Babel's display digits.
Percentages round half-even once, at the posting; splits go by largest remainder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cache


@cache
def exponent(currency: str) -> int:
    """The number of decimals of a currency by ISO 4217; an unknown code is a ValueError."""
    from iso4217 import Currency

    try:
        digits = Currency(currency).exponent
    except ValueError:
        raise ValueError(f"unknown currency {currency!r}") from None
    if digits is None:
        raise ValueError(f"{currency!r} has no minor unit")
    return int(digits)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units of one currency: `Money(1250, "EUR")` is 12.50 euros.

    It is true unless it is nothing. Two currencies never meet: that is a ValueError, anything but money a TypeError.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse anything but whole minor units of a real currency."""
        if type(self.minor) is not int:
            raise TypeError(f"minor units are whole numbers, not {type(self.minor).__name__}")
        exponent(self.currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in a currency."""
        return cls(0, currency)

    @classmethod
    def from_decimal(cls, amount: Decimal | str, currency: str) -> Money:
        """An exact amount: more decimals than the currency has are a ValueError."""
        try:
            scaled = Decimal(amount).scaleb(exponent(currency))
        except InvalidOperation:
            raise ValueError(f"not an amount: {amount!r}") from None
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise ValueError(f"{amount} has too many decimals for {currency}")
        return cls(int(scaled), currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, exactly."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def _same(self, other: Money) -> None:
        if not isinstance(other, Money):
            raise TypeError("money only meets money")
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} is not {other.currency}")

    def __add__(self, other: Money) -> Money:
        """The sum, in the same currency."""
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        """The difference, in the same currency."""
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        """The same amount the other way."""
        return Money(-self.minor, self.currency)

    def __mul__(self, count: int) -> Money:
        """A whole multiple, also as `int * Money`; anything but a whole number is a TypeError."""
        if type(count) is not int:
            raise TypeError("use percent() for anything but whole multiples")
        return Money(self.minor * count, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        """Less than, in the same currency."""
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        """At most, in the same currency."""
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        """More than, in the same currency."""
        self._same(other)
        return self.minor > other.minor

    def __ge__(self, other: Money) -> bool:
        """At least, in the same currency."""
        self._same(other)
        return self.minor >= other.minor

    def __bool__(self) -> bool:
        """Whether it is anything at all."""
        return self.minor != 0

    def percent(self, rate: Decimal) -> Money:
        """`rate` percent of it, rounded half-even to the minor unit; symmetric for negatives."""
        return Money(half_even(Fraction(self.minor) * Fraction(rate) / 100), self.currency)

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Parts by weight that sum to the whole, by largest remainder; ties go to the earlier."""
        return [Money(part, self.currency) for part in split(self.minor, weights)]


def half_even(value: Fraction) -> int:
    """The nearest whole number, a tie going to the even one."""
    return round(value)


def split(total: int, weights: Sequence[int]) -> list[int]:
    """`total` shared by weight, largest remainder first; mirrored for a negative total.

    A zero weight gets nothing; weights that are negative or all zero are a ValueError.
    """
    if not weights or min(weights) < 0 or sum(weights) == 0:
        raise ValueError("weights must be positive somewhere and negative nowhere")
    sign, size, whole = (-1 if total < 0 else 1), abs(total), sum(weights)
    parts = [size * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(size * weights[i] % whole), i))
    for index in order[: size - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts that are all in `currency`."""
    result = Money.zero(currency)
    for amount in amounts:
        result = result + amount
    return result
