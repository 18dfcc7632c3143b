"""A plugin that failed in the worker: the outbox takes this down and tries again."""

from __future__ import annotations

from core.plugin_host.records import Failure


class PluginFailed(Exception):
    """What a plugin raised, as a reason for the outbox."""


def insist(failure: object) -> None:
    """Raise `PluginFailed` when a call through the fence came back as a failure."""
    if isinstance(failure, Failure):
        raise PluginFailed(str(failure.reason))
