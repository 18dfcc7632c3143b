"""`samverk keys`: the keys that secrets in the database are encrypted with, and a new one in their place."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from core.cli.main import instance

if TYPE_CHECKING:
    from core.instance import Instance
    from core.rotation import Report


@click.group()
def keys() -> None:
    """The keys of secrets in the database."""


@keys.command("list")
def list_keys() -> None:
    """List every key, since when it is the current one, and what was encrypted with it."""
    from core.rotation import uses

    with _installation() as here, here.database.session() as session:
        keyring = here.keyring
        used = uses(session, keyring)
    for name in keyring.keys:
        since = f" since {keyring.since:%Y-%m-%d %H:%M} UTC" if keyring.since else ""
        click.echo(f"{name:<6} {f'current{since}' if name == keyring.current else 'replaced'}")
        _echo_uses(used[name])
    if used[""]:
        click.echo("Encrypted with keys that are not here:")
        _echo_uses(used[""])


@keys.command()
@click.option("--again", is_flag=True, help="Make a new key even while an older one is kept.")
@click.option("--stopped", is_flag=True, help="No other process of Samverk runs: drop the old key at once.")
def rotate(again: bool, stopped: bool) -> None:
    """Make a new key, encrypt every secret with it, drop the old key. Killed in the middle, run it again.

    Exit 1 when secrets were met that no key opens.
    """
    from core import rotation

    with _installation() as here, _alone(here):
        began = again or len(here.keyring.keys) == 1
        report = rotation.rotate(here.database, here.key_file, again=again, stopped=stopped, each=_progress)
    what = "a new" if began else "the current"
    click.echo(f"{here.keyring.current} is {what} key; secrets encrypted with it: {report.done}.")
    _tell(report, here)
    if report.unreadable:
        raise click.exceptions.Exit(1)


def _tell(report: Report, here: Instance) -> None:
    from core.rotation import GRACE

    for name in report.dropped:
        click.echo(f"{name} was dropped: nothing uses it.")
    since = here.keyring.since
    if report.waiting and since:
        click.echo(
            f"{', '.join(report.waiting)} is kept for processes that have it in hand. "
            f"Run samverk keys rotate once more after {since + GRACE:%H:%M} UTC to drop it."
        )
    for name in report.in_use:
        click.echo(f"{name} is kept: something still uses it, see samverk keys list.")
    for place in report.unreadable:
        click.echo(f"No key opens {place}. Let it be entered again.", err=True)


def _progress(done: int) -> None:
    click.echo(f"{done} secrets", err=True)


def _echo_uses(used: Mapping[str, int]) -> None:
    for name, count in used.items():
        click.echo(f"{'':<6} {count:>8} {name}")


@contextmanager
def _installation() -> Iterator[Instance]:
    import core.tables  # noqa: F401 - every table that a vault's row refers to

    here = instance()
    try:
        yield here
    finally:
        here.database.engine.dispose()


@contextmanager
def _alone(here: Instance) -> Iterator[None]:
    """One rotation at a time; a second one waits."""
    with (here.folder / "keys.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


COMMANDS = {"keys": keys}
