"""The fence that every call of a plugin goes through: paused or asked, held to its deadline, counted, and traced."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, TypeVar

from core.ctrl_c import CtrlC
from core.plugin_api.text import T, Text
from core.plugin_host import trace
from core.plugin_host.deadlines import Deadlines, Overrun, Seam, TookTooLong, Watch
from core.plugin_host.health import Health
from core.plugin_host.reasons import reason_of
from core.plugin_host.records import Failure

R = TypeVar("R")
log = logging.getLogger("samverk.plugins")


class Fence:
    """One for each process and its plugins."""

    def __init__(self, deadlines: Deadlines | None = None, *, trace: bool = False) -> None:
        """Watch nothing yet; with `trace` each call is a line on stderr."""
        self.health = Health()
        self.watch = Watch()
        self.trace = trace
        self.titles: Mapping[str, Text] = {}
        """What its plugins are called in a reason for people; logs and traces say the name."""
        self._limits = (deadlines or Deadlines()).by_seam()

    def call(
        self,
        plugin: str,
        function: Callable[..., R],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        *,
        returns: Any,
        seam: Seam,
        passes: tuple[type[BaseException], ...],
        what: str,
        brand: str | None = None,
    ) -> R | Failure:
        """As `PluginHost.call` says."""
        begin = perf_counter() if self.trace else 0.0
        what = what or name_of(function)
        health, probe = self.health, False
        if plugin in health.paused:
            probe = seam.lasting and health.may_probe(plugin)
            if not probe:
                refused = health.refusal(plugin, self._title(plugin))
                return self._told(plugin, what, begin, brand, refused) if self.trace else refused
        answer: R | Failure
        try:
            answer = self.watch.run(plugin, what, self._limits[seam], function, args, kwargs)
        except passes as said:
            health.worked(plugin, probe=probe, lasting=seam.lasting)
            if self.trace:
                self._told(plugin, what, begin, brand, said)
            raise
        except (CtrlC, Overrun):  # somebody at the terminal; a call around this one that is late
            raise
        except BaseException as error:  # a panic in Rust, a cancelled task, a KeyboardInterrupt of its own
            answer = self._failed(plugin, error, probe, seam)
        else:
            if returns is None or isinstance(answer, returns):
                health.worked(plugin, probe=probe, lasting=seam.lasting)
            else:
                answer = self._mistaken(plugin, answer, probe, seam)
        return self._told(plugin, what, begin, brand, answer) if self.trace else answer

    def _failed(self, plugin: str, error: BaseException, probe: bool, seam: Seam) -> Failure:
        if isinstance(error, TookTooLong):
            (seconds,) = error.args
            log.error("plugin %s took longer than %g seconds and was interrupted", plugin, seconds)
            self.health.failed(plugin, f"took longer than {seconds:g} s", probe=probe, lasting=seam.lasting)
            named = {"plugin": self._title(plugin), "seconds": f"{seconds:g}"}
            return Failure(plugin, T("The plugin %(plugin)s took longer than %(seconds)s seconds.", **named))
        shown = self.trace or seam is not Seam.COMMAND  # at a terminal the command itself says what is wrong
        log.log(logging.ERROR if shown else logging.DEBUG, "plugin %s failed", plugin, exc_info=error)
        self.health.failed(plugin, reason_of(error), probe=probe, lasting=seam.lasting)
        return Failure(
            plugin, T("The plugin %(plugin)s failed: %(error)s.", plugin=self._title(plugin), error=reason_of(error))
        )

    def _mistaken(self, plugin: str, answer: object, probe: bool, seam: Seam) -> Failure:
        kind = type(answer).__name__
        log.error("plugin %s returned %s", plugin, kind)
        self.health.failed(plugin, f"answered {kind}", probe=probe, lasting=seam.lasting)
        named = {"plugin": self._title(plugin), "kind": kind}
        return Failure(plugin, T("The plugin %(plugin)s gave a wrong answer: %(kind)s.", **named))

    def _title(self, plugin: str) -> str | Text:
        return self.titles.get(plugin, plugin)

    @staticmethod
    def _told(plugin: str, what: str, begin: float, brand: str | None, answer: Any) -> Any:
        trace.line(plugin, what, brand, begin, answer)
        return answer


def name_of(function: Callable[..., Any]) -> str:
    """What a function is called in the plugin."""
    try:
        name = getattr(function, "__qualname__", None) or getattr(function, "name", None)
    except Exception:  # the plugin's own attributes: anything may happen
        name = None
    return name if isinstance(name, str) else type(function).__name__
