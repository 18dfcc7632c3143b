"""Foreign distributions: a module outside the checkout with an entry point, as pip would leave it."""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ACME = Path(__file__).parent / "acme"
EXAMPLES = Path(__file__).parents[2] / "examples"
NEIGHBOUR = """
from samverk import Plugin, PluginPage, T, View, hookimpl

class Other(Plugin):
    name = "other"
    title = T("Other")
    api_version = 1

    @hookimpl
    def register_pages(self):
        return [PluginPage("", T("Other"), lambda request: View("x/other/secret.html"))]

    @hookimpl
    def on_sale_attributed(self, event):
        HEARD.append(event)

HEARD = []
plugin = Other()
"""


def install(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    source: Path | str,
    package: str | None = None,
    distribution: str | None = None,
) -> None:
    """Put a package on the path as the plugin `name`, in a distribution of that name unless it has another."""
    package, distribution = package or name, distribution or name
    target = folder / "site" / package
    if isinstance(source, Path):
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.mkdir(parents=True)
        (target / "__init__.py").write_text(source)
    about = folder / "site" / f"{distribution.replace('-', '_')}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\nAuthor: Ada\n")
    (about / "entry_points.txt").write_text(f"[samverk.plugins]\n{name} = {package}:plugin\n")
    for known in [known for known in sys.modules if known == package or known.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, known)
    monkeypatch.syspath_prepend(str(folder / "site"))


def install_example(folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Put one of `examples/` on the path as its pyproject says."""
    install_distribution(folder, monkeypatch, EXAMPLES / kind)


def install_distribution(folder: Path, monkeypatch: pytest.MonkeyPatch, source: Path) -> str:
    """Put a folder with a pyproject on the path as pip would; the plugin's name comes back."""
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))
    ((name, point),) = project["project"]["entry-points"]["samverk.plugins"].items()
    (package,) = project["tool"]["setuptools"]["packages"]
    assert point == f"{package}:plugin"
    shipped = project["tool"]["setuptools"].get("package-data", {}).get(package, [])
    files = {path for pattern in ["*.py", *shipped] for path in (source / package).glob(pattern)}
    lost = {path for path in (source / package).rglob("*.*") if "__pycache__" not in path.parts} - files
    assert not lost, "pip would leave these out"
    install(folder, monkeypatch, name, source / package, package, project["project"]["name"])
    return str(name)


def module(name: str) -> ModuleType:
    """The plugin's module as the host has imported it."""
    return sys.modules[name]


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Acme and its neighbour are installed; ask for it before the app is made."""
    install(tmp_path, monkeypatch, "acme", ACME)
    install(tmp_path, monkeypatch, "other", NEIGHBOUR)
    secret = tmp_path / "site" / "other" / "templates" / "x" / "other" / "secret.html"
    secret.parent.mkdir(parents=True)
    secret.write_text("<p>The secret of the other</p>")
