"""Catalogues of messages: what the sources say, and what a language's catalogue makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%|%")
CONTEXT = ((1, "c"), 2)
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": CONTEXT, "T": None, "Tc": CONTEXT, "Tn": (1, 2)}
PACKS = "core.compliance.extract:extract_pack"
OF_A_PLUGIN = [("**/templates/**.html", "jinja2"), ("**.html", "jinja2"), ("**.yaml", PACKS), ("**.py", "python")]
"""How the files in a plugin's folder are read."""


def gather(catalogue: Catalog, folder: Path, methods: Sequence[tuple[str, str]], prefix: str = "") -> Catalog:
    """Add every message in a folder's files to a catalogue."""
    options = {pattern: {"trimmed": "true"} for pattern, method in methods if method == "jinja2"}
    found = extract_from_dir(str(folder), list(methods), options, keywords=KEYWORDS)
    for name, _line, message, comments, context in sorted(found, key=lambda item: (item[0], item[1])):
        catalogue.add(message, None, [(f"{prefix}{name}", 0)], auto_comments=comments, context=context)
    return catalogue


def read(path: Path, locale: str) -> Catalog:
    """A language's catalogue, empty when there is none yet."""
    if not path.exists():
        return Catalog(locale=locale, project="Samverk", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def renew(template: Catalog, path: Path, locale: str) -> int:
    """Bring a language's catalogue up to what the sources say, new messages empty; how many are to be translated."""
    catalogue = read(path, locale)
    catalogue.project, catalogue.version = template.project, template.version
    catalogue.update(template, no_fuzzy_matching=True)
    write(catalogue, path)
    return sum(1 for message in catalogue if message.id and not _done(message))


def write(catalogue: Catalog, path: Path) -> None:
    """Store a catalogue, sorted by message so that changes are easy to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.revision_date = catalogue.creation_date
    with path.open("wb") as file:
        write_po(
            file, catalogue, sort_output=True, omit_header=False, no_location=True, width=110, ignore_obsolete=True
        )


def _done(message: Message) -> bool:
    return bool(message.string) and (isinstance(message.string, str) or all(message.string or ()))


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
            yield f"placeholders that differ ({', '.join(sorted((names ^ expected) - {'num', '%'}))})"


def placeholders(text: str) -> set[str]:
    """The names between %( and )s; a lone percent sign is named %."""
    return {m.group(1) or "%" for m in PLACEHOLDER.finditer(text) if m.group(0) != "%%"}
