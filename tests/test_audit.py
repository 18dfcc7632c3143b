"""Who did what is written with the deed, and is never changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from core import audit, clock
from core.accounts.models import Workspace
from core.audit import AuditEntry
from core.database import Database
from core.permissions import SYSTEM, Actor, Role
from tests.databases import FJELLRO, HAVSRO, database  # noqa: F401

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AINO = Actor(person_id=5, name="Aino", roles={HAVSRO: Role.OWNER})


def test_a_deed_names_actor_role_object_and_detail(database: Database) -> None:  # noqa: F811
    with database.write() as session, clock.frozen(NOON):
        new = Workspace(name="Fresh")
        session.add(new)
        audit.record(session, actor=AINO, brand_id=HAVSRO, action="made", obj=new, detail={"name": "Fresh"})
        audit.record(session, actor=AINO, brand_id=FJELLRO, action="looked")
        audit.record(session, actor=SYSTEM, brand_id=None, action="slept")
    with database.session() as session:
        made, looked, slept = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        assert (made.at, made.actor_person_id, made.actor_name, made.role) == (NOON, 5, "Aino", "owner")
        assert (made.object_type, made.object_id, made.detail) == ("workspace", new.id, {"name": "Fresh"})
        assert (looked.role, looked.object_type, looked.object_id, looked.detail) == (None, None, None, None)
        assert (slept.actor_person_id, slept.brand_id, slept.role) == (None, None, None)


def test_a_deed_that_is_undone_was_never_recorded(database: Database) -> None:  # noqa: F811
    with database.session(write=True) as session:
        audit.record(session, actor=AINO, brand_id=None, action="tried")
        session.rollback()
        assert session.scalars(select(AuditEntry)).all() == []


@pytest.mark.parametrize(
    "harm",
    ["UPDATE audit_entry SET action = 'x'", "UPDATE audit_entry SET actor_name = 'x'", "DELETE FROM audit_entry"],
)
def test_the_record_is_only_added_to(database: Database, harm: str) -> None:  # noqa: F811
    with database.write() as session:
        audit.record(session, actor=AINO, brand_id=None, action="did", detail={"mail": "aino@example.com"})
    with database.session(write=True) as session, pytest.raises(DatabaseError, match="rows are only added"):
        session.execute(text(harm))
    with database.write() as session:
        session.execute(text("UPDATE audit_entry SET actor_name = NULL, detail = NULL"))
