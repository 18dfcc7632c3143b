"""Ctrl-C at the terminal, told apart from a `KeyboardInterrupt` that a plugin raises by itself."""

from __future__ import annotations

import signal
import threading
from types import FrameType


class CtrlC(KeyboardInterrupt):
    """Somebody wants this process to stop; no fence holds it."""


def listen() -> None:
    """From now on SIGINT raises `CtrlC` in the main thread, unless somebody already takes or ignores the signal.

    Without this a Ctrl-C within a call of a plugin cannot be told from the plugin's own fault, and counts as one.
    """
    ours = threading.current_thread() is threading.main_thread()
    if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _press)


def _press(_number: int, _frame: FrameType | None) -> None:
    raise CtrlC
