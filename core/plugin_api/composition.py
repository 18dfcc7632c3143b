"""Deals as data: components side by side, and how their sums meet. Core evaluates it; no model calls another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from core.plugin_api.payment_models import Terms
from core.plugin_api.text import Text


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a deal: a payment model by name, and its terms. `id` is unique in the deal.

    `version` is the model's when the deal was made; what a later one changes is told in docs/payment-models.md.
    """

    id: str
    model: str
    terms: Terms
    version: str = ""

    def to_json(self) -> dict[str, Any]:
        """A form that can be stored."""
        return {"id": self.id, "model": self.model, "version": self.version, "terms": self.terms.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Component:
        """The component that `to_json` stored."""
        return cls(data["id"], data["model"], Terms.from_json(data["terms"]), data.get("version", ""))


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf: the component with this id."""

    component: str
    kind: ClassVar[str] = "part"


@dataclass(frozen=True, slots=True)
class Sum:
    """Everything below it is paid."""

    of: tuple[Composition, ...]
    kind: ClassVar[str] = "sum"


@dataclass(frozen=True, slots=True)
class Maximum:
    """Only the largest below it is paid: a minimum guarantee beside a commission. `id` names its own line."""

    of: tuple[Composition, ...]
    id: str = "maximum"
    kind: ClassVar[str] = "maximum"


@dataclass(frozen=True, slots=True)
class Net:
    """What was paid in `advance` is taken off what is earned in `of`. `id` names its own line."""

    of: Composition
    advance: Composition
    id: str = "net"
    kind: ClassVar[str] = "net"


Composition = Part | Sum | Maximum | Net


def composition_to_json(node: Composition) -> dict[str, Any]:
    """A form that can be stored."""
    if isinstance(node, Part):
        return {"kind": node.kind, "component": node.component}
    if isinstance(node, Net):
        below = {"of": composition_to_json(node.of), "advance": composition_to_json(node.advance)}
        return {"kind": node.kind, "id": node.id, **below}
    named = {"id": node.id} if isinstance(node, Maximum) else {}
    return {"kind": node.kind, **named, "of": [composition_to_json(child) for child in node.of]}


def composition_from_json(data: Mapping[str, Any]) -> Composition:
    """The composition that `composition_to_json` stored."""
    if data["kind"] == Part.kind:
        return Part(data["component"])
    if data["kind"] == Net.kind:
        return Net(composition_from_json(data["of"]), composition_from_json(data["advance"]), data["id"])
    of = tuple(composition_from_json(child) for child in data["of"])
    if data["kind"] == Maximum.kind:
        return Maximum(of, data["id"])
    if data["kind"] == Sum.kind:
        return Sum(of)
    raise ValueError(f"unknown composition {data['kind']!r}")


@dataclass(frozen=True, slots=True)
class RecipePart:
    """One component of a ready deal: its id in the deal, its model, a label and what is filled in already."""

    id: str
    model: str
    label: Text
    presets: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A ready deal that a plugin declares: which components, and how they meet."""

    name: str
    title: Text
    description: Text
    parts: Sequence[RecipePart]
    composition: Composition

    def build(self, terms: Mapping[str, Terms]) -> tuple[tuple[Component, ...], Composition]:
        """The deal with terms for every part; presets hold where the terms say nothing."""
        components = tuple(
            Component(part.id, part.model, Terms(terms[part.id].currency, {**part.presets, **terms[part.id].values}))
            for part in self.parts
        )
        return components, self.composition
