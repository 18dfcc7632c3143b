"""An advance: paid when both have signed, and netted against what the other parts of the deal earn."""

from __future__ import annotations

from collections.abc import Sequence

from samverk import (
    AgreementSigned,
    Fact,
    FieldKind,
    Line,
    Money,
    PaymentModel,
    Planned,
    Plugin,
    Scope,
    SettingField,
    Settles,
    T,
    Terms,
    Text,
    hookimpl,
    standing,
)


class Prepayment(PaymentModel):
    """Earned at the signing. Netting is not its business: the deal says what it is netted against."""

    name = "advance"
    title = T("Advance")
    scope = Scope.AGREEMENT
    uses = (AgreementSigned,)
    prepaid = True
    terms = (SettingField("amount", T("Paid in advance"), FieldKind.MONEY, minimum=0),)

    def check_terms(self, terms: Terms) -> Sequence[tuple[str, Text]]:
        """Something must be paid."""
        return [] if terms.money("amount") else [("amount", T("Enter what is paid in advance."))]

    def describe(self, terms: Terms) -> Sequence[Text]:
        """The amount, and that it stays."""
        amount = T("%(amount)s in advance, when both have signed.", amount=terms.money("amount"))
        return [amount, T("What of it is not earned in the end stays with the influencer.")]

    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        """One line, for the first signing."""
        signed = [fact for fact in standing(facts) if isinstance(fact, AgreementSigned)]
        reason = T("Paid in advance, at the signing")
        return [Line(fact.key, terms.money("amount"), Settles.CASH, reason) for fact in signed[:1]]

    def cap(self, terms: Terms, planned: Planned) -> Money:
        """The advance."""
        return terms.money("amount")


class Advance(Plugin):
    """Brings the advance."""

    name = "advance"
    title = T("Advance")
    api_version = 1

    @hookimpl
    def register_payment_models(self) -> Sequence[type[PaymentModel]]:
        """The one model."""
        return [Prepayment]


plugin = Advance()
