"""Who reacts to what: the one table of subscriptions, job handlers and duties of time.

Lower rooms publish events and ask for objections; upper rooms are named here and nowhere else.
Reactions are plain functions of this module, so that connecting twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from core import clock, events, files, i18n, observers, outbox, permissions, schedule
from core.accounts.models import Brand
from core.campaigns.catalogue import PLATFORMS
from core.campaigns.events import BudgetChanged, CampaignCancelled, MayCompleteCampaign
from core.collaborations import reactions
from core.collaborations import service as offers
from core.collaborations import use as collaborations_use
from core.collaborations.events import (
    CollaborationEnded,
    CollaborationPaused,
    CollaborationResumed,
    ContractSigned,
    MayComplete,
)
from core.content import drafts, labels, measuring, unlikely
from core.content.events import DeliverableApproved, MetricsRecorded, PostReported, PostVerified
from core.content.models import Post
from core.earnings import again, changed, periods, sold
from core.earnings import service as earnings
from core.feeds import due
from core.feeds import service as feeds
from core.feeds.kinds import METRICS, ORDERS, PROFILES
from core.influencers import importing, profiles
from core.influencers.importing import Importer
from core.payouts import erasing, onboarding, submit, todo
from core.payouts import use as payouts_use
from core.plugin_api.payment_models import MetricReading
from core.plugin_host import forgetting, naming, roll
from core.plugin_host.additions import folder_of
from core.plugin_host.host import PluginHost
from core.plugin_host.pausing import PluginResumed
from core.plugin_host.purge import MayPurge, PluginPurged, WouldGo
from core.tracking import arriving, codes, deciding, fetching, gifts
from core.tracking.events import GiftDelivered, SaleCredited, SaleRefunded

if TYPE_CHECKING:
    from core.instance import Instance
    from core.plugin_api.text import Text

EARNING: tuple[type[Any], ...] = (
    ContractSigned,
    DeliverableApproved,
    GiftDelivered,
    CollaborationPaused,
    CollaborationEnded,
)
RAIL_LEASE = timedelta(minutes=5)
PLATFORM_LEASE = timedelta(minutes=12)
PLATFORM_JOBS: tuple[tuple[Any, ...], ...] = (
    (METRICS.job, measuring.gather, measuring.ask, measuring.record),
    (PROFILES.job, profiles.gather, profiles.ask, profiles.record),
    (profiles.ASK, profiles.gather_one, profiles.ask_one, profiles.record_one),
    (labels.ASK, labels.gather, labels.ask, labels.record),
)
_installations: WeakValueDictionary[Engine, Instance] = WeakValueDictionary()
_last: Instance | None = None


class OfCollaboration(Protocol):
    """An event that names its collaboration."""

    @property
    def collaboration_id(self) -> int:
        """Which one."""


def connect(instance: Instance) -> None:
    """Subscribe every room for an installation; each works for the one whose database its session is of."""
    global _last
    _installations[instance.database.engine] = _last = instance
    outbox.register("mail.send", _send_mail, outside=True)
    outbox.register("payouts.submit", _submit_payouts)
    outbox.register(files.SWEEP, _sweep_files)
    outbox.register(outbox.SWEEP, _sweep_outbox)
    outbox.register(submit.HAND_OVER, _hand_over, outside=True, lease=RAIL_LEASE)
    outbox.register(todo.LOOK, _hand_over, outside=True, lease=RAIL_LEASE)
    rail_steps = onboarding.gather, onboarding.ask, onboarding.record
    outbox.register(onboarding.ASK, _aside(*rail_steps), outside=True, lease=RAIL_LEASE)
    outbox.register(ORDERS.job, _fetch_orders, outside=True, lease=fetching.LEASE)
    importing.connect(lambda session: Importer(here(session).files, here(session).keyring))
    events.subscribe(BudgetChanged, _give_room)
    events.subscribe(CampaignCancelled, _end_collaborations)
    events.subscribe(ContractSigned, drafts.on_signed)
    events.subscribe(ContractSigned, _track)
    events.subscribe(ContractSigned, _begin_months)
    events.subscribe(CollaborationPaused, _cut_month)
    events.subscribe(CollaborationResumed, _count_on)
    events.subscribe(CollaborationEnded, _cut_month)
    events.subscribe(CollaborationEnded, drafts.on_ended)
    events.subscribe(CollaborationEnded, gifts.on_ended)
    events.guard(MayComplete, drafts.objections)
    events.guard(MayComplete, earnings.may_complete)
    events.guard(MayCompleteCampaign, reactions.still_running)
    events.guard(MayCompleteCampaign, earnings.may_complete_campaign)
    events.guard(MayComplete, gifts.objections)
    events.guard(MayComplete, deciding.objections)
    events.guard(MayCompleteCampaign, deciding.objections_of_campaign)
    for job, *steps in PLATFORM_JOBS:
        outbox.register(job, _aside(*steps), outside=True, lease=PLATFORM_LEASE)
    events.subscribe(PostReported, _ask_label_soon)
    for kind in EARNING:
        events.subscribe(kind, _earn)
    for kind in (PostVerified, MetricsRecorded):
        events.subscribe(kind, _earn_by_readings)
    events.subscribe(SaleCredited, _earn_by_sales)
    events.subscribe(SaleRefunded, _take_back)
    _welcome(instance.plugins)
    _name_all(instance)


def _welcome(host: PluginHost) -> None:
    """Let the plugins' rights be known, their words spoken, their observers told and their jobs run."""
    permissions.grant({name: spec.roles for name, spec in host.permissions.items()})
    for name, record in host.active.items():
        if record.plugin and not record.in_the_box and (folder := folder_of(record.plugin)):
            i18n.add_domain(name, folder / "translations")
    for kind in observers.TOLD:
        events.subscribe(kind, _observe)
    outbox.register(observers.TELL, _tell, outside=True, lease=observers.LEASE)
    outbox.register(schedule.RUN, _run_job, outside=True, lease=schedule.LEASE)
    events.subscribe(PluginResumed, again.on_resumed)
    outbox.register(again.AGAIN, _earn_again)
    events.subscribe(roll.PaymentModelsChanged, changed.on_changed)
    events.guard(MayPurge, collaborations_use.objections)
    events.guard(MayPurge, payouts_use.objections)
    events.subscribe(PluginPurged, feeds.on_purged)
    events.subscribe(PluginPurged, onboarding.on_purged)
    events.subscribe(WouldGo, payouts_use.count)
    for room in (arriving, unlikely):
        events.subscribe(PluginPurged, room.on_purged)
        events.subscribe(WouldGo, room.on_look)
    events.subscribe(PluginPurged, _forget_details)
    outbox.register(forgetting.FORGET, _forget, outside=True, lease=observers.LEASE)
    outbox.register(erasing.FORGET, _forget_payee, outside=True, lease=observers.LEASE)


def _name_all(instance: Instance) -> None:
    """Let the plugins' platforms be known, and what all was called that is gone; that is looked up once."""

    @cache
    def recall(kind: str) -> Mapping[str, Text]:
        with instance.database.session() as session:
            return naming.remembered(session, kind)

    instance.plugins.recall = recall
    brought = filter(profiles.is_platform, instance.plugins.platforms.values())
    known = {profiles.platform_of(connector): connector.title for connector in brought}
    PLATFORMS.know(known, partial(recall, "platforms"))


def here(session: Session) -> Instance:
    """The installation whose database a session is of; of an unknown database, the one that was connected last."""
    found = _installations.get(session.get_bind().engine) or _last
    if found is None:
        raise RuntimeError("nothing is connected yet")
    return found


def plugins(session: Session) -> PluginHost:
    """The plugins of that installation."""
    return here(session).plugins


def _forget_details(session: Session, event: PluginPurged) -> None:
    payouts_use.on_purged(session, here(session).keyring, event)


def _end_collaborations(session: Session, event: CampaignCancelled) -> None:
    reactions.on_cancelled(session, event, here(session).settings.base_url)


def _give_room(session: Session, event: BudgetChanged) -> None:
    reactions.on_budget(session, event, here(session).settings.base_url)


def _track(session: Session, event: OfCollaboration) -> None:
    codes.make_code(session, event.collaboration_id)
    gifts.create_gifts(session, event.collaboration_id, base_url=here(session).settings.base_url)


def _begin_months(session: Session, event: OfCollaboration) -> None:
    periods.begin(session, plugins(session), event.collaboration_id)


def _cut_month(session: Session, event: OfCollaboration) -> None:
    periods.interrupt(session, plugins(session), event.collaboration_id)


def _count_on(session: Session, event: OfCollaboration) -> None:
    periods.resume(session, plugins(session), event.collaboration_id)


def _earn(session: Session, event: OfCollaboration) -> None:
    earnings.recompute(session, plugins(session), event.collaboration_id)


def _earn_by_readings(session: Session, event: OfCollaboration) -> None:
    if earnings.wants(session, plugins(session), event.collaboration_id, MetricReading):
        _earn(session, event)


def _earn_by_sales(session: Session, event: SaleCredited) -> None:
    sold.book_sales(session, plugins(session), event.collaboration_id, event.sale_ids, new=True)


def _take_back(session: Session, event: SaleRefunded) -> None:
    sold.book_sales(session, plugins(session), event.collaboration_id, event.sale_ids, new=False)


def _earn_again(session: Session, payload: dict[str, Any]) -> None:
    earnings.recompute(session, plugins(session), payload["collaboration"])


def _sweep_files(session: Session, payload: dict[str, Any]) -> None:
    files.sweep(session, here(session).files)


def _sweep_outbox(session: Session, payload: dict[str, Any]) -> None:
    outbox.sweep(session, schedule.long_runs(session, plugins(session)))


def _send_mail(session: Session, payload: dict[str, Any]) -> object:
    return here(session).postman.deliver(session, payload)


def _submit_payouts(session: Session, payload: dict[str, Any]) -> None:
    of = here(session)
    submit.submit_run(session, of.plugins, of.keyring, of.settings.base_url, payload)


def _hand_over(session: Session, payload: dict[str, Any]) -> Callable[[Session], None] | None:
    of = here(session)
    what = submit.gather(session, of.plugins, of.keyring, payload)
    session.close()  # nothing of the database is held while the rail is asked
    if what is None:
        return None
    answer = submit.ask(of.plugins, what)
    house = submit.House(of.keyring, of.files, of.settings.base_url)
    return lambda writing: submit.record(writing, house, what, answer)


def _fetch_orders(session: Session, payload: dict[str, Any]) -> None:
    of = here(session)
    fetching.run(session, of.database, of.plugins, of.keyring, payload)


def _ask_label_soon(session: Session, event: PostReported) -> None:
    labels.ask_soon(session, plugins(session), session.get_one(Post, event.post_id))


def _aside(gather: Callable[..., Any], ask: Callable[..., Any], record: Callable[..., None]) -> outbox.Handler:
    """A job that reads what it needs, asks while nothing of the database is held, and then writes the answer down."""

    def run(session: Session, payload: dict[str, Any]) -> Callable[[Session], None] | None:
        of = here(session)
        what = gather(session, of.plugins, of.keyring, payload)
        session.close()
        if what is None:
            return None
        answer = ask(of.plugins, what)
        return lambda writing: record(writing, what, answer)

    return run


def _observe(session: Session, event: object) -> None:
    observers.observe(session, plugins(session), event)


def _tell(session: Session, payload: dict[str, Any]) -> None:
    observers.tell(session, plugins(session), here(session).keyring, payload)


def _forget(session: Session, payload: dict[str, Any]) -> None:
    public = payload["brand"]
    brand = session.scalars(select(Brand).where(Brand.public_id == public)).one() if public else None
    forgetting.run(session, plugins(session), here(session).keyring, payload, brand)


def _forget_payee(session: Session, payload: dict[str, Any]) -> None:
    of = here(session)
    gone = erasing.gather(session, of.plugins, of.keyring, payload)
    session.close()  # nothing of the database is held while the rail is asked
    if gone is not None:
        erasing.tell(of.plugins, gone)


def _run_job(session: Session, payload: dict[str, Any]) -> None:
    schedule.run(session, plugins(session), here(session).keyring, payload)


def tick(instance: Instance) -> None:
    """What time alone brings about, each minute: offers expire, holds end, plugins' jobs and feeds come due."""
    with instance.database.write() as session:
        offers.expire_due(session, instance.settings.base_url)
        for collaboration_id in periods.close_due(session, instance.plugins):
            outbox.enqueue(session, again.AGAIN, {"collaboration": collaboration_id})
        again.ask_upgraded(session, instance.plugins)
        earnings.release_due(session)
        for daily in (files.SWEEP, outbox.SWEEP):
            outbox.enqueue(session, daily, {}, key=f"{daily}:{clock.now():%Y-%m-%d}")
    if not instance.settings.safe_mode:
        roll.call(instance.database, instance.plugins)
    if instance.plugins.jobs():
        with instance.database.write() as session:
            schedule.enqueue_due(session, instance.plugins)
    if onboarding.curious(instance.plugins):
        with instance.database.write() as session:
            onboarding.enqueue_due(session, instance.plugins)
    if due.asked(instance.plugins):
        with instance.database.write() as session:
            due.enqueue_due(session, instance.plugins)
