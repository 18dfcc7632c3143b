"""What a check is, what it says when it fails, and the plugin that it is asked about."""

from __future__ import annotations

import importlib
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from core.ctrl_c import CtrlC
from core.plugin_api.context import Context
from core.plugin_api.held import Unfit
from core.plugin_api.kit import FakeServer, Kit
from core.plugin_api.manifest import Plugin
from core.plugin_host.additions import folder_of
from core.plugin_host.declared import fields_of
from core.plugin_host.host import PluginHost
from core.plugin_host.loader import Candidate, find, load_one
from core.plugin_host.reasons import reason_of
from core.plugin_host.records import Record, State
from core.plugin_kit import unfit
from core.plugin_kit.filled import filled, secrets

MODULES = (
    "loading",
    "sources",
    "words",
    "placeholders",
    "names",
    "forms",
    "drawn",
    "shown",
    "tables",
    "jobs",
    "terminal",
    "models",
    "caps",
    "outside",
    "renewing",
    "rails",
    "entered",
    "onboarding",
    "connectors",
    "faults",
    "mangled",
    "sound",
    "sheets",
    "packs",
)
"""Where the checks are, in the order in which they are asked."""


class Broken(Exception):
    """A promise that a plugin does not keep: what was expected, what was seen, and the smallest example of it.

    `mend` says what to do where the check's own hint would not say it of this fault.
    """

    def __init__(self, expected: str, seen: str, example: object = "", mend: str = "") -> None:
        """Keep the four."""
        super().__init__(f"expected {expected}, saw {seen}")
        self.expected = expected
        self.seen = seen
        self.example = str(example)
        self.mend = mend


class NotAsked(Exception):
    """The plugin has nothing that the check could be asked about."""


@dataclass(frozen=True)
class Subject:
    """One plugin on the bench: as it was found, and as it loads."""

    candidate: Candidate
    others: Sequence[Candidate] = ()
    examples: int = 40
    """How many made-up cases each search tries."""
    postgresql: str = ""
    """A PostgreSQL where the kit may make a database for tables; without one they are tried on SQLite alone."""

    @cached_property
    def record(self) -> Record:
        """The plugin loaded alone."""
        return load_one(self.candidate)

    @property
    def name(self) -> str:
        """Its name, or that of its entry point while it does not load."""
        return self.record.name

    @property
    def plugin(self) -> Plugin:
        """Its plugin object; asked of an active plugin only."""
        if self.record.plugin is None:
            raise NotAsked
        return self.record.plugin

    @cached_property
    def host(self) -> PluginHost:
        """A host with this plugin alone."""
        return PluginHost([self.record])

    @cached_property
    def made_up(self) -> dict[str, list[Any]]:
        """The cases that were made up for each of its payment models, for the next check."""
        return {}

    @cached_property
    def drawn(self) -> dict[str, list[Any]]:
        """Its pages and panels as they were drawn, by their keys, for the next check."""
        return {}

    @cached_property
    def kit(self) -> Kit:
        """What its author hands over."""
        return self.plugin.kit()

    @property
    def folder(self) -> Path | None:
        """Where its package lies; None for a plugin without files."""
        return folder_of(self.plugin)

    @cached_property
    def sources(self) -> tuple[Path, ...]:
        """Its Python files: the whole package, or the one module."""
        module = type(self.plugin).__module__
        file = Path(importlib.import_module(module).__file__ or "") if self.folder else None
        if file is None:
            return ()
        return tuple(sorted(file.parent.rglob("*.py"))) if file.name == "__init__.py" else (file,)

    def provided(self, kind: str) -> Mapping[str, Any]:
        """What it brings of a kind, by name."""
        return self.record.provides.get(kind, {})

    def server(self, name: str) -> FakeServer | None:
        """A fresh server for a provider; None when its author hands none over."""
        make = self.kit.servers.get(name)
        return make() if make else None

    def context(self, server: FakeServer, http: Any = None) -> Context:
        """The context in which a provider talks to a server."""
        kept = Latest(server, secrets(fields_of(self.record)))
        return Context("kit-brand", self.settings(server), kept, http, keep_secret=kept.keep)

    def settings(self, server: FakeServer | None = None) -> dict[str, Any]:
        """Every setting that it declares, as a brand has filled it in; those of a server go first."""
        return filled(fields_of(self.record), server.settings if server else {})


class Latest(Mapping[str, str]):
    """The secrets that a server takes now, over those that the plugin keeps: whether it keeps them is a check's own."""

    def __init__(self, server: FakeServer, typed: Mapping[str, str]) -> None:
        """Nothing is kept yet but what was `typed` into the form."""
        self._server, self._kept = server, {**typed, **server.secrets}

    def keep(self, key: str, value: str) -> str:
        """What `ctx.keep_secret` is."""
        self._kept[key] = value
        return self[key]

    def __getitem__(self, key: str) -> str:
        """The newest."""
        return self._server.secrets.get(key) or self._kept[key]

    def __iter__(self) -> Iterator[str]:
        """The keys."""
        return iter({**self._kept, **self._server.secrets})

    def __len__(self) -> int:
        """How many."""
        return len({**self._kept, **self._server.secrets})

    def __repr__(self) -> str:
        """In the clear, so that a careless plugin is found out."""
        return repr(dict(self))


@dataclass(frozen=True, slots=True)
class Check:
    """A promise and how it is tried: once for the plugin, or for each thing that it brings of one of `kinds`."""

    id: str
    promise: str
    hint: str
    run: Callable[..., None]
    kinds: tuple[str, ...] = ()

    @property
    def gate(self) -> bool:
        """Whether nothing else can be asked when this fails."""
        return self.id in GATES


TALKATIVE = ("samverk.plugins", "core.compliance.engine", "core.i18n")
GATES = ("api", "manifest", "contract", "loads")
CHECKS: dict[str, Check] = {}
"""Every check by its id; filled by the modules of `MODULES`."""


def check(id: str, promise: str, *kinds: str, hint: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Enter a function as a check; with `kinds` it is given the subject and one provider, else the subject alone."""

    def enter(run: Callable[..., None]) -> Callable[..., None]:
        CHECKS[id] = Check(id, promise, hint, run, kinds)
        return run

    return enter


@dataclass(frozen=True, slots=True)
class Result:
    """How a check went. `about` names the provider it was asked of; `broken` is None when the promise is kept."""

    plugin: str
    check: Check
    about: str = ""
    broken: Broken | None = field(default=None, compare=False)


def known() -> Mapping[str, Check]:
    """Every check, in order."""
    for name in MODULES:
        importlib.import_module(f"core.plugin_kit.{name}")
    return CHECKS


def subjects(
    names: Sequence[str] = (), *, everything: bool = False, examples: int = 40, postgresql: str = ""
) -> list[Subject]:
    """The plugins with these names among all that are installed, or all of them; a `LookupError` names the missing."""
    found = find()
    wanted, missing = [], set(names)
    for candidate in found:
        subject = Subject(candidate, [other for other in found if other is not candidate], examples, postgresql)
        called = {candidate.name, subject.name} & set(names)
        if called or everything:
            wanted.append(subject)
            missing -= called
    if missing:
        raise LookupError(min(missing))
    return wanted


def asked(subject: Subject) -> list[tuple[Check, str, Any]]:
    """The checks that concern a plugin, each with the name of what it is asked of, and that thing."""
    plan: list[tuple[Check, str, Any]] = []
    with _quiet():
        active = subject.record.state is State.ACTIVE
    for one in known().values():
        if not one.kinds:
            plan += [(one, "", None)] if one.gate or active else []
        else:
            plan += [(one, name, item) for kind in one.kinds for name, item in subject.provided(kind).items()]
    return plan


def run(subject: Subject, one: Check, about: str = "", item: Any = None) -> Result | None:
    """Ask one check; None when it has nothing to ask. What the plugin raises in between is a broken promise too."""
    try:
        with _quiet():
            one.run(subject, item) if one.kinds else one.run(subject)
    except NotAsked:
        return None
    except Broken as broken:
        return Result(subject.name, one, about, broken)
    except CtrlC:
        raise
    except BaseException as error:  # as in `Fence.call`
        refused = unfit.unfit_of(error)
        if refused is not None:
            return _of_a_record(subject, one, about, refused)
        seen = f"{type(error).__name__}: {error}"
        return Result(subject.name, one, about, Broken("an answer", seen, place_of(error, subject)))
    return Result(subject.name, one, about)


def _of_a_record(subject: Subject, one: Check, about: str, refused: Unfit) -> Result | None:
    """What a record of the contract refused; None where another check tells of it."""
    if not unfit.tells(refused, one.id, one.kinds):
        return None
    expected, seen, mend = unfit.told(refused)
    return Result(subject.name, one, about, Broken(expected, seen, place_of(refused, subject), mend))


def run_all(subject: Subject) -> Iterator[Result]:
    """Ask everything that concerns a plugin."""
    for one, about, item in asked(subject):
        result = run(subject, one, about, item)
        if result is not None:
            yield result


@contextmanager
def _quiet() -> Iterator[None]:
    """Core's own words about failing plugins are not said: the report says them once and better."""
    loggers = [logging.getLogger(name) for name in TALKATIVE]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, was in zip(loggers, before, strict=True):
            logger.disabled = was


def place_of(error: BaseException, subject: Subject) -> str:
    """The last line of the plugin's own that was reached, of its templates too; where there is none, of anybody's."""
    lines = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = str(subject.folder) if subject.record.plugin and subject.folder else "nowhere"
    file, line = next((one for one in reversed(lines) if one[0].startswith(own)), lines[-1] if lines else ("", 0))
    return f"{file}, line {line}" if file else ""


def fell(error: BaseException, subject: Subject) -> str:
    """What was raised, and where."""
    return f"{reason_of(error)}, {place_of(error, subject)}"
