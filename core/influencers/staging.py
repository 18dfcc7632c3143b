"""A chunk of rows compared with what the brand knows already: new, changed, the same, or wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import Session

from core.crypto import Keyring, encrypt
from core.csv_input import Row, RowError
from core.database import public_id
from core.influencers.measure import engagement
from core.influencers.models import Channel, ImportBatch, ImportRow, Note, Relationship
from core.influencers.rows import Errors, keys_of, read_row
from core.influencers.service import MAX_TAGS, iban_place, read_iban, search_text
from core.plugin_api.text import T

FIGURES = ("followers", "posts_counted", "likes", "comments", "shares", "stated_ppm", "measured_on", "url")
DETAILS = (
    "display_name",
    "email",
    "phone",
    "country",
    "language",
    "niche",
    "street",
    "postcode",
    "city",
    "referral",
    "risk",
)


@dataclass(frozen=True, slots=True)
class Known:
    """A person that the brand knows, with their accounts by `platform:handle`."""

    person: Relationship
    accounts: dict[str, Channel]


@dataclass(slots=True)
class Staged:
    """A row on its way: what it says, what is wrong with it, whom it is about."""

    line: int
    data: dict[str, Any]
    errors: Errors
    keys: list[str] = field(default_factory=list)
    known: Known | None = None
    outcome: str = "bad"

    @property
    def identity(self) -> str:
        """The key it is told apart by: the known person's own, else the row's first."""
        return self.known.person.identity_key if self.known else (self.keys or [""])[0]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's rows, those that do not fit included, and the line where each person first occurs."""

    entries: Sequence[Row | RowError]
    mapping: dict[str, str]
    first: dict[str, int]

    def cells(self, row: Row) -> dict[str, str]:
        """A row's cells by our fields, the empty ones left out."""
        return {field: row.cells[header] for header, field in self.mapping.items() if row.cells.get(header)}


def make_sheet(entries: Sequence[Row | RowError], mapping: dict[str, str]) -> Sheet:
    """The sheet with its index of first occurrences."""
    sheet = Sheet(entries, mapping, {})
    for entry in entries:
        if isinstance(entry, Row):
            for key in keys_of(sheet.cells(entry)):
                sheet.first.setdefault(key, entry.line)
    return sheet


def stage(
    session: Session, keyring: Keyring, batch: ImportBatch, sheet: Sheet, offset: int, size: int
) -> list[dict[str, Any]]:
    """The import rows of one chunk, ready to be inserted; only reads."""
    staged = [_read(sheet, entry) for entry in sheet.entries[offset : offset + size]]
    _recognise(session, batch.brand_id, staged)
    _refuse_twice(session, batch, staged)
    known = {row.known.person.id for row in staged if row.known and not row.errors}
    notes = _notes(session, known)
    return [_finished(batch, keyring, row, notes) for row in staged]


def _read(sheet: Sheet, entry: Row | RowError) -> Staged:
    if isinstance(entry, RowError):
        return Staged(entry.line, {}, [("", entry.message)])
    cells = sheet.cells(entry)
    data, errors = read_row(cells)
    row = Staged(entry.line, data, errors, keys_of(cells))
    first = min((sheet.first.get(key, entry.line) for key in row.keys), default=entry.line)
    if first < entry.line:
        row.errors.append(("", T("The same person as in line %(line)s.", line=first)))
    return row


def _recognise(session: Session, brand_id: int, staged: Sequence[Staged]) -> None:
    """Find whom a row is about: by its accounts, else by its e-mail address."""
    people = _people(session, brand_id, {key for row in staged for key in _lookups(row)})
    for row in staged:
        found = {people[key].person.id: people[key] for key in _lookups(row) if key in people}
        by_account = {people[key].person.id for key in row.keys if key in people}
        if len(by_account) > 1:
            names = ", ".join(sorted(known.person.display_name for known in found.values()))
            row.errors.append(("", T("The accounts belong to different people on your list: %(names)s.", names=names)))
        elif by_account:
            row.known = found[by_account.pop()]
        elif found:
            row.known = next(iter(found.values()))


def _lookups(row: Staged) -> list[str]:
    email = row.data.get("email")
    return [*row.keys, f"email:{email}"] if email else row.keys


def _people(session: Session, brand_id: int, keys: set[str]) -> dict[str, Known]:
    handles: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        platform, _, handle = key.partition(":")
        if platform != "email":
            handles[platform].append(handle)
    named = (and_(Channel.platform == platform, Channel.handle.in_(some)) for platform, some in handles.items())
    owners = session.scalars(
        select(Channel.relationship_id).where(Channel.brand_id == brand_id, or_(false(), *named))
    ).all()
    matching = or_(Relationship.identity_key.in_(keys), Relationship.id.in_(owners))
    rows = session.scalars(select(Relationship).where(Relationship.brand_id == brand_id, matching)).all()
    by_id = {row.id: Known(row, {}) for row in rows}
    people = {known.person.identity_key: known for known in by_id.values()}
    accounts = select(Channel).where(Channel.brand_id == brand_id, Channel.relationship_id.in_(by_id))
    for account in session.scalars(accounts):
        known, key = by_id[account.relationship_id], f"{account.platform}:{account.handle}"
        known.accounts[key] = account
        people[key] = known
    return people


def _refuse_twice(session: Session, batch: ImportBatch, staged: Sequence[Staged]) -> None:
    """Two rows that look different but are about one known person: the second is refused."""
    known = {row.identity for row in staged if row.known}
    seen: dict[str, int] = dict(
        session.execute(
            select(ImportRow.identity_key, ImportRow.line).where(
                ImportRow.import_batch_id == batch.id, ImportRow.identity_key.in_(known), ImportRow.outcome != "bad"
            )
        ).all()
    )
    for row in staged:
        if row.known and not row.errors and seen.setdefault(row.identity, row.line) != row.line:
            row.errors.append(("", T("The same person as in line %(line)s.", line=seen[row.identity])))


def _notes(session: Session, known: set[int]) -> set[tuple[int, str]]:
    rows = session.execute(select(Note.relationship_id, Note.text).where(Note.relationship_id.in_(known)))
    return {(row[0], row[1]) for row in rows}


def _finished(batch: ImportBatch, keyring: Keyring, row: Staged, notes: set[tuple[int, str]]) -> dict[str, Any]:
    iban = row.data.pop("iban", None)
    if not row.errors:
        row.outcome = _compare(keyring, row, row.known, iban, notes) if row.known else _as_new(keyring, row, iban)
    return {
        "brand_id": batch.brand_id,
        "import_batch_id": batch.id,
        "public_id": f"{batch.public_id}{row.line:x}",
        "line": row.line,
        "data": row.data if row.outcome != "same" else {},
        "identity_key": row.identity[:200],
        "outcome": "bad" if row.errors else row.outcome,
        "errors": [{"field": code, **message.to_json()} for code, message in row.errors],
    }


def _as_new(keyring: Keyring, row: Staged, iban: str | None) -> str:
    data = row.data
    first = data["channels"][0]["handle"] if data["channels"] else data["email"].partition("@")[0]
    data.setdefault("display_name", first)
    data.setdefault("tags", [])
    data["search_text"] = search_text(
        data["display_name"], data.get("email", ""), [c["handle"] for c in data["channels"]]
    )
    _carry(keyring, data, iban, public_id())
    return "new"


def _compare(keyring: Keyring, row: Staged, held: Known, iban: str | None, notes: set[tuple[int, str]]) -> str:
    data, known = row.data, held.person
    if (known.id, data.get("note")) in notes:
        del data["note"]
    accounts = held.accounts
    tags = sorted({*known.tags, *data.get("tags", [])})
    changed = (
        any(key in data and data[key] != getattr(known, key) for key in DETAILS)
        or len(tags) > len(known.tags)
        or "note" in data
        or (iban is not None and iban != read_iban(keyring, known))
        or any(
            _moved(channel, accounts.get(f"{channel['platform']}:{channel['handle']}")) for channel in data["channels"]
        )
    )
    if not changed:
        return "same"
    if len(tags) > MAX_TAGS:
        row.errors.append(("tags", T("Use at most %(count)s tags.", count=MAX_TAGS)))
    handles = dict.fromkeys([*(a.handle for a in accounts.values()), *(c["handle"] for c in data["channels"])])
    name, email = data.get("display_name", known.display_name), data.get("email", known.email)
    data["tags"], data["search_text"] = tags, search_text(name, email, list(handles))
    _carry(keyring, data, iban, known.public_id)
    return "changed"


def _moved(told: dict[str, Any], account: Channel | None) -> bool:
    if account is None:
        return True
    now = {key: getattr(account, key) for key in FIGURES}
    now["measured_on"] = account.measured_on.isoformat() if account.measured_on else None
    known = engagement(account)
    if known and told.get("stated_ppm") == known.ppm:
        now["stated_ppm"] = known.ppm  # what the counts say already, as our own export tells it
    return any(told.get(key) not in (None, "") and told[key] != now[key] for key in FIGURES)


def _carry(keyring: Keyring, data: dict[str, Any], iban: str | None, person_id: str) -> None:
    """Give the rows-to-be their public ids, and encrypt the account number for the row it will stand in."""
    data["public_id"] = person_id
    for channel in data["channels"]:
        channel["public_id"] = public_id()
    if "note" in data:
        data["note_id"] = public_id()
    if iban is not None:
        data["iban_cipher"], data["iban_last4"] = encrypt(keyring, iban, iban_place(person_id)), iban[-4:]
