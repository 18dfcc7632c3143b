"""Reading sales and gifts: lists in scope, sums by currency, and what waits for whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Select, Subquery, case, func, select, tuple_
from sqlalchemy.orm import Session

from core.accounts.models import Brand
from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration
from core.collaborations.terms import verbatim
from core.errors import Missing
from core.influencers.models import Relationship
from core.money import Money
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text
from core.tracking.codes import clean
from core.tracking.codes import code_of as code_of
from core.tracking.gifts import gifts_of as gifts_of
from core.tracking.lifecycle import GiftState, SaleState
from core.tracking.models import DiscountCode, Gift, Refund, Sale

if TYPE_CHECKING:
    from core.waiting import Waiting

PAGE = 50
LISTED = 200


@dataclass(frozen=True, slots=True)
class SaleRow:
    """A sale with what was given back, and whose it is."""

    sale: Sale
    refunded: Money
    campaign: str = ""
    name: str = ""

    @property
    def net(self) -> Money:
        """What is left of it."""
        return self.sale.amount - self.refunded


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of one currency: what was sold, what was given back."""

    currency: str
    count: int
    gross: Money
    refunded: Money

    @property
    def net(self) -> Money:
        """What is left."""
        return self.gross - self.refunded

    @classmethod
    def none(cls, currency: str) -> Sums:
        """Nothing yet."""
        return cls(currency, 0, Money.zero(currency), Money.zero(currency))

    def plus(self, count: int, gross: int, refunded: int) -> Sums:
        """With some more."""
        more = Money(gross, self.currency), Money(refunded, self.currency)
        return Sums(self.currency, self.count + count, self.gross + more[0], self.refunded + more[1])


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of a list, and the (public id, name) of the campaigns in it before one is chosen."""

    sums: list[Sums]
    campaigns: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SalesOf:
    """The sales of a collaboration: the newest rows, sums of what is credited, sums of what is on hold."""

    rows: list[SaleRow]
    credited: list[Sums]
    on_hold: list[Sums]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of sales shows."""

    state: str = ""
    campaign: str = ""
    q: str = ""


@dataclass(frozen=True, slots=True)
class GiftRow:
    """A gift with the names around it."""

    gift: Gift
    campaign: str
    name: str


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A discount code, whose it is, and how many sales it brought."""

    code: DiscountCode
    collaboration: Collaboration
    campaign: str
    name: str
    sales: int


_REFUNDED = (
    select(func.coalesce(func.sum(Refund.amount_minor), 0))
    .where(Refund.sale_id == Sale.id)
    .correlate(Sale)
    .scalar_subquery()
)


def _rows(conditions: Iterable[ColumnElement[bool]]) -> Select[Sale, int, str | None, str | None]:
    return (
        select(Sale, _REFUNDED, Campaign.name, Relationship.display_name)
        .outerjoin(Collaboration, Collaboration.id == Sale.collaboration_id)
        .outerjoin(Campaign, Campaign.id == Collaboration.campaign_id)
        .outerjoin(Relationship, Relationship.id == Collaboration.relationship_id)
        .where(*conditions)
        .order_by(Sale.sold_at.desc(), Sale.id.desc())
    )


def _fetch(session: Session, statement: Select[Sale, int, str | None, str | None]) -> list[SaleRow]:
    return [
        SaleRow(sale, Money(int(refunded), sale.currency), campaign or "", name or "")
        for sale, refunded, campaign, name in session.execute(statement)
    ]


def _conditions(actor: Actor, brand_id: int, wanted: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        Sale.brand_id == brand_id,
        Sale.brand_id.in_(actor.brands_with(Permission.SALES_READ)),
    ]
    if wanted.state:
        found.append(Sale.state == wanted.state)
    if wanted.campaign:
        in_campaign = (
            select(Collaboration.id)
            .join(Campaign, Campaign.id == Collaboration.campaign_id)
            .where(Campaign.public_id == wanted.campaign, Campaign.brand_id == brand_id)
        )
        found.append(Sale.collaboration_id.in_(in_campaign))
    if wanted.q:
        found.append(Sale.external_id.startswith(wanted.q, autoescape=True) | (Sale.code == clean(wanted.q)))
    return found


def list_sales(
    session: Session, actor: Actor, brand_id: int, wanted: Filters, *, after: str = "", limit: int = PAGE
) -> tuple[list[SaleRow], str]:
    """A page of a brand's sales, the newest first, and the mark to continue after, empty at the end."""
    conditions = _conditions(actor, brand_id, wanted)
    if after:
        mark = select(Sale.sold_at, Sale.id).where(Sale.public_id == after, Sale.brand_id == brand_id)
        conditions.append(tuple_(Sale.sold_at, Sale.id) < mark.scalar_subquery())
    rows = _fetch(session, _rows(conditions).limit(limit + 1))
    return rows[:limit], rows[limit - 1].sale.public_id if len(rows) > limit else ""


def totals(session: Session, actor: Actor, brand_id: int, wanted: Filters) -> Totals:
    """Sums of a whole list by currency, whatever its page, and the campaigns to choose from, in one statement."""
    given = _refunds_by_sale()
    rows = session.execute(
        select(
            Campaign.public_id,
            Campaign.name,
            Sale.currency,
            func.count(),
            func.sum(Sale.amount_minor),
            func.coalesce(func.sum(given.c.minor), 0),
        )
        .outerjoin(given, given.c.sale_id == Sale.id)
        .outerjoin(Collaboration, Collaboration.id == Sale.collaboration_id)
        .outerjoin(Campaign, Campaign.id == Collaboration.campaign_id)
        .where(*_conditions(actor, brand_id, replace(wanted, campaign="")))
        .group_by(Campaign.public_id, Campaign.name, Sale.currency)
        .order_by(Campaign.name, Campaign.public_id)
    ).all()
    sums: dict[str, Sums] = {}
    for campaign, _name, code, count, gross, back in rows:
        if not wanted.campaign or wanted.campaign == campaign:
            sums[code] = sums.get(code, Sums.none(code)).plus(count, int(gross), int(back))
    return Totals([sums[code] for code in sorted(sums)], list({row[0]: row[1] for row in rows if row[0]}.items()))


def _refunds_by_sale() -> Subquery:
    return select(Refund.sale_id, func.sum(Refund.amount_minor).label("minor")).group_by(Refund.sale_id).subquery()


def _sums(session: Session, conditions: Iterable[ColumnElement[bool]]) -> list[Sums]:
    given = select(Refund.sale_id, func.sum(Refund.amount_minor).label("minor")).group_by(Refund.sale_id).subquery()
    rows = session.execute(
        select(Sale.currency, func.count(), func.sum(Sale.amount_minor), func.coalesce(func.sum(given.c.minor), 0))
        .outerjoin(given, given.c.sale_id == Sale.id)
        .where(*conditions)
        .group_by(Sale.currency)
        .order_by(Sale.currency)
    )
    return [Sums(code, count, Money(int(gross), code), Money(int(back), code)) for code, count, gross, back in rows]


def sales_of(session: Session, collaboration_id: int) -> SalesOf:
    """The sales of a collaboration that the caller may see."""
    own = Sale.collaboration_id == collaboration_id
    return SalesOf(
        rows=_fetch(session, _rows([own]).limit(PAGE)),
        credited=_sums(session, [own, Sale.state == SaleState.CREDITED]),
        on_hold=_sums(session, [own, Sale.state == SaleState.ON_HOLD]),
    )


def get_sale(session: Session, actor: Actor, public_id: str) -> tuple[SaleRow, list[Refund]]:
    """A sale with its refunds; another brand's is `Missing`."""
    mine = Sale.brand_id.in_(actor.brands_with(Permission.SALES_READ))
    found = _fetch(session, _rows([Sale.public_id == public_id, mine]))
    if not found:
        raise Missing(T("There is no such sale."))
    refunds = select(Refund).where(Refund.sale_id == found[0].sale.id).order_by(Refund.refunded_at, Refund.id)
    return found[0], list(session.scalars(refunds))


def _gifts(conditions: Iterable[ColumnElement[bool]]) -> Select[Gift, str, str]:
    urgent = case((Gift.state == GiftState.APPROVED, 0), else_=1)
    return (
        select(Gift, Campaign.name, Relationship.display_name)
        .join(Collaboration, Collaboration.id == Gift.collaboration_id)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .join(Relationship, Relationship.id == Collaboration.relationship_id)
        .where(*conditions)
        .order_by(urgent, Gift.due_at.is_(None), Gift.due_at, Gift.id.desc())
    )


def list_gifts(session: Session, actor: Actor, brand_id: int, *, state: str = "") -> list[GiftRow]:
    """A brand's gifts: those to be sent first, at most 200."""
    conditions = [Gift.brand_id == brand_id, Gift.brand_id.in_(actor.brands_with(Permission.OFFER_READ))]
    if state:
        conditions.append(Gift.state == state)
    return [GiftRow(*row) for row in session.execute(_gifts(conditions).limit(LISTED))]


def gift_row(session: Session, gift: Gift) -> GiftRow:
    """The names around a gift that the caller may see."""
    return GiftRow(*session.execute(_gifts([Gift.id == gift.id])).one())


def waiting(session: Session, actor: Actor) -> list[Waiting]:
    """What waits for the actor's brands: gifts to be sent."""
    from core.waiting import Waiting

    mine = Gift.brand_id.in_(actor.brands_with(Permission.OFFER_EDIT))
    rows = session.execute(_gifts([mine, Gift.state == GiftState.APPROVED]).limit(LISTED))
    return [
        Waiting(
            title=T("Send “%(product)s” to %(name)s", product=gift.product, name=name),
            detail=verbatim(campaign),
            due_at=gift.due_at,
            endpoint="admin.gift",
            values={"public_id": gift.public_id},
        )
        for gift, campaign, name in rows
    ]


def waiting_for_influencer(session: Session, actor: Actor) -> list[Waiting]:
    """What waits for the influencer: an address to give, a gift to confirm."""
    from core.waiting import Waiting

    statement = (
        select(Gift, Brand.name)
        .join(Collaboration, Collaboration.id == Gift.collaboration_id)
        .join(Brand, Brand.id == Collaboration.brand_id)
        .where(Collaboration.influencer_id == actor.influencer_id, Collaboration.influencer_id.is_not(None))
        .where(Gift.state.in_(tuple(_OWN_TITLES)))
        .order_by(Gift.due_at, Gift.id)
        .limit(LISTED)
    )
    return [
        Waiting(
            title=Text(_OWN_TITLES[gift.state].msgid, {"product": gift.product}),
            detail=verbatim(brand),
            due_at=gift.due_at,
            endpoint="portal.gift",
            values={"public_id": gift.public_id},
        )
        for gift, brand in session.execute(statement)
    ]


_OWN_TITLES: dict[str, Text] = {
    GiftState.ADDRESS_MISSING: T("Say where to send “%(product)s”"),
    GiftState.SHIPPED: T("Has “%(product)s” arrived?"),
}


def list_codes(
    session: Session, actor: Actor, brand_id: int, *, after: str = "", limit: int = PAGE
) -> tuple[list[CodeRow], str]:
    """A page of a brand's discount codes, the newest first, and the mark to continue after."""
    count = (
        select(func.count())
        .where(Sale.collaboration_id == DiscountCode.collaboration_id, Sale.state == SaleState.CREDITED)
        .correlate(DiscountCode)
        .scalar_subquery()
    )
    statement = (
        select(DiscountCode, Collaboration, Campaign.name, Relationship.display_name, count)
        .join(Collaboration, Collaboration.id == DiscountCode.collaboration_id)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .join(Relationship, Relationship.id == Collaboration.relationship_id)
        .where(DiscountCode.brand_id == brand_id, DiscountCode.brand_id.in_(actor.brands_with(Permission.SALES_READ)))
        .order_by(DiscountCode.id.desc())
    )
    if after:
        mark = select(DiscountCode.id).where(DiscountCode.public_id == after, DiscountCode.brand_id == brand_id)
        statement = statement.where(DiscountCode.id < mark.scalar_subquery())
    rows = [CodeRow(*row) for row in session.execute(statement.limit(limit + 1))]
    return rows[:limit], rows[limit - 1].code.public_id if len(rows) > limit else ""
