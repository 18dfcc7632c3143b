"""Importing a file of influencers: read, match the columns, check every row, then show all at once.

A file is staged in chunks, each a short transaction and an outbox job of its own, so that the
pages stay quick meanwhile; `rows_done` is the progress, and also what makes a job that runs
twice harmless. Nothing of a file is visible on the list before the one final step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.orm import Session

from core import audit, clock, outbox
from core.accounts.models import Brand
from core.crypto import Keyring
from core.csv_input import Table, read_table
from core.errors import Invalid, Refused
from core.files import FileStore, StoredFile, store_bytes
from core.influencers.applying import apply_rows, is_stale
from core.influencers.columns import FIELDS, guess_mapping, plain
from core.influencers.models import ImportBatch, ImportMapping, ImportRow
from core.influencers.rows import ACCOUNTS
from core.influencers.staging import Sheet, make_sheet, stage
from core.permissions import Actor, Permission
from core.plugin_api.text import T

CHUNK = 2_000
MAX_BYTES = 50_000_000
MAX_ROWS = 500_000
STAGE, APPLY, SWEEP = "import.stage", "import.apply", "import.sweep"


def connect(importer: Callable[[Session], Importer]) -> None:
    """Let the worker do the jobs of imports, each with an importer of that moment, whose keys are the current ones."""
    outbox.register(STAGE, lambda session, payload: importer(session).stage_job(session, payload), outside=True)
    outbox.register(APPLY, lambda session, payload: importer(session).apply_job(session, payload))
    outbox.register(SWEEP, lambda session, payload: importer(session).sweep_job(session, payload))


@dataclass(frozen=True, slots=True)
class Importer:
    """The parts of the installation that an import needs: where files are, what secrets are encrypted with."""

    files: FileStore
    keyring: Keyring

    def start(self, session: Session, actor: Actor, *, brand: Brand, name: str, raw: bytes) -> ImportBatch:
        """Take a file in. Its columns are matched as the last time this header line came, else by their names."""
        actor.require(Permission.PEOPLE_EDIT, brand.id)
        if len(raw) > MAX_BYTES:
            raise Invalid(T("The file is larger than %(limit)s MB.", limit=MAX_BYTES // 1_000_000), "file")
        try:
            table = read_table(raw)
        except Invalid as error:
            raise Invalid(error.message, "file") from None
        count = len(table.rows) + len(table.errors)
        if not table.rows:
            raise Invalid(T("The file has headers, but no rows below them."), "file")
        if count > MAX_ROWS:
            raise Invalid(T("The file has more than %(count)s rows. Split it.", count=MAX_ROWS), "file")
        stored = store_bytes(
            session, self.files, raw, name=name, media_type="text/csv", brand_id=brand.id, owner_id=actor.person_id
        )
        batch = ImportBatch(
            brand_id=brand.id,
            file_name=stored.name,
            columns=list(table.headers),
            file_id=stored.id,
            rows_total=count,
            mapping=remembered(session, brand.id, table.headers) or guess_mapping(table.headers),
            person_id=actor.person_id,
        )
        session.add(batch)
        session.flush()
        return batch

    def check(
        self, session: Session, actor: Actor, *, batch: ImportBatch, mapping: Mapping[str, str], by_worker: bool = True
    ) -> None:
        """Begin the dry run with these columns, and remember them. A long file is left to the worker, or the caller."""
        actor.require(Permission.PEOPLE_EDIT, batch.brand_id)
        if batch.state not in ("mapping", "checked"):
            raise Refused(T("This import is at work. Wait until it is done."))
        batch.mapping = _checked_mapping(batch, mapping)
        _remember(session, batch)
        self._restart(session, batch)
        if batch.rows_total <= CHUNK:
            self.stage_next(session, batch)(session)
        elif by_worker:
            outbox.enqueue(session, STAGE, {"batch": batch.id})

    def stage_next(self, session: Session, batch: ImportBatch) -> Callable[[Session], bool]:
        """Compare the next chunk with the list; returns what writes it, which says whether more is left."""
        sheet = _sheet(self._path(session, batch), tuple(sorted(batch.mapping.items())))
        offset = batch.rows_done
        rows = stage(session, self.keyring, batch, sheet, offset, CHUNK)

        def write(writing: Session) -> bool:
            fresh = writing.get(ImportBatch, batch.id, populate_existing=True)
            if fresh is None or fresh.state != "staging" or fresh.rows_done != offset:
                return False
            if rows:
                writing.execute(insert(ImportRow), rows)
            _count(fresh, rows)
            if fresh.rows_done >= fresh.rows_total:
                fresh.state = "checked"
                _sheet.cache_clear()
            return fresh.state == "staging"

        return write

    def stage_job(self, session: Session, payload: dict[str, Any]) -> Callable[[Session], None]:
        """The outbox job of one chunk; it puts the next one into the outbox as it writes."""
        batch = session.get(ImportBatch, payload["batch"])
        if batch is None or batch.state != "staging":
            return lambda _: None
        write = self.stage_next(session, batch)

        def write_and_go_on(writing: Session) -> None:
            if write(writing):
                outbox.enqueue(writing, STAGE, payload)

        return write_and_go_on

    def apply(self, session: Session, actor: Actor, *, batch: ImportBatch, by_worker: bool = True) -> None:
        """The final step: put the new people on the list and change the others. A long file is left to the worker."""
        actor.require(Permission.PEOPLE_EDIT, batch.brand_id)
        if batch.state != "checked":
            raise Refused(T("This import cannot be finished now. Reload the page to see how it stands."))
        if not batch.rows_new + batch.rows_changed:
            raise Refused(T("There is nothing to import: no row is new or changed."))
        batch.state = "applying"
        audit.record(
            session,
            actor=actor,
            brand_id=batch.brand_id,
            action="people.import",
            obj=batch,
            detail={"new": batch.rows_new, "changed": batch.rows_changed, "file": batch.file_name},
        )
        if batch.rows_total <= CHUNK or not by_worker:
            self.finish(session, batch)
        else:
            outbox.enqueue(session, APPLY, {"batch": batch.id})

    def apply_job(self, session: Session, payload: dict[str, Any]) -> None:
        """The outbox job of the final step."""
        batch = session.get(ImportBatch, payload["batch"])
        if batch is not None and batch.state == "applying":
            self.finish(session, batch)

    def finish(self, session: Session, batch: ImportBatch) -> None:
        """Write what was staged. When the list has changed since, the rows are checked again instead."""
        session.flush()
        if is_stale(session, batch):
            self._restart(session, batch)
            outbox.enqueue(session, STAGE, {"batch": batch.id})
            return
        apply_rows(session, batch)
        session.execute(delete(ImportRow).where(ImportRow.import_batch_id == batch.id, ImportRow.outcome != "bad"))
        batch.state, batch.finished_at = "done", clock.now()
        self._let_go_of_file(session, batch)

    def discard(self, session: Session, actor: Actor, *, batch: ImportBatch) -> None:
        """Forget an import and its file; nothing of it was on the list unless it was finished."""
        actor.require(Permission.PEOPLE_EDIT, batch.brand_id)
        if batch.state not in ("mapping", "checked"):
            raise Refused(T("Only an import that is not finished can be thrown away."))
        session.execute(delete(ImportRow).where(ImportRow.import_batch_id == batch.id))
        self._let_go_of_file(session, batch)
        session.delete(batch)

    def sweep_job(self, session: Session, payload: dict[str, Any]) -> None:
        """Delete the bytes of a file that nothing points to any more: it held personal data."""
        if not session.scalar(select(exists().where(StoredFile.sha256 == payload["sha256"]))):
            self.files.path(payload["sha256"]).unlink(missing_ok=True)

    def table(self, session: Session, batch: ImportBatch) -> Table:
        """The file as it was read, for showing examples beside the columns."""
        return read_table(self._path(session, batch).read_bytes())

    def _restart(self, session: Session, batch: ImportBatch) -> None:
        session.execute(delete(ImportRow).where(ImportRow.import_batch_id == batch.id))
        batch.state = "staging"
        batch.rows_done = batch.rows_new = batch.rows_changed = batch.rows_same = batch.rows_bad = 0
        session.flush()

    def _path(self, session: Session, batch: ImportBatch) -> Path:
        stored = session.get(StoredFile, batch.file_id) if batch.file_id else None
        if stored is None:
            raise Refused(T("The file of this import is gone. Send it again."))
        return self.files.path(stored.sha256)

    def _let_go_of_file(self, session: Session, batch: ImportBatch) -> None:
        stored = session.get(StoredFile, batch.file_id) if batch.file_id else None
        batch.file_id = None
        session.flush()
        if stored is not None:
            session.delete(stored)
            outbox.enqueue(session, SWEEP, {"sha256": stored.sha256})


def remembered(session: Session, brand_id: int, headers: Sequence[str]) -> dict[str, str] | None:
    """The mapping last used by the brand for this header line."""
    mine = (ImportMapping.brand_id == brand_id, ImportMapping.signature == _signature(headers))
    kept: dict[str, str] | None = session.scalar(select(ImportMapping.mapping).where(*mine))
    if kept is None:
        return None
    return {header: kept[plain(header)] for header in headers if plain(header) in kept}


def _remember(session: Session, batch: ImportBatch) -> None:
    signature = _signature(batch.columns)
    mine = (ImportMapping.brand_id == batch.brand_id, ImportMapping.signature == signature)
    row = session.scalar(select(ImportMapping).where(*mine))
    if row is None:
        row = ImportMapping(brand_id=batch.brand_id, signature=signature)
        session.add(row)
    row.mapping = {plain(header): code for header, code in batch.mapping.items()}


def _signature(headers: Sequence[str]) -> str:
    return hashlib.sha256("\x1f".join(plain(header) for header in headers).encode()).hexdigest()


def _checked_mapping(batch: ImportBatch, mapping: Mapping[str, str]) -> dict[str, str]:
    chosen = {header: mapping[header] for header in batch.columns if mapping.get(header)}
    taken: dict[str, str] = {}
    for index, header in enumerate(batch.columns):
        code = chosen.get(header)
        if code is None:
            continue
        if code not in FIELDS:
            raise Invalid(T("Choose one of the list."), f"column_{index}")
        if code in taken:
            raise Invalid(
                T("%(field)s is already taken from the column %(name)s.", field=FIELDS[code].name, name=taken[code]),
                f"column_{index}",
            )
        taken[code] = header
    if not {"email", "handle", *ACCOUNTS} & taken.keys():
        raise Invalid(T("Match at least one column to an account or an e-mail address: people are told apart by it."))
    return chosen


def _count(batch: ImportBatch, rows: list[dict[str, Any]]) -> None:
    batch.rows_done = min(batch.rows_done + CHUNK, batch.rows_total)
    for row in rows:
        name = f"rows_{row['outcome']}"
        setattr(batch, name, getattr(batch, name) + 1)


@lru_cache(maxsize=1)
def _sheet(path: Path, mapping: tuple[tuple[str, str], ...]) -> Sheet:
    """The file in memory, so that the chunks of one import read it once."""
    table = read_table(path.read_bytes())
    entries: list[Any] = [*table.rows, *table.errors]
    return make_sheet(sorted(entries, key=lambda entry: entry.line), dict(mapping))
