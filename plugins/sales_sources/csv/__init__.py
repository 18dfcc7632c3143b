"""Sales from CSV."""

from __future__ import annotations

from collections.abc import Sequence

from samverk import Plugin, SalesSource, T, hookimpl

from .table import SalesTable


class CsvSales(Plugin):
    """Brings the table of sales."""

    name = "csv_sales"
    title = T("Sales from CSV")
    api_version = 1

    @hookimpl
    def register_sales_sources(self) -> Sequence[type[SalesSource]]:
        """The one source."""
        return [SalesTable]


plugin = CsvSales()
