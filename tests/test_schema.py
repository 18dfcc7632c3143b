"""The schema says of every column who may see it, and holds a brand's rows to the brand."""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint

import core.tables  # noqa: F401
from core.database import Base, Privacy

TABLES = Base.metadata.sorted_tables


def test_every_column_declares_its_privacy_class():
    silent = [f"{t.name}.{c.name}" for t in TABLES for c in t.columns if not isinstance(c.info.get("privacy"), Privacy)]
    assert not silent


def test_what_is_encrypted_or_hashed_is_secret():
    named = [c for t in TABLES for c in t.columns if c.name.endswith(("_cipher", "_hash")) and t.name != "ledger_tx"]
    assert named and all(c.info["privacy"] is Privacy.SECRET for c in named if c.name != "prev_hash")


def test_a_child_of_a_brands_row_is_the_same_brands():
    """Where a row has a brand and points at a row with a brand, the key joins both columns."""
    owned = {t.name for t in TABLES if any(_brand_and_id(key) for key in t.constraints)}
    loose = {
        f"{table.name}.{','.join(key.column_keys)}"
        for table in TABLES
        for key in table.constraints
        if isinstance(key, ForeignKeyConstraint)
        and {table.name, key.referred_table.name} <= owned
        and "brand_id" not in key.column_keys
    }
    assert loose == LOOSE


LOOSE = {  # each names one row of the same service call, which checked the brand
    "collaboration.replaces_id",
    "earning.ledger_tx_id",
    "ledger_tx.reverses_id",
    "relationship.import_batch_id",
}


def _brand_and_id(key):
    return isinstance(key, UniqueConstraint) and {column.name for column in key.columns} == {"brand_id", "id"}


def test_time_has_a_zone_and_money_has_a_currency():
    for table in TABLES:
        columns = set(table.columns.keys())
        for name in columns:
            if name.endswith("_at"):
                assert type(table.c[name].type).__name__ == "UtcDateTime", f"{table.name}.{name}"
            if name.endswith("_minor"):
                assert "currency" in columns, f"{table.name}.{name}"
