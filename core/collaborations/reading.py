"""An offer as both sides read it: pay, work, brief, labels, and what three outcomes would pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.accounts.models import Brand
from core.campaigns.catalogue import BRIEF_FIELDS, MARKS
from core.campaigns.models import BriefVersion, Campaign
from core.collaborations import document, queries, signed, terms
from core.collaborations.models import Collaboration, Offer
from core.collaborations.signed import SignedPay
from core.deals.evaluate import AnyDeal
from core.deals.simulate import Outcome, outcomes, simulate
from core.errors import Refused
from core.money import Money
from core.plugin_api.compliance import Label
from core.plugin_api.deal import Deal
from core.plugin_api.payment_models import Fact, MetricReading, Sale, Settles
from core.plugin_api.text import Text
from core.plugin_host.host import PluginHost

EXPECTED_SALES = 30
EXPECTED_ORDER = 50  # in whole units of the currency
EXPECTED_VIEWS = 20_000
MOST_SALES = 10_000
MOST_VIEWS = 100_000_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """One outcome and what it pays; None while a part cannot tell. `by_views`, `by_sales`: a part looks at them."""

    outcome: Outcome
    cash: Money | None
    in_kind: Money | None
    lines: Sequence[tuple[Text, Money]]
    by_views: bool = False
    by_sales: bool = True
    months: int = 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that somebody needs to answer an offer."""

    offer: Offer
    pay: list[tuple[Text, list[Text]]]
    work: list[Text]
    brief: list[dict[str, Any]]
    labels: tuple[Label, ...]
    without_rules: list[str]
    cap: Money | None
    changes: list[terms.Change]
    signed: SignedPay | None = None


def sheet(session: Session, host: PluginHost, collaboration: Collaboration, offer: Offer | None = None) -> Sheet:
    """The newest version, or the one given, with what differs from the version before it."""
    versions = queries.offers_of(session, collaboration.id)
    offer = offer or versions[0]
    before = next((version for version in versions if version.number == offer.number - 1), None)
    campaign = session.get_one(Campaign, collaboration.campaign_id)
    brand = session.get_one(Brand, collaboration.brand_id)
    host = host.of(brand.public_id)
    pay = signed.written_for(session, offer)  # what the contract says, whatever a plugin would say today
    return Sheet(
        offer=offer,
        pay=pay.lines if pay else terms.pay_lines(host, offer.components),
        work=[terms.deliverable_line(row) for row in offer.deliverables],
        brief=brief_lines(session, campaign.id, offer.brief_number),
        labels=document.labels(host, campaign, brand, offer.components, clock.today(brand.timezone)),
        without_rules=document.without_rules(host, campaign.markets),
        cap=pay.cap if pay else cap_or_none(host, offer.components, offer.deliverables, campaign.currency),
        changes=terms.changes(host, before, offer) if before else [],
        signed=pay,
    )


def brief_lines(session: Session, campaign_id: int, number: int) -> list[dict[str, Any]]:
    """The lines of a brief version, each with the names of its field and mark."""
    wanted = select(BriefVersion).where(BriefVersion.campaign_id == campaign_id, BriefVersion.number == number)
    brief = session.scalar(wanted)
    return [
        {
            "text": line["text"],
            "mark": line.get("mark", "free"),
            "mark_name": MARKS.get(line.get("mark", "free"), ""),
            "field_name": BRIEF_FIELDS.get(line.get("field", ""), ""),
        }
        for line in (brief.lines if brief else [])
        if line.get("text")
    ]


def cap_or_none(host: PluginHost, components: AnyDeal, deliverables: Any, currency: str) -> Money | None:
    """The most cash the deal can pay, None when a model cannot tell."""
    try:
        return terms.reserved(host, components, deliverables, currency)
    except Refused:
        return None


def forecasts(
    host: PluginHost,
    components: AnyDeal,
    deliverables: Any,
    currency: str,
    *,
    sales: int,
    order: int = EXPECTED_ORDER,
    views: int = EXPECTED_VIEWS,
    caps: Mapping[str, Money] | None = None,
) -> list[Forecast]:
    """What three outcomes around so many sales, an order worth so many whole units, and views would pay.

    Of a deal that is signed, no outcome pays more than the caps of its contract.
    """
    planned = terms.planned(host, components, deliverables)
    by_views, by_sales = looks_at(host, components, MetricReading), looks_at(host, components, Sale)
    days = _days(deliverables)
    sales = min(max(sales, 0), MOST_SALES)
    worth = Money.from_decimal(str(order), currency) * sales
    found = []
    for outcome in outcomes(planned, sales, worth, views, days):
        told = simulate(host, components, outcome, planned, caps)
        sums: dict[str, Money] = {}
        titles = {
            line.component: host.name_of("payment_models", line.model) if line.model else line.reason
            for line in told.lines
        }
        for line in told.lines:
            if line.settles is Settles.CASH:
                sums[line.component] = sums.get(line.component, Money.zero(currency)) + line.amount
        lines = [(titles[id], amount) for id, amount in sums.items()]
        cash, in_kind = told.sum(currency), told.sum(currency, Settles.IN_KIND)
        found.append(Forecast(outcome, cash, in_kind, lines, by_views, by_sales, planned.months))
    return found


def looks_at(host: PluginHost, components: AnyDeal, kind: type[Fact]) -> bool:
    """Whether a part of the deal pays by such facts."""
    models = [host.payment_models.get(component.model) for component in Deal.of(components).components]
    return any(model is not None and kind in model.uses for model in models)


def _days(deliverables: Any) -> tuple[int, ...]:
    """The day on which each piece is due, counted from the first day; none where one has no day."""
    due = [day for row in deliverables for day in [row.get("due_on")] * int(row.get("quantity") or 1)]
    if not all(due):
        return ()
    days = [day if isinstance(day, date) else date.fromisoformat(day) for day in due]
    return tuple((day - min(days)).days for day in days)
