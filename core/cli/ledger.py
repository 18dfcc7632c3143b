"""`ledger verify` proves the books, `ledger export` hands them to another program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from core.cli.main import instance
from core.ledger import queries
from core.ledger.export import beancount
from core.ledger.verify import Report
from core.ledger.verify import verify as check


@click.group()
def ledger() -> None:
    """Verify and export the books."""


@ledger.command()
def verify() -> None:
    """Check every promise of the books; prints `ok` with counts, or each broken one, exit 1."""
    with _books() as session:
        report = check(session)
    if report.ok:
        click.echo(f"ok: {counts(report)}")
        return
    for finding in report.findings:
        books = f"brand {finding.brand_id}" if finding.brand_id is not None else "all books"
        click.echo(f"{finding.rule}: {books}: {finding.message}")
    click.echo(f"{len(report.findings)} broken, of {counts(report)}")
    raise SystemExit(1)


@ledger.command()
@click.option("--format", "kind", type=click.Choice(["beancount"]), default="beancount", show_default=True)
@click.option("--brand", type=int, help="Only this brand's books, by its number.")
def export(kind: str, brand: int | None) -> None:
    """Write the books to standard output."""
    del kind  # there is one so far
    with _books() as session:
        for line in beancount(session, brand):
            click.echo(line)


@contextmanager
def _books() -> Iterator[Session]:
    try:
        with queries.snapshot(instance().database) as session:
            yield session
    except DatabaseError as error:
        raise click.ClickException(f"The books cannot be read: {error.orig}. Try: samverk db upgrade") from None


def counts(report: Report) -> str:
    """How much was looked at."""
    parts = (
        (report.brands, "books"),
        (report.accounts, "accounts"),
        (report.transactions, "transactions"),
        (report.entries, "entries"),
    )
    return ", ".join(f"{count} {name}" for count, name in parts)


COMMANDS = {"ledger": ledger}
