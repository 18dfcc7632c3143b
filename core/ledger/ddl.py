"""The guards of the books: triggers by which the database itself keeps balances and refuses the rest.

What they promise, on SQLite and PostgreSQL alike:
- a transaction is born open, is sealed once, and is then never changed or deleted;
- it is sealed only with two legs or more, zero in every currency, as the next link of its brand's chain;
- an entry goes only into an open transaction, on an account of the same brand, book and currency;
- a balance moves only by the entries of the transaction being sealed, in order, never by hand;
- entries are never changed; accounts change nothing but their balance; nothing is deleted or truncated.
"""

from __future__ import annotations

from core.sql import append_only, unchanged

GENESIS = "0" * 64
TABLES = ("ledger_account", "ledger_head", "ledger_tx", "ledger_entry")

_ACCOUNT_FIXED = ("id", "brand_id", "code", "kind", "book", "currency", "normal", "floor")
_TX_FIXED = (
    *("id", "brand_id", "seq", "key", "digest", "kind", "book", "ref_type", "ref_id", "effective_on"),
    *("created_at", "created_by", "reverses_id", "prev_hash", "hash"),
)

# (table, name, moment, condition under which it is refused, message); {unchanged} is filled per dialect.
_RULES: tuple[tuple[str, str, str, str, str], ...] = (
    ("ledger_account", "opens_empty", "INSERT", "NEW.balance <> 0 OR NEW.last_tx_id <> 0", "an account opens empty"),
    ("ledger_account", "fixed", "UPDATE", "NOT ({account})", "an account keeps its terms"),
    (
        "ledger_account",
        "by_entries",
        "UPDATE",
        (
            "NEW.last_tx_id <= OLD.last_tx_id OR NEW.balance - OLD.balance <> COALESCE((SELECT SUM(e.amount)"
            " FROM ledger_entry e JOIN ledger_tx t ON t.id = e.tx_id"
            " WHERE e.account_id = NEW.id AND e.tx_id = NEW.last_tx_id AND t.sealed), 0)"
        ),
        "a balance moves by sealed entries only",
    ),
    ("ledger_tx", "born_open", "INSERT", "NEW.sealed", "a transaction starts open"),
    (
        "ledger_tx",
        "sealed_once",
        "UPDATE",
        "OLD.sealed OR NOT NEW.sealed OR NOT ({tx})",
        "a transaction is sealed once and never changed",
    ),
    (
        "ledger_tx",
        "two_legs",
        "UPDATE",
        "(SELECT COUNT(*) FROM ledger_entry WHERE tx_id = NEW.id) < 2",
        "a transaction needs two legs",
    ),
    (
        "ledger_tx",
        "balanced",
        "UPDATE",
        "EXISTS (SELECT 1 FROM ledger_entry WHERE tx_id = NEW.id GROUP BY currency HAVING SUM(amount) <> 0)",
        "a transaction must balance",
    ),
    (
        "ledger_tx",
        "chained",
        "UPDATE",
        (
            "NOT EXISTS (SELECT 1 FROM ledger_head h WHERE h.brand_id = NEW.brand_id"
            " AND h.seq = NEW.seq - 1 AND h.hash = NEW.prev_hash)"
        ),
        "a transaction follows the end of its chain",
    ),
    (
        "ledger_entry",
        "fits",
        "INSERT",
        (
            "NOT EXISTS (SELECT 1 FROM ledger_tx t, ledger_account a WHERE t.id = NEW.tx_id AND a.id = NEW.account_id"
            " AND NOT t.sealed AND a.brand_id = t.brand_id AND a.brand_id = NEW.brand_id AND a.book = t.book"
            " AND a.currency = NEW.currency)"
        ),
        "an entry fits an open transaction, its brand, book and currency",
    ),
    ("ledger_head", "starts_empty", "INSERT", "NEW.seq <> 0 OR NEW.hash <> '" + GENESIS + "'", "a chain starts empty"),
    (
        "ledger_head",
        "follows",
        "UPDATE",
        (
            "NEW.brand_id <> OLD.brand_id OR NEW.seq <> OLD.seq + 1 OR NOT EXISTS (SELECT 1 FROM ledger_tx t"
            " WHERE t.brand_id = NEW.brand_id AND t.seq = NEW.seq AND t.hash = NEW.hash AND t.sealed)"
        ),
        "the end of a chain moves with a sealed transaction",
    ),
)

_APPLY = (
    (
        "UPDATE ledger_account SET last_tx_id = NEW.id, balance = balance + (SELECT SUM(e.amount) FROM ledger_entry e"
        " WHERE e.tx_id = NEW.id AND e.account_id = ledger_account.id)"
        " WHERE id IN (SELECT account_id FROM ledger_entry WHERE tx_id = NEW.id)"
    ),
    "UPDATE ledger_head SET seq = NEW.seq, hash = NEW.hash WHERE brand_id = NEW.brand_id",
)


def statements(dialect: str) -> list[str]:
    """All guards of the books for a dialect, in the order to run them once the tables stand."""
    return [statement for table in TABLES for statement in guards(table, dialect)]


def guards(table: str, dialect: str) -> list[str]:
    """The guards of one table for a dialect."""
    made = _sqlite(table, dialect) if dialect == "sqlite" else _postgresql(table, dialect)
    if table == "ledger_entry":
        return made + append_only(table, (), dialect)
    kept = [s for s in append_only(table, (), dialect) if f"{table}_no_update" not in s]
    return made + kept


def names(table: str | None = None) -> frozenset[str]:
    """The names of the triggers that must stand in every database."""
    tables = (table,) if table else TABLES
    made = {f"{t}_{name}" for t, name, *_ in _RULES if t in tables} | {f"{t}_no_delete" for t in tables}
    return frozenset(made | {n for n in ("ledger_entry_no_update", "ledger_tx_apply") if n.startswith(tables)})


def _condition(condition: str, dialect: str) -> str:
    return condition.format(account=unchanged(_ACCOUNT_FIXED, dialect), tx=unchanged(_TX_FIXED, dialect))


def _sqlite(table: str, dialect: str) -> list[str]:
    made = [
        f"CREATE TRIGGER {table}_{name} BEFORE {moment} ON {table} WHEN {_condition(refused, dialect)} "
        f"BEGIN SELECT RAISE(ABORT, 'ledger: {message}'); END"
        for t, name, moment, refused, message in _RULES
        if t == table
    ]
    if table == "ledger_tx":
        made.append(f"CREATE TRIGGER ledger_tx_apply AFTER UPDATE ON ledger_tx BEGIN {'; '.join(_APPLY)}; END")
    return made


def _postgresql(table: str, dialect: str) -> list[str]:
    made = []
    for t, name, moment, refused, message in _RULES:
        if t == table:
            body = (
                f"IF {_condition(refused, dialect)} THEN RAISE EXCEPTION USING "
                f"ERRCODE = 'integrity_constraint_violation', MESSAGE = 'ledger: {message}'; END IF;"
            )
            made += _trigger(table, name, f"BEFORE {moment}", body)
    if table == "ledger_tx":
        made += _trigger(table, "apply", "AFTER UPDATE", "; ".join(_APPLY) + ";")
    return made


def _trigger(table: str, name: str, moment: str, body: str) -> list[str]:
    return [
        (
            f"CREATE OR REPLACE FUNCTION {table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN {body} RETURN NEW; END $$"
        ),
        f"CREATE TRIGGER {table}_{name} {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_{name}()",
    ]
