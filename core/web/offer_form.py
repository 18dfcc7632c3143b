"""The form behind every version of an offer: parts of the pay, deliverables, a message. Both faces use it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from flask import request
from wtforms import BooleanField, Field, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from core.campaigns.catalogue import DELIVERABLE_KINDS, PLATFORMS
from core.collaborations.models import Offer
from core.deals.terms import barred, describe, read_component
from core.plugin_api.composition import Component, Composition, Net, Part, Recipe, Sum
from core.plugin_api.contract import NAME
from core.plugin_api.deal import Deal
from core.plugin_api.fields import FieldKind, SettingField
from core.plugin_api.payment_models import PaymentModel, Terms
from core.plugin_api.text import T, Tc, Text
from core.plugin_host.host import PluginHost
from core.web.forms import AtMost, BaseForm, ChoiceField, DayField, WholeField
from core.web.request import whole
from core.web.setting_fields import data_of, field_of, raw_of, unit_of

MOST_PARTS = 8
MOST_ROWS = 20


@dataclass
class PartForm:
    """One part of the pay as the page shows it: its fields, each with the unit beside it."""

    id: str
    title: Text
    fields: list[tuple[Field, str | None]]
    leave_out: Field
    locked: Text | None = None
    """Why its terms can only be kept or left out: nothing new can be agreed by them."""
    told: list[Text] = field(default_factory=list)
    """The terms of a locked part as sentences, as far as its model can tell them."""
    plugin: str | None = None
    """The plugin of a locked part, None when it is gone."""


@dataclass
class Row:
    """One line of deliverables."""

    fields: list[Field] = field(default_factory=list)


class OfferForm:
    """A form made for this deal; `form` is what the macros take, `parts` and `rows` its groups.

    A part by which nothing new can be agreed is locked: a plan keeps it as it is stored, an offer is refused with it.
    """

    def __init__(
        self,
        host: PluginHost,
        on: Mapping[str, bool] | None,
        currency: str,
        deal: Deal,
        deliverables: Sequence[Mapping[str, Any]],
        extra: Mapping[str, Any] | None = None,
        *,
        keeps_locked: bool = False,
    ) -> None:
        """Start from a deal and deliverables; what was typed wins.

        `on` are the brand's switches: what they leave on may be added. None is for who answers: nothing may.
        """
        self.host, self.currency, self.start, self._keeps_locked = host, currency, deal, keeps_locked
        models = {} if on is None else host.enabled("payment_models", on)
        recipes = {} if on is None else host.enabled("compositions", on)
        self._recipes = {
            f"deal:{name}": recipe
            for name, recipe in recipes.items()
            if all(part.model in models for part in recipe.parts)
        }
        self.adding = "add" in request.form or "more" in request.form
        self._models = {component.id: component.model for component in deal.components}
        added: list[str] = []
        if request.method == "POST":
            self._models = self._sent_parts(request.form.get("parts", ""), added=on is not None)
            if "add" in request.form:
                added = self._add(request.form.get("new_part", ""), models)
        self._stored = {one.id: one for one in deal.components if self._models.get(one.id) == one.model}
        asked = {id: Component(id, model, Terms(currency)) for id, model in self._models.items()} | self._stored
        reasons = {id: barred(host, one, currency, on or {}) for id, one in asked.items()}
        self._locked = {id: reason for id, reason in reasons.items() if reason}
        self.count = _row_count(deliverables)
        data = self._typed(deliverables)
        self.form = self._build(models, extra or {})(data=data, formdata=self._sent(data, added))
        self.form["parts"].data = ",".join(f"{id}:{model}" for id, model in self._models.items())
        self.form["rows"].data = str(self.count)
        if self.adding:
            self.form["new_part"].data = ""
        self.parts = [self._part(id) for id in self._models]
        self.rows = [Row([self.form[f"d{n}-{key}"] for key in _ROW]) for n in range(self.count)]
        self._mark_needed()

    def sent(self) -> bool:
        """Whether the whole form was sent and can be taken; errors are at their fields."""
        if self.adding or not self.form.validate_on_submit():
            return False
        self._read_parts()
        return not self.form.errors

    @property
    def deal(self) -> Deal:
        """The deal that was typed; only after `sent`. Parts that stay keep the way in which they met."""
        left = {component.id: component.model for component in self._components}
        stays = _pruned(self.start.composition, left)
        found = [stays] if stays else []
        left = {id: model for id, model in left.items() if id not in {c.id for c in self.start.components}}
        for recipe in self._recipes.values():
            parts = {part.id: part.model for part in recipe.parts}
            if parts.items() <= left.items():
                found.append(recipe.composition)
                left = {id: model for id, model in left.items() if id not in parts}
        ahead = [id for id, model in left.items() if self.host.payment_models[model].prepaid]
        found += [Part(id) for id in left if id not in ahead]
        if found and ahead:
            taken = {*self._models, *(name for one in found for name in _nodes(one))}
            found = [Net(_summed(found), _summed([Part(id) for id in ahead]), id=_free_id(taken, "netted"))]
        only = _summed(found or [Part(id) for id in ahead])
        return Deal(tuple(self._components), Sum((only,)) if isinstance(only, Part) else only)

    def version(self) -> dict[str, Any]:
        """What the services take as a version of an offer; only after `sent`."""
        return {"components": self.deal, "deliverables": self.deliverables, "message": self.form["message"].data or ""}

    def _add(self, chosen: str, models: Mapping[str, PaymentModel]) -> list[str]:
        """One more part, or the parts of a ready deal, where there is room; returns their ids."""
        recipe = self._recipes.get(chosen)
        new = {part.id: part.model for part in recipe.parts} if recipe else {}
        if chosen in models:
            new = {_free_id(self._models): chosen}
        if new and not new.keys() & self._models.keys() and len(self._models) + len(new) <= MOST_PARTS:
            self._models |= new
            return list(new)
        return []

    def _sent_parts(self, sent: str, *, added: bool) -> dict[str, str]:
        """The parts that the form which was sent had, also those whose plugin has gone since it was drawn.

        What was `added` to the deal is among them only where something may be.
        """
        pairs = [item.split(":", 1) for item in sent.split(",") if ":" in item][:MOST_PARTS]
        stored = {(component.id, component.model) for component in self.start.components}
        named = {(id, name) for id, name in pairs if added and id.isalnum() and len(id) <= 40 and NAME.fullmatch(name)}
        return {id: name for id, name in pairs if (id, name) in stored | named}

    def _sent(self, data: Mapping[str, Any], added: Sequence[str]) -> Any:
        """What was sent, None when nothing was. A part that was just added is sent as it is filled in already."""
        if request.method != "POST":
            return None
        sent = request.form.copy()
        for id in added:
            for spec in self._specs(id):
                value = data[f"{id}-{spec.key}"]
                if value:
                    sent[f"{id}-{spec.key}"] = "y" if value is True else str(value)
        return sent

    def _specs(self, id: str) -> Sequence[SettingField]:
        """The terms of a part that can be typed: none of a locked one."""
        return () if id in self._locked else self.host.payment_models[self._models[id]].terms

    @property
    def deliverables(self) -> list[dict[str, Any]]:
        """The lines that ask for something."""
        read = [{key: self.form[f"d{n}-{key}"].data for key in _ROW} for n in range(self.count)]
        wanted = [row for row in read if row["kind"] and row["platform"] and row["quantity"] != 0]
        return [row | {"quantity": 1 if row["quantity"] is None else row["quantity"]} for row in wanted]

    def _build(self, models: Mapping[str, PaymentModel], extra: Mapping[str, Any]) -> type[BaseForm]:
        fields: dict[str, Any] = {"parts": HiddenField(), "rows": HiddenField()}
        for id in self._models:
            for spec in self._specs(id):
                fields[f"{id}-{spec.key}"] = field_of(spec)
            fields[f"{id}-out"] = BooleanField(T("Leave this part out"))
        offered: dict[str, PaymentModel | Recipe] = {**models, **self._recipes}
        kinds = [SelectChoice("", T("Choose")), *(SelectChoice(name, one.title) for name, one in offered.items())]
        fields["new_part"] = SelectField(T("Another kind of pay"), choices=kinds, validate_choice=False)
        for n in range(self.count):
            fields |= {
                f"d{n}-kind": ChoiceField(
                    Tc("kind", "Content"), options=list(DELIVERABLE_KINDS.items()), blank=Tc("kind of content", "None")
                ),
                f"d{n}-platform": ChoiceField(
                    T("Platform"), options=list(PLATFORMS.items()), blank=Tc("platform", "None")
                ),
                f"d{n}-quantity": WholeField(T("How many"), low=0, high=100),
                f"d{n}-due_on": DayField(T("By"), [Optional()]),
                f"d{n}-note": StringField(T("Remark"), [AtMost(300)]),
            }
        fields["message"] = TextAreaField(T("Message"), [AtMost(4000)])
        return type("DealForm", (BaseForm,), fields | dict(extra))

    def _typed(self, deliverables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What the fields hold before anybody types."""
        data: dict[str, Any] = {}
        presets = {part.id: part.presets for recipe in self._recipes.values() for part in recipe.parts}
        for id in self._models:
            stored = self._stored.get(id)
            for spec in self._specs(id):
                fresh = presets.get(id, {}).get(spec.key, spec.default)
                value = stored.terms.values.get(spec.key) if stored else fresh
                data[f"{id}-{spec.key}"] = data_of(spec, value, self.currency)
        for n, row in enumerate(deliverables[:MOST_ROWS]):
            due = row.get("due_on")
            due = date.fromisoformat(due) if isinstance(due, str) and due else due or None
            data |= {f"d{n}-{key}": row.get(key) for key in _ROW} | {f"d{n}-due_on": due}
        return data

    def _part(self, id: str) -> PartForm:
        name = self._models[id]
        model = self.host.payment_models.get(name)
        labels = {part.id: part.label for recipe in self._recipes.values() for part in recipe.parts}
        known = self.host.title_of("payment_models", name)
        title = labels.get(id) or known or T("Part of the pay: %(model)s", model=name)
        fields = [(self.form[f"{id}-{spec.key}"], unit_of(spec, self.currency)) for spec in self._specs(id)]
        part = PartForm(id, title, fields, self.form[f"{id}-out"], self._locked.get(id))
        if part.locked and model:
            part.told = describe(self.host, [self._stored[id]])[0][1] if id in self._stored else []
            part.plugin = self.host.payment_models.owners[name]
        return part

    def _mark_needed(self) -> None:
        """Fields that are not called optional; a part that is left out needs none of them, so nothing checks it."""
        for id in self._models:
            for spec in self._specs(id):
                self.form[f"{id}-{spec.key}"].flags.required = spec.required and spec.kind is not FieldKind.BOOL
        for key in ("kind", "platform", "quantity"):
            self.form[f"d0-{key}"].flags.required = True

    def _read_parts(self) -> None:
        self._components: list[Component] = []
        for id, name in self._models.items():
            if self.form[f"{id}-out"].data:
                continue
            if id in self._locked:
                if not self._keeps_locked or id not in self._stored:
                    self.form.blame(f"{id}-out", self._locked[id])
                else:
                    self._components.append(self._stored[id])
                continue
            raw = {spec.key: raw_of(self.form[f"{id}-{spec.key}"]) for spec in self._specs(id)}
            component, errors = read_component(self.host, id=id, model=name, raw=raw, currency=self.currency)
            for key, message in errors.items():
                self.form.blame(f"{id}-{key}", message)
            self._components.append(component)


_ROW = ("kind", "platform", "quantity", "due_on", "note")


def _pruned(node: Composition, kept: Collection[str]) -> Composition | None:
    """What is left of a composition when some of its parts are left out."""
    if isinstance(node, Part):
        return node if node.component in kept else None
    if isinstance(node, Net):
        of, advance = _pruned(node.of, kept), _pruned(node.advance, kept)
        return replace(node, of=of, advance=advance) if of and advance else of or advance
    below = tuple(left for child in node.of if (left := _pruned(child, kept)))
    return replace(node, of=below) if len(below) > 1 else below[0] if below else None


def _summed(parts: Sequence[Composition]) -> Composition:
    """All of it is paid; one part stands alone."""
    whole = tuple(x for one in parts for x in (one.of if isinstance(one, Sum) else (one,)))
    return whole[0] if len(whole) == 1 else Sum(whole)


def _nodes(node: Composition) -> list[str]:
    if isinstance(node, Part):
        return []
    below = (node.of, node.advance) if isinstance(node, Net) else node.of
    return [*([] if isinstance(node, Sum) else [node.id]), *(name for child in below for name in _nodes(child))]


def _free_id(taken: Collection[str], name: str = "c") -> str:
    return next(f"{name}{n}" for n in range(1, MOST_PARTS + 2) if f"{name}{n}" not in taken)


def _row_count(deliverables: Sequence[Mapping[str, Any]]) -> int:
    if request.method != "POST":
        return min(max(len(deliverables), 1), MOST_ROWS)
    return min(max(whole("rows"), 1) + ("more" in request.form), MOST_ROWS)


def answering(host: PluginHost, offer: Offer, currency: str, on: Mapping[str, bool] | None = None) -> OfferForm:
    """The form that answers a version of an offer with the next one; without switches by the parts that it has."""
    extra = {"number": HiddenField(default=str(offer.number))}
    return OfferForm(host, on, currency, Deal.of(offer.components), offer.deliverables, extra)


def begun(host: PluginHost, deal: Deal, currency: str, on: Mapping[str, bool]) -> Deal:
    """A stored deal as a new offer begins with it: terms that its models got since then have their defaults."""
    return replace(deal, components=tuple(_renewed(host, one, currency, on) for one in deal.components))


def _renewed(host: PluginHost, component: Component, currency: str, on: Mapping[str, bool]) -> Component:
    """What is missing of an earlier version's terms was not asked for then; of this version's it was left empty."""
    if barred(host, component, currency, on):
        return component
    model, values = host.payment_models[component.model], component.terms.values
    later = {
        spec.key: spec.default
        for spec in model.terms
        if spec.default is not None
        and spec.key not in values
        and (spec.kind is FieldKind.BOOL or component.version != model.version)
    }
    return replace(component, terms=replace(component.terms, values={**values, **later})) if later else component
