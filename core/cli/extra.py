"""`samverk x`: the commands that plugins bring, a group a plugin, each behind the fence."""

from __future__ import annotations

from typing import Any

import click

from core.cli.main import installation, instance
from core.instance import Instance
from core.plugin_api.context import Context
from core.plugin_host.data import lend
from core.plugin_host.deadlines import Seam
from core.plugin_host.records import Failure

SAID = (click.ClickException, click.exceptions.Exit, click.Abort, SystemExit)
"""How a command ends on purpose; it goes through the fence as it is."""


class OfPlugins(click.Group):
    """Has a group for each active plugin that brings commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The plugins with commands."""
        return sorted({plugin for plugin, _ in instance().plugins.commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The group of a plugin, None when it brings no commands."""
        host = instance().plugins
        commands = [command for plugin, command in host.commands() if plugin == cmd_name]
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
        what = f"{ctx.info_name} {ctx.invoked_subcommand or ''}".strip()
        with installation() as here:
            ctx.obj = context_for(here, plugin, ctx.params.pop("brand"))
            host = here.plugins

            def run(told: Context) -> Any:
                ctx.obj = told
                return host.call(plugin, lambda _: self._run(ctx), told, seam=Seam.COMMAND, passes=SAID, what=what)

            answer = lend(host, here.database.engine, plugin, ctx.obj, run)
        if isinstance(answer, Failure):
            raise click.ClickException(str(answer.reason))
        return answer

    def _run(self, ctx: click.Context) -> Any:
        return super().invoke(ctx)


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
