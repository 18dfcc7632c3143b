"""Every route against every role and method: who is let in is what the table of permissions says."""

from __future__ import annotations

import pytest
from werkzeug.routing import AnyConverter, IntegerConverter

from core.permissions import ROLE_PERMISSIONS, Permission, Role
from core.web.face import PUBLIC
from tests.plugin_host.foreign import install
from tests.world import sign_in

VISITORS = ["anonymous", "influencer", "outsider", *[str(role) for role in Role]]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
UNGUARDED = {"static"}  # files that anyone may have
OF_PLUGINS = {"x:doors:look": {"owner", "finance"}}
PLUGIN = """
from samverk import Face, PermissionSpec, Plugin, PluginPage, Redirect, T, hookimpl

RIGHTS = {"": None, "own": "x:doors:look", "core": "brand:money:read", "site": "site:installation:admin"}

def page(path, **more):
    return PluginPage(path, T("Doors"), lambda request: Redirect(), takes_form=True, nav=True, **more)

class Doors(Plugin):
    name = "doors"
    title = T("Doors")
    api_version = 1

    @hookimpl
    def register_pages(self):
        return [page("mine", face=Face.PORTAL), *(page(path, permission=right) for path, right in RIGHTS.items())]

    @hookimpl
    def register_permissions(self):
        return [PermissionSpec("x:doors:look", T("Look"), ("owner", "finance"))]

plugin = Doors()
"""


@pytest.fixture(autouse=True)
def foreign(tmp_path, monkeypatch):
    """A foreign plugin is there, so that its doors are tried as core's own."""
    install(tmp_path, monkeypatch, "doors", PLUGIN)


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in UNGUARDED]


def address(rule):
    """The rule with ids that never existed."""
    return rule.build({name: _nothing(rule._converters[name]) for name in rule.arguments}, append_unknown=False)[1]


def _nothing(converter):
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return 999_999_999 if isinstance(converter, IntegerConverter) else "never-existed"


def entitled(name: str, permission: str) -> bool:
    """What the table says, without asking the code that enforces it."""
    if permission == PUBLIC:
        return True
    if name == "anonymous":
        return False
    role = {"outsider": Role.OWNER, "influencer": None}.get(name, name)
    if permission in OF_PLUGINS:
        return role in OF_PLUGINS[permission]
    wanted = Permission(permission)
    if wanted is Permission.SELF:
        return True
    if wanted is Permission.PORTAL:
        return name == "influencer"
    if wanted is Permission.SITE_ADMIN:
        return name == "owner"
    return role is not None and wanted in ROLE_PERMISSIONS[Role(role)]


def test_every_route_names_its_permission(app):
    for rule in rules(app):
        view = app.view_functions[rule.endpoint]
        assert hasattr(view, "permission"), f"{rule.endpoint} lets anyone in without saying so"
        assert view.permission == PUBLIC or view.permission in OF_PLUGINS or Permission(view.permission)
    assert OF_PLUGINS.keys() < {app.view_functions[rule.endpoint].permission for rule in rules(app)}


def test_public_routes_are_a_short_list(app):
    public = {r.endpoint for r in rules(app) if app.view_functions[r.endpoint].permission == PUBLIC}
    assert public <= {
        "lobby.home", "lobby.health", "lobby.favicon", "lobby.set_up", "lobby.sign_in", "lobby.reset_ask",
        "lobby.reset", "lobby.join", "lobby.choose_language", "lobby.privacy", "portal.invitation",
        "api.sales", "hooks.message",
    }  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("visitor", VISITORS)
def test_every_role_at_every_door(app, client, committed, visitor):
    if visitor != "anonymous":
        sign_in(client, visitor)
    wrong = []
    for rule in rules(app):
        if rule.endpoint == "lobby.sign_out":
            continue
        permission = app.view_functions[rule.endpoint].permission
        path = address(rule)
        for method in (*sorted(set(METHODS) & rule.methods), "DELETE"):
            response = client.open(path, method=method)
            if method not in rule.methods:
                allowed = {m for r in rules(app) if address(r) == path for m in r.methods}
                if method not in allowed and response.status_code not in (405, 404):
                    wrong.append((method, path, response.status_code, "405 expected"))
                continue
            if entitled(visitor, permission):
                refused = response.status_code == 403 or (
                    visitor == "anonymous"
                    and permission != PUBLIC
                    and "/sign-in" in response.headers.get("Location", "")
                )
                # a row of nobody's may also be 404; a page that needs one of several rights may say 403
                if refused and permission not in (Permission.SELF,):
                    wrong.append((method, path, response.status_code, "let in expected"))
                if response.status_code >= 500:
                    wrong.append((method, path, response.status_code, "no fault expected"))
            elif visitor == "anonymous":
                if response.status_code != 303 or "/sign-in" not in response.headers["Location"]:
                    wrong.append((method, path, response.status_code, "sign-in expected"))
            elif response.status_code != 403:
                wrong.append((method, path, response.status_code, "403 expected"))
    assert not wrong, "\n".join(map(str, wrong))
