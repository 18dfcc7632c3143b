"""State machines: one table a machine, one way to move, one row for every move.

A model with a life names its machine and has `id`, `brand_id` and `state`:

    class Campaign(BrandRow):
        machine = CAMPAIGN
        state: Mapped[str] = internal(String(20), default=CampaignState.DRAFT)
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, cast

from sqlalchemy import BigInteger, ForeignKey, Index, String, Table, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session
from sqlalchemy.orm.attributes import set_committed_value

from core import clock
from core.audit import Who
from core.database import Base, UtcDateTime, internal, personal
from core.errors import Refused
from core.plugin_api.text import T, Text
from core.sql import append_only, install

S = TypeVar("S", bound=enum.StrEnum)
A = TypeVar("A", bound=enum.StrEnum)
ERASABLE = ("actor_name", "reason")


class Turn(enum.StrEnum):
    """Who has to act for a thing to go on."""

    BRAND = "brand"
    INFLUENCER = "influencer"
    SYSTEM = "system"
    THIRD_PARTY = "third_party"
    INSTALLATION = "installation"
    NONE = "none"


@dataclass(frozen=True)
class Machine(Generic[S, A]):
    """The states of a thing, the moves between them, and whose turn each state is."""

    states: type[S]
    table: Mapping[tuple[S, A], S]
    turn: Mapping[S, Turn]
    labels: Mapping[S, Text] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a machine with a state that has no turn, or a final state that waits for somebody."""
        for state in self.states:
            if state not in self.turn:
                raise ValueError(f"{state!r} says not whose turn it is")
            if self.final(state) and self.turn[state] is not Turn.NONE:
                raise ValueError(f"{state!r} is final and can wait for nobody")

    def final(self, state: S) -> bool:
        """Whether nothing leads out of a state."""
        return not any(source == state for source, _ in self.table)

    def actions(self, state: S | str) -> tuple[A, ...]:
        """What can be done in a state, in the order of the table."""
        return tuple(action for source, action in self.table if source == state)

    def next(self, state: S | str, action: A) -> S:
        """The state after an action; raises `Refused` when the table has no such move."""
        known = self.states(state)
        if (known, action) not in self.table:
            raise Refused(self.refusal(known))
        return self.table[known, action]

    def refusal(self, state: S) -> Text:
        """The sentence for a move that the state does not allow."""
        if state in self.labels:
            return T("This cannot be done while the state is “%(state)s”.", state=self.labels[state])
        return T("This cannot be done in its present state.")


class HasLife(Protocol):
    """What `move` asks of an object."""

    machine: Any
    id: Any
    brand_id: Any
    state: Any


class Transition(Base):
    """One move of one object. Only its words about people may later be erased."""

    __tablename__ = "transition"
    __table_args__ = (Index("ix_transition_object", "object_type", "object_id", "id"),)

    id: Mapped[int] = internal(primary_key=True)
    object_type: Mapped[str] = internal(String(60))
    object_id: Mapped[int] = internal(BigInteger)
    brand_id: Mapped[int] = internal(ForeignKey("brand.id"), index=True)
    from_state: Mapped[str | None] = internal(String(30))
    to_state: Mapped[str] = internal(String(30))
    action: Mapped[str] = internal(String(30))
    actor_person_id: Mapped[int | None] = internal(BigInteger, index=True)
    actor_name: Mapped[str | None] = personal(String(120))
    role: Mapped[str | None] = internal(String(20))
    at: Mapped[datetime] = internal(UtcDateTime)
    reason: Mapped[str | None] = personal(String(1000))
    basis: Mapped[str | None] = internal(String(80))


def statements(dialect: str) -> list[str]:
    """The guards of the record of moves for a dialect."""
    return append_only("transition", Transition.__table__.columns.keys(), dialect, erasable=ERASABLE)


install(cast(Table, Transition.__table__), statements)


def move(
    session: Session,
    obj: HasLife,
    action: enum.StrEnum,
    *,
    actor: Who,
    reason: str | None = None,
    basis: str | None = None,
) -> Transition:
    """Move an object by its machine and record it; of two at once exactly one succeeds.

    `basis` names the version of the rule or brief that the move rests on, such as `brief:3`.
    """
    session.flush()
    model = cast(Any, type(obj))
    old, new = obj.state, obj.machine.next(obj.state, action)
    won = session.connection().execute(
        update(model.__table__)
        .where(model.__table__.c.id == obj.id, model.__table__.c.state == str(old))
        .values(state=str(new))
    )
    if won.rowcount != 1:
        raise Refused(T("Somebody else was faster. Reload the page and look again."))
    set_committed_value(obj, "state", new)
    return _append(session, obj, str(old), str(new), str(action), actor, reason, basis)


def begin(session: Session, obj: HasLife, *, actor: Who, basis: str | None = None) -> Transition:
    """Record the birth of an object in its first state."""
    session.flush()
    return _append(session, obj, None, str(obj.state), "begin", actor, None, basis)


def history(session: Session, obj: DeclarativeBase) -> list[Transition]:
    """Every move of an object, the oldest first."""
    statement = select(Transition).where(
        Transition.object_type == obj.__tablename__, Transition.object_id == cast(Any, obj).id
    )
    return list(session.scalars(statement.order_by(Transition.id)))


def whose_turn(obj: HasLife) -> Turn:
    """Who has to act for this object to go on."""
    return cast(Turn, obj.machine.turn[obj.machine.states(obj.state)])


def _append(
    session: Session,
    obj: HasLife,
    old: str | None,
    new: str,
    action: str,
    actor: Who,
    reason: str | None,
    basis: str | None,
) -> Transition:
    row = Transition(
        object_type=cast(Any, obj).__tablename__,
        object_id=obj.id,
        brand_id=obj.brand_id,
        from_state=old,
        to_state=new,
        action=action,
        actor_person_id=actor.person_id,
        actor_name=actor.name,
        role=actor.role_in(obj.brand_id),
        at=clock.now(),
        reason=reason,
        basis=basis,
    )
    session.add(row)
    return row
