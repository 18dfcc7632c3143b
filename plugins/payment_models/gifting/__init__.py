"""Gifting: a product of a stated value, booked as value and never as cash."""

from __future__ import annotations

from collections.abc import Sequence

from samverk import (
    Fact,
    FieldKind,
    GiftDelivered,
    Line,
    Money,
    PaymentModel,
    Planned,
    Plugin,
    SettingField,
    Settles,
    T,
    Terms,
    Text,
    as_shown,
    hookimpl,
    standing,
)

SOURCES = (("retail", T("Retail price")), ("wholesale", T("Purchase price")), ("estimate", T("Estimate")))


class Gift(PaymentModel):
    """Earned, in kind, when the gift has arrived."""

    name = "gifting"
    title = T("Gift")
    uses = (GiftDelivered,)
    terms = (
        SettingField("product", T("Product")),
        SettingField("value", T("Value"), FieldKind.MONEY, minimum=0),
        SettingField(
            "value_source", T("Where the value comes from"), FieldKind.CHOICE, default="retail", choices=SOURCES
        ),
    )

    def describe(self, terms: Terms) -> Sequence[Text]:
        """What is given, its value, and where the value comes from."""
        source = as_shown(self.terms[2], terms.text("value_source"), terms.currency)
        told = {"product": terms.text("product"), "value": terms.money("value"), "source": source}
        return [T("%(product)s, worth %(value)s (%(source)s). A gift is not paid in money.", **told)]

    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        """The value of every gift that arrived."""
        reason = T("Gift received: %(product)s", product=terms.text("product"))
        arrived = [fact for fact in standing(facts) if isinstance(fact, GiftDelivered)]
        return [Line(fact.key, terms.money("value"), Settles.IN_KIND, reason) for fact in arrived]

    def cap(self, terms: Terms, planned: Planned) -> Money:
        """No cash at all."""
        return Money.zero(terms.currency)


class Gifting(Plugin):
    """Brings the gift."""

    name = "gifting"
    title = T("Gift")
    api_version = 1

    @hookimpl
    def register_payment_models(self) -> Sequence[type[PaymentModel]]:
        """The one model."""
        return [Gift]


plugin = Gifting()
