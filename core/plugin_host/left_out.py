"""Which plugins did not come back while they were loaded: a note of each in the instance folder.

Whoever loads plugins next leaves such a one out, so that nobody waits for it twice.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from core.plugin_host.loader import Candidate

FOLDER = "left_out"


class LeftOut:
    """The notes of an installation; each holds as long as the plugin and the time it is given are the same."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read or made yet."""
        self.folder = folder

    def has(self, candidate: Candidate, seconds: float) -> bool:
        """Whether this very version of it was not loaded within so many seconds."""
        try:
            return self._note(candidate.name).read_text("utf-8") == _stamp(candidate, seconds)
        except (OSError, ValueError):
            return False

    def add(self, candidate: Candidate, seconds: float) -> None:
        """Remember one; where nothing can be written the next process waits for it again."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._note(candidate.name).write_text(_stamp(candidate, seconds), "utf-8")

    def forget(self, name: str) -> None:
        """Let it be tried again; nothing happens where there is no note."""
        self._note(name).unlink(missing_ok=True)

    def _note(self, name: str) -> Path:
        return self.folder / quote(name, safe="")


def _stamp(candidate: Candidate, seconds: float) -> str:
    """What changes when a plugin is upgraded, edited, or given more time."""
    written = [path.lstat().st_mtime_ns for path in _sources(candidate.module)]
    return f"{candidate.origin} {candidate.version} {seconds:g} s {len(written)} files {max(written, default=0)}"


def _sources(module: str) -> Iterator[Path]:
    """The Python files of the package that a module is in, without importing it."""
    package, spec = module.partition(".")[0], None
    with suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(package) if package else None
    if spec is None:
        return
    for folder in spec.submodule_search_locations or ():
        yield from Path(folder).rglob("*.py")
    if not spec.submodule_search_locations and spec.has_location and spec.origin:
        yield Path(spec.origin)
