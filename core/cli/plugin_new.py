"""`samverk plugin new`: a working plugin of a kind, made of that kind's example under another name."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from importlib.machinery import PathFinder
from pathlib import Path

import click

from core.i18n import ROOT
from core.plugin_api.manifest import PluginKind

EXAMPLES = ROOT / "examples"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LENGTH = range(2, 41)
KINDS = {kind.value.replace("_", "-"): kind for kind in PluginKind}
LEFT_OUT = re.compile(r"^\.|^__pycache__$|^build$|\.egg-info$")
"""What tools leave behind in a folder where somebody works."""


@click.command("new")
@click.argument("name")
@click.option("--kind", "kind", required=True, type=click.Choice(list(KINDS)), help="What it will bring.")
@click.option("--into", default=".", type=click.Path(file_okay=False, path_type=Path), help="The folder above it.")
def new(name: str, kind: str, into: Path) -> None:
    """Write a plugin that works, to be changed into your own.

    NAME is its name for ever: small letters, digits and underscores.
    """
    files = written(EXAMPLES / KINDS[kind], name)
    refuse_taken(name)
    folder = into.resolve() / f"samverk-{name.replace('_', '-')}"
    refuse_place(folder)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    click.echo(f"{folder} has {', '.join(sorted(files))}.")
    click.echo(f"Install it with `{installer()} -e {folder}`, then say `samverk plugin check {name}`.")


def written(example: Path, name: str) -> dict[str, str]:
    """The example's files under another name, by path."""
    if not NAME.fullmatch(name) or len(name) not in LENGTH:
        raise click.ClickException(
            f"{name!r} cannot be a plugin's name: take 2 to 40 small letters, digits and single underscores, "
            "a letter first."
        )
    old = name_of(example)
    texts = {
        path.relative_to(example).as_posix(): path.read_text("utf-8")
        for path in sorted(example.rglob("*"))
        if path.is_file() and not any(map(LEFT_OUT.search, path.relative_to(example).parts))
    }
    taken = spellings(name)[2]
    if any(re.search(rf"\b{taken}\b", text) for text in texts.values()) and name != old:
        raise click.ClickException(f"The name {name} is not free: in the new plugin {taken} stands for something else.")
    return {renamed(path, old, name): renamed(text, old, name) for path, text in texts.items()}


def name_of(example: Path) -> str:
    """The name of the plugin that an example is."""
    project = tomllib.loads((example / "pyproject.toml").read_text("utf-8"))
    ((name, _),) = project["project"]["entry-points"]["samverk.plugins"].items()
    return str(name)


def spellings(name: str) -> tuple[str, ...]:
    """A name as that of a module, a distribution, a class and a title: `a_b`, `a-b`, `AB`, `A b`."""
    words = name.split("_")
    return name, "-".join(words), "".join(word.capitalize() for word in words), " ".join(words).capitalize()


def renamed(text: str, old: str, name: str) -> str:
    """A text in which every spelling of one name is that of another."""
    spelt: Mapping[str, str] = dict(zip(spellings(old), spellings(name), strict=True))
    return re.sub("|".join(map(re.escape, spelt)), lambda found: spelt[found[0]], text)


def refuse_taken(name: str) -> None:
    """Raise for a name that a plugin, something that one brings, or a package here has."""
    from core.plugin_host.host import PluginHost
    from core.plugin_host.loader import SHARED

    host = PluginHost.load()
    known = {thing: owner for kind in SHARED for thing, owner in host.registry(kind).owners.items()}
    known |= {record.name: f"{record.name} ({record.origin})" for record in host.records.values()}
    if name in known:
        raise click.ClickException(f"The name {name} is taken by the plugin {known[name]}.")
    if PathFinder.find_spec(f"samverk_{name}") is not None:
        raise click.ClickException(f"The name {name} is taken: a package samverk_{name} is installed here.")


def installer() -> str:
    """How a distribution is put into the environment that this process runs in."""
    python = Path(sys.executable)
    uv = python.with_name("uv")
    return f"{uv} pip install --python {python}" if uv.exists() else f"{python} -m pip install"


def refuse_place(folder: Path) -> None:
    """Raise where something would be written over, or lie where Samverk's own files do."""
    if folder.is_relative_to(ROOT):
        raise click.ClickException(f"{folder} lies in Samverk's own folder: name another one with --into.")
    if folder.exists():
        raise click.ClickException(f"{folder} is there already; nothing was written.")
