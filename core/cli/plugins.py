"""`samverk plugin`: what was found, and why something is not active."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from core.cli.main import installation
from core.cli.plugin_check import check
from core.cli.plugin_docs import docs
from core.cli.plugin_life import COMMANDS as LIFE
from core.cli.plugin_new import new
from core.cli.plugin_retry import retry
from core.cli.plugin_run import run
from core.cli.plugin_words import words
from core.plugin_host.health import Cause

if TYPE_CHECKING:
    from core.instance import Instance
    from core.plugin_host.models import PluginEntry, PluginHealth

GONE = "It is not installed any more. Install it again, or remove what it left: samverk plugin purge NAME"


@click.group()
def plugin() -> None:
    """Plugins of this installation."""


@plugin.command("list")
@click.option("--names", is_flag=True, help="Only the names of active plugins, one a line.")
def list_plugins(names: bool) -> None:
    """List every plugin that was found, its state, and why one is not active."""
    with installation() as here:
        host = here.plugins
        known = Known() if names else written_down(here)
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
        if record.name in known.off:
            click.echo(f"{'':<16} Switched off for the installation. Back on: samverk plugin switch {record.name} on")
        if pause := known.pauses.get(record.name):
            click.echo(f"{'':<16} {Cause(pause.cause).told(record.title)} The last error: {pause.last_error}")
    for entry in known.vanished:
        click.echo(f"{entry.plugin:<16} {'Not found':<16} {'':<15} {entry.version}  {entry.title}")
        click.echo(f"{'':<16} {GONE.replace('NAME', entry.plugin)}")


@dataclass(frozen=True, slots=True)
class Known:
    """What the database says of plugins: those that are gone and left something, that are paused, that are off."""

    vanished: Sequence[PluginEntry] = ()
    pauses: Mapping[str, PluginHealth] = field(default_factory=dict)
    off: Collection[str] = ()


def written_down(here: Instance) -> Known:
    """What the database says; nothing while there are no tables."""
    from sqlalchemy.exc import DBAPIError

    from core.database import not_migrated
    from core.plugin_host.pausing import paused
    from core.plugin_host.roll import vanished
    from core.plugin_host.service import switches

    since = here.plugins.fence.health.since
    try:
        with here.database.session() as session:
            off = {name for name, on in switches(session, None).items() if not on}
            return Known(vanished(session, here.plugins), {row.plugin: row for row in paused(session, since)}, off)
    except DBAPIError as error:
        if not not_migrated(error):
            raise
        return Known()


plugin.add_command(check)
plugin.add_command(new)
plugin.add_command(docs)
plugin.add_command(words)
plugin.add_command(run)
plugin.add_command(retry)
for command in LIFE:
    plugin.add_command(command)
COMMANDS = {"plugin": plugin}
