"""Reads of campaigns: lists, one campaign, its plan, its budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import clock
from core.accounts.models import Brand
from core.campaigns.lifecycle import State
from core.campaigns.models import BriefVersion, Campaign, CampaignComponent, WantedDeliverable
from core.errors import Missing
from core.ledger import accounts as plan
from core.ledger.models import LedgerAccount
from core.money import Money
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Tc, Text
from core.waiting import Waiting

SOON = 7

GROUPS: dict[str, tuple[Text, tuple[str, ...]]] = {
    "live": (T("Running"), (State.RECRUITING, State.ACTIVE, State.WRAPPING_UP)),
    "draft": (T("Drafts"), (State.DRAFT,)),
    "paused": (Tc("campaigns", "Paused"), (State.PAUSED,)),
    "ended": (T("Ended"), (State.COMPLETED, State.ARCHIVED, State.CANCELLED)),
}


@dataclass(frozen=True, slots=True)
class Budget:
    """Where a budget is: all of it, what agreements have reserved, what is left, what was earned of it."""

    total: Money | None
    committed: Money
    spent: Money

    @property
    def left(self) -> Money | None:
        """What no agreement has reserved yet; None while no budget is set."""
        return None if self.total is None else self.total - self.committed


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign in a list, with its brand's name and its budget."""

    campaign: Campaign
    brand_name: str
    budget: Budget


def get_campaign(
    session: Session, actor: Actor, public_id: str, permission: Permission = Permission.CAMPAIGN_READ
) -> Campaign:
    """A campaign of a brand in which the actor holds the permission; else `Missing`."""
    campaign = session.scalar(
        select(Campaign).where(Campaign.public_id == public_id, Campaign.brand_id.in_(actor.brands_with(permission)))
    )
    if campaign is None:
        raise Missing(T("There is no such campaign."))
    return campaign


def list_campaigns(
    session: Session, actor: Actor, *, search: str = "", group: str = "", limit: int = 50, before: int | None = None
) -> list[CampaignRow]:
    """Campaigns by newest first, with their budgets, in two statements whatever their number."""
    query = (
        select(Campaign, Brand.name)
        .join(Brand, Brand.id == Campaign.brand_id)
        .where(Campaign.brand_id.in_(actor.brands_with(Permission.CAMPAIGN_READ)))
        .order_by(Campaign.id.desc())
        .limit(limit)
    )
    if search:
        query = query.where(Campaign.name.icontains(search, autoescape=True))
    if group in GROUPS:
        query = query.where(Campaign.state.in_(GROUPS[group][1]))
    if before:
        query = query.where(Campaign.id < before)
    rows = session.execute(query).all()
    budgets = budgets_of(session, [campaign for campaign, _ in rows])
    return [CampaignRow(campaign, name, budgets[campaign.id]) for campaign, name in rows]


def count_by_group(session: Session, actor: Actor) -> dict[str, int]:
    """How many campaigns there are in each group, and in all ("")."""
    rows = session.execute(
        select(Campaign.state, func.count())
        .where(Campaign.brand_id.in_(actor.brands_with(Permission.CAMPAIGN_READ)))
        .group_by(Campaign.state)
    ).all()
    by_state = {state: int(number) for state, number in rows}
    counts = {group: sum(by_state.get(str(s), 0) for s in states) for group, (_, states) in GROUPS.items()}
    return {"": sum(by_state.values()), **counts}


def waiting(session: Session, actor: Actor) -> list[Waiting]:
    """Campaigns whose next step is the brand's and due within a week, or late."""
    soon = clock.now() + timedelta(days=SOON)
    rows = session.scalars(
        select(Campaign)
        .where(
            Campaign.brand_id.in_(actor.brands_with(Permission.CAMPAIGN_EDIT)),
            Campaign.state.in_(tuple(_TITLES)),
            Campaign.due_at <= soon,
        )
        .order_by(Campaign.due_at, Campaign.id)
        .limit(20)
    )
    return [
        Waiting(
            Text(_TITLES[row.state].msgid, {"name": row.name}),
            _DETAILS[row.state],
            row.due_at,
            "admin.campaign",
            {"public_id": row.public_id},
        )
        for row in rows
    ]


_TITLES: dict[str, Text] = {
    State.DRAFT: T("Launch %(name)s"),
    State.RECRUITING: T("Find influencers for %(name)s"),
    State.PAUSED: T("Let %(name)s go on, or end it"),
    State.WRAPPING_UP: T("Complete %(name)s"),
}
_DETAILS: dict[str, Text] = {
    State.DRAFT: T("The plan is not launched yet."),
    State.RECRUITING: T("No contract is signed yet."),
    State.PAUSED: T("The campaign is paused."),
    State.WRAPPING_UP: T("Close what still runs and pay what is due."),
}


def latest_brief(session: Session, campaign_id: int) -> BriefVersion | None:
    """The newest version of the brief, None before the first."""
    return session.scalar(
        select(BriefVersion)
        .where(BriefVersion.campaign_id == campaign_id)
        .order_by(BriefVersion.number.desc())
        .limit(1)
    )


def brief_versions(session: Session, campaign_id: int) -> list[BriefVersion]:
    """Every version of the brief, the newest first."""
    return list(
        session.scalars(
            select(BriefVersion).where(BriefVersion.campaign_id == campaign_id).order_by(BriefVersion.number.desc())
        )
    )


def wanted_deliverables(session: Session, campaign_id: int) -> list[WantedDeliverable]:
    """What every collaboration is offered by default."""
    return list(
        session.scalars(
            select(WantedDeliverable)
            .where(WantedDeliverable.campaign_id == campaign_id)
            .order_by(WantedDeliverable.position, WantedDeliverable.id)
        )
    )


def components(session: Session, campaign_id: int) -> list[CampaignComponent]:
    """The payment components offered by default."""
    return list(
        session.scalars(
            select(CampaignComponent)
            .where(CampaignComponent.campaign_id == campaign_id)
            .order_by(CampaignComponent.position, CampaignComponent.id)
        )
    )


def budget_of(session: Session, campaign: Campaign) -> Budget:
    """Where a campaign's budget is, from the books."""
    return budgets_of(session, [campaign])[campaign.id]


def budgets_of(session: Session, campaigns: Sequence[Campaign]) -> dict[int, Budget]:
    """The budgets of many campaigns, in one statement: the codes of the accounts name the campaigns."""
    codes = [code(campaign.id) for campaign in campaigns for code in (plan.committed, plan.cost)]
    account = LedgerAccount
    rows = session.execute(
        select(account.code, account.currency, account.balance * account.normal).where(
            account.brand_id.in_({campaign.brand_id for campaign in campaigns}), account.code.in_(codes)
        )
    )
    found = {(code, currency): Money(int(minor), currency) for code, currency, minor in rows}
    return {
        campaign.id: Budget(
            campaign.budget,
            found.get((plan.committed(campaign.id), campaign.currency), Money.zero(campaign.currency)),
            found.get((plan.cost(campaign.id), campaign.currency), Money.zero(campaign.currency)),
        )
        for campaign in campaigns
    }
