"""The influencer's own record: what they call themselves, where they live, when they were born."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from wtforms import StringField

from core.errors import Missing
from core.i18n import gettext
from core.influencers import service
from core.influencers.models import Influencer
from core.permissions import Permission
from core.places import country_choices
from core.plugin_api.text import T
from core.web.forms import AtMost, BaseForm, ChoiceField, Required, WholeField
from core.web.request import actor, db, done, saving
from portal.face import portal


class ProfileForm(BaseForm):
    """The own record."""

    display_name = StringField(
        T("The name you work under"), [Required(), AtMost(120)], description=T("As it stands in offers and contracts.")
    )
    country = ChoiceField(T("Country you live in"), blank=T("Not known"))
    birth_year = WholeField(T("Year of birth"), description=T("Some countries have rules of their own for minors."))


@portal.form("/profile", Permission.PORTAL)
def profile() -> Any:
    """See and change the own record."""
    own = db().get(Influencer, actor().influencer_id)
    if own is None:
        raise Missing(T("You have no record as an influencer yet."))
    form = ProfileForm()
    form.country.choices = [form.country.choices[0], *country_choices(every=True)]
    if form.validate_on_submit():
        with saving(form):
            service.save_profile(
                db(), actor(), display_name=form.display_name.data, country=form.country.data,
                birth_year=form.birth_year.data,
            )  # fmt: skip
            return done(url_for(".profile"), gettext("Saved."))
    elif not form.is_submitted():
        form.display_name.data, form.country.data, form.birth_year.data = own.display_name, own.country, own.birth_year
    return render_template("portal/profile.html", form=form)
