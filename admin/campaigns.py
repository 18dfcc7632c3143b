"""Campaigns: list, plan step by step, brief, pay with a simulator, launch, and what comes after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, request, url_for
from wtforms import DateField, StringField, TextAreaField
from wtforms.validators import Optional

from admin.face import admin, section
from core.campaigns import queries, service
from core.campaigns.catalogue import (
    AUDIENCE_FIELDS,
    BRIEF_FIELDS,
    BRIEF_HINTS,
    CATEGORIES,
    DELIVERABLE_KINDS,
    GOALS,
    MARKS,
    PLATFORMS,
)
from core.campaigns.lifecycle import STATE_NAMES, Action
from core.campaigns.models import Campaign
from core.collaborations import reading
from core.errors import Refused
from core.i18n import country, gettext
from core.lifecycle import history
from core.permissions import Permission
from core.places import country_choices
from core.plugin_api.text import T, Text
from core.plugin_host.service import switches
from core.reports import progress
from core.web.brands import current_brand
from core.web.forms import AtMost, BaseForm, ChoiceField, ChoicesField, MoneyField, Required, WholeField
from core.web.offer_form import OfferForm
from core.web.request import actor, db, done, instance, saving

P = Permission
PAGE = 50
STEPS: tuple[tuple[str, Text], ...] = (
    ("basics", T("Goals")),
    ("audience", T("Audience")),
    ("brief", T("Brief")),
    ("pay", T("Deliverables and pay")),
    ("budget", T("Budget and terms")),
    ("launch", T("Launch")),
)
section(
    "campaigns",
    "campaign_new",
    "campaign",
    "campaign_basics",
    "campaign_audience",
    "campaign_brief",
    "campaign_pay",
    "campaign_budget",
    "campaign_launch",
    "campaign_change",
)


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


class BasicsForm(BaseForm):
    """Goals, product, markets, dates."""

    name = StringField(T("Name of the campaign"), [Required(), AtMost(160)])
    goals = ChoicesField(T("Goals"), options=list(GOALS.items()))
    goal_note = TextAreaField(
        T("The goal in your own words"), [AtMost(4000)], description=T("For example: 300 orders of the serum by May.")
    )
    product = StringField(T("Product or service"), [AtMost(200)])
    markets = ChoicesField(T("Markets"))
    categories = ChoicesField(
        T("Does one of these apply to the product?"),
        options=list(CATEGORIES.items()),
        description=T("Some countries forbid or limit advertising for them; the checks take it into account."),
    )
    starts_on = DateField(T("Start"), [Optional()])
    ends_on = DateField(T("End"), [Optional()])


class BudgetForm(BaseForm):
    """Budget and terms."""

    budget = MoneyField(T("Budget"), low=0, high=10**12)
    due_days = WholeField(
        T("Days until payment"), [Required()], low=0, high=120, description=T("From when the hold period has ended.")
    )
    hold_days = WholeField(
        T("Hold period in days"),
        [Required()],
        low=0,
        high=120,
        description=T("Commission waits this long for refunds. Fixed fees do not wait."),
    )
    review_days = WholeField(T("Days to review a draft"), [Required()], low=1, high=60)
    revision_rounds = WholeField(T("Rounds of changes included"), [Required()], low=0, high=20)
    offer_days = WholeField(T("Days to answer an offer"), [Required()], low=1, high=60)


class ReasonForm(BaseForm):
    """Why, where a reason is needed."""

    reason = TextAreaField(T("Reason"), [AtMost(500)])


def _audience_form() -> type[BaseForm]:
    fields: dict[str, Any] = {
        "age_from": WholeField(T("Age from"), low=13, high=120),
        "age_to": WholeField(T("Age to"), low=13, high=120),
    }
    for key, label in AUDIENCE_FIELDS.items():
        fields[key] = TextAreaField(label, [AtMost(500)], render_kw={"rows": 2})
    return type("AudienceForm", (BaseForm,), fields)


def _brief_form() -> type[BaseForm]:
    fields: dict[str, Any] = {}
    for key, label in BRIEF_FIELDS.items():
        for number in range(BRIEF_LINES):
            fields[f"{key}-{number}-mark"] = ChoiceField(T("Weight"), options=list(MARKS.items()), default="should")
            fields[f"{key}-{number}-text"] = TextAreaField(
                label, [AtMost(4000)], description=BRIEF_HINTS[key] if number == 0 else "", render_kw={"rows": 2}
            )
    return type("BriefForm", (BaseForm,), fields)


BRIEF_LINES = 3
AudienceForm, BriefForm = _audience_form(), _brief_form()


@admin.app_template_global("campaign_state")
def campaign_state(state: str) -> Text:
    """A state's name for pills."""
    return STATE_NAMES[state]


@admin.get("/campaigns", P.CAMPAIGN_READ)
def campaigns() -> Any:
    """Every campaign of one's brands."""
    group, search = request.args.get("group", ""), request.args.get("q", "").strip()[:100]
    before = request.args.get("before", "")
    rows = queries.list_campaigns(
        db(),
        actor(),
        search=search,
        group=group,
        limit=PAGE + 1,
        before=int(before) if before.isdigit() and len(before) < 16 else None,
    )
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
    """One campaign: where it stands, who takes part, what it brought."""
    from core.collaborations.queries import of_campaign
    from core.reports import service as reports

    found = queries.get_campaign(db(), actor(), public_id)
    may_edit = actor().may(P.CAMPAIGN_EDIT, found.brand_id)
    return render_template(
        "admin/campaign.html",
        campaign=found,
        budget=queries.budget_of(db(), found),
        brief=queries.latest_brief(db(), found.id),
        missing=service.missing(db(), found),
        collaborations=of_campaign(db(), found.id),
        summary=reports.summary(db(), found),
        may_edit=may_edit,
        moves=[a for a in found.machine.actions(found.state) if a in CHANGES] if may_edit else [],
        changes=CHANGES,
        history=history(db(), found),
        goal_names=", ".join(str(GOALS[g]) for g in found.goals),
        market_names=", ".join(country(m) for m in found.markets),
        brief_fields=BRIEF_FIELDS,
        marks=MARKS,
        audience_fields=AUDIENCE_FIELDS,
    )


def _plan(public_id: str) -> Campaign:
    return queries.get_campaign(db(), actor(), public_id, P.CAMPAIGN_EDIT)


def _step(template: str, found: Campaign, step: str, **context: Any) -> Any:
    steps = [(label, url_for(f"admin.campaign_{key}", public_id=found.public_id)) for key, label in STEPS]
    return render_template(
        f"admin/{template}.html", campaign=found, steps=steps, current=[k for k, _ in STEPS].index(step) + 1, **context
    )


def _next(found: Campaign, step: str) -> Any:
    keys = [key for key, _ in STEPS]
    following = keys[keys.index(step) + 1]
    return done(url_for(f"admin.campaign_{following}", public_id=found.public_id), gettext("Saved."))


@admin.form("/campaigns/<public_id>/basics", P.CAMPAIGN_EDIT)
def campaign_basics(public_id: str) -> Any:
    """Goals, product, markets, dates."""
    found = _plan(public_id)
    form = BasicsForm(obj=found)
    form.markets.choices = country_choices()
    if form.validate_on_submit():
        with saving(form):
            service.save_basics(
                db(),
                actor(),
                found,
                name=form.name.data or "",
                goals=form.goals.data or [],
                goal_note=form.goal_note.data or "",
                product=form.product.data or "",
                markets=form.markets.data or [],
                categories=form.categories.data or [],
                starts_on=form.starts_on.data,
                ends_on=form.ends_on.data,
            )
            return _next(found, "basics")
    return _step("campaign_basics", found, "basics", form=form)


@admin.form("/campaigns/<public_id>/audience", P.CAMPAIGN_EDIT)
def campaign_audience(public_id: str) -> Any:
    """Whom it should reach."""
    found = _plan(public_id)
    form = AudienceForm(data=found.audience)
    if form.validate_on_submit():
        with saving(form):
            service.save_audience(
                db(),
                actor(),
                found,
                age_from=form["age_from"].data,
                age_to=form["age_to"].data,
                texts={key: form[key].data or "" for key in AUDIENCE_FIELDS},
            )
            return _next(found, "audience")
    return _step("campaign_audience", found, "audience", form=form, fields=AUDIENCE_FIELDS)


@admin.form("/campaigns/<public_id>/brief", P.CAMPAIGN_EDIT)
def campaign_brief(public_id: str) -> Any:
    """The brief: ten fields, each line must, should or free."""
    found = _plan(public_id)
    last = queries.latest_brief(db(), found.id)
    data: dict[str, str] = {}
    used = dict.fromkeys(BRIEF_FIELDS, 0)
    for line in last.lines if last else ():
        number = used[line["field"]]
        if number < BRIEF_LINES:
            data |= {f"{line['field']}-{number}-mark": line["mark"], f"{line['field']}-{number}-text": line["text"]}
            used[line["field"]] += 1
    form = BriefForm(data=data)
    if form.validate_on_submit():
        lines = [
            {"field": key, "mark": form[f"{key}-{n}-mark"].data, "text": form[f"{key}-{n}-text"].data or ""}
            for key in BRIEF_FIELDS
            for n in range(BRIEF_LINES)
        ]
        with saving(form):
            service.save_brief(db(), actor(), found, lines=lines)
            return _next(found, "brief")
    return _step(
        "campaign_brief", found, "brief", form=form, fields=BRIEF_FIELDS, count=BRIEF_LINES, used=used, last=last
    )


@admin.form("/campaigns/<public_id>/pay", P.CAMPAIGN_EDIT)
def campaign_pay(public_id: str) -> Any:
    """What is delivered and what is paid for it, with three outcomes worked out."""
    found, host = _plan(public_id), instance().plugins
    start = service.deal_of(db(), found)
    rows = [
        {"kind": w.kind, "platform": w.platform, "quantity": w.quantity, "due_on": w.due_on, "note": w.note}
        for w in queries.wanted_deliverables(db(), found.id)
    ]
    models = host.enabled("payment_models", switches(db(), found.brand_id))
    form = OfferForm(host, models, found.currency, start, rows)
    deal = start
    if form.sent():
        deal, rows = form.deal, form.deliverables
        if "preview" not in request.form:
            with saving(form.form):
                service.save_wanted(db(), actor(), found, deliverables=rows)
                service.save_components(db(), actor(), found, deal=deal)
                return _next(found, "pay")
    expected = _expected()
    forecasts = reading.forecasts(host, deal, rows, found.currency, **expected) if deal.components else []
    cap = reading.cap_or_none(host, deal, rows, found.currency) if deal.components else None
    return _step(
        "campaign_pay",
        found,
        "pay",
        form=form,
        forecasts=forecasts,
        cap=cap,
        kinds=DELIVERABLE_KINDS,
        platforms=PLATFORMS,
        **expected,
    )


def _expected() -> dict[str, int]:
    """How many sales, and worth how much each, the simulator is asked with."""
    asked = {"sales": (reading.EXPECTED_SALES, reading.MOST_SALES), "order": (reading.EXPECTED_ORDER, 10**7)}
    typed = {name: request.values.get(name, "") for name in asked}
    return {
        name: min(int(typed[name]), most) if typed[name].isdigit() and len(typed[name]) < 9 else usual
        for name, (usual, most) in asked.items()
    }


@admin.form("/campaigns/<public_id>/budget", P.CAMPAIGN_EDIT)
def campaign_budget(public_id: str) -> Any:
    """Budget, payment terms, deadlines."""
    found = _plan(public_id)
    form = BudgetForm(obj=found)
    form.budget.currency = found.currency
    if form.validate_on_submit():
        with saving(form):
            service.save_budget(
                db(),
                actor(),
                found,
                budget=form.budget.data,
                due_days=int(form.due_days.data or 0),
                hold_days=int(form.hold_days.data or 0),
                review_days=int(form.review_days.data or 0),
                revision_rounds=int(form.revision_rounds.data or 0),
                offer_days=int(form.offer_days.data or 0),
            )
            return _next(found, "budget")
    return _step("campaign_budget", found, "budget", form=form, budget=queries.budget_of(db(), found))


@admin.form("/campaigns/<public_id>/launch", P.CAMPAIGN_EDIT)
def campaign_launch(public_id: str) -> Any:
    """What is still missing, each with a link; or the button."""
    found = _plan(public_id)
    if request.method == "POST":
        try:
            service.launch(db(), actor(), found)
        except Refused as error:
            if not error.fix:
                raise
            db().rollback()
        else:
            return done(
                url_for("admin.campaign", public_id=public_id), gettext("Launched. Invite the first influencer.")
            )
    return _step(
        "campaign_launch", found, "launch", missing=service.missing(db(), found), budget=queries.budget_of(db(), found)
    )


@admin.post("/campaigns/<public_id>/clone", P.CAMPAIGN_EDIT)
def campaign_clone(public_id: str) -> Any:
    """A new draft with the same plan."""
    found = _plan(public_id)
    brand = next(b for b in _brands() if b.id == found.brand_id)
    made = service.clone_campaign(db(), actor(), found, brand)
    return done(url_for("admin.campaign_basics", public_id=made.public_id), gettext("Copied. Give it a name."))


def _brands() -> Any:
    from core.web.brands import brands

    return brands(P.CAMPAIGN_EDIT)


@admin.form("/campaigns/<public_id>/change/<action>", P.CAMPAIGN_EDIT)
def campaign_change(public_id: str, action: str) -> Any:
    """Pause, resume, wrap up, complete, archive, cancel: what it will do, then the button."""
    found = _plan(public_id)
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
