"""A brand's own facts: those that identify it as a party of its contracts, and the rest of its settings."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core import audit
from core.accounts.models import Brand
from core.accounts.service import required
from core.errors import Invalid
from core.permissions import Actor, Permission
from core.places import check_postcode
from core.plugin_api.text import T

PARTY = {"legal_name": 160, "business_id": 40, "street": 160, "postcode": 20, "town": 80}  # and their longest


def is_identified(brand: Brand) -> bool:
    """Whether a contract can say who the brand is and where it is reached."""
    return all(getattr(brand, name) for name in PARTY)


def edit(
    session: Session,
    actor: Actor,
    brand: Brand,
    *,
    name: str,
    country: str,
    handles: str,
    block_selfreg: bool,
    four_eyes: bool = False,
    **party: str,
) -> None:
    """Change a brand's facts. What identifies it in contracts may be filled in later and changed, not taken out."""
    actor.require(Permission.BRAND_EDIT, brand.id)
    for key, longest in PARTY.items():
        words = party.get(key, "").strip()
        if not words and getattr(brand, key):
            raise Invalid(T("Contracts identify the brand by this. Change it, but do not leave it empty."), key)
        setattr(brand, key, required(words, key, longest) if words else "")
    if brand.postcode:
        brand.postcode = check_postcode(country, brand.postcode)
    brand.name, brand.country = required(name, "name"), country
    brand.handles, brand.block_selfreg, brand.four_eyes = handles.strip(), block_selfreg, four_eyes
    audit.record(session, actor=actor, brand_id=brand.id, action="brand.edit", obj=brand)
