"""Sales that wait for a decision of finance: whose turn it is, since when, and by when it is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from core.accounts.models import Brand
from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration
from core.errors import Missing
from core.influencers.models import Relationship
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text
from core.tracking.lifecycle import SaleState
from core.tracking.models import Sale
from core.waiting import Waiting

LISTED = 50


@dataclass(frozen=True, slots=True)
class HeldSale:
    """A sale that counts for nobody until finance has decided, and whose it would be."""

    sale: Sale
    collaboration: Collaboration
    campaign: Campaign
    name: str

    @property
    def currency(self) -> str:
        """The currency of the terms."""
        return self.collaboration.currency

    @property
    def due_at(self) -> datetime:
        """When what it earns could first go into a payout run: the end of its hold period."""
        return self.sale.sold_at + timedelta(days=self.campaign.hold_days)


def get_held(session: Session, actor: Actor, public_id: str) -> HeldSale:
    """A sale that waits or has waited, about which the actor may decide; `Missing` when it is another brand's."""
    found = session.execute(_named(_mine(actor), Sale.public_id == public_id)).one_or_none()
    if found is None:
        raise Missing(T("There is no such sale on hold here."))
    return HeldSale(*found)


def held_of(session: Session, sale: Sale) -> HeldSale | None:
    """The same of a sale that the caller may see, None when it does not wait."""
    found = session.execute(_held(Sale.id == sale.id)).one_or_none()
    return HeldSale(*found) if found else None


def waiting(session: Session, actor: Actor) -> list[Waiting]:
    """Sales about which the actor may decide, the most urgent first."""
    rows = [HeldSale(*found) for found in session.execute(_held(_mine(actor)).limit(LISTED))]
    return [
        Waiting(
            T("Decide about a sale of %(name)s in %(currency)s", name=row.name, currency=row.sale.currency),
            T(
                "Order %(order)s, %(amount)s: it counts for nobody yet.",
                order=row.sale.external_id,
                amount=row.sale.amount,
            ),
            row.due_at,
            "admin.sale_decision",
            {"public_id": row.sale.public_id},
        )
        for row in rows
    ]


def of_influencer(session: Session, actor: Actor) -> list[tuple[Text, str, str]]:
    """The influencer's own sales that wait: why and for whom, in which campaign, of which brand."""
    own = Collaboration.influencer_id == actor.influencer_id, Collaboration.influencer_id.is_not(None)
    rows = session.execute(_held(*own).add_columns(Brand.name).join(Brand, Brand.id == Sale.brand_id).limit(LISTED))
    return [(_told(sale), campaign.name, brand) for sale, _, campaign, _, brand in rows]


def _told(sale: Sale) -> Text:
    return T(
        "Order %(order)s: %(why)s The brand has to decide what it counts for.", order=sale.external_id, why=sale.why
    )


def _mine(actor: Actor) -> ColumnElement[bool]:
    return Sale.brand_id.in_(actor.brands_with(Permission.PAYOUT_APPROVE))


def _held(*conditions: ColumnElement[bool]) -> Select[Sale, Collaboration, Campaign, str]:
    return _named(Sale.state == SaleState.ON_HOLD, *conditions)


def _named(*conditions: ColumnElement[bool]) -> Select[Sale, Collaboration, Campaign, str]:
    return (
        select(Sale, Collaboration, Campaign, Relationship.display_name)
        .join(Collaboration, Collaboration.id == Sale.collaboration_id)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .join(Relationship, Relationship.id == Collaboration.relationship_id)
        .where(*conditions)
        .order_by(Sale.sold_at, Sale.id)
    )
