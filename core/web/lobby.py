"""The lobby's pages: set-up, sign-in and out, password reset, joining a team, language, account."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from flask import make_response, redirect, render_template, request, session, url_for
from flask_limiter.util import get_remote_address
from werkzeug.wrappers import Response
from wtforms import BooleanField, EmailField, HiddenField, PasswordField, StringField

from core.accounts import service as accounts
from core.accounts import team as teams
from core.accounts.models import Person
from core.i18n import LOCALES, current_locale, gettext, negotiate
from core.permissions import Permission
from core.places import COUNTRIES, country_choices, currency_choices
from core.plugin_api.text import T
from core.web.face import PUBLIC, Face
from core.web.forms import AtMost, BaseForm, ChoiceField, Required
from core.web.limits import limiter
from core.web.request import actor, commit, cookie_name, db, done, instance, login, person, safe_path, saving

lobby = Face("lobby", __name__)
PASSWORD_HELP = T("At least 10 characters. A sentence that only you know works well.")


class SetUpForm(BaseForm):
    """The first visit."""

    code = StringField(T("Set-up code"), description=T("Printed in the terminal in which Samverk was started."))
    name = StringField(T("Your name"), [Required(), AtMost(120)])
    email = EmailField(T("E-mail"), [Required(), AtMost(254)])
    password = PasswordField(T("Password"), [Required()], description=PASSWORD_HELP)
    brand_name = StringField(T("Brand"), [Required(), AtMost(120)], description=T("The first brand you work for."))
    country = ChoiceField(T("Country"))
    currency = ChoiceField(T("Currency"), description=T("Budgets and books are kept in it."))
    agency = BooleanField(T("We are an agency and work for several brands"))
    agency_name = StringField(T("Agency"), [AtMost(120)])


class SignInForm(BaseForm):
    """Address and password."""

    email = EmailField(T("E-mail"), [Required()])
    password = PasswordField(T("Password"), [Required()])
    next = HiddenField()


class ResetAskForm(BaseForm):
    """Where to send the reset link."""

    email = EmailField(T("E-mail"), [Required()])


class ResetForm(BaseForm):
    """The new password."""

    password = PasswordField(T("New password"), [Required()], description=PASSWORD_HELP)


class JoinForm(BaseForm):
    """A new team member's account."""

    name = StringField(T("Your name"), [Required(), AtMost(120)])
    password = PasswordField(T("Password"), [Required()], description=PASSWORD_HELP)


class AccountForm(BaseForm):
    """A person's own settings."""

    name = StringField(T("Your name"), [Required(), AtMost(120)])
    locale = ChoiceField(T("Language"), options=list(LOCALES.items()))
    timezone = ChoiceField(T("Time zone"))
    theme = ChoiceField(
        T("Colours"), options=[("system", T("As the device")), ("light", T("Light")), ("dark", T("Dark"))]
    )
    shortcuts = BooleanField(T("Single-letter keyboard shortcuts"))


class PasswordForm(BaseForm):
    """A change of password."""

    old = PasswordField(T("Current password"), [Required()])
    new = PasswordField(T("New password"), [Required()], description=PASSWORD_HELP)


@lobby.get("/", PUBLIC)
def home() -> Any:
    """Where a person belongs: the admin, the portal, or the sign-in page."""
    who = actor()
    if who.person_id is None:
        return redirect(url_for("lobby.sign_in"), 303)
    if who.roles or who.site_admin:
        return redirect(url_for("admin.today"), 303)
    return redirect(url_for("portal.today"), 303)


@lobby.get("/healthz", PUBLIC)
def health() -> Any:
    """Whether the process answers and reaches its database."""
    from sqlalchemy import text

    db().execute(text("select 1"))
    return {"status": "ok"}


@lobby.get("/favicon.ico", PUBLIC)
def favicon() -> Any:
    """The sign that browsers ask for unasked."""
    return redirect(url_for("static", filename="logo.svg"), 301)


@lobby.form("/setup", PUBLIC)
@limiter.limit("20 per hour", methods=["POST"])
def set_up() -> Any:
    """Make the installation admin and the first brand."""
    if accounts.is_set_up(db()):
        return redirect(url_for("lobby.home"), 303)
    form = SetUpForm()
    form.country.choices = country_choices()
    form.currency.choices = currency_choices()
    if not form.is_submitted():
        form.country.data = {"fi": "FI", "sv": "SE", "nb": "NO"}.get(current_locale(), "FI")
        form.currency.data = COUNTRIES[form.country.data].currency
    if _needs_code():
        form.code.flags.required = True
    else:
        del form.code
    if form.validate_on_submit() and _code_right(form):
        with saving(form):
            country = str(form.country.data)
            made, _brand = accounts.set_up(
                db(),
                name=form.name.data or "",
                email=form.email.data or "",
                password=form.password.data or "",
                locale=current_locale(),
                brand_name=form.brand_name.data or "",
                agency_name=(form.agency_name.data or form.brand_name.data or "") if form.agency.data else "",
                country=country,
                currency=str(form.currency.data),
                timezone=COUNTRIES[country].timezone if country in COUNTRIES else "UTC",
            )
            return signed_in(made, url_for("admin.today"))
    return render_template("lobby/set_up.html", form=form)


def _needs_code() -> bool:
    settings = instance().settings
    return not settings.loopback or not settings.base_url.startswith(("http://127.0.0.1", "http://localhost"))


def _code_right(form: BaseForm) -> bool:
    import hmac

    if "code" not in form:
        return True
    if hmac.compare_digest((form.code.data or "").strip().upper().encode(), instance().setup_code.encode()):
        return True
    form.blame("code", T("The code is not right. It is printed in the terminal."))
    return False


def signed_in(who: Person, target: str, token: str | None = None, message: str | None = None) -> Response:
    """Commit, send the person on, and give their browser the sign-in cookie: the one place that writes it.

    Whatever the browser carried before, a session of somebody else's making included, ends here.
    """
    accounts.sign_out(db(), request.cookies.get(cookie_name(), ""))
    session.clear()
    token = token or accounts.open_session(db(), who, user_agent=request.headers.get("User-Agent", ""))
    response = make_response(done(target, message))
    response.set_cookie(
        cookie_name(),
        token,
        max_age=accounts.SESSION_DAYS * 86400,
        secure=instance().settings.secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _failed(answer: Response) -> bool:
    """Whether a try led nowhere: only such tries count, so that nobody is slowed who knows the password."""
    return answer.status_code != 303


def _guesser() -> str:
    """An account as tried from one address: who guesses locks out nobody but themselves."""
    return f"{get_remote_address()} {request.form.get('email', '').strip().casefold()[:254]}"


def _whoever() -> str:
    return f"person {actor().person_id}"


@lobby.form("/sign-in", PUBLIC)
@limiter.limit("60 per 15 minutes", methods=["POST"], deduct_when=_failed)
@limiter.limit("10 per 15 minutes", key_func=_guesser, methods=["POST"], deduct_when=_failed)
def sign_in() -> Any:
    """Sign in."""
    form = SignInForm()
    if not form.is_submitted():
        if actor().person_id:
            return redirect(url_for("lobby.home"), 303)
        form.next.data = request.args.get("next", "")
    if form.validate_on_submit():
        with saving(form):
            who, token = accounts.sign_in(
                db(),
                email=form.email.data or "",
                password=form.password.data or "",
                user_agent=request.headers.get("User-Agent", ""),
            )
            return signed_in(who, safe_path(form.next.data, url_for("lobby.home")), token)
    return render_template("lobby/sign_in.html", form=form)


@lobby.post("/sign-out", Permission.SELF)
def sign_out() -> Any:
    """End this session, or all of them."""
    if request.form.get("everywhere"):
        accounts.sign_out_everywhere(db(), person().id)
    accounts.sign_out(db(), request.cookies.get(cookie_name(), ""))
    session.clear()
    response = make_response(done(url_for("lobby.sign_in"), gettext("You are signed out.")))
    response.delete_cookie(cookie_name(), secure=instance().settings.secure, httponly=True, samesite="Lax")
    return response


@lobby.form("/reset", PUBLIC)
@limiter.limit("30 per 15 minutes", methods=["POST"])
def reset_ask() -> Any:
    """Ask for a reset link. The answer is the same whether the address is known or not."""
    form = ResetAskForm()
    if form.validate_on_submit():
        accounts.ask_reset(db(), email=form.email.data or "", base_url=instance().settings.base_url)
        return done(
            url_for("lobby.sign_in"),
            gettext("If there is an account with that address, a mail with a link is on its way."),
        )
    return render_template("lobby/reset_ask.html", form=form)


@lobby.form("/reset/<token>", PUBLIC)
@limiter.limit("20 per 15 minutes", methods=["POST"])
def reset(token: str) -> Any:
    """Choose a new password."""
    accounts.find_token(db(), "reset", token)
    form = ResetForm()
    if form.validate_on_submit():
        with saving(form):
            who = accounts.reset_password(db(), token=token, password=form.password.data or "")
            return signed_in(who, url_for("lobby.home"))
    return render_template("lobby/reset.html", form=form)


@lobby.form("/join/<token>", PUBLIC)
def join(token: str) -> Any:
    """Accept a team invitation: sign in, or make an account."""
    row = accounts.find_token(db(), "invite", token)
    if actor().person_id:
        if request.method == "POST":
            teams.join(db(), token=token, person=person())
            accounts.keep_brand(db(), login(), person())
            return done(url_for("admin.today"), gettext("You are in the team."))
        return render_template("lobby/join.html", form=None, invitation=row)
    form = JoinForm()
    if form.validate_on_submit():
        with saving(form):
            who = accounts.create_person(
                db(),
                name=form.name.data or "",
                email=row.email,
                password=form.password.data or "",
                locale=current_locale(),
                timezone="Europe/Helsinki",
            )
            teams.join(db(), token=token, person=who)
            return signed_in(who, url_for("admin.today"))
    return render_template("lobby/join.html", form=form, invitation=row)


@lobby.post("/language", PUBLIC)
def choose_language() -> Any:
    """Speak another language from now on."""
    wanted = negotiate([request.form.get("locale", "")])
    if actor().person_id:
        person().locale = wanted
        commit()
    response = make_response(redirect(safe_path(request.args.get("next"), url_for("lobby.home")), 303))
    response.set_cookie(
        "lang", wanted, max_age=31_536_000, samesite="Lax", httponly=True, secure=instance().settings.secure
    )
    return response


@lobby.form("/account", Permission.SELF)
def account() -> Any:
    """A person's own name, language, time zone, colours."""
    form = AccountForm(obj=person())
    form.timezone.choices = [(zone, zone) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"]
    if form.validate_on_submit():
        who = person()
        who.name, who.locale, who.timezone = form.name.data or who.name, str(form.locale.data), str(form.timezone.data)
        who.theme, who.shortcuts = str(form.theme.data), bool(form.shortcuts.data)
        return done(url_for("lobby.account"), gettext("Saved."))
    return render_template("lobby/account.html", form=form, shell=_shell())


@lobby.form("/account/password", Permission.SELF)
@limiter.limit("10 per 15 minutes", key_func=_whoever, methods=["POST"], deduct_when=_failed)
def password() -> Any:
    """Change the password; other sessions end."""
    form = PasswordForm()
    if form.validate_on_submit():
        with saving(form):
            accounts.change_password(
                db(),
                person(),
                old=form.old.data or "",
                new=form.new.data or "",
                token=request.cookies.get(cookie_name(), ""),
            )
            return done(url_for("lobby.account"), gettext("The password is changed. Other devices are signed out."))
    return render_template("lobby/password.html", form=form, shell=_shell())


@lobby.get("/privacy", PUBLIC)
def privacy() -> Any:
    """What is kept of an influencer, why and for how long."""
    return render_template("lobby/privacy.html", shell=_shell() if actor().person_id else "shell_plain.html")


def _shell() -> str:
    who = actor()
    return "shell_portal.html" if who.influencer_id and not who.roles else "shell_admin.html"
