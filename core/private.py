"""What an installation keeps to itself on disk: a folder and files that their owner alone can read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

FOLDER_MODE = 0o700
UMASK = 0o077


def keep() -> None:
    """Let whatever this process makes from now on be its owner's alone: database, uploads, mail."""
    os.umask(UMASK)


def folder(path: Path) -> Path:
    """The folder, made for its owner alone when it is not there; one that is there keeps its rights."""
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    return path


def make(path: Path, text: str) -> None:
    """A file that is not there yet. Of two processes that start at once, both end up with the first one's text."""
    with suppress(FileExistsError):
        _write(path, text, os.link)


def replace(path: Path, text: str) -> None:
    """A file in place of what was there."""
    _write(path, text, os.replace)


def _write(path: Path, text: str, put: Callable[[str, Path], object]) -> None:
    """Whole or not at all, and on the disk before anything is done with it."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        put(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
    opened = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
