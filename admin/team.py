"""Brands, workspaces, teams and invitations."""

from __future__ import annotations

from typing import Any

from flask import abort, render_template, request, session, url_for
from sqlalchemy import or_, select
from wtforms import BooleanField, EmailField, StringField

from admin.face import admin, section
from core.accounts import brand as facts
from core.accounts import service as accounts
from core.accounts import team as teams
from core.accounts.models import Brand, Membership, Person, Workspace
from core.i18n import LOCALES, gettext
from core.permissions import Permission
from core.places import COUNTRIES, country_choices, currency_choices
from core.plugin_api.text import T
from core.web.brands import brands, current_brand
from core.web.forms import AtMost, BaseForm, ChoiceField, Required
from core.web.request import actor, db, done, instance, login, saving

section(
    "settings", "team", "member", "brand_new", "brand_edit", "plugins", "mails", "mail", "audit_record", "sales_keys"
)


class InviteForm(BaseForm):
    """Who to invite, as what."""

    email = EmailField(T("E-mail"), [Required(), AtMost(254)])
    role = ChoiceField(T("Role"), options=list(teams.ROLE_NAMES.items()))
    locale = ChoiceField(T("Language of the mail"), options=list(LOCALES.items()))
    whole_workspace = BooleanField(T("In all brands of this workspace"))


class BrandForm(BaseForm):
    """A brand's facts, as they stand in contracts and in mails."""

    name = StringField(T("Brand"), [Required(), AtMost(120)])
    legal_name = StringField(T("Legal name"), [AtMost(160)], description=T("As it stands in contracts."))
    business_id = StringField(T("Business id"), [AtMost(40)])
    street = StringField(
        T("Street and number"), [AtMost(160)], description=T("Where letters reach the brand. It stands in contracts.")
    )
    postcode = StringField(T("Postcode"), [AtMost(20)])
    town = StringField(T("Town"), [AtMost(80)])
    handles = StringField(
        T("Handles and hashtags"), [AtMost(300)], description=T("Separated by spaces, for example @havsro #havsro.")
    )
    country = ChoiceField(T("Country"))
    block_selfreg = BooleanField(T("Rules of self-regulation block publishing too"))
    four_eyes = BooleanField(T("A payout run is approved by another person than the one who prepared it"))


class NewBrandForm(BaseForm):
    """One more brand."""

    name = StringField(T("Brand"), [Required(), AtMost(120)])
    country = ChoiceField(T("Country"))
    currency = ChoiceField(T("Currency"))
    place = ChoiceField(T("Workspace"))
    agency_name = StringField(T("Name of the agency"), [AtMost(120)])


class RoleForm(BaseForm):
    """A member's role."""

    role = ChoiceField(T("Role"), options=list(teams.ROLE_NAMES.items()))


@admin.get("/settings", Permission.SELF)
def settings() -> Any:
    """What can be set here, by whom."""
    return render_template("admin/settings.html")


@admin.post("/brand", Permission.SELF)
def choose_brand() -> Any:
    """Work in another brand from now on."""
    row, wanted = login(), request.form.get("brand", "")
    brand = db().scalar(select(Brand).where(Brand.public_id == wanted, Brand.id.in_(tuple(actor().roles))))
    if row is None or brand is None:
        abort(404)
    row.brand_id = brand.id
    return done(url_for("admin.today"))


@admin.form("/team", Permission.TEAM_MANAGE)
def team() -> Any:
    """Who is in the brand's team; invite one more."""
    brand = current_brand(Permission.TEAM_MANAGE)
    form = InviteForm()
    if not form.is_submitted():
        form.role.data, form.locale.data = "manager", actor().locale
    if form.validate_on_submit():
        with saving(form):
            link = teams.invite_member(
                db(),
                actor(),
                email=form.email.data or "",
                role=str(form.role.data),
                brand=brand,
                whole_workspace=bool(form.whole_workspace.data),
                base_url=instance().settings.base_url,
                locale=str(form.locale.data),
            )
            session["team_link"] = link
            if instance().settings.smtp_url:
                return done(url_for("admin.team"), gettext("The invitation is on its way."))
            said = gettext("The invitation is made, but this installation sends no mail. Copy its link.")
            return done(url_for("admin.team"), said)
    members = (
        db()
        .execute(
            select(Membership, Person)
            .join(Person, Person.id == Membership.person_id)
            .where(
                Membership.workspace_id == brand.workspace_id,
                or_(Membership.brand_id == brand.id, Membership.brand_id.is_(None)),
            )
            .order_by(Person.name, Membership.id)
        )
        .all()
    )
    return render_template(
        "admin/team.html",
        form=form,
        members=members,
        brand=brand,
        names=teams.ROLE_NAMES,
        link=session.pop("team_link", None),
        mails=instance().settings.smtp_url is not None,
    )


def _member(member_id: int) -> tuple[Membership, Brand]:
    brand = current_brand(Permission.TEAM_MANAGE)
    member = db().scalar(
        select(Membership).where(
            Membership.id == member_id,
            Membership.workspace_id == brand.workspace_id,
            or_(Membership.brand_id == brand.id, Membership.brand_id.is_(None)),
        )
    )
    if member is None:
        abort(404)
    return member, brand


@admin.form("/team/<int(max=2147483647):member_id>", Permission.TEAM_MANAGE)
def member(member_id: int) -> Any:
    """Change a member's role, or take them out."""
    row, brand = _member(member_id)
    form = RoleForm(obj=row)
    person = db().get_one(Person, row.person_id)
    if form.validate_on_submit():
        with saving(form):
            if request.form.get("remove"):
                teams.remove_member(db(), actor(), row, brand)
                return done(url_for("admin.team"), gettext("%(name)s is no longer in the team.", name=person.name))
            teams.change_role(db(), actor(), row, brand, role=str(form.role.data))
            return done(url_for("admin.team"), gettext("Saved."))
    return render_template("admin/member.html", form=form, member=row, human=person, brand=brand)


@admin.form("/brand/edit", Permission.BRAND_EDIT)
def brand_edit() -> Any:
    """The brand's own facts; `?brand=` names another of one's brands than the chosen one."""
    asked = [one for one in brands(Permission.BRAND_EDIT) if one.public_id == request.args.get("brand")]
    brand = asked[0] if asked else current_brand(Permission.BRAND_EDIT)
    form = BrandForm(obj=brand)
    form.country.choices = country_choices()
    if form.validate_on_submit():
        with saving(form):
            facts.edit(
                db(),
                actor(),
                brand,
                name=form.name.data or "",
                country=str(form.country.data),
                handles=form.handles.data or "",
                block_selfreg=bool(form.block_selfreg.data),
                four_eyes=bool(form.four_eyes.data),
                **{key: form[key].data or "" for key in facts.PARTY},
            )
            return done(request.full_path.rstrip("?"), gettext("Saved."))
    return render_template("admin/brand_edit.html", form=form, brand=brand)


@admin.form("/brands/new", Permission.SELF)
def brand_new() -> Any:
    """One more brand: a client of an agency's workspace, or one on its own."""
    if not actor().may(Permission.BRAND_EDIT) and not actor().site_admin:
        abort(403)
    form = NewBrandForm()
    owned = list(
        db().scalars(
            select(Workspace)
            .join(Membership, Membership.workspace_id == Workspace.id)
            .where(Membership.person_id == actor().person_id, Membership.brand_id.is_(None), Membership.role == "owner")
            .order_by(Workspace.name)
        )
    )
    form.country.choices, form.currency.choices = country_choices(), currency_choices()
    form.place.choices = [
        *[(w.public_id, T("A client brand in %(name)s", name=w.name)) for w in owned],
        ("own", T("A workspace of its own")),
        ("agency", T("A new agency workspace")),
    ]
    if form.validate_on_submit():
        with saving(form):
            country, place = str(form.country.data), str(form.place.data)
            brand = accounts.create_brand(
                db(),
                actor(),
                name=form.name.data or "",
                country=country,
                currency=str(form.currency.data),
                timezone=COUNTRIES[country].timezone,
                workspace=next((w for w in owned if w.public_id == place), None),
                agency_name=(form.agency_name.data or form.name.data or "") if place == "agency" else "",
            )
            row = login()
            if row:
                row.brand_id = brand.id
            return done(url_for("admin.today"), gettext("%(name)s is ready.", name=brand.name))
    return render_template("admin/brand_new.html", form=form)
