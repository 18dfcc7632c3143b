"""Review of submissions, posts and metrics."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, render_template, request, url_for
from wtforms import BooleanField, DateTimeLocalField, FileField, SelectMultipleField, StringField, TextAreaField

from admin.face import admin, section
from core import clock
from core.campaigns.catalogue import BRIEF_FIELDS, DELIVERABLE_KINDS, MARKS, PLATFORMS
from core.content import labels, queries, service, versions
from core.content.findings import segments, stored
from core.content.lifecycle import DELIVERABLE_NAMES, EVIDENCE, METRIC_NAMES, STATE_NAMES, PostState, SubmissionState
from core.content.live import elsewhere
from core.content.queries import Piece
from core.content.review import APPROVALS, open_blocks
from core.csv_input import Column
from core.errors import Invalid
from core.feeds import wishes
from core.i18n import country, current_zone, gettext, ngettext
from core.permissions import Permission
from core.plugin_api.text import T
from core.web.brands import current_brand
from core.web.figures import CountsForm
from core.web.forms import AtMost, BaseForm, ChoiceField, Required
from core.web.request import actor, commit, db, done, instance, page_arg, saving

section("review", "submission", "decide", "waive", "post", "check_post", "brand_metrics", "metrics_import")
P = Permission
TABLE_BYTES = 5_000_000
NAMES = {"kinds": DELIVERABLE_KINDS, "platforms": PLATFORMS, "states": STATE_NAMES}


class DecisionForm(BaseForm):
    """The brand's word on a draft."""

    message = TextAreaField(
        T("Your message"), [AtMost(5000)], description=T("Corrections, what should change, or why not.")
    )
    brief_lines = SelectMultipleField(T("It is about these lines of the brief"), choices=[], validate_choice=False)
    agreed_beyond = BooleanField(T("Agreed with the influencer: one more round than the contract gives"))


class WaiveForm(BaseForm):
    """Why a blocking finding is taken on."""

    reason = StringField(T("Reason"), [Required(), AtMost(500)])


class CheckForm(BaseForm):
    """What differs between the live post and what was approved."""

    remark = TextAreaField(T("What differs"), [AtMost(500)], description=T("The influencer reads this."))


class MetricsForm(CountsForm):
    """One reading of a post."""

    read_at = DateTimeLocalField(T("Read at"), [Required()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    evidence = ChoiceField(
        T("How we know"), options=[(code, EVIDENCE[code]) for code in ("stated", "screenshot", "export")]
    )

    def moment(self) -> datetime:
        """When it was read, in the reader's zone."""
        read: datetime = self.read_at.data
        return read.replace(tzinfo=ZoneInfo(current_zone())).astimezone(UTC)


class TableForm(BaseForm):
    """A table of readings."""

    file = FileField(T("Table (CSV)"))


@admin.get("/review", P.CONTENT_READ)
def review() -> Any:
    """Drafts to decide on, posts to look at, and all content."""
    who, page = actor(), page_arg()
    show = request.args.get("show", "drafts")
    state, q = request.args.get("state", ""), request.args.get("q", "")[:80]
    limit, offset = queries.PAGE + 1, (page - 1) * queries.PAGE
    if show == "posts":
        rows = queries.post_queue(db(), who, limit=limit, offset=offset)
    elif show == "all":
        rows = queries.all_content(db(), who, state=state, q=q, limit=limit, offset=offset)
    else:
        show, rows = "drafts", queries.review_queue(db(), who, limit=limit, offset=offset)
    return render_template(
        "admin/review.html",
        rows=rows[: queries.PAGE],
        more=len(rows) > queries.PAGE,
        page=page,
        show=show,
        q=q,
        state=state,
        counts=(queries.count_waiting(db(), who), queries.count_posts(db(), who)),
        deliverable_states=DELIVERABLE_NAMES,
        **NAMES,
    )


@admin.get("/review/<public_id>", P.CONTENT_READ)
def submission(public_id: str) -> Any:
    """A version beside what the rules say of it."""
    return _submission_page(queries.get_submission(db(), actor(), public_id), DecisionForm(), WaiveForm())


@admin.post("/review/<public_id>", P.CONTENT_REVIEW)
def decide(public_id: str) -> Any:
    """Approve, correct, ask for changes, reject; then the next draft."""
    piece = queries.get_submission(db(), actor(), public_id, P.CONTENT_REVIEW)
    row, form = _of(piece), DecisionForm()
    spot = queries.place(db(), actor(), row)
    if form.validate_on_submit():
        with saving(form):
            made = service.decide(
                db(),
                actor(),
                submission=row,
                decision=request.form.get("decision", ""),
                message=form.message.data or "",
                brief_lines=form.brief_lines.data or (),
                agreed_beyond=bool(form.agreed_beyond.data),
                base_url=instance().settings.base_url,
            )
            following = (spot.next or spot.previous) if spot else None
            target = url_for("admin.submission", public_id=following) if following else url_for("admin.review")
            return done(
                target,
                gettext(
                    "%(name)s is told: %(decision)s.",
                    name=piece.person.display_name,
                    decision=STATE_NAMES[made.decision],
                ),
            )
    return _submission_page(queries.get_submission(db(), actor(), public_id), form, WaiveForm())


@admin.post("/findings/<public_id>/waive", P.CONTENT_WAIVE)
def waive(public_id: str) -> Any:
    """Take a blocking finding on, with a reason."""
    finding, form = queries.get_finding(db(), actor(), public_id), WaiveForm()
    piece = queries.piece_of(db(), actor(), finding)
    if form.validate_on_submit():
        with saving(form):
            service.waive_finding(db(), actor(), finding=finding, reason=form.reason.data or "")
            target = url_for("admin.submission", public_id=_of(piece).public_id, _anchor="checks")
            return done(target, gettext("The finding is waived. Your name and reason are kept with it."))
    return _submission_page(queries.piece_of(db(), actor(), finding), DecisionForm(), form, waiving=public_id)


def _of(piece: Piece) -> Any:
    return piece.submission or abort(404)


def _submission_page(piece: Piece, form: DecisionForm, waive_form: WaiveForm, waiving: str = "") -> Any:
    row, who = _of(piece), actor()
    every = versions.versions(db(), piece.deliverable)
    version = next(v for v in every if v.submission.id == row.id)
    setting = service.setting_of(db(), piece.deliverable)
    lines = versions.brief_lines(db(), piece.campaign.id, setting.offer.brief_number if setting.offer else None)
    form.brief_lines.choices = [(line["key"], line["text"]) for line in lines]
    findings = stored(version.findings)
    in_review = row.state == SubmissionState.IN_REVIEW
    return render_template(
        "admin/review_submission.html",
        piece=piece,
        row=row,
        every=every,
        version=version,
        findings=findings,
        caption=segments(row.caption, findings),
        form=form,
        waive_form=waive_form,
        waiving=waiving,
        lines=lines,
        place=queries.place(db(), who, row),
        rounds=service.rounds_left(setting),
        blocked=len(open_blocks(db(), row)),
        may_decide=in_review and who.may(P.CONTENT_REVIEW, row.brand_id),
        may_waive=in_review and who.may(P.CONTENT_WAIVE, row.brand_id),
        approved=row.state in APPROVALS,
        fields=BRIEF_FIELDS,
        marks=MARKS,
        places=", ".join(country(code) for code in setting.jurisdictions),
        lines_by_key={line["key"]: line for line in lines},
        **NAMES,
    )


@admin.get("/posts/<public_id>", P.CONTENT_READ)
def post(public_id: str) -> Any:
    """A live post beside what was approved, with its figures."""
    return _post_page(queries.get_post(db(), actor(), public_id), CheckForm(), _new_reading())


@admin.post("/posts/<public_id>/check", P.LIVE_EDIT)
def check_post(public_id: str) -> Any:
    """Say whether the post is what was approved."""
    piece, form = queries.get_post(db(), actor(), public_id, P.LIVE_EDIT), CheckForm()
    matches = request.form.get("answer") == "verified"
    if form.validate_on_submit() and piece.post:
        with saving(form):
            service.verify_post(
                db(),
                actor(),
                post=piece.post,
                matches=matches,
                remark=form.remark.data or "",
                base_url=instance().settings.base_url,
            )
            told = gettext("The post is verified.") if matches else gettext("The influencer is told what to correct.")
            return done(url_for("admin.post", public_id=public_id), told)
    return _post_page(queries.get_post(db(), actor(), public_id), form, _new_reading())


@admin.post("/posts/<public_id>/label", P.LIVE_EDIT)
def ask_label(public_id: str) -> Any:
    """Let the platform be asked whether its ad label is set."""
    piece = queries.get_post(db(), actor(), public_id, P.LIVE_EDIT)
    seconds = labels.ask_for(db(), actor(), instance().plugins, post=piece.post or abort(404))
    return done(url_for("admin.post", public_id=public_id), str(wishes.told(seconds)))


@admin.post("/posts/<public_id>/metrics", P.LIVE_EDIT)
def brand_metrics(public_id: str) -> Any:
    """Add a reading."""
    piece, form = queries.get_post(db(), actor(), public_id, P.LIVE_EDIT), MetricsForm()
    if form.validate_on_submit() and piece.post:
        with saving(form):
            service.record_metrics(
                db(),
                actor(),
                post=piece.post,
                values=form.figures(),
                read_at=form.moment(),
                evidence=form.evidence.data,
                source=actor().name,
            )
            return done(url_for("admin.post", public_id=public_id, _anchor="metrics"), gettext("The figures are kept."))
    return _post_page(queries.get_post(db(), actor(), public_id), CheckForm(), form)


def _new_reading() -> MetricsForm:
    form = MetricsForm(formdata=None)
    form.read_at.data = clock.now().astimezone(ZoneInfo(current_zone())).replace(second=0, microsecond=0, tzinfo=None)
    return form


def _post_page(piece: Piece, form: CheckForm, reading: MetricsForm) -> Any:
    row = piece.post or abort(404)
    every = versions.versions(db(), piece.deliverable)
    approved = next((version for version in every if version.submission.state in APPROVALS), None)
    findings = stored(approved.findings) if approved else []
    return render_template(
        "admin/post.html",
        elsewhere=elsewhere,
        piece=piece,
        row=row,
        approved=approved,
        form=form,
        reading=reading,
        caption=segments(approved.submission.caption, findings) if approved else [],
        newest=versions.readings(db(), [row.id]).get(row.id, {}),
        history=versions.history_of(db(), row.id),
        metrics=METRIC_NAMES,
        evidence=EVIDENCE,
        may_edit=actor().may(P.LIVE_EDIT, row.brand_id),
        label_names=labels.STATES,
        can_tell=labels.can_tell(db(), instance().plugins, row),
        to_check=row.state in (PostState.REPORTED, PostState.MISMATCH),
        **NAMES,
    )


@admin.form("/metrics", P.LIVE_EDIT)
def metrics_import() -> Any:
    """Take a table of readings; tell what each row that was not taken lacks."""
    brand, form, result = current_brand(P.LIVE_EDIT), TableForm(), None
    form.file.flags.required = True
    if form.validate_on_submit():
        with saving(form):
            upload = request.files.get("file")
            raw = upload.stream.read(TABLE_BYTES + 1) if upload else b""
            if upload is None or not raw or len(raw) > TABLE_BYTES:
                raise Invalid(T("Choose a table of at most %(limit)s MB.", limit=TABLE_BYTES // 1_000_000), "file")
            result = service.import_metrics(
                db(), actor(), host=instance().plugins, brand_id=brand.id, raw=raw, name=(upload.filename or "")[:120]
            )
            if result.rows and not result.errors:
                told = ngettext("%(num)s row is taken.", "%(num)s rows are taken.", result.rows)
                return done(url_for("admin.metrics_import"), told)
            commit()
    connector = instance().plugins.platforms.get("csv")
    columns: tuple[Column, ...] = tuple(connector.columns) if connector else ()
    return render_template("admin/content_metrics.html", form=form, result=result, columns=columns, brand=brand)
