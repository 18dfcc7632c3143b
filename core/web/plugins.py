"""Plugins' pages and panels: doors like core's own, each behind its permission, its brand's switch and the fence."""

from __future__ import annotations

import logging
import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

from flask import Flask, abort, current_app, flash, g, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy import select

from core import i18n
from core.accounts.models import Brand, Influencer
from core.collaborations.models import Collaboration
from core.errors import SamverkError
from core.influencers.models import Relationship
from core.permissions import Permission, right
from core.plugin_api.manifest import PluginScope
from core.plugin_api.pages import Face, PageRequest, Panel, Place, PluginPage, Redirect, View
from core.plugin_api.text import Text
from core.plugin_host.contexts import values_of
from core.plugin_host.data import lend
from core.plugin_host.deadlines import Seam
from core.plugin_host.declared import fields_of
from core.plugin_host.pausing import health_of
from core.plugin_host.records import Failure
from core.plugin_host.service import switches_of
from core.plugin_host.settings import settings_of, stored
from core.web.brands import IN_BRAND, brands, current_brand
from core.web.face import guard
from core.web.plugin_templates import PREFIX, belongs
from core.web.request import SAFE, actor, commit, db, instance

log = logging.getLogger("samverk.plugins")
ROOT = {Face.ADMIN: "/admin", Face.PORTAL: "/portal"}
CONCERNS: Mapping[Place, type[Relationship | Collaboration]] = {
    Place.INFLUENCER: Relationship,
    Place.COLLABORATION: Collaboration,
}
SHELL = {Face.ADMIN: "shell_admin.html", Face.PORTAL: "shell_portal.html"}


class Called(NamedTuple):
    """What a plugin knows of a brand or a person: the public id, and the name that the page around it shows too."""

    id: str
    name: str


Brands = Mapping[int, Called]
"""Brands by id."""


@dataclass
class Added:
    """What the plugins of an app added, looked up without asking them again."""

    nav: dict[Face, list[tuple[str, str, PluginPage]]] = field(default_factory=lambda: defaultdict(list))
    panels: dict[Place, list[tuple[str, Panel]]] = field(default_factory=lambda: defaultdict(list))
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a plugin's view came to, all of it written behind the fence."""

    title: str
    body: Markup


def register(app: Flask) -> None:
    """Open a door for each page of the active plugins, and stand their panels ready."""
    host, added = app.extensions["samverk"].plugins, Added()
    app.extensions["samverk_added"] = added
    app.jinja_env.globals["panels"] = panels
    for plugin, page in host.pages():
        if page.face in app.blueprints:
            _open(app, added, plugin, page)
    for plugin, panel in host.panels():
        added.panels[panel.place].append((plugin, panel))
    added.shown = tuple({plugin for plugin, _ in (*host.pages(), *host.panels())})


def _open(app: Flask, added: Added, plugin: str, page: PluginPage) -> None:
    scope = app.extensions["samverk"].plugins.active[plugin].plugin.scope
    endpoint, need = endpoint_of(plugin, page), need_of(scope, page)
    view = guard(_view(plugin, page), need)
    view.permission = need  # type: ignore[attr-defined]
    methods = ["GET", "POST"] if page.takes_form else ["GET"]
    app.add_url_rule(_address(plugin, page.face, page.path), endpoint, view, methods=methods)
    if page.nav:
        added.nav[page.face].append((plugin, endpoint, page))


def _address(plugin: str, face: Face, path: str) -> str:
    return f"{ROOT[face]}/{PREFIX}/{plugin}/{path.lstrip('/')}"


def endpoint_of(plugin: str, page: PluginPage) -> str:
    """The name of a page's door; its first part makes it one of the face's, with all that stands around a page."""
    return f"{page.face}.{PREFIX}.{plugin}.{page.path or 'index'}"


def need_of(scope: PluginScope, item: PluginPage | Panel) -> str:
    """The right that a page or panel asks for."""
    face = item.face if isinstance(item, PluginPage) else item.place.face
    if face is Face.PORTAL:
        return Permission.PORTAL
    if item.permission is not None:
        return right(item.permission)
    return Permission.SITE_ADMIN if scope is PluginScope.SITE else Permission.BRAND_READ


def navigation(face: Face) -> list[dict[str, Any]]:
    """The pages that plugins put into a face's navigation, of those that this reader may open now."""
    found = _added().nav.get(face, ())
    return [
        {
            "url": url_for(endpoint),
            "endpoint": endpoint,
            "label": page.title,
            "icon": page.icon,
            "current": request.endpoint == endpoint,
            "badge": None,
        }
        for plugin, endpoint, page in found
        if actor().may(_need(plugin, page)) and _asked(plugin, face, _brands(face, _need(plugin, page))) is not None
    ]


def panels(place: str, subject: str = "", brand_id: int | None = None) -> Markup:
    """The boxes of plugins at a place of a page; nothing, and no statement, when no plugin has one there."""
    found = _added().panels.get(Place(place), ())
    return Markup("").join(_panel(plugin, panel, subject, brand_id) for plugin, panel in found)


def _panel(plugin: str, panel: Panel, subject: str, brand_id: int | None) -> Markup:
    need, face = _need(plugin, panel), panel.place.face
    found = _one(brand_id) if brand_id or face is Face.ADMIN else _brands(face, need)
    asked = _asked(plugin, face, found, one=bool(brand_id)) if actor().may(need, brand_id) else None
    if asked is None:
        return Markup("")
    if owner := CONCERNS.get(panel.place):
        asked = _about(asked, _concerned(owner, subject))
    ask = partial(instance().plugins.of(asked.brand).call, plugin, panel.render, returns=View, seam=Seam.PAGE)
    answer = lend(instance().plugins, db().get_bind(), plugin, asked, lambda asked: ask(asked, subject), write=False)
    drawn = answer if isinstance(answer, Failure) else _draw(plugin, face, answer, panel.title, asked.brand)
    told = _missing(drawn) if isinstance(drawn, Failure) else {"body": drawn.body}
    frame = current_app.jinja_env.get_template("plugin_panel.html")
    title = panel.title if isinstance(drawn, Failure) else drawn.title
    return Markup(frame.render(title=title, owner=_title(plugin), **told))  # noqa: S704 - Jinja has escaped it


def _concerned(owner: type[Relationship | Collaboration], subject: str) -> Called | None:
    """The influencer of a record or a collaboration, as the brand calls them; None while it is nobody's account."""
    of = select(Influencer.public_id, Relationship.display_name).join(owner, owner.influencer_id == Influencer.id)
    if owner is Collaboration:
        of = of.join(Relationship, Relationship.id == Collaboration.relationship_id)
    row = db().execute(of.where(owner.public_id == subject)).one_or_none()
    return Called(*row) if row else None


def _about(asked: PageRequest, person: Called | None) -> PageRequest:
    if person is None:
        return replace(asked, influencer=None)
    return replace(asked, influencer=person.id, names={**asked.names, person.id: person.name})


def _view(plugin: str, page: PluginPage) -> Callable[..., Any]:
    def view(**arguments: str) -> Any:
        found = _brands(page.face, _need(plugin, page))
        asked = _asked(plugin, page.face, found, one=page.face is Face.ADMIN, **_sent(arguments))
        if asked is None:
            abort(404)
        if request.method not in SAFE:
            commit()  # the lock that a POST takes is not held while a plugin works
        answer = _ask(plugin, page, asked)
        if isinstance(answer, Redirect):
            return _go(plugin, page.face, answer)
        drawn = answer if isinstance(answer, Failure) else _draw(plugin, page.face, answer, page.title, asked.brand)
        if isinstance(drawn, Failure):
            return _paused(plugin, page, drawn) if drawn.paused else _broken(plugin, drawn)
        shell = SHELL[page.face]
        return render_template(
            "plugin_page.html", shell=shell, title=drawn.title, owner=_title(plugin), body=drawn.body
        )

    return view


def _sent(arguments: Mapping[str, str]) -> dict[str, Any]:
    form = {name: value for name, value in request.form.items() if name not in ("csrf_token", IN_BRAND)}
    method = "POST" if request.method == "POST" else "GET"
    return {"method": method, "query": request.args.to_dict(), "form": form, "arguments": dict(arguments)}


def _asked(plugin: str, face: Face, brands: Brands, *, one: bool = False, **sent: Any) -> PageRequest | None:
    """What the plugin is told, None where it is switched off; with `one` the brand is the one that it is asked for."""
    scope, switches = _scope(plugin), _switches(brands)
    if not switches[None].get(plugin, True):
        return None
    on = [called for brand, called in brands.items() if switches[brand].get(plugin, True)]
    if scope is PluginScope.BRAND and not on:
        return None
    brand = on[0] if one and scope is PluginScope.BRAND else None
    influencer = db().get(Influencer, actor().influencer_id) if face is Face.PORTAL else None
    asked = PageRequest(
        brand=brand.id if brand else None,
        locale=i18n.current_locale(),
        settings=_settings(plugin, next((key for key, called in brands.items() if called == brand), None)),
        brands=tuple(called.id for called in on),
        names=dict(on),
        **sent,
    )
    return _about(asked, Called(influencer.public_id, influencer.display_name) if influencer else None)


def _settings(plugin: str, brand_id: int | None) -> Mapping[str, Any]:
    """A plugin's settings without secrets; those of every plugin that shows something are read together."""
    active = instance().plugins.active
    if not fields_of(active[plugin]):
        return {}
    brand = db().get(Brand, brand_id) if brand_id else None
    known = g.setdefault("plugin_settings", {})
    if brand_id not in known:
        known[brand_id] = stored(db(), [active[name] for name in _added().shown], brand)
    return values_of(active[plugin], settings_of(db(), active[plugin], brand, known[brand_id]))


def _brands(face: Face, need: str) -> Brands:
    """The brands of this reader: in the admin the chosen one, in the portal all that they work with."""
    if face is Face.ADMIN:
        need = Permission.BRAND_READ if need == Permission.SITE_ADMIN else need
        chosen = current_brand(need) if brands(need) else None
        return {chosen.id: Called(chosen.public_id, chosen.name)} if chosen else {}
    if "plugin_brands" not in g:
        own = select(Collaboration.brand_id).where(Collaboration.influencer_id == actor().influencer_id)
        named = select(Brand.id, Brand.public_id, Brand.name).where(Brand.id.in_(own)).order_by(Brand.id)
        g.plugin_brands = {id: Called(public_id, name) for id, public_id, name in db().execute(named)}
    found: Brands = g.plugin_brands
    return found


def _one(brand_id: int | None) -> Brands:
    brand = db().get(Brand, brand_id) if brand_id else None
    return {brand.id: Called(brand.public_id, brand.name)} if brand else {}


def _switches(brands: Collection[int]) -> Mapping[int | None, Mapping[str, bool]]:
    known: dict[int | None, Mapping[str, bool]] = g.setdefault("plugin_switches", {})
    if missing := {None, *brands} - set(known):
        known.update(switches_of(db(), missing))
    return known


def _ask(plugin: str, page: PluginPage, asked: PageRequest) -> View | Redirect | Failure:
    """What a page answers; what it refuses, with `Invalid` or `Missing`, is raised."""
    passes, returns = (SamverkError,), (View, Redirect)
    host = instance().plugins.of(asked.brand)
    ask = partial(host.call, plugin, page.render, returns=returns, seam=Seam.PAGE, passes=passes)
    return lend(instance().plugins, db().get_bind(), plugin, asked, ask, write=asked.method == "POST")


def _draw(plugin: str, face: Face, view: View, title: Text, brand: str | None) -> Drawn | Failure:
    def draw() -> Drawn:
        return Drawn(str(view.title or title), fragment(plugin, face, view))

    return instance().plugins.call(plugin, draw, seam=Seam.PAGE, what="draw", brand=brand)


def fragment(plugin: str, face: Face, view: View) -> Markup:
    """What a view's template comes to, in the words of its plugin; raises whatever the template does."""
    if not belongs(view.template, plugin):
        raise ValueError(f"{view.template} is not a template named {PREFIX}/{plugin}/….html")

    def own(msgid: str, **params: Any) -> str:
        return str(Text(msgid, params, plugin))

    def counted(singular: str, plural: str, num: int, **params: Any) -> str:
        return str(Text(singular, params | {"num": num}, plugin, plural=plural))

    def page_url(path: str = "") -> str:
        return _address(plugin, face, path)

    words = {"locale": i18n.current_locale(), "text_dir": "ltr", "_": own, "ngettext": counted, "page_url": page_url}
    template = current_app.jinja_env.get_template(view.template)
    return Markup(template.render({**view.values, **words}))  # noqa: S704 - Jinja has escaped what is in it


def _go(plugin: str, face: Face, to: Redirect) -> Any:
    if to.message is not None:
        flash(str(to.message), "ok")
    return redirect(_address(plugin, face, to.path), 303)


def _missing(failure: Failure) -> dict[str, object]:
    """What stands in a box in place of its plugin's answer."""
    return {"paused": failure.reason} if failure.paused else {"error_id": _incident(failure)}


def _paused(plugin: str, page: PluginPage, failure: Failure) -> Any:
    """Why there is no page now, since when, and what to do; no incident, for nothing was asked."""
    told = {"plugin": plugin, "title": page.title, "why": failure.reason, "pause": health_of(db(), plugin)}
    return render_template("plugin_paused.html", shell=SHELL[page.face], **told), 503


def _broken(plugin: str, failure: Failure) -> Any:
    incident = _incident(failure)
    title, message = (
        i18n.gettext("Something broke"),
        i18n.gettext("The plugin %(plugin)s failed.", plugin=_title(plugin)),
    )
    return render_template("error.html", status=500, title=title, message=message, error_id=incident), 500


def _incident(failure: Failure) -> str:
    incident = secrets.token_hex(4)
    log.error("incident %s: %s %s: plugin %s", incident, request.method, request.path, failure.plugin)
    return incident


def _added() -> Added:
    found: Added = current_app.extensions["samverk_added"]
    return found


def _scope(plugin: str) -> PluginScope:
    manifest = instance().plugins.active[plugin].plugin
    return manifest.scope if manifest else PluginScope.BRAND


def _need(plugin: str, item: PluginPage | Panel) -> str:
    return need_of(_scope(plugin), item)


def _title(plugin: str) -> Text:
    return instance().plugins.active[plugin].title
