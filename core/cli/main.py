"""`samverk`: one group, each command in a module of its own, imported when it is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from core import ctrl_c

if TYPE_CHECKING:
    from flask import Flask

    from core.instance import Instance

COMMANDS = {
    "run": ("core.cli.serve", "Run web and worker, and restart either should it fall."),
    "web": ("core.cli.serve", "Run the web server alone."),
    "worker": ("core.cli.serve", "Run the worker alone."),
    "db": ("core.cli.db", "Bring the database to the newest schema."),
    "demo": ("core.cli.demo", "Fill an empty installation with a lively example."),
    "import": ("core.cli.imports", "Import influencers from a CSV."),
    "compliance": ("core.cli.compliance", "Check contents against the rule packs."),
    "plugin": ("core.cli.plugins", "What plugins there are and how they are."),
    "x": ("core.cli.extra", "Commands that plugins bring."),
    "keys": ("core.cli.keys", "List and replace the keys of secrets in the database."),
    "ledger": ("core.cli.ledger", "Verify and export the books."),
    "i18n": ("core.cli.i18n", "Extract, update and check the catalogues."),
}


class Lazy(click.Group):
    """Loads a command's module when it is called, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command that this installation has."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = module.COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line a command, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Lazy)
@click.version_option(package_name="samverk")
def samverk() -> None:
    """Samverk: influencer marketing on your own machine."""


def instance() -> Instance:
    """The installation that the environment names; faults in it are told in plain sentences, exit 2."""
    from core import private
    from core.instance import Instance
    from core.settings import BadSettings, load

    private.keep()
    try:
        return Instance(load())
    except BadSettings as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def installation() -> Iterator[Instance]:
    """The same for the length of a command: every table is known, and no connection is left open behind it."""
    import core.tables  # noqa: F401 - what is written may refer to a table of any room

    here = instance()
    try:
        yield here
    finally:
        here.database.engine.dispose()


def main(make_app: Callable[[Instance], Flask], args: Any = None) -> None:
    """Run the command line; `make_app` comes from the composition root."""
    ctrl_c.listen()
    try:
        code = samverk.main(args=args, obj=make_app, standalone_mode=False)
        if type(code) is int and code:  # click gives back how a command left
            sys.exit(code)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        click.echo("Aborted.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:
        from core.crypto import BadKeyring
        from core.database import NOT_MIGRATED, not_migrated

        if not isinstance(error, BadKeyring) and not not_migrated(error):
            raise
        click.ClickException(str(error) if isinstance(error, BadKeyring) else NOT_MIGRATED).show()
        sys.exit(1)
