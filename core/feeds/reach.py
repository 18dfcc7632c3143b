"""Which connectors can be asked for a brand right now, when somebody wants to know one thing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.accounts.models import Brand
from core.crypto import Keyring
from core.feeds.asking import is_complete
from core.feeds.models import Feed
from core.plugin_api.context import Context
from core.plugin_host.contexts import context_of
from core.plugin_host.host import PluginHost
from core.plugin_host.service import switches


@dataclass(frozen=True, slots=True)
class Reach:
    """A connector and all that asking it needs, as it was read `at` a time."""

    at: datetime
    name: str
    plugin: str
    version: str
    provider: Any
    ctx: Context


def able(session: Session, host: PluginHost, brand_id: int, kind: str, method: str) -> dict[str, Any]:
    """The providers of a kind that are switched on for a brand and bring a method, by name."""
    if not any(provider.supports(method) for provider in host.registry(kind).values()):
        return {}
    on = host.enabled(kind, switches(session, brand_id))
    return {name: provider for name, provider in on.items() if provider.supports(method)}


def faulty(session: Session, brand_id: int, kind: str, what: str) -> dict[str, Feed]:
    """The feeds of a brand whose last answer was a fault, by the provider's name."""
    same = Feed.brand_id == brand_id, Feed.kind == kind, Feed.what == what, Feed.fault_kind != ""
    return {feed.name: feed for feed in session.scalars(select(Feed).where(*same))}


def reachable(
    session: Session, host: PluginHost, keyring: Keyring, brand: Brand, kind: str, method: str
) -> list[Reach]:
    """Those of them whose settings are all filled in. Close the session before you ask."""
    found, moment = [], clock.now()
    for name, provider in able(session, host, brand.id, kind, method).items():
        record = host.active[host.registry(kind).owners[name]]
        if is_complete(session, record, brand):
            ctx = context_of(session, host, keyring, record.name, brand)
            found.append(Reach(moment, name, record.name, record.version[:60], provider, ctx))
    return found
