"""What stands between the fence and those who know nothing of it: the outbox, and the check of rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.outbox import Later
from core.plugin_api.compliance import ComplianceRule, ContentContext, Finding
from core.plugin_host.records import Failure


class PluginFailed(Exception):
    """What a plugin raised, as a reason for the outbox."""


def insist(failure: object) -> None:
    """Raise `PluginFailed` when a call through the fence came back as a failure, `Later` when the plugin is paused."""
    if isinstance(failure, Failure):
        if failure.paused:
            raise Later(str(failure.reason))
        raise PluginFailed(str(failure.reason))


class FencedRule:
    """A pack's coded rule whose `check` goes through the fence; a failure is raised, and the publication waits."""

    def __init__(self, ask: Callable[..., Any], rule: ComplianceRule) -> None:
        """Stand before a rule; `ask` calls a function of its plugin, as `PluginHost.call` does."""
        self._ask, self._rule = ask, rule

    def __getattr__(self, name: str) -> Any:
        """What the rule says of itself."""
        return getattr(self._rule, name)

    def check(self, context: ContentContext) -> Sequence[Finding]:
        """The rule's findings; `PluginFailed` or `Later` when it has none."""
        found = self._ask(lambda: list(self._rule.check(context)), returns=list, what=self.id)
        insist(found)
        return found if isinstance(found, list) else []
