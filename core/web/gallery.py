"""What the page of components shows: invented names and sums, and one form in every state."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    FileField,
    Form,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice

from core.money import Money
from core.permissions import Permission
from core.web.face import Face

gallery = Face("gallery", __name__)


@gallery.get("/components", Permission.SELF)
def components() -> Any:
    """Every part in every state; only where `SAMVERK_GALLERY` is set."""
    return render_template("components.html", **sample())


STATES = [
    "draft",
    "planning",
    "recruiting",
    "active",
    "paused",
    "wrapping_up",
    "completed",
    "archived",
    "cancelled",
    "offered",
    "negotiating",
    "awaits_budget",
    "contracting",
    "in_review",
    "approved",
    "changes_requested",
    "rejected",
    "scheduled",
    "published",
    "verified",
    "pending",
    "on_hold",
    "payable",
    "in_payout",
    "awaiting_approval",
    "blocked",
    "processing",
    "sent",
    "received",
    "failed",
    "unknown",
    "violation",
    "needs_review",
    "broken",
]


MARKETS = [SelectChoice("FI", "Suomi"), SelectChoice("SE", "Sverige"), SelectChoice("NO", "Norge")]
PAY = [SelectChoice("fixed", "Fixed fee"), SelectChoice("commission", "Commission")]


class SampleForm(Form):
    """One field of every kind."""

    title = StringField("Name", description="The influencers see it.")
    country = SelectField("Country", choices=MARKETS)
    amount = StringField("Budget")
    password = PasswordField("Password")
    brief = TextAreaField("Brief")
    pay = RadioField("Payment", choices=PAY)
    markets = SelectMultipleField("Markets", choices=MARKETS)
    video = FileField("Video")
    agreed = BooleanField("I have read the privacy notice")


def sample() -> dict[str, Any]:
    """The context of `components.html`."""
    good = SampleForm(MultiDict({"title": "Autumn skin ritual", "pay": "fixed", "markets": "FI", "agreed": "y"}))
    wrong = SampleForm(MultiDict({"wrong-amount": "12,3,4", "wrong-pay": "commission"}), prefix="wrong")
    wrong.title.errors = ["Fill in this field."]
    wrong.amount.errors = ["Write a number, for example 1234.50."]
    wrong.pay.errors = wrong.agreed.errors = wrong.video.errors = ["Choose one of the list."]
    for form in (good, wrong):
        form.title.flags.required = form.country.flags.required = True
    return {
        "states": STATES,
        "good": good,
        "wrong": wrong,
        "sums": [Money(123456, "EUR"), Money(0, "SEK"), Money(-5000, "NOK"), None],
        "day": date(2026, 11, 24),
    }
