"""A retainer: an amount for each month of the agreement, by the day where a month is cut."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from samverk import (
    Fact,
    FieldKind,
    Line,
    Money,
    PaymentModel,
    Period,
    Planned,
    Plugin,
    SettingField,
    Settles,
    T,
    Terms,
    Text,
    Tn,
    hookimpl,
    standing,
)


class MonthlyRetainer(PaymentModel):
    """Earned as months end. However a month is cut, its stretches sum to the whole amount."""

    name = "retainer"
    title = T("Retainer")
    uses = (Period,)
    terms = (
        SettingField("amount", T("Amount for each month"), FieldKind.MONEY, minimum=0),
        SettingField("months", T("How many months"), FieldKind.INTEGER, default=6, minimum=1, maximum=60),
    )

    def check_terms(self, terms: Terms) -> Sequence[tuple[str, Text]]:
        """Something must be earned."""
        return [] if terms.money("amount") else [("amount", T("Enter an amount for each month."))]

    def describe(self, terms: Terms) -> Sequence[Text]:
        """The amount, the months, and what a pause or an end does."""
        months = self.months(terms)
        return [
            T(
                "%(amount)s for each month of the agreement. Months count from the day on which both have signed.",
                amount=terms.money("amount"),
            ),
            Tn("At most %(num)s month, %(cap)s in all.", "At most %(num)s months, %(cap)s in all.", months,
               cap=terms.money("amount") * months),
            T(
                "A month that is cut short by a pause or by the end of the agreement is paid by its days. The day on "
                "which the pause begins or the agreement ends is not paid, and a pause does not extend the agreed time."
            ),
        ]  # fmt: skip

    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        """A line for each stretch of the months that were agreed."""
        agreed = [fact for fact in standing(facts) if isinstance(fact, Period) and fact.month <= self.months(terms)]
        return [self._line(terms.money("amount"), stretch) for stretch in agreed]

    def cap(self, terms: Terms, planned: Planned) -> Money:
        """Every month in full."""
        return terms.money("amount") * self.months(terms)

    def months(self, terms: Terms) -> int:
        """How many were agreed."""
        return terms.integer("months", 1)

    def _line(self, amount: Money, stretch: Period) -> Line:
        first, last = stretch.month_start or stretch.start, stretch.month_end or stretch.end
        whole, until, since = (last - first).days, (stretch.end - first).days, (stretch.start - first).days
        minor = amount.minor * until // whole - amount.minor * since // whole
        told = {"month": stretch.month, "start": stretch.start, "end": stretch.end - timedelta(days=1)}
        if until - since == whole:
            reason = T("Month %(month)s of the retainer, %(start)s to %(end)s", **told)
        else:
            reason = T(
                "%(days)s of %(whole)s days of month %(month)s of the retainer, %(start)s to %(end)s",
                days=until - since, whole=whole, **told,
            )  # fmt: skip
        return Line(stretch.key, Money(minor, amount.currency), Settles.CASH, reason)


class Retainer(Plugin):
    """Brings the retainer."""

    name = "retainer"
    title = T("Retainer")
    api_version = 1

    @hookimpl
    def register_payment_models(self) -> Sequence[type[PaymentModel]]:
        """The one model."""
        return [MonthlyRetainer]


plugin = Retainer()
