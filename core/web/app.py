"""The app factory: one Flask app over an instance, with the lobby and the faces it is given."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, abort, flash, g, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader
from markupsafe import escape
from sqlalchemy.exc import DBAPIError, OperationalError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from core import i18n, jobs, typed, wiring
from core.accounts import service as accounts
from core.database import NOT_MIGRATED, not_migrated
from core.errors import Missing, SamverkError
from core.instance import Instance
from core.permissions import Actor, Permission
from core.plugin_api.text import T
from core.plugin_host.host import PluginHost
from core.settings import Settings
from core.web import api, hooks, lobby, media, plugin_templates, plugins
from core.web.brands import in_brand
from core.web.limits import limiter
from core.web.marks import avatar
from core.web.request import SAFE, actor, back, cookie_name, db, let_go

HERE = Path(__file__).parent
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FORM_BYTES = 2_000_000
MACHINES, MACHINE_PATHS = ("api", "hooks"), ("/api/", "/hooks/")
log = logging.getLogger("samverk")
csrf = CSRFProtect()


def create_app(instance: Instance, faces: Sequence[Callable[[Flask], None]]) -> Flask:
    """A ready app. Faces register their blueprints; nothing is read from the database yet."""
    settings = instance.settings
    app = drawing(settings, instance.plugins, instance.secret_key)
    app.extensions["samverk"] = instance
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, settings.proxies, settings.proxies)  # type: ignore[method-assign]
    jobs.carry(instance)
    wiring.connect(instance)
    app.context_processor(_context)
    _lobby(app)
    limiter.init_app(app)  # after `_enter`, so that it knows who asks and in which language
    for register in faces:
        register(app)
    plugins.register(app)
    return app


def drawing(settings: Settings, host: PluginHost, key: str) -> Flask:
    """An app that draws templates, core's and plugins', and has no door yet; the kit draws a plugin's pages with it."""
    app = Flask("core.web", root_path=str(HERE), template_folder="templates", static_folder="static")
    app.config.update(
        SECRET_KEY=key,
        SESSION_COOKIE_NAME="samverk_form",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 1_000_000 + FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=FORM_BYTES,
        TRUSTED_HOSTS=list(settings.trusted_hosts),
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        RATELIMIT_STORAGE_URI=settings.redis_url or "memory://",
        RATELIMIT_ENABLED=not settings.testing,
        TESTING=settings.testing,
    )
    app.jinja_environment = plugin_templates.FencedEnvironment
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "bytecode_cache": plugin_templates.COMPILED}
    app.jinja_loader = ChoiceLoader(
        [
            FileSystemLoader(settings.instance / "templates"),
            FileSystemLoader(HERE / "templates"),
            plugin_templates.loader(host),
        ]
    )
    csrf.init_app(app)
    _furnish(app, settings)
    return app


def _lobby(app: Flask) -> None:
    app.register_blueprint(lobby.lobby)
    app.register_blueprint(media.media)
    if app.extensions["samverk"].settings.gallery:
        from core.web import gallery

        app.register_blueprint(gallery.gallery)
    for face in (api.api, hooks.hooks):
        csrf.exempt(face)
        app.register_blueprint(face)
    app.before_request(_enter)
    app.after_request(_leave)
    app.teardown_request(_close)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(SamverkError, _refused)
    app.register_error_handler(DBAPIError, _out_of_reach)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)


def _furnish(app: Flask, settings: Settings) -> None:
    @cache
    def asset(path: str) -> str:
        file = HERE / "static" / path
        stamp = hashlib.sha256(file.read_bytes()).hexdigest()[:10] if file.exists() else "0"
        return f"/static/{path}?v={stamp}"

    app.jinja_env.globals.update(
        _=i18n.gettext,
        ngettext=i18n.ngettext,
        pgettext=i18n.pgettext,
        money=i18n.money,
        date=i18n.day,
        datetime=i18n.moment,
        ago=i18n.ago,
        overdue=i18n.overdue,
        number=i18n.number,
        percent=i18n.percent,
        country=i18n.country,
        language=i18n.language,
        asset=asset,
        locales=i18n.LOCALES,
        Permission=Permission,
        in_brand=in_brand,
        upload_limit=settings.max_upload_mb * 1_000_000,
    )
    app.jinja_env.filters["avatar"] = avatar


def _context() -> dict[str, Any]:
    person = g.get("person")
    who = actor()
    current = i18n.current_locale()
    return {
        "locale": current,
        "text_dir": "ltr",
        "actor": person.name if person else None,
        "me": person,
        "theme": request.cookies.get("theme") or (person.theme if person else "system"),
        "may": who.may,
        "languages_offered": [
            {"code": code, "label": label, "current": code == current} for code, label in i18n.LOCALES.items()
        ],
        "language_url": url_for("lobby.choose_language", next=request.full_path if request.method in SAFE else "/"),
        "menu": _menu(who) if person else [],
    }


def _menu(who: Actor) -> list[dict[str, Any]]:
    entries = [
        ("lobby.account", i18n.gettext("Your account"), "user", True),
        ("portal.profile", i18n.gettext("Your profile"), "star", bool(who.influencer_id)),
        ("admin.today", i18n.gettext("To the brand's side"), "flag", bool(who.roles) and bool(who.influencer_id)),
        (
            "portal.today",
            i18n.gettext("To your own collaborations"),
            "home",
            bool(who.roles) and bool(who.influencer_id),
        ),
    ]
    links = [{"url": url_for(e), "label": label, "icon": icon} for e, label, icon, shown in entries if shown]
    leave = {"url": url_for("lobby.sign_out"), "label": i18n.gettext("Sign out"), "icon": "sign-out", "post": True}
    return [*links, leave]


def _enter() -> Response | None:
    if request.endpoint in ("static", "lobby.favicon", "lobby.health"):
        return None
    if not all(map(typed.storable, (request.path, *_each(request.args)))):
        abort(404)  # PostgreSQL cannot even be asked for it
    if request.blueprint not in MACHINES and not all(map(typed.storable, _each(request.form))):
        abort(400)  # (what machines send is signed as it came and not a form)
    g.person = g.login = g.actor = None
    token = request.cookies.get(cookie_name())
    found = accounts.find_session(db(), token) if token else None
    if found:
        g.login, g.person, influencer_id = found
        works_for = accounts.brands_of(db(), g.person)
        g.actor, g.brands = accounts.actor_with(g.person, works_for, influencer_id), [brand for brand, _ in works_for]
        i18n.set_locale(g.person.locale, g.person.timezone)
    else:
        wanted = [request.cookies.get("lang", "")] if request.cookies.get("lang") else []
        i18n.set_locale(i18n.negotiate([*wanted, *[str(v) for v in request.accept_languages.values()]]))
        if not _is_set_up() and request.endpoint not in ("lobby.set_up", "lobby.choose_language"):
            return redirect(url_for("lobby.set_up"), 303)
    return None


def _each(sent: MultiDict[str, str]) -> Iterator[str]:
    for values in sent.listvalues():
        yield from values


def _is_set_up() -> bool:
    from flask import current_app

    if not current_app.extensions.get("samverk_set_up"):
        current_app.extensions["samverk_set_up"] = accounts.is_set_up(db())
    return bool(current_app.extensions["samverk_set_up"])


def _leave(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _close(_error: BaseException | None) -> None:
    let_go()


def _refused(error: SamverkError) -> Any:
    if "db" in g:
        g.db.rollback()
    if request.path.startswith(MACHINE_PATHS):
        return {
            "error": {"code": type(error).__name__.lower(), "message": error.message.msgid % error.message.params}
        }, (error.status)
    if request.method in SAFE or isinstance(error, Missing) or error.status == 403:
        return _page(error.status, str(error.message))
    flash(str(error.message), "error")
    here = request.full_path.rstrip("?") if request.url_rule and "GET" in (request.url_rule.methods or ()) else None
    return redirect(back(here), 303)


def _stale_form(_error: CSRFError) -> Any:
    return _page(400, i18n.gettext("This form was open too long. Go back in your browser and send it again."))


def _out_of_reach(error: DBAPIError) -> Any:
    if not_migrated(error):
        log.error("%s", NOT_MIGRATED)
        told = i18n.gettext("The database is older than this Samverk. Whoever runs it brings it up to date.")
        return _page(503, told)
    if not isinstance(error, OperationalError):
        return _bug(error)
    log.error("database out of reach: %s", error.orig)
    return _page(503, i18n.gettext("The database does not answer right now. Nothing was saved; try again soon."))


def _http_error(error: HTTPException) -> Any:
    if error.code in (301, 302, 303, 307, 308):
        return error
    if isinstance(error, SecurityError):  # the host is not ours: nothing of ours is shown, no link is made
        return Response("This host is not served here.\n", 400, mimetype="text/plain")
    messages = {
        400: i18n.gettext("The browser sent something that cannot be read."),
        401: i18n.gettext("You are signed out."),
        403: i18n.gettext("You do not have the right to see this. Ask an owner of the brand."),
        404: i18n.gettext("There is nothing at this address, or it is not yours to see."),
        405: i18n.gettext("This address does not take what the browser sent."),
        413: i18n.gettext("The file is too large. Go back in your browser: what you typed is still there."),
        429: i18n.gettext("Too many tries. Wait a few minutes and try again."),
        500: i18n.gettext("Something went wrong."),
    }
    answer = make_response(_page(error.code or 500, messages.get(error.code or 500, messages[500])))
    if error.code == 429 and limiter.current_limit:
        answer.headers["Retry-After"] = str(max(limiter.current_limit.reset_at - int(time.time()), 1))
    return answer


def _bug(error: Exception) -> Any:
    incident = secrets.token_hex(4)
    log.exception("incident %s: %s %s", incident, request.method, request.path)
    if "db" in g:
        with suppress(DBAPIError):
            g.db.rollback()
    return _page(500, i18n.gettext("Something broke on our side. Nothing was saved."), incident)


TITLES = {
    403: T("No entry"),
    404: T("Not found"),
    429: T("A moment, please"),
    500: T("Something broke"),
    503: T("A moment, please"),
}

BARE = (
    '<!doctype html><meta charset="utf-8"><title>{title}</title>'
    '<h1>{title}</h1><p>{message}</p><p><code>{status} {incident}</code></p><p><a href="/">Samverk</a></p>\n'
)
"""The error page when the real one cannot be drawn: no template, no session, no database."""


def _page(status: int, message: str, incident: str | None = None) -> Any:
    if request.path.startswith(MACHINE_PATHS):
        return {"error": {"code": str(status), "message": message, "incident": incident}}, status
    title = str(TITLES.get(status, T("That did not work")))
    told = {"status": status, "title": title, "message": message}
    try:
        return render_template("error.html", **told, error_id=incident), status
    except Exception:  # whatever broke first may break this page too
        incident = incident or secrets.token_hex(4)
        log.exception("incident %s: the error page itself broke", incident)
        return BARE.format_map({**{key: escape(value) for key, value in told.items()}, "incident": incident}), status
