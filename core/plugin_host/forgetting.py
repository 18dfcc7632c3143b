"""Plugins forget a person: a job for each plugin, for the installation and for each brand, in the worker."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from core import outbox
from core.crypto import Keyring
from core.plugin_api.context import Context
from core.plugin_api.manifest import Plugin, PluginScope
from core.plugin_host.calls import insist
from core.plugin_host.contexts import context_of
from core.plugin_host.data import lend
from core.plugin_host.deadlines import Seam
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure
from core.plugin_host.settings import Brand

FORGET = "plugins.forget"


def ask(session: Session, host: PluginHost, *, person: str, brands: Collection[str]) -> int:
    """Let the worker tell every plugin that has something to forget; how many jobs that takes.

    Call it in the transaction that erases an influencer: `person` is their public id, `brands` those of the brands that
    know them. A plugin that is switched off is told too: what it keeps does not go away by that.
    """
    jobs = [
        {"plugin": name, "person": person, "brand": brand}
        for name, record in host.active.items()
        if record.plugin and type(record.plugin).forget is not Plugin.forget
        for brand in [None, *(brands if record.plugin.scope is PluginScope.BRAND else ())]
    ]
    return sum(outbox.enqueue(session, FORGET, job) for job in jobs)


def run(session: Session, host: PluginHost, keyring: Keyring, payload: dict[str, Any], brand: Brand | None) -> None:
    """Tell one plugin, of one brand or the installation; `PluginFailed` when it fails. One that is gone is left."""
    plugin = payload["plugin"]
    if plugin in host.active:
        ctx = context_of(session, host, keyring, plugin, brand)
        bind = session.get_bind()
        session.close()  # nothing of the database is held while a plugin works
        insist(lend(host, bind, plugin, ctx, lambda ctx: tell(host, plugin, payload["person"], ctx)))


def tell(host: PluginHost, plugin: str, person: str, ctx: Context) -> Failure | None:
    """Ask a plugin to forget, behind the fence; the conformance kit asks here too."""
    manifest = host.active[plugin].plugin
    if manifest is None:
        return None
    host = host.of(ctx.brand)
    answer = host.call(plugin, lambda ctx: manifest.forget(person, ctx), ctx, seam=Seam.WORK, what="forget")
    return answer if isinstance(answer, Failure) else None
