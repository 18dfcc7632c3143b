"""`i18n`: extract messages, bring the catalogues up to date, and refuse what is not whole."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from core.i18n import LOCALES, ROOT

PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%|%")
METHODS = [
    ("**/templates/**.html", "jinja2"),
    ("core/collaborations/**.typ", "ignore"),
    ("plugins/compliance/**.yaml", "core.compliance.extract:extract_pack"),
    ("**.py", "python"),
]
CONTEXT = ((1, "c"), 2)
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": CONTEXT, "T": None, "Tc": CONTEXT, "Tn": (1, 2)}
FOLDERS = ("core", "admin", "portal", "plugins")
DOMAIN = ROOT / "translations"


def extract() -> Catalog:
    """Every message of core, the faces and the plugins in the box."""
    catalogue = Catalog(project="Samverk", charset="utf-8", fuzzy=False)
    for folder in FOLDERS:
        found = extract_from_dir(
            str(ROOT / folder),
            [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in METHODS if _applies(pattern, folder)],
            {"**/templates/**.html": {"trimmed": "true"}},
            keywords=KEYWORDS,
        )
        for name, _line, message, comments, context in sorted(found, key=lambda item: (item[0], item[1])):
            catalogue.add(message, None, [(f"{folder}/{name}", 0)], auto_comments=comments, context=context)
    return catalogue


def _applies(pattern: str, folder: str) -> bool:
    return pattern.startswith("**") or pattern.startswith(f"{folder}/")


def catalogue_path(locale: str) -> Path:
    """Where a language's catalogue is."""
    return DOMAIN / locale / "LC_MESSAGES" / "messages.po"


def read(locale: str) -> Catalog:
    """A language's catalogue, empty when there is none yet."""
    path = catalogue_path(locale)
    if not path.exists():
        return Catalog(locale=locale, project="Samverk", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def write(catalogue: Catalog, locale: str) -> None:
    """Store a catalogue, sorted by message so that changes are easy to read."""
    path = catalogue_path(locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.revision_date = catalogue.creation_date
    buffer = io.BytesIO()
    write_po(buffer, catalogue, sort_output=True, omit_header=False, no_location=True, width=110, ignore_obsolete=True)
    path.write_bytes(buffer.getvalue())


def faults(template: Catalog, catalogue: Catalog, locale: str) -> Iterator[str]:
    """What is missing, fuzzy or damaged in a language."""
    for wanted in template:
        if not wanted.id:
            continue
        found = catalogue.get(wanted.id if isinstance(wanted.id, str) else wanted.id[0], wanted.context)
        name = wanted.id if isinstance(wanted.id, str) else wanted.id[0]
        if found is None or not found.string or (isinstance(found.string, tuple) and not all(found.string)):
            yield f"{locale}: missing: {name}"
        elif found.fuzzy:
            yield f"{locale}: fuzzy: {name}"
        else:
            yield from (f"{locale}: {fault}: {name}" for fault in damage(wanted, found, catalogue.num_plurals))


def damage(wanted: Message, found: Message, plurals: int) -> Iterator[str]:
    """Placeholders that a translation lost, gained or misspelt; plural forms that are not the language's."""
    sources = [wanted.id] if isinstance(wanted.id, str) else list(wanted.id)
    targets = [found.string] if isinstance(found.string, str) else list(found.string or ())
    if not isinstance(wanted.id, str) and len(targets) != plurals:
        yield f"has {len(targets)} plural forms, the language {plurals}"
    expected = set().union(*(placeholders(source) for source in sources))
    for target in targets:
        names = placeholders(target)
        if "%" in names and "%" not in expected:
            yield "has a lone percent sign"
        if names - {"num", "%"} != expected - {"num", "%"}:
            yield f"placeholders {sorted(names ^ expected)}"


def placeholders(text: str) -> set[str]:
    """The names between %( and )s; a lone percent sign is named %."""
    return {m.group(1) or "%" for m in PLACEHOLDER.finditer(text) if m.group(0) != "%%"}


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
