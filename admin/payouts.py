"""Payouts: what is due, runs that are prepared, approved and sent, debts that are let go."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import select
from wtforms import TextAreaField

from admin.face import admin, section
from admin.payments import SentForm
from core.accounts.calendar import today_of
from core.accounts.models import Brand, Person
from core.earnings.terms import kind_names, terms_of
from core.errors import Refused
from core.i18n import gettext
from core.influencers.models import Influencer
from core.lifecycle import whose_turn
from core.payouts import contested, debts, onboarding, queries, service, todo, waiting
from core.payouts.lifecycle import RUN_NAMES, STATE_NAMES, State
from core.payouts.limits import DEFAULT, limits_of, rails_of
from core.payouts.models import Payout, PayoutRun
from core.payouts.submit import account_of, hand_over_now
from core.payouts.ways import Way, way_of, ways
from core.permissions import Permission
from core.places import currency_choices
from core.plugin_api.text import T, Text
from core.web.brands import current_brand
from core.web.forms import AtMost, BaseForm, Required
from core.web.request import actor, before_arg, commit, db, done, instance, saving
from core.web.sheet import sheet

section(
    "payouts", "earnings", "ledger", "payout_run", "payout_run_approve", "payout_run_cancel", "payout_debt",
    "payouts_prepare", "payout_run_look", "payout_run_sent",
)  # fmt: skip
P = Permission
PAGE, REASONS = 25, 3


class WriteOffForm(BaseForm):
    """Why a debt is let go."""

    reason = TextAreaField(
        T("Why it is written off"), [Required(), AtMost(300)], description=T("The influencer reads it too.")
    )


class SureForm(BaseForm):
    """Only a yes."""


@admin.get("/payouts", P.MONEY_READ)
def payouts() -> Any:
    """What is due, to whom and why, and the runs."""
    brand = current_brand(P.MONEY_READ)
    today = today_of(db(), brand.id)
    later = request.args.get("due") == "all"
    every = ways(db(), instance().plugins, brand)
    rails = {name: way for name, way in every.items() if not way.fault}
    rail = _chosen_rail(rails, request.args.get("rail"), brand.id)
    let_in = onboarding.let_in(db(), instance().plugins, brand.id, rail)
    limits = cache(partial(limits_of, instance().plugins, rail, let_in=let_in))
    owed = queries.owed(db(), actor(), brand.id, None if later else today, limits)
    places = {row.collaboration_id for one in owed for row in one.rows}
    terms = terms_of(db(), places)
    found = queries.runs(db(), actor(), limit=PAGE + 1, before=before_arg(), brand_id=brand.id)
    return render_template(
        "admin/payouts.html",
        owed=owed,
        ready=_by_currency([one for one in owed if not one.blocked]),
        blocked=[one for one in owed if one.blocked],
        debts=debts.debts(db(), actor(), brand.id),
        doubtful=contested.of_brand(db(), brand.id),
        may_write_off=actor().may(P.PAYOUT_APPROVE, brand.id),
        collaborations=queries.collaborations_of(db(), places),
        terms=terms,
        kinds=kind_names(instance().plugins, terms.values()),
        later=later,
        rails=rails,
        unfit=[way for way in every.values() if way.fault],
        rail=rail,
        today=today,
        runs=found[:PAGE],
        more=found[PAGE - 1].run.id if len(found) > PAGE else None,
        run_names=RUN_NAMES,
    )


def _chosen_rail(rails: Mapping[str, Way], wanted: str | None, brand_id: int) -> str:
    """The one that was asked for, else that of the last run."""
    if wanted and wanted in rails:
        return wanted
    last = rails_of(db(), [brand_id]).get(brand_id) if len(rails) > 1 else None
    return last if last and last in rails else next(iter(rails), DEFAULT)


def _by_currency(owed: list[queries.Owed]) -> dict[str, list[queries.Owed]]:
    return {code: [one for one in owed if one.currency == code] for code in sorted({one.currency for one in owed})}


@admin.post("/payouts/prepare", P.PAYOUT_PREPARE)
def payouts_prepare() -> Any:
    """Put what is due to the chosen influencers into a run; nobody chosen means all."""
    brand = current_brand(P.PAYOUT_PREPARE)
    chosen = request.form.getlist("payee")
    ids = set(db().scalars(select(Influencer.id).where(Influencer.public_id.in_(chosen)))) if chosen else None
    later = request.form.get("due") == "all"
    wanted = request.form.get("currency", brand.currency)
    currency = wanted if wanted in dict(currency_choices()) else brand.currency
    every, name = ways(db(), instance().plugins, brand), request.form.get("rail")
    if name:  # never by another way than the one that was asked for
        if name not in every:
            raise Refused(T("This way of payment is not switched on for the brand."))
        every[name].insist()
    rail = _chosen_rail({name: way for name, way in every.items() if not way.fault}, name, brand.id)
    run, blocked = service.prepare_run(
        db(),
        actor(),
        brand,
        currency=currency,
        influencers=ids,
        due_by=None if later else today_of(db(), brand.id),
        limits=limits_of(
            instance().plugins.of(brand.public_id),
            rail,
            currency,
            onboarding.let_in(db(), instance().plugins, brand.id, rail),
        ),
        base_url=instance().settings.base_url,
    )
    if run is None:
        reason = str(blocked[0].reason) if blocked else gettext("Nothing is due for those you chose.")
        return done(url_for("admin.payouts"), reason)
    onboarding.ask_before(db(), run)
    return done(url_for("admin.payout_run", public_id=run.public_id), gettext("The run is prepared."))


@admin.form("/payouts/debts/<public_id>", P.PAYOUT_APPROVE)
def payout_debt(public_id: str) -> Any:
    """What was paid too much in a collaboration, and the form that lets it go."""
    found, form = debts.get_debt(db(), actor(), public_id), WriteOffForm()
    if form.validate_on_submit():
        with saving(form):
            base_url = instance().settings.base_url
            service.write_off(db(), actor(), found.collaboration, reason=form.reason.data or "", base_url=base_url)
            return done(url_for("admin.payouts"), gettext("Written off. The influencer gets a mail."))
    return render_template("admin/payout_debt.html", form=form, debt=found), (422 if form.errors else 200)


@admin.get("/payouts/runs/<public_id>", P.MONEY_READ)
def payout_run(public_id: str) -> Any:
    """One run: who prepared and approved it, its payments and where each is."""
    run = queries.get_run(db(), actor(), public_id)
    return render_template("admin/payout_run.html", **_run_page(run))


def _run_page(run: PayoutRun, form: SentForm | None = None) -> dict[str, Any]:
    payments = service.payouts_of(db(), run)
    may_approve, way = actor().may(P.PAYOUT_APPROVE, run.brand_id), _way(run)
    ids = [id for id in (run.prepared_by_id, run.approved_by_id) if id]
    people = {row.id: row.name for row in db().scalars(select(Person).where(Person.id.in_(ids)))}
    return {
        "run": run,
        "payments": payments,
        "open_states": [str(state) for state in queries.OPEN],
        "parts": queries.parts(db(), [payment.id for payment in payments]),
        "total": queries.total_of(run, payments),
        "people": people,
        "own": run.prepared_by_id == actor().person_id,
        "run_names": RUN_NAMES,
        "names": way.names,
        "may_approve": may_approve,
        "may_prepare": actor().may(P.PAYOUT_PREPARE, run.brand_id),
        "turn": whose_turn,
        "turn_of": queries.turn_of,
        "locked_out": waiting.locked_out(way.title) if way.here and run.locked_out else None,
        "todos": todo.todos_of(instance().keyring, payments) if may_approve else [],
        "files": todo.files_of(payments),
        "way": way,
        "stalled": _stalled(payments),
        "doubtful": contested.before(db(), payments).values() if run.state == "awaiting_approval" else [],
        "sendable": [row for row in payments if row.state == State.REQUIRES_ACTION] if may_approve else [],
        "sent": form or SentForm(formdata=None, data={"sent_on": today_of(db(), run.brand_id)}),
        "chosen": request.form.getlist("payment") if form else [row.public_id for row in payments],
    }


def _way(run: PayoutRun) -> Way:
    return way_of(db(), instance().plugins, db().get_one(Brand, run.brand_id), run.rail)


def _stalled(payments: list[Payout]) -> list[tuple[Text, int]]:
    """Why payments that were handed over are not through yet: the first reasons, each with how many it holds up."""
    found = [payment.reason for payment in payments if payment.state == State.PROCESSING]
    told = [reason for n, reason in enumerate(found) if reason and reason not in found[:n]]
    return [(reason, found.count(reason)) for reason in told[:REASONS]]


@admin.post("/payouts/runs/<public_id>/look", P.PAYOUT_APPROVE)
def payout_run_look(public_id: str) -> Any:
    """What the rail asked for is done: it is asked what it knows of these payments."""
    run = queries.get_run(db(), actor(), public_id, P.PAYOUT_APPROVE)
    chosen = set(request.form.getlist("payment"))
    todo.done(db(), actor(), run, [row for row in service.payouts_of(db(), run) if row.public_id in chosen])
    told = gettext("The rail is asked what it knows. Look again in a moment.")
    return done(url_for("admin.payout_run", public_id=public_id), told)


@admin.post("/payouts/runs/<public_id>/sent", P.PAYOUT_APPROVE)
def payout_run_sent(public_id: str) -> Any:
    """Several payments were sent in one go: they share the bank's reference and the day."""
    run, form = queries.get_run(db(), actor(), public_id, P.PAYOUT_APPROVE), SentForm()
    if form.validate_on_submit():
        with saving(form):
            chosen = set(request.form.getlist("payment"))
            service.mark_together(
                db(),
                actor(),
                [row for row in service.payouts_of(db(), run) if row.public_id in chosen],
                reference=form.reference.data or "",
                sent_on=form.sent_on.data,
                base_url=instance().settings.base_url,
            )
            told = gettext("Sent. Each influencer gets a mail.")
            return done(url_for("admin.payout_run", public_id=public_id), told)
    return render_template("admin/payout_run.html", **_run_page(run, form)), 422


@admin.form("/payouts/runs/<public_id>/approve", P.PAYOUT_APPROVE)
def payout_run_approve(public_id: str) -> Any:
    """What approving will do, and the button that does it."""
    run, form = queries.get_run(db(), actor(), public_id, P.PAYOUT_APPROVE), SureForm()
    if form.validate_on_submit():
        with saving(form):
            _way(run).insist()
            onboarding.insist(db(), instance().plugins, run)
            service.approve_run(db(), actor(), run)
            commit(wake=False)
            hand_over_now(instance().database, instance().plugins, run)
            return done(url_for("admin.payout_run", public_id=public_id), gettext("The run is approved."))
    page = render_template("admin/payout_run_decide.html", form=form, approve=True, **_run_page(run))
    return page, (422 if form.errors else 200)


@admin.form("/payouts/runs/<public_id>/cancel", P.PAYOUT_PREPARE)
def payout_run_cancel(public_id: str) -> Any:
    """What cancelling will do, and the button that does it."""
    run, form = queries.get_run(db(), actor(), public_id, P.PAYOUT_PREPARE), SureForm()
    if form.validate_on_submit():
        with saving(form):
            service.cancel_run(db(), actor(), run)
            return done(url_for("admin.payouts"), gettext("The run is cancelled. What it held is due again."))
    page = render_template("admin/payout_run_decide.html", form=form, approve=False, **_run_page(run))
    return page, (422 if form.errors else 200)


@admin.get("/payouts/runs/<public_id>/csv", P.PAYOUT_APPROVE)
def payout_run_csv(public_id: str) -> Any:
    """A run as a table for the bank or the books, account numbers included."""
    run = queries.get_run(db(), actor(), public_id, P.PAYOUT_APPROVE)
    head = [
        gettext("Reference"), gettext("Payee"), gettext("IBAN"), gettext("Amount"), gettext("Currency"),
        gettext("Status"), gettext("Sent on"), gettext("Reference of the bank"), gettext("Received on"),
    ]  # fmt: skip
    rows = [
        [
            row.public_id, row.payee_name, _account(row), row.amount,
            row.currency, STATE_NAMES[row.state], row.sent_on, row.bank_reference, row.received_on,
        ]
        for row in service.payouts_of(db(), run)
    ]  # fmt: skip
    return sheet(f"payout-run-{run.number}.csv", head, rows)


def _account(row: Payout) -> Text | str:
    """Where a payment goes: the whole account once it is handed over, or what stands in its place."""
    return row.to_whom or account_of(instance().keyring, row) or f"…{row.iban_last4}"
