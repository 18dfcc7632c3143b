"""Handing an approved run to its rail, and taking down what the rail says of each order.

The key is fixed before the first call: the same run again is the same payment. What the rail
refuses goes back; what nobody knows is asked again with the same key.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from core import clock, lifecycle
from core.accounts.models import Brand
from core.crypto import Keyring, Place, decrypt, encrypt
from core.payouts.booking import payouts_of
from core.payouts.lifecycle import Action, State
from core.payouts.methods import read_iban
from core.payouts.models import Payout, PayoutMethod, PayoutRun
from core.payouts.runs import methods_of
from core.payouts.transfers import fail, record_sent
from core.permissions import SYSTEM
from core.plugin_api.context import Context
from core.plugin_api.payout_rails import Accepted, NeedsAction, Outcome, Payee, PayoutBatch, PayoutOrder, Refused
from core.plugin_api.text import T
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure


class StillUnknown(Exception):
    """The rail has not said what became of an order: the job is tried again with the same key."""


def submit_run(session: Session, host: PluginHost, keyring: Keyring, base_url: str, payload: dict[str, Any]) -> None:
    """The job of an approved run. Orders that are past `processing` are left alone, so it can run twice."""
    run = session.get_one(PayoutRun, payload["run"])
    rail = host.payout_rails.get(run.rail)
    if rail is None:
        raise StillUnknown(f"the rail {run.rail} is not here")
    waiting, orders = _orders(session, keyring, run, base_url)
    if not waiting:
        return
    batch = PayoutBatch(run.public_id, tuple(orders))
    brand = session.get_one(Brand, run.brand_id)
    context = Context(brand=brand.public_id)
    answer = host.call(host.payout_rails.owners[run.rail], rail.submit, context, batch, f"run-{run.public_id}")
    if isinstance(answer, Failure):
        raise StillUnknown(answer.reason.msgid)
    unknown = [p for p in waiting if not _take_down(session, p, answer.get(p.public_id), base_url)]
    if unknown:
        raise StillUnknown(f"{len(unknown)} orders of run {run.public_id} are unknown")


def account_of(keyring: Keyring, payout: Payout) -> str:
    """The IBAN that a payout goes to, as it was when the payout was handed over; empty before."""
    return decrypt(keyring, payout.iban_cipher, _place(payout)) if payout.iban_cipher else ""


def _orders(
    session: Session, keyring: Keyring, run: PayoutRun, base_url: str
) -> tuple[list[Payout], list[PayoutOrder]]:
    """What is still to be handed over. An account that changed after the approval fails its payout."""
    waiting = [payout for payout in payouts_of(session, run) if payout.state == State.PROCESSING]
    methods = methods_of(session, {payout.influencer_id for payout in waiting})
    kept, orders = [], []
    for payout in waiting:
        method = methods.get(payout.influencer_id)
        if method is None or (run.approved_at and method.changed_at > run.approved_at):
            reason = str(T("The bank account was changed after the approval."))
            fail(session, SYSTEM, payout, reason=reason, base_url=base_url)
            continue
        kept.append(payout)
        orders.append(_order(keyring, payout, method))
    return kept, orders


def _order(keyring: Keyring, payout: Payout, method: PayoutMethod) -> PayoutOrder:
    iban = read_iban(keyring, method)
    payout.iban_cipher = encrypt(keyring, iban, _place(payout))
    payee = Payee(
        id=method.public_id,
        name=method.payee_name,
        country=method.country,
        iban=iban,
        bic=method.bic,
        street=f"{method.street} {method.building}".strip(),
        postcode=method.postcode,
        town=method.town,
    )
    return PayoutOrder(reference=payout.public_id, amount=payout.amount, payee=payee)


def _place(payout: Payout) -> Place:
    return Place("payout", "iban_cipher", payout.id)


def _take_down(session: Session, payout: Payout, outcome: Outcome | None, base_url: str) -> bool:
    if isinstance(outcome, NeedsAction):
        lifecycle.move(session, payout, Action.ASK, actor=SYSTEM)
    elif isinstance(outcome, Accepted):
        today = clock.now().date()
        record_sent(session, SYSTEM, payout, reference=outcome.rail_id, sent_on=today, base_url=base_url)
    elif isinstance(outcome, Refused):
        fail(session, SYSTEM, payout, reason=str(outcome.reason), base_url=base_url)
    else:
        return False
    return True
