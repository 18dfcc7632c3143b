"""`samverk plugin`: what was found, and why something is not active."""

from __future__ import annotations

import click

from core.cli.main import instance
from core.cli.plugin_check import check
from core.cli.plugin_docs import docs
from core.cli.plugin_new import new


@click.group()
def plugin() -> None:
    """Plugins of this installation."""


@plugin.command("list")
@click.option("--names", is_flag=True, help="Only the names of active plugins, one a line.")
def list_plugins(names: bool) -> None:
    """List every plugin that was found, its state, and why one is not active."""
    host = instance().plugins
    if names:
        for name in sorted(host.active):
            click.echo(name)
        return
    for record in host.records.values():
        kinds = ", ".join(record.kinds)
        click.echo(
            f"{record.name:<16} {record.state.label!s:<16} {kinds:<15} {record.origin} {record.version}  {record.title}"
        )
        if record.reason is not None:
            click.echo(f"{'':<16} {record.reason}")


plugin.add_command(check)
plugin.add_command(new)
plugin.add_command(docs)
COMMANDS = {"plugin": plugin}
