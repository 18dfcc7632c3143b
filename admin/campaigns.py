"""Campaigns: the list, one campaign in its parts, and the changes of its life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, request, url_for
from wtforms import StringField, TextAreaField

from admin.campaign_plan import plan_of
from admin.face import admin, section
from core import clock
from core.campaigns import queries, service
from core.campaigns.catalogue import AUDIENCE_FIELDS, BRIEF_FIELDS, CATEGORIES, GOALS, MARKS
from core.campaigns.lifecycle import STATE_NAMES, Action
from core.campaigns.models import Campaign
from core.collaborations import room, terms
from core.collaborations.queries import of_campaign
from core.i18n import country, gettext
from core.lifecycle import history, whose_turn
from core.permissions import Permission
from core.plugin_api.text import T, Text
from core.reports import progress
from core.reports import service as reports
from core.web.brands import brands, current_brand
from core.web.forms import AtMost, BaseForm, Required
from core.web.request import actor, before_arg, db, done, instance, saving

P = Permission
PAGE = 50
section("campaigns", "campaign_new", "campaign", "campaign_change")


@dataclass(frozen=True)
class Change:
    """A move with a page that says what it does."""

    title: Text
    button: Text
    effects: tuple[Text, ...]
    act: Callable[..., None]
    reason: bool = False
    danger: bool = False


CHANGES: dict[str, Change] = {
    Action.PAUSE: Change(
        T("Pause the campaign"),
        T("Pause"),
        (T("No new offers can be sent until you resume it."), T("Agreements already made go on.")),
        service.pause,
    ),
    Action.RESUME: Change(T("Resume the campaign"), T("Resume"), (T("Offers can be sent again."),), service.resume),
    Action.WRAP_UP: Change(
        T("Wrap up the campaign"),
        T("Wrap up"),
        (T("No new offers can be sent."), T("Work under way is finished, earnings are paid.")),
        service.wrap_up,
    ),
    Action.COMPLETE: Change(
        T("Complete the campaign"),
        T("Complete"),
        (T("All work has ended and all money is settled. The campaign cannot be opened again."),),
        service.complete,
    ),
    Action.ARCHIVE: Change(
        T("Archive the campaign"), T("Archive"), (T("It stays readable under Ended."),), service.archive
    ),
    Action.CANCEL: Change(
        T("Cancel the campaign"),
        T("Cancel the campaign"),
        (
            T("Open offers are withdrawn, running collaborations end and each influencer gets a mail."),
            T("What has been earned stays owed and is paid. The rest of the reserved budget is free again."),
            T("It cannot be opened again."),
        ),
        service.cancel,
        reason=True,
        danger=True,
    ),
}


class NameForm(BaseForm):
    """The first thing a campaign needs."""

    name = StringField(T("Name of the campaign"), [Required(), AtMost(160)])


class ReasonForm(BaseForm):
    """Why, where a reason is needed."""

    reason = TextAreaField(T("Reason"), [AtMost(500)])


@admin.app_template_global("campaign_state")
def campaign_state(state: str) -> Text:
    """A state's name for pills."""
    return STATE_NAMES[state]


@admin.get("/campaigns", P.CAMPAIGN_READ)
def campaigns() -> Any:
    """Every campaign of one's brands."""
    group, search = request.args.get("group", ""), request.args.get("q", "").strip()[:100]
    rows = queries.list_campaigns(db(), actor(), search=search, group=group, limit=PAGE + 1, before=before_arg())
    shown = rows[:PAGE]
    ids = [row.campaign.id for row in shown]
    return render_template(
        "admin/campaigns.html",
        rows=shown,
        group=group,
        search=search,
        chosen_groups=queries.GROUPS,
        counts=queries.count_by_group(db(), actor()),
        faces=progress.faces_of(db(), ids),
        progress=progress.progress_of(db(), ids),
        more=shown[-1].campaign.id if len(rows) > PAGE else None,
    )


@admin.form("/campaigns/new", P.CAMPAIGN_EDIT)
def campaign_new() -> Any:
    """Start a draft."""
    form, brand = NameForm(), current_brand(P.CAMPAIGN_EDIT)
    if form.validate_on_submit():
        with saving(form):
            made = service.create_campaign(db(), actor(), brand, name=form.name.data or "")
            return done(url_for("admin.campaign_basics", public_id=made.public_id))
    return render_template("admin/campaign_new.html", form=form)


@admin.get("/campaigns/<public_id>", P.CAMPAIGN_READ)
def campaign(public_id: str) -> Any:
    """One campaign: who takes part and what it brought; its plan; its brief; its history."""
    found = queries.get_campaign(db(), actor(), public_id)
    tab = request.args.get("show", "")
    template, told = TABS.get(tab, TABS[""])
    may_edit = actor().may(P.CAMPAIGN_EDIT, found.brand_id)
    return render_template(
        f"admin/{template}.html",
        campaign=found,
        tab=tab if tab in TABS else "",
        may_edit=may_edit,
        missing=service.missing(db(), found) if found.state == "draft" else [],
        moves=[a for a in found.machine.actions(found.state) if a in CHANGES] if may_edit else [],
        changes=CHANGES,
        turn=whose_turn(found),
        late=found.due_at is not None and found.due_at < clock.now(),
        **told(found),
    )


def _overview(found: Campaign) -> dict[str, Any]:
    return {
        "budget": queries.budget_of(db(), found),
        "asked": room.asked_in_all(db(), found),
        "collaborations": of_campaign(db(), found.id),
        "summary": reports.summary(db(), found),
    }


def _told_plan(found: Campaign) -> dict[str, Any]:
    wanted = [
        {"kind": w.kind, "platform": w.platform, "quantity": w.quantity, "note": w.note}
        | {"due_on": w.due_on.isoformat() if w.due_on else None}
        for w in queries.wanted_deliverables(db(), found.id)
    ]
    told = {"age_from": T("Age from"), "age_to": T("Age to"), **AUDIENCE_FIELDS}
    return {
        "goals": [GOALS[goal] for goal in found.goals],
        "markets": [country(market) for market in found.markets],
        "categories": [CATEGORIES[category] for category in found.categories],
        "audience": [(label, found.audience[key]) for key, label in told.items() if found.audience.get(key)],
        "work": [terms.deliverable_line(row) for row in wanted],
        "pay": terms.pay_lines(instance().plugins, service.deal_of(db(), found)),
    }


def _told_brief(found: Campaign) -> dict[str, Any]:
    versions = queries.brief_versions(db(), found.id)
    asked = request.args.get("version", "")
    brief = next((v for v in versions if str(v.number) == asked), versions[0] if versions else None)
    return {"versions": versions, "brief": brief, "brief_fields": BRIEF_FIELDS, "marks": MARKS}


TABS: dict[str, tuple[str, Callable[[Campaign], dict[str, Any]]]] = {
    "": ("campaign", _overview),
    "plan": ("campaign_plan", _told_plan),
    "brief": ("campaign_told_brief", _told_brief),
    "history": ("campaign_history", lambda found: {"history": history(db(), found)}),
}


@admin.post("/campaigns/<public_id>/clone", P.CAMPAIGN_EDIT)
def campaign_clone(public_id: str) -> Any:
    """A new draft with the same plan."""
    found = plan_of(public_id)
    brand = next(b for b in brands(P.CAMPAIGN_EDIT) if b.id == found.brand_id)
    made = service.clone_campaign(db(), actor(), found, brand)
    return done(url_for("admin.campaign_basics", public_id=made.public_id), gettext("Copied. Give it a name."))


@admin.form("/campaigns/<public_id>/change/<action>", P.CAMPAIGN_EDIT)
def campaign_change(public_id: str, action: str) -> Any:
    """Pause, resume, wrap up, complete, archive, cancel: what it will do, then the button."""
    found = plan_of(public_id)
    change = CHANGES.get(action)
    home = url_for("admin.campaign", public_id=public_id)
    if change is None or action not in found.machine.actions(found.state):
        return redirect(home, 303)
    form = ReasonForm()
    if not change.reason:
        del form.reason
    if form.validate_on_submit():
        with saving(form):
            words = {"reason": form.reason.data or ""} if change.reason else {}
            change.act(db(), actor(), found, **words)
            return done(home, gettext("Done."))
    return render_template("admin/campaign_change.html", campaign=found, change=change, form=form)
