"""Gathering a campaign's numbers in a bounded number of statements."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from core import clock
from core.campaigns.models import Campaign
from core.campaigns.queries import budget_of
from core.collaborations.models import Collaboration
from core.content.lifecycle import DeliverableState
from core.content.models import Deliverable, MetricReading, Post
from core.earnings.models import ComponentHold, Earning
from core.money import Money
from core.reports.summary import REACTIONS, Metric, Sales, Summary
from core.tracking.lifecycle import SaleState
from core.tracking.models import Refund, Sale

DONE = (DeliverableState.APPROVED, DeliverableState.PUBLISHED, DeliverableState.VERIFIED)


def summary(session: Session, campaign: Campaign) -> Summary:
    """What the campaign has done, cost and brought, as far as it is known now; nine statements."""
    work = select(Collaboration.id).where(Collaboration.campaign_id == campaign.id)
    budget = budget_of(session, campaign)
    done, planned, posts = _work(session, Deliverable.collaboration_id.in_(work))
    paid, gifts, on_hold = _earned(session, campaign, work)
    sales, waiting = _sales(session, campaign, work)
    newest = _newest(work)
    return Summary(
        at=clock.now(),
        currency=campaign.currency,
        done=done,
        planned=planned,
        posts=posts,
        budget=budget.total,
        committed=budget.committed,
        spent=budget.spent,
        paid=paid,
        gifts=gifts,
        on_hold=on_hold,
        sales=sales,
        waiting=waiting,
        metrics=_metrics(session, newest),
        rated=_rated(session, newest),
    )


def _work(session: Session, of_campaign: ColumnElement[bool]) -> tuple[int, int, int]:
    """Deliverables done and planned, and posts that are live."""
    counted = Deliverable.state != DeliverableState.CANCELLED
    row = session.execute(
        select(
            func.count(func.distinct(case((Deliverable.state.in_([str(state) for state in DONE]), Deliverable.id)))),
            func.count(func.distinct(Deliverable.id)),
            func.count(func.distinct(Post.id)),
        )
        .outerjoin(Post, Post.deliverable_id == Deliverable.id)
        .where(of_campaign, counted)
    ).one()
    return int(row[0]), int(row[1]), int(row[2])


def _earned(session: Session, campaign: Campaign, work: Any) -> tuple[Money, Money, bool]:
    """What was paid, what gifts were worth, and whether a part of the pay is unknown."""
    rows = session.execute(
        select(Earning.state, func.sum(Earning.amount_minor))
        .where(
            Earning.collaboration_id.in_(work),
            Earning.currency == campaign.currency,
            Earning.state.in_(("paid", "booked")),
        )
        .group_by(Earning.state)
    )
    sums = {state: Money(int(minor), campaign.currency) for state, minor in rows}
    held = session.scalar(
        select(ComponentHold.id)
        .where(ComponentHold.collaboration_id.in_(work), ComponentHold.resolved_at.is_(None))
        .limit(1)
    )
    zero = Money.zero(campaign.currency)
    return sums.get("paid", zero), sums.get("booked", zero), held is not None


def _sales(session: Session, campaign: Campaign, work: Any) -> tuple[dict[str, Sales], tuple[Money, ...]]:
    """Credited sales by the currency that they count in, and what waits in other currencies.

    While the brand has told of no sale at all, sales are unknown; after that, none means none.
    """
    back = (
        select(Refund.sale_id, func.sum(func.coalesce(Refund.credited_minor, Refund.amount_minor)).label("minor"))
        .where(Refund.brand_id == campaign.brand_id)
        .group_by(Refund.sale_id)
        .subquery()
    )
    refunded = func.coalesce(back.c.minor, 0)
    currency = func.coalesce(Sale.credited_currency, Sale.currency)
    amount = func.coalesce(Sale.credited_minor, Sale.amount_minor)
    rows = session.execute(
        select(
            currency,
            Sale.state,
            func.sum(amount),
            func.sum(refunded),
            func.count(),
            func.count().filter(refunded < amount),
            func.max(Sale.sold_at),
        )
        .outerjoin(back, back.c.sale_id == Sale.id)
        .where(Sale.collaboration_id.in_(work), Sale.state != SaleState.UNCREDITED)
        .group_by(currency, Sale.state)
        .order_by(currency)
    ).all()
    credited = {
        code: Sales(Money(int(gross), code), Money(int(gone), code), count, kept, newest)
        for code, state, gross, gone, count, kept, newest in rows
        if state == SaleState.CREDITED
    }
    waiting = tuple(
        Money(int(gross) - int(gone), code) for code, state, gross, gone, *_ in rows if state == SaleState.ON_HOLD
    )
    if campaign.currency not in credited and (told := _last_sale(session, campaign.brand_id)):
        zero = Money.zero(campaign.currency)
        credited = {campaign.currency: Sales(zero, zero, 0, 0, told), **credited}
    return credited, waiting


def _last_sale(session: Session, brand_id: int) -> datetime | None:
    return session.scalar(select(func.max(Sale.created_at)).where(Sale.brand_id == brand_id))


def _newest(work: Any) -> Any:
    """The newest reading of each metric of each post."""
    m = MetricReading
    place = func.row_number().over(partition_by=(m.post_id, m.metric), order_by=(m.read_at.desc(), m.id.desc()))
    ranked = (
        select(m.post_id, m.metric, m.value, m.evidence, m.read_at, place.label("place"))
        .join(Post, Post.id == m.post_id)
        .join(Deliverable, Deliverable.id == Post.deliverable_id)
        .where(Deliverable.collaboration_id.in_(work))
        .subquery()
    )
    return select(ranked).where(ranked.c.place == 1).subquery()


def _metrics(session: Session, newest: Any) -> dict[str, Metric]:
    n = newest.c
    rows = session.execute(
        select(n.metric, n.evidence, func.sum(n.value), func.count(), func.min(n.read_at))
        .group_by(n.metric, n.evidence)
        .order_by(n.metric, n.evidence)
    )
    levels: dict[str, list[tuple[str, int, int, datetime]]] = defaultdict(list)
    for metric, evidence, value, posts, oldest in rows:
        levels[metric].append((evidence, int(value), posts, oldest))
    return {
        metric: Metric(
            total=sum(value for _, value, _, _ in found),
            posts=sum(posts for _, _, posts, _ in found),
            by_evidence={evidence: value for evidence, value, _, _ in found},
            oldest=min(oldest for *_, oldest in found),
        )
        for metric, found in levels.items()
    }


def _rated(session: Session, newest: Any) -> tuple[int, int] | None:
    """Reactions and reach over the posts that tell a reaction and a reach above zero."""
    n = newest.c
    reach = func.sum(case((n.metric == "reach", n.value)))
    reactions = func.sum(case((n.metric.in_(REACTIONS), n.value)))
    posts = select(reach.label("reach"), reactions.label("reactions")).group_by(n.post_id).subquery()
    row = session.execute(
        select(func.sum(posts.c.reactions), func.sum(posts.c.reach)).where(
            and_(posts.c.reactions.is_not(None), posts.c.reach > 0)
        )
    ).one()
    return (int(row[0]), int(row[1])) if row[1] else None
