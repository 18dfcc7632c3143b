"""`samverk plugin retry`: a plugin that did not come back while it was loaded gets another chance."""

from __future__ import annotations

import click

from core.cli.main import installation


@click.command("retry")
@click.argument("name")
def retry(name: str) -> None:
    """Load a plugin that is left out since it did not load in time; exit 1 when it is not active then."""
    with installation() as here:
        here.left_out.forget(name)
        host = here.plugins
        record = next((one for one in host.records.values() if one.name == name), None)
        if record is None:
            raise click.ClickException(f"There is no plugin {name}; `samverk plugin list` names those there are.")
        if name not in host.active:
            raise click.ClickException(f"{name} is not active. {record.reason}")
    click.echo(f"{name} is active. Restart web and worker.")
