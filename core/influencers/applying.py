"""The one final step of an import: staged rows become people in a handful of set-based statements."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core import clock
from core.influencers.measure import engagement_sql
from core.influencers.models import Channel, ImportBatch, ImportRow, Note, Relationship
from core.influencers.rows import ACCOUNTS
from core.influencers.tags import remember_imported

TEXTS = (
    "display_name", "email", "phone", "country", "language", "niche", "street", "postcode", "city", "referral", "risk",
    "search_text", "iban_cipher", "iban_last4",
)  # fmt: skip
COUNTS = ("followers", "posts_counted", "likes", "comments", "shares", "stated_ppm")
MOST_ACCOUNTS = 1 + len(ACCOUNTS)  # a row names one account, and one for each platform with a column of its own


def is_stale(session: Session, batch: ImportBatch) -> bool:
    """Whether people were added or taken away since the rows were compared with the list."""
    there = exists().where(Relationship.brand_id == batch.brand_id, Relationship.identity_key == ImportRow.identity_key)
    moved = and_(ImportRow.outcome == "new", there) | and_(ImportRow.outcome == "changed", ~there)
    return session.scalar(select(exists().where(ImportRow.import_batch_id == batch.id, moved))) or False


def apply_rows(session: Session, batch: ImportBatch) -> None:
    """Write everything that a checked import holds; all of it or, should one statement fail, nothing."""
    _add_people(session, batch)
    _change_people(session, batch)
    for index in range(MOST_ACCOUNTS):
        _write_accounts(session, batch, index)
    _copy_largest(session, batch)
    _add_notes(session, batch)
    remember_imported(session, batch)


def _of(batch: ImportBatch, *outcomes: str) -> ColumnElement[bool]:
    return and_(ImportRow.import_batch_id == batch.id, ImportRow.outcome.in_(outcomes))


def _text(*path: str | int) -> Any:
    return ImportRow.data[path].as_string()


def _add_people(session: Session, batch: ImportBatch) -> None:
    fixed = {
        "brand_id": literal(batch.brand_id),
        "created_at": literal(clock.now(), ImportRow.created_at.type),
        "public_id": _text("public_id"),
        "identity_key": ImportRow.identity_key,
        "import_batch_id": literal(batch.id),
        "vetting_state": literal("unvetted"),
        "address_country": literal(""),
        "platform": literal(""),
        "handle": literal(""),
        "tags": ImportRow.data["tags"],
    }
    values = fixed | {name: func.coalesce(_text(name), "") for name in TEXTS}
    rows = select(*values.values()).where(_of(batch, "new")).order_by(ImportRow.line)
    session.execute(insert(Relationship).from_select(list(values), rows, include_defaults=False))


def _change_people(session: Session, batch: ImportBatch) -> None:
    values: dict[str, Any] = {name: func.coalesce(_text(name), getattr(Relationship, name)) for name in TEXTS}
    session.execute(
        update(Relationship)
        .where(
            Relationship.brand_id == batch.brand_id,
            Relationship.identity_key == ImportRow.identity_key,
            _of(batch, "changed"),
        )
        .values(values | {"tags": ImportRow.data["tags"]})
        .execution_options(synchronize_session=False)
    )


def _write_accounts(session: Session, batch: ImportBatch, index: int) -> None:
    on_postgres = session.get_bind().dialect.name == "postgresql"
    day = _text("channels", index, "measured_on")
    values = {
        "brand_id": literal(batch.brand_id),
        "created_at": literal(clock.now(), ImportRow.created_at.type),
        "public_id": _text("channels", index, "public_id"),
        "relationship_id": Relationship.id,
        "platform": _text("channels", index, "platform"),
        "handle": _text("channels", index, "handle"),
        "url": func.coalesce(_text("channels", index, "url"), ""),
        "evidence": literal("stated"),
        "told_by": literal(""),
        "told_name": literal(""),
        "measured_on": cast(day, Date) if on_postgres else type_coerce(day, Date),
        **{name: cast(_text("channels", index, name), BigInteger) for name in COUNTS},
    }
    rows = (
        select(*values.values())
        .join(Relationship, Relationship.identity_key == ImportRow.identity_key)
        .where(Relationship.brand_id == batch.brand_id, _of(batch, "new", "changed"), values["handle"].is_not(None))
        .order_by(ImportRow.line)
    )
    statement = (
        (postgresql if on_postgres else sqlite).insert(Channel).from_select(list(values), rows, include_defaults=False)
    )
    told = statement.excluded
    kept: dict[str, Any] = {
        name: func.coalesce(told[name], getattr(Channel, name)) for name in (*COUNTS, "measured_on")
    }
    kept["url"] = func.coalesce(func.nullif(told.url, ""), Channel.url)
    kept["told_by"] = case(
        (told.followers == Channel.followers, Channel.told_by), (told.followers.is_(None), Channel.told_by), else_=""
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["brand_id", "platform", "handle"],
            set_=kept | {"evidence": told.evidence},
            where=Channel.relationship_id == told.relationship_id,
        )
    )


def _copy_largest(session: Session, batch: ImportBatch) -> None:
    """Lists read from the person's row what the largest account says."""
    rank = func.row_number().over(
        partition_by=Channel.relationship_id, order_by=(func.coalesce(Channel.followers, -1).desc(), Channel.id)
    )
    touched = (
        select(Relationship.id)
        .join(ImportRow, ImportRow.identity_key == Relationship.identity_key)
        .where(Relationship.brand_id == batch.brand_id, _of(batch, "new", "changed"))
    )
    ranked = (
        select(
            Channel.relationship_id,
            Channel.platform,
            Channel.handle,
            Channel.followers,
            engagement_sql().label("ppm"),
            rank.label("place"),
        )
        .where(Channel.brand_id == batch.brand_id, Channel.relationship_id.in_(touched))
        .subquery()
    )
    session.execute(
        update(Relationship)
        .where(Relationship.id == ranked.c.relationship_id, ranked.c.place == 1)
        .values(
            platform=ranked.c.platform,
            handle=ranked.c.handle,
            followers=ranked.c.followers,
            engagement_ppm=ranked.c.ppm,
        )
        .execution_options(synchronize_session=False)
    )


def _add_notes(session: Session, batch: ImportBatch) -> None:
    values = {
        "brand_id": literal(batch.brand_id),
        "created_at": literal(clock.now(), ImportRow.created_at.type),
        "public_id": _text("note_id"),
        "relationship_id": Relationship.id,
        "author_id": literal(batch.person_id) if batch.person_id else null(),
        "author_name": literal(batch.file_name[:120]),
        "text": _text("note"),
    }
    rows = (
        select(*values.values())
        .join(Relationship, Relationship.identity_key == ImportRow.identity_key)
        .where(Relationship.brand_id == batch.brand_id, _of(batch, "new", "changed"), values["text"].is_not(None))
        .order_by(ImportRow.line)
    )
    session.execute(insert(Note).from_select(list(values), rows, include_defaults=False))
