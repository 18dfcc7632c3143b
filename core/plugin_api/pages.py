"""What a plugin adds to the faces: pages, panels and permissions. It gets no request and no session.

A page answers a `PageRequest` with a `View` (a template of the plugin and its values, which core draws inside its own
frame) or with a `Redirect`. To refuse what was sent, raise `Invalid` or `Missing` with a `Text`. Anything
else that is raised costs this one page or panel, which then shows a number that is in the log.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.plugin_api.held import Held
from core.plugin_api.tables import NO_DATA, Data
from core.plugin_api.text import Text


class Face(enum.StrEnum):
    """Where a page stands: with the brands and agencies, or with the influencers."""

    ADMIN = "admin"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a page may know. Frozen, may gain fields.

    `brand` is the public id of the brand that the reader works for; None in the portal's own pages and for a plugin of
    the installation. `brands` are those in which the plugin is on for this reader: in the admin the one brand, in the
    portal every brand that the influencer works with. `influencer` is a public id, the one that `forget` is told: in
    the portal the reader's, in a panel beside a record or a collaboration its person's, None while they have no
    account. `form` holds what a POST sent, without the CSRF token, which core has checked; `arguments` the parts of the
    address. `settings` are the brand's, over the installation's, over the defaults; where `brand` is None, the
    installation's over the defaults. `names` tells what `brands` and `influencer` are called, by their public ids: to
    show, not to keep, for a name changes.
    `data` is the door to the plugin's own tables: a GET and a panel read, a POST may write.
    """

    brand: str | None
    locale: str
    method: str = "GET"
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    brands: tuple[str, ...] = ()
    influencer: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    data: Data = field(default=NO_DATA, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class View(Held):
    """A template of the plugin, `x/<plugin>/name.html`, and its values; core draws it inside its own frame.

    The template is a fragment. It may include and import what begins with its own `x/<plugin>/` and the shared parts
    (`ui.html`, `forms.html`, `table.html`), nothing else. `_` and `ngettext` speak the plugin's own gettext domain, and
    `page_url("path")` is the address of a page of its own on the same face.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    title: Text | None = None


@dataclass(frozen=True, slots=True)
class Redirect(Held):
    """To another page of the same plugin on the same face, by its path; what a page answers to a POST that it took."""

    path: str = ""
    message: Text | None = None


@dataclass(frozen=True, slots=True)
class PluginPage:
    """A page at `/<face>/x/<plugin>/<path>`.

    `path` is of small letters, digits and hyphens, parted by slashes; the empty path is the plugin's first page, and
    a part like `<order>` takes anything and arrives in `arguments`. A page takes GET, and POST when `takes_form`.
    In the admin `permission` is one of core's or of the plugin's own; without one the page needs the brand's read
    right, and for a plugin of the installation the installation admin's. The portal knows no permissions.
    `nav` puts the page into the navigation, under an `icon` of core's set.
    """

    path: str
    title: Text
    render: Callable[[PageRequest], View | Redirect]
    permission: str | None = None
    face: Face = Face.ADMIN
    nav: bool = False
    icon: str = "plug"
    takes_form: bool = False

    @property
    def key(self) -> str:
        """What tells two pages of a plugin apart."""
        return f"{self.face}/{self.path}"


class Place(enum.StrEnum):
    """Where panels may stand; a panel's subject is the public id of what the page there shows."""

    DASHBOARD = "dashboard"
    """A card on the admin's first page; the subject is empty."""
    CAMPAIGN = "campaign"
    """Below the figures of a campaign, in the admin."""
    INFLUENCER = "influencer"
    """Beside an influencer's record, in the admin; the subject is the record's id, which is the brand's own."""
    COLLABORATION = "collaboration"
    """Beside a collaboration, in the admin."""
    PORTAL_HOME = "portal_home"
    """On the influencer's first page; the subject is empty."""
    PORTAL_DEAL = "portal_deal"
    """Beside an offer or a running deal, in the portal; the subject is the collaboration's id."""

    @property
    def face(self) -> Face:
        """The face that the place is on."""
        return Face.PORTAL if self.value.startswith("portal_") else Face.ADMIN


@dataclass(frozen=True, slots=True)
class Panel:
    """A box in a page of core. It only reads: a form in it posts to one of the plugin's pages.

    It is drawn while the page waits, so it must be quick and must not reach outside.
    """

    place: Place
    title: Text
    render: Callable[[PageRequest, str], View]
    permission: str | None = None

    @property
    def key(self) -> str:
        """What tells two panels of a plugin apart."""
        return f"{self.place}/{self.title.msgid}"


@dataclass(frozen=True, slots=True)
class PermissionSpec:
    """A right that the plugin asks for: `x:<plugin>:<action>`, and the roles that have it.

    Roles are `owner`, `manager`, `reviewer`, `finance`, `viewer` and `guest_reviewer`.
    """

    name: str
    title: Text
    roles: tuple[str, ...] = ("owner",)
