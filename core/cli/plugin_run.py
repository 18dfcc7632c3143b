"""`samverk plugin run`: a job of a plugin, now, as the worker runs it when its time has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.cli.main import installation

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from core.accounts.models import Brand
    from core.instance import Instance
    from core.plugin_api.jobs import Job


@click.command("run")
@click.argument("name")
@click.argument("job")
@click.option("--brand", help="The brand's name, or its id from an address; without it each where the plugin is on.")
def run(name: str, job: str, brand: str | None) -> None:
    """Run a JOB of a plugin now, as the worker does when its time has come; exit 1 when it fails.

    A run that fails is not tried again and counts against nobody; a pause of the plugin does not stand in the way.
    """
    from core import schedule
    from core.plugin_host.records import Failure

    failed = False
    with installation() as here:
        found = _job(here, name, job)
        with here.database.session() as session:
            for one in _brands(session, here, name, brand):
                answer = schedule.work(session, here.plugins, here.keyring, name, found, one)
                of_whom = f"for {one.name}" if one else "for the installation"
                if isinstance(answer, Failure):
                    failed = True
                    click.echo(f"{job} failed {of_whom}. {answer.reason}", err=True)
                else:
                    click.echo(f"{job} ran {of_whom}.")
    if failed:
        raise click.exceptions.Exit(1)


def _job(here: Instance, plugin: str, name: str) -> Job:
    from core import schedule
    from core.cli.extra import why_not

    host = here.plugins
    if plugin not in host.active:
        raise click.ClickException(why_not(here, plugin) or f"There is no plugin {plugin}; see samverk plugin list.")
    job = schedule.job_of(host, plugin, name)
    if job is None:
        known = ", ".join(job.name for owner, job in host.jobs() if owner == plugin)
        raise click.ClickException(f"The plugin {plugin} has no job {name}. Its jobs: {known or 'none'}")
    return job


def _brands(session: Session, here: Instance, plugin: str, wanted: str | None) -> list[Brand | None]:
    """Whom the job runs for: the brand that is named, else all for whom the clock would; None is the installation."""
    from sqlalchemy import select

    from core import schedule
    from core.accounts.models import Brand
    from core.cli.imports import find_brand
    from core.plugin_api.manifest import PluginScope

    manifest = here.plugins.active[plugin].plugin
    site = manifest is not None and manifest.scope is PluginScope.SITE
    if wanted and site:
        raise click.ClickException(f"The plugin {plugin} works for the installation: leave out --brand.")
    named: list[Brand | None] = [find_brand(session, wanted)] if wanted else []
    all_of_them = [None] if site else list(session.scalars(select(Brand).order_by(Brand.id)))
    on = [one for one in named or all_of_them if schedule.is_on(session, plugin, one)]
    if not on:
        of_whom = f" for {wanted}" if wanted else "" if site else " for every brand there is"
        raise click.ClickException(f"The plugin {plugin} is switched off{of_whom}.")
    return on
