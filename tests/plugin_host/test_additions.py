"""Pages, panels, rights, commands and jobs are held to their plugin's own name when it is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import click
import pytest

from core.plugin_host.loader import Candidate, examine
from core.plugin_host.records import Record, State
from samverk import Face, Job, Panel, PermissionSpec, Place, Plugin, PluginPage, T, View, hookimpl


def show(*_asked: Any) -> View:
    return View("x/acme/page.html")


def examined(kind: str, *items: Any, rights: Sequence[PermissionSpec] = ()) -> Record:
    class Acme(Plugin):
        name = "acme"
        title = T("Acme")
        api_version = 1

        @hookimpl
        def register_permissions(self) -> Sequence[PermissionSpec]:
            return [*rights, *(items if kind == "permissions" else ())]

    if kind != "permissions":
        setattr(Acme, f"register_{kind}", hookimpl(lambda self: list(items)))
    return examine(Candidate("acme", "acme-dist", "1.0", "Ada", Acme))


TITLE = T("Title")
LOOK = PermissionSpec("x:acme:look", TITLE)


@pytest.mark.parametrize(
    ("kind", "item", "reason"),
    [
        ("pages", PluginPage("/report", TITLE, show), "the path '/report' is not of small letters"),
        ("pages", PluginPage("../admin", TITLE, show), "the path '../admin' is not of small letters"),
        ("pages", PluginPage("a//b", TITLE, show), "the path 'a//b' is not of small letters"),
        ("pages", PluginPage("<path:rest>", TITLE, show), "is not of small letters"),
        ("pages", PluginPage("<a>/<a>", TITLE, show), "the parts of the path '<a>/<a>' cannot be told apart"),
        ("pages", PluginPage("a/<b>", TITLE, show, nav=True), "'a/<b>' cannot stand in the navigation"),
        ("pages", PluginPage("<class>", TITLE, show), "the parts of the path '<class>' cannot be told apart"),
        ("pages", PluginPage("report", "Report", show), "the page 'report' has no title that is a Text"),
        ("pages", PluginPage("report", TITLE, View("x")), "the page 'report' has nothing to call"),
        ("pages", PluginPage("report", TITLE, show, permission="x:other:look"), "needs x:other:look, which neither"),
        ("pages", PluginPage("report", TITLE, show, permission="brand:everything"), "needs brand:everything"),
        ("pages", PluginPage("report", TITLE, show, permission="person:self:use"), "needs person:self:use"),
        (
            "pages",
            PluginPage("report", TITLE, show, permission="brand:money:read", face=Face.PORTAL),
            "the page 'report' stands in the portal, where nobody holds permissions",
        ),
        ("pages", PluginPage("report", TITLE, show, face="admin"), "'report' has no face"),
        ("panels", Panel("sidebar", TITLE, show), "'sidebar' is not a place"),
        ("panels", Panel(Place.PORTAL_HOME, TITLE, show, permission="brand:money:read"), "stands in the portal"),
        ("permissions", PermissionSpec("x:other:look", TITLE), "x:other:look must be named x:acme:<action>"),
        ("permissions", PermissionSpec("brand:money:read", TITLE), "must be named x:acme:<action>"),
        ("permissions", PermissionSpec("x:acme:look", TITLE, ("king",)), "names the role king, which there is not"),
        ("commands", PluginPage("report", TITLE, show), "register_commands must return Command objects"),
        ("jobs", Job("nightly", TITLE, show, timedelta(minutes=14)), "nightly runs every 0:14:00, which is less"),
        ("jobs", Job("Nightly run", TITLE, show), "the name 'Nightly run' is not of small letters"),
        ("jobs", Job("nightly", TITLE, 3), "nightly has nothing to call"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(kind: str, item: Any, reason: str) -> None:
    record = examined(kind, item, rights=[LOOK] if kind != "permissions" else [])
    assert record.state is State.BROKEN and not record.provides
    assert reason in str(record.reason)


@pytest.mark.parametrize(
    ("kind", "items"),
    [
        ("pages", [PluginPage("", TITLE, show), PluginPage("", TITLE, show, face=Face.PORTAL)]),
        ("pages", [PluginPage("a-1/<order>/b", TITLE, show, permission="x:acme:look")]),
        ("pages", [PluginPage("a", TITLE, show, permission="site:installation:admin")]),
        ("panels", [Panel(place, TITLE, show) for place in Place]),
        ("commands", [click.Command("a"), click.Group("b")]),
        ("jobs", [Job("nightly", TITLE, show), Job("often", TITLE, show, timedelta(minutes=15))]),
    ],
)
def test_what_can_be_is_taken(kind: str, items: list[Any]) -> None:
    record = examined(kind, *items, rights=[LOOK])
    assert (record.state, record.reason) == (State.ACTIVE, None)
    assert list(record.provides[kind].values()) == items


def test_two_pages_of_one_path_are_refused() -> None:
    record = examined("pages", PluginPage("a", TITLE, show), PluginPage("a", TITLE, show))
    assert "register_pages names admin/a twice" in str(record.reason)
