"""Many new sales at once, booked in SQL by the rates that their models declare.

One statement and one posting for each part of the deal, whatever the number of sales. Whole numbers only: `share`
is half-even and cannot overflow within `_table`'s bounds. What is not plain goes one by one: a sale with a refund or
a decided rate, a model without a rate, whatever meets a cap. A model is asked about a few sales of each batch, so
that a rate which says otherwise than the model is never used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import (
    CTE,
    JSON,
    BigInteger,
    ColumnElement,
    Date,
    Select,
    String,
    and_,
    case,
    cast,
    column,
    func,
    join,
    literal,
    select,
    type_coerce,
    values,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core import chance, clock, typed
from core.accounts.calendar import today_of
from core.database import PUBLIC_ID_ALPHABET, BrandRow, UtcDateTime
from core.deals.evaluate import EarnedLine, evaluate
from core.deals.lines import amiss
from core.earnings import booking, totals
from core.earnings.booked import BY_RATE
from core.earnings.facts import sales_of
from core.earnings.ground import Ground
from core.earnings.models import Earning, FactMemory
from core.ledger import postings
from core.ledger.postings import Voucher
from core.money import Money
from core.plugin_api.composition import Component
from core.plugin_api.payment_models import PaymentModel, Sale, Settles, Terms
from core.plugin_api.text import Text
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure
from core.tracking.models import Refund as RefundRow
from core.tracking.models import Sale as SaleRow

LEAST, ASKED = 100, 5
LARGEST = 2**62
ORDER, AMOUNT = "an order like no other", 987_654_321_012


@dataclass(frozen=True, slots=True)
class Table:
    """A part's rate in whole numbers, and its words with places for the order and the amount."""

    part: Component
    version: str
    num: int
    den: int
    each: int
    reason: str


@dataclass(frozen=True, slots=True)
class Day:
    """Sales whose earnings share their dates: what they come to, and how long it is held."""

    when: booking.When
    minor: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a batch comes to by one table: by day, how many of its sales earn nothing, and the newest of them."""

    table: Table
    plain: Sequence[ColumnElement[bool]]
    calendar: CTE
    days: Sequence[Day]
    nothing: int
    first_id: int
    newest: tuple[str, datetime]

    @property
    def minor(self) -> int:
        """All of it."""
        return sum(day.minor for day in self.days)


@dataclass(frozen=True, slots=True)
class Batch:
    """New sales that are booked in SQL, and the `others` among them that are not."""

    ground: Ground
    sheets: Mapping[str, Sheet]
    others: Sequence[int]

    @property
    def dates(self) -> list[booking.When]:
        """All dates that its rows get."""
        return [day.when for sheet in self.sheets.values() for day in sheet.days]

    def given(self, part: str) -> int:
        """What a part earns by it, in minor units."""
        return self.sheets[part].minor if part in self.sheets else 0

    def as_lines(self, part: str) -> list[EarnedLine]:
        """The same as one line of the newest sale."""
        if not self.given(part):
            return []
        fact, at = self.sheets[part].newest
        amount, cash = Money(self.given(part), self.ground.currency), Settles.CASH
        return [EarnedLine(f"{part}:{fact}", part, fact, at, amount, cash, Text(""), "", "")]

    def write(self, session: Session) -> None:
        """Book it."""
        for part, sheet in self.sheets.items():
            if sheet.minor:
                _write(session, self.ground, sheet)
            if sheet.nothing:
                _write_nothing(session, self.ground, sheet)
            totals.add(self.ground.totals[part], sheet.minor, sheet.minor)
            self.ground.totals[part].saw(sheet.newest[1])


def plan(session: Session, host: PluginHost, ground: Ground, sale_ids: Sequence[int]) -> Batch | None:
    """How these new sales can be booked in SQL, None when they are few or some part of the deal cannot be."""
    tables = [_table(host, part) for part in ground.parts] if len(sale_ids) >= LEAST else [None]
    found = [table for table in tables if table]
    if len(found) != len(tables):
        return None
    known = _credited(ground, min(sale_ids), max(sale_ids))
    plain = [*known, *_ordinary(ground)]
    first, last, count = session.execute(
        select(func.min(SaleRow.sold_at), func.max(SaleRow.sold_at), func.count()).where(*plain)
    ).one()
    if not count or not _agreed(session, host, ground, found, plain):
        return None
    days = _days(booking.Dates(session, ground.campaign, {}), first, last)
    made = [_sheet(session, table, plain, days, _unbooked(ground, table.part)) for table in found]
    sheets = {sheet.table.part.id: sheet for sheet in made if sheet}
    for part, sheet in sheets.items():
        total, cap = ground.totals[part], ground.caps[part].minor
        if total.given_minor >= cap or total.given_minor + sheet.minor > cap:
            return None
    wanted = set(sale_ids)
    others = session.scalars(select(SaleRow.id).where(*known, ~and_(*_ordinary(ground))).order_by(SaleRow.id))
    return Batch(ground, sheets, [one for one in others if one in wanted])


def share(num: int, den: int, each: int) -> ColumnElement[int]:
    """What a sale earns, whose amount is never below zero: num/den of it, half-even, and `each` where it is anything.

    The whole multiples of `den` are taken apart first: no product is beyond num * den or the result.
    """
    amount: ColumnElement[int] = type_coerce(SaleRow.amount_minor, BigInteger)
    whole, rest = amount // den, (amount % den) * num
    down, left = whole * num + rest // den, (rest % den) * 2
    up = case((left > den, 1), (and_(left == den, down % 2 == 1), 1), else_=0)
    return down + up + case((amount > 0, each), else_=0)


def _table(host: PluginHost, part: Component) -> Table | None:
    """A part's rate, None when it declares none or one that whole numbers of the database cannot hold."""
    model, owner = host.payment_models[part.model], host.payment_models.owners[part.model]
    declared = host.call(owner, _declared, model, part.terms, returns=tuple | None, what=f"{part.model}.rate")
    if declared is None or isinstance(declared, Failure):
        return None
    num, den, each = declared
    most = typed.MOST_MINOR * num // den + each
    if num < 0 or each < 0 or 2 * num * den >= LARGEST or most >= LARGEST:
        return None
    reason = _words(host, part)
    return Table(part, model.version, num, den, each, reason) if reason else None


def _declared(model: PaymentModel, terms: Terms) -> tuple[int, int, int] | None:
    """Behind the fence: a share as a fraction and so much for each sale; None without a rate in the terms' currency."""
    rate = model.rate(terms)
    if rate is None or rate.each.currency != terms.currency:
        return None
    exact = Fraction(rate.percent) / 100
    return exact.numerator, exact.denominator, rate.each.minor


def _words(host: PluginHost, part: Component) -> str:
    """The model's words for a sale with a number and an amount that are found again in them."""
    amount = Money(AMOUNT, part.terms.currency)
    probe = Sale(key="sale:probe", at=datetime(2000, 1, 1, tzinfo=UTC), order=ORDER, amount=amount)
    model, owner = host.payment_models[part.model], host.payment_models.owners[part.model]
    lines = host.call(owner, model.earned, part.terms, (probe,), returns=list | tuple)
    if isinstance(lines, Failure) or len(lines) != 1 or amiss(part, lines[0]):
        return ""
    return json.dumps(lines[0].reason.to_json())


def _reason(session: Session, words: str) -> ColumnElement[str]:
    """The words of each sale as JSON."""
    postgres = session.get_bind().dialect.name == "postgresql"
    quoted = cast(func.to_json(SaleRow.external_id), String) if postgres else func.json_quote(SaleRow.external_id)
    filled: ColumnElement[str] = literal("", String)
    for piece in re.split(f'("{ORDER}"|{AMOUNT})', words):
        if piece == f'"{ORDER}"':
            filled = filled.concat(quoted)
        elif piece == str(AMOUNT):
            filled = filled.concat(cast(SaleRow.amount_minor, String))
        else:
            filled = filled.concat(literal(piece, String))
    return filled


def _credited(ground: Ground, first: int, last: int) -> list[ColumnElement[bool]]:
    mine = SaleRow.collaboration_id == ground.collaboration.id
    return [SaleRow.id.between(first, last), mine, SaleRow.state == "credited"]


def _ordinary(ground: Ground) -> list[ColumnElement[bool]]:
    """Sold in the currency of the terms, and all of it stands."""
    refunded = select(RefundRow.id).where(RefundRow.sale_id == SaleRow.id).exists()
    return [SaleRow.credited_minor.is_(None), SaleRow.currency == ground.currency, ~refunded]


def _unbooked(ground: Ground, part: Component) -> ColumnElement[bool]:
    """Nothing of the sale is booked for the part."""
    key = literal(f"{part.id}:sale:", String).concat(SaleRow.public_id)
    mine = Earning.collaboration_id == ground.collaboration.id
    return ~select(Earning.id).where(mine, Earning.line_key == key).correlate(SaleRow).exists()


def _days(dates: booking.Dates, first: datetime, last: datetime) -> CTE:
    """The days in the brand's zone from the first sale to the last; those that are not held any more are one."""
    day, end = (moment.astimezone(dates.zone).date() for moment in (first, last))
    rows: list[tuple[datetime, datetime, date | None, date]] = []
    since = _midnight(dates, day)
    while day <= end:
        until, when = _midnight(dates, day + timedelta(days=1)), dates.of_sale(day)
        if rows and rows[-1][2:] == when:
            rows[-1] = (rows[-1][0], until, *when)
        else:
            rows.append((since, until, *when))
        day, since = day + timedelta(days=1), until
    names = (column("since", UtcDateTime), column("until", UtcDateTime), column("held", Date), column("due", Date))
    return values(*names, name="day").data(rows).cte("day")


def _midnight(dates: booking.Dates, day: date) -> datetime:
    return datetime.combine(day, time(), dates.zone).astimezone(UTC)


def _sheet(
    session: Session, table: Table, plain: Sequence[ColumnElement[bool]], calendar: CTE, unbooked: ColumnElement[bool]
) -> Sheet | None:
    """What the table comes to, None when it comes to nothing."""
    minor = share(table.num, table.den, table.each)
    counted = func.sum(minor), func.min(SaleRow.id), func.count(case((minor == 0, 1)))
    by_day = _rows(plain, calendar, calendar.c.held, calendar.c.due, *counted)
    found = session.execute(by_day.where(unbooked).group_by(calendar.c.held, calendar.c.due)).all()
    if not found:
        return None
    newest = session.execute(
        select(SaleRow.public_id, SaleRow.sold_at).where(*plain, unbooked).order_by(SaleRow.sold_at.desc()).limit(1)
    ).one()
    paid = [row for row in found if row[2]]
    days = [Day(booking.When("pending" if held else "payable", held, due), int(total)) for held, due, total, *_ in paid]
    first, nothing = min(row[3] for row in found), sum(row[4] for row in found)
    return Sheet(table, plain, calendar, days, nothing, first, (f"sale:{newest[0]}", newest[1]))


def _rows(plain: Sequence[ColumnElement[bool]], calendar: CTE, *columns: ColumnElement[Any]) -> Select[Any]:
    """Each of the sales with its day."""
    within = and_(SaleRow.sold_at >= calendar.c.since, SaleRow.sold_at < calendar.c.until)
    return select(*columns).select_from(join(SaleRow, calendar, within)).where(*plain)


def _agreed(
    session: Session, host: PluginHost, ground: Ground, tables: Sequence[Table], plain: Sequence[ColumnElement[bool]]
) -> bool:
    """Whether the models say the same of the smallest and the largest sales, amounts and words."""
    ids: set[int] = set()
    for order in (SaleRow.amount_minor, SaleRow.amount_minor.desc()):
        ids |= set(session.scalars(select(SaleRow.id).where(*plain).order_by(order, SaleRow.id).limit(ASKED)))
    facts = sales_of(session, ground.collaboration, sorted(ids))
    found = evaluate(host, ground.parts, facts, ground.planned)
    said = {
        key: (line.amount.minor, line.settles, line.reason.to_json(), line.version)
        for key, line in found.claims.items()
    }
    in_sql = {}
    for table in tables:
        minor = share(table.num, table.den, table.each)
        asked = select(SaleRow.public_id, minor, _reason(session, table.reason)).where(SaleRow.id.in_(ids))
        for name, amount, reason in session.execute(asked):
            in_sql[f"{table.part.id}:sale:{name}"] = (amount, Settles.CASH, json.loads(reason), table.version)
    return not found.holds and said == in_sql


def _write(session: Session, ground: Ground, sheet: Sheet) -> None:
    """One posting for all, what is payable at once released at once, and a row for each sale that earns anything."""
    place = {"collab_id": ground.collaboration.id}
    unit, part = ground.currency, sheet.table.part.id
    name = f"rated:{ground.collaboration.id}:{part}:{sheet.first_id}"
    about = ("collaboration", ground.collaboration.id)
    brand_id = ground.collaboration.brand_id
    day = today_of(session, brand_id)
    voucher = Voucher(brand_id, name, about, day)
    amount = Money(sheet.minor, unit)
    tx = postings.accrue(session, voucher, campaign_id=ground.campaign.id, amount=amount, **place)
    free = sum(day.minor for day in sheet.days if day.when.hold_until is None)
    if free:
        released = Voucher(brand_id, f"release:{name}", about, day)
        postings.release_hold(session, released, amount=Money(free, unit), **place)
    session.flush()
    before = session.scalar(select(func.max(Earning.id))) or 0
    columns = dict(_columns(session, ground, sheet, tx.id))
    rows = _rows(sheet.plain, sheet.calendar, *columns.values()).where(columns["amount_minor"] != 0)
    # What is booked is left out by its key: looking for it row by row is slow in a table that PostgreSQL thinks empty.
    _insert(session, Earning, columns, rows, ["collaboration_id", "line_key", "sequence"])
    ours = Earning.id > before, Earning.ledger_tx_id == tx.id
    booked = int(session.scalar(select(func.sum(Earning.amount_minor)).where(*ours)) or 0)
    if booked != sheet.minor:
        raise RuntimeError(f"{name} is {booked} in the rows and {sheet.minor} in the books")


def _write_nothing(session: Session, ground: Ground, sheet: Sheet) -> None:
    """A memory of each sale that earns nothing."""
    table, key = sheet.table, literal("sale:", String).concat(SaleRow.public_id)
    session.flush()
    columns: dict[str, ColumnElement[Any]] = {
        **_owned(ground),
        "component_id": literal(table.part.id, String),
        "fact_key": key,
        "basis": literal(BY_RATE, String),
        "answer": literal("", String),
        "said": literal({}, JSON),
        "model_version": literal(table.version, String),
    }
    rows = select(*columns.values()).where(*sheet.plain, share(table.num, table.den, table.each) == 0)
    _insert(session, FactMemory, columns, rows, ["collaboration_id", "component_id", "fact_key"])


def _insert(
    session: Session, model: type[BrandRow], columns: Mapping[str, Any], rows: Select[Any], unique: Sequence[str]
) -> None:
    """Insert rows that are selected, without those that are there."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    into = dialect.insert(model).from_select(list(columns), rows, include_defaults=False)
    session.connection().execute(into.on_conflict_do_nothing(index_elements=list(unique)))


def _owned(ground: Ground) -> dict[str, ColumnElement[Any]]:
    """What rows of the collaboration that are made of sales have alike."""
    return {
        "created_at": literal(clock.now(), UtcDateTime),
        "public_id": SaleRow.public_id.concat(literal(chance.word(PUBLIC_ID_ALPHABET, 4), String)),
        "brand_id": literal(ground.collaboration.brand_id),
        "collaboration_id": literal(ground.collaboration.id),
    }


def _columns(session: Session, ground: Ground, sheet: Sheet, tx_id: int) -> Iterator[tuple[str, ColumnElement[Any]]]:
    table, day = sheet.table, sheet.calendar.c
    typed_as = cast if session.get_bind().dialect.name == "postgresql" else type_coerce  # SQLite would make numbers
    key = literal("sale:", String).concat(SaleRow.public_id)
    yield from _owned(ground).items()
    yield "component_id", literal(table.part.id, String)
    yield "line_key", literal(f"{table.part.id}:", String).concat(key)
    yield "sequence", literal(1)
    yield "kind", literal(table.part.model, String)
    yield "amount_minor", share(table.num, table.den, table.each)
    yield "currency", literal(ground.currency, String)
    yield "settles", literal(Settles.CASH.value, String)
    yield "state", case((day.held.is_(None), "payable"), else_="pending")
    yield "reason", typed_as(_reason(session, table.reason), JSON)
    yield "model_version", literal(table.version, String)
    yield "fact_key", key
    yield "basis", literal(BY_RATE, String)
    yield "answer", literal("", String)
    yield "hold_until", typed_as(day.held, Date)
    yield "due_on", day.due
    yield "earned_at", type_coerce(SaleRow.sold_at, UtcDateTime)
    yield "ledger_tx_id", literal(tx_id, BigInteger)
