"""What is known of each plugin that was found, and what a fence returns when one fails."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.plugin_api.manifest import Plugin, PluginKind
from core.plugin_api.text import T, Tc, Text

IN_THE_BOX = "samverk"


class State(enum.StrEnum):
    """Whether a plugin can be asked."""

    ACTIVE = "active"
    BROKEN = "broken"
    NEEDS_UPGRADE = "needs_upgrade"

    @property
    def label(self) -> Text:
        """The word for people."""
        names = {
            State.ACTIVE: Tc("plugin", "Active"),
            State.BROKEN: T("Broken"),
            State.NEEDS_UPGRADE: T("Needs an upgrade"),
        }
        return names[self]


@dataclass(frozen=True, slots=True)
class Record:
    """A plugin that was found. `reason` says in a sentence why it is not active."""

    name: str
    origin: str
    version: str = ""
    author: str = ""
    state: State = State.ACTIVE
    reason: Text | None = None
    plugin: Plugin | None = None
    provides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def title(self) -> Text:
        """Its title, or its name while it could not be loaded."""
        return self.plugin.title if self.plugin is not None else Text("%(name)s", {"name": self.name})

    @property
    def kinds(self) -> tuple[PluginKind, ...]:
        """The kinds of things it brings; empty while it could not be loaded."""
        return self.plugin.kinds if self.plugin is not None else ()

    @property
    def in_the_box(self) -> bool:
        """Whether it ships with Samverk."""
        return self.origin == IN_THE_BOX


@dataclass(frozen=True, slots=True)
class Failure:
    """A plugin had no answer: which one, and why, in a sentence for people. One that is `paused` was not asked."""

    plugin: str
    reason: Text
    paused: bool = False
