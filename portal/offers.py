"""Invitations, offers and contracts as the influencer sees them."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from wtforms import BooleanField, EmailField, HiddenField, PasswordField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from core import clock
from core.accounts import service as accounts
from core.accounts.models import Person
from core.collaborations import endings, queries, reading, service
from core.collaborations.lifecycle import CONTRACT_STATE_NAMES, DECLINE_REASONS, ENDED_EARLY, OPEN, Action, State
from core.collaborations.models import Collaboration, Offer
from core.errors import Refused
from core.i18n import country, current_locale, gettext
from core.permissions import Permission
from core.places import COUNTRIES, country_choices
from core.plugin_api.text import T
from core.plugin_host.contexts import for_brand
from core.web.contract_page import contract_page, paper_of, pdf_of, text_of
from core.web.face import PUBLIC
from core.web.forms import AtMost, BaseForm, ChoiceField, Required
from core.web.limits import limiter
from core.web.lobby import signed_in
from core.web.offer_form import answering
from core.web.request import actor, before_arg, db, done, instance, person, saving, whole
from portal.face import portal, section

P = Permission
PAGE = 30
section("offers", "offer", "offer_decline", "offer_counter", "contract", "offer_leave")
TABS: dict[str, tuple[str, ...]] = {
    "open": (*OPEN, State.CONTRACTING),
    "running": (State.IN_PROGRESS, State.ON_HOLD, State.DELIVERED),
    "ended": (State.COMPLETED, *ENDED_EARLY),
}
REASONS = [SelectChoice(*pair) for pair in DECLINE_REASONS.items()]
TAB_NAMES = {"open": T("Open"), "running": T("Running"), "ended": T("Ended")}


class AccountForm(BaseForm):
    """A new influencer's account."""

    name = StringField(T("Your name"), [Required(), AtMost(120)])
    email = EmailField(T("E-mail"), [Required(), AtMost(254)])
    password = PasswordField(
        T("Password"), [Required()], description=T("At least 10 characters. A sentence that only you know works well.")
    )
    country = ChoiceField(T("Country"))
    privacy = BooleanField(T("I have read the privacy notice and accept it"))


class EnrollForm(BaseForm):
    """What is missing of somebody who has an account."""

    name = StringField(T("The name brands see"), [Required(), AtMost(120)])
    country = ChoiceField(T("Country"))
    privacy = BooleanField(T("I have read the privacy notice and accept it"))


class ConfirmForm(BaseForm):
    """Only a yes."""


class DeclineForm(BaseForm):
    """Why not."""

    reason = RadioField(T("Why do you decline?"), [Required()], choices=REASONS, validate_choice=False)
    words = TextAreaField(T("A few words to the brand"), [AtMost(1000)])
    number = HiddenField()


class LeaveForm(BaseForm):
    """Why a running collaboration ends."""

    reason = TextAreaField(T("Your reason"), [Required(), AtMost(500)])


def base_url() -> str:
    """Where links in mails start."""
    return instance().settings.base_url


@portal.form("/i/<token>", PUBLIC)
@limiter.limit("60 per 5 minutes", methods=["POST"])
def invitation(token: str) -> Any:
    """Where an invitation's link leads: make an account, or go on with the one that is signed in."""
    found = service.open_invitation(db(), token)
    if request.method == "GET" and found.invitation_viewed_at is None:
        with instance().database.write() as writing:
            service.mark_opened(writing, found.id)
    who = actor()
    if who.influencer_id is not None and who.influencer_id == found.influencer_id:
        return redirect(url_for("portal.offer", public_id=found.public_id), 303)
    if found.influencer_id is not None or found.person.influencer_id not in (None, who.influencer_id):
        return render_template("portal/invitation_taken.html", found=found), 403 if who.person_id else 200
    if who.person_id is None:
        return _new_account(token, found)
    return _known_person(token, found)


def _new_account(token: str, found: Collaboration) -> Any:
    form = AccountForm(
        name=found.person.display_name, email=found.person.email, country=found.person.country or _likely_country()
    )
    form.country.choices = country_choices()
    if form.validate_on_submit():
        with saving(form):
            made = _account(form)
            _claim(made, found, form)
            return signed_in(
                made,
                url_for("portal.offer", public_id=found.public_id),
                message=gettext("Welcome. Here is what you are offered."),
            )
    return render_template("portal/invitation.html", form=form, found=service.open_invitation(db(), token))


def _account(form: AccountForm) -> Person:
    country = str(form.country.data)
    return accounts.create_person(
        db(),
        name=form.name.data or "",
        email=form.email.data or "",
        password=form.password.data or "",
        locale=current_locale(),
        timezone=COUNTRIES[country].timezone if country in COUNTRIES else "UTC",
    )


def _claim(who: Person, found: Collaboration, form: AccountForm | EnrollForm) -> None:
    influencer = service.enroll(
        db(),
        who,
        display_name=form.name.data or "",
        country=str(form.country.data),
        accept_privacy=bool(form.privacy.data),
    )
    service.attach_influencer(db(), found, influencer)


def _likely_country() -> str:
    return {"fi": "FI", "sv": "SE", "nb": "NO"}.get(current_locale(), "FI")


def _known_person(token: str, found: Collaboration) -> Any:
    """Somebody signed in says that the invitation is theirs."""
    enrolled = actor().influencer_id is not None
    form = ConfirmForm() if enrolled else EnrollForm(name=person().name, country=_likely_country())
    if isinstance(form, EnrollForm):
        form.country.choices = country_choices()
    if form.validate_on_submit():
        with saving(form):
            if isinstance(form, EnrollForm):
                _claim(person(), found, form)
            else:
                own = service.enroll(db(), person(), display_name="", country="", accept_privacy=False)
                service.attach_influencer(db(), found, own)
            return done(url_for("portal.offer", public_id=found.public_id))
    return render_template("portal/invitation.html", form=form, found=service.open_invitation(db(), token))


@portal.get("/offers", P.PORTAL)
def offers() -> Any:
    """The influencer's collaborations, open ones first."""
    tab = request.args.get("show", "open")
    tab = tab if tab in TABS else "open"
    rows = queries.of_influencer(db(), actor(), TABS[tab], before=before_arg(), limit=PAGE + 1)
    return render_template(
        "portal/offers.html",
        rows=rows[:PAGE],
        more=rows[PAGE - 1].id if len(rows) > PAGE else None,
        tab=tab,
        tab_names=TAB_NAMES,
        turn_of=queries.turn_of,
    )


@portal.get("/offers/<public_id>", P.PORTAL)
def offer(public_id: str) -> Any:
    """One offer: what is asked, what it pays in three outcomes, the brief, the labels."""
    found = queries.get_for_influencer(db(), actor(), public_id)
    newest = queries.current_offer(db(), found.id)
    if newest.state == "sent" and newest.proposed_by == "brand":
        with instance().database.write() as writing:
            mine = queries.get_for_influencer(writing, actor(), public_id)
            service.mark_viewed(writing, actor(), collaboration=mine)
    paper = queries.paper(db(), found.id)
    host = for_brand(db(), instance().plugins, found.brand_id)
    sales, order, views = _expected()
    sheet = reading.sheet(db(), host, found, newest)
    return render_template(
        "portal/offer.html",
        found=found,
        sheet=sheet,
        forecasts=reading.forecasts(
            host,
            newest.components,
            newest.deliverables,
            found.currency,
            sales=sales,
            order=order,
            views=views,
            caps=sheet.signed.caps if sheet.signed else None,
        ),
        sales=sales,
        order=order,
        views=views,
        late=found.due_at is not None and found.due_at < clock.now(),
        markets=", ".join(country(code) for code in found.campaign.markets),
        paper=paper,
        turn=queries.turn_of(found, paper),
        can_answer=_can_answer(found, newest),
        can_leave=Action.LEAVE in found.machine.actions(found.state),
        contract_states=CONTRACT_STATE_NAMES,
    )


def _expected() -> tuple[int, int, int]:
    """The sales to reckon with, the worth of one, and the views, from the URL; rubbish is the default."""
    sales, order = whole("sales", reading.EXPECTED_SALES, 99_999), whole("order", reading.EXPECTED_ORDER, 99_999)
    return sales, order, whole("views", reading.EXPECTED_VIEWS, reading.MOST_VIEWS)


def _can_answer(found: Collaboration, newest: Offer) -> bool:
    return (
        found.state in (State.OFFERED, State.AWAITS_BUDGET)
        and newest.proposed_by == "brand"
        and newest.state in ("sent", "viewed")
    )


@portal.post("/offers/<public_id>/accept", P.PORTAL)
def offer_accept(public_id: str) -> Any:
    """Accept the version that was read."""
    found = queries.get_for_influencer(db(), actor(), public_id)
    given: dict[str, Any] = {"number": _number(), "host": instance().plugins, "base_url": base_url()}
    if service.accept(db(), actor(), collaboration=found, **given) is None:
        said = gettext("The budget has no room for this offer right now. The brand has been told and answers you.")
        return done(url_for("portal.offer", public_id=public_id), said)
    return done(url_for("portal.contract", public_id=public_id), gettext("Agreed. Read the contract and sign it."))


def _number() -> int:
    return whole("number")


@portal.form("/offers/<public_id>/decline", P.PORTAL)
def offer_decline(public_id: str) -> Any:
    """Say no; who finds the pay too low is led to a counter-offer."""
    found, newest = _answerable(public_id)
    form = DeclineForm(number=str(newest.number))
    if form.validate_on_submit():
        if form.reason.data == "budget" and "anyway" not in request.form:
            return redirect(url_for("portal.offer_counter", public_id=public_id, because="budget"), 303)
        with saving(form):
            service.decline(
                db(),
                actor(),
                collaboration=found,
                number=_number(),
                reason=form.reason.data or "",
                words=form.words.data or "",
                base_url=base_url(),
            )
            return done(url_for("portal.offers"), gettext("You have declined. The brand has been told."))
    return render_template("portal/offer_decline.html", form=form, found=_again(found), offer=newest)


def _answerable(public_id: str) -> tuple[Collaboration, Offer]:
    found = queries.get_for_influencer(db(), actor(), public_id)
    newest = queries.current_offer(db(), found.id)
    if not _can_answer(found, newest):
        raise Refused(T("This offer has been answered already."))
    return found, newest


def _again(found: Collaboration) -> Collaboration:
    """The same row with what belongs to it, after a refused change was rolled back."""
    return queries.get_for_influencer(db(), actor(), found.public_id) if request.method == "POST" else found


@portal.form("/offers/<public_id>/counter", P.PORTAL)
def offer_counter(public_id: str) -> Any:
    """Answer with other terms."""
    found, newest = _answerable(public_id)
    host = for_brand(db(), instance().plugins, found.brand_id)
    form = answering(host, newest, found.currency)
    shown: list[reading.Forecast] = []
    if form.sent():
        if "preview" in request.form:
            shown = reading.forecasts(host, form.deal, form.deliverables, found.currency, sales=reading.EXPECTED_SALES)
        else:
            with saving(form.form):
                service.counter(
                    db(), actor(), collaboration=found, number=_number(), host=host, base_url=base_url(),
                    **form.version(),
                )  # fmt: skip
                said = gettext("Your counter-offer is on its way.")
                return done(url_for("portal.offer", public_id=public_id), said)
    because = request.args.get("because") == "budget"
    return render_template(
        "portal/offer_counter.html",
        form=form,
        found=_again(found),
        offer=newest,
        forecasts=shown,
        because=because,
        sales=reading.EXPECTED_SALES,
    )


@portal.form("/offers/<public_id>/leave", P.PORTAL)
def offer_leave(public_id: str) -> Any:
    """End an agreed collaboration early."""
    found = queries.get_for_influencer(db(), actor(), public_id)
    if Action.LEAVE not in found.machine.actions(found.state):
        raise Refused(T("This cannot be done in its present state."))
    form = LeaveForm()
    if form.validate_on_submit():
        with saving(form):
            endings.leave(db(), actor(), collaboration=found, reason=form.reason.data or "", base_url=base_url())
            return done(url_for("portal.offer", public_id=public_id), gettext("The collaboration is over."))
    earned = endings.earned_so_far(db(), found)
    return render_template("portal/offer_leave.html", form=form, found=_again(found), earned=earned)


@portal.form("/offers/<public_id>/contract", P.PORTAL)
def contract(public_id: str) -> Any:
    """Read the contract and sign it."""
    return contract_page(queries.get_for_influencer(db(), actor(), public_id), "influencer", "portal", _again)


@portal.get("/offers/<public_id>/contract.pdf", P.PORTAL)
def contract_pdf(public_id: str) -> Any:
    """The contract on paper, in the reader's language."""
    return pdf_of(paper_of(queries.get_for_influencer(db(), actor(), public_id)))


@portal.get("/offers/<public_id>/contract.txt", P.PORTAL)
def contract_text(public_id: str) -> Any:
    """The text as one side signed it, or as it can be signed now: its checksum is the fingerprint."""
    paper = paper_of(queries.get_for_influencer(db(), actor(), public_id))
    return text_of(paper, request.args.get("party", "influencer"))
