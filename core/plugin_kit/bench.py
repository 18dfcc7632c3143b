"""A payment model on the bench: asked directly, with the very groups of facts that core would give it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from hypothesis import strategies as st

from core.deals.evaluate import evaluate
from core.money import Money
from core.plugin_api.payment_models import Fact, Line, PaymentModel, Planned, Settles, Terms
from core.plugin_api.text import Text
from core.plugin_host.host import PluginHost
from core.plugin_kit.checks import Subject
from core.plugin_kit.placeholders import misfilled
from core.plugin_kit.search import Elsewhere, search
from core.plugin_kit.stories import Story, stories

Group = tuple[Fact, ...]


@dataclass(frozen=True)
class Bench:
    """A model of a plugin, and core's own way of grouping facts for it."""

    subject: Subject
    model: PaymentModel

    @cached_property
    def _seen(self) -> list[Group]:
        return []

    @cached_property
    def _tapped(self) -> PluginHost:
        """A host whose model notes what it is given and earns nothing."""
        seen = self._seen

        class Tap(type(self.model)):  # type: ignore[misc]
            def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
                seen.append(tuple(facts))
                return ()

            def cap(self, terms: Terms, planned: Planned) -> Money:
                return Money.zero(terms.currency)

        provides = {"payment_models": {self.model.name: Tap()}}
        return PluginHost([replace(self.subject.record, provides=provides)])

    def groups(self, story: Story) -> list[Group]:
        """The facts as core hands them to the model, together as its scope says."""
        self._seen.clear()
        evaluate(self._tapped, [story.part], story.facts)
        return self._seen[:]

    def lines(self, story: Story, facts: Iterable[Fact] | None = None) -> list[Line]:
        """All lines of a story, or of other facts under its terms, before any cap."""
        told = story if facts is None else replace(story, facts=tuple(facts))
        return [line for group in self.groups(told) for line in self.ask(story.part.terms, group)]

    def ask(self, terms: Terms, group: Group) -> list[Line]:
        """The model's lines; a case in which it fails or answers otherwise is left to the check `earns`."""
        try:
            lines = list(self.model.earned(terms, group))
        except Exception:
            raise Elsewhere from None
        if any(map(wrong, lines)):
            raise Elsewhere
        return lines


def cases(bench: Bench) -> st.SearchStrategy[Story]:
    """Any deal of the model and any story."""
    return stories(bench.model, given(bench))


def each(bench: Bench, holds: Callable[[Story], None]) -> None:
    """Try a property on any deal of the model and any story, the same ones in every check."""
    known = bench.subject.made_up.setdefault(bench.model.name, [])
    search(cases(bench), bench.subject.examples, lambda story: holds(_own(story)), known)


def _own(story: Story) -> Story:
    """With terms of its own: what a model writes into them is not there in the next check."""
    agreed = story.part.terms
    return replace(story, part=replace(story.part, terms=replace(agreed, values=dict(agreed.values))))


def given(bench: Bench) -> Sequence[Mapping[str, Any]]:
    """The author's own terms."""
    return bench.subject.kit.terms.get(bench.model.name, ())


def wrong(line: Any) -> str | None:
    """What keeps something from being a line; None for a whole one."""
    if not isinstance(line, Line):
        return f"{line!r} instead of a Line"
    for name, kind in (("key", str), ("amount", Money), ("reason", Text), ("settles", Settles)):
        if not isinstance(getattr(line, name), kind):
            return f"{name} = {getattr(line, name)!r} instead of a {kind.__name__}"
    if fault := misfilled(line.reason):
        return f"reason = {line.reason.msgid!r} with {fault}"
    return None if line.key else "a line without a key"


def told(lines: Iterable[Line]) -> str:
    """Lines as an author reads them."""
    return ", ".join(f"{line.key}: {line.amount.decimal} {line.amount.currency}" for line in lines) or "no lines"


def amounts(lines: Iterable[Line]) -> dict[str, tuple[int, str]]:
    """What each key earns, without what earns nothing; a case with a doubled key is left to the check `line-keys`."""
    found = list(lines)
    if len({line.key for line in found}) != len(found):
        raise Elsewhere
    return {line.key: (line.amount.minor, str(line.settles)) for line in found if line.amount}
