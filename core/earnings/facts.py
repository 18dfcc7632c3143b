"""What happened in a collaboration, as the facts that payment models are asked with."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.campaigns.catalogue import DELIVERABLE_KINDS
from core.collaborations.models import Collaboration
from core.content.models import Deliverable
from core.money import Money
from core.plugin_api.payment_models import DeliverableApproved, EvidenceLevel, Fact, GiftDelivered, Refund, Sale
from core.tracking.models import Gift
from core.tracking.models import Refund as RefundRow
from core.tracking.models import Sale as SaleRow


def facts_of(session: Session, collaboration: Collaboration) -> list[Fact]:
    """Approvals, credited sales, their refunds and gifts that arrived; three queries and one more."""
    return [
        *_approvals(session, collaboration),
        *_sales(session, collaboration),
        *_refunds(session, collaboration),
        *_gifts(session, collaboration),
    ]


def _approvals(session: Session, collaboration: Collaboration) -> list[Fact]:
    rows = list(
        session.scalars(
            select(Deliverable)
            .where(Deliverable.collaboration_id == collaboration.id)
            .order_by(Deliverable.position, Deliverable.id)
        )
    )
    return [
        DeliverableApproved(
            key=f"deliverable:{row.public_id}",
            at=row.approved_at,
            deliverable=row.public_id,
            title=row.note or DELIVERABLE_KINDS.get(row.kind, row.kind),
            position=number,
            planned=len(rows),
        )
        for number, row in enumerate(rows, 1)
        if row.approved_at is not None
    ]


def _sales(session: Session, collaboration: Collaboration) -> list[Fact]:
    rows = session.scalars(
        select(SaleRow).where(SaleRow.collaboration_id == collaboration.id, SaleRow.state == "credited")
    )
    return [
        Sale(
            key=f"sale:{row.public_id}",
            at=row.sold_at,
            evidence=EvidenceLevel.MEASURED if row.source == "api" else EvidenceLevel.DOCUMENTED,
            order=row.external_id,
            amount=Money(row.amount_minor, row.currency),
        )
        for row in rows
    ]


def _refunds(session: Session, collaboration: Collaboration) -> list[Fact]:
    rows = session.execute(
        select(RefundRow, SaleRow.public_id, SaleRow.external_id)
        .join(SaleRow, SaleRow.id == RefundRow.sale_id)
        .where(SaleRow.collaboration_id == collaboration.id, SaleRow.state == "credited")
    )
    return [
        Refund(
            key=f"refund:{row.public_id}",
            at=row.refunded_at,
            evidence=EvidenceLevel.MEASURED if row.source == "api" else EvidenceLevel.DOCUMENTED,
            corrects=f"sale:{sale}",
            order=order,
            amount=Money(row.amount_minor, row.currency),
        )
        for row, sale, order in rows
    ]


def _gifts(session: Session, collaboration: Collaboration) -> list[Fact]:
    rows = session.scalars(select(Gift).where(Gift.collaboration_id == collaboration.id, Gift.state == "delivered"))
    return [
        GiftDelivered(
            key=f"gift:{row.public_id}",
            at=row.delivered_at or row.created_at,
            component=row.component_id,
            gift=row.public_id,
        )
        for row in rows
    ]
