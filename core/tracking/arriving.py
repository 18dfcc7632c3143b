"""Sales that a source tells by itself, by a list or a message: judged, booked, and kept in view where that cannot be.

The same record told again changes nothing, however it comes. A refund that came before its order waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.orm import Session

from core import clock, typed
from core.permissions import SYSTEM, Actor, Permission
from core.plugin_api.sales_sources import RefundRecord, SaleRecord, SalesRecord
from core.plugin_host.purge import PluginPurged, WouldGo
from core.sql import batched
from core.tracking.models import LeftOut
from core.tracking.sales import Verdict, book, hold_brand, judge

KEPT = timedelta(days=90)
"""How long a record that could not be taken stays in view."""
LISTED = 20


def sound(records: object) -> list[SalesRecord]:
    """The records of a plugin; `TypeError` or `ValueError` for what neither can be judged nor stored."""
    if not isinstance(records, Sequence) or isinstance(records, str | bytes):
        raise TypeError(f"records come as a sequence, not {type(records).__name__}")
    for record in records:
        _check(record)
    return list(records)


def take(session: Session, *, brand_id: int, source: str, records: Sequence[SalesRecord]) -> int:
    """Book what is new of a source's records, and note what cannot be taken; the number of new ones.

    Holds the brand's row, so that two sources of one brand follow each other.
    """
    hold_brand(session, brand_id)
    verdicts = judge(session, brand_id, [*records, *_waiting(session, brand_id, source, records)])
    book(session, SYSTEM, brand_id=brand_id, source=source, verdicts=verdicts)
    _note(session, brand_id, source, verdicts)
    return sum(1 for verdict in verdicts if not verdict.fault and not verdict.known)


def left_out(session: Session, actor: Actor, brand_id: int) -> list[LeftOut]:
    """What a brand's sources told and nobody could take, the latest first: one more than `LISTED` when there are."""
    mine = LeftOut.brand_id == brand_id, LeftOut.brand_id.in_(actor.brands_with(Permission.SALES_READ))
    latest = (
        select(LeftOut)
        .where(*mine, LeftOut.told_at > clock.now() - KEPT)
        .order_by(LeftOut.told_at.desc(), LeftOut.id.desc())
    )
    return list(session.scalars(latest.limit(LISTED + 1)))


def on_purged(session: Session, event: PluginPurged) -> None:
    """Forget what the sources of a plugin told that is gone for good."""
    session.execute(delete(LeftOut).where(_told_by(event)))


def on_look(session: Session, event: WouldGo) -> None:
    """Say how many would go with the plugin."""
    count = select(func.count()).select_from(LeftOut).where(_told_by(event))
    event.found["records not taken"] += session.scalar(count) or 0


def _told_by(event: PluginPurged | WouldGo) -> ColumnElement[bool]:
    return LeftOut.source.in_(event.provides.get("sales_sources", ()))


def _check(record: object) -> None:
    if not isinstance(record, SaleRecord | RefundRecord):
        raise TypeError(f"a record is a SaleRecord or a RefundRecord, not {type(record).__name__}")
    other = record.code if isinstance(record, SaleRecord) else record.refund_of
    for text in (record.external_id, other):
        if not typed.storable(text):
            raise TypeError("numbers and codes of orders are texts without control characters")


def _waiting(session: Session, brand_id: int, source: str, records: Sequence[SalesRecord]) -> list[RefundRecord]:
    """Refunds that were told before the orders that come now, and are not told again with them."""
    told = {record.external_id for record in records if isinstance(record, RefundRecord)}
    orders = sorted({record.external_id for record in records if isinstance(record, SaleRecord)} - {""})
    return [
        RefundRecord(row.external_id, row.refund_of, row.amount, row.happened_at)
        for part in batched(orders)
        for row in session.scalars(_of(brand_id, source).where(LeftOut.refund_of.in_(part)))
        if row.external_id not in told
    ]


def _note(session: Session, brand_id: int, source: str, verdicts: Sequence[Verdict]) -> None:
    """Keep the records that have a fault, and forget those that have none any more."""
    rows = _rows(session, brand_id, source, sorted({key for key, _ in map(_key, verdicts)}))
    for verdict in verdicts:
        key = _key(verdict)
        row = rows.get(key)
        if verdict.fault is None:
            if row is not None:
                session.delete(rows.pop(key))
            continue
        if row is None:
            row = rows[key] = _row(brand_id, source, verdict.record)
            session.add(row)
        row.reason, row.told_at = verdict.fault.message.to_json(), clock.now()
    session.flush()
    old = LeftOut.brand_id == brand_id, LeftOut.source == source, LeftOut.told_at < clock.now() - KEPT
    session.execute(delete(LeftOut).where(*old))


def _rows(session: Session, brand_id: int, source: str, numbers: Sequence[str]) -> dict[tuple[str, str], LeftOut]:
    return {
        (row.external_id, row.refund_of): row
        for part in batched(numbers)
        for row in session.scalars(_of(brand_id, source).where(LeftOut.external_id.in_(part)))
    }


def _of(brand_id: int, source: str) -> Select[LeftOut]:
    return select(LeftOut).where(LeftOut.brand_id == brand_id, LeftOut.source == source)


def _key(verdict: Verdict) -> tuple[str, str]:
    record = verdict.record
    return record.external_id[:120], (record.refund_of[:120] if isinstance(record, RefundRecord) else "")


def _row(brand_id: int, source: str, record: SalesRecord) -> LeftOut:
    minor = max(min(record.amount.minor, typed.MOST_MINOR), -typed.MOST_MINOR)  # beyond it, shown only
    return LeftOut(
        brand_id=brand_id,
        source=source,
        external_id=record.external_id[:120],
        refund_of=record.refund_of[:120] if isinstance(record, RefundRecord) else "",
        amount_minor=minor,
        currency=record.amount.currency,
        happened_at=record.at,
    )
