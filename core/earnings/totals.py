"""What each component comes to: by it a new sale is held to its cap and its guarantee without adding all up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.collaborations.models import Collaboration
from core.earnings.incidents import Case
from core.earnings.models import ComponentTotal, Earning
from core.plugin_api.payment_models import Settles
from core.plugin_host.host import PluginHost

Totals = dict[str, ComponentTotal]


def totals_of(session: Session, collaboration_id: int) -> Totals:
    """The totals of a collaboration by component; empty before it was counted as a whole."""
    rows = session.scalars(select(ComponentTotal).where(ComponentTotal.collaboration_id == collaboration_id))
    return {row.component_id: row for row in rows}


def count_anew(session: Session, host: PluginHost, case: Case, made: Iterable[Earning]) -> None:
    """Write the totals from all rows, after everything was counted."""
    totals = totals_of(session, case.collaboration.id)
    for row in totals.values():
        row.net_minor = row.given_minor = 0
    for component in case.deal.components:
        total = total_of(session, case.collaboration, totals, component.id, component.terms.currency)
        model = host.payment_models.get(component.model)
        total.model_version = model.version if model else ""
        total.latest_at = _latest(f.at for f in case.facts if model is None or isinstance(f, model.uses))
    for one in case.booked.values():
        if one.first.settles == Settles.CASH:
            first = one.first
            add(total_of(session, case.collaboration, totals, first.component_id, first.currency), one.minor, one.given)
    add_rows(session, case.collaboration, totals, made)


def add_rows(session: Session, collaboration: Collaboration, totals: Totals, made: Iterable[Earning]) -> None:
    """Count rows that were just written."""
    for row in made:
        if row.settles == Settles.CASH:
            total = total_of(session, collaboration, totals, row.component_id, row.currency)
            add(total, row.amount_minor, max(row.amount_minor, 0))


def add(total: ComponentTotal, net: int, given: int) -> None:
    """Count what was booked of a component."""
    total.net_minor += net
    total.given_minor += given


def total_of(
    session: Session, collaboration: Collaboration, totals: Totals, component_id: str, currency: str
) -> ComponentTotal:
    """A component's total, a new one of nothing where there is none."""
    if component_id not in totals:
        totals[component_id] = ComponentTotal(
            brand_id=collaboration.brand_id,
            collaboration_id=collaboration.id,
            component_id=component_id,
            net_minor=0,
            given_minor=0,
            currency=currency,
            model_version="",
        )
        session.add(totals[component_id])
    return totals[component_id]


def _latest(moments: Iterable[datetime]) -> datetime | None:
    return max(moments, default=None)
