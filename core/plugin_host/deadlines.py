"""How long a plugin may take, and what ends a call that takes longer.

A thread of each process watches the calls that run. An answer that is only computed is held to the time that its
thread computes, since a machine with much to do lets it wait through no fault of its own; everything else to the clock.
One that is late is interrupted with an exception that no `except Exception` stops, again and again until it leaves. One
that does not leave, since it waits in C, costs its process where the process serves: it ends, its parent starts
another, and that one finds on the board whose call it was. Code in C that keeps the interpreter to itself stops this
thread too; then the supervisor ends the process, or gunicorn's own timeout.
"""

from __future__ import annotations

import ctypes
import enum
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from threading import Lock, Thread, get_ident
from typing import Any, TypeVar
from weakref import WeakSet

from core.plugin_host.board import GRACE, Board

R = TypeVar("R")
AGAIN = 0.5
TICK = 0.1
QUIET = 1.0
"""Seconds without a call after which the watching thread goes home."""
STUCK = 70
"""The exit code of a process that ended because of a plugin."""


class Seam(enum.Enum):
    """What kind of call it is."""

    PURE = "pure"
    """An answer from what it is given: earnings, terms, settings."""
    PAGE = "page"
    """Somebody waits for a page or a panel."""
    WORK = "work"
    """Jobs, observers, rails, connectors, long tables."""
    MESSAGE = "message"
    """A message that anybody can send."""
    COMMAND = "command"
    """Somebody at a terminal, who can stop it."""

    @property
    def lasting(self) -> bool:
        """Whether how it fares may pause the plugin or end its pause; a stranger's message does neither."""
        return self is not Seam.MESSAGE


def _computing_can_be_told() -> bool:
    try:
        time.clock_gettime(time.pthread_getcpuclockid(get_ident()))
    except (AttributeError, OSError):
        return False
    return True


TELLS = _computing_can_be_told()
"""Whether this platform says how long a thread has computed; macOS and Windows do not."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Seconds that a call may take by the clock, and of them those in which its thread may compute."""

    lasts: float
    computes: float = inf


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that a call may take, by seam; a command may take as long as it likes.

    Those of a pure answer count while it computes, by the clock it has those of a page; all by the clock where the
    platform does not say how long a thread has computed. `load` is what a plugin has to be loaded, by the clock.
    """

    pure: float = 2.0
    page: float = 10.0
    work: float = 60.0
    load: float = 30.0

    def by_seam(self) -> Mapping[Seam, Limit | None]:
        """The same, to look up."""
        page = Limit(self.page)
        pure = Limit(max(self.pure, self.page), self.pure) if TELLS else Limit(self.pure)
        return {Seam.PURE: pure, Seam.PAGE: page, Seam.MESSAGE: page, Seam.WORK: Limit(self.work), Seam.COMMAND: None}


class Overrun(BaseException):
    """Thrown into a call that is late. No `Exception`, so that a plugin does not swallow it by chance."""


class TookTooLong(Exception):
    """A call was late and has ended; whatever it said meanwhile does not count. It tells the seconds that it had."""


class _Call:
    """A call that runs: on which thread, until when, which limit it was found beyond, and when it is struck again."""

    __slots__ = ("again", "beyond", "ends", "limit", "line", "plugin", "since", "thread", "what")

    def __init__(self, plugin: str, what: str, limit: Limit) -> None:
        self.plugin, self.what, self.limit = plugin, what, limit
        self.line: int | None = None
        self.thread = get_ident()
        self.ends = time.monotonic() + limit.lasts
        self.again = 0.0
        self.since: float | None = None
        self.beyond: float | None = None


class Watch:
    """The calls of one process and the thread that looks after them, started by the first call."""

    def __init__(self) -> None:
        """Nothing runs; without `serve` a stuck call costs only its thread."""
        self.board: Board | None = None
        self._calls: set[_Call] = set()
        self._lock = Lock()
        self._awake = False
        _WATCHES.add(self)

    def serve(self, board: Board) -> None:
        """From now on calls are written on the board, and one that is stuck ends the process."""
        self.board = board

    def run(
        self,
        plugin: str,
        what: str,
        limit: Limit | None,
        function: Callable[..., R],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> R:
        """What the function returns or raises; `TookTooLong` when that was late."""
        if limit is None:
            return function(*args, **kwargs)
        call = self._begin(plugin, what, limit)
        try:
            try:
                answer = function(*args, **kwargs)
            finally:
                self._end(call)
        except Overrun:  # also one that came between the end of the function and that of the call
            self._end(call)
            if call.beyond is None:
                raise  # meant for a call around this one
        if call.beyond is not None:
            raise TookTooLong(call.beyond)
        return answer

    def _begin(self, plugin: str, what: str, limit: Limit) -> _Call:
        call = _Call(plugin, what, limit)
        if self.board is not None:
            call.line = self.board.take(plugin, what, call.ends)
        with self._lock:
            self._calls.add(call)
        if not self._awake:
            self._rouse()
        return call

    def _end(self, call: _Call) -> None:
        """After this nothing is thrown into the thread any more for the sake of this call; safe to say twice."""
        with self._lock:
            self._calls.discard(call)
        if call.line is not None and self.board is not None:
            line, call.line = call.line, None
            self.board.clear(line)
        if call.beyond is not None:
            _drain(call.thread)

    def _rouse(self) -> None:
        with self._lock:
            if not self._awake:
                self._awake = True
                Thread(target=self._look, name="plugin-watch", daemon=True).start()

    def _look(self) -> None:
        busy = time.monotonic()
        while True:
            moment = time.monotonic()
            with self._lock:
                running = tuple(self._calls)
                if not running and moment - busy > QUIET:
                    self._awake = False  # the next call starts another thread
                    return
            for call in running:
                busy = moment
                if self.board is not None:
                    self.board.lives()
                if call.again <= moment and (beyond := call.beyond or self._beyond(call, moment)):
                    self._interrupt(call, moment, beyond)
            time.sleep(TICK)

    def _beyond(self, call: _Call, moment: float) -> float | None:
        """The limit that a call is beyond. What it computed before it was seen for the first time is not counted."""
        if moment > call.ends:
            return call.limit.lasts
        if call.limit.computes == inf:
            return None
        with self._lock:
            if call not in self._calls:
                return None  # of a thread that has ended there is no clock any more
            spent = time.clock_gettime(time.pthread_getcpuclockid(call.thread))
        if call.since is None:
            call.since = spent
        return call.limit.computes if spent - call.since > call.limit.computes else None

    def _interrupt(self, call: _Call, moment: float, beyond: float) -> None:
        if moment > call.ends + GRACE and self.board is not None:
            told = f"Samverk: the plugin {call.plugin} does not come back from {call.what}; this process ends.\n"
            os.write(2, told.encode())  # the log may be what it sits on
            os._exit(STUCK)
        with self._lock:
            if call in self._calls:
                call.beyond = beyond
                call.again = moment + AGAIN
                _throw(call.thread, Overrun)

    def forked(self) -> None:
        """A child of a fork has none of its parent's threads, calls and files."""
        self._calls, self._lock, self._awake = set(), Lock(), False
        if self.board is not None:
            self.board = Board(self.board.folder)


_WATCHES: WeakSet[Watch] = WeakSet()
os.register_at_fork(after_in_child=lambda: _forked())


def _forked() -> None:
    for watch in _WATCHES:
        watch.forked()


def _throw(thread: int, kind: type[BaseException]) -> None:
    """Let a thread raise an exception at its next step, in the place of one that it has not raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind))


def _drain(thread: int) -> None:
    """Leave this thread with nothing to raise: one more is thrown, raised and dropped.

    Taking the exception back with NULL would leave CPython 3.11's flag for it set for ever, and the next function
    that is called under a profiler or a tracer would never begin.
    """
    try:
        _throw(thread, Overrun)
        while True:
            pass
    except Overrun:
        pass
