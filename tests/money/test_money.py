"""Money keeps every unit: whole numbers, one currency, fair splits, honest rounding."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.money import Money, exponent, half_even, split, total

CURRENCIES = st.sampled_from(["EUR", "ISK", "KWD", "JPY", "SEK", "UGX", "HUF", "TWD", "MGA"])
MINOR = st.integers(-(10**15), 10**15)
MONEY = st.builds(Money, MINOR, CURRENCIES)
WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)
RATES = st.decimals(-1000, 1000, places=4)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("EUR", 2), ("ISK", 0), ("JPY", 0), ("UGX", 0), ("HUF", 2), ("TWD", 2), ("KWD", 3), ("MGA", 2), ("CLF", 4)],
)
def test_exponents_are_those_of_the_standard(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("currency", ["XXX", "eur", "", "EURO", "ABC"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match=r"currency|minor"):
        Money(1, currency)


@pytest.mark.parametrize("minor", [1.0, Decimal(1), "1", True, None])
def test_minor_units_are_whole_numbers(minor: object) -> None:
    with pytest.raises(TypeError):
        Money(minor, "EUR")  # type: ignore[arg-type]


@given(MINOR, MINOR, CURRENCIES)
def test_sums_are_those_of_whole_numbers(a: int, b: int, currency: str) -> None:
    one, other = Money(a, currency), Money(b, currency)
    assert (one + other) - other == one
    assert (one + other).minor == a + b
    assert total([one, other, -one], currency) == other
    assert ((one < other), (one <= other), (one > other), (one >= other)) == (a < b, a <= b, a > b, a >= b)
    assert bool(one) is (a != 0)


@given(MONEY, MONEY)
def test_currencies_never_mix(one: Money, other: Money) -> None:
    assume(one.currency != other.currency)
    assert one != other
    for mix in (lambda: one + other, lambda: one - other, lambda: one < other, lambda: one >= other):
        with pytest.raises(ValueError, match="is not"):
            mix()


@given(MONEY)
def test_money_meets_only_money_and_whole_multiples(money: Money) -> None:
    assert money * 3 == 3 * money == money + money + money
    for bad in (lambda: money + 1, lambda: money * 1.5, lambda: money * Decimal(2), lambda: money < 0):
        with pytest.raises(TypeError):
            bad()


@given(MONEY)
def test_decimals_are_exact_both_ways(money: Money) -> None:
    assert Money.from_decimal(money.decimal, money.currency) == money
    assert Money.from_decimal(str(money.decimal), money.currency) == money


@pytest.mark.parametrize("amount", ["1.001", "NaN", "Infinity", "ten", ""])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match=r"amount|decimals"):
        Money.from_decimal(amount, "EUR")


@given(MINOR, WEIGHTS)
def test_a_split_is_the_whole_and_each_part_is_fair(whole: int, weights: list[int]) -> None:
    parts = split(whole, weights)
    assert sum(parts) == whole
    assert all(
        abs(part * sum(weights) - whole * weight) < sum(weights) for part, weight in zip(parts, weights, strict=True)
    )
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if not weight)


@given(MINOR, WEIGHTS)
def test_a_split_back_takes_what_the_split_gave(whole: int, weights: list[int]) -> None:
    assert split(-whole, weights) == [-part for part in split(whole, weights)]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_weights_are_positive_somewhere_and_negative_nowhere(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        split(10, weights)


@given(MONEY, RATES)
def test_percent_is_the_nearest_unit_and_mirrors(money: Money, rate: Decimal) -> None:
    share = money.percent(rate)
    assert abs(Fraction(share.minor) - Fraction(money.minor) * Fraction(rate) / 100) <= Fraction(1, 2)
    assert (-money).percent(rate) == -share


@pytest.mark.parametrize(
    ("value", "whole"), [("1/2", 0), ("3/2", 2), ("5/2", 2), ("-1/2", 0), ("-3/2", -2), ("7/3", 2)]
)
def test_a_tie_goes_to_the_even_one(value: str, whole: int) -> None:
    assert half_even(Fraction(value)) == whole
