"""Terms of a deal's components: read from a form, checked by their model, told in sentences. All behind the fence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from core.deals.evaluate import AnyDeal, model_of, not_here
from core.deals.lines import readable
from core.errors import Missing
from core.plugin_api.composition import Component
from core.plugin_api.deal import Deal
from core.plugin_api.fields import Errors, check, parse
from core.plugin_api.payment_models import PaymentModel, Terms
from core.plugin_api.text import T, Text
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure

R = TypeVar("R")
MOST_SENTENCES, MOST_MONTHS = 100, 1200


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
    faults = _ask(host, component, _faults, "check_terms", returns=dict)
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
        says = sentences(host, component)
        told.append((component, [says.reason] if isinstance(says, Failure) else says))
    return told


def sentences(host: PluginHost, component: Component) -> list[Text] | Failure:
    """The terms of one component as sentences, or why its model cannot tell them."""
    return _ask(host, component, _told, "describe", returns=list)


def months_of(host: PluginHost, deal: AnyDeal) -> int:
    """How many months a deal plans, at least one; a model that fails counts for none."""
    return max(1, *months_by_component(host, deal).values())


def months_by_component(host: PluginHost, deal: AnyDeal) -> dict[str, int]:
    """How many months each component plans; 0 where its model names no number or fails."""
    told = {}
    for component in Deal.of(deal).components:
        months = _ask(host, component, _months, "months", returns=int)
        told[component.id] = months if isinstance(months, int) else 0
    return told


def _ask(
    host: PluginHost, component: Component, question: Callable[[PaymentModel, Terms], R], what: str, *, returns: type[R]
) -> R | Failure:
    model = model_of(host, component)
    if isinstance(model, Failure):
        return model
    plugin, what = host.payment_models.owners[component.model], f"{component.model}.{what}"
    return host.call(plugin, question, model, component.terms, returns=returns, what=what)


def _faults(model: PaymentModel, terms: Terms) -> Errors:
    found = dict(model.check_terms(terms))
    if not all(isinstance(key, str) and readable(said) for key, said in found.items()):
        raise TypeError("what is wrong with terms is told as pairs of a field's key and a Text")
    return found


def _told(model: PaymentModel, terms: Terms) -> list[Text]:
    said: Any = model.describe(terms)
    if not isinstance(said, list | tuple) or len(said) > MOST_SENTENCES or not all(map(readable, said)):
        raise TypeError(f"terms are told as a list of at most {MOST_SENTENCES} Text")
    return list(said)


def _months(model: PaymentModel, terms: Terms) -> int:
    months: Any = model.months(terms)
    if type(months) is not int or not 0 <= months <= MOST_MONTHS:
        raise ValueError(f"a deal has at most {MOST_MONTHS} months")
    return months


def _model(host: PluginHost, name: str) -> PaymentModel:
    model = host.payment_models.get(name)
    if model is None:
        raise Missing(not_here(host, name))
    return model
