"""Reads of this room: the list with its filters, one person, what a CSV export holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, load_only, selectinload

from core.database import MOST_KEY
from core.errors import Missing
from core.influencers.models import Channel, ImportBatch, ImportRow, Note, Relationship, Vetting
from core.influencers.vocabulary import PLATFORM_NAMES, TIER_BY_CODE
from core.permissions import Actor, Permission
from core.plugin_api.text import T
from core.typed import storable

PAGE = 50
SHOWN = load_only(
    Relationship.public_id, Relationship.brand_id, Relationship.display_name, Relationship.email,
    Relationship.vetting_state, Relationship.platform, Relationship.handle, Relationship.country,
    Relationship.followers, Relationship.engagement_ppm, Relationship.tags,
)  # fmt: skip
SORTS: dict[str, tuple[Any, bool]] = {  # name -> (column, largest first)
    "followers": (Relationship.followers, True),
    "engagement": (Relationship.engagement_ppm, True),
    "name": (Relationship.display_name, False),
    "newest": (Relationship.id, True),
}
LARGEST = {"followers": 2**62}


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """What a list of people is narrowed to; empty means all."""

    q: str = ""
    tier: str = ""
    country: str = ""
    platform: str = ""
    tag: str = ""
    vetting: str = ""
    brand: str = ""
    archived: bool = False


@dataclass(frozen=True, slots=True)
class People:
    """One page of people, how many there are in all, and the marks of the pages beside it."""

    rows: Sequence[Relationship]
    total: int
    previous: str | None
    next: str | None


def list_people(
    session: Session, actor: Actor, filters: PeopleFilter, *, sort: str = "followers", mark: str = "", size: int = PAGE
) -> People:
    """A page of the people that the actor's brands know. Two statements, whatever the number of rows."""
    sort = sort if sort in SORTS else "followers"
    where = _where(session, actor, filters)
    total = session.scalar(select(func.count()).select_from(Relationship).where(*where)) or 0
    back, cursor = _read_mark(mark, sort)
    column, largest_first = SORTS[sort]
    down = largest_first != back
    statement = select(Relationship).options(SHOWN).where(*where).order_by(*_order(column, down)).limit(size + 1)
    if cursor:
        statement = statement.where(_beyond(column, down, *cursor))
    rows = list(session.scalars(statement))
    more, rows = len(rows) > size, rows[:size]
    if back:
        rows.reverse()
    before, after = (more, True) if back else (cursor is not None, more)
    return People(
        rows,
        total,
        _write_mark("b", sort, rows[0]) if before and rows else None,
        _write_mark("a", sort, rows[-1]) if after and rows else None,
    )


def get_relationship(
    session: Session, actor: Actor, public_id: str, permission: Permission = Permission.PEOPLE_READ
) -> Relationship:
    """One person of the actor's brands with their accounts; `Missing` when there is none or it is another's."""
    row = session.scalar(
        select(Relationship)
        .options(selectinload(Relationship.channels))
        .where(Relationship.public_id == public_id, Relationship.brand_id.in_(actor.brands_with(permission)))
    )
    if row is None:
        raise Missing(T("There is no such person, or it is not yours to see."))
    return row


def platforms_beyond(session: Session, actor: Actor) -> Sequence[str]:
    """The platforms without a word in Samverk that people of the actor's brands have accounts on."""
    mine = Channel.brand_id.in_(actor.brands_with(Permission.PEOPLE_READ))
    beyond = Channel.platform.not_in(PLATFORM_NAMES)
    return session.scalars(select(Channel.platform).where(mine, beyond).distinct().order_by(Channel.platform)).all()


def notes_of(session: Session, relationship: Relationship) -> Sequence[Note]:
    """The brand's notes, the newest first."""
    return session.scalars(
        select(Note).where(Note.relationship_id == relationship.id).order_by(Note.id.desc()).limit(200)
    ).all()


def vettings_of(session: Session, relationship: Relationship) -> Sequence[Vetting]:
    """Every vetting, the newest first."""
    return session.scalars(
        select(Vetting).where(Vetting.relationship_id == relationship.id).order_by(Vetting.id.desc()).limit(50)
    ).all()


def export_rows(session: Session, actor: Actor, filters: PeopleFilter, sort: str = "followers") -> Iterator[list[Any]]:
    """The people of a filtered list with what is known of their largest account, row by row.

    Street and postcode are for those who send gifts.
    """
    column, down = SORTS[sort if sort in SORTS else "followers"]
    sends = Relationship.brand_id.in_(actor.brands_with(Permission.OFFER_EDIT))
    fields = (
        Relationship.display_name, Relationship.email, Relationship.phone, Relationship.country, Relationship.language,
        Relationship.niche, Relationship.platform, Relationship.handle, Relationship.followers,
        Relationship.engagement_ppm, Relationship.tags, Relationship.vetting_state,
        case((sends, Relationship.street), else_=""), case((sends, Relationship.postcode), else_=""), Relationship.city,
        Relationship.address_country, Relationship.referral,
    )  # fmt: skip
    statement: Select[*tuple[Any, ...]] = (
        select(*fields).where(*_where(session, actor, filters)).order_by(*_order(column, down))
    )
    for row in session.execute(statement.execution_options(yield_per=1_000)):
        yield list(row)


def get_batch(
    session: Session, actor: Actor, public_id: str, permission: Permission = Permission.PEOPLE_EDIT
) -> ImportBatch:
    """One import of the actor's brands."""
    row = session.scalar(
        select(ImportBatch).where(
            ImportBatch.public_id == public_id, ImportBatch.brand_id.in_(actor.brands_with(permission))
        )
    )
    if row is None:
        raise Missing(T("There is no such import, or it is not yours to see."))
    return row


def list_batches(session: Session, actor: Actor, limit: int = 20) -> Sequence[ImportBatch]:
    """The latest imports."""
    mine = ImportBatch.brand_id.in_(actor.brands_with(Permission.PEOPLE_EDIT))
    return session.scalars(select(ImportBatch).where(mine).order_by(ImportBatch.id.desc()).limit(limit)).all()


def batch_rows(
    session: Session, batch: ImportBatch, *outcomes: str, after_line: int = 0, limit: int | None = 50
) -> Sequence[ImportRow]:
    """Rows of an import by line, those with one of the outcomes."""
    return session.scalars(
        select(ImportRow)
        .where(ImportRow.import_batch_id == batch.id, ImportRow.outcome.in_(outcomes), ImportRow.line > after_line)
        .order_by(ImportRow.line)
        .limit(limit)
    ).all()


def _where(session: Session, actor: Actor, filters: PeopleFilter) -> list[ColumnElement[bool]]:
    mine = actor.brands_with(Permission.PEOPLE_READ)
    if filters.brand.isdecimal():
        mine = tuple(b for b in mine if b == int(filters.brand))
    scope = Relationship.brand_id == mine[0] if len(mine) == 1 else Relationship.brand_id.in_(mine)
    where: list[ColumnElement[bool]] = [
        scope,
        Relationship.archived_at.is_not(None) if filters.archived else Relationship.archived_at.is_(None),
    ]
    if tier := TIER_BY_CODE.get(filters.tier):
        where.append(Relationship.followers >= tier.low)
        if tier.high is not None:
            where.append(Relationship.followers < tier.high)
    for column, value in (
        (Relationship.country, filters.country.upper()),
        (Relationship.vetting_state, filters.vetting),
    ):
        if value:
            where.append(column == value)
    if filters.platform:
        there = Channel.brand_id.in_(mine), Channel.platform == filters.platform
        where.append(Relationship.id.in_(select(Channel.relationship_id).where(*there)))
    if filters.tag:
        where.append(_tagged(session, filters.tag.casefold()))
    for word in filters.q.casefold().split()[:5]:
        where.append(Relationship.search_text.contains(word.removeprefix("@"), autoescape=True))
    return where


def _tagged(session: Session, tag: str) -> ColumnElement[bool]:
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    each = (func.json_each if on_sqlite else func.json_array_elements_text)(Relationship.tags).table_valued("value")
    return exists(select(1).select_from(each).where(each.c.value == tag).correlate(Relationship))


def _order(column: Any, down: bool) -> list[Any]:
    """Unknown values come last when the largest is first, and first the other way round: a mirror."""
    if column is Relationship.id:
        return [column.desc() if down else column.asc()]
    if down:
        return [column.desc().nulls_last(), Relationship.id.desc()]
    return [column.asc().nulls_first(), Relationship.id.asc()]


def _beyond(column: Any, down: bool, value: Any, row_id: int) -> ColumnElement[bool]:
    further = Relationship.id < row_id if down else Relationship.id > row_id
    if column is Relationship.id:
        return further
    same = and_(column.is_(None) if value is None else column == value, further)
    if down:
        return same if value is None else or_(column < value, same, column.is_(None))
    return or_(same, column.is_not(None)) if value is None else or_(column > value, same)


def _write_mark(way: str, sort: str, row: Relationship) -> str:
    return json.dumps([way, getattr(row, SORTS[sort][0].key), row.id], separators=(",", ":"))


def _read_mark(mark: str, sort: str) -> tuple[bool, tuple[Any, int] | None]:
    try:
        way, value, row_id = json.loads(mark[:500])
    except (ValueError, TypeError):
        return False, None
    number = value is None or _is_key(value, LARGEST.get(sort, MOST_KEY))
    right = isinstance(value, str) and storable(value) if sort == "name" else number
    if way not in ("a", "b") or not right or not _is_key(row_id, MOST_KEY):
        return False, None
    return way == "b", (value, row_id)


def _is_key(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most
