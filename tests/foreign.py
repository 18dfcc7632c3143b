"""Foreign plugins made on the spot, beside those in the box."""

from __future__ import annotations

from collections.abc import Sequence

from core.plugin_host.host import PluginHost
from core.plugin_host.loader import Candidate, in_the_box
from samverk import PaymentModel, PayoutRail, Plugin, hookimpl


def candidate(*brought: type[PaymentModel | PayoutRail], name: str = "", version: str = "1") -> Candidate:
    """A plugin that brings these; unless it has a name, it is called as the first of them is."""
    first, called = brought[0], name or brought[0].name

    class Foreign(Plugin):
        name, title, api_version = called, first.title, 1

        @hookimpl
        def register_payment_models(self) -> Sequence[type[PaymentModel]]:
            return [one for one in brought if issubclass(one, PaymentModel)]

        @hookimpl
        def register_payout_rails(self) -> Sequence[type[PayoutRail]]:
            return [one for one in brought if issubclass(one, PayoutRail)]

    return Candidate(called, called, version, "", Foreign)


def host_of(*brought: type[PaymentModel | PayoutRail], name: str = "", version: str = "1") -> PluginHost:
    """The plugins in the box and one that brings these."""
    return PluginHost.load(candidates=[*in_the_box(), candidate(*brought, name=name, version=version)])
