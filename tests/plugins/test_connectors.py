"""The manual rail, and the tables that platforms and shops export."""

from __future__ import annotations

from datetime import UTC, datetime

from click.testing import CliRunner

from core.csv_input import example, read_table
from core.instance import Instance
from core.plugin_host.host import PluginHost
from samverk import (
    Context,
    EvidenceLevel,
    Money,
    NeedsAction,
    Payee,
    PayoutBatch,
    PayoutOrder,
    RefundRecord,
    SaleRecord,
)

HOST = PluginHost.load(safe_mode=True)
SALES = (
    "Order;Discount code;Amount;Currency;Date;Refund of\r\n"
    "1042;AINO10;1 249,90;;31.12.2026 14:05;\r\n"
    "1043;;49,90;SEK;2026-12-31T12:05:00Z;\r\n"
    "R-1;;-49,90;SEK;01.01.2027;1043\r\n"
    "1044;AINO10;-5;;31.12.2026;\r\n"
    "1045;AINO10;ten;;31.12.2026;\r\n"
    "1046;AINO10;1,234;;31.12.2026;\r\n"
    "1047;AINO10;5;XXZ;31.12.2026;\r\n"
    "1048;AINO10;5;;yesterday;\r\n"
    "1042;AINO10;5;;31.12.2026;\r\n"
    ";AINO10;5;;31.12.2026;\r\n"
)


def test_sales_are_read_and_each_fault_is_told_at_its_cell() -> None:
    source = HOST.sales_sources["csv"]
    table = read_table(b"\xef\xbb\xbf" + SALES.encode())
    parsed = source.parse(table.aligned(source.columns), "EUR", UTC)
    assert parsed.records == (
        SaleRecord("1042", Money(124990, "EUR"), datetime(2026, 12, 31, 14, 5, tzinfo=UTC), "AINO10"),
        SaleRecord("1043", Money(4990, "SEK"), datetime(2026, 12, 31, 12, 5, tzinfo=UTC), ""),
        RefundRecord("R-1", "1043", Money(4990, "SEK"), datetime(2027, 1, 1, tzinfo=UTC)),
    )
    assert [(error.line, error.column) for error in parsed.errors] == [
        (5, "refund_of"), (6, "amount"), (7, "amount"), (8, "amount"),
        (9, "sold_at"), (10, "order_id"), (11, "order_id"),
    ]  # fmt: skip
    assert all(str(error.message) for error in parsed.errors)


def test_the_documented_example_of_each_table_can_be_read() -> None:
    for source, parse in (
        (HOST.sales_sources["csv"], lambda rows: HOST.sales_sources["csv"].parse(rows, "EUR", UTC)),
        (HOST.platforms["csv"], lambda rows: HOST.platforms["csv"].parse(rows, UTC)),
    ):
        parsed = parse(read_table(example(source.columns).encode()).aligned(source.columns))
        assert len(parsed.records) == 1 and not parsed.errors


def test_metrics_are_read_and_an_empty_cell_is_not_nothing() -> None:
    text = (
        "url,read_at,views,likes,saves\n"
        'https://example.com/p/1,31.12.2026,"12 500",,0\n'
        "example.com/p/2,31.12.2026,5,,\n"
        "https://example.com/p/3,31.12.2026,,,\n"
        "https://example.com/p/4,31.12.2026,-5,,\n"
        "https://example.com/p/5,soon,5,,\n"
    )
    platform = HOST.platforms["csv"]
    parsed = platform.parse(read_table(text.encode()).aligned(platform.columns), UTC)
    (reading,) = parsed.records
    assert reading.values == {"views": 12500, "saves": 0} and reading.evidence is EvidenceLevel.DOCUMENTED
    assert [(e.line, e.column) for e in parsed.errors] == [(3, "url"), (4, ""), (5, "views"), (6, "read_at")]


def test_the_manual_rail_asks_a_person_and_tells_them_everything() -> None:
    rail = HOST.payout_rails["manual"]
    order = PayoutOrder("P-1", Money(12345, "EUR"), Payee("i1", "Aino Laine", "FI", "FI2112345600000785"))
    outcomes = rail.submit(Context(), PayoutBatch("b", (order,)), "key")
    assert outcomes == rail.submit(Context(), PayoutBatch("b", (order,)), "key")
    outcome = outcomes["P-1"]
    assert isinstance(outcome, NeedsAction)
    for told in ("Aino Laine", "FI2112345600000785", "P-1", "123.45"):
        assert told in str(outcome.instruction)
    assert "FI2112345600000785" not in repr(order.payee), "an account number is in no log"
    for currency in ("ISK", "UGX", "HUF", "TWD", "KWD", "JPY", "EUR"):
        amount = Money(7000, currency)
        assert rail.from_wire(rail.to_wire(amount), currency) == amount


def test_the_command_lists_what_is_there(instance: Instance) -> None:
    from core.cli import plugins

    here = {"SAMVERK_INSTANCE": str(instance.settings.instance), "SAMVERK_DATABASE_URL": instance.settings.database_url}
    names = CliRunner(env=here).invoke(plugins.plugin, ["list", "--names"])
    assert names.exit_code == 0, names.output
    assert {"fixed", "commission", "gifting", "hybrid", "manual", "csv_platform", "csv_sales"} <= set(
        names.output.split()
    )
    assert "Active" in CliRunner(env=here).invoke(plugins.plugin, ["list"]).output
