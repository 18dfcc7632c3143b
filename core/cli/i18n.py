"""`i18n`: extract messages, bring the catalogues up to date, and refuse what is not whole."""

from __future__ import annotations

from pathlib import Path

import click
from babel.messages.catalog import Catalog

from core import catalogues
from core.catalogues import PACKS, faults, gather, renew
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
            click.echo(f"{locale}: {renew(template, catalogue_path(locale), locale)} to translate")


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
