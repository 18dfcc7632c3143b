"""Payout runs: gather what is due into one payout an influencer, approve it, hand it to its rail.

An earning is in at most one live payout: the row's state is taken by compare-and-set, and an index
of the database sees to it once more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import audit, clock, lifecycle, outbox
from core.accounts.calendar import in_days
from core.accounts.models import Brand
from core.database import public_id
from core.earnings.models import Earning
from core.errors import Refused
from core.influencers.models import Influencer
from core.ledger import accounts as plan
from core.ledger import postings, queries
from core.money import Money
from core.payouts import contested, due
from core.payouts.booking import free, items_of, payouts_of, voucher
from core.payouts.due import Due
from core.payouts.lifecycle import Action, RunAction
from core.payouts.limits import NO_LIMITS, Limits, keep_rest
from core.payouts.models import Payout, PayoutLine, PayoutMethod, PayoutRun
from core.payouts.notices import ask_approvers
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text

APPROVAL_DAYS, TRANSFER_DAYS = 2, 2
CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why an influencer's money cannot go into a run."""

    influencer_id: int
    name: str
    reason: Text
    amount: Money


def prepare_run(
    session: Session,
    actor: Actor,
    brand: Brand,
    *,
    currency: str,
    influencers: Collection[int] | None = None,
    due_by: date | None = None,
    limits: Limits = NO_LIMITS,
    base_url: str,
) -> tuple[PayoutRun | None, list[Blocked]]:
    """Gather what is payable in a currency into one payout an influencer; the run, and who was left out and why.

    Without `influencers` all are taken, without `due_by` also what is due later. `limits` are those of the
    rail in this currency: an amount is rounded down to what it sends, the rest stays payable.
    """
    actor.require(Permission.PAYOUT_PREPARE, brand.id)
    session.get_one(Brand, brand.id, with_for_update=True)
    rows = [row for row in due.rows(session, brand.id, due_by) if row.currency == currency]
    chosen = [row for row in rows if influencers is None or row.influencer_id in influencers]
    methods = methods_of(session, {row.influencer_id for row in chosen})
    ready, blocked = _sort_out(session, chosen, methods, limits)
    if not ready:
        return None, blocked
    number = (session.scalar(select(func.max(PayoutRun.number)).where(PayoutRun.brand_id == brand.id)) or 0) + 1
    run = PayoutRun(
        brand_id=brand.id,
        number=number,
        currency=currency,
        rail=limits.rail,
        prepared_by_id=actor.person_id,
        due_at=in_days(session, brand.id, APPROVAL_DAYS),
    )
    session.add(run)
    lifecycle.begin(session, run, actor=actor)
    made = [_payout(session, actor, run, methods[influencer], mine, limits) for influencer, mine in ready.items()]
    _refuse_unfit(session, made)
    audit.record(session, actor=actor, brand_id=brand.id, action="payout_run.prepare", obj=run)
    total = Money(sum(payout.amount_minor for payout in made), currency)
    ask_approvers(session, actor, run, total, len(made), base_url=base_url)
    return run, blocked


def methods_of(session: Session, influencers: Collection[int]) -> dict[int, PayoutMethod]:
    """The payout methods of many influencers, by influencer."""
    rows = session.scalars(select(PayoutMethod).where(PayoutMethod.influencer_id.in_(influencers)))
    return {row.influencer_id: row for row in rows}


def why_blocked(amount: Money, method: PayoutMethod | None, limits: Limits) -> Text | None:
    """Why an influencer cannot be paid now, None if they can."""
    if amount.minor <= 0:
        return T("What was taken back is as much as what is due, or more. It is netted from what comes next.")
    if method is None:
        return limits.unknown
    return limits.lacks(method) or limits.why_not(amount)


def _sort_out(
    session: Session, rows: Iterable[Due], methods: Mapping[int, PayoutMethod], limits: Limits
) -> tuple[dict[int, list[Due]], list[Blocked]]:
    by_person: dict[int, list[Due]] = defaultdict(list)
    doubtful: dict[int, list[Due]] = defaultdict(list)
    for row in rows:
        (doubtful if row.doubtful else by_person)[row.influencer_id].append(row)
    found = session.execute(
        select(Influencer.id, Influencer.display_name).where(Influencer.id.in_({*by_person, *doubtful}))
    )
    names: dict[int, str] = {row[0]: row[1] for row in found}
    ready: dict[int, list[Due]] = {}
    blocked = []
    for person, mine in sorted(by_person.items()):
        amount = Money(sum(row.minor for row in mine), mine[0].currency)
        reason = why_blocked(amount, methods.get(person), limits)
        if reason is None:
            ready[person] = mine
        else:
            blocked.append(Blocked(person, names[person], reason, amount))
    for person, mine in sorted(doubtful.items()):
        amount = Money(sum(row.minor for row in mine), mine[0].currency)
        blocked.append(Blocked(person, names[person], contested.LOOK_FIRST, amount))
    return ready, blocked


def _payout(
    session: Session, actor: Actor, run: PayoutRun, method: PayoutMethod, rows: Sequence[Due], limits: Limits
) -> Payout:
    _take(session, [row.earning_id for row in rows])
    name, due_in_all = public_id(), Money(sum(row.minor for row in rows), run.currency)
    amount, to_whom = limits.sends(due_in_all), limits.to_whom(method)
    payout = Payout(
        public_id=name,
        brand_id=run.brand_id,
        payout_run_id=run.id,
        influencer_id=method.influencer_id,
        payee_name=method.payee_name,
        iban_last4=method.iban_last4 if limits.account else "",
        paid_to=to_whom.to_json() if to_whom else None,
        amount_minor=amount.minor,
        currency=run.currency,
        due_at=run.due_at,
        due_on=min((row.due_on for row in rows if row.due_on), default=None),
        key=f"payout-{name}-1",
    )
    session.add(payout)
    lifecycle.begin(session, payout, actor=actor)
    session.add_all(
        PayoutLine(
            brand_id=run.brand_id,
            payout_id=payout.id,
            earning_id=row.earning_id,
            amount_minor=row.minor,
            currency=row.currency,
        )
        for row in [*rows, *keep_rest(session, payout, rows, due_in_all - amount, limits)]
    )
    session.flush()
    return payout


def _take(session: Session, earnings: Sequence[int]) -> None:
    """Claim rows for one payout; of two who want the same row exactly one gets it."""
    taken = 0
    for ids in (earnings[at : at + CHUNK] for at in range(0, len(earnings), CHUNK)):
        claim = update(Earning).where(Earning.id.in_(ids), Earning.state == "payable").values(state="in_payout")
        taken += session.execute(claim).rowcount  # type: ignore[attr-defined]
    if taken != len(earnings):
        raise Refused(T("Somebody else put some of this into a run. Reload the page and look again."))


def _refuse_unfit(session: Session, payouts: Collection[Payout]) -> None:
    """The books must owe what each payout pays, and hold as an advance what it takes back."""
    wanted = items_of(session, payouts)
    codes = [code for mine in wanted.values() for at in mine for code in (plan.payable(at), plan.advance(at))]
    brand_id = next(iter(payouts)).brand_id
    owed = queries.balances(session, brand_id, codes)
    for payout in payouts:
        for at, amount in wanted[payout.id].items():
            code = plan.payable(at) if amount.minor > 0 else plan.advance(at)
            if owed.get((code, payout.currency), Money.zero(payout.currency)).minor < abs(amount.minor):
                raise Refused(
                    T(
                        "What is owed to %(name)s has changed since the run was prepared. "
                        "Cancel the run and prepare it again.",
                        name=payout.payee_name,
                    )
                )


def approve_run(session: Session, actor: Actor, run: PayoutRun) -> None:
    """Approve a run: its money leaves the payable accounts and goes to the rail, once."""
    actor.require(Permission.PAYOUT_APPROVE, run.brand_id)
    if run.prepared_by_id == actor.person_id and session.get_one(Brand, run.brand_id).four_eyes:
        raise Refused(T("You prepared this run. In this brand another person approves it."))
    lifecycle.move(session, run, RunAction.APPROVE, actor=actor)
    run.approved_by_id, run.approved_at, run.due_at = actor.person_id, clock.now(), None
    payouts = payouts_of(session, run)
    contested.refuse(session, payouts)
    _refuse_changed_accounts(session, payouts)
    _refuse_unfit(session, payouts)
    wanted = items_of(session, payouts)
    for payout in payouts:
        lifecycle.move(session, payout, Action.APPROVE, actor=actor)
        payout.due_at = in_days(session, run.brand_id, TRANSFER_DAYS)
        why = voucher(session, payout, "start", actor)
        postings.start_payout(session, why, payout_id=payout.id, items=wanted[payout.id])
    outbox.enqueue(session, "payouts.submit", {"run": run.id}, key=f"payouts.submit:{run.public_id}")
    audit.record(session, actor=actor, brand_id=run.brand_id, action="payout_run.approve", obj=run)


def _refuse_changed_accounts(session: Session, payouts: Collection[Payout]) -> None:
    """What is approved is what was prepared: other payment details since then need another look."""
    methods = methods_of(session, {payout.influencer_id for payout in payouts})
    for payout in payouts:
        method = methods.get(payout.influencer_id)
        if method is None or method.changed_at > payout.created_at:
            raise Refused(
                T(
                    "%(name)s changed their payment details after the run was prepared. "
                    "Cancel the run and prepare it again.",
                    name=payout.payee_name,
                )
            )


def cancel_run(session: Session, actor: Actor, run: PayoutRun) -> None:
    """Take a run back before it is approved; its earnings are payable again."""
    actor.require(Permission.PAYOUT_PREPARE, run.brand_id)
    lifecycle.move(session, run, RunAction.CANCEL, actor=actor)
    run.due_at = None
    for payout in payouts_of(session, run):
        lifecycle.move(session, payout, Action.CANCEL, actor=actor)
        payout.due_at = None
        free(session, payout)
    audit.record(session, actor=actor, brand_id=run.brand_id, action="payout_run.cancel", obj=run)
