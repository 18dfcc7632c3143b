"""Tables and numbers as people have them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core.csv_input import Column, parse_date, parse_integer, parse_moment, parse_number, read_table
from core.errors import Invalid
from core.plugin_api.text import T

TABLE = 'Nimi;Seuraajat;Muistiinpano\nÄiti Öberg;"1 234,50";"rivi 1\nrivi; 2"\n\n;;\nBo;5;\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_table_is_read_in_every_dress(encoding: str, newline: str, delimiter: str) -> None:
    text = TABLE.replace("rivi; 2", "rivi, 2") if delimiter == "," else TABLE
    text = text.replace(";", delimiter).replace("\n", newline)
    table = read_table(text.encode(encoding))
    assert table.headers == ("Nimi", "Seuraajat", "Muistiinpano")
    assert [row["Nimi"] for row in table.rows] == ["Äiti Öberg", "Bo"]
    assert "rivi 1" in table.rows[0]["Muistiinpano"] and "2" in table.rows[0]["Muistiinpano"]
    assert [row.line for row in table.rows] == [2, 6], "the line that a person finds in their file"


def test_excels_note_on_the_delimiter_is_obeyed() -> None:
    table = read_table(b"sep=;\r\na,b;c\r\n1,5;2\r\n")
    assert table.headers == ("a,b", "c") and table.rows[0]["a,b"] == "1,5" and table.rows[0].line == 3


def test_ragged_rows() -> None:
    table = read_table(b"a;b;;\n1\n1;2;;\n1;2;3\n")
    assert [dict(row.cells) for row in table.rows] == [{"a": "1", "b": ""}, {"a": "1", "b": "2"}, {"a": "1", "b": "2"}]
    table = read_table(b"a;b\n1;2;3\n4;5\n")
    assert [error.line for error in table.errors] == [2] and table.rows[0]["a"] == "4"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "The file is empty."),
        (b"\n ; \n", "The file is empty."),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"a;A\n1;2\n", "there twice"),
        (b'a;b\n"open;2\n3;4\n', "Line 2: a quotation mark"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x81\x8d", "not text"),
    ],
)
def test_what_is_no_table_is_refused_with_its_reason(raw: bytes, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_table(raw)
    assert message in str(caught.value.message)


def test_headers_are_met_by_their_other_names() -> None:
    columns = (Column("order_id", T("x"), aliases=("Order no",)), Column("code", T("x"), False))
    (row,) = read_table(b"ORDER-NO;Other\n7;x\n").aligned(columns)
    assert row["order_id"] == "7" and row["code"] == "" and row.line == 2
    with pytest.raises(Invalid) as caught:
        read_table(b"Other\nx\n").aligned(columns)
    assert "order_id" in str(caught.value.message)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1\u2009234\u202f567,5", "1234567.5"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1,23,456.00", "123456.00"),
        ("12,5", "12.5"),
        ("1,234", "1.234"),
        ("\u22125", "-5"),
        ("+5", "5"),
        (",5", "0.5"),
        ("5,", "5"),
    ],
)
def test_numbers_as_people_write_them(text: str, number: str) -> None:
    assert parse_number(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", " ", ".", "abc", "1 23", "1,2,3", "1.2.3,4", "1e5", "--1", "12 34,5", "NaN", "²"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(Invalid):
        parse_number(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("12 345", 12345),
        ("12.345", 12345),
        ("12,345", 12345),
        ("12,5k", 12500),
        ("1.2M", 1200000),
        ("0", 0),
        ("7,0", 7),
    ],
)
def test_counts_as_people_write_them(text: str, count: int) -> None:
    assert parse_integer(text) == count


@pytest.mark.parametrize("text", ["12,5", "k", "", "1,2345k"])
def test_what_is_no_count(text: str) -> None:
    with pytest.raises(Invalid):
        parse_integer(text)


@pytest.mark.parametrize("text", ["2026-12-31", "31.12.2026", "31/12/2026", "31-12-2026", "20261231"])
def test_dates(text: str) -> None:
    assert parse_date(text) == date(2026, 12, 31)


@pytest.mark.parametrize("text", ["", "31.12.26", "2026-02-30", "12/31/2026", "31.12/2026", "soon"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(Invalid):
        parse_date(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-31T14:05:00Z",
        "2026-12-31T16:05+02:00",
        "31.12.2026 14:05",
        "31.12.2026 klo 14.05",
        "2026-12-31 14:05:00",
    ],
)
def test_moments(text: str) -> None:
    assert parse_moment(text) == datetime(2026, 12, 31, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "31.12.2026 25:00", "31.12.2026 noon", "14:05"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(Invalid):
        parse_moment(text)


def test_a_cell_keeps_what_can_be_seen_and_turned_letters_are_an_error_of_their_row() -> None:
    table = read_table("name;city\nAi\u200bno;Åbo\nOlga \u202ereniwO;Oslo\nEva\x07;Umeå\n".encode())
    assert [(row.line, row["name"], row["city"]) for row in table.rows] == [(2, "Aino", "Åbo"), (4, "Eva", "Umeå")]
    assert [(error.line, error.column) for error in table.errors] == [(3, "")]
