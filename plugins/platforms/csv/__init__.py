"""Metrics from CSV."""

from __future__ import annotations

from collections.abc import Sequence

from samverk import PlatformConnector, Plugin, T, hookimpl

from .table import MetricsTable


class CsvPlatform(Plugin):
    """Brings the table of metrics."""

    name = "csv_platform"
    title = T("Metrics from CSV")
    api_version = 1

    @hookimpl
    def register_platforms(self) -> Sequence[type[PlatformConnector]]:
        """The one platform."""
        return [MetricsTable]


plugin = CsvPlatform()
