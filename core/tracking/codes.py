"""The discount code of a collaboration: what a sale must carry to be credited."""

from __future__ import annotations

import unicodedata

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import chance, clock
from core.accounts.models import Influencer
from core.collaborations.models import Collaboration
from core.influencers.models import Relationship
from core.sql import insert_once
from core.tracking.models import DiscountCode

SUFFIX = "23456789"  # without what is mistaken for a letter when it is read out
LONGEST_NAME = 12
LENGTHS = (2, 2, 3, 3, 4, 4, 4, 4, 8)
LETTERS = str.maketrans({"Æ": "AE", "Ø": "O", "ß": "SS", "ẞ": "SS", "Þ": "TH", "Ð": "D", "Ł": "L", "Đ": "D"})


def make_code(session: Session, collaboration_id: int) -> str:
    """The code of a collaboration, made on the first call: readable, and the brand's only one like it."""
    made = code_of(session, collaboration_id)
    if made:
        return made
    row = session.get_one(Collaboration, collaboration_id)
    name = _stem(_name(session, row))
    for length in LENGTHS:
        code = name + chance.word(SUFFIX, length)
        values = {"brand_id": row.brand_id, "collaboration_id": row.id, "code": code, "created_at": clock.now()}
        if insert_once(session, DiscountCode, values):
            return code
    raise RuntimeError(f"no free discount code for {name}")


def code_of(session: Session, collaboration_id: int) -> str | None:
    """The code of a collaboration, None before its contract is signed."""
    return session.scalar(select(DiscountCode.code).where(DiscountCode.collaboration_id == collaboration_id).limit(1))


def clean(code: str) -> str:
    """A code as it is stored and compared."""
    return "".join(code.split()).upper()[:40]


def _name(session: Session, row: Collaboration) -> str:
    own = session.get(Influencer, row.influencer_id) if row.influencer_id else None
    return own.display_name if own else session.get_one(Relationship, row.relationship_id).display_name


def _stem(name: str) -> str:
    """The first word that has letters of ours, in ASCII capitals: Åsa Ödegård is ASA."""
    for word in (*name.replace("@", " ").split(), "CODE"):
        plain = unicodedata.normalize("NFKD", word.upper().translate(LETTERS))
        letters = "".join(char for char in plain if char.isascii() and char.isalpha())
        if len(letters) > 1:
            return letters[:LONGEST_NAME]
    return "CODE"
