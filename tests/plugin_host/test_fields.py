"""Settings fields take what people type, and say what is wrong at the field."""

from __future__ import annotations

import json

import pytest

from core.plugin_api.fields import FieldKind, SettingField, as_shown, as_typed, check, parse
from core.plugin_api.text import T

ALL = (
    SettingField("amount", T("Amount"), FieldKind.MONEY, minimum=0),
    SettingField("rate", T("Rate"), FieldKind.PERCENT, minimum=0, maximum=100),
    SettingField("count", T("Count"), FieldKind.INTEGER),
    SettingField("note", T("Note"), required=False),
    SettingField("way", T("Way"), FieldKind.CHOICE, choices=(("a", T("A")), ("b", T("B")))),
    SettingField("yes", T("Yes"), FieldKind.BOOL),
    SettingField("day", T("Day"), FieldKind.DATE),
    SettingField("wait", T("Wait"), FieldKind.DAYS, minimum=0, maximum=365),
)
TYPED = {
    "amount": "1\u2009234,50 EUR",
    "rate": "12,50 %",
    "count": "7",
    "way": "b",
    "yes": "on",
    "day": "31.12.2026",
    "wait": "30",
}


def test_values_are_json_and_survive_being_typed_again() -> None:
    values, errors = parse(ALL, TYPED, "EUR")
    assert not errors
    assert values == {
        "amount": 123450, "rate": "12.5", "count": 7, "way": "b", "yes": True, "day": "2026-12-31", "wait": 30,
    }  # fmt: skip
    assert json.loads(json.dumps(values)) == values
    again = {field.key: as_typed(field, values.get(field.key), "EUR") for field in ALL}
    assert parse(ALL, again, "EUR") == (values, {})
    assert str(as_shown(ALL[4], "b", "EUR")) == "B" and as_shown(ALL[0], 100, "EUR").minor == 100


@pytest.mark.parametrize(
    ("currency", "text", "minor"), [("ISK", "5 000", 5000), ("KWD", "1,234", 1234), ("JPY", "7", 7)]
)
def test_money_has_the_decimals_of_its_currency(currency: str, text: str, minor: int) -> None:
    assert parse(ALL[:1], {"amount": text}, currency) == ({"amount": minor}, {})


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("amount", "", "This is needed."),
        ("amount", "ten", "ten is not a number."),
        ("amount", "1,234", "EUR has at most 2 decimals."),
        ("amount", "-1", "At least 0."),
        ("amount", "9" * 20, "This amount is too large."),
        ("rate", "101", "At most 100."),
        ("count", "1,5", "Enter a whole number."),
        ("way", "c", "Choose one of the list."),
        ("day", "tomorrow", "tomorrow is not a date. Write it like 31.12.2026 or 2026-12-31."),
        ("wait", "366", "At most 365."),
    ],
)
def test_a_fault_is_told_at_its_field(key: str, text: str, message: str) -> None:
    values, errors = parse(ALL, {**TYPED, key: text}, "EUR")
    assert {name: str(error) for name, error in errors.items()} == {key: message}
    assert key not in values and len(values) == 6, "the rest is kept"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("amount", "100"), ("amount", 10.5), ("amount", True), ("amount", -1), ("rate", 12.1), ("rate", "NaN"),
        ("rate", "1e1"), ("rate", "12,5 %"), ("count", "7"), ("count", None), ("way", "c"), ("yes", "on"),
        ("day", "31.12.2026"), ("wait", []),
    ],
)  # fmt: skip
def test_values_that_came_another_way_are_held_to_the_same(key: str, value: object) -> None:
    values, _ = parse(ALL, TYPED, "EUR")
    assert check(ALL, values, "EUR") == {}
    assert set(check(ALL, {**values, key: value}, "EUR")) == {key}


@pytest.mark.parametrize("unseen", ["\u200b", "\0", " \u2060 "])
def test_what_nobody_can_see_is_nothing(unseen: str) -> None:
    needed, optional = (SettingField("name", T("Name"), required=required) for required in (True, False))
    assert set(parse([needed], {"name": unseen}, "EUR")[1]) == {"name"}
    assert parse([optional], {"name": unseen}, "EUR") == ({}, {})
