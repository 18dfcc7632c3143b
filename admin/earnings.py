"""What is owed, the books, and what a campaign was worth."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import render_template, request, url_for
from wtforms import TextAreaField

from admin.face import admin, section
from core.accounts.models import Brand
from core.campaigns import queries as campaigns
from core.earnings import books, deciding, queries
from core.earnings.models import ComponentHold
from core.earnings.service import recompute
from core.earnings.terms import kind_names, terms_of
from core.i18n import current_locale, gettext, moment, ngettext
from core.ledger.verify import verify
from core.permissions import Permission
from core.plugin_api.text import T
from core.reports import service as reports
from core.reports.summary import Figure
from core.web.brands import current_brand
from core.web.forms import AtMost, BaseForm, ChoiceField, Required
from core.web.request import actor, before_arg, commit, db, done, instance, saving
from core.web.sheet import sheet

P = Permission
PAGE = 50
section("payouts", "earnings_hold")
section("campaigns", "campaign_report", "campaign_report_csv")


@admin.get("/earnings", P.MONEY_READ)
def earnings() -> Any:
    """Every earning with its reason, state and dates, and what is on hold."""
    brand = current_brand(P.MONEY_READ)
    state, search = request.args.get("state", ""), request.args.get("q", "").strip()
    collaboration = request.args.get("collaboration", "")
    rows = queries.list_earnings(
        db(),
        actor(),
        brand.id,
        state=state if state in queries.STATE_NAMES else "",
        search=search[:100],
        collaboration=collaboration,
        limit=PAGE + 1,
        before=before_arg(),
    )
    terms = terms_of(db(), {row.collaboration.id for row in rows})
    return render_template(
        "admin/earnings.html",
        rows=rows[:PAGE],
        more=rows[PAGE - 1].earning.id if len(rows) > PAGE else None,
        holds=queries.list_holds(db(), actor(), brand.id),
        totals=queries.totals_of_brand(db(), actor(), brand.id),
        state=state,
        search=search,
        collaboration=collaboration,
        names=queries.STATE_NAMES,
        kinds=kind_names(instance().plugins, terms.values()),
        may_decide=actor().may(P.PAYOUT_APPROVE, brand.id),
    )


class DecisionForm(BaseForm):
    """What finance does about a plugin that has changed its mind."""

    decision = ChoiceField(
        T("Decision"), options=[("keep", T("Keep what is booked")), ("accept", T("Book what the plugin counts now"))]
    )
    reason = TextAreaField(T("Why"), [Required(), AtMost(500)])


@admin.form("/earnings/holds/<public_id>", P.PAYOUT_APPROVE)
def earnings_hold(public_id: str) -> Any:
    """A part of the pay that a plugin counts otherwise than before, and what to do about it.

    What another version said than the one that is installed is counted anew before anybody reads it or decides on it.
    """
    found, form = queries.get_hold(db(), actor(), public_id), DecisionForm()
    read = request.form.get("version", found.hold.version)
    if deciding.is_stale(instance().plugins, found.hold):
        _count_anew(found.hold)
    if found.hold.resolved_at is not None:
        return done(url_for("admin.earnings"), gettext("It is over: what the plugin counts now is what is booked."))
    if form.is_submitted() and read != found.hold.version:
        form.form_errors.append(gettext("Another version of the plugin is here now. Read what it says, then decide."))
    elif form.validate_on_submit():
        with saving(form):
            accept = form.decision.data == "accept"
            made = deciding.decide(
                db(), actor(), instance().plugins, hold=found.hold, accept=accept, reason=form.reason.data or ""
            )
            told = ngettext("%(num)s line is booked.", "%(num)s lines are booked.", len(made))
            return done(url_for("admin.earnings"), told)
    return render_template("admin/earnings_hold.html", form=form, held=found), (422 if form.errors else 200)


def _count_anew(hold: ComponentHold) -> None:
    commit()
    db().connection(execution_options={"write": True})
    recompute(db(), instance().plugins, hold.collaboration_id)
    commit()


@admin.get("/ledger", P.MONEY_READ)
def ledger() -> Any:
    """The brand's books: what each kind of account holds, whose turn it is, and whether the books are right."""
    brand = current_brand(P.MONEY_READ)
    kind, code = request.args.get("kind", ""), request.args.get("account", "")
    findings = None
    if request.args.get("verify"):
        findings = [row for row in verify(db()).findings if row.brand_id in (None, brand.id)]
    return render_template(
        "admin/ledger.html",
        rows=books.kinds(db(), actor(), brand.id),
        names=books.KINDS,
        kind=kind if kind in books.KINDS else "",
        accounts=books.accounts(db(), actor(), brand.id, kind) if kind in books.KINDS else [],
        account=code,
        lines=books.lines(db(), actor(), brand.id, code, request.args.get("currency", brand.currency)) if code else [],
        postings=books.POSTINGS,
        findings=findings,
    )


@admin.get("/campaigns/<public_id>/report", P.CAMPAIGN_READ)
def campaign_report(public_id: str) -> Any:
    """Every number of a campaign with its formula, source and age, ready for paper."""
    found = campaigns.get_campaign(db(), actor(), public_id)
    return render_template(
        "admin/campaign_report.html",
        campaign=found,
        summary=reports.summary(db(), found),
        report_brand=db().get_one(Brand, found.brand_id),
    )


@admin.get("/campaigns/<public_id>/report.csv", P.CAMPAIGN_READ)
def campaign_report_csv(public_id: str) -> Any:
    """The same as a table."""
    found = campaigns.get_campaign(db(), actor(), public_id)
    summary = reports.summary(db(), found)
    head = [
        gettext("Figure"), gettext("Value"), gettext("Unit"), gettext("How it is counted"), gettext("Source"),
        gettext("As of"),
    ]  # fmt: skip
    return sheet(f"campaign-{public_id}.csv", head, [_row(figure) for figure in summary.figures()])


def _row(figure: Figure) -> list[Any]:
    value: Any = figure.value
    unit = getattr(figure.value, "currency", "")
    if figure.value is None:
        value = gettext("unknown")
    elif isinstance(figure.value, Decimal):
        text = f"{figure.value * 100:.2f}"
        value, unit = text if current_locale() == "en" else text.replace(".", ","), "%"
    as_of = moment(figure.as_of) if figure.as_of else ""
    return [figure.label, value, unit, figure.formula, figure.source, as_of]
