"""`samverk plugin upgrade`, `revision`, `switch`, `forget`, `purge`: what becomes of a plugin and of what it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.cli.main import installation
from core.cli.plugin_new import refuse_copy

if TYPE_CHECKING:
    from core.permissions import Actor
    from core.plugin_host.host import PluginHost
    from core.plugin_host.own import Own
    from core.plugin_host.purge import Removed


@click.command("upgrade")
@click.argument("name")
def upgrade(name: str) -> None:
    """Bring the tables of one plugin to its newest schema; exit 1 when that does not work."""
    from core.cli.db import alone, as_found
    from core.plugin_host import tables

    with installation() as here, as_found(here) as host:
        own = _own(host, name)
        with alone(here):
            fault = tables.upgrade(host, own, here.settings.database_url)
    if fault is not None:
        raise click.ClickException(f"The tables of {name} stay as they are. {fault}")
    click.echo(f"The tables of {name} are up to date. Restart web and worker.")


@click.command("revision")
@click.argument("name")
@click.argument("message")
def revision(name: str, message: str) -> None:
    """Write the next migration of a plugin that you write yourself, from what its tables have become."""
    from core.errors import Refused
    from core.plugin_host.host import PluginHost
    from core.plugin_host.tables import revise

    own = _own(PluginHost.load(), name, broken=True)
    refuse_copy(name, own.scripts)
    try:
        path = revise(own, message)
    except Refused as error:
        raise click.ClickException(str(error.message)) from None
    click.echo(f"{path}\nRead it before you keep it." if path else "The migrations say already what the tables say.")


def _own(host: PluginHost, name: str, *, broken: bool = False) -> Own:
    from core.plugin_host.own import own_of

    records = host.records.values() if broken else host.active.values()
    record = next((one for one in records if one.name == name and one.plugin), None)
    if record is None:
        raise click.ClickException(f"The plugin {name} is not active; `samverk plugin list` says why.")
    own = own_of(record.plugin)
    if own is None:
        raise click.ClickException(f"The plugin {name} has no tables of its own.")
    return own


@click.command("switch")
@click.argument("name")
@click.argument("state", type=click.Choice(["on", "off"]))
@click.option("--brand", help="The brand's name, or its id from an address; without it the whole installation.")
def switch(name: str, state: str, brand: str | None) -> None:
    """Switch a plugin on or off. Off means no new use; running agreements go on."""
    from core.cli.imports import find_brand
    from core.plugin_host.service import set_switch

    with installation() as here:
        if all(record.name != name for record in here.plugins.records.values()):
            raise click.ClickException(f"There is no plugin {name}; `samverk plugin list` names those there are.")
        with here.database.write() as session:
            brand_id = find_brand(session, brand).id if brand else None
            set_switch(session, _operator(brand_id), plugin=name, enabled=state == "on", brand_id=brand_id)
    click.echo(f"{name} is {state} {f'for {brand}' if brand else 'for the installation'}.")


@click.command("forget")
@click.argument("email")
def forget(email: str) -> None:
    """Let every plugin delete what it keeps of an influencer, named by the e-mail of their account.

    What Samverk itself keeps of them stays.
    """
    from sqlalchemy import select

    from core import audit
    from core.accounts.models import Brand, Influencer, Person
    from core.influencers.models import Relationship
    from core.payouts import erasing
    from core.plugin_host import forgetting

    with installation() as here, here.database.write() as session:
        theirs = select(Influencer).join(Person).where(Person.email == email.strip().lower())
        person = session.scalars(theirs).one_or_none()
        if person is None:
            raise click.ClickException(f"No influencer has an account with {email}.")
        known = select(Brand.public_id).join(Relationship, Relationship.brand_id == Brand.id).distinct()
        brands = session.scalars(known.where(Relationship.influencer_id == person.id)).all()
        asked = forgetting.ask(session, here.plugins, person=person.public_id, brands=brands)
        asked += erasing.ask(session, here.plugins, person.id)
        audit.record(session, actor=_operator(), brand_id=None, action="plugin.forget", obj=person)
    click.echo(f"The worker asks the plugins in turn: {asked} in all, by brand and for the installation.")


@click.command("purge")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
def purge(name: str, yes: bool) -> None:
    """Remove all that a plugin keeps: its tables, settings, secrets, switches and waiting jobs. There is no way back.

    What payees told its rails goes too. Refused, exit 1, while the plugin is on, running agreements are paid by it or
    payments are on their way by it. It may be gone already.
    """
    from core import wiring
    from core.errors import SamverkError
    from core.plugin_host import purge as purging

    with installation() as here:
        wiring.connect(here)  # the rooms above are asked whether something runs by it
        try:
            with here.database.session() as session:
                found = purging.kept(session, here.plugins, name)
                against = purging.objections(session, here.plugins, name)
            if against:
                raise click.ClickException("\n".join([f"{name} cannot be removed.", *map(str, against)]))
            click.echo(_told(found))
            if not yes and click.prompt(f"Type {name} to remove this for good", default="", show_default=False) != name:
                raise click.ClickException("Nothing was removed.")
            with here.database.write() as session:
                removed = purging.purge(session, _operator(), here.plugins, name)
        except SamverkError as error:
            raise click.ClickException(str(error.message)) from None
    click.echo(f"Removed what {name} kept: {sum(removed.tables.values())} rows in {len(removed.tables)} tables.")
    click.echo("If Samverk runs, restart it: its processes still have the plugin, and ask it no more.")


def _told(found: Removed) -> str:
    lines = [f"{name:<40} {rows:>8} rows" for name, rows in found.tables.items()]
    others = {"settings": found.settings, "secrets": found.secrets, "switches": found.switches, "jobs": found.jobs}
    others |= found.others
    return "\n".join([*lines, *(f"{what:<40} {count:>8}" for what, count in others.items())])


def _operator(brand_id: int | None = None) -> Actor:
    """Whoever may start commands here may do what an owner and the installation admin may."""
    from core.permissions import Actor, Role

    return Actor(name="samverk plugin", roles={brand_id: Role.OWNER} if brand_id else {}, site_admin=True)


COMMANDS = (upgrade, revision, switch, forget, purge)
