"""What finance decides about a sale in another currency than the terms."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import render_template, request, url_for
from wtforms import StringField

from admin.face import admin, section
from core import clock
from core.i18n import gettext
from core.money import Money
from core.permissions import Permission
from core.plugin_api.text import T
from core.tracking import deciding, held
from core.tracking.lifecycle import SaleState
from core.web.forms import AtMost, BaseForm, NumberField, Required, WholeField
from core.web.request import actor, db, done, saving

section("sales", "sale_decision")


class RateForm(BaseForm):
    """By which rate a sale counts. `minor` is what the page showed for it."""

    rate = NumberField(T("Rate"), [Required()])
    source = StringField(
        T("Where the rate is from"),
        [Required(), AtMost(deciding.SOURCE_LENGTH)],
        description=T("For example: European Central Bank, 20 November 2026"),
    )
    minor = WholeField()


class LeaveForm(BaseForm):
    """Why a sale is left out."""

    reason = StringField(T("Why"), [Required(), AtMost(deciding.REASON_LENGTH)])


@admin.form("/sales/<public_id>/decide", Permission.PAYOUT_APPROVE)
def sale_decision(public_id: str) -> Any:
    """Credit a sale on hold by a rate, after its amount was shown, or leave it out."""
    row = held.get_held(db(), actor(), public_id)
    sale, what, amount = row.sale, request.form.get("do", ""), None
    if sale.state != SaleState.ON_HOLD:
        return done(url_for("admin.sale", public_id=public_id), str(deciding.OVER))
    rates, leaves = (RateForm(None), LeaveForm()) if what == "leave" else (RateForm(), LeaveForm(None))
    if what == "leave" and leaves.validate_on_submit():
        with saving(leaves):
            deciding.leave(db(), actor(), sale=sale, reason=leaves.reason.data or "")
            return done(url_for("admin.sale", public_id=public_id), gettext("The sale is left out."))
    elif what != "leave" and rates.validate_on_submit():
        rate = rates.rate.data or Decimal()
        with saving(rates):
            if what == "credit":
                shown = Money(rates.minor.data or 0, row.currency)
                deciding.credit(db(), actor(), sale=sale, rate=rate, source=rates.source.data or "", shown=shown)
                told = gettext("The sale counts for %(amount)s.", amount=shown)
                return done(url_for("admin.sale", public_id=public_id), told)
            amount = deciding.quote(db(), sale, rate)
    page = {"row": row, "rates": rates, "leaves": leaves, "amount": amount, "now": clock.now()}
    return render_template("admin/sale_decision.html", **page), (422 if rates.errors or leaves.errors else 200)
