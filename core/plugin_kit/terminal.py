"""Its commands: each ends with an answer or a sentence, in an empty folder and where nobody answers outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import chdir
from tempfile import TemporaryDirectory

import click
from click.testing import CliRunner, Result

from core.errors import SamverkError
from core.plugin_api.context import ConnectorError, Context
from core.plugin_api.kit import FakeServer
from core.plugin_api.manifest import PluginScope
from core.plugin_host.deadlines import Limit, TookTooLong, Watch
from core.plugin_host.declared import fields_of
from core.plugin_kit.checks import Broken, Subject, check, fell
from core.plugin_kit.filled import secrets
from core.plugin_kit.guard import no_network
from core.plugin_kit.rows import BRAND, states, stocked
from core.plugin_kit.wire import Wire, lost

SECONDS = 10.0
"""How long a command may take that is told nothing."""
ON_PURPOSE = (SystemExit, SamverkError, ConnectorError)
"""How a command ends with an answer: click has made an exit of its own errors."""
_watch = Watch()
"""Ends what never ends by itself."""


@check(
    "commands",
    "Its commands end with an answer or a sentence, over empty tables and over tables that hold rows",
    "commands",
    hint="Tables may be empty, and without --brand ctx.brand is None: say so with click.ClickException, Invalid or "
    "Missing. ctx.http raises Unavailable when no answer came.",
)
def commands(subject: Subject, command: click.Command) -> None:
    """What needs no argument is run, for the installation and for a brand; of the rest the help is shown."""
    site = subject.plugin.scope is PluginScope.SITE
    for arguments in _lines(command):
        for brand in (None,) if site else (None, BRAND):
            for state in states(subject):
                _hold(subject, command, arguments, brand, state)


def _lines(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """What is typed after the command's name, for it and for each command below it."""
    if isinstance(command, click.Group):
        yield (*path, "--help")
        for name, below in command.commands.items():
            yield from _lines(below, (*path, name))
    else:
        yield (*path, "--help") if any(one.required for one in command.params) else path


def _hold(subject: Subject, command: click.Command, arguments: Sequence[str], brand: str | None, state: str) -> None:
    of_whom = f"{subject.name} --brand {brand}" if brand else subject.name
    line = " ".join(["samverk x", of_whom, str(command.name), *arguments])
    with stocked(subject, state, write=True) as data, no_network() as touched:
        wire = Wire(FakeServer(), lost)
        ctx = Context(brand, subject.settings(), secrets(fields_of(subject.record)), wire, data)
        try:
            ended = _watch.run(subject.name, line, Limit(SECONDS), _run, (command, arguments, ctx), {})
        except TookTooLong:
            mend = "Let what goes on and on ask for an argument, or an option with required=True."
            raise Broken(f"an end within {SECONDS:g} seconds", "none", f"{line}, {state}", mend) from None
    if touched:
        raise Broken("ctx.http.request(...)", touched[0], f"{line}, {state}", "Go outside by ctx.http.request alone.")
    error = ended.exception
    if error is not None and not isinstance(error, ON_PURPOSE):
        raise Broken("an answer or a sentence", fell(error, subject), f"{line}, {state}")


def _run(command: click.Command, arguments: Sequence[str], ctx: Context) -> Result:
    with TemporaryDirectory() as folder, chdir(folder):
        return CliRunner().invoke(command, arguments, obj=ctx)
