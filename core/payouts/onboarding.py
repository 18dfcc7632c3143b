"""How far payees are with rails that want to know them first: asked by the clock and by the payee, never by a page.

Core asks a rail again when a payee's account has changed, from time to time, and when the payee wants to go on. Only
who was let in with the account that they have now is paid by it. The way on is used once and soon: it is shown to the
payee who asked for it, and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from core import clock, outbox
from core.accounts.models import Brand
from core.collaborations.models import Collaboration
from core.crypto import Keyring
from core.errors import Refused
from core.feeds import asking
from core.feeds.faults import Fault
from core.payouts.booking import payouts_of
from core.payouts.details import payee_of
from core.payouts.limits import being_asked
from core.payouts.models import Payout, PayoutMethod, PayoutReadiness, PayoutRun
from core.payouts.told import told
from core.payouts.ways import ways
from core.plugin_api.context import Context
from core.plugin_api.payout_rails import Onboarding, Payee, PayoutRail
from core.plugin_api.text import T, Text
from core.plugin_host.contexts import context_of
from core.plugin_host.host import PluginHost
from core.plugin_host.purge import PluginPurged
from core.sql import insert_once

ASK = "payouts.onboard"
AT_ONCE = 200
MOST_MISSING = 10
FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=10), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Who:
    """A payee of a brand, the rail that is asked of them, and the account that it is asked with."""

    brand_id: int
    influencer_id: int
    plugin: str
    rail: PayoutRail
    ctx: Context
    payee: Payee
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a payee is with a brand's rail; `fault` when the rail could not say."""

    brand: Brand
    rail: str
    title: Text
    missing: Sequence[Text] = ()
    fault: Text | None = None


def curious(host: PluginHost) -> dict[str, PayoutRail]:
    """The rails that want to know payees first, by name."""
    return {name: rail for name, rail in host.payout_rails.items() if rail.supports("onboard")}


def enqueue_due(session: Session, host: PluginHost) -> int:
    """Write a job for each payee of whom a rail is to be asked now; how many are new."""
    new = 0
    paused = host.fence.health.paused
    for name in curious(host):
        if host.payout_rails.owners[name] in paused:
            continue
        for brand_id, influencer_id, asked_at in _due(session, host, name):
            since = f"{asked_at:%Y%m%d%H%M%S}" if asked_at else ""
            key = f"{ASK}:{name}:{brand_id}:{influencer_id}:{since}:{clock.now():%Y%m%d%H}"
            payload = {"rail": name, "brand": brand_id, "influencer": influencer_id}
            new += outbox.enqueue(session, ASK, payload, key)
    return new


def _due(session: Session, host: PluginHost, rail: str) -> Iterator[tuple[int, int, datetime | None]]:
    """Those with an account who work for a brand that pays by the rail, and were not asked for or are again."""
    c, m, r = Collaboration, PayoutMethod, PayoutReadiness
    same = and_(r.brand_id == c.brand_id, r.influencer_id == c.influencer_id, r.rail == rail)
    wanted = (
        select(c.brand_id, m.influencer_id, r.asked_at)
        .join(m, m.influencer_id == c.influencer_id)
        .outerjoin(r, same)
        .where(or_(r.id.is_(None), r.changed_at != m.changed_at, r.next_at <= clock.now()))
        .distinct()
    )
    brands = session.scalars(select(Brand).where(Brand.id.in_(wanted.with_only_columns(c.brand_id)))).all()
    open_to = [brand.id for brand in brands if _pays(session, host, brand, rail)]
    if open_to:
        some = wanted.where(c.brand_id.in_(open_to)).order_by(c.brand_id, m.influencer_id).limit(AT_ONCE)
        yield from session.execute(some)


def _pays(session: Session, host: PluginHost, brand: Brand, rail: str) -> bool:
    way = ways(session, host, brand).get(rail)
    return way is not None and way.fault is None


def gather(session: Session, host: PluginHost, keyring: Keyring, payload: Mapping[str, Any]) -> Who | None:
    """What asking needs; None when the rail is gone, the brand pays by it no longer or works not with them.

    Close the session before you ask.
    """
    brand_id, influencer_id, name = payload["brand"], payload["influencer"], payload["rail"]
    rail = curious(host).get(name)
    method = session.scalar(select(PayoutMethod).where(PayoutMethod.influencer_id == influencer_id))
    here = Collaboration.brand_id == brand_id, Collaboration.influencer_id == influencer_id
    if rail is None or method is None or session.scalar(select(Collaboration.id).where(*here).limit(1)) is None:
        return None
    brand = session.get_one(Brand, brand_id)
    if not _pays(session, host, brand, name):
        return None
    plugin = host.payout_rails.owners[name]
    ctx = context_of(session, host, keyring, plugin, brand)
    return Who(brand_id, influencer_id, plugin, rail, ctx, payee_of(keyring, method, name, rail), method.changed_at)


def ask(host: PluginHost, who: Who) -> Onboarding | Fault:
    """Ask the rail, behind the fence; `Later` while its plugin is paused."""
    host = host.of(who.ctx.brand)
    return asking.ask(host, who.plugin, _checked, who.rail, who.ctx, who.payee, returns=Onboarding, what="onboard")


def _checked(rail: PayoutRail, ctx: Context, payee: Payee) -> Onboarding:
    found = rail.onboard(ctx, payee)
    if not isinstance(found, Onboarding) or type(found.ready) is not bool:
        raise TypeError("how far a payee is comes as Onboarding(ready=True or False)")
    missing = tuple(found.missing)[:MOST_MISSING]
    if not all(isinstance(one, Text) for one in missing):
        raise TypeError("what is missing is told as Text")
    return replace(found, missing=tuple(Text.from_json(told(one)) for one in missing))


def record(session: Session, who: Who, answer: Onboarding | Fault) -> None:
    """Take down how far a payee is; when the rail could not say, what was known of the same account stays."""
    place = {"brand_id": who.brand_id, "influencer_id": who.influencer_id, "rail": who.rail.name}
    fresh = {"plugin": who.plugin, "asked_at": clock.now(), "next_at": clock.now(), "changed_at": who.changed_at}
    insert_once(session, PayoutReadiness, place | fresh)
    row = session.scalars(select(PayoutReadiness).filter_by(**place).with_for_update()).one()
    if row.changed_at > who.changed_at:
        return  # of an account that is no more
    if isinstance(answer, Fault):
        row.ready = row.ready and row.changed_at == who.changed_at
        row.fault = told(answer.message)
    else:
        row.ready, row.fault = answer.ready, None
        row.missing = [] if answer.ready else [told(one) for one in answer.missing]
    row.plugin, row.asked_at, row.changed_at = who.plugin, clock.now(), who.changed_at
    well = row.ready and not row.fault
    row.tries = 0 if well else row.tries + 1
    row.next_at = clock.now() + (LONGEST_DELAY if well else _delay(row.tries))


def _delay(tries: int) -> timedelta:
    delay: timedelta = FIRST_DELAY * 2 ** min(tries - 1, 10)
    return min(delay, LONGEST_DELAY)


def let_in(session: Session, host: PluginHost, brand_id: int, rail: str) -> Mapping[int, Text | None] | None:
    """By payee why a brand's rail cannot pay them yet, None for who is let in; who is left out is still asked for.

    None for a rail that wants to know nobody.
    """
    title = curious(host)[rail].title if rail in curious(host) else None
    if title is None:
        return None
    rows = session.scalars(_now().where(PayoutReadiness.brand_id == brand_id, PayoutReadiness.rail == rail))
    return {row.influencer_id: _why(row, title) for row in rows}


def ask_before(session: Session, run: PayoutRun) -> None:
    """Let the rail of a prepared run be asked again for those whom it pays, before somebody approves it."""
    paid = select(Payout.influencer_id).where(Payout.payout_run_id == run.id)
    theirs = PayoutReadiness.brand_id == run.brand_id, PayoutReadiness.rail == run.rail
    due = update(PayoutReadiness).where(*theirs, PayoutReadiness.influencer_id.in_(paid))
    session.execute(due.values(next_at=clock.now()))


def insist(session: Session, host: PluginHost, run: PayoutRun) -> None:
    """Raise `Refused` when the rail of a run cannot pay somebody in it any more."""
    known = let_in(session, host, run.brand_id, run.rail)
    if known is None:
        return
    unasked = being_asked(host.payout_rails[run.rail].title)
    for payout in payouts_of(session, run):
        if why := known.get(payout.influencer_id, unasked):
            raise Refused(
                T("Cancel the run and prepare it again. %(name)s: %(reason)s", name=payout.payee_name, reason=why)
            )


def of_payee(session: Session, host: PluginHost, influencer_id: int | None) -> list[Standing]:
    """Where an influencer has to go on before brands can pay them, by brand; no statement where no rail asks."""
    rails = curious(host)
    if not rails:
        return []
    mine = PayoutReadiness.influencer_id == influencer_id, PayoutReadiness.rail.in_(rails), ~PayoutReadiness.ready
    rows = session.scalars(_now().where(*mine).order_by(PayoutReadiness.brand_id, PayoutReadiness.rail)).all()
    brands = {row.id: row for row in session.scalars(select(Brand).where(Brand.id.in_({r.brand_id for r in rows})))}
    return [
        Standing(brands[row.brand_id], row.rail, rails[row.rail].title, _texts(row), row.why)
        for row in rows
        if _pays(session, host, brands[row.brand_id], row.rail)
    ]


def on_purged(session: Session, event: PluginPurged) -> None:
    """Forget how far payees were with the rails of a plugin that is gone for good."""
    session.execute(delete(PayoutReadiness).where(PayoutReadiness.plugin == event.plugin))


def _now() -> Any:
    """What was asked with the accounts that payees have now."""
    same = PayoutMethod.influencer_id == PayoutReadiness.influencer_id
    return select(PayoutReadiness).join(PayoutMethod, same).where(PayoutReadiness.changed_at == PayoutMethod.changed_at)


def _texts(row: PayoutReadiness) -> list[Text]:
    return [Text.from_json(one) for one in row.missing]


def _why(row: PayoutReadiness, title: Text) -> Text | None:
    if row.ready:
        return None
    if row.why:
        return T("%(rail)s could not be asked about them: %(reason)s", rail=title, reason=row.why)
    missing = _texts(row)
    if not missing:
        return T("%(rail)s asks them for more first: the influencer goes on in the portal.", rail=title)
    listed = Text(", ".join(f"%(_{n})s" for n in range(len(missing))), {f"_{n}": one for n, one in enumerate(missing)})
    return T("%(rail)s asks them for more first, in the portal: %(missing)s", rail=title, missing=listed)
