"""Alembic's environment: the url comes from the caller, the metadata from every room."""

from __future__ import annotations

from alembic import context

import core.tables  # noqa: F401
from core.database import Base, make_engine
from core.settings import load

OWN_VERSION_TABLES = ("alembic_version",)


def include(_object: object, name: str | None, kind: str, reflected: bool, _compare_to: object) -> bool:
    """Leave plugins' tables to plugins."""
    return not (kind == "table" and reflected and str(name).startswith("x_"))


def run() -> None:
    """Migrate in one transaction."""
    engine = make_engine(context.config.attributes.get("url") or load().database_url)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            include_object=include,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


run()
