"""Ways of payment: which a brand may pay by, how a run's payments go by one, and what stands in its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from core.accounts.models import Brand
from core.errors import Refused
from core.payouts.lifecycle import STATE_NAMES, State
from core.plugin_api.payout_rails import PayoutRail
from core.plugin_api.text import T, Text
from core.plugin_host.host import PluginHost
from core.plugin_host.service import switches
from core.plugin_host.settings import Rows, settings_of, stored

ASKED = {**STATE_NAMES, State.REQUIRES_ACTION: T("Something is to be done")}


@dataclass(frozen=True, slots=True)
class Way:
    """A rail as it stands now; `fault` says why nothing new can be paid by it."""

    name: str
    title: Text
    plugin: str = ""
    here: bool = True
    by_hand: bool = False
    """A person makes each transfer in their own bank."""
    pays: bool = False
    """It is told to pay as soon as a run is approved."""
    answers: bool = False
    """It can be asked what it knows of a payment."""
    off: bool = False
    """It was switched off for the brand."""
    fault: Text | None = None

    @property
    def names(self) -> Mapping[str, Text]:
        """What the states of its payments are called."""
        return STATE_NAMES if self.by_hand else ASKED

    def insist(self) -> None:
        """Raise `Refused` when nothing can be paid by it."""
        if self.fault:
            raise Refused(self.fault)


def ways(session: Session, host: PluginHost, brand: Brand) -> Mapping[str, Way]:
    """Those that are switched on for a brand, by name, also one that cannot pay yet; at most two statements."""
    every = host.payout_rails
    on = every.enabled(switches(session, brand.id)) if len(every) > 1 else every
    rows = stored(session, [host.active[every.owners[name]] for name in on], brand)
    return {name: _way(session, host, brand, rail, rows) for name, rail in on.items()}


def way_of(session: Session, host: PluginHost, brand: Brand, name: str) -> Way:
    """That of a run, also when its rail was switched off since, or is gone."""
    rail = host.payout_rails.get(name)
    if rail is None:
        return Way(name, host.name_of("payout_rails", name), here=False, fault=not_here(host, name))
    way = _way(session, host, brand, rail, None)
    if switches(session, brand.id).get(way.plugin, True):
        return way
    off = T("%(rail)s is switched off: what was handed over goes on, nothing new is paid by it.", rail=rail.title)
    return replace(way, off=True, fault=off)


def _way(session: Session, host: PluginHost, brand: Brand, rail: PayoutRail, rows: Rows | None) -> Way:
    plugin = host.payout_rails.owners[rail.name]
    lacking = any(one.lacking for one in settings_of(session, host.active[plugin], brand, rows))
    return Way(
        name=rail.name,
        title=rail.title,
        plugin=plugin,
        by_hand=rail.by_hand,
        pays=rail.reaches_out,
        answers=type(rail).lookup is not PayoutRail.lookup,
        fault=T("%(rail)s cannot pay before its settings are filled in.", rail=rail.title) if lacking else None,
    )


def not_here(host: PluginHost, name: str) -> Text:
    """That a way of payment cannot be asked, by its title; where nobody knows one, by its name and with what to do."""
    title = host.title_of("payout_rails", name)
    if title is not None:
        return T("The way of payment %(name)s is not here.", name=title)
    return T(
        "The way of payment “%(name)s” is not here: the installation's admin installs the plugin that brings it, or "
        "sees under Settings › Plugins why it does not work.",
        name=name,
    )
