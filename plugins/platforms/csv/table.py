"""Metrics from a table: what the platform's own export shows, for platforms that nothing else can read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from samverk import (
    METRICS,
    Column,
    EvidenceLevel,
    Invalid,
    Metrics,
    Parsed,
    PlatformConnector,
    Row,
    RowError,
    T,
    parse_integer,
    parse_moment,
)

HEADERS = {
    "views": ("näyttökerrat", "visningar", "visninger"),
    "reach": ("tavoittavuus", "räckvidd", "rekkevidde"),
    "likes": ("tykkäykset", "gilla-markeringar", "likerklikk"),
    "comments": ("kommentit", "kommentarer"),
    "shares": ("jaot", "delningar", "delinger"),
    "saves": ("tallennukset", "sparade", "lagringer"),
    "clicks": ("klikkaukset", "klick", "klikk"),
}


class MetricsTable(PlatformConnector):
    """One row a post and reading; an empty cell is not known, and never 0."""

    name = "csv"
    title = T("Table of metrics")
    columns = (
        Column("url", T("The address of the post"), example="https://www.example.com/p/1", aliases=("link", "post")),
        Column(
            "read_at",
            T("When the numbers were read, in the brand's time zone"),
            example="31.12.2026 14:05",
            aliases=("date", "time"),
        ),
        *(
            Column(name, T("The count up to then, empty when it is not known"), False, "1 250", HEADERS[name])
            for name in METRICS
        ),
    )

    def parse(self, rows: Sequence[Row], zone: tzinfo) -> Parsed[Metrics]:
        """A reading of each row, its time in `zone` unless it says another, or what is wrong with it."""
        records: list[Metrics] = []
        errors: list[RowError] = []
        for row in rows:
            column = "url"
            try:
                if not row[column].startswith(("https://", "http://")):
                    raise Invalid(T("Enter the whole address, with https://."))
                column = "read_at"
                at = parse_moment(row[column], zone)
                values: dict[str, int] = {}
                for column in (name for name in METRICS if row[name]):
                    values[column] = parse_integer(row[column])
                    if values[column] < 0:
                        raise Invalid(T("A count cannot be below zero."))
                column = ""
                if not values:
                    raise Invalid(T("This row has no number."))
            except Invalid as error:
                errors.append(RowError(row.line, column, error.message))
                continue
            records.append(Metrics(row["url"], at, values, EvidenceLevel.DOCUMENTED))
        return Parsed(records, errors)
