"""How each plugin does in this process: calls, failures, the last error, and which are paused. Memory only.

`core.plugin_host.pausing` carries it to the database and brings back what all processes found together, so that a call
costs no SQL.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Lock

from core import clock
from core.plugin_api.text import T, Text
from core.plugin_host.board import Stuck
from core.plugin_host.records import Failure


class Cause(enum.StrEnum):
    """Why a plugin is paused."""

    FAILURES = "failures"
    STUCK = "stuck"
    PURGED = "purged"
    """All that it kept was removed while processes still had it: those never ask it again, the next ones may."""

    @property
    def sentence(self) -> Text:
        """In a sentence for people, `%(plugin)s` left open."""
        said = {
            Cause.FAILURES: T("The plugin %(plugin)s is paused, since it failed several times in a row."),
            Cause.STUCK: T(
                "The plugin %(plugin)s is paused, since it did not come back and its process had to be ended."
            ),
            Cause.PURGED: T("All that the plugin %(plugin)s kept was removed. Samverk must be restarted."),
        }
        return said[self]

    def told(self, plugin: str | Text) -> Text:
        """The sentence about a plugin."""
        return Text(self.sentence.msgid, {"plugin": plugin})


@dataclass(slots=True)
class Tally:
    """What happened since it was last written down. `row` counts the failures since the last call that went well."""

    calls: int = 0
    failures: int = 0
    row: int = 0
    worked: bool = False
    last_error: str = ""
    failed_at: datetime | None = None
    probe: bool | None = None
    stuck: bool = False


@dataclass
class Health:
    """The tallies and pauses of a process. `news` is set when something should be written down soon.

    `since` is when the process found its plugins.
    """

    since: datetime = field(default_factory=clock.now)
    paused: Mapping[str, Cause] = field(default_factory=dict)
    news: Event = field(default_factory=Event)
    _tallies: dict[str, Tally] = field(default_factory=dict)
    _probes: dict[str, datetime] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def worked(self, plugin: str, *, probe: bool = False, lasting: bool = True) -> None:
        """Count a call that went well; one that is not `lasting` ends no row of failures."""
        with self._lock:
            tally = self._tally(plugin)
            tally.calls += 1
            if lasting:
                tally.row, tally.worked = 0, True
            if probe:
                tally.probe = True
        if probe:
            self.news.set()

    def failed(self, plugin: str, error: str, *, probe: bool = False, lasting: bool = True) -> None:
        """Count a call that failed; `error` says how, without secrets. One that is not `lasting` is in no row."""
        with self._lock:
            tally = self._tally(plugin)
            tally.calls += 1
            tally.failures += 1
            tally.row += lasting
            tally.last_error, tally.failed_at = error, clock.now()
            if probe:
                tally.probe = False
        self.news.set()

    def found_stuck(self, found: Iterable[Stuck]) -> None:
        """Pause the plugins that a process before this one was stuck in, before anything asks them."""
        for stuck in found:
            with self._lock:
                tally = self._tally(stuck.plugin)
                tally.failures += 1
                tally.stuck, tally.failed_at = True, clock.now()
                tally.last_error = f"Stuck: {stuck.what}"
                self.paused = {**self.paused, stuck.plugin: Cause.STUCK}
            self.news.set()

    def refusal(self, plugin: str, title: str | Text) -> Failure:
        """What a caller gets in place of an answer of a paused plugin."""
        return Failure(plugin, self.paused.get(plugin, Cause.FAILURES).told(title), paused=True)

    def may_probe(self, plugin: str) -> bool:
        """Whether this call of a paused plugin is the one that is let through."""
        if plugin not in self._probes:
            return False
        with self._lock:
            until = self._probes.pop(plugin, None)
        return until is not None and clock.now() < until

    def take(self) -> dict[str, Tally]:
        """What happened since the last time, which begins anew."""
        with self._lock:
            taken, self._tallies = self._tallies, {}
        return taken

    def give_back(self, taken: Mapping[str, Tally]) -> None:
        """Add what could not be written down to what has happened since."""
        with self._lock:
            for plugin, before in taken.items():
                now = self._tally(plugin)
                now.calls, now.failures = now.calls + before.calls, now.failures + before.failures
                now.row += 0 if now.worked else before.row
                now.worked, now.stuck = now.worked or before.worked, now.stuck or before.stuck
                now.last_error, now.failed_at = now.last_error or before.last_error, now.failed_at or before.failed_at
                now.probe = before.probe if now.probe is None else now.probe

    def learn(self, paused: Mapping[str, Cause], probes: Mapping[str, datetime]) -> None:
        """Take over what the database says; `probes` are the plugins that this process may try once, and until when."""
        with self._lock:
            self.paused = dict(paused)
            self._probes = {name: until for name, until in {**self._probes, **probes}.items() if name in paused}

    def _tally(self, plugin: str) -> Tally:
        found = self._tallies.get(plugin)
        if found is None:
            found = self._tallies[plugin] = Tally()
        return found
