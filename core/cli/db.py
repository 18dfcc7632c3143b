"""`db upgrade`: Alembic from the migrations folder, then each plugin's own history, under a lock."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from core.cli.main import instance
from core.i18n import ROOT

if TYPE_CHECKING:
    from alembic.config import Config

    from core.instance import Instance
    from core.plugin_host.host import PluginHost


def alembic_config(url: str) -> Config:
    """Alembic's settings for a database."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = url
    return config


def upgrade_database(here: Instance, revision: str = "head") -> list[str]:
    """Bring a database to a revision; two at once wait for each other; a newer schema is refused.

    At the newest revision plugins' tables follow, each behind its fence: what is wrong with one is told on stderr, and
    the names of those that wait come back.
    Keys that are not there yet are made here too: this runs once, before web and worker start.
    """
    from alembic import command
    from alembic.util import CommandError

    with alone(here):
        here.make_keys()
        try:
            command.upgrade(alembic_config(here.settings.database_url), revision)
        except CommandError as error:
            raise click.ClickException(
                f"The database is of a newer Samverk than this one, or its migrations are missing: {error}"
            ) from None
        return _upgrade_plugins(here) if revision == "head" else []


@contextmanager
def alone(here: Instance) -> Iterator[None]:
    """Nobody else upgrades this installation's database meanwhile."""
    with (here.folder / "upgrade.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def as_found(here: Instance) -> Iterator[PluginHost]:
    """The plugins as they load, whatever their tables are like; how they fail is written down for their pages."""
    from core.plugin_host.fence import Fence
    from core.plugin_host.host import PluginHost
    from core.plugin_host.pausing import sync

    host = PluginHost(here.load_plugins(), Fence(trace=here.settings.trace_plugins))
    yield host
    if host.fence.health.news.is_set():
        sync(here.database, host.fence.health)
        here.database.engine.dispose()


def _upgrade_plugins(here: Instance) -> list[str]:
    from core.plugin_host.tables import upgrade_all

    with as_found(here) as host:
        faults = {name: fault for name, fault in upgrade_all(host, here.settings.database_url).items() if fault}
    for name, fault in faults.items():
        click.echo(f"The tables of the plugin {name} stay as they are, and it stays off. {fault}", err=True)
    return list(faults)


@click.group()
def db() -> None:
    """The database."""


@db.command()
@click.option("--plugins-may-wait", is_flag=True, help="Exit 0 although a plugin's tables could not be upgraded.")
def upgrade(plugins_may_wait: bool) -> None:
    """Bring the database to the newest schema, core's and every plugin's; exit 1 when one of them stays behind.

    A plugin that stays behind waits alone: Samverk and the other plugins run.
    """
    waiting = upgrade_database(instance())
    if waiting:
        click.echo(f"The database is up to date, but for the tables of {', '.join(waiting)}.")
    else:
        click.echo("The database is up to date.")
    if waiting and not plugins_may_wait:
        raise click.exceptions.Exit(1)


COMMANDS = {"db": db}
