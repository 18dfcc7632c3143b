"""A commission: a share of each credited sale, up to a cap; a refund takes back exactly what its sale gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from samverk import (
    Fact,
    FieldKind,
    Line,
    Money,
    PaymentModel,
    Planned,
    Rate,
    Refund,
    Sale,
    SettingField,
    Settles,
    T,
    Terms,
    Text,
    sales_with_refunds,
)


class SalesCommission(PaymentModel):
    """Linear per sale. The cap is required: it is what a brand reserves."""

    name = "commission"
    title = T("Commission")
    uses = (Sale, Refund)
    terms = (
        SettingField("percent", T("Percent of each sale"), FieldKind.PERCENT, minimum=0, maximum=100),
        SettingField("each", T("And for each sale"), FieldKind.MONEY, required=False, minimum=0),
        SettingField("cap", T("At most in all"), FieldKind.MONEY, minimum=0),
    )

    def check_terms(self, terms: Terms) -> Sequence[tuple[str, Text]]:
        """Something must be earned, and the cap must let it be."""
        if not terms.percent("percent") and not terms.money("each"):
            return [("percent", T("Enter a percentage or an amount for each sale."))]
        return [] if terms.money("cap") else [("cap", T("Enter the most that this commission may ever pay."))]

    def describe(self, terms: Terms) -> Sequence[Text]:
        """The share, the base it is taken of, and the cap."""
        told = {"percent": terms.percent("percent"), "each": terms.money("each"), "cap": terms.money("cap")}
        if told["each"]:
            share = T("%(percent)s %% of each sale with your code, and %(each)s for each of them.", **told)
        else:
            share = T("%(percent)s %% of each sale with your code.", **told)
        base = T("Sales count without VAT and shipping; a refund takes back what its sale gave.")
        return [share, base, T("At most %(cap)s in all.", **told)]

    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        """A line for each sale and one for each refund."""
        return [line for sale, refunds in sales_with_refunds(facts) for line in self._order(terms, sale, refunds)]

    def cap(self, terms: Terms, planned: Planned) -> Money:
        """The cap of the terms."""
        return terms.money("cap")

    def rate(self, terms: Terms) -> Rate:
        """The same as data."""
        return Rate(terms.percent("percent"), terms.money("each"))

    def _order(self, terms: Terms, sale: Sale, refunds: Sequence[Refund]) -> Iterator[Line]:
        left, given = sale.amount, self._of(terms, sale.amount)
        told = {"percent": terms.percent("percent"), "amount": left, "order": sale.order, "each": terms.money("each")}
        if told["each"]:
            reason = T("%(percent)s %% of %(amount)s and %(each)s, order %(order)s", **told)
        else:
            reason = T("%(percent)s %% of %(amount)s, order %(order)s", **told)
        yield Line(sale.key, given, Settles.CASH, reason)
        for refund in refunds:
            left = max(left - refund.amount, Money.zero(left.currency))
            reason = T("Refund of %(amount)s, order %(order)s", amount=refund.amount, order=refund.order)
            yield Line(refund.key, self._of(terms, left) - given, Settles.CASH, reason)
            given = self._of(terms, left)

    def _of(self, terms: Terms, amount: Money) -> Money:
        share = amount.percent(terms.percent("percent"))
        return share + terms.money("each") if amount.minor > 0 else share
