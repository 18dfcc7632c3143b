"""Which brand a page works in, of those the person may act in."""

from __future__ import annotations

from flask import abort, g

from core.accounts.models import Brand
from core.permissions import Permission
from core.web.request import actor, login


def brands(permission: Permission | str = Permission.CONTENT_READ) -> list[Brand]:
    """The brands in which the person holds a permission, by name."""
    allowed = set(actor().brands_with(permission))
    return [brand for brand in g.get("brands", ()) if brand.id in allowed]


def current_brand(permission: Permission | str = Permission.CONTENT_READ) -> Brand:
    """The brand chosen in this session, else the first one where the permission is held; 403 without any."""
    mine = brands(permission)
    if not mine:
        abort(403)
    row = login()
    return next((brand for brand in mine if row and brand.id == row.brand_id), mine[0])
