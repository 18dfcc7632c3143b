"""Deliverables, submissions and posts, as the influencer sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, BinaryIO, cast

from flask import render_template, request, url_for
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, MultipleFileField, StringField, TextAreaField, URLField, ValidationError

from core import clock
from core.campaigns.catalogue import BRIEF_FIELDS, DELIVERABLE_KINDS, MARKS, PLATFORMS
from core.collaborations import queries as collaborations
from core.compliance.engine import Report
from core.compliance.told import label_kit
from core.content import choosing, queries, service, versions
from core.content.facts import Setting, benefits, chosen, judged
from core.content.findings import fresh, labels, stored
from core.content.lifecycle import EVIDENCE, METRIC_NAMES, STATE_NAMES, DeliverableState, PostState, SubmissionState
from core.content.live import elsewhere
from core.content.queries import Piece
from core.errors import Invalid, Missing
from core.files import StoredFile
from core.i18n import country, current_zone, gettext, language
from core.lifecycle import whose_turn
from core.permissions import Permission
from core.places import COUNTRIES
from core.plugin_api.compliance import CompliancePack, Verdict
from core.plugin_api.text import T
from core.plugin_host.contexts import for_brand
from core.plugin_host.service import switches
from core.web.figures import CountsForm
from core.web.forms import AtMost, BaseForm, ChoiceField, DayField, NumberField, Required, WholeField
from core.web.request import actor, commit, db, done, instance, person, saving
from portal.face import portal, section
from portal.latest import fill_in

section("work", "work_of", "deliverable", "draft", "take_back", "report", "own_metrics")
PORTAL = Permission.PORTAL
NAMES = {"kinds": DELIVERABLE_KINDS, "platforms": PLATFORMS, "states": STATE_NAMES}
ASKED = {
    "overlay": ("overlay",),
    "timed": ("overlay_from", "overlay_to", "length"),
    "paged": ("pictures", "overlay_pictures"),
    "spoken": ("spoken", "spoken_from"),
    "retouched": ("retouched", "mark"),
    "ai_person": ("ai_person",),
    "ai_made": ("ai_made",),
    "minor": ("minor",),
}
"""The fields that belong to each question; a question that no rule asks takes its fields away."""


class DraftForm(BaseForm):
    """A draft, and what only its maker knows of it."""

    caption = TextAreaField(T("Text"), [AtMost(10_000)], description=T("Exactly as it will be published."))
    media = MultipleFileField(T("Pictures or video"))
    link = URLField(T("Link to the draft"), [AtMost(1000)], description=T("If it lies somewhere else."))
    language = ChoiceField(T("Language of the content"))
    planned_on = DayField(T("Planned day of publication"), [Required()])
    platform_label = BooleanField(T("I switch on the platform's own ad label"))
    overlay = StringField(
        T("Ad label in the picture or video"), [AtMost(200)], description=T("The words that people see in it, if any.")
    )
    overlay_from = NumberField(T("Shown from second"), low=0, high=86_400)
    overlay_to = NumberField(T("Shown until second"), low=0, high=86_400)
    length = NumberField(T("Length of the video in seconds"), low=0, high=86_400)
    pictures = WholeField(T("Number of pictures or frames"), low=1, high=100)
    overlay_pictures = StringField(
        T("Label on pictures"), [AtMost(60)], description=T("For example 1-3. Empty means on all of them.")
    )
    spoken = StringField(T("Ad label that is spoken"), [AtMost(200)])
    spoken_from = NumberField(T("Spoken at second"), low=0, high=86_400)
    retouched = BooleanField(T("Somebody's body or skin is retouched"))
    mark = BooleanField(T("The official mark for retouched persons is on it"))
    ai_person = BooleanField(T("It shows a person made by AI"))
    ai_made = BooleanField(T("AI made the picture, sound or text"))
    minor = BooleanField(T("Somebody under 18 is in it"))
    message = TextAreaField(T("Message to the brand"), [AtMost(2000)])

    def draft(self) -> service.Draft:
        """The draft as the rules and the brand get it; a text that was left empty is an empty text."""
        told: dict[str, Any] = {}
        for name, value in self.data.items():
            if name not in ("csrf_token", "media"):
                told[name] = value or "" if isinstance(self[name], StringField) else value
        return service.Draft(**told)


class PostForm(BaseForm):
    """Where it is live."""

    url = URLField(T("Address of the post"), [Required(), AtMost(1000)])
    published_on = DayField(T("Published on"), [Required()])


class FiguresForm(CountsForm):
    """Figures that the influencer tells."""

    evidence = ChoiceField(T("How we know"), options=[(code, EVIDENCE[code]) for code in ("stated", "screenshot")])


@portal.get("/work", PORTAL)
def work() -> Any:
    """Everything to make, by collaboration."""
    groups: dict[int, list[Piece]] = {}
    for piece in queries.own_pieces(db(), actor()):
        groups.setdefault(piece.collaboration.id, []).append(piece)
    return render_template("portal/work.html", bundles=list(groups.values()), turn=whose_turn, **NAMES)


@portal.get("/work/<public_id>", PORTAL)
def work_of(public_id: str) -> Any:
    """One collaboration's deliverables, and gifts on their way."""
    collaboration = collaborations.get_for_influencer(db(), actor(), public_id)
    pieces = queries.own_pieces(db(), actor(), collaboration)
    return render_template(
        "portal/work_collaboration.html", collaboration=collaboration, pieces=pieces, turn=whose_turn, **NAMES
    )


@portal.get("/deliverables/<public_id>", PORTAL)
def deliverable(public_id: str) -> Any:
    """One piece: whose turn it is, what the brand said, where it is live."""
    piece = queries.get_own(db(), actor(), public_id)
    return _page(piece, fill_in(_post_form(piece)), FiguresForm(formdata=None))


@portal.form("/deliverables/<public_id>/draft", PORTAL)
def draft(public_id: str) -> Any:
    """Write a draft, have it checked, send it."""
    piece = queries.get_own(db(), actor(), public_id)
    setting = service.setting_of(db(), piece.deliverable)
    packs = _packs(piece)
    form = _draft_form(setting, packs)
    if not form.is_submitted():
        return _draft_page(piece, setting, packs, form, _prefilled(form, piece), None)
    media, faults = _media(piece, form)
    valid = form.validate(extra_validators={"media": [_blame(faults)]})
    step = request.form.get("step", "check")
    broken = instance().plugins.broken("compliance")
    report = judged(packs, setting, form.draft(), broken) if valid else None
    if request.headers.get("HX-Request"):
        return render_template("portal/work_findings.html", **_told(form, report))
    if report and (step == "anyway" or (step == "send" and report.verdict is Verdict.OK)):
        with saving(form):
            service.submit(
                db(),
                actor(),
                deliverable=piece.deliverable,
                draft=form.draft(),
                media=media,
                packs=packs,
                broken=broken,
                base_url=instance().settings.base_url,
            )
            return done(url_for("portal.deliverable", public_id=public_id), gettext("Your draft is sent."))
    return _draft_page(piece, setting, packs, form, media, report)


def _packs(piece: Piece) -> tuple[CompliancePack, ...]:
    on = switches(db(), piece.deliverable.brand_id)
    host = for_brand(db(), instance().plugins, piece.deliverable.brand_id)
    return tuple(host.enabled("compliance", on).values())


def _draft_form(setting: Setting, packs: Sequence[CompliancePack]) -> DraftForm:
    form = DraftForm()
    known = _languages(setting, packs)
    form.language.choices = [(code, language(code)) for code in known]
    if not form.is_submitted():
        form.language.data = known[0]
    asked = service.questions(packs, setting)
    for question, names in ASKED.items():
        if question not in asked:
            for name in names:
                del form[name]
    return form


def _languages(setting: Setting, packs: Sequence[CompliancePack]) -> list[str]:
    """Languages to choose from, those of the markets first."""
    markets = [COUNTRIES[code].language for code in setting.jurisdictions if code in COUNTRIES]
    spoken = [code for pack in chosen(packs, setting.jurisdictions) for code in pack.languages]
    return list(dict.fromkeys(markets + spoken + [place.language for place in COUNTRIES.values()]))


def _prefilled(form: DraftForm, piece: Piece) -> list[service.Media]:
    """What the last version said, so that only what changes is typed again."""
    every = versions.versions(db(), piece.deliverable)
    form.planned_on.data = piece.deliverable.due_on or (clock.today(current_zone()) + timedelta(days=7))
    if not every:
        return []
    last = every[0].submission
    for name, value in {**last.facts, "caption": last.caption, "link": last.link, "language": last.language}.items():
        if name in form and name != "planned_on":
            form[name].data = value
    form.planned_on.data = max(last.planned_on, clock.today(current_zone()))
    return [service.Media(picture.file, picture.thumbnail) for picture in every[0].pictures]


def _media(piece: Piece, form: DraftForm) -> tuple[list[service.Media], list[str]]:
    """The files kept from before, then those that came now. What came is kept even when the form has faults."""
    media, who, limit = _kept(piece), actor(), instance().settings.max_upload_mb * 1_000_000
    poster = request.files.get("poster")
    still = cast(BinaryIO, poster.stream) if poster else None
    came = [item for item in form.media.data or [] if isinstance(item, FileStorage) and item.filename]
    faults = []
    for item in came:
        try:
            media.append(
                service.receive(
                    db(),
                    instance().files,
                    who,
                    deliverable=piece.deliverable,
                    source=cast(BinaryIO, item.stream),
                    name=item.filename or "",
                    limit=limit,
                    poster=still,
                )
            )
        except Invalid as error:
            faults.append(f"{item.filename}: {error.message}")
    if came:
        commit()
        db().connection(execution_options={"write": True})
    return media, faults


def _blame(faults: Sequence[str]) -> Callable[[Any, Any], None]:
    """A validator that says at the field which files were not taken."""

    def validate(_form: Any, _field: Any) -> None:
        if faults:
            raise ValidationError(" ".join(faults))

    return validate


def _kept(piece: Piece) -> list[service.Media]:
    """The files that earlier requests of this person brought, as hidden fields name them."""
    wanted = [value.partition(":")[::2] for value in request.form.getlist("kept")]
    wanted = [pair for pair in wanted if pair[0] not in request.form.getlist("drop")]
    ids = {public_id for pair in wanted for public_id in pair if public_id}
    found = {
        row.public_id: row
        for row in db().scalars(
            select(StoredFile).where(
                StoredFile.public_id.in_(ids),
                StoredFile.owner_id == person().id,
                StoredFile.brand_id == piece.deliverable.brand_id,
            )
        )
    }
    return [service.Media(found[file], found.get(small)) for file, small in wanted if file in found]


def _told(form: DraftForm, report: Report | None) -> dict[str, Any]:
    found = fresh(report.findings) if report else []
    wrong = [one for one in found if one.level != "ok"]
    exact = {label: ", ".join(country(code) for code in where) for label, where in labels(wrong).items()}
    return {"form": form, "report": report, "findings": found, "labels": exact}


def _draft_page(
    piece: Piece,
    setting: Setting,
    packs: Sequence[CompliancePack],
    form: DraftForm,
    media: Sequence[service.Media],
    report: Report | None,
) -> Any:
    offer = setting.offer
    kit = label_kit(
        packs,
        setting.jurisdictions,
        language=form.language.data,
        brands=[setting.brand.name],
        compensation=benefits(offer.components if offer else ()),
        on=clock.today(current_zone()),
    )
    return render_template(
        "portal/submit.html",
        piece=piece,
        brand=setting.brand,
        media=media,
        kit=kit,
        fields=BRIEF_FIELDS,
        marks=MARKS,
        lines=versions.brief_lines(db(), piece.campaign.id, offer.brief_number if offer else None),
        megabytes=instance().settings.max_upload_mb,
        **_told(form, report),
        **NAMES,
    )


@portal.post("/deliverables/<public_id>/take-back", PORTAL)
def take_back(public_id: str) -> Any:
    """Take the draft back that waits for the brand."""
    piece = queries.get_own(db(), actor(), public_id)
    every = versions.versions(db(), piece.deliverable)
    waiting = next((v.submission for v in every if v.submission.state == SubmissionState.IN_REVIEW), None)
    if waiting is None:
        raise Missing(T("No draft waits for the brand."))
    service.withdraw(db(), actor(), deliverable=piece.deliverable, submission=waiting)
    return done(url_for("portal.draft", public_id=public_id), gettext("The draft is back with you."))


@portal.post("/deliverables/<public_id>/post", PORTAL)
def report(public_id: str) -> Any:
    """Tell where it is live, or correct that."""
    piece, form = queries.get_own(db(), actor(), public_id), PostForm()
    if form.validate_on_submit():
        with saving(form):
            where = {"url": form.url.data or "", "published_on": form.published_on.data}
            base_url = instance().settings.base_url
            if piece.post:
                service.correct_post(db(), actor(), post=piece.post, base_url=base_url, **where)
            else:
                service.report_post(db(), actor(), deliverable=piece.deliverable, base_url=base_url, **where)
            return done(url_for("portal.deliverable", public_id=public_id), gettext("Thank you. The brand has a look."))
    return _page(queries.get_own(db(), actor(), public_id), form, FiguresForm(formdata=None))


@portal.post("/deliverables/<public_id>/metrics", PORTAL)
def own_metrics(public_id: str) -> Any:
    """Tell the post's figures as they are now."""
    piece, form = queries.get_own(db(), actor(), public_id), FiguresForm()
    if piece.post is None:
        raise Missing(T("There is nothing at this address, or it is not yours to see."))
    if form.validate_on_submit():
        with saving(form):
            service.record_metrics(
                db(),
                actor(),
                post=piece.post,
                values=form.figures(),
                read_at=clock.now(),
                evidence=form.evidence.data,
                source=actor().name,
            )
            return done(url_for("portal.deliverable", public_id=public_id), gettext("The figures are kept."))
    return _page(queries.get_own(db(), actor(), public_id), _post_form(piece), form)


def _post_form(piece: Piece) -> PostForm:
    form = PostForm(formdata=None)
    form.url.data = piece.post.url if piece.post else ""
    form.published_on.data = piece.post.published_on if piece.post else clock.today(current_zone())
    return form


def _page(piece: Piece, form: PostForm, figures: FiguresForm) -> Any:
    every = versions.versions(db(), piece.deliverable)
    post, row = piece.post, piece.deliverable
    setting = service.setting_of(db(), row)
    lines = versions.brief_lines(db(), piece.campaign.id, setting.offer.brief_number if setting.offer else None)
    return render_template(
        "portal/work_deliverable.html",
        piece=piece,
        elsewhere=bool(post and elsewhere(row.platform, post.url)),
        row=row,
        every=every,
        form=form,
        figures=figures,
        post=post,
        brand=setting.brand,
        turn=whose_turn(post or row),
        metrics=METRIC_NAMES,
        evidence=EVIDENCE,
        newest=versions.readings(db(), [post.id])[post.id] if post else {},
        lines={line["key"]: line for line in lines},
        may_send=row.state in (DeliverableState.ASSIGNED, DeliverableState.IN_PRODUCTION) and not piece.paused,
        may_publish=row.state == DeliverableState.APPROVED or bool(post and post.state != PostState.VERIFIED),
        findings=stored,
        can_show=choosing.can_show(db(), instance().plugins, row),
        **NAMES,
    )
