"""`i18n`: extract messages, bring the catalogues up to date, and refuse what is not whole."""

from __future__ import annotations

import io
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po

from core import catalogues
from core.catalogues import PACKS, faults, gather
from core.i18n import LOCALES, ROOT

METHODS = [
    ("**/templates/**.html", "jinja2"),
    ("core/collaborations/**.typ", "ignore"),
    ("plugins/compliance/**.yaml", PACKS),
    ("**.py", "python"),
]
FOLDERS = ("core", "admin", "portal", "plugins")
DOMAIN = ROOT / "translations"


def extract() -> Catalog:
    """Every message of core, the faces and the plugins in the box."""
    catalogue = Catalog(project="Samverk", charset="utf-8", fuzzy=False)
    for folder in FOLDERS:
        methods = [(p.removeprefix(f"{folder}/"), method) for p, method in METHODS if _applies(p, folder)]
        gather(catalogue, ROOT / folder, methods, f"{folder}/")
    return catalogue


def _applies(pattern: str, folder: str) -> bool:
    return pattern.startswith("**") or pattern.startswith(f"{folder}/")


def catalogue_path(locale: str) -> Path:
    """Where a language's catalogue is."""
    return DOMAIN / locale / "LC_MESSAGES" / "messages.po"


def read(locale: str) -> Catalog:
    """A language's catalogue, empty when there is none yet."""
    return catalogues.read(catalogue_path(locale), locale)


def write(catalogue: Catalog, locale: str) -> None:
    """Store a catalogue, sorted by message so that changes are easy to read."""
    path = catalogue_path(locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.revision_date = catalogue.creation_date
    buffer = io.BytesIO()
    write_po(buffer, catalogue, sort_output=True, omit_header=False, no_location=True, width=110, ignore_obsolete=True)
    path.write_bytes(buffer.getvalue())


@click.group()
def i18n() -> None:
    """Languages."""


@i18n.command()
@click.option("--locale", "only", help="This language alone.")
def update(only: str | None) -> None:
    """Bring every catalogue up to what the sources say; new messages are left empty."""
    template = extract()
    for locale in LOCALES:
        if locale != "en" and only in (None, locale):
            catalogue = read(locale)
            catalogue.update(template, no_fuzzy_matching=True)
            write(catalogue, locale)
            click.echo(f"{locale}: {sum(1 for m in catalogue if m.id and not _done(m))} to translate")


def _done(message: Message) -> bool:
    return bool(message.string) and (isinstance(message.string, str) or all(message.string or ()))


@i18n.command()
def check() -> None:
    """Fail on a message that is missing, fuzzy or damaged in any language."""
    template = extract()
    found = [fault for code in LOCALES if code != "en" for fault in faults(template, read(code), code)]
    for fault in found:
        click.echo(fault, err=True)
    total = sum(1 for message in template if message.id)
    if found:
        raise click.ClickException(f"{len(found)} faults in {total} messages.")
    click.echo(f"ok: {total} messages in {len(LOCALES)} languages")


COMMANDS = {"i18n": i18n}
