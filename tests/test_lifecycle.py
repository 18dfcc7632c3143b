"""A state machine moves by its table, one winner at a time, and every move is written down for good."""

from __future__ import annotations

import enum
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from sqlalchemy import String, func, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core import clock
from core.database import Database
from core.errors import Refused
from core.lifecycle import Machine, Transition, Turn, begin, history, move, whose_turn
from core.permissions import SYSTEM, Actor, Role
from core.plugin_api.text import T
from tests.databases import HAVSRO, database  # noqa: F401

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AINO = Actor(person_id=5, name="Aino", roles={HAVSRO: Role.MANAGER})


class State(enum.StrEnum):
    OPEN = "open"
    SHUT = "shut"
    SOLD = "sold"


class Action(enum.StrEnum):
    SHUT = "shut"
    REOPEN = "reopen"
    SELL = "sell"


DOOR = Machine(
    states=State,
    table={
        (State.OPEN, Action.SHUT): State.SHUT,
        (State.SHUT, Action.REOPEN): State.OPEN,
        (State.OPEN, Action.SELL): State.SOLD,
    },
    turn={State.OPEN: Turn.BRAND, State.SHUT: Turn.INFLUENCER, State.SOLD: Turn.NONE},
    labels={State.SOLD: T("Sold")},
)


class Own(DeclarativeBase):
    """Apart from the application's metadata, which must not know this table."""


class Door(Own):
    __tablename__ = "door"
    machine = DOOR

    id: Mapped[int] = mapped_column(primary_key=True)
    brand_id: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))


@pytest.fixture
def doors(database: Database) -> Database:  # noqa: F811
    """One open door."""
    Own.metadata.create_all(database.engine)
    with database.write() as session, clock.frozen(NOON):
        door = Door(id=1, brand_id=HAVSRO, state=State.OPEN)
        session.add(door)
        begin(session, door, actor=SYSTEM)
    return database


def test_a_move_changes_the_state_and_is_written_down(doors: Database) -> None:
    with doors.write() as session, clock.frozen(NOON):
        door = session.get_one(Door, 1)
        move(session, door, Action.SHUT, actor=AINO, reason="It is cold", basis="brief:2")
        assert (door.state, whose_turn(door)) == (State.SHUT, Turn.INFLUENCER)
    with doors.session() as session:
        born, shut = history(session, session.get_one(Door, 1))
        assert (born.from_state, born.to_state, born.actor_person_id, born.role) == (None, "open", None, None)
        assert (shut.from_state, shut.to_state, shut.action) == ("open", "shut", "shut")
        assert (shut.actor_person_id, shut.actor_name, shut.role, shut.brand_id) == (5, "Aino", "manager", HAVSRO)
        assert (shut.at, shut.reason, shut.basis, shut.object_type) == (NOON, "It is cold", "brief:2", "door")


def test_a_move_that_the_table_lacks_is_refused_and_leaves_no_trace(doors: Database) -> None:
    with doors.write() as session:
        door = session.get_one(Door, 1)
        with pytest.raises(Refused):
            move(session, door, Action.REOPEN, actor=AINO)
        assert (door.state, len(history(session, door))) == ("open", 1)


def test_nothing_leads_out_of_a_final_state_and_the_message_names_it(doors: Database) -> None:
    with doors.write() as session:
        door = session.get_one(Door, 1)
        move(session, door, Action.SELL, actor=AINO)
        with pytest.raises(Refused) as refusal:
            move(session, door, Action.SHUT, actor=AINO)
    assert str(refusal.value.message) == "This cannot be done while the state is “Sold”."
    assert (DOOR.final(State.SOLD), DOOR.actions(State.SOLD), DOOR.actions("open")) == (
        True,
        (),
        (Action.SHUT, Action.SELL),
    )


def test_of_eight_at_once_one_moves(doors: Database) -> None:
    start = Barrier(8)

    def shut(_number: int) -> str:
        with doors.session() as reading:
            door = reading.get_one(Door, 1)
        start.wait()
        try:
            with doors.write() as session:
                session.add(door)
                move(session, door, Action.SHUT, actor=AINO)
        except Refused:
            return "refused"
        return "moved"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(shut, range(8))) == ["moved", *["refused"] * 7]
    with doors.session() as session:
        assert session.scalar(select(func.count()).select_from(Transition)) == 2


def test_moves_are_never_changed_but_words_about_people_can_be_erased(doors: Database) -> None:
    harm = (
        "UPDATE transition SET to_state = 'sold'",
        "UPDATE transition SET actor_name = 'Somebody else'",
        "UPDATE transition SET actor_name = NULL, action = 'x'",
        "DELETE FROM transition",
    )
    for statement in harm:
        with doors.session(write=True) as session, pytest.raises(DatabaseError, match="rows are only added"):
            session.execute(text(statement))
    with doors.write() as session:
        session.execute(text("UPDATE transition SET actor_name = NULL, reason = NULL"))


@pytest.mark.parametrize(
    "turn",
    [
        {State.OPEN: Turn.BRAND, State.SOLD: Turn.NONE},
        {State.OPEN: Turn.BRAND, State.SHUT: Turn.BRAND, State.SOLD: Turn.BRAND},
    ],
)
def test_every_state_has_a_turn_and_a_final_one_waits_for_nobody(turn: dict[State, Turn]) -> None:
    with pytest.raises(ValueError, match=r"turn|wait"):
        Machine(states=State, table=DOOR.table, turn=turn)
