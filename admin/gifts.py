"""Gifts as the brand sees them: what to send where, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import render_template, request, url_for
from wtforms import StringField, TextAreaField

from admin.face import admin, section
from core import clock
from core.i18n import gettext
from core.lifecycle import history, whose_turn
from core.permissions import Permission
from core.plugin_api.text import T, Tc, Text
from core.tracking import gifts as service
from core.tracking import queries
from core.tracking.lifecycle import STATE_NAMES
from core.tracking.models import Gift
from core.web.brands import current_brand
from core.web.forms import AtMost, BaseForm, DayField, Required
from core.web.request import actor, db, done, instance, saving

P = Permission
section("sales", "gifts", "gift", "gift_step")


class ShippedForm(BaseForm):
    """It is sent."""

    sent_on = DayField(T("Sent on"), [Required()])
    tracking = StringField(T("Tracking number or link"), [AtMost(200)])


class ReceivedForm(BaseForm):
    """It was delivered, by the carrier's word."""

    received_on = DayField(T("Delivered on"), [Required()])


class ReturnedForm(BaseForm):
    """It came back."""

    reason = TextAreaField(T("Why it came back"), [Required(), AtMost(service.REASON_LENGTH)])


STEPS: dict[str, tuple[type[BaseForm], Callable[..., None], Text, Text]] = {
    "shipped": (
        ShippedForm,
        service.ship,
        T("Mark as sent"),
        T("The influencer gets a mail and confirms the arrival."),
    ),
    "received": (
        ReceivedForm,
        service.confirm,
        Tc("gift", "Mark as delivered"),
        T("Use this when the carrier says so and the influencer has not confirmed it. Its value is booked."),
    ),
    "returned": (
        ReturnedForm,
        service.take_back,
        T("Mark as returned"),
        T("A value that was booked is taken off again. The influencer gets a mail with your words."),
    ),
}


@admin.app_template_global("value_source_name")
def value_source_name(code: str) -> Any:
    """Where a gift's value comes from, in words; what the plugin no longer knows stays as it is."""
    model = instance().plugins.payment_models.get(service.MODEL)
    fields = model.terms if model else ()
    return next((label for field in fields for key, label in field.choices if key == code), code)


@admin.app_template_global("tracking_of")
def tracking_of(collaboration_id: int) -> dict[str, Any]:
    """Code, sales and gifts of a collaboration, for `admin/_tracking.html`."""
    return {
        "code": queries.code_of(db(), collaboration_id),
        "sales": queries.sales_of(db(), collaboration_id),
        "gifts": queries.gifts_of(db(), collaboration_id),
        "gift_states": STATE_NAMES,
    }


@admin.get("/gifts", P.OFFER_READ)
def gifts() -> Any:
    """A brand's gifts, those to be sent first."""
    brand, state = current_brand(P.OFFER_READ), request.args.get("state", "")
    rows = queries.list_gifts(db(), actor(), brand.id, state=state if state in STATE_NAMES else "")
    filters = [
        {"label": label, "href": url_for("admin.gifts", state=code or None), "current": state == code}
        for code, label in {"": T("All"), **STATE_NAMES}.items()
    ]
    return render_template(
        "admin/gifts.html",
        rows=rows,
        state=state,
        states=STATE_NAMES,
        filters=filters,
        turn=whose_turn,
        now=clock.now(),
    )


@admin.get("/gifts/<public_id>", P.OFFER_READ)
def gift(public_id: str) -> Any:
    """One gift: what, where to, what happened."""
    row = service.get_for_brand(db(), actor(), public_id)
    return render_template(
        "admin/gift.html",
        row=queries.gift_row(db(), row),
        states=STATE_NAMES,
        turn=whose_turn(row),
        late=bool(row.due_at and row.due_at < clock.now()),
        history=history(db(), row),
        may_edit=actor().may(P.OFFER_EDIT, row.brand_id),
        steps=[(name, STEPS[name][2]) for name in _open(row)],
    )


def _open(row: Gift) -> list[str]:
    """What can be done now; the address is the influencer's to give."""
    wanted = {"ship": "shipped", "receive": "received", "return": "returned"}
    return [wanted[str(action)] for action in row.machine.actions(row.state) if str(action) in wanted]


@admin.form("/gifts/<public_id>/<any(shipped, received, returned):step>", P.OFFER_EDIT)
def gift_step(public_id: str, step: str) -> Any:
    """Say what became of it."""
    row = service.get_for_brand(db(), actor(), public_id, P.OFFER_EDIT)
    kind, act, title, effect = STEPS[step]
    form: Any = kind(data={"sent_on": clock.today(), "received_on": clock.today()})
    if form.validate_on_submit():
        with saving(form):
            given = {name: form[name].data or "" for name in form._fields if name != "csrf_token"}
            act(db(), actor(), gift=row, base_url=instance().settings.base_url, **given)
            return done(url_for("admin.gift", public_id=public_id), gettext("Saved."))
    fields = [form[name] for name in form._fields if name != "csrf_token"]
    return render_template("admin/gift_step.html", row=row, form=form, fields=fields, title=title, effect=effect)
