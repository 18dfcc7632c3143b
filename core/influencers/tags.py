"""The words by which a brand sorts its people: kept once each, so that filters need not read everybody."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import String, bindparam, cast, select
from sqlalchemy.orm import Session

from core.influencers.models import ImportBatch, ImportRow, Tag
from core.permissions import Actor, Permission
from core.sql import insert_once

OFFERED = 500
_KNOWN = (
    select(Tag.name)
    .where(Tag.brand_id.in_(bindparam("brands", expanding=True)))
    .distinct()
    .order_by(Tag.name)
    .limit(OFFERED)
)


def known_tags(session: Session, actor: Actor) -> list[str]:
    """The tags of the actor's brands by the alphabet, at most 500."""
    return list(session.scalars(_KNOWN, {"brands": actor.brands_with(Permission.PEOPLE_READ)}))


def remember_tags(session: Session, brand_id: int, tags: Iterable[str]) -> None:
    """Keep what a brand has not used before."""
    wanted = set(tags)
    known = session.scalars(select(Tag.name).where(Tag.brand_id == brand_id, Tag.name.in_(wanted)))
    for name in sorted(wanted - set(known)):
        insert_once(session, Tag, {"brand_id": brand_id, "name": name})


def remember_imported(session: Session, batch: ImportBatch) -> None:
    """Keep the tags of an import; the database finds the few different lists among its many rows."""
    taken = ImportRow.import_batch_id == batch.id, ImportRow.outcome.in_(("new", "changed"))
    lists = select(cast(ImportRow.data["tags"], String)).where(*taken).distinct()
    remember_tags(session, batch.brand_id, {tag for told in session.scalars(lists) for tag in json.loads(told)})
