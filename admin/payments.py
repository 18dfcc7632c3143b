"""One payment of a run: what to do, what became of it, and the file that its rail gave."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, render_template, send_file, url_for
from werkzeug.utils import secure_filename
from wtforms import StringField, TextAreaField

from admin.face import admin, section
from core.accounts.calendar import today_of
from core.accounts.models import Brand
from core.earnings.terms import kind_names, terms_of
from core.i18n import gettext
from core.lifecycle import history
from core.payouts import contested, heard, queries, service, todo, waiting
from core.payouts.lifecycle import State
from core.payouts.models import Payout, PayoutRun
from core.payouts.submit import account_of
from core.payouts.ways import way_of
from core.permissions import Permission
from core.plugin_api.text import T
from core.web.forms import AtMost, BaseForm, DayField, Required
from core.web.request import actor, db, done, instance, saving

section(
    "payouts", "payout", "payout_sent", "payout_failed", "payout_received", "payout_arrived", "payout_looked",
    "payout_file",
)  # fmt: skip
P = Permission


class SentForm(BaseForm):
    """What the bank said."""

    reference = StringField(
        T("Reference of the bank"), [Required(), AtMost(60)], description=T("As it stands in your bank's receipt.")
    )
    sent_on = DayField(T("Sent on"), [Required()])


class FailedForm(BaseForm):
    """What went wrong."""

    reason = TextAreaField(T("What went wrong"), [Required(), AtMost(300)])


class ReceivedForm(BaseForm):
    """A day of a bank statement."""

    received_on = DayField(T("Day on the statement"), [Required()])


class ArrivedForm(ReceivedForm):
    """A day of a bank statement that shows what was said to have failed."""


@admin.get("/payouts/<public_id>", P.MONEY_READ)
def payout(public_id: str) -> Any:
    """One payment: what it is for, what to do in the bank, what became of it."""
    found = queries.get_payout(db(), actor(), public_id)
    return _payment_page(found, SentForm(data={"sent_on": _today(found)}))


def _today(found: Payout) -> date:
    return today_of(db(), found.brand_id)


def _payment_page(found: Payout, form: BaseForm) -> Any:
    forms: dict[str, BaseForm] = {
        "sent": SentForm(formdata=None, data={"sent_on": _today(found)}),
        "failed": FailedForm(formdata=None),
        "received": ReceivedForm(formdata=None, data={"received_on": _today(found)}),
        "arrived": ArrivedForm(formdata=None),
    }
    name = {SentForm: "sent", FailedForm: "failed", ReceivedForm: "received", ArrivedForm: "arrived"}[type(form)]
    forms[name] = form
    parts = queries.parts(db(), [found.id])[found.id]
    terms = terms_of(db(), {part.collaboration.id for part in parts})
    may_approve = actor().may(P.PAYOUT_APPROVE, found.brand_id)
    run = db().get_one(PayoutRun, found.payout_run_id)
    way = way_of(db(), instance().plugins, db().get_one(Brand, run.brand_id), run.rail)
    return render_template(
        "admin/payout.html",
        payment=found,
        run=run,
        todos=todo.todos_of(instance().keyring, [found]) if may_approve else [],
        way=way,
        reports=heard.to_look_at(db(), found),
        parts=parts,
        terms=terms,
        iban=account_of(instance().keyring, found) if may_approve else "",
        may_approve=may_approve,
        history=history(db(), found),
        names=way.names,
        kinds=kind_names(instance().plugins, terms.values()),
        turn=queries.turn_of(found, run),
        locked_out=waiting.locked_out(way.title) if way.here and run.locked_out else None,
        State=State,
        forms=forms,
        opened=form if form.errors else None,
    )


@admin.post("/payouts/<public_id>/sent", P.PAYOUT_APPROVE)
def payout_sent(public_id: str) -> Any:
    """The bank took it."""
    found, form = queries.get_payout(db(), actor(), public_id, P.PAYOUT_APPROVE), SentForm()
    if form.validate_on_submit():
        with saving(form):
            service.mark_sent(
                db(),
                actor(),
                found,
                reference=form.reference.data or "",
                sent_on=form.sent_on.data,
                base_url=instance().settings.base_url,
            )
            return done(url_for("admin.payout", public_id=public_id), gettext("Sent. The influencer gets a mail."))
    return _payment_page(found, form), 422


@admin.post("/payouts/<public_id>/failed", P.PAYOUT_APPROVE)
def payout_failed(public_id: str) -> Any:
    """It did not go through, or it came back."""
    found, form = queries.get_payout(db(), actor(), public_id, P.PAYOUT_APPROVE), FailedForm()
    if form.validate_on_submit():
        with saving(form):
            service.mark_failed(
                db(), actor(), found, reason=form.reason.data or "", base_url=instance().settings.base_url
            )
            told = gettext("Taken down. What it paid is due again; put it into a new run.")
            return done(url_for("admin.payout", public_id=public_id), told)
    return _payment_page(found, form), 422


@admin.post("/payouts/<public_id>/received", P.PAYOUT_APPROVE)
def payout_received(public_id: str) -> Any:
    """A bank statement shows that it arrived."""
    found, form = queries.get_payout(db(), actor(), public_id, P.PAYOUT_APPROVE), ReceivedForm()
    if form.validate_on_submit():
        with saving(form):
            service.record_statement(db(), actor(), found, received_on=form.received_on.data)
            return done(url_for("admin.payout", public_id=public_id), gettext("Taken down as received."))
    return _payment_page(found, form), 422


@admin.post("/payouts/<public_id>/arrived", P.PAYOUT_APPROVE)
def payout_arrived(public_id: str) -> Any:
    """It was said to have failed, and a bank statement shows that it arrived."""
    found, form = queries.get_payout(db(), actor(), public_id, P.PAYOUT_APPROVE), ArrivedForm()
    if form.validate_on_submit():
        with saving(form):
            day, base_url = form.received_on.data, instance().settings.base_url
            contested.arrived(db(), actor(), found, received_on=day, base_url=base_url)
            told = gettext("Taken down as received. The influencer gets a mail.")
            return done(url_for("admin.payout", public_id=public_id), told)
    return _payment_page(found, form), 422


@admin.post("/payouts/<public_id>/looked/<report>", P.PAYOUT_APPROVE)
def payout_looked(public_id: str, report: str) -> Any:
    """Finance has looked at what the rail told and could not be taken down."""
    found = queries.get_payout(db(), actor(), public_id, P.PAYOUT_APPROVE)
    heard.looked_at(db(), actor(), found, report)
    return done(url_for("admin.payout", public_id=public_id), gettext("Taken down that you have looked at it."))


@admin.get("/payouts/<public_id>/file", P.PAYOUT_APPROVE)
def payout_file(public_id: str) -> Any:
    """The file that the rail gave for a payment; names of accounts stand in it, so it is never kept by a browser."""
    found = queries.get_payout(db(), actor(), public_id, P.PAYOUT_APPROVE)
    row = todo.file_of(db(), found)
    if row is None or not (path := instance().files.path(row.sha256)).exists():
        abort(404)
    answer = send_file(
        path,
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=secure_filename(row.name) or "file",
        conditional=False,
        etag=False,
    )
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "no-store"
    return answer
