"""What the providers were called whose plugins are gone, as the roll remembers them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.plugin_api.text import Text
from core.plugin_host.models import PluginEntry


def remembered(session: Session, kind: str) -> Mapping[str, Text]:
    """The titles of a kind's providers, by name, as they were when their plugins were last here."""
    every = session.scalars(select(PluginEntry).order_by(PluginEntry.id))
    return {
        name: Text("%(name)s", {"name": title})
        for entry in every
        for name, title in entry.provides.get(kind, {}).items()
    }
