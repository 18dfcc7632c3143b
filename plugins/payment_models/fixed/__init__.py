"""A fixed fee: for each approved deliverable, or for the whole collaboration in equal parts."""

from __future__ import annotations

from collections.abc import Sequence

from samverk import (
    DeliverableApproved,
    Fact,
    FieldKind,
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
    hookimpl,
    standing,
)


class FixedFee(PaymentModel):
    """Earned as deliverables are approved."""

    name = "fixed"
    title = T("Fixed fee")
    uses = (DeliverableApproved,)
    terms = (
        SettingField("amount", T("Amount"), FieldKind.MONEY, minimum=0),
        SettingField(
            "per",
            T("Paid for"),
            FieldKind.CHOICE,
            default="deliverable",
            choices=(("deliverable", T("Each deliverable")), ("collaboration", T("The whole collaboration"))),
        ),
    )

    def describe(self, terms: Terms) -> Sequence[Text]:
        """One sentence."""
        amount = terms.money("amount")
        if terms.text("per") == "collaboration":
            return [T("%(amount)s for the collaboration, in equal parts as deliverables are approved.", amount=amount)]
        return [T("%(amount)s for each approved deliverable.", amount=amount)]

    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        """A line for each approved deliverable."""
        return [self._line(terms, fact) for fact in standing(facts) if isinstance(fact, DeliverableApproved)]

    def cap(self, terms: Terms, planned: Planned) -> Money:
        """The fee, as often as it is planned."""
        return terms.money("amount") * (1 if terms.text("per") == "collaboration" else planned.deliverables)

    def _line(self, terms: Terms, fact: DeliverableApproved) -> Line:
        amount, part = terms.money("amount"), {"position": fact.position, "planned": max(fact.planned, fact.position)}
        if terms.text("per") == "collaboration":
            amount = amount.split([1] * part["planned"])[part["position"] - 1]
            return Line(fact.key, amount, Settles.CASH, T("Fixed fee, part %(position)s of %(planned)s", **part))
        reason = T("Fixed fee for %(deliverable)s", deliverable=fact.title or fact.deliverable)
        return Line(fact.key, amount, Settles.CASH, reason)


class Fixed(Plugin):
    """Brings the fixed fee."""

    name = "fixed"
    title = T("Fixed fee")
    api_version = 1

    @hookimpl
    def register_payment_models(self) -> Sequence[type[PaymentModel]]:
        """The one model."""
        return [FixedFee]


plugin = Fixed()
