"""`samverk x`: the commands that plugins bring, a group a plugin, each behind the fence."""

from __future__ import annotations

from typing import Any

import click

from core.cli.main import installation, instance
from core.cli.plugins import GONE, written_down
from core.errors import SamverkError
from core.instance import Instance
from core.plugin_api.context import ConnectorError, Context
from core.plugin_host.data import lend
from core.plugin_host.deadlines import Seam
from core.plugin_host.records import Failure

SAID = (click.ClickException, click.exceptions.Exit, click.Abort, SystemExit, KeyboardInterrupt)
"""How a command ends on purpose; it goes through the fence as it is."""
FOR_PEOPLE = (SamverkError, ConnectorError)
"""What has a sentence for people; it goes through too, and is told without anything around it."""


class OfPlugins(click.Group):
    """Has a group for each active plugin that brings commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The plugins with commands."""
        return sorted({plugin for plugin, _ in instance().plugins.commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The group of a plugin; None for an unknown name, and a sentence for a plugin that has no commands now."""
        with installation() as here:
            host = here.plugins
            commands = [command for plugin, command in host.commands() if plugin == cmd_name]
            if not commands and (why := why_not(here, cmd_name)):
                raise click.ClickException(why)
        return OfPlugin(cmd_name, str(host.active[cmd_name].title), commands) if commands else None


class OfPlugin(click.Group):
    """The commands of one plugin: what they raise is told in a sentence and costs nobody else."""

    def __init__(self, name: str, title: str, commands: list[click.Command]) -> None:
        """Take the plugin's commands, and the option that names the brand they work for."""
        brand = click.Option(["--brand"], help="The brand's name, or its id from an address.")
        super().__init__(name, commands=commands, help=title, params=[brand])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command with its `Context`, unless the plugin is switched off."""
        plugin = str(self.name)
        what = next((word for word in [*ctx._protected_args, *ctx.args] if word in self.commands), "x")
        with installation() as here:
            ctx.obj = context_for(here, plugin, ctx.params.pop("brand"))
            host = here.plugins.of(ctx.obj.brand)

            def run(told: Context) -> Any:
                ctx.obj = told
                passes = (*SAID, *FOR_PEOPLE)
                return host.call(plugin, lambda _: self._run(ctx), told, seam=Seam.COMMAND, passes=passes, what=what)

            try:
                answer = lend(host, here.database.engine, plugin, ctx.obj, run)
            except FOR_PEOPLE as said:
                raise click.ClickException(str(said.message)) from None
        if isinstance(answer, Failure):
            raise click.ClickException(str(answer.reason))
        return answer

    def _run(self, ctx: click.Context) -> Any:
        return super().invoke(ctx)


def why_not(here: Instance, plugin: str) -> str | None:
    """Why a plugin has no commands now, as `samverk plugin list` says it; None for a name that nobody knows."""
    host = here.plugins
    record = next((one for one in host.records.values() if one.name == plugin), None)
    if plugin in host.active:
        return f"The plugin {plugin} brings no commands."
    if record is not None:
        return f"The plugin {plugin} is not active. {record.reason}"
    gone = any(entry.plugin == plugin for entry in written_down(here).vanished)
    return f"The plugin {plugin} is not found. {GONE.replace('NAME', plugin)}" if gone else None


def context_for(here: Instance, plugin: str, brand: str | None) -> Context:
    """What the plugin's commands are told; a plain sentence when it is off or the brand is not there."""
    from core.cli.imports import find_brand
    from core.plugin_host.contexts import context_of
    from core.plugin_host.service import switches

    try:
        with here.database.session() as session:
            found = find_brand(session, brand) if brand else None
            if not switches(session, found.id if found else None).get(plugin, True):
                raise click.ClickException(f"The plugin {plugin} is switched off.")
            return context_of(session, here.plugins, here.keyring, plugin, found)
    finally:
        here.database.engine.dispose()  # the command may take its time


@click.group("x", cls=OfPlugins)
def extra() -> None:
    """Commands that plugins bring."""


COMMANDS = {"x": extra}
