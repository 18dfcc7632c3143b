"""Pay by result on a cumulative function: whatever arrives late, or is lowered, lands on the same sum."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from samverk import (
    EvidenceLevel,
    Fact,
    FieldKind,
    Line,
    MetricReading,
    Money,
    PaymentModel,
    Planned,
    Refund,
    Sale,
    Scope,
    SettingField,
    Settles,
    T,
    Terms,
    Text,
    sales_with_refunds,
    standing,
)

from .pricing import BONUSES, STEPS, Tariff

UNITS = {"views": T("Views"), "engagements": T("Engagements"), "clicks": T("Clicks"), "sales": T("Sales")}
READ = {"views": ("views",), "engagements": ("likes", "comments", "shares", "saves"), "clicks": ("clicks",)}
EVIDENCE = {
    "claimed": T("Stated by a person"),
    "documented": T("Shown in a screenshot or an export"),
    "checked": T("Checked by the team"),
    "measured": T("Read from the platform"),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """So many units of one post, or one sale, and how they are told."""

    key: str
    units: int
    reason: Text


class PayByResult(PaymentModel):
    """A price for so many units, with steps, a floor, bonuses, and the cap that a brand reserves."""

    name = "performance"
    title = T("Pay by result")
    scope = Scope.AGREEMENT
    uses = (MetricReading, Sale, Refund)
    terms = (
        SettingField("count", T("What counts"), FieldKind.CHOICE, default="views", choices=tuple(UNITS.items())),
        SettingField("price", T("Price"), FieldKind.MONEY, minimum=0),
        SettingField(
            "per", T("For every"), FieldKind.INTEGER, default=1000, minimum=1, maximum=1_000_000,
            help=T("1000 for a price of a thousand views, 1 for a price of each."),
        ),
        SettingField(
            "evidence", T("Counts are known at least this well"), FieldKind.CHOICE, default="checked",
            choices=tuple(EVIDENCE.items()), help=T("Weaker counts are not paid. Credited sales always count."),
        ),
        SettingField("second_from", T("Another price from this count on"), FieldKind.INTEGER, False, minimum=1),
        SettingField("second_price", T("That price"), FieldKind.MONEY, False, minimum=0),
        SettingField("third_from", T("A third price from this count on"), FieldKind.INTEGER, False, minimum=1),
        SettingField("third_price", T("The third price"), FieldKind.MONEY, False, minimum=0),
        SettingField("bonus_from", T("A bonus at this count"), FieldKind.INTEGER, False, minimum=1),
        SettingField("bonus", T("The bonus"), FieldKind.MONEY, False, minimum=0),
        SettingField("bonus2_from", T("A second bonus at this count"), FieldKind.INTEGER, False, minimum=1),
        SettingField("bonus2", T("The second bonus"), FieldKind.MONEY, False, minimum=0),
        SettingField("floor", T("At least"), FieldKind.MONEY, False, minimum=0),
        SettingField("cap", T("At most in all"), FieldKind.MONEY, minimum=0),
    )  # fmt: skip

    def check_terms(self, terms: Terms) -> Sequence[tuple[str, Text]]:
        """Steps and bonuses come whole and rising, and the cap lets something be earned."""
        faults = [
            (at if not terms.integer(at) else amount, T("Enter both, or leave both empty."))
            for at, amount in (*STEPS[1:], *BONUSES)
            if bool(terms.integer(at)) != (amount in terms.values)
        ]
        second, third = terms.integer("second_from"), terms.integer("third_from")
        if third and not 0 < second < third:
            faults.append(("third_from", T("The third price must begin above the second.")))
        if not terms.money("cap"):
            faults.append(("cap", T("Enter the most that this may ever pay.")))
        if terms.money("floor") > terms.money("cap"):
            faults.append(("floor", T("This is more than the most that may be paid.")))
        return faults

    def describe(self, terms: Terms) -> Sequence[Text]:
        """The prices, the bonuses, the bounds, and which counts are taken."""
        return [*self._prices(terms), *self._bounds(terms), *self._counts(terms)]

    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        """A line for each post or sale, what is lacking to the floor, and each bonus that was reached."""
        lines = self._lines(Tariff.of(terms), list(self._counted(terms, facts)), terms.currency)
        return list(self._within(terms.money("cap"), lines))

    def cap(self, terms: Terms, planned: Planned) -> Money:
        """The cap of the terms."""
        return terms.money("cap")

    def _counted(self, terms: Terms, facts: Sequence[Fact]) -> Iterator[Counted]:
        if terms.text("count") == "sales":
            left = [sale for sale, refunds in sales_with_refunds(facts) if self._left(sale, refunds)]
            for number, sale in enumerate(left, 1):
                yield Counted(sale.key, 1, T("Sale %(number)s, order %(order)s", number=number, order=sale.order))
            return
        unit = UNITS[terms.text("count")]
        for post, readings in self._accepted(terms, facts).items():
            units = sum(reading.value for reading in readings.values())
            title = max(readings.values(), key=lambda reading: (reading.at, reading.key)).title or post
            reason = T("%(post)s, %(unit)s: %(units)s", post=title, unit=unit, units=Decimal(units))
            yield Counted(f"post:{post}", units, reason)

    def _left(self, sale: Sale, refunds: Iterable[Refund]) -> bool:
        return sum(refund.amount.minor for refund in refunds) < sale.amount.minor

    def _accepted(self, terms: Terms, facts: Sequence[Fact]) -> dict[str, dict[str, MetricReading]]:
        """By post and metric the latest reading that is known well enough; of two at once the better one.

        The post that was read first comes first, so that one that is read later takes nothing from its line.
        """
        least = EvidenceLevel[terms.text("evidence").upper()]
        wanted = READ[terms.text("count")]
        readings = [
            fact
            for fact in standing(facts)
            if isinstance(fact, MetricReading) and fact.metric in wanted and fact.evidence >= least
        ]
        latest: dict[str, dict[str, MetricReading]] = {}
        for reading in sorted(readings, key=lambda reading: (reading.at, reading.evidence, reading.key)):
            latest.setdefault(reading.post, {})[reading.metric] = reading
        return latest

    def _lines(self, tariff: Tariff, counted: Sequence[Counted], currency: str) -> Iterator[Line]:
        units = paid = 0
        for one in counted:
            units += one.units
            price = tariff.price(units)
            yield Line(one.key, Money(price - paid, currency), Settles.CASH, one.reason)
            paid = price
        if lacking := tariff.lacking(units):
            yield Line("floor", Money(lacking, currency), Settles.CASH, T("Up to the least that is paid"))
        for number, (at, amount) in enumerate(tariff.bonuses, 1):
            if units >= at:
                reason = T("Bonus for %(count)s", count=Decimal(at))
                yield Line(f"bonus:{number}", Money(amount, currency), Settles.CASH, reason)

    def _within(self, cap: Money, lines: Iterable[Line]) -> Iterator[Line]:
        """What the cap leaves of the lines, the first ones first."""
        room = cap
        for line in lines:
            if line.amount > room:
                reason = T("%(reason)s, within the cap of %(cap)s", reason=line.reason, cap=cap)
                line = replace(line, amount=room, reason=reason)
            room -= line.amount
            yield line

    def _prices(self, terms: Terms) -> Iterator[Text]:
        per, unit = Decimal(terms.integer("per", 1)), UNITS[terms.text("count")]
        yield T("%(unit)s: %(price)s for every %(per)s.", unit=unit, price=terms.money("price"), per=per)
        for at, price in STEPS[1:]:
            if terms.integer(at):
                told = {"count": Decimal(terms.integer(at)), "price": terms.money(price), "per": per}
                yield T("From %(count)s on: %(price)s for every %(per)s.", **told)
        for at, amount in BONUSES:
            if terms.integer(at):
                told = {"count": Decimal(terms.integer(at)), "amount": terms.money(amount)}
                yield T("A bonus of %(amount)s, once %(count)s are counted.", **told)

    def _bounds(self, terms: Terms) -> Iterator[Text]:
        if terms.money("floor"):
            yield T("At least %(floor)s as soon as anything is counted.", floor=terms.money("floor"))
        yield T("At most %(cap)s in all.", cap=terms.money("cap"))

    def _counts(self, terms: Terms) -> Iterator[Text]:
        if terms.text("count") == "sales":
            yield T("A sale that is refunded as a whole is not counted.")
            return
        if terms.text("count") == "engagements":
            yield T("Likes, comments, shares and saves are counted.")
        level = EVIDENCE[terms.text("evidence")]
        yield T("Only counts are taken that are known at least this well: %(level)s.", level=level)
        yield T("A later count replaces the one before it; what a lower one takes back is netted.")
