"""Earning: ask the payment models what a collaboration has earned, book what differs, release what was held.

Amounts are only ever booked as differences: a line that grew or shrank gets one more row, with
the same line key and the next sequence, and one more posting. A component that cannot be
evaluated goes on hold with its reason; what was booked of it stays as it is.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core import audit, clock
from core.accounts.calendar import today_of
from core.accounts.models import Brand
from core.campaigns.events import MayCompleteCampaign
from core.campaigns.models import Campaign
from core.collaborations.events import MayComplete
from core.collaborations.models import Collaboration
from core.deals.evaluate import Evaluation, Hold
from core.earnings import booking, totals
from core.earnings.facts import rates_of, signed_offer
from core.earnings.incidents import Case, case_of, memory_of, remember
from core.earnings.models import ComponentHold, Earning
from core.earnings.verdicts import judge
from core.ledger import postings
from core.ledger.postings import Voucher
from core.money import Money
from core.permissions import SYSTEM
from core.plugin_api.deal import Deal
from core.plugin_api.payment_models import Fact, Sale, Settles
from core.plugin_api.text import T, Text
from core.plugin_host.contexts import for_brand
from core.plugin_host.host import PluginHost

OPEN = ("pending", "payable", "in_payout")
RELEASED_AT_ONCE = 500


def recompute(session: Session, host: PluginHost, collaboration_id: int) -> list[Earning]:
    """Book what a collaboration has newly earned or lost since the last time; returns the new rows.

    Nothing is earned before both have signed. The terms are those of the signed offer, whatever
    the campaign says now.
    """
    collaboration = session.get_one(Collaboration, collaboration_id, with_for_update=True)
    host = for_brand(session, host, collaboration.brand_id)
    case = case_of(session, host, collaboration)
    if case is None:
        return []
    found = case.counted(host)
    verdicts = judge(host, case, found)
    for name, kept in verdicts.settled.items():
        memory_of(session, case, name).kept = kept
    withheld = verdicts.unknown | verdicts.incidents
    if verdicts.settled or withheld:
        found = case.counted(host, withheld=withheld)
    _keep_holds(session, host, case, found.holds, verdicts.incidents)
    made = _book_differences(session, case, found)
    remember(session, host, case, found, made)
    totals.count_anew(session, host, case, made)
    return made


def wants(session: Session, host: PluginHost, collaboration_id: int, kind: type[Fact]) -> bool:
    """Whether a part of the signed deal looks at this kind of fact; one that is not installed might."""
    offer = signed_offer(session, collaboration_id)
    models = [host.payment_models.get(part.model) for part in Deal.of(offer.components).components] if offer else []
    return any(model is None or kind in model.uses for model in models)


def installed(host: PluginHost, name: str) -> str:
    """The version of a model, empty when it is gone or does not work."""
    model = host.payment_models.get(name)
    return model.version if model is not None else ""


def _keep_holds(
    session: Session, host: PluginHost, case: Case, holds: Iterable[Hold], incidents: Collection[str]
) -> None:
    collaboration, models = case.collaboration, {part.id: part.model for part in case.deal.components}
    stored = {
        row.component_id: row
        for row in session.scalars(select(ComponentHold).where(ComponentHold.collaboration_id == collaboration.id))
    }
    current = {hold.component: hold for hold in holds}
    for component, hold in current.items():
        row = stored.get(component)
        if row is None:
            row = ComponentHold(
                brand_id=collaboration.brand_id,
                collaboration_id=collaboration.id,
                component_id=component,
                reason={},
                incident=False,
            )
            session.add(row)
        new = component in incidents and (not row.incident or row.resolved_at is not None)
        row.reason, row.resolved_at, row.incident = hold.reason.to_json(), None, component in incidents
        row.model = models.get(component, "")
        row.version = installed(host, row.model)
        if new:
            detail = {"reason": str(hold.reason)}
            brand_id = collaboration.brand_id
            audit.record(session, actor=SYSTEM, brand_id=brand_id, action="earning.incident", obj=row, detail=detail)
    for component, row in stored.items():
        if component not in current and row.resolved_at is None:
            row.resolved_at = clock.now()


def _book_differences(session: Session, case: Case, found: Evaluation) -> list[Earning]:
    collaboration = case.collaboration
    campaign = session.get_one(Campaign, collaboration.campaign_id)
    dates = booking.Dates(session, campaign, {fact.key: fact for fact in case.facts})
    rates = rates_of(session, collaboration.id) if any(isinstance(fact, Sale) for fact in case.facts) else {}
    lines = {line.key: booking.with_rate(line, rates) for line in found.lines}
    made = booking.differences(collaboration, lines, case.booked, dates, found.held)
    booking.write(session, campaign, made)
    return made


def release_due(session: Session) -> int:
    """Make payable what was held long enough where the brand is; returns how many rows.

    Refunds go with their sales: while more was taken back than is due, both wait for what comes due next.
    """
    released = 0
    for zone, brands in _brands_by_zone(session).items():
        day = clock.today(zone)
        found = session.scalars(
            select(Earning.collaboration_id)
            .where(Earning.brand_id.in_(brands), Earning.state == "pending", Earning.hold_until <= day)
            .group_by(Earning.collaboration_id)
            .having(func.sum(Earning.amount_minor) >= 0)
            .order_by(Earning.collaboration_id)
            .limit(RELEASED_AT_ONCE)
        )
        released += sum(_release(session, collaboration_id, day) for collaboration_id in list(found))
    return released


def _brands_by_zone(session: Session) -> dict[str, list[int]]:
    rows = session.execute(
        select(Brand.timezone, Brand.id).where(
            select(Earning.id).where(Earning.brand_id == Brand.id, Earning.state == "pending").exists()
        )
    )
    zones: dict[str, list[int]] = defaultdict(list)
    for zone, brand_id in rows:
        zones[zone].append(brand_id)
    return zones


def _release(session: Session, collaboration_id: int, day: date) -> int:
    """Release one collaboration's rows, held against a second worker and a recompute meanwhile."""
    session.get_one(Collaboration, collaboration_id, with_for_update=True)
    rows = list(
        session.scalars(
            select(Earning)
            .where(Earning.collaboration_id == collaboration_id, Earning.state == "pending", Earning.hold_until <= day)
            .order_by(Earning.id)
        )
    )
    net = sum(row.amount_minor for row in rows)
    if not rows or net < 0:
        return 0
    for row in rows:
        row.state = "payable"
    session.flush()
    if net:
        stamp = hashlib.sha256(",".join(str(row.id) for row in rows).encode()).hexdigest()[:24]
        about, today = ("collaboration", collaboration_id), today_of(session, rows[0].brand_id)
        voucher = Voucher(rows[0].brand_id, f"release:{stamp}", about, today)
        postings.release_hold(session, voucher, collab_id=collaboration_id, amount=Money(net, rows[0].currency))
    return len(rows)


def settled(session: Session, collaboration_id: int) -> bool:
    """Whether nothing that was earned is still to be paid and every component could be told."""
    return not _unsettled(session, Collaboration.id == collaboration_id)


def may_complete(session: Session, question: MayComplete) -> list[Text]:
    """What money says against completing a collaboration."""
    return _unsettled(session, Collaboration.id == question.collaboration_id)


def may_complete_campaign(session: Session, question: MayCompleteCampaign) -> list[Text]:
    """What money says against completing a campaign: every collaboration of it must be settled."""
    return _unsettled(session, Collaboration.campaign_id == question.campaign_id)


def _unsettled(session: Session, which: ColumnElement[bool]) -> list[Text]:
    """What is owed stands against it. A debt does not: it is netted from what the influencer earns elsewhere."""
    waiting = session.execute(
        select(Earning.currency, func.sum(Earning.amount_minor))
        .join(Collaboration, Collaboration.id == Earning.collaboration_id)
        .where(which, Earning.settles == Settles.CASH, Earning.state.in_(OPEN))
        .group_by(Earning.collaboration_id, Earning.currency)
        .having(func.sum(Earning.amount_minor) > 0)
    )
    sums: dict[str, int] = defaultdict(int)
    for currency, minor in waiting:
        sums[currency] += int(minor)
    found = [
        T("%(amount)s of earnings are not paid yet.", amount=Money(minor, currency))
        for currency, minor in sorted(sums.items())
    ]
    held = session.scalar(
        select(func.count())
        .select_from(ComponentHold)
        .join(Collaboration, Collaboration.id == ComponentHold.collaboration_id)
        .where(which, ComponentHold.resolved_at.is_(None))
    )
    return [*found, T("A part of the pay is on hold: what it comes to is not known.")] if held else found
