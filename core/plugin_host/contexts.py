"""What a plugin is told when core calls it for a brand, or for the installation."""

from __future__ import annotations

from core.plugin_api.context import Context
from core.plugin_host.host import PluginHost


def context_of(host: PluginHost, plugin: str, brand: str | None = None) -> Context:
    """The context of a call; `brand` is the brand's public id."""
    record = host.active[plugin]
    fields = record.plugin.settings if record.plugin else ()
    return Context(brand=brand, settings={field.key: field.default for field in fields})
