"""Handing an approved run to its rail: the intent first, then the call, then what the rail says of each order.

Each step is a transaction of its own and the call is in none of them. The intent fixes orders,
accounts and key for ever, so whoever goes on after a crash sends the very same batch with the
same key: the same payment. What the rail refuses goes back; what nobody knows is asked again
while the rail remembers the key, then looked up once, then left to a person.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock, lifecycle, outbox
from core.accounts.calendar import in_days, today_of
from core.accounts.models import Brand
from core.crypto import Keyring, Place, decrypt, encrypt
from core.database import Database
from core.files import FileStore
from core.payouts import contested, outcomes, todo
from core.payouts.booking import payouts_of
from core.payouts.details import payee_of
from core.payouts.lifecycle import Action, State
from core.payouts.models import Payout, PayoutRun
from core.payouts.runs import TRANSFER_DAYS, methods_of
from core.payouts.told import told
from core.payouts.transfers import fail, record_sent
from core.payouts.ways import not_here
from core.permissions import SYSTEM
from core.plugin_api.context import AuthExpired, ConnectorError, Context
from core.plugin_api.payout_rails import (
    Accepted,
    Ambiguous,
    NeedsAction,
    Outcome,
    Payee,
    PayoutBatch,
    PayoutOrder,
    PayoutRail,
    Refused,
)  # fmt: skip
from core.plugin_api.text import T, Text
from core.plugin_host.contexts import context_of
from core.plugin_host.deadlines import Seam
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure

HAND_OVER = "payouts.hand_over"
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=5), timedelta(hours=1)
LOCKED_DELAY = timedelta(minutes=10)
"""How often a rail is asked whose permission was refused: somebody mends it, and the payments go on soon after."""
NOT_YET = T("The rail does not know of it yet.")
NOTHING = T("The rail said nothing of this payment.")


@dataclass(frozen=True, slots=True)
class HandOver:
    """All that the call needs, read before it: nothing is asked of the database meanwhile."""

    run_id: int
    rail: str
    ctx: Context
    batch: PayoutBatch
    since: datetime
    attempt: int
    look: tuple[str, ...] = ()
    """The orders that are only looked up; empty where the batch is handed over."""

    @property
    def key(self) -> str:
        """The idempotency key: of the run, the same for ever."""
        return f"run-{self.batch.id}"


@dataclass(frozen=True, slots=True)
class House:
    """The parts of the installation that taking down an answer needs."""

    keyring: Keyring
    files: FileStore
    base_url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rail said, by reference; `final` when it is not asked again, `fault` why it said nothing at all.

    `locked_out` when its permission was refused, `pause` for how long it wants to be left alone.
    """

    outcomes: Mapping[str, Outcome]
    final: bool = False
    fault: Text | None = None
    locked_out: bool = False
    pause: timedelta = timedelta(0)


def submit_run(session: Session, host: PluginHost, keyring: Keyring, base_url: str, payload: dict[str, Any]) -> None:
    """The first job of an approved run: write down what is handed over and to whom. It can run twice."""
    run = session.get_one(PayoutRun, payload["run"])
    if run.handed_over_at is None:
        run.handed_over_at = clock.now()
        _freeze(session, keyring, run, host.payout_rails.get(run.rail), base_url)
    _enqueue(session, run, 1, clock.now())


def gather(session: Session, host: PluginHost, keyring: Keyring, payload: dict[str, Any]) -> HandOver | None:
    """The whole batch as the intent fixed it, whatever became of some of it; None when nothing waits."""
    run = session.get_one(PayoutRun, payload["run"])
    fixed = [payout for payout in payouts_of(session, run) if payout.payee_cipher]
    if run.handed_over_at is None or not any(payout.state == State.PROCESSING for payout in fixed):
        return None
    orders = tuple(
        PayoutOrder(row.public_id, row.amount, payee_handed_over(keyring, row), row.message) for row in fixed
    )
    brand, owner = session.get_one(Brand, run.brand_id), host.payout_rails.owners.get(run.rail)
    ctx = context_of(session, host, keyring, owner, brand) if owner else Context(brand.public_id)
    batch, look = PayoutBatch(run.public_id, orders), tuple(payload.get("look", ()))
    return HandOver(run.id, run.rail, ctx, batch, run.handed_over_at, int(payload.get("attempt", 1)), look)


def ask(host: PluginHost, what: HandOver) -> Answer:
    """Call the rail behind its fence: no answer is an answer too, and past the key's window nothing is sent."""
    rail = host.payout_rails.get(what.rail)
    hours = rail.key_window_hours if rail else PayoutRail.key_window_hours
    late = clock.now() >= what.since + timedelta(hours=hours)
    if rail is None:
        return Answer({}, late, not_here(host, what.rail))
    try:
        found = _call(host, rail, what, look=late)
    except ConnectorError as said:  # an answer about the other side, as of a rail without a lookup: no plugin's fault
        return _unanswered(said, late)
    return Answer({}, late, found.reason) if isinstance(found, Failure) else Answer(found, late)


def _unanswered(said: ConnectorError, late: bool) -> Answer:
    """For the money it is as if nobody answered, whatever is said: some of the batch may have been paid before."""
    pause = getattr(said, "retry_after", 0)
    seconds = min(max(pause, 0), int(LONGEST_DELAY.total_seconds())) if isinstance(pause, int) else 0
    message = said.message if isinstance(said.message, Text) else NOTHING
    return Answer({}, late, message, isinstance(said, AuthExpired), timedelta(seconds=seconds))


def _call(host: PluginHost, rail: PayoutRail, what: HandOver, *, look: bool) -> Mapping[str, Outcome] | Failure:
    owner, passes = host.payout_rails.owners[what.rail], (ConnectorError,)
    names = list(what.look) or [order.reference for order in what.batch.orders]
    looked, batch, key = bool(look or what.look), what.batch, what.key

    def answer(ctx: Context) -> Any:
        return outcomes.sound(rail.lookup(ctx, names) if looked else rail.submit(ctx, batch, key))

    asked = "lookup" if looked else "submit"
    return host.of(what.ctx.brand).call(
        owner, answer, what.ctx, returns=Mapping, seam=Seam.WORK, passes=passes, what=asked
    )


def record(session: Session, house: House, what: HandOver, answer: Answer) -> None:
    """Take down what became of each order that still waits; what is not known is asked again later."""
    run = session.get_one(PayoutRun, what.run_id)
    waiting = [row for row in payouts_of(session, run) if row.state == State.PROCESSING and row.payee_cipher]
    asked = [row for row in waiting if not what.look or row.public_id in what.look]
    unknown = [row for row in asked if not _take_down(session, house, row, answer.outcomes.get(row.public_id))]
    for payout in unknown:
        payout.said = told(_why(answer, payout, what))
    run.locked_out = answer.locked_out and bool(unknown)
    if what.look:
        todo.give_back(session, run, what.look)
        return
    if not answer.final and unknown:
        delay: timedelta = min(FIRST_DELAY * 2 ** min(what.attempt - 1, 20), LONGEST_DELAY)
        delay = LOCKED_DELAY if answer.locked_out else max(delay, answer.pause)
        _enqueue(session, run, what.attempt + 1, clock.now() + delay)
        return
    for payout in unknown:
        lifecycle.move(session, payout, Action.DOUBT, actor=SYSTEM)
        payout.due_at = in_days(session, payout.brand_id, TRANSFER_DAYS)


def hand_over_now(database: Database, host: PluginHost, run: PayoutRun) -> None:
    """Hand an approved and committed run over at once if its rail reaches nothing outside.

    The same jobs by the same keys as the worker's: should this process die, the worker goes on.
    """
    rail = host.payout_rails.get(run.rail)
    if rail is not None and not rail.reaches_out:
        outbox.run_now(database, f"payouts.submit:{run.public_id}")
        outbox.run_now(database, _key(run, 1))


def account_of(keyring: Keyring, payout: Payout) -> str:
    """The IBAN that a payout goes to, as it was when the payout was handed over; empty before."""
    return payee_handed_over(keyring, payout).iban if payout.payee_cipher else ""


def _enqueue(session: Session, run: PayoutRun, attempt: int, at: datetime) -> None:
    outbox.enqueue(session, HAND_OVER, {"run": run.id, "attempt": attempt}, key=_key(run, attempt), run_after=at)


def _key(run: PayoutRun, attempt: int) -> str:
    return f"{HAND_OVER}:{run.public_id}:{attempt}"


def _freeze(session: Session, keyring: Keyring, run: PayoutRun, rail: PayoutRail | None, base_url: str) -> None:
    """Fix to whom each payout goes. An account that changed after the approval fails its payout.

    So does word that an earlier payment of the same may have arrived.
    """
    waiting = [payout for payout in payouts_of(session, run) if payout.state == State.PROCESSING]
    methods = methods_of(session, {payout.influencer_id for payout in waiting})
    doubtful = contested.before(session, waiting, hold=True)
    for payout in waiting:
        method = methods.get(payout.influencer_id)
        if method is None or (run.approved_at and method.changed_at > run.approved_at):
            reason = T("The payment details were changed after the approval.")
            fail(session, SYSTEM, payout, reason=reason, base_url=base_url)
        elif payout.id in doubtful:
            fail(session, SYSTEM, payout, reason=contested.LOOKED_AT, base_url=base_url)
        else:
            payee = json.dumps(asdict(payee_of(keyring, method, run.rail, rail)), ensure_ascii=False)
            payout.payee_cipher = encrypt(keyring, payee, _place(payout))


def payee_handed_over(keyring: Keyring, payout: Payout) -> Payee:
    """To whom a payout goes, as the rail was told of them."""
    return Payee(**json.loads(decrypt(keyring, payout.payee_cipher, _place(payout))))


def forget_details(session: Session, keyring: Keyring, rails: Collection[str]) -> None:
    """Remove from payments that are over what their payees had told these rails; the account stays for the books."""
    over = select(Payout).join(PayoutRun, PayoutRun.id == Payout.payout_run_id)
    for payout in session.scalars(over.where(PayoutRun.rail.in_(rails), Payout.payee_cipher != "")):
        payee = replace(payee_handed_over(keyring, payout), details={})
        payout.payee_cipher = encrypt(keyring, json.dumps(asdict(payee), ensure_ascii=False), _place(payout))


def _place(payout: Payout) -> Place:
    return Place("payout", "payee_cipher", payout.id)


def _take_down(session: Session, house: House, payout: Payout, outcome: Outcome | None) -> bool:
    """Whether the outcome says what became of the order."""
    base_url = house.base_url
    if isinstance(outcome, NeedsAction):
        todo.keep(session, house.keyring, house.files, payout, outcome)
    elif isinstance(outcome, Accepted):
        today = today_of(session, payout.brand_id)
        record_sent(session, SYSTEM, payout, reference=outcome.rail_id[:60], sent_on=today, base_url=base_url)
    elif isinstance(outcome, Refused):
        fail(session, SYSTEM, payout, reason=outcome.reason, base_url=base_url)
    else:
        return False
    return True


def _why(answer: Answer, payout: Payout, what: HandOver) -> object:
    """Why it is not known what became of an order: the rail's own words, else why it had none."""
    outcome = answer.outcomes.get(payout.public_id)
    if isinstance(outcome, Ambiguous):
        return outcome.reason
    return answer.fault or (NOT_YET if what.look else NOTHING)
