"""Reads of earnings: for the brand's pages, for the influencer's, for one collaboration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration
from core.earnings.models import ComponentHold, Earning
from core.errors import Missing
from core.influencers.models import Relationship
from core.lifecycle import Turn
from core.money import Money
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text
from core.waiting import Waiting

STATE_NAMES: dict[str, Text] = {
    "pending": T("On hold period"),
    "payable": T("Due to be paid"),
    "in_payout": T("In a payout"),
    "paid": T("Paid"),
    "written_off": T("Written off"),
    "booked": T("Booked as value"),
}
KIND_NAMES: dict[str, Text] = {
    "fixed": T("Fixed fee"),
    "commission": T("Commission"),
    "gift_value": T("Gift"),
    "gifting": T("Gift"),
    "retainer": T("Retainer"),
    "performance": T("Pay by result"),
    "advance": T("Advance"),
    "netted": T("Netted"),
    "hybrid": T("Hybrid"),
    "adjustment": T("Adjustment"),
}


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums by state in one currency."""

    currency: str
    pending: Money
    payable: Money
    in_payout: Money
    paid: Money
    value: Money

    @property
    def earned(self) -> Money:
        """All cash earned, whatever its state."""
        return self.pending + self.payable + self.in_payout + self.paid


def earnings_of(session: Session, collaboration_id: int) -> list[Earning]:
    """Every row of a collaboration, newest first."""
    return list(
        session.scalars(
            select(Earning)
            .where(Earning.collaboration_id == collaboration_id)
            .order_by(Earning.earned_at.desc(), Earning.id.desc())
        )
    )


def holds_of(session: Session, collaboration_id: int) -> list[ComponentHold]:
    """Components that cannot be told right now, each with its reason."""
    return list(
        session.scalars(
            select(ComponentHold).where(
                ComponentHold.collaboration_id == collaboration_id, ComponentHold.resolved_at.is_(None)
            )
        )
    )


def turn_of(hold: ComponentHold) -> Turn:
    """Who has to act for it to end: the brand decides about a plugin's new answer and about single orders.

    A model that is gone or does not work is brought back by whoever runs the installation.
    """
    if hold.incident or "order" in Text.from_json(hold.reason).params:
        return Turn.BRAND
    return Turn.INSTALLATION if hold.model and not hold.version else Turn.SYSTEM


def totals(session: Session, collaboration_ids: Sequence[int]) -> list[Totals]:
    """Sums by state, one entry a currency."""
    rows = session.execute(
        select(Earning.currency, Earning.state, Earning.settles, func.sum(Earning.amount_minor))
        .where(Earning.collaboration_id.in_(collaboration_ids))
        .group_by(Earning.currency, Earning.state, Earning.settles)
    ).all()
    return _totals([(c, s, k, int(n)) for c, s, k, n in rows])


def totals_of_influencer(session: Session, actor: Actor) -> list[Totals]:
    """The influencer's sums over all brands, one entry a currency."""
    rows = session.execute(
        select(Earning.currency, Earning.state, Earning.settles, func.sum(Earning.amount_minor))
        .join(Collaboration, Collaboration.id == Earning.collaboration_id)
        .where(Collaboration.influencer_id == actor.influencer_id)
        .group_by(Earning.currency, Earning.state, Earning.settles)
    ).all()
    return _totals([(c, s, k, int(n)) for c, s, k, n in rows])


def _totals(rows: Sequence[tuple[str, str, str, int]]) -> list[Totals]:
    result = []
    for currency in sorted({row[0] for row in rows}):
        mine = {(state, settles): amount for code, state, settles, amount in rows if code == currency}
        cash = {
            state: Money(mine.get((state, "cash"), 0), currency)
            for state in ("pending", "payable", "in_payout", "paid")
        }
        result.append(Totals(currency, value=Money(mine.get(("booked", "in_kind"), 0), currency), **cash))
    return result


@dataclass(frozen=True, slots=True)
class Listed:
    """An earning in a brand's list, with whom and what it is for."""

    earning: Earning
    collaboration: Collaboration
    campaign: Campaign
    name: str

    @property
    def reason(self) -> Text:
        """Why it was earned."""
        return Text.from_json(self.earning.reason)


@dataclass(frozen=True, slots=True)
class Held:
    """A component whose sum is not known, with whom and why."""

    hold: ComponentHold
    collaboration: Collaboration
    campaign: Campaign
    name: str

    @property
    def reason(self) -> Text:
        """Why it cannot be told."""
        return Text.from_json(self.hold.reason)

    @property
    def turn(self) -> Turn:
        """Who has to act for it to end."""
        return turn_of(self.hold)


def list_earnings(
    session: Session,
    actor: Actor,
    brand_id: int,
    *,
    state: str = "",
    search: str = "",
    collaboration: str = "",
    limit: int = 50,
    before: int | None = None,
) -> list[Listed]:
    """A brand's earnings, the newest first, by keyset, in one statement."""
    brands = actor.brands_with(Permission.MONEY_READ)
    query = _named(Earning).where(Earning.brand_id == brand_id, Earning.brand_id.in_(brands))
    query = query.order_by(Earning.id.desc()).limit(limit)
    if state:
        query = query.where(Earning.state == state)
    if search:
        found = Relationship.display_name.icontains(search, autoescape=True)
        query = query.where(found | Campaign.name.icontains(search, autoescape=True))
    if collaboration:
        query = query.where(Collaboration.public_id == collaboration)
    if before:
        query = query.where(Earning.id < before)
    return [Listed(*row) for row in session.execute(query)]


def list_holds(session: Session, actor: Actor, brand_id: int, *, limit: int = 50) -> list[Held]:
    """A brand's components whose sum is not known, the oldest first."""
    query = _holds(actor).where(ComponentHold.brand_id == brand_id)
    return [Held(*row) for row in session.execute(query.order_by(ComponentHold.id).limit(limit))]


def get_hold(session: Session, actor: Actor, public_id: str) -> Held:
    """A component that is on hold, with whom and why; `Missing` outside one's brands."""
    query = _holds(actor).where(ComponentHold.public_id == public_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise Missing(T("There is no such part of the pay on hold here."))
    return Held(*row)


def waiting(session: Session, actor: Actor) -> list[Waiting]:
    """Parts of the pay about which finance has to decide."""
    query = _holds(actor, Permission.PAYOUT_APPROVE).where(ComponentHold.incident)
    return [
        Waiting(
            T("Decide about the pay of %(name)s", name=row.name),
            T("A plugin counts otherwise than before."),
            row.hold.created_at,
            "admin.earnings_hold",
            {"public_id": row.hold.public_id},
        )
        for row in (Held(*found) for found in session.execute(query.order_by(ComponentHold.id).limit(20)))
    ]


def _holds(actor: Actor, right: Permission = Permission.MONEY_READ) -> Select[Any, Collaboration, Campaign, str]:
    brands = actor.brands_with(right)
    return _named(ComponentHold).where(ComponentHold.brand_id.in_(brands), ComponentHold.resolved_at.is_(None))


def _named(model: type[Earning] | type[ComponentHold]) -> Select[Any, Collaboration, Campaign, str]:
    return (
        select(model, Collaboration, Campaign, Relationship.display_name)
        .join(Collaboration, Collaboration.id == model.collaboration_id)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .join(Relationship, Relationship.id == Collaboration.relationship_id)
    )


def totals_of_brand(session: Session, actor: Actor, brand_id: int) -> list[Totals]:
    """A brand's sums by state, one entry a currency."""
    rows = session.execute(
        select(Earning.currency, Earning.state, Earning.settles, func.sum(Earning.amount_minor))
        .where(Earning.brand_id == brand_id, Earning.brand_id.in_(actor.brands_with(Permission.MONEY_READ)))
        .group_by(Earning.currency, Earning.state, Earning.settles)
    )
    return _totals([(c, s, k, int(n)) for c, s, k, n in rows])
