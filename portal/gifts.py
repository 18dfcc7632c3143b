"""Gifts as the influencer sees them: where to, and whether it has arrived."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from wtforms import StringField, TelField, TextAreaField

from core import clock
from core.accounts.models import Brand
from core.i18n import gettext
from core.lifecycle import whose_turn
from core.permissions import Permission
from core.places import country_choices
from core.plugin_api.text import T
from core.tracking import gifts as service
from core.tracking import queries
from core.tracking.lifecycle import STATE_NAMES, GiftState
from core.tracking.models import Gift
from core.web.forms import AtMost, BaseForm, ChoiceField, DayField, Required
from core.web.request import actor, db, done, instance, saving
from portal.face import portal, section

PORTAL = Permission.PORTAL
section("work", "gift", "gift_missing")


class AddressForm(BaseForm):
    """Where to send it."""

    name = StringField(T("Name"), [Required(), AtMost(120)])
    street = StringField(T("Street and number"), [Required(), AtMost(160)])
    postcode = StringField(T("Postcode"), [Required(), AtMost(20)])
    city = StringField(T("Town"), [Required(), AtMost(80)])
    country = ChoiceField(T("Country"))
    phone = TelField(T("Phone, for the carrier"), [AtMost(40)])


class ArrivedForm(BaseForm):
    """It has arrived."""

    received_on = DayField(T("Arrived on"), [Required()])


class MissingForm(BaseForm):
    """It has not."""

    words = TextAreaField(T("What the brand should know"), [AtMost(service.REASON_LENGTH)])


@portal.app_template_global("own_tracking_of")
def own_tracking_of(collaboration_id: int) -> dict[str, Any]:
    """Code and gifts of a collaboration, for `portal/_gifts.html`."""
    return {
        "code": queries.code_of(db(), collaboration_id),
        "gifts": [(row, whose_turn(row)) for row in queries.gifts_of(db(), collaboration_id)],
        "states": STATE_NAMES,
        "now": clock.now(),
    }


@portal.form("/gifts/<public_id>", PORTAL)
def gift(public_id: str) -> Any:
    """One gift: give the address, or confirm that it has arrived."""
    row = service.get_for_influencer(db(), actor(), public_id)
    form = _form(row)
    if form is not None and form.validate_on_submit():
        with saving(form):
            given: dict[str, Any] = {"gift": row, "base_url": instance().settings.base_url}
            if isinstance(form, ArrivedForm):
                service.confirm(db(), actor(), received_on=form.received_on.data, **given)
                return done(_here(row), gettext("Thank you. The brand knows that it has arrived."))
            address = {key: form[key].data for key in service.ADDRESS}
            service.give_address(db(), actor(), address=address, **given)
            return done(_here(row), gettext("Saved. The brand knows where to send it."))
    return _page(row, form)


@portal.form("/gifts/<public_id>/missing", PORTAL)
def gift_missing(public_id: str) -> Any:
    """Tell the brand that it has not arrived."""
    row, form = service.get_for_influencer(db(), actor(), public_id), MissingForm()
    if form.validate_on_submit():
        with saving(form):
            base_url = instance().settings.base_url
            service.not_arrived(db(), actor(), gift=row, words=form.words.data or "", base_url=base_url)
            return done(_here(row), gettext("The brand looks where it is and sends it again."))
    return _page(row, form)


def _form(row: Gift) -> BaseForm | None:
    """What is asked in the gift's state."""
    if row.state == GiftState.SHIPPED:
        return ArrivedForm(data={"received_on": clock.today()})
    if row.state not in (GiftState.ADDRESS_MISSING, GiftState.APPROVED):
        return None
    form = AddressForm(data=service.known_address(db(), actor(), row))
    form.country.choices = country_choices(every=True)
    return form


def _page(row: Gift, form: BaseForm | None) -> Any:
    brand = db().get_one(Brand, row.brand_id)
    late = bool(row.due_at and row.due_at < clock.now())
    return render_template(
        "portal/gift.html", row=row, form=form, given_brand=brand, states=STATE_NAMES, turn=whose_turn(row), late=late,
        missing=isinstance(form, MissingForm),
    )  # fmt: skip


def _here(row: Gift) -> str:
    return url_for("portal.gift", public_id=row.public_id)
