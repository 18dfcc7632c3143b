"""Offers and collaborations as the brand sees them: send, answer, sign, pause, end, replace."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask import session as cookie
from sqlalchemy import select
from wtforms import RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from admin.collaboration_changes import CHANGES
from admin.face import admin, section
from core import clock
from core.campaigns import queries as campaigns
from core.campaigns.lifecycle import OPEN as TAKES_OFFERS
from core.campaigns.models import Campaign
from core.campaigns.service import deal_of
from core.collaborations import endings, queries, reading, service
from core.collaborations.lifecycle import (
    CONTRACT_STATE_NAMES,
    DECLINE_REASONS,
    OFFER_STATE_NAMES,
    OPEN,
    STATE_NAMES,
    Action,
)
from core.collaborations.models import Collaboration
from core.content.models import Deliverable
from core.earnings import queries as earnings
from core.errors import Refused
from core.i18n import gettext
from core.influencers import queries as people
from core.influencers.models import Relationship
from core.lifecycle import history
from core.permissions import Permission
from core.plugin_api.deal import Deal
from core.plugin_api.text import T, Text
from core.plugin_host.contexts import for_brand
from core.plugin_host.service import switches
from core.web.contract_page import contract_page, paper_of, pdf_of, text_of
from core.web.forms import AtMost, BaseForm, Required
from core.web.offer_form import OfferForm, answering, begun
from core.web.request import actor, db, done, instance, saving, whole

P = Permission
section("campaigns", "offer_new", "collaboration", "collaboration_change", "offer_revise", "contract")


@admin.app_template_global("collaboration_state")
def state_name(state: str) -> Text:
    """A state's name for pills."""
    return STATE_NAMES[state]


NO_MAIL = T("This installation sends no mail yet; it keeps what it would send in a folder. Copy the link.")


class ReasonForm(BaseForm):
    """Why."""

    reason = TextAreaField(T("Your reason"), [Required(), AtMost(500)])


class ConfirmForm(BaseForm):
    """Only a yes."""


def base_url() -> str:
    """Where links in mails start."""
    return instance().settings.base_url


@admin.form("/offers/new", P.OFFER_EDIT)
def offer_new() -> Any:
    """Choose a campaign, a person, then write the offer."""
    if not request.args.get("campaign"):
        return _pick_campaign()
    campaign = campaigns.get_campaign(db(), actor(), request.args["campaign"], P.OFFER_EDIT)
    replaced = _replaced()
    if not request.args.get("person"):
        return _pick_person(campaign, replaced)
    person = people.get_relationship(db(), actor(), request.args["person"], P.OFFER_EDIT)
    on = switches(db(), campaign.brand_id)
    stored, rows = _starting_point(campaign, replaced)
    deal = begun(instance().plugins, stored, campaign.currency, on)
    form = OfferForm(instance().plugins, on, campaign.currency, deal, rows, _ways(person, replaced))
    price = None if request.method == "POST" else _price(campaign, deal, rows)
    if form.sent():
        price = _price(campaign, form.deal, form.deliverables)
        if "preview" not in request.form:
            with saving(form.form):
                return _send(form, campaign, person, replaced)
    return render_template(
        "admin/offer_new.html", form=form, campaign=campaign, known=person, replaced=replaced, price=price
    )


def _send(form: OfferForm, campaign: Campaign, person: Relationship, replaced: Collaboration | None) -> Any:
    fields = form.form
    by_mail = bool(person.email) and fields["way"].data == "mail"
    made, link = service.send_offer(
        db(),
        actor(),
        host=instance().plugins,
        campaign=campaign,
        relationship=person,
        base_url=base_url(),
        unvetted_reason=fields["unvetted_reason"].data or "" if "unvetted_reason" in fields else "",
        replaces=replaced,
        replace_reason=fields["replace_reason"].data or "" if replaced else "",
        by_mail=by_mail,
        **form.version(),
    )
    cookie["invitation"] = [made.public_id, link]
    if not by_mail:
        said = gettext("The offer is made. Copy its link.")
    elif instance().settings.smtp_url:
        said = gettext("The offer is on its way.")
    else:
        said = gettext("The offer is made, but this installation sends no mail. Copy its link and send it yourself.")
    return done(url_for("admin.collaboration", public_id=made.public_id), said)


def _pick_campaign() -> Any:
    """Campaigns that take offers."""
    statement = select(Campaign).where(
        Campaign.brand_id.in_(actor().brands_with(P.OFFER_EDIT)), Campaign.state.in_(TAKES_OFFERS)
    )
    found = db().scalars(statement.order_by(Campaign.id.desc()).limit(50)).all()
    return render_template("admin/offer_campaign.html", campaigns=found, person=request.args.get("person"))


def _pick_person(campaign: Campaign, replaced: Collaboration | None) -> Any:
    q = request.args.get("q", "")[:100]
    wanted = people.PeopleFilter(q=q, brand=str(campaign.brand_id))
    found = people.list_people(db(), actor(), wanted, size=30)
    return render_template("admin/offer_person.html", campaign=campaign, people=found.rows, q=q, replaced=replaced)


def _replaced() -> Collaboration | None:
    wanted = request.args.get("replaces")
    return queries.get_for_brand(db(), actor(), wanted, P.OFFER_EDIT) if wanted else None


def _starting_point(campaign: Campaign, replaced: Collaboration | None) -> tuple[Deal, list[dict[str, Any]]]:
    """The campaign's defaults, or what is left of the collaboration that is replaced."""
    if replaced is not None:
        offer = queries.current_offer(db(), replaced.id)
        return Deal.of(offer.components), _rest(replaced) or offer.deliverables
    wanted = campaigns.wanted_deliverables(db(), campaign.id)
    rows = [
        {"kind": w.kind, "platform": w.platform, "quantity": w.quantity, "due_on": w.due_on, "note": w.note}
        for w in wanted
    ]
    return deal_of(db(), campaign), rows


def _rest(replaced: Collaboration) -> list[dict[str, Any]]:
    """The pieces that the one who is replaced has not got approved."""
    left = select(Deliverable).where(Deliverable.collaboration_id == replaced.id, Deliverable.approved_at.is_(None))
    return [
        {"kind": d.kind, "platform": d.platform, "quantity": 1, "due_on": d.due_on, "note": d.note}
        for d in db().scalars(left.order_by(Deliverable.position))
    ]


def _ways(person: Relationship, replaced: Collaboration | None) -> dict[str, Any]:
    """What an offer asks beside its terms: how it reaches them, and why, where that is not a matter of course."""
    ways = [SelectChoice("mail", T("Send it by mail")), SelectChoice("link", T("I copy the link and send it myself"))]
    extra: dict[str, Any] = {}
    if person.email:
        mails = instance().settings.smtp_url is not None
        extra["way"] = RadioField(
            T("How it reaches them"),
            choices=ways,
            default="mail" if mails else "link",
            description="" if mails else NO_MAIL,
        )
    if person.vetting_state != "passed":
        extra["unvetted_reason"] = StringField(
            T("Why invite them without a passed vetting"),
            [Required(), AtMost(300)],
            description=T("Only your team sees this."),
        )
    if replaced is not None:
        extra["replace_reason"] = TextAreaField(
            T("Why the other collaboration ends"),
            [Required(), AtMost(500)],
            description=T("The one who is replaced reads this."),
        )
    return extra


def _price(campaign: Campaign, deal: Deal, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What the offer would reserve, what is left of the budget, what three outcomes would pay."""
    host, currency = for_brand(db(), instance().plugins, campaign.brand_id), campaign.currency
    cap = reading.cap_or_none(host, deal, rows, currency) if deal.components else None
    left = campaigns.budget_of(db(), campaign).left
    shown = reading.forecasts(host, deal, rows, currency, sales=reading.EXPECTED_SALES) if deal.components else []
    after = left - cap if left is not None and cap is not None else None
    return {"cap": cap, "left": left, "after": after, "forecasts": shown, "sales": reading.EXPECTED_SALES}


@admin.get("/collaborations/<public_id>", P.OFFER_READ)
def collaboration(public_id: str) -> Any:
    """One collaboration: where it is, whose turn, the offer, the contract, what can be done."""
    found = queries.get_for_brand(db(), actor(), public_id)
    paper = queries.paper(db(), found.id)
    may_edit = actor().may(P.OFFER_EDIT, found.brand_id)
    link = cookie.pop("invitation", None)
    replaced = db().get(Collaboration, found.replaces_id) if found.replaces_id else None
    return render_template(
        "admin/collaboration.html",
        found=found,
        lack=queries.missing_budget(db(), [found])[found.id],
        sheet=reading.sheet(db(), instance().plugins, found),
        versions=queries.offers_of(db(), found.id),
        paper=paper,
        turn=queries.turn_of(found, paper),
        link=link[1] if link and link[0] == found.public_id else None,
        moves=[a for a in found.machine.actions(found.state) if a in CHANGES] if may_edit else [],
        may_edit=may_edit,
        may_sign=actor().may(P.CONTRACT_SIGN, found.brand_id) and paper is not None and paper.to_sign("brand"),
        may_replace=may_edit and Action.REPLACE in found.machine.actions(found.state),
        changes=CHANGES,
        history=_history(found, paper),
        replaced=replaced,
        replacing=queries.replaced_by(db(), found.id),
        offer_states=OFFER_STATE_NAMES,
        contract_states=CONTRACT_STATE_NAMES,
        decline_reasons=DECLINE_REASONS,
        earned=endings.earned_so_far(db(), found),
        holds=[(one, Text.from_json(one.reason), earnings.turn_of(one)) for one in earnings.holds_of(db(), found.id)],
        late=found.due_at is not None and found.due_at < clock.now(),
    )


def _history(found: Collaboration, paper: queries.Paper | None) -> list[dict[str, Any]]:
    """Every move, and who signed between them, the oldest first."""
    moves = [
        {"said": STATE_NAMES[step.to_state], "reason": step.reason, "name": step.actor_name, "at": step.at}
        for step in history(db(), found)
    ]
    signed = [
        {"said": SIGNED[row.party], "reason": None, "name": row.typed_name, "at": row.signed_at}
        for row in (paper.signatures.values() if paper else ())
    ]
    return sorted([*signed, *moves], key=lambda step: step["at"])


SIGNED = {"brand": T("Signed for the brand"), "influencer": T("Signed by the influencer")}


@admin.post("/collaborations/<public_id>/accept", P.OFFER_EDIT)
def offer_accept(public_id: str) -> Any:
    """Accept the influencer's counter-offer."""
    found = queries.get_for_brand(db(), actor(), public_id, P.OFFER_EDIT)
    service.answer_counter(
        db(), actor(), collaboration=found, number=_number(), host=instance().plugins, base_url=base_url()
    )
    return done(url_for("admin.contract", public_id=public_id), gettext("Agreed. Read the contract and sign it."))


@admin.post("/collaborations/<public_id>/again", P.OFFER_EDIT)
def offer_again(public_id: str) -> Any:
    """There is budget now: the influencer may accept."""
    found = queries.get_for_brand(db(), actor(), public_id, P.OFFER_EDIT)
    service.offer_again(db(), actor(), collaboration=found, base_url=base_url())
    return done(url_for("admin.collaboration", public_id=public_id), gettext("They have been told."))


@admin.form("/collaborations/<public_id>/revise", P.OFFER_EDIT)
def offer_revise(public_id: str) -> Any:
    """Make a new version of the offer."""
    found = queries.get_for_brand(db(), actor(), public_id, P.OFFER_EDIT)
    if found.state not in OPEN:
        raise Refused(T("This offer has been answered already."))
    offer = queries.current_offer(db(), found.id)
    campaign = db().get_one(Campaign, found.campaign_id)
    host = instance().plugins
    form = answering(host, offer, found.currency, switches(db(), found.brand_id))
    price = None if request.method == "POST" else _price(campaign, form.start, offer.deliverables)
    if form.sent():
        price = _price(campaign, form.deal, form.deliverables)
        if "preview" not in request.form:
            with saving(form.form):
                service.revise(
                    db(), actor(), collaboration=found, number=_number(), host=host, base_url=base_url(),
                    **form.version(),
                )  # fmt: skip
                said = gettext("The new offer is on its way.")
                return done(url_for("admin.collaboration", public_id=public_id), said)
    found = _again(found)
    return render_template("admin/offer_revise.html", form=form, found=found, offer=offer, price=price)


def _number() -> int:
    return whole("number")


@admin.post("/collaborations/<public_id>/link", P.OFFER_EDIT)
def offer_link(public_id: str) -> Any:
    """A fresh invitation link to copy."""
    found = queries.get_for_brand(db(), actor(), public_id, P.OFFER_EDIT)
    link = service.new_link(db(), actor(), collaboration=found, base_url=base_url())
    cookie["invitation"] = [found.public_id, link]
    return done(url_for("admin.collaboration", public_id=public_id), gettext("The earlier link no longer works."))


@admin.form("/collaborations/<public_id>/change/<deed>", P.OFFER_EDIT)
def collaboration_change(public_id: str, deed: str) -> Any:
    """Say what a change does, ask why, and do it."""
    found = queries.get_for_brand(db(), actor(), public_id, P.OFFER_EDIT)
    change = CHANGES.get(Action(deed)) if deed in set(Action) else None
    if change is None or Action(deed) not in found.machine.actions(found.state):
        raise Refused(T("This cannot be done in its present state."))
    form = ReasonForm() if change.words else ConfirmForm()
    if form.validate_on_submit():
        given: dict[str, Any] = {"reason": form["reason"].data} if change.words else {}
        if change.act is service.withdraw:
            given["number"] = queries.current_offer(db(), found.id).number
        with saving(form):
            change.act(db(), actor(), collaboration=found, base_url=base_url(), **given)
            return done(url_for("admin.collaboration", public_id=public_id), str(STATE_NAMES[found.state]))
    return render_template("admin/collaboration_change.html", form=form, found=_again(found), change=change)


def _again(found: Collaboration) -> Collaboration:
    """The same row with what belongs to it, after a refused change was rolled back."""
    return queries.get_for_brand(db(), actor(), found.public_id) if request.method == "POST" else found


@admin.form("/collaborations/<public_id>/contract", P.OFFER_READ)
def contract(public_id: str) -> Any:
    """Read the contract and sign it for the brand."""
    found = queries.get_for_brand(db(), actor(), public_id)
    return contract_page(found, "brand", "admin", _again, may_sign=actor().may(P.CONTRACT_SIGN, found.brand_id))


@admin.get("/collaborations/<public_id>/contract.pdf", P.OFFER_READ)
def contract_pdf(public_id: str) -> Any:
    """The contract on paper, in the reader's language."""
    return pdf_of(paper_of(queries.get_for_brand(db(), actor(), public_id)))


@admin.get("/collaborations/<public_id>/contract.txt", P.OFFER_READ)
def contract_text(public_id: str) -> Any:
    """The text as one side signed it, or as it can be signed now: its checksum is the fingerprint."""
    paper = paper_of(queries.get_for_brand(db(), actor(), public_id))
    return text_of(paper, request.args.get("party", "brand"))
