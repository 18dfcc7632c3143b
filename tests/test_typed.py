"""What people type: letters one can see, days of this century."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from core import typed
from core.csv_input import parse_date, parse_integer, parse_moment, parse_number
from core.errors import Invalid

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("  Aino Laine ", "Aino Laine"),
        ("Ai\u200bno\ufeff Lai\u00adne\u200e", "Aino Laine"),
        ("Aino\x00\x07\x9f", "Aino"),
        ("Ai\u200dno", "Aino"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
        (FAMILY, FAMILY),
        ("\u200d\u0645\u200c", "\u0645"),
        ("\u3164\u115f", ""),
        ("first\r\n\tsecond", "first\r\n\tsecond"),
        ("a\ud800b", "ab"),
        ("Åsa Öhrn, François, Nguyễn Thị Minh Khai, Дмитрий", "Åsa Öhrn, François, Nguyễn Thị Minh Khai, Дмитрий"),
    ],
)
def test_a_text_keeps_what_can_be_seen(raw: str, kept: str) -> None:
    assert typed.text(raw) == kept


@pytest.mark.parametrize("turn", ["\u202e", "\u202a", "\u2066", "\u2069"])
def test_letters_stand_in_the_order_in_which_they_are_read(turn: str) -> None:
    with pytest.raises(Invalid, match="order of the letters"):
        typed.text(f"Aino {turn}eniaL")


@pytest.mark.parametrize("text", ["0001-01-01", "31.12.9999", "1999-12-31", "2101-01-01", "01.01.0001"])
def test_a_day_is_of_this_century(text: str) -> None:
    with pytest.raises(Invalid, match="between"):
        parse_date(text)
    for more in ("", "T00:00:00+14:00", "T23:59:59-12:00") if text[4] == "-" else ("", " 12:00"):
        with pytest.raises(Invalid, match="between"):
            parse_moment(text + more)


def test_its_first_and_last_day_are_days() -> None:
    assert parse_date("2000-01-01") == date(2000, 1, 1) and parse_date("31.12.2100") == typed.LAST_DAY
    edge = datetime(2000, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    assert typed.moment(edge).astimezone(UTC).year == 1999


@pytest.mark.parametrize("read", [parse_number, parse_integer])
@pytest.mark.parametrize("digits", [41, 5_000, 500_000])
def test_a_number_has_an_end(read: object, digits: int) -> None:
    with pytest.raises(Invalid, match="is not a number"):
        read("9" * digits)  # type: ignore[operator]
