"""`samverk plugin words`: the catalogues of a plugin that somebody writes, brought up to what it says."""

from __future__ import annotations

import click
from babel.messages.catalog import Catalog

from core.catalogues import OF_A_PLUGIN, gather, renew
from core.cli.plugin_new import refuse_copy
from core.i18n import DEFAULT_LOCALE, LOCALES
from core.plugin_host.additions import folder_of


@click.command("words")
@click.argument("name")
@click.argument("locales", nargs=-1, type=click.Choice([locale for locale in LOCALES if locale != DEFAULT_LOCALE]))
def words(name: str, locales: tuple[str, ...]) -> None:
    """Bring a plugin's catalogues up to what it says, and begin those of the LOCALES that are named.

    New messages are left empty. They lie in translations/LOCALE/LC_MESSAGES/NAME.po beside its module.
    """
    from core.plugin_host.host import PluginHost

    record = next((one for one in PluginHost.load().records.values() if one.name == name and one.plugin), None)
    folder = folder_of(record.plugin) if record and record.plugin else None
    if record is None or folder is None:
        raise click.ClickException(f"There is no plugin {name} with a folder; `samverk plugin list` says why.")
    if record.in_the_box:
        raise click.ClickException(f"The words of {name} are Samverk's own: samverk i18n update")
    refuse_copy(name, folder)
    known = {path.parent.name for path in (folder / "translations").glob("*/LC_MESSAGES")}
    if not known | set(locales):
        raise click.UsageError(f"Name a language to begin with, as in: samverk plugin words {name} sv")
    empty = Catalog(project=name, version=record.version, charset="utf-8", fuzzy=False)
    template = gather(empty, folder, OF_A_PLUGIN)
    for locale in sorted(known | set(locales)):
        path = folder / "translations" / locale / "LC_MESSAGES" / f"{name}.po"
        click.echo(f"{path}: {renew(template, path, locale)} to translate")
