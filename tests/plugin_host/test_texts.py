"""What a plugin says is kept as JSON and read again later, whatever it puts into its words."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from samverk import Money, T, Text


@pytest.mark.parametrize(
    "value", [3, True, "text", None, 0.5, Money(5, "EUR"), date(2026, 1, 2), Decimal("1.50"), T("one"), ["DK", "IS"]]
)
def test_what_can_be_kept_is_read_as_it_was(value: Any) -> None:
    said = T("of %(value)s", value=value)
    assert Text.from_json(json.loads(json.dumps(said.to_json()))) == said


@pytest.mark.parametrize(
    "value", [Fraction(1, 3), {"one"}, ["one", date(2026, 1, 2)], float("nan"), {"$money": [1, "?"]}]
)
def test_what_no_json_carries_is_kept_as_it_reads(value: Any) -> None:
    said = T("of %(value)s", value=value)
    kept = json.loads(json.dumps(said.to_json(), allow_nan=False))
    assert str(Text.from_json(kept)) == str(said) == f"of {value}"
