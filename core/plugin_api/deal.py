"""A whole deal as data: its components and how their sums meet, in one list that can be stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.plugin_api.composition import (
    Component,
    Composition,
    Net,
    Part,
    Sum,
    composition_from_json,
    composition_to_json,
)


@dataclass(frozen=True, slots=True)
class Deal:
    """Components with unique ids, and a composition that names each of them once."""

    components: tuple[Component, ...]
    composition: Composition

    def __post_init__(self) -> None:
        """Refuse a deal in which a component is missing, doubled or left out of the composition."""
        ids = [component.id for component in self.components]
        if len(set(ids)) != len(ids) or sorted(_leaves(self.composition)) != sorted(ids):
            raise ValueError("a deal's composition must name each of its components once")
        nodes = _nodes(self.composition)
        if len({*nodes, *ids}) != len(nodes) + len(ids):
            raise ValueError("the ids of a deal's composition must differ from each other and from its components'")

    @classmethod
    def of(cls, deal: Deal | Sequence[Component] | Sequence[Mapping[str, Any]]) -> Deal:
        """A deal from one, from components that are all paid, or from what `to_json` stored."""
        if isinstance(deal, Deal):
            return deal
        if all(isinstance(item, Component) for item in deal):
            components = tuple(item for item in deal if isinstance(item, Component))
            return cls(components, Sum(tuple(Part(component.id) for component in components)))
        return cls.from_json([item for item in deal if isinstance(item, Mapping)])

    def to_json(self) -> list[dict[str, Any]]:
        """The components, and last the composition where it is more than a sum."""
        stored = [component.to_json() for component in self.components]
        if self != Deal.of(self.components):
            stored.append({"composition": composition_to_json(self.composition)})
        return stored

    @classmethod
    def from_json(cls, data: Sequence[Mapping[str, Any]]) -> Deal:
        """The deal that `to_json` stored."""
        components = tuple(Component.from_json(item) for item in data if "composition" not in item)
        stored = next((item["composition"] for item in data if "composition" in item), None)
        return cls(components, composition_from_json(stored)) if stored else cls.of(components)


def _leaves(node: Composition) -> list[str]:
    if isinstance(node, Part):
        return [node.component]
    below = (node.of, node.advance) if isinstance(node, Net) else node.of
    return [name for child in below for name in _leaves(child)]


def _nodes(node: Composition) -> list[str]:
    if isinstance(node, Part):
        return []
    below = (node.of, node.advance) if isinstance(node, Net) else node.of
    own = [] if isinstance(node, Sum) else [node.id]
    return own + [name for child in below for name in _nodes(child)]
