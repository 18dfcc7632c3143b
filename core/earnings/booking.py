"""Rows and postings: how what was newly earned or lost is dated, written and booked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.accounts.calendar import today_of
from core.accounts.models import Brand
from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration
from core.deals.evaluate import EarnedLine
from core.earnings.booked import Booked
from core.earnings.models import Earning
from core.ledger import accounts as plan
from core.ledger import postings
from core.ledger import queries as ledger
from core.ledger.postings import Voucher
from core.money import Money
from core.plugin_api.payment_models import Fact, Refund, Sale, Settles
from core.plugin_api.text import T
from core.tracking.models import Sale as SaleRow

NETTED = "netted"
"""The kind of what parts of a deal meet by: netted against an advance, counted against a guarantee."""


def with_rate(line: EarnedLine, rates: Mapping[str, tuple[Money, SaleRow]]) -> EarnedLine:
    """A line of a sale or a refund in another currency, saying by which rate that was counted."""
    if line.fact not in rates or not line.key.endswith(f":{line.fact}"):
        return line
    amount, sale = rates[line.fact]
    reason = T(
        "%(reason)s (%(amount)s at %(rate)s %(terms)s for 1 %(currency)s, by: %(source)s)",
        reason=line.reason,
        amount=amount,
        rate=Decimal(sale.rate),
        terms=line.amount.currency,
        currency=amount.currency,
        source=sale.rate_source,
    )
    return replace(line, reason=reason)


def differences(
    collaboration: Collaboration,
    lines: Mapping[str, EarnedLine],
    booked: Mapping[str, Booked],
    dates: Dates,
    untouched: Collection[str] = (),
) -> list[Earning]:
    """Rows, not yet written, that make what is booked what the lines say; components in `untouched` lose nothing."""
    made = []
    for key, line in lines.items():
        before, sequence = (booked[key].minor, booked[key].last.sequence) if key in booked else (0, 0)
        if line.amount.minor != before:
            made.append(_earning(collaboration, line, line.amount.minor - before, sequence + 1, dates))
    for key, one in booked.items():
        if key not in lines and one.minor and one.first.component_id not in untouched:
            made.append(_gone(collaboration, one.first, -one.minor, one.last.sequence + 1, dates))
    return made


def write(session: Session, campaign: Campaign, made: list[Earning], beside: Iterable[When] = ()) -> None:
    """Write the rows and book each; what parts meet by is dated by them and by what else is booked `beside` them."""
    _date_together(made, beside)
    made.sort(key=lambda row: row.amount_minor < 0)  # a refund finds its sale booked
    session.add_all(made)
    session.flush()
    for row in made:
        _post(session, campaign, row)


@dataclass(frozen=True, slots=True)
class When:
    """The dates that rows share: until when they are held, None when they are not, and when they are due."""

    state: str
    hold_until: date | None
    due_on: date | None


def _date_together(made: Iterable[Earning], beside: Iterable[When]) -> None:
    """What parts meet by is dated by what is booked with it: what it takes at the earliest, what it gives at the last.

    Else money that an advance has paid already would be sent again before it is netted.
    """
    rows = [row for row in made if row.kind != NETTED and row.settles == Settles.CASH]
    own = [*(When(row.state, row.hold_until, row.due_on) for row in rows), *beside]
    for row in (row for row in made if row.kind == NETTED and own):
        pick = min if row.amount_minor < 0 else max
        other = pick(own, key=lambda one: (one.hold_until or date.min, one.due_on or date.min))
        row.state, row.hold_until, row.due_on = other.state, other.hold_until, other.due_on


class Dates:
    """When a line is held until and due: sales wait for refunds, the rest is payable at once."""

    def __init__(self, session: Session, campaign: Campaign, facts: dict[str, Fact]) -> None:
        self.campaign, self.facts = campaign, facts
        self.zone = ZoneInfo(session.scalar(select(Brand.timezone).where(Brand.id == campaign.brand_id)) or "UTC")
        self.today = clock.now().astimezone(self.zone).date()

    def of(self, fact_key: str) -> tuple[date | None, date]:
        """(held until, due on). A refund shares the dates of its sale, so that the two meet."""
        fact = self.facts.get(fact_key)
        if isinstance(fact, Refund):
            sale = self.facts.get(fact.corrects or "")
            return self._after(sale if isinstance(sale, Sale) else fact)
        return self._after(fact)

    def _after(self, fact: Fact | None) -> tuple[date | None, date]:
        start = fact.at.astimezone(self.zone).date() if fact else self.today
        if isinstance(fact, Sale | Refund):
            return self.of_sale(start)
        return None, max(start, self.today) + timedelta(days=self.campaign.due_days)

    def of_sale(self, day: date) -> tuple[date | None, date]:
        """(held until, due on) of what was sold on a day."""
        held = day + timedelta(days=self.campaign.hold_days)
        until = held if held > self.today else None
        return until, max(held, self.today) + timedelta(days=self.campaign.due_days)


def _earning(collaboration: Collaboration, line: EarnedLine, minor: int, sequence: int, dates: Dates) -> Earning:
    held, due = dates.of(line.fact)
    in_kind = line.settles is Settles.IN_KIND
    return Earning(
        brand_id=collaboration.brand_id,
        collaboration_id=collaboration.id,
        component_id=line.component,
        line_key=line.key,
        sequence=sequence,
        kind="gift_value" if in_kind else line.model or NETTED,
        amount_minor=minor,
        currency=line.amount.currency,
        settles=line.settles.value,
        state="booked" if in_kind else "pending" if held else "payable",
        reason=line.reason.to_json(),
        model_version=line.version,
        fact_key=line.fact,
        hold_until=None if in_kind else held,
        due_on=None if in_kind else due,
        earned_at=line.at,
    )


def _gone(collaboration: Collaboration, first: Earning, minor: int, sequence: int, dates: Dates) -> Earning:
    """What a line that is no longer earned takes back."""
    held, due = dates.of(first.fact_key)
    in_kind = first.settles == Settles.IN_KIND
    return Earning(
        brand_id=collaboration.brand_id,
        collaboration_id=collaboration.id,
        component_id=first.component_id,
        line_key=first.line_key,
        sequence=sequence,
        kind=first.kind,
        amount_minor=minor,
        currency=first.currency,
        settles=first.settles,
        state="booked" if in_kind else "pending" if held else "payable",
        reason=first.reason,
        model_version=first.model_version,
        fact_key=first.fact_key,
        hold_until=None if in_kind else held,
        due_on=None if in_kind else due,
        earned_at=clock.now(),
    )


def _post(session: Session, campaign: Campaign, row: Earning) -> None:
    """The posting of one row; what is payable at once is released at once."""
    size = Money(abs(row.amount_minor), row.currency)
    place = {"campaign_id": campaign.id, "collab_id": row.collaboration_id}
    voucher = Voucher(row.brand_id, f"earning:{row.public_id}", ("earning", row.id), today_of(session, row.brand_id))
    if row.settles == Settles.IN_KIND:
        book = postings.book_gift if row.amount_minor > 0 else postings.return_gift
        row.ledger_tx_id = book(session, voucher, value=size, **place).id
    elif row.amount_minor < 0:
        if row.state == "pending" and not _still_pending(session, row, size):
            row.state, row.hold_until = "payable", None
        held = row.state == "pending"
        row.ledger_tx_id = postings.claw_back(session, voucher, amount=size, held=held, **place).id
    else:
        row.ledger_tx_id = postings.accrue(session, voucher, amount=size, **place).id
        if row.state == "payable":
            free = replace(voucher, key=f"release:{row.public_id}")
            postings.release_hold(session, free, collab_id=row.collaboration_id, amount=size)


def _still_pending(session: Session, row: Earning, size: Money) -> bool:
    """Whether what is taken back is still held; the campaign's holding period may have changed since."""
    return ledger.balance(session, row.brand_id, plan.pending(row.collaboration_id), row.currency) >= size
