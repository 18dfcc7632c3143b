"""The plugin `tips` is installed in one edition or the other, started again, and removed, as an operator would."""

from __future__ import annotations

import shutil
import sys
from importlib import invalidate_caches
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

from core.cli.main import samverk
from core.instance import Instance
from tests.plugin_host.foreign import install

TIPS = Path(__file__).parent / "tips"


class Site:
    """Where foreign distributions are; ask for it before anything loads plugins."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        monkeypatch.setattr(sys, "dont_write_bytecode", True)  # editions differ within a second

    def install(self, edition: int = 2, name: str = "tips", **changed: str) -> None:
        """An edition, in place of the one before; `changed` replaces words in its files: `_0002_stars="a => b"`."""
        self.uninstall(name)
        install(self.folder, self.monkeypatch, name, TIPS)
        package = self.folder / "site" / name
        (package / "edition.py").write_text(f"NUMBER = {edition}\n")
        if edition == 1:
            (package / "migrations" / "versions" / "0002_stars.py").unlink()
        for file, words in changed.items():
            (path,) = package.rglob(f"{file.lstrip('_')}.py" if file != "init" else "__init__.py")
            before, after = words.split(" => ")
            assert before in path.read_text()
            path.write_text(path.read_text().replace(before, after, 1))
        about = self.folder / "site" / f"{name}-1.0.dist-info" / "METADATA"
        about.write_text(about.read_text().replace("Version: 1.0", f"Version: {edition}.0"))
        self._forget(name)

    def uninstall(self, name: str = "tips") -> None:
        """It is gone from the environment; what it kept is not."""
        shutil.rmtree(self.folder / "site" / name, ignore_errors=True)
        shutil.rmtree(self.folder / "site" / f"{name}-1.0.dist-info", ignore_errors=True)
        self._forget(name)

    def _forget(self, name: str) -> None:
        for module in [one for one in sys.modules if one.partition(".")[0] == name]:
            del sys.modules[module]
        invalidate_caches()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Nothing is installed yet."""
    return Site(tmp_path, monkeypatch)


def restarted(instance: Instance) -> Instance:
    """The installation as a new process sees it."""
    return Instance(instance.settings)


def tips() -> ModuleType:
    """The module as the host has imported it."""
    return sys.modules["tips"]


def command(instance: Instance, *args: str, typed: str = "") -> Result:
    """`samverk ...` in a terminal, where `typed` is what somebody types."""
    env = {
        "SAMVERK_INSTANCE": str(instance.settings.instance),
        "SAMVERK_DATABASE_URL": instance.settings.database_url,
        "SAMVERK_TESTING": "1",
    }
    return CliRunner().invoke(samverk, args, env=env, input=typed)
