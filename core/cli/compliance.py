"""`samverk compliance`: hold cases against the rule packs of this installation."""

from __future__ import annotations

from pathlib import Path

import click

from core.cli.main import instance
from core.compliance.cases import judge, read_cases
from core.errors import Invalid


@click.group()
def compliance() -> None:
    """Rules on advertising."""


@compliance.command()
@click.option("--cases", "path", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(path: Path) -> None:
    """Print a verdict for every line of a file of cases, and how many came out as expected."""
    packs = list(instance().plugins.compliance.values())
    try:
        with path.open(encoding="utf-8-sig") as lines:
            cases = list(read_cases(lines))
    except UnicodeDecodeError:
        raise click.ClickException(f"{path}: the file is not UTF-8 text.") from None
    except Invalid as error:
        raise click.ClickException(f"{path}: {error.message}") from None
    outcomes = [judge(packs, case) for case in cases]
    for outcome in outcomes:
        click.echo(outcome.line())
    expecting = [outcome for outcome in outcomes if outcome.expected is not None]
    met = sum(outcome.verdict == outcome.expected for outcome in expecting)
    click.echo(f"{met} of {len(expecting)} as expected")


COMMANDS = {"compliance": compliance}
