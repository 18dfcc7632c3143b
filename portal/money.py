"""Earnings, payouts and where to send them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import abort, render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, StringField

from core import clock
from core.accounts.models import Brand
from core.earnings.queries import STATE_NAMES as EARNING_NAMES
from core.earnings.terms import kind_names, terms_of
from core.i18n import day, gettext, number, pgettext
from core.lifecycle import Turn
from core.outbox import Later
from core.payouts import contested, details, failed, onboarding, own, queries, service, todo
from core.payouts.details import Asking
from core.payouts.lifecycle import STATE_NAMES, State
from core.payouts.methods import method_of
from core.payouts.models import Payout, PayoutMethod
from core.permissions import Permission
from core.places import country_choices
from core.plugin_api.fields import SettingField
from core.plugin_api.payout_rails import Onboarding
from core.plugin_api.text import T, Tc, Text
from core.plugin_host.declared import ANY_CURRENCY
from core.tracking import held
from core.web.forms import AtMost, BaseForm, ChoiceField, DayField, Required
from core.web.limits import limiter
from core.web.request import actor, before_arg, commit, db, done, instance, let_go, person, saving, values
from core.web.setting_fields import data_of, input_of, raw_of, unit_of
from core.web.sheet import sheet
from portal.face import portal, section

section("payouts", "payout", "payout_method", "payout_lines", "payout_statement", "payout_rail")
P = Permission
PAGE = 40
ADDRESS = ("iban", "street", "building", "postcode", "town")


class ArrivedForm(BaseForm):
    """When it came."""

    received_on = DayField(T("Arrived on"), [Required()])


class MethodForm(BaseForm):
    """Where the money goes."""

    payee_name = StringField(
        T("Name of the account's owner"), [Required(), AtMost(70)], description=T("A person or a business.")
    )
    iban = StringField(T("IBAN"), [AtMost(42)])
    street = StringField(T("Street"), [Required(), AtMost(70)])
    building = StringField(T("House number"), [AtMost(16)])
    postcode = StringField(T("Postcode"), [Required(), AtMost(16)])
    town = StringField(T("Town"), [Required(), AtMost(35)])
    country = ChoiceField(T("Country"))
    tax_country = ChoiceField(T("Country where you pay tax"))
    tax_id = StringField(T("Tax number"), [AtMost(40)])
    business = BooleanField(T("I am paid as a business"))


@portal.get("/payouts", P.PORTAL)
def payouts() -> Any:
    """What is on its way, what was earned, and every amount explained."""
    today = clock.today(person().timezone)
    found = own.groups(db(), actor(), limit=PAGE + 1, before=before_arg())
    rows = found[:PAGE]
    method = method_of(db(), actor().influencer_id)
    small, doubtful = own.kept_back(db(), actor(), instance().plugins), contested.kept_back(db(), actor())
    terms = terms_of(db(), {row.collaboration.id for row in rows})
    standing = onboarding.of_payee(db(), instance().plugins, actor().influencer_id)
    stopped = own.stopped_by_rails(db(), standing)

    def ball(row: own.Group) -> Text:
        kept = doubtful.get(row.place) or small.get((row.brand.id, row.amount.currency))
        return own.whose_ball(row, method is not None, kept, stopped.get(row.brand.id))

    return render_template(
        "portal/payouts.html",
        purses=own.purses(db(), actor(), today, person().timezone),
        rows=rows,
        more=rows[-1].last_id if len(found) > PAGE else None,
        terms=terms,
        holds=[*own.holds(db(), actor()), *((*row, Turn.BRAND) for row in held.of_influencer(db(), actor()))],
        method=method,
        failed=failed.of_payee(db(), actor()),
        account=details.wants_account(db(), instance().plugins, actor().influencer_id),
        lacking=details.lacking(db(), instance().plugins, actor().influencer_id),
        standing=standing,
        today=today,
        label=_label,
        ball=ball,
        kinds=kind_names(instance().plugins, terms.values()),
        bars=_bars,
    )


def _bars(purse: own.Purse) -> list[tuple[str, int, str]]:
    """Months with their sums in whole units, as the chart wants them."""
    return [
        (day(month, "LLL"), max(amount.minor, 0), number(amount.decimal.to_integral_value()))
        for month, amount in purse.months
    ]


def _label(row: own.Group) -> tuple[str, Text]:
    """A group's state in the words of the influencer's page."""
    if row.payout is not None and row.state in ("in_payout", "paid"):
        if row.payout.state == State.AWAITING_APPROVAL:
            return "scheduled", T("Being prepared")
        return row.payout.state, OWN_NAMES.get(row.payout.state, STATE_NAMES[row.payout.state])
    if row.state == "payable" and row.amount.minor < 0:
        return "clawed_back", T("Taken back, netted from what comes next")
    return row.state, EARNING_NAMES[row.state]


OWN_NAMES: dict[str, Text] = {
    State.PROCESSING: T("On its way"),
    State.REQUIRES_ACTION: T("On its way"),
    State.UNKNOWN: T("On its way"),
    State.SENT: Tc("payout", "Sent"),
    State.RECEIVED: T("Received"),
}


@portal.get("/payouts/lines/<public_id>/<component>", P.PORTAL)
def payout_lines(public_id: str, component: str) -> Any:
    """Every single earning of one part of the pay."""
    rows = own.lines(db(), actor(), public_id, component, before=before_arg())
    if not rows:
        abort(404)
    place = rows[0].collaboration_id
    terms = terms_of(db(), {place})
    return render_template(
        "portal/payout_lines.html",
        rows=rows,
        collaboration=queries.collaborations_of(db(), {place})[place],
        terms=terms.get(place),
        component=component,
        names=EARNING_NAMES,
        kinds=kind_names(instance().plugins, terms.values()),
        more=rows[-1].id if len(rows) == own.LINES else None,
        Text=Text,
    )


@portal.form("/payouts/<public_id>", P.PORTAL)
def payout(public_id: str) -> Any:
    """One payment: what it is for, where it is, and the button that says it arrived."""
    found = queries.get_own(db(), actor(), public_id)
    form = ArrivedForm(data={"received_on": _arrived_on(found)})
    if form.validate_on_submit():
        with saving(form):
            service.confirm_received(db(), actor(), found, received_on=form.received_on.data)
            return done(url_for("portal.payout", public_id=public_id), gettext("Thank you. It is marked as received."))
    parts = queries.parts(db(), [found.id])[found.id]
    return render_template(
        "portal/payout.html",
        payment=found,
        brand=db().get_one(Brand, found.brand_id),
        parts=parts,
        terms=terms_of(db(), {part.collaboration.id for part in parts}),
        form=form,
        names={**STATE_NAMES, **OWN_NAMES},
        steps=_steps(found),
        contested=found in contested.of_payee(db(), actor()),
        late=bool(found.sent_on and found.sent_on < clock.today(person().timezone) - timedelta(days=3)),
    ), (422 if form.errors else 200)


def _arrived_on(found: Payout) -> date:
    """The reader's today, but not before it was sent."""
    today = clock.today(person().timezone)
    return max(today, found.sent_on or today)


def _steps(found: Payout) -> list[dict[str, Any]]:
    """How far the payment is, with the day of each step."""
    steps: list[dict[str, Any]] = [
        {"text": gettext("Prepared"), "when": found.created_at, "done": True},
        {"text": pgettext("payout", "Approved"), "when": None, "done": found.state != State.AWAITING_APPROVAL},
        {"text": pgettext("payout", "Sent"), "when": found.sent_on, "done": found.sent_on is not None},
        {"text": gettext("Received"), "when": found.received_on, "done": found.received_on is not None},
    ]
    if found.state in (State.FAILED, State.RETURNED):
        steps[-1] = {"text": STATE_NAMES[found.state], "when": None, "done": False, "bad": True}
    return steps


@portal.form("/payouts/account", P.PORTAL)
def payout_method() -> Any:
    """Where the money goes: payee, IBAN, address, tax."""
    method = method_of(db(), actor().influencer_id)
    given: dict[str, Any] = {"country": "FI", "tax_country": "FI", "payee_name": person().name}
    asked = details.asked(db(), instance().plugins, instance().keyring, actor().influencer_id)
    asking = asked.by_rail
    form = _method_form(asking, method, given)
    form.tax_id.flags.required = method is None
    _account_fields(form, asked, method)
    form.country.choices = country_choices(every=True)
    form.tax_country.choices = country_choices(every=True)
    if form.validate_on_submit():
        told = _told(form, asking)
        if told is not None:
            found = {one.rail: details.shown(instance().plugins, one, told[one.rail]) for one in asking}
            with saving(form):
                saved = service.save_method(
                    db(), instance().keyring, actor(), base_url=instance().settings.base_url, details=told,
                    shown={rail: words for rail, words in found.items() if words is not None},
                    needs_account=asked.needs_account, **_words(form, asking),
                )  # fmt: skip
                last4 = saved.iban_last4 if asked.account else ""
                said = gettext("Saved. You are paid to the account ending in %(last4)s.", last4=last4)
                return done(url_for("portal.payouts"), said if last4 else gettext("Saved."))
    if method and not form.is_submitted():
        form.tax_id.data = ""
        if asked.account:
            form.iban.data = ""
    return render_template(
        "portal/payout_method.html", form=form, method=method, asked=asked, place=_place, unit_of=unit_of,
        standing=onboarding.of_payee(db(), instance().plugins, actor().influencer_id),
    ), (422 if form.errors else 200)  # fmt: skip


@portal.post("/payouts/rails/<brand>/<rail>", P.PORTAL)
@limiter.limit("12 per minute")
def payout_rail(brand: str, rail: str) -> Any:
    """A brand's rail is asked how far the influencer is; the way on is used at once, so no page keeps it."""
    of, place = instance(), db().scalar(select(Brand).where(Brand.public_id == brand)) or abort(404)
    asked = {"brand": place.id, "influencer": actor().influencer_id, "rail": rail}
    who = onboarding.gather(db(), of.plugins, of.keyring, asked) or abort(404)
    let_go()  # nothing of the database is held while the rail is asked
    try:
        answer = onboarding.ask(of.plugins, who)
    except Later:
        return done(url_for("portal.payout_method"), gettext("It cannot be asked just now. Try again later."))
    onboarding.record(db(), who, answer)
    if isinstance(answer, Onboarding) and answer.ready:
        told = gettext("%(rail)s can pay you now.", rail=who.rail.title)
        return done(url_for("portal.payout_method"), told)
    commit()
    link = todo.https_link(answer.url) if isinstance(answer, Onboarding) else ""
    return render_template(
        "portal/payout_rail.html", title=who.rail.title, brand=place, answer=answer, link=link,
        host=urlsplit(link).hostname, account=details.wants_account(db(), of.plugins, actor().influencer_id),
    )  # fmt: skip


def _account_fields(form: MethodForm, asked: details.Asked, method: PayoutMethod | None) -> None:
    """Ask for the bank account as far as the ways need it: not at all, if they like, or for certain."""
    if not asked.account:
        form.payee_name.label.text = T("Name of who is paid")
    for name in ADDRESS:
        if not asked.account:
            del form[name]
        elif not asked.needs_account:
            form[name].validators = [rule for rule in form[name].validators if not isinstance(rule, Required)]
            form[name].flags.required = False
    if asked.account:
        form.iban.flags.required = asked.needs_account and not (method and method.iban_cipher)


def _place(one: Asking, spec: SettingField) -> str:
    """The name of a rail's field in the form."""
    return f"{one.rail}-{spec.key}"


def _method_form(asking: Sequence[Asking], method: PayoutMethod | None, given: dict[str, Any]) -> MethodForm:
    """The form with a field for each thing that a rail asks, filled in with what is known; no secret is shown."""
    fields = {_place(one, spec): input_of(spec) for one in asking for spec in one.fields}
    data = {
        _place(one, spec): data_of(spec, value, ANY_CURRENCY)
        for one in asking
        for spec, value in zip(one.fields, details.filled(one.fields, one.given).values(), strict=True)
        if not spec.secret
    }
    whole = type("WholeMethodForm", (MethodForm,), fields)
    form: MethodForm = whole(obj=method, data=data) if method else whole(data=_guess(given, db()) | data)
    for one in asking:
        for spec in one.fields:  # what is needed is not called optional
            form[_place(one, spec)].flags.required = spec.required and not (spec.secret and spec.key in one.given)
    return form


def _told(form: MethodForm, asking: Sequence[Asking]) -> dict[str, dict[str, Any]] | None:
    """What was typed for each rail, None when something cannot be taken and is marked in the form."""
    found = {}
    for one in asking:
        found[one.rail], errors = one.read({spec.key: raw_of(form[_place(one, spec)]) for spec in one.fields})
        errors = errors or details.doubts(instance().plugins, one, found[one.rail])
        for key, message in errors.items():
            form.blame(f"{one.rail}-{key}", message)
    return None if form.errors else found


def _guess(given: dict[str, Any], session: Session) -> dict[str, Any]:
    """What is known of a new payee: the country of their record."""
    from core.influencers.models import Influencer

    influencer = session.get(Influencer, actor().influencer_id)
    country = influencer.country if influencer and influencer.country else given["country"]
    return {**given, "country": country, "tax_country": country}


def _words(form: MethodForm, asking: Sequence[Asking]) -> dict[str, Any]:
    extra = [_place(one, spec) for one in asking for spec in one.fields]
    return {name: value if value is not None else "" for name, value in values(form, *extra).items()}


@portal.get("/payouts/statement/<int:year>", P.PORTAL)
def payout_statement(year: int) -> Any:
    """The statement of a year as a table."""
    if not 2000 <= year <= 9998:
        abort(404)
    head = [
        gettext("Earned on"), gettext("Brand"), gettext("Business id"), gettext("Campaign"), gettext("Kind"),
        gettext("Why"), gettext("Amount"), gettext("Currency"), gettext("Status"), gettext("Sent on"),
        gettext("Received on"), gettext("Reference of the bank"),
    ]  # fmt: skip
    zone = ZoneInfo(person().timezone)
    found = list(own.statement(db(), actor(), year, person().timezone))
    places = {earning.collaboration_id for earning, *_ in found}
    kinds = kind_names(instance().plugins, terms_of(db(), places).values())
    rows = [
        [
            earning.earned_at.astimezone(zone).date(), brand.legal_name or brand.name, brand.business_id, campaign,
            kinds.get(earning.kind, earning.kind), Text.from_json(earning.reason), earning.amount,
            earning.currency, EARNING_NAMES[earning.state], *_moved(paid),
        ]
        for earning, campaign, brand, paid in found
    ]  # fmt: skip
    return sheet(f"samverk-{year}.csv", head, rows)


def _moved(paid: Payout | None) -> tuple[date | None, date | None, str]:
    return (paid.sent_on, paid.received_on, paid.bank_reference) if paid else (None, None, "")
