"""Terms of a deal's components: read from a form, checked by their model, told in sentences. All behind the fence."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import Missing
from core.plugin_api.composition import Component
from core.plugin_api.deal import Deal
from core.plugin_api.fields import Errors, check, parse
from core.plugin_api.payment_models import PaymentModel, Terms
from core.plugin_api.text import T, Text
from core.plugin_host.evaluate import AnyDeal, model_of, not_here
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure


def read_component(
    host: PluginHost, *, id: str, model: str, raw: Mapping[str, object], currency: str
) -> tuple[Component, Errors]:
    """A component from what a form sent, and a message for each field that cannot be taken; "" is the whole part."""
    found = _model(host, model)
    values, errors = parse(found.terms, raw, currency)
    component = Component(id, model, Terms(currency, values), found.version)
    return component, errors or check_component(host, component)


def check_component(host: PluginHost, component: Component) -> Errors:
    """What is wrong with the terms, by field: what their fields say first, then what the model says."""
    model = _model(host, component.model)
    errors = check(model.terms, component.terms.values, component.terms.currency)
    if errors:
        return errors
    plugin = host.payment_models.owners[component.model]
    faults = host.call(
        plugin, lambda: dict(model.check_terms(component.terms)), returns=dict, what=f"{component.model}.check_terms"
    )
    return {"": faults.reason} if isinstance(faults, Failure) else faults


def barred(host: PluginHost, component: Component, currency: str, switches: Mapping[str, bool]) -> Text | None:
    """Why nothing new can be agreed by a part, None when it can: its model is gone or switched off, or the currency."""
    model = model_of(host, component)
    if isinstance(model, Failure):
        return model.reason
    if not switches.get(host.payment_models.owners[component.model], True):
        return T("%(model)s is switched off: no new offer can use it. What is agreed goes on.", model=model.title)
    if component.terms.currency != currency:
        return T("The terms must be in %(currency)s.", currency=currency)
    return None


def describe(host: PluginHost, deal: AnyDeal) -> list[tuple[Component, list[Text]]]:
    """The terms as sentences that both sides read; a model that fails leaves its reason in their place."""
    told = []
    for component in Deal.of(deal).components:
        model = model_of(host, component)
        if isinstance(model, Failure):
            told.append((component, [model.reason]))
            continue
        plugin = host.payment_models.owners[component.model]
        sentences = host.call(plugin, model.describe, component.terms, returns=list | tuple)
        told.append((component, [sentences.reason] if isinstance(sentences, Failure) else list(sentences)))
    return told


def months_of(host: PluginHost, deal: AnyDeal) -> int:
    """How many months a deal plans, at least one; a model that fails counts for none."""
    return max(1, *months_by_component(host, deal).values())


def months_by_component(host: PluginHost, deal: AnyDeal) -> dict[str, int]:
    """How many months each component plans; 0 where its model names no number or fails."""
    told = {}
    for component in Deal.of(deal).components:
        model, months = model_of(host, component), None
        if not isinstance(model, Failure):
            months = host.call(host.payment_models.owners[component.model], model.months, component.terms, returns=int)
        told[component.id] = months if isinstance(months, int) else 0
    return told


def _model(host: PluginHost, name: str) -> PaymentModel:
    model = host.payment_models.get(name)
    if model is None:
        raise Missing(not_here(host, name))
    return model
