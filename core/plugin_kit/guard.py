"""Tripwires: what a pure function must not touch, and the only way out of a connector.

A tripwire is not a wall: it tells an author what their code does, it does not fence in hostile code.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

OUTSIDE = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "urllib.",
    "ftplib.",
    "smtplib.",
)
FILES = ("open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.mkdir", "sqlite3.", "shutil.", "glob.")
CLOCK = frozenset({"now", "utcnow", "today"})
TIME = frozenset({"time", "time_ns", "monotonic", "perf_counter", "localtime", "gmtime", "sleep", "strftime"})
CHANCE = frozenset({"random", "getrandbits"})
SYSTEM = frozenset({"urandom", "getrandom", "generate_time_safe"})


class Reached(Exception):
    """Something was reached that is out of bounds here; the message says what."""


class _Watch(threading.local):
    forbidden: tuple[str, ...] = ()
    seen: list[str]


_watch = _Watch()
_installed = False


@contextmanager
def no_network() -> Iterator[list[str]]:
    """No socket and no process while the block runs; the list fills with what was tried."""
    with _watching(OUTSIDE) as seen:
        yield seen


@contextmanager
def pure() -> Iterator[list[str]]:
    """No clock, no chance, no file, no socket while the block runs; the list fills with what was tried."""
    before, collecting = sys.getprofile(), gc.isenabled()
    gc.disable()  # whoever listens to the collector may look at the clock
    with _watching(OUTSIDE + FILES) as seen:
        sys.setprofile(lambda frame, event, arg: _called(seen, frame, event, arg))
        try:
            yield seen
        finally:
            sys.setprofile(before)
            if collecting:
                gc.enable()


@contextmanager
def _watching(forbidden: tuple[str, ...]) -> Iterator[list[str]]:
    global _installed
    if not _installed:
        sys.addaudithook(_audit)
        _installed = True
    before, seen = _watch.forbidden, list[str]()
    _watch.forbidden, _watch.seen = forbidden, seen
    try:
        yield seen
    finally:
        _watch.forbidden = before


def _audit(event: str, args: tuple[Any, ...]) -> None:
    forbidden = _watch.forbidden
    if forbidden and event.startswith(forbidden) and not _importing(sys._getframe(1)):
        of_what = args[0] if args and isinstance(args[0], str) else ""
        what = f"{event} {of_what}".strip()[:120]
        _watch.seen.append(what)
        raise Reached(what)


def _called(seen: list[str], frame: FrameType, event: str, function: Any) -> None:
    """Note a call to clock or chance: profiling sees each call of a C function, which both are in the end."""
    if event != "c_call":
        return
    name = getattr(function, "__name__", "")
    owner = getattr(function, "__self__", None)
    clock = name in CLOCK and isinstance(owner, type) and owner.__module__ == "datetime"
    time = name in TIME and getattr(function, "__module__", "") == "time"
    chance = name in SYSTEM or (name in CHANCE and type(owner).__module__ in ("random", "_random"))
    if (clock or time or chance) and not _importing(frame):
        seen.append(f"{getattr(owner, '__name__', None) or type(owner).__name__}.{name}()")


def _importing(frame: FrameType | None) -> bool:
    """Whether this happens because a module is loaded for the first time."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
