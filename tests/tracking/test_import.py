"""Sales from a CSV: a preview per row, then all good rows, and nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from core.errors import Denied, Invalid, Missing, Refused
from core.files import StoredFile
from core.tracking import export, importing, queries
from core.tracking.models import Sale
from tests.collaborations.stage import host
from tests.tracking.conftest import Play

EXAMPLE = Path(__file__).parents[2] / "examples" / "sales.csv"


def keep(play: Play, raw: bytes | str, actor: str = "owner") -> StoredFile:
    return importing.keep_table(
        play.session,
        play.world.actors[actor],
        host=host(),
        store=play.instance.files,
        brand=play.world.brand,
        source="csv",
        raw=raw.encode() if isinstance(raw, str) else raw,
    )


def preview(play: Play, file: StoredFile) -> importing.Preview:
    return importing.preview(play.session, host=host(), store=play.instance.files, file=file)


def take(play: Play, file: StoredFile) -> importing.Preview:
    return importing.import_sales(play.session, play.world.owner, host=host(), store=play.instance.files, file=file)


def example(play: Play) -> bytes:
    return EXAMPLE.read_text().replace("AINO27", play.code).replace("aino27", play.code.lower()).encode("utf-8-sig")


def test_the_example_file_is_taken(play: Play, moment: list[datetime]) -> None:
    moment[0] += timedelta(days=9)
    file = keep(play, example(play))
    found = preview(play, file)
    assert [line.verdict and str(line.verdict.state) for line in found.lines] == [
        "credited",
        "credited",
        "uncredited",
        "on_hold",
        "credited",
    ]
    assert play.session.scalar(select(func.count(Sale.id))) == 0
    path = play.instance.files.path(file.sha256)
    take(play, file)
    assert play.session.scalar(select(func.count(Sale.id))) == 4
    assert play.earned() == 499 - 200 + 11_200
    assert not path.exists()


def test_the_same_file_again_adds_nothing(play: Play, moment: list[datetime]) -> None:
    moment[0] += timedelta(days=9)
    take(play, keep(play, example(play)))
    file = keep(play, example(play))
    assert len(preview(play, file).known) == 5
    with pytest.raises(Refused):
        take(play, file)


def test_each_bad_row_says_where_and_why(play: Play) -> None:
    table = f"""Order number;Rabattkod;Summa;Valuta;Datum;refund_of
1;{play.code};10,00;EUR;22.11.2026;
2;{play.code};ten;EUR;22.11.2026;
3;{play.code};10,00;EUR;31.31.2026;
4;{play.code};10,00;XYZ;22.11.2026;
R;;5,00;EUR;22.11.2026;99
R2;;50,00;EUR;22.11.2026;1
7;{play.code};1;EUR;22.11.2026;;extra
"""
    file = keep(play, table)
    bad = [(line.line, line.column) for line in preview(play, file).bad]
    assert bad == [(3, "amount"), (4, "sold_at"), (5, "amount"), (6, "refund_of"), (7, "amount"), (8, "")]
    take(play, file)
    assert play.session.scalars(select(Sale.external_id)).all() == ["1"]


def test_names_and_addresses_of_buyers_are_not_kept(play: Play) -> None:
    file = keep(play, "order_id,amount,sold_at,email,buyer\n1,10.00,2026-11-22,liisa@example.com,Liisa Virtanen\n")
    kept = play.instance.files.path(file.sha256).read_text()
    assert "liisa" not in kept.lower() and "virtanen" not in kept.lower()


@pytest.mark.parametrize("raw", ["", "order_id;amount\n1;2\n", "order_id;amount;sold_at\n", "a"])
def test_what_is_no_table_of_sales_is_refused_at_the_field(play: Play, raw: str) -> None:
    with pytest.raises(Invalid) as error:
        keep(play, raw)
    assert error.value.field == "file"


def test_who_may_not_import(play: Play) -> None:
    with pytest.raises(Denied):
        keep(play, example(play), actor="viewer")
    file = keep(play, example(play))
    with pytest.raises(Missing):
        importing.kept_table(play.session, play.world.outsider, file.public_id)


def test_a_table_is_forgotten_after_a_day(play: Play, moment: list[datetime]) -> None:
    old = keep(play, example(play))
    path = play.instance.files.path(old.sha256)
    moment[0] += timedelta(hours=25)
    with pytest.raises(Missing):
        importing.kept_table(play.session, play.world.owner, old.public_id)
    keep(play, "order_id;amount;sold_at\n5;1;22.11.2026\n")
    assert not path.exists()


def test_the_export_runs_nothing_in_a_spreadsheet(play: Play) -> None:
    play.take(play.sale('=HYPERLINK("http://x")', 100), play.sale(" @SUM(1)", 100), play.sale("1042", 100, code="-2+3"))
    rows, _ = queries.list_sales(play.session, play.world.owner, play.brand_id, queries.Filters())
    text = export.as_csv(rows, UTC).decode("utf-8-sig")
    assert "'=HYPERLINK" in text and "' @SUM(1)" in text and ";'-2+3;" in text and "\n1042;" in text


def test_the_export_tells_the_time_on_the_brands_wall(play: Play) -> None:
    play.take(play.sale("1042", 100, at=datetime(2025, 12, 31, 22, 30, tzinfo=UTC)))
    rows, _ = queries.list_sales(play.session, play.world.owner, play.brand_id, queries.Filters())
    assert ";2026-01-01T00:30:00+02:00;" in export.as_csv(rows, ZoneInfo("Europe/Helsinki")).decode("utf-8-sig")


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("22.11.2026 00:30", "2026-11-21T22:30"),
        ("22.11.2026", "2026-11-21T22:00"),
        ("2026-07-01T12:00", "2026-07-01T09:00"),
        ("2026-11-22T00:30Z", "2026-11-22T00:30"),
        ("2026-11-22T00:30-05:00", "2026-11-22T05:30"),
    ],
)
def test_a_time_without_an_offset_is_the_brands(play: Play, told: str, meant: str) -> None:
    assert play.world.brand.timezone == "Europe/Helsinki"
    (line,) = preview(play, keep(play, f"order_id;amount;sold_at\n5;1;{told}\n")).lines
    assert line.record is not None
    assert line.record.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") == meant
