"""Its words: every message is in its catalogue, in every language that the plugin ships."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog

from core.catalogues import OF_A_PLUGIN, faults, gather, read
from core.i18n import LOCALES, ROOT
from core.plugin_api.contract import Provider
from core.plugin_api.text import Text
from core.plugin_kit.checks import Broken, NotAsked, Subject, check

CORE = "messages"
MOST_NAMED = 10
"""How many faults of a catalogue are told one by one."""


@check(
    "words",
    "Every message is in its catalogue, in every language that it ships",
    hint="Run `samverk plugin words <plugin>`, translate what is empty in the catalogues, keep each %(name)s as it is.",
)
def words(subject: Subject) -> None:
    """What its Python and its templates say is translated, whole and undamaged."""
    if subject.folder is None:
        raise NotAsked
    template = gather(Catalog(charset="utf-8"), subject.folder, OF_A_PLUGIN)
    for locale, path in _catalogues(subject, subject.folder):
        if not path.exists():
            mend = f"Run `samverk plugin words <plugin> {locale}`, or remove the folder translations/{locale}."
            raise Broken(f"a catalogue for {locale}", "a folder without it", path, mend)
        found = list(faults(template, _read(path, locale), locale))
        if found:
            more = [f"and {len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
            raise Broken("every message whole in every language", "\n".join(found[:MOST_NAMED] + more), path)


@check(
    "domain",
    "Its messages speak its own gettext domain",
    hint='Write T = texts("<plugin>"), with texts imported from samverk, instead of importing T.',
)
def domain(subject: Subject) -> None:
    """What it shows is looked up where its translations are."""
    own = CORE if subject.record.in_the_box else subject.name
    for text in texts_of(subject):
        if text.domain != own and not (text.domain == CORE and _is_cores(text, ships(subject))):
            raise Broken(f"messages of the domain {own}", f"{text.msgid!r} of the domain {text.domain}")


def ships(subject: Subject) -> bool:
    """Whether it brings catalogues of its own."""
    return bool(subject.folder and (subject.folder / "translations").is_dir())


def texts_of(subject: Subject) -> Iterator[Text]:
    """Every message of its manifest and of what it declares."""
    plugin = subject.plugin
    yield from texts_in([plugin.title, plugin.description, plugin.settings])
    for kind in subject.record.provides.values():
        yield from texts_in(list(kind.values()))


def texts_in(value: Any) -> Iterator[Text]:
    """Every message in something that is declared."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_in(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts_in(getattr(value, field.name))
    elif isinstance(value, Provider):
        for name in ("title", "terms", "settings", "payee_fields", "columns"):
            yield from texts_in(getattr(value, name, None))


def _is_cores(text: Text, own_catalogues: bool) -> bool:
    """A plugin without catalogues may use T of core: its words then stand in English, or as core translates them."""
    return not own_catalogues or _core("fi").get(text.msgid, text.context or None) is not None


def _catalogues(subject: Subject, folder: Path) -> Iterator[tuple[str, Path]]:
    if subject.record.in_the_box:
        yield from ((code, _path(ROOT / "translations", code, CORE)) for code in LOCALES if code != "en")
        return
    for language in sorted((folder / "translations").glob("*/LC_MESSAGES")):
        code = language.parent.name
        yield code, _path(folder / "translations", code, subject.name)


def _path(folder: Path, locale: str, domain: str) -> Path:
    return folder / locale / "LC_MESSAGES" / f"{domain}.po"


@cache
def _core(locale: str) -> Catalog:
    return read(_path(ROOT / "translations", locale, CORE), locale)


def _read(path: Path, locale: str) -> Catalog:
    return _core(locale) if path.is_relative_to(ROOT / "translations") else read(path, locale)
