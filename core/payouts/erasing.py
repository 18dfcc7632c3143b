"""Rails forget a payee: each is asked for every brand that it was told of them for, in the worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from core import outbox
from core.accounts.models import Brand
from core.crypto import Keyring
from core.payouts.details import payee_of
from core.payouts.models import Payout, PayoutMethod, PayoutReadiness, PayoutRun
from core.payouts.submit import payee_handed_over
from core.plugin_api.context import Context, NotSupported
from core.plugin_api.payout_rails import Payee, PayoutRail
from core.plugin_host.calls import insist
from core.plugin_host.contexts import context_of
from core.plugin_host.deadlines import Seam
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure

FORGET = "payouts.forget"


@dataclass(frozen=True, slots=True)
class Gone:
    """A payee whom a brand's rail is to forget, as it was told of them last."""

    plugin: str
    rail: PayoutRail
    ctx: Context
    payee: Payee


def ask(session: Session, host: PluginHost, influencer_id: int) -> int:
    """Let the worker ask every rail that was told of an influencer and can forget; how many jobs that takes.

    Call it in the transaction that erases them.
    """
    paid = select(PayoutRun.rail, Payout.brand_id).join(PayoutRun, PayoutRun.id == Payout.payout_run_id)
    known = select(PayoutReadiness.rail, PayoutReadiness.brand_id)
    told = union(
        paid.where(Payout.influencer_id == influencer_id, Payout.payee_cipher != ""),
        known.where(PayoutReadiness.influencer_id == influencer_id),
    )
    jobs = [
        {"rail": rail, "brand": brand_id, "influencer": influencer_id}
        for rail, brand_id in session.execute(told.order_by("brand_id", "rail"))
        if rail in host.payout_rails and host.payout_rails[rail].supports("forget")
    ]
    return sum(outbox.enqueue(session, FORGET, job) for job in jobs)


def gather(session: Session, host: PluginHost, keyring: Keyring, payload: Mapping[str, Any]) -> Gone | None:
    """What asking needs; None when the rail is gone. Close the session before you ask."""
    name, influencer_id = payload["rail"], payload["influencer"]
    rail, payee = host.payout_rails.get(name), None
    if rail is None:
        return None
    last = session.scalar(
        select(Payout)
        .join(PayoutRun, PayoutRun.id == Payout.payout_run_id)
        .where(Payout.brand_id == payload["brand"], Payout.influencer_id == influencer_id, Payout.payee_cipher != "")
        .where(PayoutRun.rail == name)
        .order_by(Payout.id.desc())
        .limit(1)
    )
    method = session.scalar(select(PayoutMethod).where(PayoutMethod.influencer_id == influencer_id))
    if last is not None:
        payee = payee_handed_over(keyring, last)
    elif method is not None:
        payee = payee_of(keyring, method, name, rail)
    if payee is None:
        return None
    plugin = host.payout_rails.owners[name]
    ctx = context_of(session, host, keyring, plugin, session.get_one(Brand, payload["brand"]))
    return Gone(plugin, rail, ctx, payee)


def tell(host: PluginHost, gone: Gone) -> None:
    """Ask a rail to forget, behind the fence; `PluginFailed` when it fails, so that it is asked again."""
    host = host.of(gone.ctx.brand)
    try:
        answer = host.call(
            gone.plugin, gone.rail.forget, gone.ctx, gone.payee, seam=Seam.WORK, passes=(NotSupported,), what="forget"
        )
    except NotSupported:
        return
    if isinstance(answer, Failure):
        insist(answer)
