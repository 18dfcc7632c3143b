"""What a plugin adds to the faces: pages, panels, commands and permissions. It gets no request and no session."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.plugin_api.text import Text


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a page may know: the brand's public id, the reader's language, and what the form sent."""

    brand: str | None
    locale: str
    method: str = "GET"
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """A template of the plugin (under `x/<name>/`) and its values; core renders it inside its own frame."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    title: Text | None = None


@dataclass(frozen=True, slots=True)
class PluginPage:
    """A page under `/admin/x/<plugin>/<path>`; without a permission of its own it needs the brand's read right."""

    path: str
    title: Text
    render: Callable[[PageRequest], View]
    permission: str | None = None


class Place(enum.StrEnum):
    """Where panels may stand."""

    DASHBOARD = "dashboard"
    CAMPAIGN = "campaign"
    INFLUENCER = "influencer"
    COLLABORATION = "collaboration"


@dataclass(frozen=True, slots=True)
class Panel:
    """A box in a page of core; `subject` is the public id of what the page shows."""

    place: Place
    title: Text
    render: Callable[[PageRequest, str], View]
    permission: str | None = None


@dataclass(frozen=True, slots=True)
class PermissionSpec:
    """A right that the plugin asks for: `x:<plugin>:<action>`, and the roles that have it from the start."""

    name: str
    title: Text
    roles: tuple[str, ...] = ("owner",)
