"""What a plugin adds to the pages, the rights and the clock is held to its own name before anything uses it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from keyword import iskeyword
from pathlib import Path
from typing import Any

from core.permissions import Permission, Role
from core.plugin_api.contract import NAME, ContractError
from core.plugin_api.jobs import SHORTEST
from core.plugin_api.manifest import Plugin
from core.plugin_api.pages import Face, Place
from core.plugin_api.text import Text

PART = r"(?:[a-z0-9][a-z0-9-]*|<[a-z][a-z0-9_]*>)"
PATH = re.compile(rf"(?:{PART}(?:/{PART})*)?")
BRAND_RIGHTS = frozenset(p for p in Permission if p.startswith("brand:") or p is Permission.SITE_ADMIN)

Rights = frozenset[str]


def check(plugin: Plugin, provides: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise `ContractError` for the first page, panel, right or job that cannot be."""
    rights: Rights = frozenset(provides.get("permissions", ()))
    for kind, look in CHECKS.items():
        for item in provides.get(kind, {}).values():
            for wrong in look(plugin.name, item, rights):
                raise ContractError(f"register_{kind}: {wrong}")


def _page(_plugin: str, page: Any, rights: Rights) -> Iterable[str]:
    if not isinstance(page.path, str) or not PATH.fullmatch(page.path):
        yield f"the path {page.path!r} is not of small letters, digits and hyphens between slashes"
        return
    names = re.findall(r"<(\w+)>", page.path)
    if len(set(names)) < len(names) or any(map(iskeyword, names)):
        yield f"the parts of the path {page.path!r} cannot be told apart by their names"
    if names and page.nav:
        yield f"the page {page.path!r} cannot stand in the navigation without knowing which"
    if not isinstance(page.face, Face):
        yield f"{page.path!r} has no face"
    yield from _drawn(f"the page {page.path!r}", page, page.face, rights)


def _panel(_plugin: str, panel: Any, rights: Rights) -> Iterable[str]:
    if not isinstance(panel.place, Place):
        yield f"{panel.place!r} is not a place"
    yield from _drawn(f"the panel {panel.title.msgid!r}", panel, panel.place.face, rights)


def _drawn(what: str, item: Any, face: Face, rights: Rights) -> Iterable[str]:
    if not isinstance(item.title, Text) or not str(item.title):
        yield f"{what} has no title that is a Text"
    if not callable(item.render):
        yield f"{what} has nothing to call"
    if face is Face.PORTAL and item.permission is not None:
        yield f"{what} stands in the portal, where nobody holds permissions"
    if item.permission is not None and item.permission not in BRAND_RIGHTS | rights:
        yield f"{what} needs {item.permission}, which neither core nor the plugin has"


def _permission(plugin: str, spec: Any, _rights: Rights) -> Iterable[str]:
    prefix, _, action = spec.name.rpartition(":")
    if prefix != f"x:{plugin}" or not NAME.fullmatch(action):
        yield f"{spec.name} must be named x:{plugin}:<action>"
    unknown = set(spec.roles) - set(Role)
    if unknown:
        yield f"{spec.name} names the role {min(unknown)}, which there is not"


def _job(_plugin: str, job: Any, _rights: Rights) -> Iterable[str]:
    if not NAME.fullmatch(job.name):
        yield f"the name {job.name!r} is not of small letters, digits and underscores"
    if not callable(job.run):
        yield f"{job.name} has nothing to call"
    if job.every < SHORTEST:
        yield f"{job.name} runs every {job.every}, which is less than {SHORTEST}"


CHECKS: Mapping[str, Callable[[str, Any, Rights], Iterable[str]]] = {
    "permissions": _permission,
    "pages": _page,
    "panels": _panel,
    "jobs": _job,
}


def folder_of(plugin: Plugin) -> Path | None:
    """Where the module of a plugin lies, beside which its `templates` and `translations` stand; None without files."""
    file = getattr(sys.modules.get(type(plugin).__module__), "__file__", None)
    return Path(file).parent if file else None
