"""What an influencer sees of their money: every amount with why, by which terms, whose turn it is and when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from core import clock
from core.accounts.models import Brand
from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration
from core.earnings.models import ComponentHold, Earning
from core.earnings.queries import turn_of
from core.lifecycle import Turn
from core.money import Money
from core.payouts.contested import in_doubt
from core.payouts.lifecycle import PAYOUT, State
from core.payouts.limits import DEFAULT, REST, limits_of, rails_of
from core.payouts.models import Payout, PayoutLine
from core.payouts.onboarding import Standing
from core.permissions import Actor
from core.plugin_api.text import T, Text
from core.plugin_host.host import PluginHost

LINES = 100
UNDER_WAY = (State.PROCESSING, State.REQUIRES_ACTION, State.UNKNOWN, State.SENT)
ARRIVED_OR_SENT = (State.SENT, State.RECEIVED)


@dataclass(frozen=True, slots=True)
class Group:
    """Earnings of one component that are in the same place: one line of the influencer's page."""

    last_id: int
    collaboration: Collaboration
    campaign: Campaign
    brand: Brand
    payout: Payout | None
    component_id: str
    kind: str
    state: str
    amount: Money
    count: int
    """How many earnings; `rows` counts what was left out of a rounded payment too."""
    rows: int
    earned: tuple[datetime, datetime]
    due_on: date | None
    hold_until: date | None
    reason: Text | None

    @property
    def place(self) -> tuple[int, str, str]:
        """What `contested.kept_back` knows it by."""
        return self.collaboration.id, self.component_id, self.kind

    @property
    def turn(self) -> Turn:
        """Who has to act for this money to go on."""
        if self.payout is not None:
            return PAYOUT.turn[State(self.payout.state)]
        return {"pending": Turn.SYSTEM, "payable": Turn.BRAND}.get(self.state, Turn.NONE)


@dataclass(frozen=True, slots=True)
class Purse:
    """An influencer's money in one currency."""

    currency: str
    under_way: Money
    next_due: datetime | None
    last4: str
    to_whom: Text | None
    earned_this_year: Money
    pending: Money
    payable: Money
    value: Money
    months: tuple[tuple[date, Money], ...]


def groups(session: Session, actor: Actor, *, limit: int = 40, before: int | None = None) -> list[Group]:
    """The influencer's earnings over all brands, the newest first, by keyset, in two statements."""
    last, earned = func.max(Earning.id), Earning.line_key.not_like(f"{REST}%")
    query = (
        _own(
            actor,
            last,
            func.coalesce(func.max(Earning.id).filter(earned), last),
            Earning.component_id,
            Earning.kind,
            Earning.state,
            Earning.currency,
            func.sum(Earning.amount_minor),
            func.count().filter(earned),
            func.count(),
            func.min(Earning.earned_at),
            func.max(Earning.earned_at),
            func.min(Earning.due_on),
            func.max(Earning.hold_until),
        )
        .group_by(Collaboration.id, Payout.id, Earning.component_id, Earning.kind, Earning.state, Earning.currency)
        .order_by(last.desc())
        .limit(limit)
    )
    rows = session.execute(query.having(last < before) if before else query).all()
    places = _places(session, [row[1] for row in rows])
    return [_group(row, *places[row[1]]) for row in rows]


def lines(session: Session, actor: Actor, collaboration: str, component: str, *, before: int | None) -> list[Earning]:
    """The single earnings of one component of the influencer's own collaboration, the newest first."""
    query = (
        select(Earning)
        .join(Collaboration, Collaboration.id == Earning.collaboration_id)
        .where(
            Collaboration.influencer_id == actor.influencer_id,
            Collaboration.public_id == collaboration,
            Earning.component_id == component,
        )
        .order_by(Earning.id.desc())
        .limit(LINES)
    )
    return list(session.scalars(query.where(Earning.id < before) if before else query))


def holds(session: Session, actor: Actor) -> list[tuple[Text, str, str, Turn]]:
    """Parts of the pay that cannot be told now: why, in which campaign, of which brand, and whose turn it is."""
    rows = session.execute(
        select(ComponentHold, Campaign.name, Brand.name)
        .join(Collaboration, Collaboration.id == ComponentHold.collaboration_id)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .join(Brand, Brand.id == Collaboration.brand_id)
        .where(Collaboration.influencer_id == actor.influencer_id, ComponentHold.resolved_at.is_(None))
        .order_by(ComponentHold.id)
        .limit(50)
    )
    return [(Text.from_json(hold.reason), campaign, brand, turn_of(hold)) for hold, campaign, brand in rows]


def purses(session: Session, actor: Actor, today: date, zone: str, *, months: int = 6) -> list[Purse]:
    """The influencer's sums, a purse a currency, the fullest first."""
    year = datetime.combine(date(today.year, 1, 1), time(), ZoneInfo(zone))
    this_year = func.sum(Earning.amount_minor).filter(Earning.earned_at >= year)
    sums: dict[tuple[str, str, str], tuple[int, int]] = {
        (currency, state, settles): (int(minor), int(recent or 0))
        for currency, state, settles, minor, recent in session.execute(
            select(Earning.currency, Earning.state, Earning.settles, func.sum(Earning.amount_minor), this_year)
            .join(Collaboration, Collaboration.id == Earning.collaboration_id)
            .where(Collaboration.influencer_id == actor.influencer_id)
            .group_by(Earning.currency, Earning.state, Earning.settles)
        )
    }
    moved = list(
        session.scalars(
            select(Payout)
            .where(
                Payout.influencer_id == actor.influencer_id,
                or_(
                    Payout.state.in_([str(state) for state in UNDER_WAY]),
                    and_(Payout.state == State.RECEIVED, Payout.sent_on >= _back(today, months - 1)),
                ),
            )
            .order_by(Payout.due_at, Payout.id)
        )
    )
    currencies = {key[0] for key in sums}
    found = [_purse(code, sums, [row for row in moved if row.currency == code], today, months) for code in currencies]
    return sorted(found, key=lambda one: (-one.earned_this_year.minor, one.currency))


def statement(session: Session, actor: Actor, year: int, zone: str) -> Iterable[Any]:
    """Every earning that was earned or sent in a year of `zone`, the oldest first, what for and how it was paid."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    since = datetime.combine(first, time(), ZoneInfo(zone))
    until = datetime.combine(date(year + 1, 1, 1), time(), ZoneInfo(zone))
    return session.execute(
        _own(actor, Earning, Campaign.name, Brand, Payout)
        .where(or_(and_(Earning.earned_at >= since, Earning.earned_at < until), Payout.sent_on.between(first, last)))
        .order_by(Earning.earned_at, Earning.id)
    )


def kept_back(session: Session, actor: Actor, host: PluginHost) -> dict[tuple[int, str], Text]:
    """Why what is payable is not paid yet although it is due, by brand and currency: too small for the rail."""
    rows = session.execute(
        select(Earning.brand_id, Earning.currency, func.sum(Earning.amount_minor))
        .join(Collaboration, Collaboration.id == Earning.collaboration_id)
        .where(
            Collaboration.influencer_id == actor.influencer_id,
            Earning.state == "payable",
            Earning.settles == "cash",
            ~in_doubt(),
        )
        .group_by(Earning.brand_id, Earning.currency)
        .having(func.sum(Earning.amount_minor) > 0)
    ).all()
    rails = rails_of(session, [row[0] for row in rows])
    found = {
        (brand_id, code): limits_of(host, rails.get(brand_id, DEFAULT), code).why_not(Money(int(minor), code))
        for brand_id, code, minor in rows
    }
    return {place: reason for place, reason in found.items() if reason}


def stopped_by_rails(session: Session, standing: Sequence[Standing]) -> dict[int, Text]:
    """By brand the rail, by title, that waits for the influencer before it pays them.

    It is the one that the brand paid by last, or where it has paid nobody yet, any that wants to know them.
    """
    usual = rails_of(session, [one.brand.id for one in standing]) if standing else {}
    return {
        one.brand.id: one.title for one in standing if not one.fault and usual.get(one.brand.id, one.rail) == one.rail
    }


def whose_ball(group: Group, has_account: bool, kept: Text | None = None, rail: Text | None = None) -> Text:
    """Who has to do what for this money to go on, as a sentence.

    `kept` is why it waits although it is due, `rail` the way of payment that waits for the influencer.
    """
    if group.state == "booked":
        return T("Nobody: it is booked as value, it is not paid in money.")
    if group.state == "written_off":
        return T("Nobody: %(brand)s has let it go, and you owe nothing for it.", brand=group.brand.name)
    if group.amount.minor < 0 and group.state in ("pending", "payable"):
        return T("Nobody: it is netted from what you earn next.")
    if group.state == "pending":
        return T("The calendar: refunds may still come until the hold period is over.")
    if group.state == "payable":
        if not has_account:
            return T("You: enter where your money goes.")
        if rail:
            return T("You: go on at %(rail)s, so that %(brand)s can pay you.", rail=rail, brand=group.brand.name)
        if kept:
            return kept
        return T("%(brand)s prepares the payment.", brand=group.brand.name)
    if rail and group.payout and group.payout.state == State.AWAITING_APPROVAL:
        return T("You: go on at %(rail)s, so that %(brand)s can pay you.", rail=rail, brand=group.brand.name)
    sentences = {
        State.AWAITING_APPROVAL: T("%(brand)s approves the payment.", brand=group.brand.name),
        State.PROCESSING: _handed_over(group),
        State.REQUIRES_ACTION: _to_send(group),
        State.UNKNOWN: T("%(brand)s finds out whether it was sent.", brand=group.brand.name),
        State.SENT: T("You: say when it has arrived."),
    }
    return sentences.get(State(group.payout.state), T("Nobody: it is done.")) if group.payout else T("Nobody.")


def _to_send(group: Group) -> Text:
    way = group.payout.to_whom if group.payout else None
    if way:
        return T("%(brand)s sends it by %(way)s.", brand=group.brand.name, way=way)
    return T("%(brand)s sends it in the bank.", brand=group.brand.name)


def _handed_over(group: Group) -> Text:
    if group.payout and group.payout.said:
        return T(
            "The payment is being handed over. It takes longer than usual: %(brand)s sees to it.",
            brand=group.brand.name,
        )
    return T("The payment is being handed over.")


def _own(actor: Actor, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Earning)
        .join(Collaboration, Collaboration.id == Earning.collaboration_id)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .join(Brand, Brand.id == Collaboration.brand_id)
        .outerjoin(PayoutLine, and_(PayoutLine.earning_id == Earning.id, PayoutLine.live))
        .outerjoin(Payout, Payout.id == PayoutLine.payout_id)
        .where(Collaboration.influencer_id == actor.influencer_id)
    )


Place = tuple[Collaboration, Campaign, Brand, Payout | None, Text]


def _places(session: Session, ids: Collection[int]) -> dict[int, Place]:
    """What a page shows around each group: by the id of its newest earning, or of what was rounded."""
    rows = session.execute(
        select(Earning.id, Collaboration, Campaign, Brand, Payout, Earning.reason)
        .join(Collaboration, Collaboration.id == Earning.collaboration_id)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .join(Brand, Brand.id == Collaboration.brand_id)
        .outerjoin(PayoutLine, and_(PayoutLine.earning_id == Earning.id, PayoutLine.live))
        .outerjoin(Payout, Payout.id == PayoutLine.payout_id)
        .where(Earning.id.in_(ids))
    )
    return {row[0]: (row[1], row[2], row[3], row[4], Text.from_json(row[5])) for row in rows}


def _group(
    row: Any, collaboration: Collaboration, campaign: Campaign, brand: Brand, payout: Payout | None, reason: Text
) -> Group:
    last, _, component, kind, state, currency, minor, count, rows, first, newest, due_on, held = row
    return Group(
        last_id=last,
        collaboration=collaboration,
        campaign=campaign,
        brand=brand,
        payout=payout,
        component_id=component,
        kind=kind,
        state=state,
        amount=Money(int(minor), currency),
        count=count,
        rows=rows,
        earned=(first, newest),
        due_on=due_on,
        hold_until=held,
        reason=reason if count <= 1 else None,
    )


def _purse(
    code: str, sums: dict[tuple[str, str, str], tuple[int, int]], moved: list[Payout], today: date, months: int
) -> Purse:
    def cash(state: str) -> Money:
        return Money(sums.get((code, state, "cash"), (0, 0))[0], code)

    under_way = [row for row in moved if row.state in UNDER_WAY]
    per_month = {_back(today, back): 0 for back in reversed(range(months))}
    for row in moved:
        if row.sent_on and row.state in ARRIVED_OR_SENT and row.sent_on.replace(day=1) in per_month:
            per_month[row.sent_on.replace(day=1)] += row.amount_minor
    return Purse(
        currency=code,
        under_way=Money(sum(row.amount_minor for row in under_way), code),
        next_due=next((row.due_at for row in under_way if row.due_at and row.due_at >= clock.now()), None),
        last4=under_way[0].iban_last4 if under_way else "",
        to_whom=under_way[0].to_whom if under_way else None,
        earned_this_year=Money(
            sum(recent for (c, _, settles), (_, recent) in sums.items() if c == code and settles == "cash"), code
        ),
        pending=cash("pending"),
        payable=cash("payable"),
        value=Money(sums.get((code, "booked", "in_kind"), (0, 0))[0], code),
        months=tuple((month, Money(minor, code)) for month, minor in per_month.items()),
    )


def _back(day: date, months: int) -> date:
    """The first of the month so many months before."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)
