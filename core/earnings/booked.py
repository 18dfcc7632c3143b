"""What is booked of each line of a collaboration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.deals.lines import answer_of, basis_of
from core.earnings.models import Earning
from core.plugin_api.payment_models import Fact, Line, Settles
from core.plugin_api.text import Text
from core.sql import batched

BY_RATE = "rate"
"""Stands for the fingerprint of the facts in rows that were booked in SQL, by a rate from the sale alone."""


@dataclass(frozen=True, slots=True)
class Booked:
    """All rows of one line: their sum, what of it was given before anything was taken back, the first and the last."""

    minor: int
    given: int
    first: Earning
    last: Earning


def booked_of(session: Session, collaboration_id: int, keys: Sequence[str] | None = None) -> dict[str, Booked]:
    """By line key what is booked so far, of all lines or of some. Adjustments are no model's."""
    rows: Iterable[Earning] = session.scalars(_rows(collaboration_id)) if keys is None else ()
    for part in batched(keys or ()):
        rows = [*rows, *session.scalars(_rows(collaboration_id).where(Earning.line_key.in_(part)))]
    result = {}
    for key, group in groupby(rows, key=lambda row: row.line_key):
        lines = list(group)
        given = sum(max(row.amount_minor, 0) for row in lines)
        result[key] = Booked(sum(row.amount_minor for row in lines), given, lines[0], lines[-1])
    return result


def _rows(collaboration_id: int) -> Select[Earning]:
    return (
        select(Earning)
        .where(Earning.collaboration_id == collaboration_id, Earning.kind != "adjustment")
        .order_by(Earning.line_key, Earning.sequence)
    )


def tell(booked: Mapping[str, Booked], facts: Iterable[Fact]) -> None:
    """Write in the rows that were booked by a rate from which facts and to which answer: the fingerprints."""
    rows = [one.last for one in booked.values() if one.last.basis == BY_RATE]
    known = {fact.key: fact for fact in facts} if rows else {}
    for row in rows:
        if fact := known.get(row.fact_key):
            line = Line(fact.key, row.amount, Settles(row.settles), Text(""))
            row.basis, row.answer = basis_of([fact]), answer_of([line])
