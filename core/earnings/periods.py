"""The months of an agreement, for models that pay by them: opened at the signing, cut by a pause and by the end.

A stretch is a row. It is open while it runs; closed it is a fact for ever, whatever the brand's time zone becomes.
The day of a pause or of the end is not part of it, the day on which work goes on is.
"""

from __future__ import annotations

import calendar
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import clock
from core.accounts.calendar import today_of
from core.accounts.models import Brand
from core.collaborations.models import Collaboration
from core.deals.evaluate import AnyDeal
from core.deals.terms import months_by_component
from core.earnings.facts import signed_offer
from core.earnings.models import AgreementPeriod
from core.plugin_api.deal import Deal
from core.plugin_api.payment_models import Period
from core.plugin_host.host import PluginHost

CLOSED_AT_ONCE = 200


def begin(session: Session, host: PluginHost, collaboration_id: int) -> None:
    """Open the first month on the day of the signing, where a part of the deal pays by months. Done once."""
    collaboration = session.get_one(Collaboration, collaboration_id, with_for_update=True)
    offer = signed_offer(session, collaboration_id)
    if offer is not None and _started(session, collaboration_id) is None and _planned(host, offer.components, 1):
        today = today_of(session, collaboration.brand_id)
        _open(session, collaboration, today, 1, today)


def interrupt(session: Session, host: PluginHost, collaboration_id: int) -> None:
    """Cut the month that runs: from today on it is not counted."""
    collaboration = session.get_one(Collaboration, collaboration_id, with_for_update=True)
    today = today_of(session, collaboration.brand_id)
    running = _roll(session, host, collaboration, today)
    if running is not None:
        running.ends_on, running.closed_at = today, clock.now()
        session.flush()


def resume(session: Session, host: PluginHost, collaboration_id: int) -> None:
    """Count on from today, in whatever month of the agreement that is."""
    collaboration = session.get_one(Collaboration, collaboration_id, with_for_update=True)
    started = _started(session, collaboration_id)
    if started is None or _running(session, collaboration_id):
        return
    today = today_of(session, collaboration.brand_id)
    month = (today.year - started.year) * 12 + today.month - started.month
    month += 1 if month_of(started, month + 1) <= today else 0
    offer = signed_offer(session, collaboration_id)
    if offer is not None and _planned(host, offer.components, month):
        _open(session, collaboration, started, month, today)


def close_due(session: Session, host: PluginHost) -> list[int]:
    """Close the months that have ended where the brand is and open the next; says whose, each once."""
    zones = session.execute(
        select(Brand.timezone, Brand.id)
        .join(AgreementPeriod, AgreementPeriod.brand_id == Brand.id)
        .where(AgreementPeriod.closed_at.is_(None))
        .distinct()
    ).all()
    changed: list[int] = []
    for zone in sorted({zone for zone, _ in zones}):
        today, brands = clock.today(zone), [brand for where, brand in zones if where == zone]
        due = session.scalars(
            select(AgreementPeriod.collaboration_id)
            .where(AgreementPeriod.brand_id.in_(brands), AgreementPeriod.closed_at.is_(None))
            .where(AgreementPeriod.ends_on <= today)
            .order_by(AgreementPeriod.collaboration_id)
            .limit(CLOSED_AT_ONCE)
        )
        for collaboration_id in list(due):
            collaboration = session.get_one(Collaboration, collaboration_id, with_for_update=True)
            _roll(session, host, collaboration, today)
            changed.append(collaboration_id)
    return changed


def month_of(started: date, number: int) -> date:
    """The first day of the `number`th month of an agreement; a day that a month lacks is its last."""
    months = started.month - 1 + number - 1
    year, month = started.year + months // 12, months % 12 + 1
    return date(year, month, min(started.day, calendar.monthrange(year, month)[1]))


def _roll(session: Session, host: PluginHost, collaboration: Collaboration, today: date) -> AgreementPeriod | None:
    """Close what has ended by today, month by month; the stretch that runs, None when none does."""
    running = _running(session, collaboration.id)
    while running is not None and running.ends_on <= today:
        running.closed_at = clock.now()
        session.flush()
        last, running = running, None
        started, offer = _started(session, collaboration.id), signed_offer(session, collaboration.id)
        if started and offer and _planned(host, offer.components, last.month + 1):
            running = _open(session, collaboration, started, last.month + 1, last.month_end)
    return running


def _open(session: Session, collaboration: Collaboration, started: date, month: int, day: date) -> AgreementPeriod:
    first, last = month_of(started, month), month_of(started, month + 1)
    row = AgreementPeriod(
        brand_id=collaboration.brand_id,
        collaboration_id=collaboration.id,
        month=month,
        month_start=first,
        month_end=last,
        starts_on=day,
        ends_on=last,
    )
    session.add(row)
    session.flush()
    return row


def _planned(host: PluginHost, deal: AnyDeal, month: int) -> bool:
    """Whether a part of the deal wants to know of this month: one that names no number wants all of them."""
    months = months_by_component(host, deal)
    for component in Deal.of(deal).components:
        model = host.payment_models.get(component.model)
        if model is None or (Period in model.uses and month <= (months[component.id] or month)):
            return True
    return False


def _started(session: Session, collaboration_id: int) -> date | None:
    return session.scalar(
        select(func.min(AgreementPeriod.month_start)).where(AgreementPeriod.collaboration_id == collaboration_id)
    )


def _running(session: Session, collaboration_id: int) -> AgreementPeriod | None:
    return session.scalar(
        select(AgreementPeriod).where(
            AgreementPeriod.collaboration_id == collaboration_id, AgreementPeriod.closed_at.is_(None)
        )
    )
