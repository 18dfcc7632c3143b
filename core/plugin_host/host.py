"""The host: one dictionary for each kind of provider, and the fence that every call goes through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from core.http import Client
from core.plugin_api.context import Context, Http
from core.plugin_api.text import Text
from core.plugin_host.calls import FencedRule
from core.plugin_host.deadlines import Seam
from core.plugin_host.fence import Fence
from core.plugin_host.loader import Candidate, find, load, manager_of
from core.plugin_host.records import Failure, Record, State

if TYPE_CHECKING:
    import click
    import pluggy

    from core.crypto import Keyring
    from core.plugin_api.compliance import CompliancePack
    from core.plugin_api.composition import Recipe
    from core.plugin_api.jobs import Job
    from core.plugin_api.observations import Observation
    from core.plugin_api.pages import Panel, PermissionSpec, PluginPage
    from core.plugin_api.payment_models import PaymentModel
    from core.plugin_api.payout_rails import PayoutRail
    from core.plugin_api.platforms import PlatformConnector
    from core.plugin_api.sales_sources import SalesSource

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V")


class Registry(dict[str, V], Generic[V]):
    """Providers of one kind by name; `owners` tells which plugin brought each."""

    def __init__(self, records: Iterable[Record], kind: str) -> None:
        """Gather what the active plugins provide of a kind."""
        found = [(n, item, r.name) for r in records for n, item in r.provides.get(kind, {}).items()]
        super().__init__((name, item) for name, item, _ in found)
        self.owners: Mapping[str, str] = {name: owner for name, _, owner in found}

    def enabled(self, switches: Mapping[str, bool]) -> dict[str, V]:
        """Those whose plugin is not switched off."""
        return {name: item for name, item in self.items() if switches.get(self.owners[name], True)}


class PluginHost:
    """Every plugin that was found. Registries hold what the active ones provide, by name."""

    def __init__(
        self,
        records: Sequence[Record],
        fence: Fence | None = None,
        http: Http | None = None,
        keys: Callable[[], Keyring] | None = None,
    ) -> None:
        """Build the registries once; nothing is looked up through hooks afterwards. `keys` are those of the moment."""
        self.fence = fence or Fence()
        self.http = http or Client()
        self.keys = keys
        self.recall: Callable[[str], Mapping[str, Text]] = lambda kind: {}
        """By kind the titles of what was here once, as `core.wiring` lets the database tell them."""
        self.brand: str | None = None
        """For whom it is asked, by public id; None for the installation, or where nobody said."""
        self.records: Mapping[tuple[str, str], Record] = {(r.name, r.origin): r for r in records}
        active = [record for record in records if record.state is State.ACTIVE]
        self.active: Mapping[str, Record] = {record.name: record for record in active}
        self.fence.titles = {record.name: record.title for record in active}
        self.payment_models: Registry[PaymentModel] = Registry(active, "payment_models")
        self.compositions: Registry[Recipe] = Registry(active, "compositions")
        self.platforms: Registry[PlatformConnector] = Registry(active, "platforms")
        self.sales_sources: Registry[SalesSource] = Registry(active, "sales_sources")
        self.compliance: Registry[CompliancePack] = Registry(active, "compliance")
        self._packs = dict(self.compliance)
        self._fence_rules()
        self.payout_rails: Registry[PayoutRail] = Registry(active, "payout_rails")
        self.permissions: Registry[PermissionSpec] = Registry(active, "permissions")
        self._managers: dict[str, pluggy.PluginManager] = {
            record.name: manager_of(record.plugin)
            for record in active
            if record.plugin and any(name.startswith("on_") for name in dir(record.plugin))
        }

    @classmethod
    def load(
        cls, *, safe_mode: bool = False, candidates: Iterable[Candidate] | None = None, fence: Fence | None = None
    ) -> PluginHost:
        """Find and load all plugins; in safe mode only what ships in the box. Never raises for a plugin's fault."""
        return cls(load(find(safe_mode=safe_mode) if candidates is None else candidates), fence)

    def registry(self, kind: str) -> Registry[Any]:
        """The registry of a kind by its word: `payment_models`, `platforms` ..."""
        found = getattr(self, kind, None)
        if not isinstance(found, Registry):
            raise KeyError(kind)
        return found

    def title_of(self, kind: str, name: str) -> Text | None:
        """What a provider is called, also when its plugin is gone; None where nobody remembers it."""
        provider = self.registry(kind).get(name)
        return provider.title if provider is not None else self.recall(kind).get(name)

    def name_of(self, kind: str, name: str) -> Text:
        """As `title_of`; its name where nobody remembers it."""
        return self.title_of(kind, name) or Text("%(name)s", {"name": name})

    def enabled(self, kind: str, brand_switches: Mapping[str, bool]) -> dict[str, Any]:
        """What a brand may newly use of a kind: everything whose plugin is not switched off."""
        return self.registry(kind).enabled(brand_switches)

    def broken(self, kind: str) -> list[Text]:
        """The titles of plugins that would bring something of a kind and do not work."""
        found = (record for record in self.records.values() if record.state is not State.ACTIVE)
        return [record.title for record in found if kind in record.kinds and record.name not in self.active]

    def pages(self) -> list[tuple[str, PluginPage]]:
        """Every plugin's pages, as (plugin, page)."""
        return self._own("pages")

    def panels(self) -> list[tuple[str, Panel]]:
        """Every plugin's panels, as (plugin, panel)."""
        return self._own("panels")

    def commands(self) -> list[tuple[str, click.Command]]:
        """Every plugin's commands, as (plugin, command)."""
        return self._own("commands")

    def jobs(self) -> list[tuple[str, Job]]:
        """Every plugin's jobs, as (plugin, job)."""
        return self._own("jobs")

    def _own(self, kind: str) -> list[tuple[str, Any]]:
        return [(name, item) for name, r in self.active.items() for item in r.provides.get(kind, {}).values()]

    def call(
        self,
        plugin: str,
        function: Callable[..., R],
        *args: Any,
        returns: Any = None,
        seam: Seam = Seam.PURE,
        passes: tuple[type[BaseException], ...] = (),
        what: str = "",
        brand: str | None = None,
        **kwargs: Any,
    ) -> R | Failure:
        """Ask a plugin. Whatever it raises, or an answer of another type than `returns`, becomes a `Failure`.

        So does taking longer than the seam's deadline, and a plugin that is paused is not asked at all. What it raises
        on purpose, `passes`, goes through. `what` is the call's name where the function's own would not tell it, and
        `brand` the public id of the brand that it is for; the trace shows both.
        """
        brand = brand or self.brand
        return self.fence.call(
            plugin, function, args, kwargs, returns=returns, seam=seam, passes=passes, what=what, brand=brand
        )

    def of(self, brand: str | None) -> PluginHost:
        """The same plugins, asked for a brand by its public id; this very host while calls are not traced."""
        if not self.fence.trace or brand == self.brand:
            return self
        view = copy(self)
        view.brand, view.compliance = brand, copy(self.compliance)
        view._fence_rules()
        return view

    def _fence_rules(self) -> None:
        for name, pack in self._packs.items():
            self.compliance[name] = self._fenced(pack)

    def _fenced(self, pack: CompliancePack) -> CompliancePack:
        """The pack with each of its coded rules behind the fence; its data are read by core alone."""
        if not pack.code:
            return pack
        ask = partial(self.call, self.compliance.owners[pack.id])
        return replace(pack, code=tuple(cast(Any, FencedRule(ask, rule)) for rule in pack.code))

    def observers(self, hook: str) -> list[str]:
        """The plugins that have a hook, by name."""
        return [name for name in self._managers if hasattr(self.active[name].plugin, hook)]

    def tell(self, plugin: str, hook: str, event: Observation, ctx: Context) -> Failure | None:
        """Tell one observer, behind the fence."""
        caller = getattr(self._managers[plugin].hook, hook)
        answer = self.call(
            plugin, lambda ctx: caller(event=event, ctx=ctx), ctx, seam=Seam.WORK, what=hook, brand=ctx.brand
        )
        return answer if isinstance(answer, Failure) else None

    def notify(self, hook: str, event: Observation, switches: Mapping[str, bool] | None = None) -> list[Failure]:
        """Tell every observer that is not switched off, each behind its own fence; the failures come back."""
        told_to = (name for name in self.observers(hook) if (switches or {}).get(name, True))
        answers = (self.tell(name, hook, event, Context(brand=event.brand)) for name in told_to)
        return [answer for answer in answers if answer is not None]
