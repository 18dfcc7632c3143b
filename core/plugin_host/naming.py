"""What a provider is called: by itself while its plugin is here, else as the roll remembers it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.plugin_api.text import Text
from core.plugin_host.host import PluginHost
from core.plugin_host.models import PluginEntry


def title_of(session: Session, host: PluginHost, kind: str, name: str) -> Text:
    """A provider's title, also when its plugin is gone; its name where nobody remembers one.

    One statement, none while the plugin is here.
    """
    provider = host.registry(kind).get(name)
    title: Text | None = provider.title if provider is not None else remembered(session, kind).get(name)
    return title or Text("%(name)s", {"name": name})


def remembered(session: Session, kind: str) -> Mapping[str, Text]:
    """The titles of a kind's providers, by name, as they were when their plugins were last here."""
    every = session.scalars(select(PluginEntry).order_by(PluginEntry.id))
    return {
        name: Text("%(name)s", {"name": title})
        for entry in every
        for name, title in entry.provides.get(kind, {}).items()
    }
