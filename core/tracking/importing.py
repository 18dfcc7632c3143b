"""Sales from a table: read by a sales source, shown row by row, then taken."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.accounts.models import Brand
from core.csv_input import Column, Row, RowError, read_table
from core.errors import Invalid, Missing, Refused
from core.files import FileStore, StoredFile, forget, store_bytes
from core.permissions import Actor, Permission
from core.plugin_api.context import Parsed
from core.plugin_api.sales_sources import RefundRecord, SalesRecord, SalesSource
from core.plugin_api.text import T, Text
from core.plugin_host.deadlines import Seam
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure
from core.plugin_host.service import switches
from core.tracking.sales import Verdict, book, hold_brand, judge

MOST_ROWS = 20_000
MOST_BYTES = 5_000_000
KEPT = timedelta(hours=24)
MEDIA_TYPE = "application/x-samverk-sales"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file and what becomes of it."""

    line: int
    record: SalesRecord | None
    verdict: Verdict | None = None
    column: str = ""
    error: Text | None = None

    @property
    def is_refund(self) -> bool:
        """Whether it gives money back."""
        return isinstance(self.record, RefundRecord)


@dataclass(frozen=True, slots=True)
class Preview:
    """A whole file, judged; nothing of it is written."""

    source: str
    lines: tuple[Line, ...]

    @property
    def bad(self) -> list[Line]:
        """The rows that cannot be taken."""
        return [line for line in self.lines if line.error]

    @property
    def new(self) -> list[Line]:
        """The rows that would be added."""
        return [line for line in self.lines if line.verdict and not line.error and not line.verdict.known]

    @property
    def known(self) -> list[Line]:
        """The rows that were told before and change nothing."""
        return [line for line in self.lines if line.verdict and not line.error and line.verdict.known]


def sources(session: Session, host: PluginHost, brand_id: int) -> dict[str, SalesSource]:
    """The sources that can read a table and are switched on for a brand."""
    on: dict[str, SalesSource] = host.enabled("sales_sources", switches(session, brand_id))
    return {name: source for name, source in on.items() if source.supports("parse")}


def keep_table(
    session: Session,
    actor: Actor,
    *,
    host: PluginHost,
    store: FileStore,
    brand: Brand,
    source: str,
    raw: bytes,
    name: str = "",
) -> StoredFile:
    """Keep of a table only the columns that are needed, until it is confirmed: no names, no addresses."""
    actor.require(Permission.SALES_EDIT, brand.id)
    rows, errors = _read(_reader(session, host, brand.id, source), raw)
    _purge(session, store, brand.id)
    kept = {
        "source": source,
        "rows": [[row.line, dict(row.cells)] for row in rows],
        "errors": [[error.line, error.column, error.message.to_json()] for error in errors],
    }
    return store_bytes(
        session,
        store,
        json.dumps(kept, ensure_ascii=False).encode(),
        name=name or "sales.csv",
        media_type=MEDIA_TYPE,
        brand_id=brand.id,
        owner_id=actor.person_id,
    )


def _read(reader: SalesSource, raw: bytes) -> tuple[tuple[Row, ...], tuple[RowError, ...]]:
    if len(raw) > MOST_BYTES:
        raise Invalid(T("The file is larger than %(limit)s MB.", limit=MOST_BYTES // 1_000_000), "file")
    try:
        table = read_table(raw)
        rows = table.aligned(reader.columns)
    except Invalid as error:
        raise Invalid(error.message, "file") from None
    if not rows and not table.errors:
        raise Invalid(T("The table has no rows."), "file")
    if len(rows) > MOST_ROWS:
        raise Invalid(T("Send at most %(count)s rows at a time.", count=MOST_ROWS), "file")
    return rows, table.errors


def kept_table(session: Session, actor: Actor, public_id: str) -> StoredFile:
    """A table that was kept today; an older one, or another brand's, is `Missing`."""
    file = session.scalar(
        select(StoredFile).where(
            StoredFile.public_id == public_id,
            StoredFile.media_type == MEDIA_TYPE,
            StoredFile.created_at > clock.now() - KEPT,
            StoredFile.brand_id.in_(actor.brands_with(Permission.SALES_EDIT)),
        )
    )
    if file is None:
        raise Missing(T("This table is no longer here. Send the file again."))
    return file


def preview(session: Session, *, host: PluginHost, store: FileStore, file: StoredFile) -> Preview:
    """What would become of each row of a kept table."""
    brand = session.get_one(Brand, file.brand_id)
    try:
        kept = json.loads(store.path(file.sha256).read_bytes())
    except FileNotFoundError:
        raise Missing(T("This table is no longer here. Send the file again.")) from None
    rows = [Row(line, cells) for line, cells in kept["rows"]]
    errors = [RowError(line, column, Text.from_json(message)) for line, column, message in kept["errors"]]
    return _judged(session, host, brand, kept["source"], rows, errors)


def import_sales(session: Session, actor: Actor, *, host: PluginHost, store: FileStore, file: StoredFile) -> Preview:
    """Take every good row of a kept table; the bad ones stay out, and sending the file again adds nothing twice."""
    if file.brand_id is None:
        raise Missing(T("This table is no longer here. Send the file again."))
    actor.require(Permission.SALES_EDIT, file.brand_id)
    hold_brand(session, file.brand_id)
    found = preview(session, host=host, store=store, file=file)
    if not found.new:
        raise Refused(T("There is nothing new in this file."))
    verdicts = [line.verdict for line in found.new if line.verdict]
    book(session, actor, brand_id=file.brand_id, source=found.source, verdicts=verdicts)
    forget(session, store, file)
    return found


def _purge(session: Session, store: FileStore, brand_id: int) -> None:
    """Tables that nobody confirmed are not kept."""
    old = StoredFile.created_at < clock.now() - KEPT
    for file in session.scalars(
        select(StoredFile).where(StoredFile.brand_id == brand_id, StoredFile.media_type == MEDIA_TYPE, old)
    ):
        forget(session, store, file)


def _reader(session: Session, host: PluginHost, brand_id: int, source: str) -> SalesSource:
    found = sources(session, host, brand_id).get(source)
    if found is None:
        raise Invalid(T("This source of sales is switched off."), "source")
    return found


def _judged(
    session: Session, host: PluginHost, brand: Brand, source: str, rows: list[Row], errors: list[RowError]
) -> Preview:
    reader = _reader(session, host, brand.id, source)
    plugin = host.sales_sources.owners[source]
    zone = ZoneInfo(brand.timezone)
    parsed = host.of(brand.public_id).call(
        plugin, reader.parse, rows, brand.currency, zone, returns=Parsed, seam=Seam.WORK
    )
    if isinstance(parsed, Failure):
        raise Refused(parsed.reason)
    records: list[SalesRecord] = list(parsed.records)
    at = {row[reader.columns[0].name]: row.line for row in reversed(rows)}
    verdicts = judge(session, brand.id, records)
    lines = [_line(at.get(verdict.record.external_id, 0), verdict, reader.columns) for verdict in verdicts]
    lines += [Line(error.line, None, None, error.column, error.message) for error in (*errors, *parsed.errors)]
    return Preview(source, tuple(sorted(lines, key=lambda line: line.line)))


def _line(number: int, verdict: Verdict, columns: Iterable[Column]) -> Line:
    if verdict.fault is None:
        return Line(number, verdict.record, verdict)
    names = [column.name for column in columns]
    wanted = {"number": "order_id", "order": "refund_of", "at": "sold_at"}.get(verdict.fault.part, verdict.fault.part)
    return Line(number, verdict.record, verdict, wanted if wanted in names else "", verdict.fault.message)
