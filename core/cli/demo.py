"""`samverk demo`: fill an empty installation with a lively example, the same one each time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from core.cli.main import instance

if TYPE_CHECKING:
    from flask import Flask

    from core.instance import Instance


@click.command()
@click.pass_obj
def demo(make_app: Callable[[Instance], Flask]) -> None:
    """Fill an empty installation with half a year of two agencies. For trying out: everybody has one password."""
    from core.accounts import passwords
    from core.cli.db import upgrade_database
    from core.cli.story.telling import is_empty, tell
    from core.settings import LOOPBACK

    here = instance()
    if urlsplit(here.settings.base_url).hostname not in LOOPBACK:
        raise click.ClickException(
            "The example has a known password and is only made where SAMVERK_BASE_URL is this machine, "
            "such as http://127.0.0.1:5000."
        )
    upgrade_database(here)
    with here.database.session() as session:
        if not is_empty(session):
            raise click.ClickException(
                "This installation is in use; the example needs an empty one. "
                "Name another folder with SAMVERK_INSTANCE."
            )
    make_app(here)
    passwords.cheapen()  # everybody's password is printed below: hashing it slowly sixty times would hide nothing
    click.echo("Telling half a year. This takes about a minute.")
    began = time.monotonic()
    tell(here)
    _report(here, time.monotonic() - began)


def _report(here: Instance, seconds: float) -> None:
    from core.cli.ledger import counts
    from core.cli.story.cast import ADMIN, PASSWORD, TEAM
    from core.cli.story.telling import influencers
    from core.ledger.verify import verify

    with here.database.session() as session:
        report = verify(session)
        some = influencers(session)
    if not report.ok:
        for finding in report.findings:
            click.echo(f"{finding.rule}: {finding.message}", err=True)
        raise click.ClickException("The books of the example do not prove right.")
    click.echo(f"Done in {seconds:.0f} seconds. Books ok: {counts(report)}.\n")
    click.echo(f"Sign in at {here.settings.base_url} with the password {PASSWORD} as:")
    for member in (ADMIN, *TEAM):
        click.echo(f"  {member.email:<36} {member.role.replace('_', ' '):<16} {member.brand or member.agency}")
    for email, name, brands in some:
        click.echo(f"  {email:<36} {'influencer':<16} {name}, works with {brands}")
    click.echo("\nFor trying out only: never put this installation where others reach it.")


COMMANDS = {"demo": demo}
