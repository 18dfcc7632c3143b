"""Influencers: list, record, accounts, notes, vetting."""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any, NamedTuple

from flask import current_app, render_template, request, url_for

from admin.face import admin, section
from admin.people_forms import AccountForm, NewPersonForm, NoteForm, PersonForm, VetForm
from core.accounts.models import Brand
from core.campaigns.catalogue import PLATFORMS
from core.collaborations import queries as collaborations
from core.collaborations.lifecycle import STATE_NAMES
from core.errors import Missing
from core.feeds import wishes
from core.feeds.kinds import PROFILES
from core.feeds.reach import faulty
from core.i18n import country, gettext, number, percent
from core.influencers import profiles, queries, service
from core.influencers.measure import PPM, engagement
from core.influencers.models import Channel, Relationship
from core.influencers.queries import SORTS, PeopleFilter
from core.influencers.service import Figures
from core.influencers.tags import known_tags
from core.influencers.vocabulary import (
    CRITERIA,
    EVIDENCE,
    PLATFORM_NAMES,
    TIERS,
    VETTING_STATES,
    VETTING_TONES,
    tier_of,
)
from core.permissions import Permission
from core.places import COUNTRIES
from core.plugin_api.text import T, Text
from core.web.brands import brands, current_brand
from core.web.request import actor, db, done, instance, saving
from core.web.sheet import sheet

section(
    "people", "person", "person_new", "person_edit", "person_account_new", "person_account", "person_vet", "imports",
    "import_batch",
)  # fmt: skip
SORT_NAMES = {
    "followers": T("Most followers"),
    "engagement": T("Highest engagement"),
    "name": T("By name"),
    "newest": T("Newest"),
}
UNKNOWN = "–"


@admin.context_processor
def _words() -> dict[str, Any]:
    return {"tier_of": tier_of, "platform_name": _platform, "engagement": engagement, "PPM": Decimal(PPM)}


def _platform(code: str) -> str:
    """A platform's name; that of the connector where Samverk has no word for it."""
    return str(PLATFORMS[code])


def _source(connector: str) -> str:
    """The name of a connector, also when its plugin is gone."""
    return str(instance().plugins.name_of("platforms", connector))


@admin.get("/people", Permission.PEOPLE_READ)
def people() -> Any:
    """The people that the brands know."""
    filters, sort = _filters(), request.args.get("sort", "followers")
    sort = sort if sort in SORTS else "followers"
    page = queries.list_people(db(), actor(), filters, sort=sort, mark=request.args.get("at", ""))
    mine = brands(Permission.PEOPLE_READ)
    kept = _kept(filters, sort)
    brand_names = {brand.id: brand.name for brand in mine} if len(mine) > 1 else {}
    return render_template(
        "admin/people.html",
        page=page,
        lines=[_line(row, brand_names) for row in page.rows],
        filters=filters,
        sort=sort,
        kept=kept,
        narrowed=any(value for name, value in kept.items() if name != "sort"),
        options=_options(filters, mine),
        previous=url_for(".people", **kept, at=page.previous) if page.previous else None,
        next=url_for(".people", **kept, at=page.next) if page.next else None,
        sort_url=lambda name: url_for(".people", **{**kept, "sort": name}),
    )


class Line(NamedTuple):
    """A person in the list, every part as it is read."""

    key: str
    name: str
    where: str
    tone: str
    vetting: Text
    tier: Text | str
    followers: str
    rate: str
    tags: list[str]


def _line(row: Relationship, brand_names: dict[int, str]) -> Line:
    tier = tier_of(row.followers)
    handle = f"@{row.handle}" if row.handle else ""
    where = (_platform(row.platform), handle, country(row.country), brand_names.get(row.brand_id))
    return Line(
        row.public_id,
        row.display_name,
        " · ".join(part for part in where if part) or row.email,
        VETTING_TONES[row.vetting_state],
        VETTING_STATES[row.vetting_state],
        tier.name if tier else UNKNOWN,
        UNKNOWN if row.followers is None else number(row.followers),
        UNKNOWN if row.engagement_ppm is None else percent(Decimal(row.engagement_ppm) / PPM),
        row.tags or [],
    )


def _filters() -> PeopleFilter:
    given = {name: request.args.get(name, "").replace("\x00", "")[:80] for name in asdict(PeopleFilter())}
    return replace(PeopleFilter(**(given | {"archived": False})), archived=given["archived"] == "1")  # type: ignore[arg-type]


def _kept(filters: PeopleFilter, sort: str) -> dict[str, Any]:
    kept = {name: "1" if value is True else value for name, value in asdict(filters).items() if value}
    return kept | ({"sort": sort} if sort != "followers" else {})


def _options(filters: PeopleFilter, mine: list[Brand]) -> dict[str, list[tuple[str, Any]]]:
    beyond = queries.platforms_beyond(db(), actor())
    tags = sorted({*known_tags(db(), actor()), *([filters.tag.casefold()] if filters.tag else [])})
    options: dict[str, list[tuple[str, Any]]] = {
        "tier": [("", gettext("All tiers")), *((tier.code, tier.name) for tier in TIERS)],
        "country": [("", gettext("All countries")), *sorted(((c, country(c)) for c in COUNTRIES), key=lambda p: p[1])],
        "platform": [("", gettext("All platforms")), *PLATFORM_NAMES.items(), *((c, _platform(c)) for c in beyond)],
        "tag": [("", gettext("All tags")), *((tag, tag) for tag in tags)],
        "vetting": [("", gettext("Vetted or not")), *VETTING_STATES.items()],
        "sort": list(SORT_NAMES.items()),
    }
    if len(mine) > 1:
        options["brand"] = [("", gettext("All brands")), *((str(brand.id), brand.name) for brand in mine)]
    return options


@admin.get("/people.csv", Permission.PEOPLE_READ)
def people_export() -> Any:
    """The filtered list as a CSV that our own import reads."""
    names = (
        T("Name"), T("E-mail"), T("Phone"), T("Country"), T("Language"), T("Field or topic"), T("Platform"),
        T("Account"), T("Followers"), T("Engagement rate, %"), T("Tags"), T("Vetting"), T("Street address"),
        T("Postcode"), T("City"), T("Country of the address"), T("Found through"),
    )  # fmt: skip
    rows = queries.export_rows(db(), actor(), _filters(), request.args.get("sort", "followers"))
    return sheet("influencers.csv", [str(name) for name in names], (_exported(row) for row in rows))


def _exported(row: list[Any]) -> list[Any]:
    row[9] = None if row[9] is None else (Decimal(row[9]) * 100 / PPM).normalize()
    row[10] = ", ".join(row[10] or ())
    row[11] = VETTING_STATES[row[11]]
    return row


@admin.form("/people/new", Permission.PEOPLE_EDIT)
def person_new() -> Any:
    """Add a person by hand."""
    form, brand = NewPersonForm(), current_brand(Permission.PEOPLE_EDIT)
    form.platform.choices = _platforms(brand.id)
    if form.validate_on_submit():
        with saving(form):
            row = service.add_person(
                db(), actor(), instance().keyring, brand=brand, details=form.details(), platform=form.platform.data,
                handle=form.handle.data or "", figures=Figures(followers=form.followers.data),
            )  # fmt: skip
            return done(
                url_for(".person", person_id=row.public_id), gettext("%(name)s is on the list.", name=row.display_name)
            )
    return render_template("admin/people_edit.html", form=form, them=None, here=brand)


@admin.get("/people/<person_id>", Permission.PEOPLE_READ)
def person(person_id: str) -> Any:
    """Everything that the brand knows of a person."""
    row = queries.get_relationship(db(), actor(), person_id)
    return _person_page(row, NoteForm())


def _person_page(row: Relationship, form: NoteForm) -> str:
    readers = profiles.connectors_for(db(), instance().plugins, row.brand_id)
    faults = faulty(db(), row.brand_id, PROFILES.kind, PROFILES.what) if readers else {}
    return render_template(
        "admin/people_person.html",
        them=row,
        readers=readers,
        faults=faults,
        source=_source,
        notes=queries.notes_of(db(), row),
        vettings=queries.vettings_of(db(), row),
        deals=collaborations.of_relationship(db(), row.id) if actor().may(Permission.OFFER_READ, row.brand_id) else [],
        deal_names=STATE_NAMES,
        form=form,
        criteria=CRITERIA,
        evidence=EVIDENCE,
        vetting_names=VETTING_STATES,
        vetting_tones=VETTING_TONES,
        editable=actor().may(Permission.PEOPLE_EDIT, row.brand_id),
        sends=actor().may(Permission.OFFER_EDIT, row.brand_id),
        invite_url=url_for("admin.offer_new", person=row.public_id)
        if "admin.offer_new" in current_app.view_functions and actor().may(Permission.OFFER_EDIT, row.brand_id)
        else None,
    )


@admin.form("/people/<person_id>/edit", Permission.PEOPLE_EDIT)
def person_edit(person_id: str) -> Any:
    """Change what is known."""
    row, form = _editable(person_id), PersonForm()
    if form.validate_on_submit():
        with saving(form):
            service.edit_person(db(), actor(), instance().keyring, relationship=row, details=form.details())
            if request.form.get("forget_iban"):
                service.edit_person(db(), actor(), instance().keyring, relationship=row, details={"iban": ""})
            return done(url_for(".person", person_id=person_id), gettext("Saved."))
    elif not form.is_submitted():
        form.show(row)
    return render_template("admin/people_edit.html", form=form, them=row, here=None)


@admin.form("/people/<person_id>/accounts/new", Permission.PEOPLE_EDIT)
def person_account_new(person_id: str) -> Any:
    """Add an account."""
    return _account_page(_editable(person_id), None)


@admin.form("/people/<person_id>/accounts/<account_id>", Permission.PEOPLE_EDIT)
def person_account(person_id: str, account_id: str) -> Any:
    """Change an account and its figures."""
    row = _editable(person_id)
    return _account_page(row, _account(row, account_id))


def _account_page(row: Relationship, channel: Channel | None) -> Any:
    form = AccountForm()
    form.platform.choices = _platforms(row.brand_id, channel)
    if form.validate_on_submit():
        with saving(form):
            url = form.handle.data if "://" in form.handle.data else ""
            service.save_channel(
                db(), actor(), relationship=row, channel=channel, platform=form.platform.data, handle=form.handle.data,
                url=url, figures=form.figures(),
            )  # fmt: skip
            return done(url_for(".person", person_id=row.public_id), gettext("Saved."))
    elif channel and not form.is_submitted():
        form.show(channel)
    return render_template("admin/people_account.html", form=form, them=row, channel=channel)


def _platforms(brand_id: int, channel: Channel | None = None) -> list[tuple[str, Any]]:
    """Platforms to choose from: those that have a word here, then those that only a connector of the brand's reads.

    That of the account is one of them also when its plugin is gone: else the form would move it elsewhere.
    """
    readers = profiles.connectors_for(db(), instance().plugins, brand_id)
    codes = dict.fromkeys([*readers, *([channel.platform] if channel else [])])
    return [*PLATFORM_NAMES.items(), *((code, _platform(code)) for code in codes if code not in PLATFORM_NAMES)]


@admin.post("/people/<person_id>/accounts/<account_id>/ask", Permission.PEOPLE_EDIT)
def person_account_ask(person_id: str, account_id: str) -> Any:
    """Let the platform be asked about an account."""
    row = _editable(person_id)
    seconds = profiles.ask_for(db(), actor(), instance().plugins, channel=_account(row, account_id))
    return done(url_for(".person", person_id=person_id), str(wishes.told(seconds)))


@admin.post("/people/<person_id>/accounts/<account_id>/remove", Permission.PEOPLE_EDIT)
def person_account_remove(person_id: str, account_id: str) -> Any:
    """Forget an account."""
    row = _editable(person_id)
    service.remove_channel(db(), actor(), relationship=row, channel=_account(row, account_id))
    return done(url_for(".person", person_id=person_id), gettext("The account was removed."))


@admin.post("/people/<person_id>/notes", Permission.PEOPLE_EDIT)
def person_note(person_id: str) -> Any:
    """Write a note."""
    row, form = _editable(person_id), NoteForm()
    if form.validate_on_submit():
        with saving(form):
            service.add_note(db(), actor(), relationship=row, text=form.text.data)
            return done(url_for(".person", person_id=person_id, _anchor="notes"))
    return _person_page(row, form), 422


@admin.post("/people/<person_id>/notes/<note_id>/remove", Permission.PEOPLE_EDIT)
def person_note_remove(person_id: str, note_id: str) -> Any:
    """Remove a note."""
    service.delete_note(db(), actor(), relationship=_editable(person_id), note_id=note_id)
    return done(url_for(".person", person_id=person_id, _anchor="notes"), gettext("The note was removed."))


@admin.form("/people/<person_id>/vet", Permission.PEOPLE_EDIT)
def person_vet(person_id: str) -> Any:
    """Judge a person by the eight criteria."""
    row, form = _editable(person_id), VetForm()
    if form.validate_on_submit():
        with saving(form):
            service.vet(
                db(), actor(), relationship=row, scores=form.scores(), passed=form.verdict.data == "passed",
                summary=form.summary.data or "",
            )  # fmt: skip
            return done(url_for(".person", person_id=person_id, _anchor="vetting"), gettext("The vetting is kept."))
    return render_template("admin/people_vet.html", form=form, them=row, criteria=CRITERIA)


@admin.post("/people/<person_id>/archive", Permission.PEOPLE_EDIT)
def person_archive(person_id: str) -> Any:
    """Take a person off the list, or put them back."""
    row, archived = _editable(person_id), request.form.get("archived") == "1"
    service.archive_person(db(), actor(), relationship=row, archived=archived)
    message = gettext("%(name)s is off the list.", name=row.display_name)
    back = gettext("%(name)s is on the list.", name=row.display_name)
    return done(url_for(".person", person_id=person_id), message if archived else back)


def _editable(person_id: str) -> Relationship:
    return queries.get_relationship(db(), actor(), person_id, Permission.PEOPLE_EDIT)


def _account(row: Relationship, account_id: str) -> Channel:
    found = next((channel for channel in row.channels if channel.public_id == account_id), None)
    if found is None:
        raise Missing(T("This account is gone."))
    return found
