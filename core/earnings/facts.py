"""What happened in a collaboration, as the facts that payment models are asked with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.campaigns.catalogue import DELIVERABLE_KINDS
from core.collaborations.models import Collaboration, Contract, Offer, Signature
from core.collaborations.signed import SIGNED
from core.content.lifecycle import PostState
from core.content.models import Deliverable, Post
from core.content.models import MetricReading as ReadingRow
from core.earnings.models import AgreementPeriod
from core.money import Money
from core.plugin_api.payment_models import (
    AgreementSigned,
    DeliverableApproved,
    EvidenceLevel,
    Fact,
    GiftDelivered,
    MetricReading,
    Period,
    Refund,
    Sale,
)
from core.plugin_api.text import Text
from core.sql import batched
from core.tracking.models import Gift
from core.tracking.models import Refund as RefundRow
from core.tracking.models import Sale as SaleRow

EVIDENCE = {
    "stated": EvidenceLevel.CLAIMED,
    "screenshot": EvidenceLevel.DOCUMENTED,
    "export": EvidenceLevel.DOCUMENTED,
    "connector": EvidenceLevel.MEASURED,
}


def signed_offer(session: Session, collaboration_id: int) -> Offer | None:
    """The offer behind the collaboration's signed contract, None while there is none."""
    return session.scalar(
        select(Offer)
        .join(Contract, Contract.offer_id == Offer.id)
        .where(Contract.collaboration_id == collaboration_id, Contract.state.in_(SIGNED))
        .order_by(Contract.id.desc())
        .limit(1)
    )


def facts_of(session: Session, collaboration: Collaboration, kinds: tuple[type[Fact], ...]) -> list[Fact]:
    """Everything of these kinds that has happened, one query for each."""
    sources = {
        AgreementSigned: _signing,
        DeliverableApproved: _approvals,
        Sale: _sales,
        Refund: _refunds,
        GiftDelivered: _gifts,
        Period: _periods,
        MetricReading: _readings,
    }
    wanted = (read for kind, read in sources.items() if issubclass(kind, kinds))
    return [fact for read in wanted for fact in read(session, collaboration)]


def _signing(session: Session, collaboration: Collaboration) -> list[Fact]:
    rows = session.execute(
        select(Contract.public_id, Contract.created_at, func.max(Signature.signed_at))
        .outerjoin(Signature, Signature.contract_id == Contract.id)
        .where(Contract.collaboration_id == collaboration.id, Contract.state.in_(SIGNED))
        .group_by(Contract.id)
        .order_by(Contract.id)
    )
    return [AgreementSigned(key=f"signed:{name}", at=signed or made) for name, made, signed in rows]


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
            title=_title(row),
            position=number,
            planned=len(rows),
            kind=row.kind,
            platform=row.platform,
        )
        for number, row in enumerate(rows, 1)
        if row.approved_at is not None
    ]


def _title(row: Deliverable) -> str | Text:
    return row.note or DELIVERABLE_KINDS.get(row.kind, row.kind)


def sales_of(session: Session, collaboration: Collaboration, sale_ids: Sequence[int]) -> list[Fact]:
    """The same of some sales alone, with all that was refunded of them."""
    return [
        fact
        for ids in batched(sale_ids)
        for fact in (
            *_sales(session, collaboration, SaleRow.id.in_(ids)),
            *_refunds(session, collaboration, RefundRow.sale_id.in_(ids)),
        )
    ]


def _sales(session: Session, collaboration: Collaboration, *which: ColumnElement[bool]) -> list[Fact]:
    rows = session.scalars(
        select(SaleRow).where(*which, SaleRow.collaboration_id == collaboration.id, SaleRow.state == "credited")
    )
    return [
        Sale(
            key=f"sale:{row.public_id}",
            at=row.sold_at,
            evidence=EvidenceLevel.MEASURED if row.source == "api" else EvidenceLevel.DOCUMENTED,
            order=row.external_id,
            amount=row.counted,
        )
        for row in rows
    ]


def _refunds(session: Session, collaboration: Collaboration, *which: ColumnElement[bool]) -> list[Fact]:
    rows = session.execute(
        select(RefundRow, SaleRow.public_id, SaleRow.external_id)
        .join(SaleRow, SaleRow.id == RefundRow.sale_id)
        .where(*which, SaleRow.collaboration_id == collaboration.id, SaleRow.state == "credited")
    )
    return [
        Refund(
            key=f"refund:{row.public_id}",
            at=row.refunded_at,
            evidence=EvidenceLevel.MEASURED if row.source == "api" else EvidenceLevel.DOCUMENTED,
            corrects=f"sale:{sale}",
            order=order,
            amount=row.counted,
        )
        for row, sale, order in rows
        if row.counted
    ]


def rates_of(session: Session, collaboration_id: int, *which: ColumnElement[bool]) -> dict[str, tuple[Money, SaleRow]]:
    """By fact the amount in its own currency and the sale whose rate finance has decided, where there was one."""
    decided = *which, SaleRow.collaboration_id == collaboration_id, SaleRow.credited_minor.is_not(None)
    sales = {f"sale:{row.public_id}": (row.amount, row) for row in session.scalars(select(SaleRow).where(*decided))}
    refunds = session.execute(select(RefundRow, SaleRow).join(SaleRow, SaleRow.id == RefundRow.sale_id).where(*decided))
    return {**sales, **{f"refund:{row.public_id}": (row.amount, sale) for row, sale in refunds}}


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


def _periods(session: Session, collaboration: Collaboration) -> list[Fact]:
    rows = session.scalars(
        select(AgreementPeriod).where(
            AgreementPeriod.collaboration_id == collaboration.id, AgreementPeriod.closed_at.is_not(None)
        )
    )
    return [
        Period(
            key=f"period:{row.public_id}",
            at=datetime.combine(row.ends_on, time(), UTC),
            start=row.starts_on,
            end=row.ends_on,
            month=row.month,
            month_start=row.month_start,
            month_end=row.month_end,
        )
        for row in rows
        if row.starts_on < row.ends_on
    ]


def _readings(session: Session, collaboration: Collaboration) -> list[Fact]:
    """The readings of posts that somebody saw to be what was approved."""
    rows = session.execute(
        select(ReadingRow, Post.public_id, Deliverable)
        .join(Post, Post.id == ReadingRow.post_id)
        .join(Deliverable, Deliverable.id == Post.deliverable_id)
        .where(Deliverable.collaboration_id == collaboration.id, Post.state == PostState.VERIFIED)
    )
    return [
        MetricReading(
            key=f"reading:{row.public_id}",
            at=row.read_at,
            evidence=_evidence(row),
            post=post,
            metric=row.metric,
            value=row.value,
            title=_title(deliverable),
        )
        for row, post, deliverable in rows
    ]


def _evidence(row: ReadingRow) -> EvidenceLevel:
    """What a screenshot or an export shows is checked when the brand's team has held it against the source."""
    level = EVIDENCE[row.evidence]
    return EvidenceLevel.CHECKED if row.checked and level is EvidenceLevel.DOCUMENTED else level
