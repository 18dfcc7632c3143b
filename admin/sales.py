"""Sales as a shop told them: the list, the import from a table, discount codes, keys of the sales API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, render_template, request, url_for
from flask_wtf.file import FileField
from wtforms import StringField

from admin.face import admin, section
from core import clock
from core.i18n import ROOT, gettext, ngettext
from core.permissions import Permission
from core.plugin_api.text import T
from core.tracking import export, held, importing, keys, queries, sample
from core.tracking.lifecycle import SALE_STATE_NAMES
from core.web.brands import current_brand
from core.web.forms import AtMost, BaseForm, ChoiceField, Required
from core.web.request import actor, commit, db, done, instance, saving

P = Permission
SHOWN = 100
EXPORTED = 100_000
TONES = {"credited": "ok", "uncredited": "quiet", "on_hold": "warn"}
section("sales", "sale", "sales_import", "sales_preview", "sales_codes", "sales_export")


class FileForm(BaseForm):
    """A table of sales."""

    source = ChoiceField(T("Kind of file"))
    file = FileField(T("CSV file"), [Required()])


class KeyForm(BaseForm):
    """A new key."""

    label = StringField(T("What the key is for"), [Required(), AtMost(80)], description=T("For example: web shop"))


def _arg(name: str, limit: int = 20) -> str:
    """A word from the URL, without what PostgreSQL cannot store."""
    return request.args.get(name, "").replace("\x00", "").strip()[:limit]


def _wanted() -> queries.Filters:
    state = _arg("state")
    return queries.Filters(
        state=state if state in SALE_STATE_NAMES else "", campaign=_arg("campaign"), q=_arg("q", 120)
    )


@admin.get("/sales", P.SALES_READ)
def sales() -> Any:
    """A brand's sales, the newest first, with their sums."""
    brand, wanted, after = current_brand(P.SALES_READ), _wanted(), _arg("after")
    rows, mark = queries.list_sales(db(), actor(), brand.id, wanted, after=after)
    totals = queries.totals(db(), actor(), brand.id, wanted)
    return render_template(
        "admin/sales.html",
        rows=rows,
        wanted=wanted,
        totals=totals.sums,
        campaigns=totals.campaigns,
        states=SALE_STATE_NAMES,
        tones=TONES,
        first=_page_url("") if after else None,
        next=_page_url(mark) if mark else None,
    )


def _page_url(after: str) -> str:
    wanted = _wanted()
    given: dict[str, Any] = {"state": wanted.state, "campaign": wanted.campaign, "q": wanted.q, "after": after}
    return url_for("admin.sales", **{key: value for key, value in given.items() if value})


@admin.get("/sales/export.csv", P.SALES_READ)
def sales_export() -> Any:
    """The list as it is filtered, for a spreadsheet."""
    brand = current_brand(P.SALES_READ)
    rows, _ = queries.list_sales(db(), actor(), brand.id, _wanted(), limit=EXPORTED)
    head = {"Content-Disposition": f'attachment; filename="sales-{clock.today(brand.timezone)}.csv"'}
    return Response(export.as_csv(rows, ZoneInfo(brand.timezone)), mimetype="text/csv", headers=head)


@admin.get("/sales/<public_id>", P.SALES_READ)
def sale(public_id: str) -> Any:
    """One sale, whose it is or why nobody's, and what was given back."""
    row, refunds = queries.get_sale(db(), actor(), public_id)
    waits = held.held_of(db(), row.sale)
    return render_template(
        "admin/sales_sale.html",
        row=row,
        refunds=refunds,
        states=SALE_STATE_NAMES,
        tones=TONES,
        waits=waits,
        told_by=gettext("the shop, signed") if row.sale.source == "api" else _title(row.sale.source),
        Decimal=Decimal,
    )


def _title(source: str) -> str:
    return str(instance().plugins.name_of("sales_sources", source))


@admin.get("/sales/codes", P.SALES_READ)
def sales_codes() -> Any:
    """The discount codes, to be made in the shop."""
    brand = current_brand(P.SALES_READ)
    rows, mark = queries.list_codes(db(), actor(), brand.id, after=_arg("after"))
    more = url_for("admin.sales_codes", after=mark) if mark else None
    return render_template("admin/sales_codes.html", rows=rows, next=more)


@admin.form("/sales/import", P.SALES_EDIT)
def sales_import() -> Any:
    """Send a table; nothing is taken before the next page."""
    brand, form = current_brand(P.SALES_EDIT), FileForm()
    sources = importing.sources(db(), instance().plugins, brand.id)
    form.source.choices = [(name, source.title) for name, source in sources.items()]
    if form.validate_on_submit():
        with saving(form):
            file = importing.keep_table(
                db(),
                actor(),
                host=instance().plugins,
                store=instance().files,
                brand=brand,
                source=str(form.source.data),
                raw=form.file.data.stream.read(importing.MOST_BYTES + 1),
                name=(form.file.data.filename or "").replace("\x00", ""),
            )
            return done(url_for("admin.sales_preview", public_id=file.public_id))
    return render_template("admin/sales_import.html", form=form, sources=sources, brand=brand)


@admin.form("/sales/import/<public_id>", P.SALES_EDIT)
def sales_preview(public_id: str) -> Any:
    """What would become of each row; take the good ones."""
    file = importing.kept_table(db(), actor(), public_id)
    given: dict[str, Any] = {"host": instance().plugins, "store": instance().files, "file": file}
    if request.method == "POST":
        taken = importing.import_sales(db(), actor(), **given)
        told = ngettext("%(num)s row is taken.", "%(num)s rows are taken.", len(taken.new))
        return done(url_for("admin.sales"), told)
    found = importing.preview(db(), **given)
    return render_template(
        "admin/sales_preview.html", file=file, found=found, shown=SHOWN, states=SALE_STATE_NAMES, tones=TONES
    )


@admin.form("/sales/keys", P.KEYS_MANAGE)
def sales_keys() -> Any:
    """The keys that a shop signs with; make one more."""
    form = KeyForm()
    if form.validate_on_submit():
        with saving(form):
            brand = current_brand(P.KEYS_MANAGE)
            key, secret = keys.create_key(
                db(), actor(), keyring=instance().keyring, brand_id=brand.id, label=form.label.data or ""
            )
            commit()
            return _keys(KeyForm(formdata=None), key.public_id, secret)
    return _keys(form)


@admin.post("/sales/keys/<public_id>/replace", P.KEYS_MANAGE)
def sales_key_replace(public_id: str) -> Any:
    """A new secret; the old one signs for a day more. Shown at once, since it cannot be read again."""
    old = keys.get_key(db(), actor(), public_id)
    key, secret = keys.rotate_key(db(), actor(), keyring=instance().keyring, key=old)
    commit()
    return _keys(KeyForm(formdata=None), key.public_id, secret)


@admin.post("/sales/keys/<public_id>/revoke", P.KEYS_MANAGE)
def sales_key_revoke(public_id: str) -> Any:
    """End a key at once."""
    keys.revoke_key(db(), actor(), key=keys.get_key(db(), actor(), public_id))
    return done(url_for("admin.sales_keys"), gettext("The key is revoked."))


def _keys(form: KeyForm, made: str = "", secret: str = "") -> Any:
    """The page of keys; a secret is on it only in the answer to the form that made it."""
    brand = current_brand(P.KEYS_MANAGE)
    rows = keys.keys_of(db(), actor(), brand.id)
    live = next((key.public_id for key in rows if keys.is_live(key) and key.expires_at is None), "")
    script = sample.script(url=instance().settings.base_url, key=made or live or "…", currency=brand.currency)
    return render_template(
        "admin/sales_keys.html", form=form, keys=rows, is_live=keys.is_live, made=made, secret=secret, script=script
    )


@admin.get("/sales/api.md", P.SALES_READ)
def sales_api() -> Any:
    """The documentation of the sales API, as it ships."""
    return Response((ROOT / "docs" / "sales-api.md").read_text(), mimetype="text/plain")
