"""Tables as people really have them: Excel's Nordic export, decimal commas, BOMs, quoted newlines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal

from core import typed
from core.errors import Invalid
from core.plugin_api.text import T, Text

DELIMITERS = (";", ",", "\t")
MOST_DIGITS = 40
SPACES = "\u0020\u00a0\u2009\u202f\u2007'\u2019"
_SPACED = re.compile(rf"^\d{{1,3}}([{SPACES}]\d{{3}})*$")
_GROUPED = re.compile(r"^\d{1,3}([.,])\d{3}(\1\d{3})*$")
_INDIAN = re.compile(r"^\d{1,2}(,\d{2})*,\d{3}$")
_DAY_FIRST = re.compile(r"^(\d{1,2})([./-])(\d{1,2})\2(\d{4})$")
_YEAR_FIRST = re.compile(r"^(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})$")
_CLOCK = re.compile(r"^(?:klo |kl\.? ?)?(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?$")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its header, what goes in it, an example, and other headers people use."""

    name: str
    help: Text
    required: bool = True
    example: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the line of the file it begins on (the headers being line 1) and its cells by header."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, header: str) -> str:
        """A cell, empty when the table has no such column."""
        return self.cells.get(header, "")


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in a row; `column` is empty when it is the whole row."""

    line: int
    column: str
    message: Text


@dataclass(frozen=True, slots=True)
class Table:
    """Headers as written, the rows that have a cell filled in, and the rows that do not fit the headers."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    errors: tuple[RowError, ...] = ()

    def aligned(self, columns: Sequence[Column]) -> tuple[Row, ...]:
        """The rows under the columns' own names; `Invalid` names the required columns that are missing."""
        found = match_headers(self.headers, columns)
        missing = [column.name for column in columns if column.required and column.name not in found]
        if missing:
            raise Invalid(T("The table lacks these columns: %(names)s.", names=", ".join(missing)))
        return tuple(Row(row.line, {name: row[header] for name, header in found.items()}) for row in self.rows)


def example(columns: Sequence[Column]) -> str:
    """A table with the columns and one row of their examples, as Excel in the Nordics writes it."""
    cells = io.StringIO(newline="")
    writer = csv.writer(cells, delimiter=";")
    writer.writerow(column.name for column in columns)
    writer.writerow(column.example for column in columns)
    return cells.getvalue()


def match_headers(headers: Sequence[str], columns: Sequence[Column]) -> dict[str, str]:
    """Which header each column is found under; case, spaces and underscores make no difference."""
    written = {plain_header(header): header for header in headers}
    found = {}
    for column in columns:
        names = (plain_header(name) for name in (column.name, *column.aliases))
        header = next((written[name] for name in names if name in written), None)
        if header is not None:
            found[column.name] = header
    return found


def plain_header(header: str) -> str:
    """A header without case, spaces, hyphens and underscores, to compare it by."""
    return re.sub(r"[\s_\-]+", "", header.casefold())


def read_table(raw: bytes) -> Table:
    """A table in whatever encoding and delimiter it came; `Invalid` when it is no table at all."""
    text = decode(raw)
    first, _, rest = text.lstrip("\r\n").partition("\n")
    skipped = 0
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # Excel's own note to itself
        delimiter, text, skipped = first.strip()[4], rest, 1
    else:
        delimiter = sniff(first)
    records = _records(text, delimiter, skipped)
    _, headers = next(records, (0, []))
    names = _headers(headers)
    rows, errors = [], []
    for line, cells in records:
        if any(cell.strip() for cell in cells[len(headers) :]):
            errors.append(RowError(line, "", T("This row has more cells than there are headers.")))
            continue
        try:
            rows.append(Row(line, {name: _text(cells[i]) if i < len(cells) else "" for i, name in names}))
        except Invalid as error:
            errors.append(RowError(line, "", error.message))
    return Table(tuple(name for _, name in names), tuple(rows), tuple(errors))


def _text(cell: str) -> str:
    """What a cell says, without the apostrophe that keeps spreadsheets from running it; our own exports write it."""
    text = typed.text(cell)
    return text[1:] if text.startswith("'") and text[1:].lstrip().startswith(("=", "+", "-", "@")) else text


def decode(raw: bytes) -> str:
    """The text of a file in UTF-8, UTF-16 or Windows-1252."""
    if raw.startswith(b"PK\x03\x04"):
        raise Invalid(T("This is an Excel workbook. Save it as CSV and send that file."))
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif raw[:2].count(0) == 1:
        encodings = ["utf-16-le" if raw[1] == 0 else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Invalid(T("This file is not text. Save it as CSV in UTF-8 and send that file."))


def sniff(line: str) -> str:
    """The delimiter that occurs most in a line, outside quotation marks."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(DELIMITERS, key=bare.count)


def _records(text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = skipped + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            message = T("Line %(line)s: a quotation mark is left open or stands inside a cell.", line=start)
            raise Invalid(message) from None
        if any(cell.strip() for cell in cells):
            yield start, cells
        start = skipped + reader.line_num + 1


def _headers(cells: Sequence[str]) -> list[tuple[int, str]]:
    names = [(index, cell.strip()) for index, cell in enumerate(cells) if cell.strip()]
    if not names:
        raise Invalid(T("The file is empty."))
    seen: set[str] = set()
    for _, name in names:
        if name.casefold() in seen:
            raise Invalid(T("The column %(name)s is there twice.", name=name))
        seen.add(name.casefold())
    return names


def parse_number(text: str) -> Decimal:
    """A number as people write it: `1 234,50`, `1.234,50`, `1,234.50`, `12,5`.

    One comma or one point alone is the decimal sign, so that `1,234` is never silently a thousand.
    """
    sign, digits = _sign(text)
    point = max(digits.rfind(","), digits.rfind("."))
    whole, decimals = (digits[:point], digits[point + 1 :]) if point >= 0 else (digits, "")
    if digits.count(",") + digits.count(".") > 1 and digits[point] in whole:
        whole, decimals = digits, ""  # the same sign twice groups
    plain = _ungrouped(whole or "0")
    if plain is None or not (plain + decimals).isdecimal() or not whole + decimals:
        raise Invalid(T("%(text)s is not a number.", text=text.strip()[:40]))
    return Decimal(f"{sign}{plain}.{decimals or '0'}") if decimals else Decimal(f"{sign}{plain}")


def parse_integer(text: str) -> int:
    """A count as people write it: `12 345`, `12.345`, `12,345`, `12,5k`, `1.2M`."""
    stripped = text.strip()
    factor = {"k": 1_000, "m": 1_000_000}.get(stripped[-1:].lower(), 1)
    body = stripped[:-1] if factor > 1 else stripped
    sign, digits = _sign(body)
    if factor == 1 and (_GROUPED.match(digits) or _INDIAN.match(digits)):
        return int(sign + re.sub(r"\D", "", digits))
    number = parse_number(body) * factor
    if number != number.to_integral_value():
        raise Invalid(T("%(text)s is not a whole number.", text=stripped[:40]))
    return int(number)


def _sign(text: str) -> tuple[str, str]:
    body = text.strip().replace("\u2212", "-")
    if len(body) > MOST_DIGITS:
        raise Invalid(T("%(text)s is not a number.", text=f"{body[:40]}…"))
    return ("-", body[1:].strip()) if body.startswith("-") else ("", body.removeprefix("+").strip())


def _ungrouped(whole: str) -> str | None:
    if whole.isdecimal():
        return whole
    if _SPACED.match(whole) or _GROUPED.match(whole) or _INDIAN.match(whole):
        return re.sub(r"\D", "", whole)
    return None


def parse_date(text: str) -> date:
    """A day of this century as `2026-12-31`, `31.12.2026` or `31/12/2026` (the day first)."""
    body = text.strip()
    try:
        if match := _YEAR_FIRST.match(body):
            return typed.day(date(int(match[1]), int(match[2]), int(match[3])))
        if match := _DAY_FIRST.match(body):
            return typed.day(date(int(match[4]), int(match[3]), int(match[1])))
    except ValueError:
        pass
    raise Invalid(T("%(text)s is not a date. Write it like 31.12.2026 or 2026-12-31.", text=body[:40]))


def parse_moment(text: str, zone: tzinfo = UTC) -> datetime:
    """A moment of this century: ISO 8601, or a date with or without a time of day, in `zone` unless it says another."""
    body = text.strip()
    try:
        moment = typed.moment(datetime.fromisoformat(body))
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    except ValueError:
        day, _, clock = body.partition(" ")
    match = _CLOCK.match(clock.strip().lower())
    if clock.strip() and not match:
        raise Invalid(T("%(text)s is not a time. Write it like 31.12.2026 14:05.", text=body[:40]))
    try:
        at = time(int(match[1]), int(match[2]), int(match[3] or 0)) if match else time()
    except ValueError:
        raise Invalid(T("%(text)s is not a time. Write it like 31.12.2026 14:05.", text=body[:40])) from None
    return datetime.combine(parse_date(day), at, zone)
