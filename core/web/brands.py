"""Which brand a page works in, of those the person may act in."""

from __future__ import annotations

from flask import abort, g, request

from core.accounts.models import Brand
from core.permissions import Permission
from core.web.request import actor, login

IN_BRAND = "in_brand"
"""The field of every form that names the brand chosen when its page was drawn: another tab may have chosen another."""


def brands(permission: Permission | str = Permission.CONTENT_READ) -> list[Brand]:
    """The brands in which the person holds a permission, by name."""
    allowed = set(actor().brands_with(permission))
    return [brand for brand in g.get("brands", ()) if brand.id in allowed]


def chosen_brand() -> Brand | None:
    """The brand in which the form that was sent was drawn, else the one chosen in this session."""
    mine = g.get("brands", ())
    told = request.form.get(IN_BRAND) if mine else None
    if told:
        return next((brand for brand in mine if brand.public_id == told), None)
    row = login()
    return next((brand for brand in mine if row and brand.id == row.brand_id), None)


def in_brand() -> str:
    """What the forms of this page carry as `IN_BRAND`: the brand that it shows, else the chosen one; empty without."""
    brand = g.get("shown_brand") or chosen_brand()
    return brand.public_id if brand else ""


def current_brand(permission: Permission | str = Permission.CONTENT_READ) -> Brand:
    """The chosen brand, else the first one where the permission is held; 403 without any.

    Of a form it is the brand of its page, in which the person then goes on: 404 when they work for that one no more,
    403 when they do not hold the permission there, whatever they hold elsewhere.
    """
    mine = brands(permission)
    if not mine:
        abort(403)
    chosen, row = chosen_brand(), login()
    if request.form.get(IN_BRAND):
        if chosen is None:
            abort(404)
        if chosen not in mine:
            abort(403)
        if row is not None and row.brand_id != chosen.id:
            row.brand_id = chosen.id
    found = chosen if chosen in mine else mine[0]
    g.setdefault("shown_brand", found)
    return found
