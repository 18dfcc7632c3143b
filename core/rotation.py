"""A new key for every secret: made current, everything encrypted anew in batches, the old key dropped when idle.

Each step can be repeated, so whatever a killed rotation left undone is done by the next one: the new key is in the
file before anything is encrypted with it, a secret is read with whichever key it names, and what is already under the
current key is passed over. Running processes read the file again by themselves. One that took the old key in hand a
moment before may still write with it, so an old key stays for `GRACE` after it was replaced, and for as long as
anything uses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core import clock
from core.crypto import VERSION, KeyFile, Keyring, Place, Undecipherable, decrypt, encrypt, is_current, prefix
from core.database import Base, Database
from core.influencers.models import ImportRow, Relationship
from core.influencers.service import iban_place
from core.payouts.models import Payout, PayoutMethod
from core.plugin_host.models import PluginSetting
from core.tracking.models import SalesKey

GRACE = timedelta(minutes=15)
BATCH = 500


@dataclass(frozen=True, slots=True)
class Vault:
    """A column of ciphertexts, and which part of its rows they are bound to."""

    column: InstrumentedAttribute[Any]
    row: str = "id"

    @property
    def name(self) -> str:
        """`table.column`, as `keys list` shows it."""
        return f"{self.column.class_.__tablename__}.{self.column.key}"

    @property
    def text(self) -> Any:
        """What is looked through for a key."""
        return self.column

    def of(self, key_id: str) -> ColumnElement[bool]:
        """The rows whose secret was made with a key."""
        found: ColumnElement[bool] = self.text.startswith(prefix(key_id))
        return found

    def filled(self) -> ColumnElement[bool]:
        """The rows that hold a secret."""
        found: ColumnElement[bool] = self.text.startswith(f"{VERSION}:")
        return found

    def read(self, row: Base) -> str:
        """The ciphertext of a row."""
        return str(getattr(row, self.column.key))

    def write(self, row: Base, ciphertext: str) -> None:
        """Put another in its place."""
        setattr(row, self.column.key, ciphertext)

    def place(self, row: Base) -> Place:
        """Where the ciphertext is bound to."""
        return Place(self.column.class_.__tablename__, self.column.key, getattr(row, self.row))


class StagedVault(Vault):
    """Account numbers in the staged rows of an import, bound to the person's row they will stand in."""

    __slots__ = ()

    @property
    def text(self) -> Any:
        """The JSON that they are in."""
        return self.column[KEPT].as_string()

    def read(self, row: Base) -> str:
        """The ciphertext of a row."""
        return str(row.data[KEPT])  # type: ignore[attr-defined]

    def write(self, row: Base, ciphertext: str) -> None:
        """Put another in its place."""
        row.data = {**row.data, KEPT: ciphertext}  # type: ignore[attr-defined]

    def place(self, row: Base) -> Place:
        """Where the ciphertext is bound to."""
        return iban_place(row.data["public_id"])  # type: ignore[attr-defined]


KEPT = "iban_cipher"
VAULTS = (
    StagedVault(ImportRow.data),  # before the people: applying an import copies from here to there
    Vault(Relationship.iban_cipher, "public_id"),
    Vault(PayoutMethod.iban_cipher),
    Vault(PayoutMethod.tax_id_cipher),
    Vault(PayoutMethod.details_cipher),
    Vault(Payout.payee_cipher),
    Vault(Payout.todo_cipher),
    Vault(SalesKey.secret_cipher, "public_id"),
    Vault(PluginSetting.value_cipher, "place"),
)
"""Everything in the database that passes through `core.crypto`."""


@dataclass
class Report:
    """What a rotation did: secrets encrypted anew, those nobody can read, keys dropped, keys that stay and why."""

    done: int = 0
    unreadable: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    in_use: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def rotate(
    database: Database,
    file: KeyFile,
    *,
    again: bool = False,
    stopped: bool = False,
    each: Callable[[int], object] = lambda done: None,
) -> Report:
    """Make a new key current and finish; with an older key still there, only finish what was begun.

    `again` makes a new key all the same. `stopped` promises that no other process runs, so that nothing is waited
    for. `each` is told after every batch how many secrets are done.
    """
    if again or len(file.keyring.keys) == 1:
        file.replace(file.keyring.turned(clock.now()))
    report = Report()
    for vault in VAULTS:
        for moved, unreadable in _batches(database, file.keyring, vault):
            report.done += moved
            report.unreadable += unreadable
            each(report.done)
    _retire(database, file, report, stopped)
    return report


def uses(session: Session, keyring: Keyring) -> Mapping[str, Mapping[str, int]]:
    """For each key how many secrets of each vault were made with it; "" for keys that are gone."""
    found: dict[str, Counter[str]] = {name: Counter() for name in (*keyring.keys, "")}
    for vault in VAULTS:
        known = [func.count().filter(vault.of(name)) for name in keyring.keys]
        counts = session.execute(
            select(func.count().filter(vault.filled()), *known).select_from(vault.column.class_)
        ).one()
        for name, count in zip(("", *keyring.keys), (counts[0] - sum(counts[1:]), *counts[1:]), strict=True):
            if count:
                found[name][vault.name] = count
    return found


def _batches(database: Database, keyring: Keyring, vault: Vault) -> Iterator[tuple[int, list[str]]]:
    model, last = vault.column.class_, 0
    while True:
        with database.write() as session:
            old = select(model).where(model.id > last, vault.filled(), ~vault.of(keyring.current))
            rows = session.scalars(old.order_by(model.id).limit(BATCH).with_for_update()).all()
            unreadable = [f"{vault.name} {row.id}" for row in rows if not _renew(keyring, vault, row)]
        if not rows:
            return
        last = rows[-1].id
        yield len(rows) - len(unreadable), unreadable


def _renew(keyring: Keyring, vault: Vault, row: Base) -> bool:
    ciphertext, place = vault.read(row), vault.place(row)
    if not is_current(keyring, ciphertext):
        try:
            vault.write(row, encrypt(keyring, decrypt(keyring, ciphertext, place), place))
        except Undecipherable:
            return False
    return True


def _retire(database: Database, file: KeyFile, report: Report, stopped: bool) -> None:
    keyring = file.keyring
    with database.session() as session:
        used = uses(session, keyring)
    old = [name for name in keyring.keys if name != keyring.current]
    report.in_use = [name for name in old if used[name]]
    idle = [name for name in old if not used[name]]
    if idle and not stopped and keyring.since is not None and clock.now() < keyring.since + GRACE:
        report.waiting = idle
    elif idle:
        file.replace(keyring.without(*idle))
        report.dropped = idle
