"""What a campaign was worth, as far as it is known: each number with its formula, its source and its age.

What nobody told is unknown, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from core.content.lifecycle import EVIDENCE, METRIC_NAMES
from core.money import Money, half_even
from core.plugin_api.text import T, Text, Tn

REACTIONS = ("likes", "comments", "shares", "saves")


@dataclass(frozen=True, slots=True)
class Metric:
    """One kind of figure over all posts: the newest reading of each post that has one."""

    total: int
    posts: int
    by_evidence: Mapping[str, int]
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Sales:
    """Sales with a code of the campaign in one currency."""

    gross: Money
    refunded: Money
    count: int
    kept: int  # not wholly refunded
    newest: datetime | None

    @property
    def net(self) -> Money:
        """What is left after refunds."""
        return self.gross - self.refunded


@dataclass(frozen=True, slots=True)
class Figure:
    """A number for a page or a table. `kind` is money, count or share; None is unknown."""

    label: Text
    value: Money | int | Decimal | None
    kind: str
    formula: Text
    source: Text
    as_of: datetime | None = None
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A campaign's sums as they are known at `at`."""

    at: datetime
    currency: str
    done: int
    planned: int
    posts: int
    budget: Money | None
    committed: Money
    spent: Money
    paid: Money
    gifts: Money
    on_hold: bool
    sales: Mapping[str, Sales]
    waiting: tuple[Money, ...]  # sales in a currency that the terms do not know
    metrics: Mapping[str, Metric]
    rated: tuple[int, int] | None  # reactions and reach of the posts that have both

    @property
    def left(self) -> Money | None:
        """The budget that no agreement has reserved; None without a budget."""
        return None if self.budget is None else self.budget - self.committed

    @property
    def cost(self) -> Money | None:
        """What was earned in money; None while a part of the pay cannot be told."""
        return None if self.on_hold else self.spent

    @property
    def own_sales(self) -> Sales | None:
        """Sales in the campaign's currency; None while nobody has told of any."""
        return self.sales.get(self.currency)

    @property
    def reactions(self) -> int | None:
        """Likes, comments, shares and saves, those that were told; None when none was."""
        told = [self.metrics[name].total for name in REACTIONS if name in self.metrics]
        return sum(told) if told else None

    @property
    def engagement_rate(self) -> Decimal | None:
        """Reactions per person reached, over the posts that tell both."""
        if self.rated is None or not self.rated[1]:
            return None
        return Decimal(self.rated[0]) / self.rated[1]

    @property
    def cost_per_reaction(self) -> Money | None:
        """What one reaction cost."""
        return _per(self.cost, self.reactions)

    @property
    def cost_per_sale(self) -> Money | None:
        """What one sale that stands cost."""
        return _per(self.cost, self.own_sales.kept if self.own_sales else None)

    @property
    def roi(self) -> Decimal | None:
        """As `roi_formula` says, of what is known; None when a side of it is unknown or nothing was spent."""
        if self.own_sales is None or self.cost is None or self.cost.minor <= 0:
            return None
        return Decimal((self.own_sales.net - self.cost).minor) / self.cost.minor

    def roi_known(self) -> list[Text]:
        """What the return is made of."""
        known = [T("Pay earned in money: %(cost)s", cost=self.spent)]
        if self.own_sales is not None:
            known.insert(0, T("Net sales with a code of this campaign: %(net)s", net=self.own_sales.net))
        return known

    def roi_unknown(self) -> list[Text]:
        """What nobody can tell, and is therefore in neither side."""
        unknown = [
            T("Sales that carried no code: people who bought without it."),
            T("What comes later: people who remember the brand and buy another time."),
            T("Costs outside Samverk, such as your own work, shipping and advertising."),
        ]
        if self.own_sales is None:
            unknown.insert(0, T("Sales: none were told to Samverk yet."))
        if self.on_hold:
            unknown.insert(0, T("A part of the pay: it is on hold."))
        if self.gifts:
            unknown.append(
                T("Gifts worth %(value)s: their value is shown apart and is no cost in money.", value=self.gifts)
            )
        unknown += [
            T("Sales of %(amount)s in another currency: they wait on hold.", amount=sum) for sum in self.waiting
        ]
        return unknown

    def figures(self) -> list[Figure]:
        """Every number with where it comes from, in the order of the page."""
        return [*self._work(), *self._money(), *self._trade(), *self._attention(), *self._worth()]

    @property
    def roi_formula(self) -> Text:
        """How the return is counted."""
        return T("(net sales − earned in money) / earned in money.")

    def headline(self) -> list[Figure]:
        """The few numbers that a campaign's page opens with."""
        sales = [figure for figure in self._trade() if figure.label == T("Net sales")]
        attention = [self._metric(name, METRIC_NAMES[name]) for name in ("reach", "views")]
        return [*self._work(), self._money()[4], *sales, *attention, *self._worth()]

    def _work(self) -> list[Figure]:
        return [
            Figure(
                T("Deliverables done"),
                self.done,
                "count",
                T("Approved or later, of %(all)s agreed.", all=self.planned),
                T("Approvals in Samverk"),
                self.at,
                T("of %(all)s agreed", all=self.planned),
            )
        ]

    def _money(self) -> list[Figure]:
        books = T("The books of Samverk")
        rows = [
            (T("Budget"), self.budget, T("What the plan of the campaign says."), T("The plan")),
            (T("Reserved"), self.committed, T("The most that the agreements made so far can cost."), books),
            (T("Left"), self.left, T("Budget less what is reserved."), books),
            (T("Earned in money"), self.spent, T("What influencers have earned so far, paid or not."), books),
            (T("Paid"), self.paid, T("What was sent to influencers, by the word of the bank."), books),
            (T("Gifts, as value"), self.gifts, T("The value of gifts that arrived. It is no money."), books),
        ]
        return [Figure(label, value, "money", formula, source, self.at) for label, value, formula, source in rows]

    def _trade(self) -> list[Figure]:
        source = T("Sales with a discount code of this campaign")
        if not self.sales:
            return [Figure(T("Net sales"), None, "money", T("Sales less refunds."), source)]
        found = []
        for sales in self.sales.values():
            parts = (
                (T("Sales"), sales.gross, "money", T("Without VAT and shipping, before refunds.")),
                (T("Refunds"), sales.refunded, "money", T("What buyers got back.")),
                (T("Net sales"), sales.net, "money", T("Sales less refunds.")),
                (T("Orders"), sales.count, "count", T("All orders with a code; %(kept)s stand.", kept=sales.kept)),
            )
            found += [Figure(label, value, kind, how, source, sales.newest) for label, value, kind, how in parts]
        return found

    def _attention(self) -> list[Figure]:
        return [self._metric(name, label) for name, label in METRIC_NAMES.items()]

    def _metric(self, name: str, label: Text) -> Figure:
        formula = T("The newest reading of each post, added up.")
        metric = self.metrics.get(name)
        if metric is None:
            return Figure(label, None, "count", formula, T("Nobody has told it yet"))
        told = [
            T("%(evidence)s: %(count)s", evidence=EVIDENCE[level], count=Decimal(count))
            for level, count in metric.by_evidence.items()
        ]
        note = Tn("%(count)s of %(num)s post", "%(count)s of %(num)s posts", self.posts, count=metric.posts)
        return Figure(label, metric.total, "count", formula, _joined(told), metric.oldest, note)

    def _worth(self) -> list[Figure]:
        readings, books = T("Readings of the posts"), T("The books and the readings of the posts")
        sold = T("The books and the sales with a code")
        oldest = min((self.metrics[name].oldest for name in REACTIONS if name in self.metrics), default=None)
        when = self.own_sales.newest if self.own_sales else None
        return [
            Figure(
                T("Engagement rate"),
                self.engagement_rate,
                "share",
                T("(likes + comments + shares + saves) / reach, over the posts that tell both."),
                readings,
                oldest,
            ),
            Figure(
                T("Cost per engagement"),
                self.cost_per_reaction,
                "money",
                T("Earned in money / (likes + comments + shares + saves)."),
                books,
                oldest,
            ),
            Figure(
                T("Cost per sale"),
                self.cost_per_sale,
                "money",
                T("Earned in money / orders that were not wholly refunded."),
                sold,
                when,
            ),
            Figure(T("ROI"), self.roi, "share", self.roi_formula, sold, when),
        ]


def _per(cost: Money | None, count: int | None) -> Money | None:
    if cost is None or not count:
        return None
    return Money(half_even(Fraction(cost.minor, count)), cost.currency)


def _joined(texts: list[Text]) -> Text:
    whole = texts[0]
    for text in texts[1:]:
        whole = T("%(first)s, %(second)s", first=whole, second=text)
    return whole
