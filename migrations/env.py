"""Alembic's environment: the url comes from the caller, the metadata from every room, or from the plugin whose turn it is."""

from __future__ import annotations

from alembic import context

import core.tables  # noqa: F401
from core.database import Base, make_engine
from core.plugin_host.own import Own, core_alone
from core.settings import load


def run() -> None:
    """Migrate in one transaction."""
    own: Own | None = context.config.attributes.get("own")
    engine = make_engine(context.config.attributes.get("url") or load().database_url)
    options = own.options if own else {"target_metadata": Base.metadata, "include_object": core_alone}
    try:
        with engine.connect() as connection:
            context.configure(connection=connection, render_as_batch=True, compare_type=True, **options)
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
    finally:
        engine.dispose()


run()
