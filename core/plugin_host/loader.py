"""Finds plugins in the box and among installed distributions, and examines each behind its own fence."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, metadata
from pathlib import Path
from threading import Thread
from typing import Any

import click
import pluggy

from core.ctrl_c import CtrlC
from core.plugin_api import hooks
from core.plugin_api.compliance import CompliancePack
from core.plugin_api.composition import Recipe
from core.plugin_api.contract import NAME, ContractError, Provider
from core.plugin_api.deprecations import supported, warn_of_number
from core.plugin_api.jobs import Job
from core.plugin_api.manifest import Plugin
from core.plugin_api.pages import Panel, PermissionSpec, PluginPage
from core.plugin_api.payment_models import PaymentModel
from core.plugin_api.payout_rails import PayoutRail
from core.plugin_api.platforms import PlatformConnector
from core.plugin_api.sales_sources import SalesSource
from core.plugin_api.text import T, Text
from core.plugin_host import additions, own
from core.plugin_host.deadlines import AGAIN, Limit, Overrun, TookTooLong, Watch
from core.plugin_host.declared import check_declared
from core.plugin_host.left_out import LeftOut
from core.plugin_host.reasons import reason_of
from core.plugin_host.records import IN_THE_BOX, Record, State
from core.plugin_host.trace import traced

GROUP = "samverk.plugins"
LOADING = 30.0
_watch = Watch()
log = logging.getLogger("samverk.plugins")

PROVIDERS: dict[str, type[Provider]] = {
    "payment_models": PaymentModel,
    "platforms": PlatformConnector,
    "sales_sources": SalesSource,
    "payout_rails": PayoutRail,
}
"""Registered as classes, of which the host makes one object each."""
DATA: dict[str, tuple[type, str]] = {
    "compositions": (Recipe, "name"),
    "compliance": (CompliancePack, "id"),
    "pages": (PluginPage, "key"),
    "panels": (Panel, "key"),
    "permissions": (PermissionSpec, "name"),
    "commands": (click.Command, "name"),
    "jobs": (Job, "name"),
}
"""Registered as they are; the attribute is what tells two of them apart."""
SHARED = (*PROVIDERS, "compositions", "compliance", "permissions")
"""Kinds whose names are the whole installation's; the rest live under their plugin's own name."""

FirstCome = Mapping[tuple[str, str], tuple[str, str]]
"""By (kind, name) the plugin that had a name when it was last there, as its own name and its distribution's."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that calls itself a plugin and was not loaded yet."""

    name: str
    origin: str
    version: str
    author: str
    load: Callable[[], object]
    module: str = ""


class Fault(Exception):
    """Why a candidate cannot be active, in a sentence for people."""

    def __init__(self, reason: Text, state: State = State.BROKEN) -> None:
        """Keep the reason and the state it leads to."""
        super().__init__(reason.msgid)
        self.reason = reason
        self.state = state


def find(*, safe_mode: bool = False) -> list[Candidate]:
    """Everything that calls itself a plugin; in safe mode only what ships in the box."""
    foreign = [] if safe_mode else entry_points(group=GROUP)
    return [*in_the_box(), *(_foreign(point) for point in sorted(foreign, key=lambda p: (p.name, p.value)))]


def in_the_box() -> list[Candidate]:
    """The folders `plugins/<kind>/<name>/`."""
    spec = importlib.util.find_spec("plugins")
    roots = list(spec.submodule_search_locations or ()) if spec else []
    version, author = _about(IN_THE_BOX)
    found = []
    for folder in sorted(path.parent for root in roots for path in Path(root).glob("*/*/__init__.py")):
        module = f"plugins.{folder.parent.name}.{folder.name}"
        name = f"{folder.parent.name}/{folder.name}"  # until its manifest tells: a folder's name may be there twice
        found.append(Candidate(name, IN_THE_BOX, version, author, partial(importlib.import_module, module)))
    return found


def _foreign(point: EntryPoint) -> Candidate:
    origin = point.dist.name if point.dist else point.value
    return Candidate(point.name, origin, *_about(origin), point.load, point.module)


def _about(distribution: str) -> tuple[str, str]:
    try:
        about = metadata(distribution)
    except PackageNotFoundError:
        return "", ""
    return about["Version"] or "", about["Author"] or about["Author-email"] or ""


def load(
    candidates: Iterable[Candidate],
    seconds: float = LOADING,
    left_out: LeftOut | None = None,
    first_come: Callable[[], FirstCome] = dict,
    trace: bool = False,
) -> list[Record]:
    """A record of every candidate, sorted by name; nothing a candidate does comes out of here, a loop neither.

    One that is not loaded within so many seconds is `left_out` from then on. `first_come` is asked where there are
    strangers. With `trace` each import and each hook is a line on stderr.
    """
    records = [load_one(candidate, seconds, left_out, trace) for candidate in candidates]
    strangers = any(not record.in_the_box for record in records)
    records = settle_claims(records, first_come() if strangers else {})
    return sorted(records, key=lambda record: (record.name, record.origin))


def load_one(
    candidate: Candidate, seconds: float = LOADING, left_out: LeftOut | None = None, trace: bool = False
) -> Record:
    """As `load`, without a look at the names of others."""
    record = None if left_out and left_out.has(candidate, seconds) else _in_time(candidate, seconds, trace)
    if left_out is None or candidate.origin == IN_THE_BOX:
        return record or _late(candidate, T("It was not loaded within %(seconds)s seconds.", seconds=f"{seconds:g}"))
    if record is not None:
        left_out.forget(candidate.name)
        return record
    left_out.add(candidate, seconds)
    named = {"seconds": f"{seconds:g}", "command": f"samverk plugin retry {candidate.name}"}
    return _late(
        candidate,
        T(
            "It was not loaded within %(seconds)s seconds, and is left out until its files change or it is tried again"
            " by %(command)s.",
            **named,
        ),
    )


def _late(candidate: Candidate, reason: Text) -> Record:
    return Record(candidate.name, candidate.origin, candidate.version, candidate.author, State.BROKEN, reason)


def _in_time(candidate: Candidate, seconds: float, trace: bool) -> Record | None:
    """Its record; None when it has none within so many seconds.

    A stranger is loaded by a thread of its own: where that waits in C it is left behind, since nothing can end it.
    """
    if candidate.origin == IN_THE_BOX:
        record = _watched(candidate, seconds, trace)
    else:
        came: list[Record | None] = []
        context = copy_context()
        work = Thread(target=lambda: came.append(context.run(_watched, candidate, seconds, trace)), daemon=True)
        work.start()
        work.join(seconds + 2 * AGAIN)  # what runs in Python has been struck three times by then
        record = came[0] if came else None
    if record is None:
        log.warning("plugin %s was not loaded within %g seconds", candidate.name, seconds)
    return record


def _watched(candidate: Candidate, seconds: float, trace: bool) -> Record | None:
    try:
        return _watch.run(candidate.name, "loading", Limit(seconds), examine, (candidate, trace), {})
    except TookTooLong:
        return None


def examine(candidate: Candidate, trace: bool = False) -> Record:
    """Load one candidate behind its fence: an active record, or one that says what is wrong."""
    record = Record(candidate.name, candidate.origin, candidate.version, candidate.author)
    try:
        plugin = traced(trace, candidate.name, "loading", partial(manifest, candidate))
        record = replace(record, name=plugin.name, plugin=plugin)
        check_version(plugin)
        provides = collect(plugin, trace)
        additions.check(plugin, provides)
        check_declared(plugin, provides)
        own.check(plugin)
        return replace(record, provides=provides)
    except Fault as fault:
        return replace(record, state=fault.state, reason=fault.reason)
    except ContractError as error:
        reason = T("It does not keep the plugin API: %(error)s.", error=str(error))
    except (CtrlC, Overrun):
        raise
    except BaseException as error:  # as in `Fence.call`
        log.warning("plugin %s could not be loaded: %s", candidate.name, reason_of(error))
        log.debug("plugin %s", candidate.name, exc_info=True)
        reason = T("It could not be loaded: %(error)s.", error=reason_of(error))
    return replace(record, state=State.BROKEN, reason=reason)


def manifest(candidate: Candidate) -> Plugin:
    """The candidate's plugin object, with a proper name and title."""
    loaded: Any = candidate.load()
    plugin = loaded if isinstance(loaded, Plugin | type) else getattr(loaded, "plugin", None)
    if isinstance(plugin, type):
        plugin = plugin()
    if not isinstance(plugin, Plugin):
        raise Fault(T("It has no object named plugin that is a samverk.Plugin."))
    for attribute, kind in (("name", str), ("title", Text), ("api_version", int)):
        if not isinstance(getattr(plugin, attribute, None), kind):
            raise Fault(T("Its manifest lacks %(attribute)s.", attribute=attribute))
    if not NAME.fullmatch(plugin.name):
        raise Fault(T("Its name must be of small letters, digits and underscores."))
    if candidate.origin != IN_THE_BOX and plugin.name != candidate.name:
        raise Fault(
            T("It calls itself %(name)s, but its entry point is %(point)s.", name=plugin.name, point=candidate.name)
        )
    return plugin


def check_version(plugin: Plugin) -> None:
    """Refuse a plugin that was written for a plugin API that is not loaded, not yet or no more."""
    theirs, ours = plugin.api_version, supported()
    if theirs in ours:
        warn_of_number(theirs, type(plugin).__module__)
        return
    state = State.NEEDS_UPGRADE if theirs < min(ours) else State.BROKEN
    spoken = ", ".join(map(str, sorted(ours)))
    raise Fault(
        T("It was written for plugin API %(theirs)s, and this Samverk speaks %(ours)s.", theirs=theirs, ours=spoken),
        state,
    )


def collect(plugin: Plugin, trace: bool = False) -> dict[str, dict[str, Any]]:
    """Everything that the plugin registers, by kind and name."""
    manager = manager_of(plugin)
    provides = {}
    for kind in (*PROVIDERS, *DATA):
        hook = getattr(manager.hook, f"register_{kind}")
        if hook.get_hookimpls():
            answer = traced(trace, plugin.name, hook.name, lambda hook=hook: next(iter(hook()), None))  # type: ignore[misc]
            if answer is not None:
                provides[kind] = _named(kind, answer)
    return provides


def manager_of(plugin: Plugin) -> pluggy.PluginManager:
    """A hook manager for this plugin alone, so that no plugin meets another's faults."""
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    try:
        manager.register(plugin, plugin.name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise ContractError(str(error).replace("\n", " ")) from error
    return manager


def _named(kind: str, answer: object) -> dict[str, Any]:
    if not isinstance(answer, Sequence) or isinstance(answer, str):
        raise ContractError(f"register_{kind} must return a list")
    named: dict[str, Any] = {}
    for item in answer:
        thing, name = _provider(kind, item) if kind in PROVIDERS else _datum(kind, item)
        if name in named:
            raise ContractError(f"register_{kind} names {name} twice")
        named[name] = thing
    return named


def _provider(kind: str, item: object) -> tuple[Provider, str]:
    contract = PROVIDERS[kind]
    if not isinstance(item, type) or not issubclass(item, contract):
        raise ContractError(f"register_{kind} must return subclasses of {contract.__name__}, not {item!r}")
    name = getattr(item, "name", None)
    if not isinstance(name, str) or not NAME.fullmatch(name) or not isinstance(getattr(item, "title", None), Text):
        raise ContractError(f"{item.__name__} lacks a proper name or a title")
    return item(), name


def _datum(kind: str, item: object) -> tuple[object, str]:
    expected, attribute = DATA[kind]
    name = getattr(item, attribute, None)
    if not isinstance(item, expected) or not name:
        raise ContractError(f"register_{kind} must return {expected.__name__} objects, not {item!r}")
    return item, str(name)


def settle_claims(records: Sequence[Record], first: FirstCome | None = None) -> list[Record]:
    """Refuse doubled names: what ships in the box keeps its name, else who had it first; of newcomers nobody gets it.

    Who had a name keeps it while it is broken, too: what hangs on it waits for its own plugin.
    """
    claims: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record.state is State.ACTIVE:
            claims["plugin", record.name].append(record)
            for kind in SHARED:
                for name in record.provides.get(kind, ()):
                    claims[kind, name].append(record)
    refused: dict[int, Text] = {}
    there = {(record.name, record.origin): record for record in records}
    for (kind, name), claimants in claims.items():
        keeper = next((record for record in claimants if record.in_the_box), None)
        before = there.get((first or {}).get((kind, name), ("", "")))
        if keeper is None and before and (before in claimants or before.state is not State.ACTIVE):
            keeper = before
        for loser in claimants:
            if loser is not keeper and (keeper or len(claimants) > 1):
                other = keeper or next(record for record in claimants if record is not loser)
                taken = T("The name %(name)s is taken by %(other)s.", name=name, other=_who(other))
                refused.setdefault(id(loser), taken)
    return [
        replace(record, state=State.BROKEN, reason=refused[id(record)], provides={})
        if id(record) in refused
        else record
        for record in records
    ]


def _who(record: Record) -> str:
    return f"{record.name} ({record.origin})"
