"""The board of calls: which plugins a process is asking right now, written where others can read it when it is stuck.

A file of fixed lines in shared memory, one a running call: a plugin that holds the interpreter in C leaves no thread
that could say so. The supervisor reads the boards of its children; the next process that starts reads those that the
dead left. What a process was asking when it was ended is no fault of a plugin unless it was late by then: above the
lines stands when the process was last seen alive, written by itself and by all that look at it.
Times are `time.monotonic()`, which all processes of a machine share.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FOLDER, SUFFIX = "calls", ".calls"
GRACE = 3.0
"""Seconds that a call may take longer than its deadline before it counts as stuck."""
LINES, LINE = 256, struct.Struct("d48s96s")
MOMENT = struct.Struct("d")
SIZE = MOMENT.size + LINES * LINE.size


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
        self._file.truncate(SIZE)
        self._memory = mmap.mmap(self._file.fileno(), SIZE)
        self._free = list(range(MOMENT.size, SIZE, LINE.size))
        path.rename(path.with_suffix(SUFFIX))  # only now can others find it, when the lock is held

    def take(self, plugin: str, what: str, ends: float) -> int | None:
        """Write a call down; None when the board is full."""
        try:
            line = self._free.pop()
        except IndexError:
            return None
        LINE.pack_into(self._memory, line, ends, plugin.encode(), what.encode("utf-8", "replace"))
        self.lives()
        return line

    def lives(self) -> None:
        """Write down that this process lives now."""
        MOMENT.pack_into(self._memory, 0, time.monotonic())

    def clear(self, line: int) -> None:
        """Wipe a call out."""
        MOMENT.pack_into(self._memory, line, 0.0)
        self._free.append(line)

    def close(self) -> None:
        """Take the board down, as a process that ends well does."""
        (self.folder / f"{os.getpid()}{SUFFIX}").unlink(missing_ok=True)
        self._memory.close()
        self._file.close()


def stuck(folder: Path, pid: int, grace: float = GRACE) -> list[Stuck]:
    """The calls of a process that should have ended `grace` seconds ago; none where there is no board."""
    try:
        return list(_overdue(_look(folder / f"{pid}{SUFFIX}"), time.monotonic() - grace))
    except FileNotFoundError:
        return []


def look_around(folder: Path) -> None:
    """See who lives, and write it on the boards of those who cannot do so themselves now."""
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(OSError):
            _look(path)


def leftovers(folder: Path) -> list[Stuck]:
    """The calls that were late already when their process was seen for the last time before it was gone.

    Each board is told once, to the first who asks, and taken down.
    """
    found: list[Stuck] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                told = file.read()
                found += _overdue(told, *MOMENT.unpack_from(told))
        except (BlockingIOError, FileNotFoundError):
            continue  # its process lives, or somebody else is reading it
    return found


def _look(path: Path) -> bytes:
    """What a board says; if its process lives, that is written on it."""
    with path.open("r+b", buffering=0) as file:
        told = file.read()
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.pwrite(file.fileno(), MOMENT.pack(time.monotonic()), 0)
        return told


def _overdue(board: bytes, moment: float) -> Iterator[Stuck]:
    for ends, plugin, what in LINE.iter_unpack(board[MOMENT.size : SIZE]):
        if 0 < ends < moment:
            yield Stuck(_text(plugin), _text(what))


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode("utf-8", "replace")
