"""Taking sales and refunds: each record is judged first, then all the good ones are booked together.

A sale is credited by its discount code, while the contract of that code is in force. The same
order told twice is one sale; a refund takes from a known order, and never more than it brought.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, clock, typed
from core.accounts.models import Brand
from core.collaborations.lifecycle import ContractState
from core.collaborations.models import Collaboration, Contract, Signature
from core.events import publish
from core.lifecycle import Transition
from core.money import Money, half_even
from core.permissions import Actor
from core.plugin_api.sales_sources import RefundRecord, SaleRecord, SalesRecord
from core.plugin_api.text import T, Text
from core.tracking.codes import clean
from core.tracking.events import SaleCredited, SaleRefunded
from core.tracking.lifecycle import SaleState
from core.tracking.models import DiscountCode, Refund, Sale

CHUNK = 500
OLDEST_YEAR = 2000
AHEAD = timedelta(days=1)
IN_FORCE = (ContractState.ACTIVE, ContractState.COMPLETED, ContractState.TERMINATED)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record cannot be taken; `part` is number, order, amount, currency or at."""

    part: str
    message: Text


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a record: a fault, or the state it gets. `known` was told before and changes nothing."""

    record: SalesRecord
    state: str = ""
    reason: Text | None = None
    collaboration_id: int | None = None
    known: bool = False
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a code stands for, and from when until when."""

    collaboration_id: int
    currency: str
    signed_at: datetime | None
    ended_at: datetime | None


@dataclass(slots=True)
class _Order:
    """An order as far as it is known: stored before, or earlier in this batch."""

    amount: Money
    at: datetime
    code: str
    state: str
    collaboration_id: int | None
    refunded: int = 0
    reason: Text | None = None


class _Faulty(Exception):
    def __init__(self, part: str, message: Text) -> None:
        self.fault = Fault(part, message)


def judge(session: Session, brand_id: int, records: Sequence[SalesRecord]) -> list[Verdict]:
    """What would become of each record, in their order; nothing is written."""
    bench = _Bench(session, brand_id, records)
    verdicts: dict[int, Verdict] = {}
    for kind in (SaleRecord, RefundRecord):  # a refund may stand before its sale
        for index, record in enumerate(records):
            if isinstance(record, kind):
                verdicts[index] = bench.judge(record)
    return [verdicts[index] for index in range(len(records))]


def book(
    session: Session, actor: Actor, *, brand_id: int, source: str, verdicts: Iterable[Verdict]
) -> tuple[list[Sale], list[Refund]]:
    """Write what is new and has no fault, and tell upper rooms once per collaboration."""
    new = [verdict for verdict in verdicts if not verdict.fault and not verdict.known]
    sales = [_sale(brand_id, source, v, v.record) for v in new if isinstance(v.record, SaleRecord)]
    session.add_all(sales)
    session.flush()
    given = [v.record for v in new if isinstance(v.record, RefundRecord)]
    orders = _by_number(session, brand_id, {record.refund_of for record in given})
    refunds = _share_out(session, orders, [_refund(brand_id, source, orders[r.refund_of], r) for r in given])
    session.add_all(refunds)
    session.flush()
    if new:
        detail = {"source": source, "sales": len(sales), "refunds": len(refunds)}
        audit.record(session, actor=actor, brand_id=brand_id, action="sales.take", detail=detail)
    _tell(session, sales, [(refund, orders[record.refund_of]) for refund, record in zip(refunds, given, strict=True)])
    return sales, refunds


def shares(sale: Sale, before: int, refunds: Iterable[int]) -> list[int]:
    """What each refund takes, in their order, of what a sale counts for by decision, after `before` came back."""
    whole, parts = sale.credited_minor or 0, []
    for minor in refunds:
        taken, before = half_even(Fraction(whole * before, sale.amount_minor)), before + minor
        parts.append(half_even(Fraction(whole * before, sale.amount_minor)) - taken)
    return parts


def _share_out(session: Session, orders: Mapping[str, Sale], refunds: list[Refund]) -> list[Refund]:
    """The new refunds, those of sales that count by decision with their share of it."""
    decided = {sale.id: sale for sale in orders.values() if sale.credited_minor is not None}
    taken = _taken(session, decided)
    for refund in refunds:
        if sale := decided.get(refund.sale_id):
            (refund.credited_minor,) = shares(sale, taken.get(sale.id, 0), [refund.amount_minor])
            refund.credited_currency = sale.credited_currency
            taken[sale.id] = taken.get(sale.id, 0) + refund.amount_minor
    return refunds


def hold_brand(session: Session, brand_id: int) -> Brand:
    """The brand's row, held so that two files of one brand follow each other."""
    return session.get_one(Brand, brand_id, with_for_update=True)


def _tell(session: Session, sales: Iterable[Sale], refunds: Iterable[tuple[Refund, Sale]]) -> None:
    credited: dict[int | None, list[int]] = defaultdict(list)
    for sale in sales:
        if sale.state == SaleState.CREDITED:
            credited[sale.collaboration_id].append(sale.id)
    refunded: dict[int | None, list[tuple[int, int]]] = defaultdict(list)
    for row, sale in refunds:
        if sale.state == SaleState.CREDITED:
            refunded[sale.collaboration_id].append((row.id, sale.id))
    for collaboration_id, ids in credited.items():
        if collaboration_id:
            publish(session, SaleCredited(ids[-1], collaboration_id, tuple(ids)))
    for collaboration_id, pairs in refunded.items():
        if collaboration_id:
            taken_from = tuple({sale_id: None for _, sale_id in pairs})
            publish(session, SaleRefunded(pairs[-1][0], collaboration_id, taken_from))


def _sale(brand_id: int, source: str, verdict: Verdict, record: SaleRecord) -> Sale:
    return Sale(
        brand_id=brand_id,
        external_id=record.external_id,
        source=source,
        code=clean(record.code),
        collaboration_id=verdict.collaboration_id,
        amount_minor=record.amount.minor,
        currency=record.amount.currency,
        sold_at=record.at,
        state=verdict.state,
        reason=verdict.reason.to_json() if verdict.reason else None,
    )


def _refund(brand_id: int, source: str, sale: Sale, record: RefundRecord) -> Refund:
    return Refund(
        brand_id=brand_id,
        sale_id=sale.id,
        external_id=record.external_id,
        source=source,
        amount_minor=record.amount.minor,
        currency=record.amount.currency,
        refunded_at=record.at,
    )


class _Bench:
    """Judges the records of one batch against what is stored and against each other."""

    def __init__(self, session: Session, brand_id: int, records: Sequence[SalesRecord]) -> None:
        zone = session.scalar(select(Brand.timezone).where(Brand.id == brand_id))
        self.zone = ZoneInfo(zone or "UTC")
        sold = [record for record in records if isinstance(record, SaleRecord)]
        back = [record for record in records if isinstance(record, RefundRecord)]
        self.codes = _terms(session, brand_id, {clean(record.code) for record in sold if record.code})
        numbers = {record.external_id for record in sold} | {record.refund_of for record in back}
        self.orders = _orders(session, brand_id, numbers)
        self.refunds = _refunds(session, brand_id, {record.external_id for record in back})

    def judge(self, record: SalesRecord) -> Verdict:
        """A fault, or what the record becomes; it counts for the records after it."""
        try:
            _plausible(record)
            return self._sale(record) if isinstance(record, SaleRecord) else self._refund(record)
        except _Faulty as error:
            return Verdict(record, fault=error.fault)

    def _sale(self, record: SaleRecord) -> Verdict:
        code, order = clean(record.code), self.orders.get(record.external_id)
        if order is None:
            state, reason, collaboration_id = self._credit(code, record)
            told = _Order(record.amount, record.at, code, state, collaboration_id, reason=reason)
            self.orders[record.external_id] = told
            return Verdict(record, state, reason, collaboration_id)
        if order.amount != record.amount:
            raise _Faulty("amount", T("This order was told before with %(amount)s.", amount=order.amount))
        if order.code != code:
            message = T("This order was told before with another discount code: %(code)s.", code=order.code or "–")
            raise _Faulty("code", message)
        return Verdict(record, order.state, order.reason, order.collaboration_id, known=True)

    def _credit(self, code: str, record: SaleRecord) -> tuple[str, Text | None, int | None]:
        """(state, why it is not credited, whose it is)."""
        terms = self.codes.get(code)
        if not code:
            return SaleState.UNCREDITED, T("The order has no discount code."), None
        if terms is None:
            return SaleState.UNCREDITED, T("The code %(code)s belongs to no collaboration.", code=code), None
        if terms.signed_at is None or self._day(record.at) < self._day(terms.signed_at):
            return SaleState.UNCREDITED, T("Sold before the contract was signed."), terms.collaboration_id
        if terms.ended_at and record.at > terms.ended_at:
            return SaleState.UNCREDITED, T("Sold after the collaboration had ended."), terms.collaboration_id
        if record.amount.currency != terms.currency:
            told = {"sold": record.amount.currency, "agreed": terms.currency}
            reason = T("Sold in %(sold)s, while the campaign is in %(agreed)s.", **told)
            return SaleState.ON_HOLD, reason, terms.collaboration_id
        return SaleState.CREDITED, None, terms.collaboration_id

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def _refund(self, record: RefundRecord) -> Verdict:
        order, before = self.orders.get(record.refund_of), self.refunds.get(record.external_id)
        if before is not None:
            if before != (record.refund_of, record.amount):
                raise _Faulty("number", T("This refund was told before, of another order or amount."))
            return Verdict(record, known=True)
        if order is None:
            raise _Faulty("order", T("There is no order %(order)s.", order=record.refund_of))
        if order.amount.currency != record.amount.currency:
            raise _Faulty("currency", T("The order is in %(currency)s.", currency=order.amount.currency))
        if self._day(record.at) < self._day(order.at):  # many shops tell no time of day
            raise _Faulty("at", T("The order is of %(day)s: it cannot be refunded before.", day=self._day(order.at)))
        left = Money(order.amount.minor - order.refunded, order.amount.currency)
        if record.amount > left:
            raise _Faulty("amount", T("Only %(left)s of this order can still be refunded.", left=left))
        order.refunded += record.amount.minor
        self.refunds[record.external_id] = (record.refund_of, record.amount)
        return Verdict(record, order.state, collaboration_id=order.collaboration_id)


def _plausible(record: SalesRecord) -> None:
    if not record.external_id.strip() or len(record.external_id) > 120:
        raise _Faulty("number", T("Enter the number of the order."))
    if record.at.year < OLDEST_YEAR or record.at.year > clock.now().year + 1 or record.at > clock.now() + AHEAD:
        raise _Faulty("at", T("This moment is too far away."))
    least, most = (0 if isinstance(record, SaleRecord) else 1), typed.MOST_MINOR
    if not least <= record.amount.minor <= most:
        bounds = {name: Money(minor, record.amount.currency) for name, minor in (("least", least), ("most", most))}
        raise _Faulty("amount", T("An amount lies between %(least)s and %(most)s.", **bounds))


def _chunks(values: Iterable[V]) -> Iterator[list[V]]:
    whole = sorted(values, key=str)
    yield from (whole[start : start + CHUNK] for start in range(0, len(whole), CHUNK))


def _by_number(session: Session, brand_id: int, numbers: Iterable[str]) -> dict[str, Sale]:
    return {
        sale.external_id: sale
        for part in _chunks(numbers)
        for sale in session.scalars(select(Sale).where(Sale.brand_id == brand_id, Sale.external_id.in_(part)))
    }


def _orders(session: Session, brand_id: int, numbers: Iterable[str]) -> dict[str, _Order]:
    stored = _by_number(session, brand_id, numbers)
    taken = _taken(session, [sale.id for sale in stored.values()])
    return {
        number: _Order(
            sale.amount, sale.sold_at, sale.code, sale.state, sale.collaboration_id, taken.get(sale.id, 0), sale.why
        )
        for number, sale in stored.items()
    }


def _taken(session: Session, sales: Iterable[int]) -> dict[int, int]:
    """By sale what was given back of it so far."""
    taken: dict[int, int] = {}
    for part in _chunks(sales):
        rows = session.execute(
            select(Refund.sale_id, func.sum(Refund.amount_minor))
            .where(Refund.sale_id.in_(part))
            .group_by(Refund.sale_id)
        )
        taken.update({sale_id: int(amount) for sale_id, amount in rows})
    return taken


def _refunds(session: Session, brand_id: int, numbers: Iterable[str]) -> dict[str, tuple[str, Money]]:
    return {
        row.external_id: (order, row.amount)
        for part in _chunks(numbers)
        for row, order in session.execute(
            select(Refund, Sale.external_id)
            .join(Sale, Sale.id == Refund.sale_id)
            .where(Refund.brand_id == brand_id, Refund.external_id.in_(part))
        )
    }


def _terms(session: Session, brand_id: int, codes: Iterable[str]) -> Mapping[str, _Terms]:
    of_this = (Contract.collaboration_id == Collaboration.id, Contract.state.in_(IN_FORCE))
    signed = select(func.max(Signature.signed_at)).join(Contract, Contract.id == Signature.contract_id).where(*of_this)
    ended = (
        select(func.max(Transition.at))
        .join(Contract, Contract.id == Transition.object_id)
        .where(Transition.object_type == Contract.__tablename__, Transition.to_state.in_(IN_FORCE[1:]), *of_this)
    )
    whole = (
        select(
            DiscountCode.code,
            Collaboration.id,
            Collaboration.currency,
            signed.correlate(Collaboration).scalar_subquery(),
            ended.correlate(Collaboration).scalar_subquery(),
        )
        .join(Collaboration, Collaboration.id == DiscountCode.collaboration_id)
        .where(DiscountCode.brand_id == brand_id)
    )
    return {
        code: _Terms(collaboration_id, currency, signed_at, ended_at)
        for part in _chunks(codes)
        for code, collaboration_id, currency, signed_at, ended_at in session.execute(
            whole.where(DiscountCode.code.in_(part))
        )
    }
