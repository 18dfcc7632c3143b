"""The verbs of campaigns: plan step by step, launch, pause, wrap up, complete, cancel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core import audit, lifecycle
from core.accounts.brand import is_identified
from core.accounts.models import Brand
from core.accounts.service import required
from core.campaigns import events, queries
from core.campaigns.catalogue import (
    AUDIENCE_FIELDS,
    BRIEF_FIELDS,
    CATEGORIES,
    DELIVERABLE_KINDS,
    GOALS,
    MARKS,
    PLATFORMS,
)
from core.campaigns.deadlines import set_due
from core.campaigns.lifecycle import Action, State
from core.campaigns.models import BriefVersion, Campaign, CampaignComponent, WantedDeliverable
from core.errors import Invalid, Refused
from core.events import objections, publish
from core.money import Money
from core.permissions import Actor, Permission
from core.places import COUNTRIES
from core.plugin_api.deal import Deal
from core.plugin_api.text import T, Text

LONGEST = 4000


def create_campaign(session: Session, actor: Actor, brand: Brand, *, name: str) -> Campaign:
    """A draft in the brand's currency."""
    actor.require(Permission.CAMPAIGN_EDIT, brand.id)
    campaign = Campaign(
        brand_id=brand.id,
        name=required(name, "name", 160),
        currency=brand.currency,
        markets=[brand.country] if brand.country in COUNTRIES else [],
    )
    session.add(campaign)
    lifecycle.begin(session, campaign, actor=actor)
    set_due(session, campaign)
    audit.record(session, actor=actor, brand_id=brand.id, action="campaign.create", obj=campaign)
    return campaign


def clone_campaign(session: Session, actor: Actor, campaign: Campaign, brand: Brand) -> Campaign:
    """A new draft with the same plan; dates, offers and money are not copied."""
    copy = create_campaign(session, actor, brand, name=campaign.name[:150] + " (2)")
    for field in (
        "goals",
        "goal_note",
        "audience",
        "markets",
        "categories",
        "product",
        "budget_minor",
        "due_days",
        "hold_days",
        "review_days",
        "revision_rounds",
        "offer_days",
    ):
        setattr(copy, field, getattr(campaign, field))
    brief = queries.latest_brief(session, campaign.id)
    if brief:
        save_brief(session, actor, copy, lines=brief.lines)
    save_wanted(
        session,
        actor,
        copy,
        deliverables=[
            {"kind": w.kind, "platform": w.platform, "quantity": w.quantity, "due_on": None, "note": w.note}
            for w in queries.wanted_deliverables(session, campaign.id)
        ],
    )
    save_components(session, actor, copy, deal=deal_of(session, campaign))
    return copy


def _editable(actor: Actor, campaign: Campaign) -> None:
    actor.require(Permission.CAMPAIGN_EDIT, campaign.brand_id)
    if campaign.state in (State.COMPLETED, State.ARCHIVED, State.CANCELLED):
        raise Refused(T("The campaign has ended; its plan stays as it was."))


def _saved(session: Session, actor: Actor, campaign: Campaign, step: str, **detail: Any) -> None:
    """Keep who changed the plan; what the launch asked for may change later, never go."""
    if campaign.state != State.DRAFT:
        for message, place in missing(session, campaign):
            if place == step:
                raise Invalid(message)
    audit.record(
        session, actor=actor, brand_id=campaign.brand_id, action=f"campaign.{step}", obj=campaign, detail=detail
    )


def save_basics(
    session: Session,
    actor: Actor,
    campaign: Campaign,
    *,
    name: str,
    goals: Sequence[str],
    goal_note: str,
    product: str,
    markets: Sequence[str],
    categories: Sequence[str],
    starts_on: date | None,
    ends_on: date | None,
) -> None:
    """Name, goals, product, markets and dates."""
    _editable(actor, campaign)
    _known(goals, GOALS, "goals")
    _known(categories, CATEGORIES, "categories")
    _known(markets, COUNTRIES, "markets")
    if starts_on and ends_on and ends_on < starts_on:
        raise Invalid(T("The end is before the start."), "ends_on")
    campaign.name = required(name, "name", 160)
    campaign.goals, campaign.goal_note = list(goals), goal_note[:LONGEST]
    campaign.product, campaign.markets, campaign.categories = product[:200], list(markets), list(categories)
    if (campaign.starts_on, campaign.ends_on) != (starts_on, ends_on):
        campaign.starts_on, campaign.ends_on = starts_on, ends_on
        set_due(session, campaign)
    _saved(session, actor, campaign, "basics")


def _known(given: Iterable[str], known: Mapping[str, Any], field: str) -> None:
    if set(given) - set(known):
        raise Invalid(T("Choose from the list."), field)


def save_audience(
    session: Session,
    actor: Actor,
    campaign: Campaign,
    *,
    age_from: int | None,
    age_to: int | None,
    texts: Mapping[str, str],
) -> None:
    """Whom the campaign should reach; empty fields are left out."""
    _editable(actor, campaign)
    if age_from is not None and age_to is not None and age_to < age_from:
        raise Invalid(T("The upper age is below the lower one."), "age_to")
    audience: dict[str, Any] = {key: texts[key][:500] for key in AUDIENCE_FIELDS if texts.get(key)}
    audience |= {key: age for key, age in (("age_from", age_from), ("age_to", age_to)) if age is not None}
    campaign.audience = audience
    _saved(session, actor, campaign, "audience")


def save_brief(
    session: Session, actor: Actor, campaign: Campaign, *, lines: Sequence[Mapping[str, str]]
) -> BriefVersion:
    """A new version of the brief, unless nothing changed. A line is {"field", "mark", "text"}."""
    _editable(actor, campaign)
    kept = [
        {"key": f"{line['field']}-{number}", "field": line["field"], "mark": line["mark"], "text": line["text"].strip()}
        for number, line in enumerate(lines, 1)
        if line["text"].strip()
    ]
    _known((line["field"] for line in kept), BRIEF_FIELDS, "brief")
    _known((line["mark"] for line in kept), MARKS, "brief")
    if any(len(line["text"]) > LONGEST for line in kept):
        raise Invalid(T("Use at most %(count)s characters.", count=LONGEST), "brief")
    _hold(session, campaign)
    last = queries.latest_brief(session, campaign.id)
    if last is not None and last.lines == kept:
        return last
    version = BriefVersion(
        brand_id=campaign.brand_id,
        campaign_id=campaign.id,
        number=last.number + 1 if last else 1,
        lines=kept,
        author_id=actor.person_id,
    )
    session.add(version)
    session.flush()
    _saved(session, actor, campaign, "brief", version=version.number)
    return version


def _hold(session: Session, campaign: Campaign) -> None:
    """Others who number a version or reserve of the budget wait until this is done."""
    session.execute(select(Campaign.id).where(Campaign.id == campaign.id).with_for_update())


def save_wanted(
    session: Session, actor: Actor, campaign: Campaign, *, deliverables: Sequence[Mapping[str, Any]]
) -> None:
    """What every collaboration is offered by default; agreements already made keep theirs."""
    _editable(actor, campaign)
    _known((row["kind"] for row in deliverables), DELIVERABLE_KINDS, "kind")
    _known((row["platform"] for row in deliverables), PLATFORMS, "platform")
    session.execute(delete(WantedDeliverable).where(WantedDeliverable.campaign_id == campaign.id))
    session.add_all(
        WantedDeliverable(
            brand_id=campaign.brand_id,
            campaign_id=campaign.id,
            position=position,
            kind=row["kind"],
            platform=row["platform"],
            quantity=int(row.get("quantity") or 1),
            due_on=row.get("due_on"),
            note=(row.get("note") or "")[:300],
        )
        for position, row in enumerate(deliverables)
    )
    _saved(session, actor, campaign, "deliverables", lines=len(deliverables))


def deal_of(session: Session, campaign: Campaign) -> Deal:
    """The payment components offered by default, as a deal."""
    rows = queries.components(session, campaign.id)
    return Deal.from_json([row.terms for row in rows])


def save_components(session: Session, actor: Actor, campaign: Campaign, *, deal: Deal) -> None:
    """The payment components offered by default; terms were checked by their models when they were read."""
    _editable(actor, campaign)
    if any(component.terms.currency != campaign.currency for component in deal.components):
        raise Invalid(T("The pay must be in the campaign's currency."))
    session.execute(delete(CampaignComponent).where(CampaignComponent.campaign_id == campaign.id))
    session.add_all(
        CampaignComponent(
            brand_id=campaign.brand_id,
            campaign_id=campaign.id,
            position=position,
            model=str(item.get("model", "composition")),
            terms=item,
        )
        for position, item in enumerate(deal.to_json())
    )
    _saved(session, actor, campaign, "pay", models=[component.model for component in deal.components])


def save_budget(
    session: Session,
    actor: Actor,
    campaign: Campaign,
    *,
    budget: Money | None,
    due_days: int,
    hold_days: int,
    review_days: int,
    revision_rounds: int,
    offer_days: int,
) -> None:
    """Budget and terms. A budget may not fall below what agreements have reserved."""
    _editable(actor, campaign)
    _hold(session, campaign)
    standing = queries.budget_of(session, campaign)
    committed = standing.committed
    agreed = {
        "due_days": due_days,
        "hold_days": hold_days,
        "review_days": review_days,
        "revision_rounds": revision_rounds,
    }
    for name, value in agreed.items():
        if (committed or standing.spent) and getattr(campaign, name) != value:
            raise Invalid(T("Contracts rest on this number; it stays as it is."), name)
    if budget is not None and budget.currency != campaign.currency:
        raise Invalid(T("The budget must be in the campaign's currency."), "budget")
    if budget is not None and budget.minor <= 0:
        raise Invalid(T("Write an amount above zero."), "budget")
    if committed and (budget is None or budget < committed):
        raise Invalid(T("%(committed)s are reserved by agreements already.", committed=committed), "budget")
    campaign.budget_minor = budget.minor if budget is not None else None
    campaign.due_days, campaign.hold_days, campaign.review_days = due_days, hold_days, review_days
    campaign.revision_rounds, campaign.offer_days = revision_rounds, offer_days
    _saved(session, actor, campaign, "budget", budget=campaign.budget_minor)
    publish(session, events.BudgetChanged(campaign.id))


def missing(session: Session, campaign: Campaign) -> list[tuple[Text, str]]:
    """What a launch still lacks: (what, the step of the plan, or "brand", where it is filled in)."""
    brief = queries.latest_brief(session, campaign.id)
    party = session.get_one(Brand, campaign.brand_id)
    checks = [
        (bool(campaign.goals), T("The campaign has no goal yet."), "basics"),
        (bool(campaign.markets), T("The campaign has no market yet."), "basics"),
        (bool(campaign.audience), T("The target audience is not described yet."), "audience"),
        (brief is not None and bool(brief.lines), T("The brief is empty."), "brief"),
        (campaign.budget_minor is not None, T("The campaign has no budget yet."), "budget"),
        (is_identified(party), T("Contracts need the brand's legal name, business id and postal address."), "brand"),
    ]
    return [(text, step) for held, text, step in checks if not held]


def left_to_offers(session: Session, campaign: Campaign) -> list[tuple[Text, str]]:
    """What a launch does not ask for, and each offer then has to bring: (what, the step of the plan)."""
    checks = [
        (
            queries.wanted_deliverables(session, campaign.id),
            T("No deliverables are planned: each offer names its own."),
        ),
        (queries.components(session, campaign.id), T("No pay is planned: each offer names its own.")),
    ]
    return [(text, "pay") for planned, text in checks if not planned]


def launch(session: Session, actor: Actor, campaign: Campaign) -> None:
    """Open the campaign for invitations; refused with every missing piece named."""
    actor.require(Permission.CAMPAIGN_EDIT, campaign.brand_id)
    lacking = missing(session, campaign)
    if lacking:
        raise Refused(T("The campaign cannot be launched yet."), fix=tuple(lacking))
    _move(session, actor, campaign, Action.LAUNCH)
    publish(session, events.CampaignLaunched(campaign.id))


def start(session: Session, campaign_id: int, actor: Actor) -> None:
    """The first contract is signed: a recruiting campaign becomes active. Nothing happens in other states."""
    campaign = session.get_one(Campaign, campaign_id)
    if campaign.state == State.RECRUITING:
        lifecycle.move(session, campaign, Action.START, actor=actor)
        set_due(session, campaign)


def pause(session: Session, actor: Actor, campaign: Campaign, *, reason: str = "") -> None:
    """No new offers and no new deadlines until it is resumed."""
    _move(session, actor, campaign, Action.PAUSE, reason)


def resume(session: Session, actor: Actor, campaign: Campaign) -> None:
    """Go on."""
    _move(session, actor, campaign, Action.RESUME)


def wrap_up(session: Session, actor: Actor, campaign: Campaign) -> None:
    """No new offers; what runs is finished and settled."""
    _move(session, actor, campaign, Action.WRAP_UP)


def complete(session: Session, actor: Actor, campaign: Campaign) -> None:
    """All work ended and all money settled: the campaign is done."""
    against = objections(session, events.MayCompleteCampaign(campaign.id))
    if against:
        raise Refused(against[0], fix=tuple((text, "overview") for text in against))
    _move(session, actor, campaign, Action.COMPLETE)


def archive(session: Session, actor: Actor, campaign: Campaign) -> None:
    """Out of the way; it can still be read."""
    _move(session, actor, campaign, Action.ARCHIVE)


def cancel(session: Session, actor: Actor, campaign: Campaign, *, reason: str) -> None:
    """End it early, with a reason: open offers are withdrawn, what was earned is settled."""
    if not reason.strip():
        raise Invalid(T("Give a reason."), "reason")
    _move(session, actor, campaign, Action.CANCEL, reason)
    publish(session, events.CampaignCancelled(campaign.id, reason.strip()[:500], actor.person_id))


def _move(session: Session, actor: Actor, campaign: Campaign, action: Action, reason: str = "") -> None:
    actor.require(Permission.CAMPAIGN_EDIT, campaign.brand_id)
    lifecycle.move(session, campaign, action, actor=actor, reason=reason.strip()[:500] or None)
    set_due(session, campaign)
    audit.record(
        session,
        actor=actor,
        brand_id=campaign.brand_id,
        action=f"campaign.{action}",
        obj=campaign,
        detail={"reason": reason} if reason else None,
    )
