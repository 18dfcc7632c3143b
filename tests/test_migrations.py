"""The migrations make what the models say, guards and all; and two at once do not meet in the middle."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

import core.tables  # noqa: F401
from core.cli.db import upgrade_database
from core.database import Base, Database
from core.instance import Instance
from core.settings import load


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request, tmp_path):
    """An installation whose database has not one table."""
    url = f"sqlite:///{tmp_path / 'bare.db'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        server.admin("DROP DATABASE IF EXISTS bare WITH (FORCE)")
        server.admin("CREATE DATABASE bare TEMPLATE template0")
        url = server.url("bare")
    made = Instance(load({"SAMVERK_INSTANCE": str(tmp_path), "SAMVERK_DATABASE_URL": url}))
    yield made
    made.database.engine.dispose()


def triggers(database: Database) -> set[str]:
    postgres = "select tgname from pg_trigger where not tgisinternal"
    sqlite = "select name from sqlite_master where type = 'trigger'"
    with database.engine.connect() as connection:
        query = sqlite if connection.dialect.name == "sqlite" else postgres
        return set(connection.execute(text(query)).scalars())


def test_migrations_and_models_agree(bare, tmp_path, database_url):
    if (database_url.startswith("sqlite")) != bare.settings.database_url.startswith("sqlite"):
        pytest.skip("the other pair compares the same engine")
    upgrade_database(bare)
    with bare.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    made = Database(database_url.replace("postgresql://", "postgresql+psycopg://"))
    assert triggers(bare.database) == triggers(made)
    made.engine.dispose()


def test_upgrading_twice_changes_nothing(bare):
    upgrade_database(bare)
    before = set(inspect(bare.database.engine).get_table_names())
    upgrade_database(bare)
    assert set(inspect(bare.database.engine).get_table_names()) == before


def test_the_migrated_database_guards_its_records(bare):
    upgrade_database(bare)
    with bare.database.engine.begin() as connection:
        connection.execute(text("insert into audit_entry (at, action) values ('2026-01-01 00:00:00', 'test')"))
    with pytest.raises(IntegrityError), bare.database.engine.begin() as connection:
        connection.execute(text("delete from audit_entry"))


def test_the_checkout_is_what_is_imported():
    import core

    assert Path(core.__file__).resolve().parent.parent == Path(__file__).resolve().parent.parent
