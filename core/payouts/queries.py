"""Reads of payouts: the brand's runs, the influencer's payments, what each consists of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration
from core.earnings.models import Earning
from core.errors import Missing
from core.influencers.models import Influencer
from core.lifecycle import Turn, whose_turn
from core.money import Money
from core.payouts import contested, due
from core.payouts.due import Due
from core.payouts.lifecycle import State
from core.payouts.limits import NO_LIMITS, REST, Limits
from core.payouts.models import Payout, PayoutLine, PayoutMethod, PayoutRun
from core.payouts.runs import methods_of, why_blocked
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text

OPEN = (State.AWAITING_APPROVAL, State.PROCESSING, State.REQUIRES_ACTION, State.UNKNOWN, State.SENT)


@dataclass(frozen=True, slots=True)
class Part:
    """One earning inside a payout, with the collaboration and campaign it comes from."""

    earning: Earning
    collaboration: Collaboration
    campaign: Campaign

    @property
    def rounds(self) -> bool:
        """Whether it is no earning but what the way of payment leaves out of one, to be paid next time."""
        return self.earning.line_key.startswith(REST) and self.earning.amount_minor < 0

    @property
    def reason(self) -> Text:
        """Why it was earned."""
        return Text.from_json(self.earning.reason)


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run with the sum and the states of its payouts."""

    run: PayoutRun
    amount: Money
    count: int
    open: int


def get_run(
    session: Session, actor: Actor, public_id: str, permission: Permission = Permission.MONEY_READ
) -> PayoutRun:
    """A run of a brand in which the actor holds the permission."""
    run = session.scalar(
        select(PayoutRun).where(PayoutRun.public_id == public_id, PayoutRun.brand_id.in_(actor.brands_with(permission)))
    )
    if run is None:
        raise Missing(T("There is no such payout run."))
    return run


def get_payout(
    session: Session, actor: Actor, public_id: str, permission: Permission = Permission.MONEY_READ
) -> Payout:
    """A payout of a brand in which the actor holds the permission."""
    payout = session.scalar(
        select(Payout).where(Payout.public_id == public_id, Payout.brand_id.in_(actor.brands_with(permission)))
    )
    if payout is None:
        raise Missing(T("There is no such payout."))
    return payout


def get_own(session: Session, actor: Actor, public_id: str) -> Payout:
    """One of the influencer's own payouts."""
    payout = session.scalar(
        select(Payout).where(
            Payout.public_id == public_id, Payout.influencer_id == actor.influencer_id, Payout.state != State.CANCELED
        )
    )
    if payout is None:
        raise Missing(T("There is no such payout."))
    return payout


def runs(
    session: Session, actor: Actor, *, limit: int, before: int | None = None, brand_id: int | None = None
) -> list[RunRow]:
    """The newest runs, of one brand or of all, by keyset."""
    query = (
        select(
            PayoutRun,
            func.coalesce(func.sum(Payout.amount_minor), 0),
            func.count(Payout.id),
            func.count(Payout.id).filter(Payout.state.in_([str(state) for state in OPEN])),
        )
        .outerjoin(Payout, Payout.payout_run_id == PayoutRun.id)
        .where(PayoutRun.brand_id.in_(actor.brands_with(Permission.MONEY_READ)))
        .group_by(PayoutRun.id)
        .order_by(PayoutRun.id.desc())
        .limit(limit)
    )
    if brand_id is not None:
        query = query.where(PayoutRun.brand_id == brand_id)
    rows = session.execute(query.where(PayoutRun.id < before) if before else query)
    return [RunRow(run, Money(int(minor), run.currency), count, still) for run, minor, count, still in rows]


def turn_of(payout: Payout, run: PayoutRun) -> Turn:
    """Who has to act for a payment of a run: the brand, too, while the permission of its rail is refused."""
    return Turn.BRAND if run.locked_out and payout.state == State.PROCESSING else whose_turn(payout)


def total_of(run: PayoutRun, payouts: Sequence[Payout]) -> Money:
    """What a run pays in all."""
    return Money(sum(payout.amount_minor for payout in payouts), run.currency)


def parts(session: Session, payout_ids: Sequence[int]) -> dict[int, list[Part]]:
    """What each payout consists of."""
    rows = session.execute(
        select(PayoutLine.payout_id, Earning, Collaboration, Campaign)
        .join(Earning, Earning.id == PayoutLine.earning_id)
        .join(Collaboration, Collaboration.id == Earning.collaboration_id)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .where(PayoutLine.payout_id.in_(payout_ids))
        .order_by(PayoutLine.id)
    )
    result: dict[int, list[Part]] = {payout_id: [] for payout_id in payout_ids}
    for payout_id, earning, collaboration, campaign in rows:
        result[payout_id].append(Part(earning, collaboration, campaign))
    return result


@dataclass(slots=True)
class Owed:
    """What a brand owes one influencer in one currency, by collaboration and kind."""

    influencer: Influencer
    currency: str
    method: PayoutMethod | None
    limits: Limits = NO_LIMITS
    doubtful: bool = False
    parts: dict[tuple[int, str, str], list[Due]] = field(default_factory=dict)

    @property
    def rows(self) -> list[Due]:
        """Every earning in it."""
        return [row for part in self.parts.values() for row in part]

    @property
    def amount(self) -> Money:
        """The sum."""
        return Money(sum(row.minor for row in self.rows), self.currency)

    @property
    def sent(self) -> Money:
        """What a run would send of it; the rest stays due."""
        return self.limits.sends(self.amount)

    @property
    def summed(self) -> list[tuple[int, str, str, Money]]:
        """(collaboration, component, kind, sum), one entry a part."""
        return [(*key, Money(sum(row.minor for row in part), self.currency)) for key, part in self.parts.items()]

    @property
    def since(self) -> date | None:
        """The oldest due day."""
        return min((row.due_on for row in self.rows if row.due_on), default=None)

    @property
    def blocked(self) -> Text | None:
        """Why it cannot be paid now."""
        return contested.LOOK_FIRST if self.doubtful else why_blocked(self.amount, self.method, self.limits)


def owed(
    session: Session,
    actor: Actor,
    brand_id: int,
    due_by: date | None = None,
    limits: Callable[[str], Limits] = lambda currency: NO_LIMITS,
) -> list[Owed]:
    """What could be paid now, by influencer and currency, the oldest due first; `limits` are those of a currency."""
    actor.require(Permission.MONEY_READ, brand_id)
    rows = due.rows(session, brand_id, due_by)
    people = {row.influencer_id for row in rows}
    methods = methods_of(session, people)
    influencers = {row.id: row for row in session.scalars(select(Influencer).where(Influencer.id.in_(people)))}
    found: dict[tuple[int, str, bool], Owed] = {}
    for row in rows:
        place = row.influencer_id, row.currency, row.doubtful
        if place not in found:
            method = methods.get(row.influencer_id)
            person = influencers[row.influencer_id]
            found[place] = Owed(person, row.currency, method, limits(row.currency), row.doubtful)
        found[place].parts.setdefault((row.collaboration_id, row.component_id, row.kind), []).append(row)
    return sorted(found.values(), key=lambda one: (one.since or date.max, one.influencer.display_name))


def collaborations_of(session: Session, ids: Collection[int]) -> dict[int, Collaboration]:
    """Collaborations with their campaigns and brands, by id."""
    whole = joinedload(Collaboration.campaign, innerjoin=True).joinedload(Campaign.brand, innerjoin=True)
    rows = session.scalars(select(Collaboration).options(whole).where(Collaboration.id.in_(ids)))
    return {row.id: row for row in rows}
