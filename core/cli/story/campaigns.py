"""The life of each campaign: planned, launched, and brought to the state that the plan names."""

from __future__ import annotations

from functools import partial

from sqlalchemy.orm import Session

from core.campaigns import service
from core.campaigns.events import MayCompleteCampaign
from core.cli.story import deals, texts
from core.cli.story.cast import HOUSE, House
from core.cli.story.plans import PLANS, Plan, campaign_of, components
from core.cli.story.stage import Stage, brand_named, playing
from core.events import objections
from core.money import Money
from core.plugin_api.deal import Deal

PAUSED_SINCE, CANCELLED_AFTER = -9, 24


def schedule(stage: Stage) -> None:
    """Put every campaign and its offers on the agenda."""
    for plan in PLANS:
        stage.at(plan.start - 2, partial(_plan, stage, plan), 8)
        if plan.state == "draft":
            continue
        stage.at(plan.start, partial(_move, plan, "launch"), 10)
        deals.schedule(stage, plan)
        if plan.state == "paused":
            stage.at(PAUSED_SINCE, partial(_move, plan, "pause"), 14)
        if plan.state == "cancelled":
            stage.at(plan.start + CANCELLED_AFTER, partial(_cancel, plan), 14)
        if plan.state in ("wrapping_up", "completed", "archived"):
            wrapped = min(plan.start + plan.days, -4)
            stage.at(wrapped, partial(_move, plan, "wrap_up"), 14)


def close(house: House, session: Session) -> None:
    """Complete a brand's campaigns that are over and settled, and archive those that have been complete for a while."""
    for plan in PLANS:
        if plan.house != house.name or plan.state not in ("completed", "archived"):
            continue
        campaign = campaign_of(session, plan)
        if campaign.state == "wrapping_up" and not objections(session, MayCompleteCampaign(campaign.id)):
            _move(plan, "complete", session)
        elif campaign.state == "completed" and plan.state == "archived":
            _move(plan, "archive", session)


def _plan(stage: Stage, plan: Plan, session: Session) -> None:
    house = HOUSE[plan.house]
    brand = brand_named(session, house.name)
    with playing(session, house.manager) as actor:
        made = service.create_campaign(session, actor, brand, name=plan.name)
        service.save_basics(
            session, actor, made, name=plan.name, goals=plan.goals, goal_note="", product=plan.product,
            markets=[house.country], categories=[], starts_on=stage.day(plan.start),
            ends_on=stage.day(plan.start + plan.days),
        )  # fmt: skip
        service.save_audience(session, actor, made, age_from=25, age_to=45, texts=texts.AUDIENCE[house.country])
        lines = [
            {"field": field, "mark": mark, "text": text.format(product=plan.product)}
            for field, mark, text in texts.BRIEF[house.country]
        ]
        service.save_brief(session, actor, made, lines=lines)
        wanted = [{"kind": kind, "platform": platform, "quantity": 1} for kind, platform in plan.wanted]
        service.save_wanted(session, actor, made, deliverables=wanted)
        service.save_components(session, actor, made, deal=Deal.from_json(components(plan)))
        service.save_budget(
            session, actor, made, budget=Money(plan.budget * 100, made.currency), due_days=14, hold_days=14,
            review_days=3, revision_rounds=2, offer_days=7,
        )  # fmt: skip


def _move(plan: Plan, deed: str, session: Session) -> None:
    with playing(session, HOUSE[plan.house].manager) as actor:
        getattr(service, deed)(session, actor, campaign_of(session, plan))


def _cancel(plan: Plan, session: Session) -> None:
    house = HOUSE[plan.house]
    with playing(session, house.owner) as actor:
        reason = texts.REASONS["cancelled"][house.country]
        service.cancel(session, actor, campaign_of(session, plan), reason=reason)
