"""Who may do what: roles, permissions, the table that joins them, and the actor.

`Actor` is frozen and built once per request. Lists scope themselves in SQL with
`Model.brand_id.in_(actor.brands_with(Permission.X))`, so a foreign row is simply not there.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from core.errors import Denied
from core.plugin_api.text import T


class Role(enum.StrEnum):
    """What a person is in a brand. The installation admin is a flag on the person, not a role."""

    OWNER = "owner"
    MANAGER = "manager"
    REVIEWER = "reviewer"
    FINANCE = "finance"
    VIEWER = "viewer"
    GUEST_REVIEWER = "guest_reviewer"


class Permission(enum.StrEnum):
    """`scope:resource:action`; scope says whose door it is."""

    BRAND_READ = "brand:brand:read"
    BRAND_EDIT = "brand:brand:edit"
    TEAM_MANAGE = "brand:team:manage"
    PEOPLE_READ = "brand:influencers:read"
    PEOPLE_EDIT = "brand:influencers:edit"
    CAMPAIGN_READ = "brand:campaigns:read"
    CAMPAIGN_EDIT = "brand:campaigns:edit"
    OFFER_READ = "brand:offers:read"
    OFFER_EDIT = "brand:offers:edit"
    CONTRACT_SIGN = "brand:contracts:sign"
    CONTENT_READ = "brand:content:read"
    CONTENT_REVIEW = "brand:content:review"
    CONTENT_WAIVE = "brand:content:waive"
    LIVE_EDIT = "brand:posts:edit"
    SALES_READ = "brand:sales:read"
    SALES_EDIT = "brand:sales:edit"
    MONEY_READ = "brand:money:read"
    PAYOUT_PREPARE = "brand:payouts:prepare"
    PAYOUT_APPROVE = "brand:payouts:approve"
    KEYS_MANAGE = "brand:keys:manage"
    AUDIT_READ = "brand:audit:read"
    PLUGINS_SWITCH = "brand:plugins:switch"
    SITE_ADMIN = "site:installation:admin"
    PORTAL = "influencer:own:use"
    SELF = "person:self:use"


P = Permission
_READ = frozenset({P.BRAND_READ, P.PEOPLE_READ, P.CAMPAIGN_READ, P.OFFER_READ, P.CONTENT_READ, P.SALES_READ})
_REVIEW = frozenset({P.CONTENT_READ, P.CONTENT_REVIEW})
_MANAGE = _READ | _REVIEW | {P.PEOPLE_EDIT, P.CAMPAIGN_EDIT, P.OFFER_EDIT, P.LIVE_EDIT, P.SALES_EDIT, P.MONEY_READ}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.OWNER: _MANAGE
    | {P.BRAND_EDIT, P.TEAM_MANAGE, P.CONTRACT_SIGN, P.CONTENT_WAIVE, P.PAYOUT_PREPARE, P.PAYOUT_APPROVE}
    | {P.KEYS_MANAGE, P.AUDIT_READ, P.PLUGINS_SWITCH},
    Role.MANAGER: _MANAGE | {P.CONTRACT_SIGN, P.CONTENT_WAIVE, P.PAYOUT_PREPARE},
    Role.REVIEWER: _READ | _REVIEW | {P.LIVE_EDIT},
    Role.FINANCE: _READ | {P.MONEY_READ, P.SALES_EDIT, P.PAYOUT_PREPARE, P.PAYOUT_APPROVE, P.AUDIT_READ},
    Role.VIEWER: _READ,
    Role.GUEST_REVIEWER: _REVIEW,
}


_of_plugins: Mapping[str, frozenset[str]] = {}


def grant(rights: Mapping[str, Collection[str]]) -> None:
    """Take down the rights that plugins brought, each with the roles that have it, in place of those known before."""
    global _of_plugins
    _of_plugins = {name: frozenset(roles) for name, roles in rights.items()}


def right(name: str) -> Permission | str:
    """A right of core or of a plugin by its name; `ValueError` when there is none of that name."""
    return name if name in _of_plugins else Permission(name)


def holds(role: Role, permission: Permission | str) -> bool:
    """What the table says: whether a role has a right of core or of a plugin."""
    return permission in ROLE_PERMISSIONS[role] or role in _of_plugins.get(permission, ())


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person and their role in each brand, or the system itself (no person)."""

    person_id: int | None = None
    name: str = ""
    roles: Mapping[int, Role] = field(default_factory=dict)
    influencer_id: int | None = None
    site_admin: bool = False
    locale: str = "en"

    def role_in(self, brand_id: int) -> Role | None:
        """The role in a brand, None without one."""
        return self.roles.get(brand_id)

    def brands_with(self, permission: Permission | str) -> tuple[int, ...]:
        """The brands in which the actor holds a permission, sorted."""
        return tuple(sorted(b for b, role in self.roles.items() if holds(role, permission)))

    def may(self, permission: Permission | str, brand_id: int | None = None) -> bool:
        """Whether the actor holds a permission: in one brand, or anywhere when none is named."""
        if permission is Permission.SITE_ADMIN:
            return self.site_admin
        if permission is Permission.PORTAL:
            return self.influencer_id is not None
        if permission is Permission.SELF:
            return self.person_id is not None
        if brand_id is None:
            return any(holds(role, permission) for role in self.roles.values())
        role = self.role_in(brand_id)
        return role is not None and holds(role, permission)

    def require(self, permission: Permission, brand_id: int | None = None) -> None:
        """Raise `Denied` unless the actor holds the permission."""
        if not self.may(permission, brand_id):
            raise Denied(T("You do not have the right to do this. Ask an owner of the brand."))


SYSTEM = Actor(name="Samverk")
