"""Planning a campaign in six steps, each of which saves on its own; the last one launches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, request, url_for
from wtforms import StringField, TextAreaField
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
from core.campaigns.models import BriefVersion, Campaign
from core.collaborations import reading
from core.errors import Refused
from core.i18n import gettext
from core.permissions import Permission
from core.places import country_choices
from core.plugin_api.deal import Deal
from core.plugin_api.text import T, Tc, Text
from core.plugin_host.contexts import for_brand
from core.plugin_host.service import switches
from core.web.brands import brands
from core.web.forms import AtMost, BaseForm, ChoiceField, ChoicesField, DayField, MoneyField, Required, WholeField
from core.web.offer_form import OfferForm, begun
from core.web.request import actor, db, done, instance, saving, whole

P = Permission
MOST_LINES = 100
STEPS: tuple[tuple[str, Text], ...] = (
    ("basics", T("Goals")),
    ("audience", T("Audience")),
    ("brief", T("Brief")),
    ("pay", T("Deliverables and pay")),
    ("budget", T("Budget and terms")),
    ("launch", Tc("step", "Launch")),
)
section("campaigns", *(f"campaign_{step}" for step, _ in STEPS))


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
    starts_on = DayField(T("Start"), [Optional()])
    ends_on = DayField(T("End"), [Optional()])


class BudgetForm(BaseForm):
    """Budget and terms."""

    budget = MoneyField(T("Budget"), low=0)
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


def _audience_form() -> type[BaseForm]:
    fields: dict[str, Any] = {
        "age_from": WholeField(T("Age from"), low=13, high=120),
        "age_to": WholeField(T("Age to"), low=13, high=120),
    }
    for key, label in AUDIENCE_FIELDS.items():
        fields[key] = TextAreaField(label, [AtMost(500)], render_kw={"rows": 2})
    return type("AudienceForm", (BaseForm,), fields)


AudienceForm = _audience_form()


def _brief_form(counts: Mapping[str, int]) -> type[BaseForm]:
    """A form with so many lines for each field of the brief."""
    fields: dict[str, Any] = {}
    for key, label in BRIEF_FIELDS.items():
        for number in range(counts[key]):
            fields[f"{key}-{number}-mark"] = ChoiceField(T("Weight"), options=list(MARKS.items()), default="should")
            fields[f"{key}-{number}-text"] = TextAreaField(
                label, [AtMost(4000)], description=BRIEF_HINTS[key] if number == 0 else "", render_kw={"rows": 2}
            )
    return type("BriefForm", (BaseForm,), fields)


def _line_counts(last: BriefVersion | None) -> dict[str, int]:
    """How many lines each field shows: those stored or sent, one more where it was asked for, at least one."""
    if request.method == "POST":
        sent = {key: sum(f"{key}-{n}-text" in request.form for n in range(MOST_LINES)) for key in BRIEF_FIELDS}
        sent[request.form.get("more", "")] = sent.get(request.form.get("more", ""), 0) + 1
    else:
        stored = [line["field"] for line in last.lines] if last else []
        sent = {key: stored.count(key) for key in BRIEF_FIELDS}
    return {key: min(max(sent[key], 1), MOST_LINES) for key in BRIEF_FIELDS}


def _typed_brief(last: BriefVersion | None) -> dict[str, str]:
    data: dict[str, str] = {}
    used = dict.fromkeys(BRIEF_FIELDS, 0)
    for line in last.lines if last else ():
        name = f"{line['field']}-{used[line['field']]}"
        data |= {f"{name}-mark": line["mark"], f"{name}-text": line["text"]}
        used[line["field"]] += 1
    return data


def plan_of(public_id: str) -> Campaign:
    """A campaign that this person may plan; else it is not there."""
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
    found = plan_of(public_id)
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
    found = plan_of(public_id)
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
    found = plan_of(public_id)
    last = queries.latest_brief(db(), found.id)
    counts = _line_counts(last)
    form = _brief_form(counts)(data=_typed_brief(last))
    if "more" not in request.form and form.validate_on_submit():
        lines = [
            {"field": key, "mark": form[f"{key}-{n}-mark"].data, "text": form[f"{key}-{n}-text"].data or ""}
            for key, count in counts.items()
            for n in range(count)
        ]
        with saving(form):
            service.save_brief(db(), actor(), found, lines=lines)
            return _next(found, "brief")
    return _step("campaign_brief", found, "brief", form=form, fields=BRIEF_FIELDS, counts=counts, last=last)


@admin.form("/campaigns/<public_id>/pay", P.CAMPAIGN_EDIT)
def campaign_pay(public_id: str) -> Any:
    """What is delivered and what is paid for it, with three outcomes worked out."""
    found, host = plan_of(public_id), instance().plugins
    on = switches(db(), found.brand_id)
    start = begun(host, service.deal_of(db(), found), found.currency, on)
    rows = [
        {"kind": w.kind, "platform": w.platform, "quantity": w.quantity, "due_on": w.due_on, "note": w.note}
        for w in queries.wanted_deliverables(db(), found.id)
    ]
    form = OfferForm(host, on, found.currency, start, rows, keeps_locked=True)
    deal = Deal.of([]) if request.method == "POST" else start  # what was typed wrongly costs nothing yet
    if form.sent():
        deal, rows = form.deal, form.deliverables
        if "preview" not in request.form:
            with saving(form.form):
                service.save_wanted(db(), actor(), found, deliverables=rows)
                service.save_components(db(), actor(), found, deal=deal)
                return _next(found, "pay")
    expected = _expected()
    host = for_brand(db(), host, found.brand_id)
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


def _expected() -> dict[str, Any]:
    """How many sales, worth how much each, and how many views the simulator is asked with."""
    return {
        "sales": min(whole("sales", reading.EXPECTED_SALES), reading.MOST_SALES),
        "order": min(whole("order", reading.EXPECTED_ORDER), 10**7),
        "views": min(whole("views", reading.EXPECTED_VIEWS), reading.MOST_VIEWS),
    }


@admin.form("/campaigns/<public_id>/budget", P.CAMPAIGN_EDIT)
def campaign_budget(public_id: str) -> Any:
    """Budget, payment terms, deadlines."""
    found = plan_of(public_id)
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


@admin.app_template_global("plan_step")
def plan_step(campaign: Campaign, step: str) -> str:
    """Where a missing piece of a launch is filled in; empty for who may not."""
    if step != "brand":
        return url_for(f"admin.campaign_{step}", public_id=campaign.public_id)
    mine = [brand for brand in brands(P.BRAND_EDIT) if brand.id == campaign.brand_id]
    return url_for("admin.brand_edit", brand=mine[0].public_id) if mine else ""


@admin.app_template_global("page_of_plugin")
def page_of_plugin(plugin: str | None, brand_id: int | None) -> str:
    """Where a plugin is switched on for a brand, or all of them where it is gone; empty for who may not."""
    mine = [brand for brand in brands(P.PLUGINS_SWITCH) if brand.id == brand_id]
    if not mine or plugin is None:
        return url_for("admin.plugins") if mine else ""
    return url_for("admin.plugin", name=plugin, brand=mine[0].public_id)


@admin.form("/campaigns/<public_id>/launch", P.CAMPAIGN_EDIT)
def campaign_launch(public_id: str) -> Any:
    """What is still missing, each with a link; or the button."""
    found = plan_of(public_id)
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
        "campaign_launch",
        found,
        "launch",
        missing=service.missing(db(), found),
        left_to_offers=service.left_to_offers(db(), found),
        budget=queries.budget_of(db(), found),
    )
