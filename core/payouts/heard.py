"""What rails tell by themselves of payments, held against our own record; what contradicts it moves nothing.

An event counts for a payment that this brand handed to this rail, and with the payment's own amount. It does not matter
in which order a rail's words come: of two that can both be true, that of the end holds. What cannot be true beside what
is known is kept for finance to look at. Told again, an event changes nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, clock, typed
from core.accounts.calendar import zone_of
from core.errors import Missing
from core.i18n import in_locale
from core.lifecycle import Transition
from core.money import Money
from core.payouts.lifecycle import IN_FLIGHT, STATE_NAMES, Action, State
from core.payouts.models import Payout, PayoutReport, PayoutRun
from core.payouts.told import told
from core.payouts.transfers import fail, record_received, record_sent
from core.permissions import Actor, Permission
from core.plugin_api.payout_rails import RailEvent
from core.plugin_api.text import T, Text
from core.plugin_host.host import PluginHost
from core.sql import batched

LEFT, OVER = ("sent", "received"), ("failed", "returned")
"""What says that the money is on its way or there, and what says that it is not."""
STATUSES = (*LEFT, *OVER)
MOST_ID = 200


class Verdict(enum.Enum):
    """What becomes of an event."""

    TAKE = "take"
    KNOWN = "known"
    CONTRARY = "contrary"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a payment: `left` and `over` are the rail's own newest words that it went, and that it did not.

    `by_hand` when a person said that it was sent, `seen` when a person said that it has arrived.
    """

    state: State
    left: datetime | None = None
    over: datetime | None = None
    by_hand: bool = False
    seen: bool = False


def judge(known: Known, status: str, at: datetime) -> Verdict:
    """Whether an event moves the payment, tells nothing new, or cannot be true beside what is known."""
    if known.state in IN_FLIGHT:
        return Verdict.TAKE
    if status in LEFT:
        return _went(known, status, at)
    if known.state in (State.FAILED, State.RETURNED):
        return Verdict.KNOWN
    older = known.left is not None and at < known.left
    nobodys = known.by_hand and known.left is None  # a person may have sent it by another way
    return Verdict.CONTRARY if older or nobodys or (known.seen and status == "failed") else Verdict.TAKE


def _went(known: Known, status: str, at: datetime) -> Verdict:
    if known.state == State.SENT and status == "received":
        return Verdict.TAKE
    if known.state in (State.SENT, State.RECEIVED):
        return Verdict.KNOWN
    if known.over is None:  # only a person or an answer said that it is over
        return Verdict.KNOWN if known.state == State.RETURNED and status == "sent" else Verdict.CONTRARY
    return Verdict.KNOWN if at <= known.over else Verdict.CONTRARY


def sound(events: object) -> list[RailEvent]:
    """The events of a rail; `TypeError` or `ValueError` for what neither can be judged nor stored."""
    if not isinstance(events, Sequence) or isinstance(events, str | bytes):
        raise TypeError(f"events come as a sequence, not {type(events).__name__}")
    for event in events:
        _check(event)
    return list(events)


def _check(event: object) -> None:
    if not isinstance(event, RailEvent):
        raise TypeError(f"an event is a RailEvent, not {type(event).__name__}")
    for words in (event.id, event.reference, event.rail_id):
        if not isinstance(words, str) or not typed.storable(words):
            raise TypeError("ids and references are texts without control characters")
    if not 0 < len(event.id) <= MOST_ID:
        raise ValueError(f"an event's id has 1 to {MOST_ID} characters")
    if event.status not in STATUSES:
        raise ValueError(f"a status is one of {', '.join(STATUSES)}, not {event.status!r}")
    if not isinstance(event.at, datetime) or event.at.tzinfo is None:
        raise TypeError("a moment is a datetime with a time zone")
    if not typed.FIRST_DAY <= event.at.date() <= typed.LAST_DAY:
        raise ValueError(f"a moment of this century, not {event.at}")
    if event.amount is not None and not isinstance(event.amount, Money):
        raise TypeError(f"an amount is Money, not {type(event.amount).__name__}")
    if event.reason is not None and not isinstance(event.reason, Text):
        raise TypeError(f"a reason is a Text, not {type(event.reason).__name__}")


def take(
    session: Session, host: PluginHost, *, base_url: str, brand_id: int, source: str, records: Sequence[RailEvent]
) -> int:
    """Take down what a rail tells of a brand's payments; how many events moved one.

    What is no payment of the brand by this rail is nobody's business here: the account that it is paid from may have
    others. Holds the payments until the transaction ends.
    """
    payouts = _ours(session, brand_id, source, sorted({event.reference for event in records}))
    listener = _Listener(session, host.payout_rails[source].title, base_url)
    in_time = sorted(records, key=lambda event: (event.at, STATUSES.index(event.status)))
    return sum(listener.hear(payouts[event.reference], event) for event in in_time if event.reference in payouts)


def _ours(session: Session, brand_id: int, rail: str, references: Sequence[str]) -> dict[str, Payout]:
    mine = select(Payout).join(PayoutRun, PayoutRun.id == Payout.payout_run_id)
    mine = mine.where(Payout.brand_id == brand_id, PayoutRun.rail == rail).order_by(Payout.id)
    held = mine.with_for_update(of=Payout).execution_options(populate_existing=True)
    found = (session.scalars(held.where(Payout.public_id.in_(part))) for part in batched(references))
    return {payout.public_id: payout for part in found for payout in part}


@dataclass(frozen=True, slots=True)
class _Listener:
    """Who takes down what one rail says."""

    session: Session
    rail: Text
    base_url: str

    def hear(self, payout: Payout, event: RailEvent) -> bool:
        """Judge one event and keep it; whether it moved its payment."""
        before = list(self.session.scalars(select(PayoutReport).where(PayoutReport.payout_id == payout.id)))
        if any((row.event_id, row.status) == (event.id, event.status) for row in before):
            return False
        at = min(event.at, clock.now())  # no clock of the other side is ahead of what comes later
        fault = self._amiss(payout, event)
        verdict = Verdict.CONTRARY if fault else judge(_known(self.session, payout, before), event.status, at)
        if verdict is Verdict.CONTRARY:
            fault = fault or self._contrary(payout, event)
        if verdict is Verdict.TAKE:
            self._take(payout, event, at)
        self._keep(payout, event, at, fault)
        return verdict is Verdict.TAKE

    def _amiss(self, payout: Payout, event: RailEvent) -> Text | None:
        """Why an event cannot be of this payment at all."""
        if event.amount is not None and event.amount != payout.amount:
            return T(
                "%(rail)s tells of %(told)s, but this payment is of %(amount)s. Nothing was changed.",
                rail=self.rail,
                told=event.amount,
                amount=payout.amount,
            )
        return None if payout.payee_cipher else self._contrary(payout, event)  # nobody handed it over

    def _contrary(self, payout: Payout, event: RailEvent) -> Text:
        return T(
            "%(rail)s says of this payment “%(told)s”, but here it is “%(state)s”. Nothing was changed.",
            rail=self.rail,
            told=STATE_NAMES[event.status],
            state=STATE_NAMES[payout.state],
        )

    def _take(self, payout: Payout, event: RailEvent, at: datetime) -> None:
        actor, day = self._actor(), at.astimezone(zone_of(self.session, payout.brand_id)).date()
        if event.status in OVER:
            why = event.reason or T("The way of payment gave no reason.")
            back = event.status == "returned"
            fail(self.session, actor, payout, reason=why, base_url=self.base_url, came_back=back)
            return
        arrived = event.status == "received"
        if payout.state != State.SENT:
            reference = event.rail_id[:60] or payout.bank_reference
            record_sent(
                self.session, actor, payout, reference=reference, sent_on=day, base_url=self.base_url, arrived=arrived
            )
        if arrived:
            record_received(self.session, actor, payout, received_on=max(day, payout.sent_on or day))

    def _actor(self) -> Actor:
        """The rail itself, as the record of deeds and moves names it."""
        with in_locale("en"):
            return Actor(name=str(self.rail)[:120])

    def _keep(self, payout: Payout, event: RailEvent, at: datetime, fault: Text | None) -> None:
        row = PayoutReport(
            brand_id=payout.brand_id,
            payout_id=payout.id,
            event_id=event.id,
            status=event.status,
            happened_at=at,
            said=told(event.reason) if event.reason else None,
            fault=told(fault) if fault else None,
            open=fault is not None,
        )
        self.session.add(row)
        self.session.flush()


def _known(session: Session, payout: Payout, reports: Collection[PayoutReport]) -> Known:
    sound_ones = [row for row in reports if row.fault is None]
    left, over = (
        max((row.happened_at for row in sound_ones if row.status in statuses), default=None)
        for statuses in (LEFT, OVER)
    )
    sent_by_person = select(Transition.id).where(
        Transition.object_type == Payout.__tablename__,
        Transition.object_id == payout.id,
        Transition.action == Action.SEND,
        Transition.actor_person_id.is_not(None),
    )
    by_hand = session.scalar(sent_by_person.limit(1)) is not None
    return Known(State(payout.state), left, over, by_hand, payout.received_by in ("influencer", "statement"))


def to_look_at(session: Session, payout: Payout) -> list[PayoutReport]:
    """What its rail told of a payment and could not be taken down, and nobody has looked at, the oldest first."""
    rows = select(PayoutReport).where(PayoutReport.payout_id == payout.id, PayoutReport.open)
    return list(session.scalars(rows.order_by(PayoutReport.id)))


def looked_at(session: Session, actor: Actor, payout: Payout, public_id: str) -> None:
    """Finance has looked at what a rail told of a payment; `Missing` when there is no such thing to look at."""
    actor.require(Permission.PAYOUT_APPROVE, payout.brand_id)
    row = next((row for row in to_look_at(session, payout) if row.public_id == public_id), None)
    if row is None:
        raise Missing(T("Nothing of this waits for you any more."))
    row.open = False
    detail = {"status": row.status, "event": row.event_id}
    audit.record(session, actor=actor, brand_id=row.brand_id, action="payout.looked_at", obj=payout, detail=detail)
