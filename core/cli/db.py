"""`db upgrade`: Alembic from the migrations folder, under a lock."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import click

from core.cli.main import instance
from core.i18n import ROOT

if TYPE_CHECKING:
    from alembic.config import Config

    from core.instance import Instance


def alembic_config(url: str) -> Config:
    """Alembic's settings for a database."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = url
    return config


def upgrade_database(here: Instance, revision: str = "head") -> None:
    """Bring a database to a revision; two at once wait for each other; a newer schema is refused."""
    from alembic import command
    from alembic.util import CommandError

    here.settings.instance.mkdir(parents=True, exist_ok=True)
    with (here.settings.instance / "upgrade.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            command.upgrade(alembic_config(here.settings.database_url), revision)
        except CommandError as error:
            raise click.ClickException(
                f"The database is of a newer Samverk than this one, or its migrations are missing: {error}"
            ) from None


@click.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Bring the database to the newest schema."""
    here = instance()
    upgrade_database(here)
    click.echo("The database is up to date.")


COMMANDS = {"db": db}
