"""The board of calls: which plugins a process is asking right now, written where others can read it when it is stuck.

A file of fixed lines in shared memory, one a running call: a plugin that holds the interpreter in C leaves no thread
that could say so. The supervisor reads the boards of its children; the next process that starts reads those that the
dead left.
Times are `time.monotonic()`, which all processes of a machine share.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER, SUFFIX = "calls", ".calls"
GRACE = 3.0
"""Seconds that a call may take longer than its deadline before it counts as stuck."""
LINES, LINE = 256, struct.Struct("d48s96s")
ENDS = struct.Struct("d")


@dataclass(frozen=True, slots=True)
class Stuck:
    """A call that did not return: whose and what."""

    plugin: str
    what: str


class Board:
    """The board of this process; the lock on its file says that the process lives."""

    def __init__(self, folder: Path) -> None:
        """Hang up an empty board in a folder."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / str(os.getpid())
        self._file = path.open("w+b")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._file.truncate(LINES * LINE.size)
        self._memory = mmap.mmap(self._file.fileno(), LINES * LINE.size)
        self._free = [number * LINE.size for number in range(LINES)]
        path.rename(path.with_suffix(SUFFIX))  # only now can others find it, when the lock is held

    def take(self, plugin: str, what: str, ends: float) -> int | None:
        """Write a call down; None when the board is full."""
        try:
            line = self._free.pop()
        except IndexError:
            return None
        LINE.pack_into(self._memory, line, ends, plugin.encode(), what.encode("utf-8", "replace"))
        return line

    def clear(self, line: int) -> None:
        """Wipe a call out."""
        ENDS.pack_into(self._memory, line, 0.0)
        self._free.append(line)

    def close(self) -> None:
        """Take the board down, as a process that ends well does."""
        (self.folder / f"{os.getpid()}{SUFFIX}").unlink(missing_ok=True)
        self._memory.close()
        self._file.close()


def stuck(folder: Path, pid: int, grace: float = GRACE) -> list[Stuck]:
    """The calls of a process that should have ended `grace` seconds ago; none where there is no board."""
    try:
        return list(_overdue((folder / f"{pid}{SUFFIX}").read_bytes(), grace))
    except FileNotFoundError:
        return []


def leftovers(folder: Path) -> list[Stuck]:
    """What processes that are gone were stuck in. Each board is told once, to the first who asks, and taken down."""
    found: list[Stuck] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                found += _overdue(file.read(), GRACE)
        except (BlockingIOError, FileNotFoundError):
            continue  # its process lives, or somebody else is reading it
    return found


def _overdue(board: bytes, grace: float) -> Iterator[Stuck]:
    latest = time.monotonic() - grace
    for ends, plugin, what in LINE.iter_unpack(board[: len(board) // LINE.size * LINE.size]):
        if 0 < ends < latest:
            yield Stuck(_text(plugin), _text(what))


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode("utf-8", "replace")
