"""Imports of influencers from files."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask_wtf.file import FileField

from admin.face import admin
from core.i18n import gettext
from core.influencers import queries
from core.influencers.columns import FIELDS
from core.influencers.importing import MAX_BYTES, Importer
from core.influencers.models import ImportBatch
from core.influencers.vocabulary import IMPORT_STATES, IMPORT_TONES
from core.permissions import Permission
from core.plugin_api.text import T, Text
from core.web.brands import current_brand
from core.web.forms import BaseForm, ChoiceField, Required
from core.web.request import actor, db, done, instance, saving, whole
from core.web.sheet import sheet

SHOWN = 50


class FileForm(BaseForm):
    """The file."""

    file = FileField(T("CSV file"), [Required()])


def importer() -> Importer:
    """The importer of this installation."""
    return Importer(instance().files, instance().keyring)


@admin.form("/people/import", Permission.PEOPLE_EDIT)
def imports() -> Any:
    """Send a file; the latest imports."""
    form, brand = FileForm(), current_brand(Permission.PEOPLE_EDIT)
    if form.validate_on_submit():
        with saving(form):
            upload = form.file.data
            batch = importer().start(
                db(), actor(), brand=brand, name=upload.filename or "list.csv", raw=upload.stream.read(MAX_BYTES + 1)
            )
            return done(_here(batch))
    return render_template(
        "admin/imports.html", form=form, here=brand, batches=queries.list_batches(db(), actor()),
        state_names=IMPORT_STATES, state_tones=IMPORT_TONES, fields=FIELDS,
    )  # fmt: skip


@admin.form("/people/import/<batch_id>", Permission.PEOPLE_EDIT)
def import_batch(batch_id: str) -> Any:
    """One import as it stands: columns to match, progress, what would happen, what happened."""
    batch = _batch(batch_id)
    matching = batch.state == "mapping" or (batch.state == "checked" and "columns" in request.args)
    if request.method == "POST" or matching:
        return _match_columns(batch)
    bad = queries.batch_rows(db(), batch, "bad", after_line=whole("after"), limit=SHOWN + 1)
    good = queries.batch_rows(db(), batch, "new", "changed", limit=10) if batch.state == "checked" else []
    return render_template(
        "admin/import_batch.html", batch=batch, bad=bad[:SHOWN], good=good, fields=FIELDS, error_texts=_texts,
        next=url_for(".import_batch", batch_id=batch_id, after=bad[SHOWN - 1].line) if len(bad) > SHOWN else None,
        state_names=IMPORT_STATES, state_tones=IMPORT_TONES, step={"staging": 3, "checked": 3}.get(batch.state, 4),
    )  # fmt: skip


def _match_columns(batch: ImportBatch) -> Any:
    options = [("", gettext("Leave out")), *((code, str(field.name)) for code, field in FIELDS.items())]
    examples = importer().table(db(), batch).rows[:200]
    fields: dict[str, Any] = {}
    for index, header in enumerate(batch.columns):
        seen = list(dict.fromkeys(row[header] for row in examples if row[header]))[:3]
        hint = gettext("For example: %(values)s", values=" · ".join(value[:40] for value in seen)) if seen else None
        default = batch.mapping.get(header, "")
        fields[f"column_{index}"] = ChoiceField(header, options=options, default=default, description=hint or "")
    form = type("ColumnsForm", (BaseForm,), fields)()
    if form.validate_on_submit():
        with saving(form):
            chosen = {header: form[f"column_{index}"].data for index, header in enumerate(batch.columns)}
            importer().check(db(), actor(), batch=batch, mapping=chosen)
            return done(_here(batch))
    return render_template(
        "admin/import_columns.html", form=form, batch=batch, columns=[form[name] for name in fields], step=2
    )


@admin.get("/people/import/<batch_id>/progress", Permission.PEOPLE_EDIT)
def import_progress(batch_id: str) -> Any:
    """How far the worker is; when it is done the page is loaded anew."""
    batch = _batch(batch_id)
    headers = {} if batch.state in ("staging", "applying") else {"HX-Refresh": "true"}
    return render_template("admin/import_progress.html", batch=batch), headers


@admin.get("/people/import/<batch_id>/errors.csv", Permission.PEOPLE_EDIT)
def import_errors(batch_id: str) -> Any:
    """The rows that were left out, with their reasons."""
    batch = _batch(batch_id)
    rows = queries.batch_rows(db(), batch, "bad", limit=None)
    lines = ([row.line, "; ".join(f"{name}: {text}" if name else text for name, text in _texts(row))] for row in rows)
    return sheet("errors.csv", [gettext("Line"), gettext("What to change")], lines)


@admin.post("/people/import/<batch_id>/apply", Permission.PEOPLE_EDIT)
def import_apply(batch_id: str) -> Any:
    """The final step."""
    batch = _batch(batch_id)
    importer().apply(db(), actor(), batch=batch)
    if batch.state == "staging":
        return done(_here(batch), gettext("Your list has changed meanwhile. The rows are being checked again."))
    return done(_here(batch))


@admin.post("/people/import/<batch_id>/discard", Permission.PEOPLE_EDIT)
def import_discard(batch_id: str) -> Any:
    """Throw an import away."""
    importer().discard(db(), actor(), batch=_batch(batch_id))
    return done(url_for(".imports"), gettext("The file was thrown away. Your list is as it was."))


def _texts(row: Any) -> list[tuple[str, str]]:
    return [
        (str(FIELDS[error["field"]].name) if error["field"] in FIELDS else "", str(Text.from_json(error)))
        for error in row.errors
    ]


def _batch(batch_id: str) -> ImportBatch:
    return queries.get_batch(db(), actor(), batch_id)


def _here(batch: ImportBatch) -> str:
    return url_for(".import_batch", batch_id=batch.public_id)
