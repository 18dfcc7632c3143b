"""`samverk plugin new`: a working plugin of a kind, made of that kind's example under another name."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path

import click

from core.i18n import ROOT
from core.places import country_choices
from core.plugin_api.manifest import PluginKind

EXAMPLES = ROOT / "examples"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LENGTH = range(2, 41)
KINDS = {kind.value.replace("_", "-"): kind for kind in PluginKind}
LEFT_OUT = re.compile(r"^\.|^__pycache__$|^build$|\.egg-info$|^translations$")
"""What tools leave behind in a folder where somebody works, and what is said of the example in other languages."""
BLANK = Path(__file__).with_name("blank")
"""By kind, files that stand in place of the example's own where those would speak for somebody."""
BLANK_NAME = "blank_rules"
WHAT = {
    PluginKind.PAYMENT_MODELS: ("A payment model", "Model"),
    PluginKind.PLATFORMS: ("A platform", "Platform"),
    PluginKind.SALES_SOURCES: ("A source of sales", "Source"),
    PluginKind.COMPLIANCE: ("A pack of rules", "Rules"),
    PluginKind.PAYOUT_RAILS: ("A payout rail", "Rail"),
    PluginKind.PAGES: ("Pages", "Pages"),
}
"""What each kind is called, and what is put behind the name of a class that would be that of another."""
README = """# {title}

{what} for Samverk. Write here what it does, and for whom.

```
pip install -e .                  # into the environment of Samverk
samverk plugin list               # it is there, or says what is wrong
samverk plugin check {name}
```

`samverk_{name}/__init__.py` works as it stands: it is the example `examples/{kind}` of Samverk under this name, to be
changed into what you need. How each part works is told in docs/plugins/{page}.md of Samverk.
"""


@click.command("new")
@click.argument("name")
@click.option("--kind", "kind", required=True, type=click.Choice(list(KINDS)), help="What it will bring.")
@click.option("--into", default=".", type=click.Path(file_okay=False, path_type=Path), help="The folder above it.")
def new(name: str, kind: str, into: Path) -> None:
    """Write a plugin that works, to be changed into your own.

    NAME is its name for ever: small letters, digits and underscores.
    """
    refuse_name(name)
    refuse_taken(name)
    files = written(KINDS[kind], name)
    folder = into.resolve() / f"samverk-{name.replace('_', '-')}"
    refuse_place(folder)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    click.echo(f"{folder} has {', '.join(sorted(files))}.")
    click.echo(f"Install it with `{installer()} -e {folder}`, then say `samverk plugin check {name}`.")


def refuse_name(name: str) -> None:
    """Raise for what no plugin can be called."""
    if NAME.fullmatch(name) and len(name) in LENGTH:
        return
    near = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")[:40].strip("_")
    raise click.ClickException(
        f"{name!r} cannot be a plugin's name: take 2 to 40 small letters, digits and single underscores, a letter first"
        + (f", as in {near}." if len(near) in LENGTH else ".")
    )


def written(kind: PluginKind, name: str) -> dict[str, str]:
    """The files of a kind's example under another name, by path; they say of themselves what is true of any plugin."""
    example = EXAMPLES / kind
    old, (what, more) = name_of(example), WHAT[kind]
    texts = {
        path.relative_to(example).as_posix(): path.read_text("utf-8")
        for path in sorted(example.rglob("*"))
        if path.is_file() and not any(map(LEFT_OUT.search, path.relative_to(example).parts))
    }
    spelt = spellings(name)
    if spelt[2] in identifiers(texts) - {spellings(old)[2]}:
        spelt = (*spelt[:2], spelt[2] + more, spelt[3])
    files = {renamed(path, old, spelt): renamed(text, old, spelt) for path, text in texts.items()}
    about = re.sub(r"(?m)^description = .*$", f'description = "{what} for Samverk"', files["pyproject.toml"])
    readme = README.format(title=spelt[3], what=what, name=name, kind=kind, page=kind.replace("_", "-"))
    return files | {"pyproject.toml": about, "README.md": readme} | _blank(kind, spelt)


def _blank(kind: PluginKind, spelt: Sequence[str]) -> dict[str, str]:
    return {
        f"samverk_{spelt[0]}/{path.name}": renamed(path.read_text("utf-8"), BLANK_NAME, spelt)
        for path in sorted((BLANK / kind).glob("*"))
    }


def identifiers(texts: Mapping[str, str]) -> set[str]:
    """What names mean something in the Python among some files."""
    found: set[str] = set()
    for path, text in texts.items():
        for node in ast.walk(ast.parse(text)) if path.endswith(".py") else ():
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.alias | ast.ClassDef | ast.FunctionDef):
                found.add(node.name)
    return found


def name_of(example: Path) -> str:
    """The name of the plugin that an example is."""
    project = tomllib.loads((example / "pyproject.toml").read_text("utf-8"))
    ((name, _),) = project["project"]["entry-points"]["samverk.plugins"].items()
    return str(name)


def spellings(name: str) -> tuple[str, ...]:
    """A name as that of a module, a distribution, a class and a title: `a_b`, `a-b`, `AB`, `A b`."""
    words = name.split("_")
    return name, "-".join(words), "".join(word.capitalize() for word in words), title_of(name)


def title_of(name: str) -> str:
    """A name as a title: a capital at the start, and those of the countries that it names."""
    title = name.replace("_", " ").capitalize()
    for _, country in country_choices(every=True):
        title = re.sub(rf"\b{re.escape(country)}\b", country, title, flags=re.IGNORECASE)
    return title


def renamed(text: str, old: str, new: Sequence[str]) -> str:
    """A text in which every spelling of one name is the same spelling of another."""
    spelt: Mapping[str, str] = dict(zip(spellings(old), new, strict=True))
    return re.sub("|".join(map(re.escape, spelt)), lambda found: spelt[found[0]], text)


def refuse_taken(name: str) -> None:
    """Raise for a name that a plugin, something that one brings, or a package here has."""
    from core.plugin_host.host import PluginHost
    from core.plugin_host.loader import SHARED

    host = PluginHost.load()
    known = {
        thing: f"the plugin {owner} has one of that name among its {kind.replace('_', ' ')}"
        for kind in SHARED
        for thing, owner in host.registry(kind).owners.items()
    }
    known |= {record.name: f"it is the plugin {record.name} ({record.origin})" for record in host.records.values()}
    if why := known.get(name) or _package(name):
        others = (f"{first}_{name}" for first in ("my", "our", "new"))
        free = next((other for other in others if other not in known and not _package(other)), None)
        raise click.ClickException(f"The name {name} is taken: {why}." + (f" {free} is free." if free else ""))


def _package(name: str) -> str:
    found = PathFinder.find_spec(f"samverk_{name}") is not None
    return f"a package samverk_{name} is installed here" if found else ""


def installer() -> str:
    """How a distribution is put into the environment that this process runs in."""
    python = Path(sys.executable)
    uv = python.with_name("uv")
    return f"{uv} pip install --python {python}" if uv.exists() else f"{python} -m pip install"


def refuse_copy(name: str, folder: Path) -> None:
    """Raise where a plugin's package is what an installer copied: what is written there is lost or in its way."""
    if {"site-packages", "dist-packages"} & set(folder.parts):
        raise click.ClickException(
            f"{name} is installed as a copy in {folder}: install it from its folder with `{installer()} -e FOLDER`, "
            "and this is written there."
        )


def refuse_place(folder: Path) -> None:
    """Raise where something would be written over, or lie where Samverk's own files do."""
    if folder.is_relative_to(ROOT):
        raise click.ClickException(f"{folder} lies in Samverk's own folder: name another one with --into.")
    if folder.exists():
        raise click.ClickException(f"{folder} is there already; nothing was written.")
