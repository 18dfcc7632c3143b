"""Plugins are told what became true: written to the outbox with the deed, handed over by the worker.

Each observer has a job of its own, so that one that fails is tried again alone. Without observers nothing is
read or written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock, outbox
from core.accounts.models import Brand
from core.campaigns.events import CampaignLaunched
from core.campaigns.models import Campaign
from core.collaborations.events import ContractSigned
from core.collaborations.models import Collaboration
from core.content.events import ContentDecided
from core.content.models import Deliverable, Submission
from core.crypto import Keyring
from core.payouts import booking
from core.payouts.events import PayoutSettled
from core.payouts.models import Payout
from core.plugin_api import observations as told
from core.plugin_api.observations import Observation, from_json, to_json
from core.plugin_host.calls import insist
from core.plugin_host.contexts import context_of
from core.plugin_host.data import lend
from core.plugin_host.host import PluginHost
from core.plugin_host.service import switches
from core.tracking.events import SaleCredited
from core.tracking.models import Sale

TELL = "plugins.tell"
LEASE = timedelta(minutes=5)
SOUGHT = 1_000
BATCH = 100
"""Observations in one job: enough to be quick with a long import, few enough for a lease."""


def observe(session: Session, host: PluginHost, event: object) -> None:
    """Write a job for each observer of what an event tells, in the event's own transaction."""
    hook, look = TOLD[type(event)]
    observers = host.observers(hook)
    seen = list(look(session, event)) if observers else []
    for start in range(0, len(seen), BATCH):
        events = [to_json(one) for one in seen[start : start + BATCH]]
        for plugin in observers:
            outbox.enqueue(session, TELL, {"plugin": plugin, "hook": hook, "events": events})


def tell(session: Session, host: PluginHost, keyring: Keyring, payload: dict[str, Any]) -> None:
    """Hand a job's observations over, in order; `PluginFailed` at the first that the plugin fails at."""
    plugin, hook = payload["plugin"], payload["hook"]
    events = [from_json(hook, data) for data in payload["events"]]
    brand = session.scalars(select(Brand).where(Brand.public_id == events[0].brand)).one()
    if plugin not in host.observers(hook) or not switches(session, brand.id).get(plugin, True):
        return
    ctx = context_of(session, host, keyring, plugin, brand)  # what one deed brings about is in one brand
    session.close()  # nothing of the database is held while a plugin works
    for event in events:
        insist(lend(host, session.get_bind(), plugin, ctx, partial(host.tell, plugin, hook, event)))


def _published(session: Session, event: CampaignLaunched) -> Iterator[Observation]:
    row = session.execute(
        select(Brand.public_id, Campaign.public_id).join(Campaign).where(Campaign.id == event.campaign_id)
    )
    for brand, campaign in row:
        yield told.CampaignPublished(
            id=f"campaign.published:{campaign}", at=clock.now(), brand=brand, campaign=campaign
        )


def _agreed(session: Session, event: ContractSigned) -> Iterator[Observation]:
    (place,) = _places(session, [event.collaboration_id]).values()
    yield told.CollaborationAgreed(id=f"collaboration.agreed:{place['collaboration']}", at=clock.now(), **place)


def _decided(session: Session, event: ContentDecided) -> Iterator[Observation]:
    (place,) = _places(session, [event.collaboration_id]).values()
    submission, deliverable = session.execute(
        select(Submission.public_id, Deliverable.public_id)
        .join(Deliverable, Deliverable.id == Submission.deliverable_id)
        .where(Submission.id == event.submission_id)
    ).one()
    yield told.ContentDecided(
        id=f"content.decided:{submission}", at=clock.now(), deliverable=deliverable, decision=event.decision, **place
    )


def _attributed(session: Session, event: SaleCredited) -> Iterator[Observation]:
    (place,) = _places(session, [event.collaboration_id]).values()
    for start in range(0, len(event.sale_ids), SOUGHT):
        ids = event.sale_ids[start : start + SOUGHT]
        for sale in session.scalars(select(Sale).where(Sale.id.in_(ids)).order_by(Sale.id)):
            yield told.SaleAttributed(
                id=f"sale.attributed:{sale.public_id}",
                at=clock.now(),
                order=sale.external_id,
                amount=sale.counted,
                **place,
            )


def _settled(session: Session, event: PayoutSettled) -> Iterator[Observation]:
    became = "settled" if event.received else "failed"  # what was received may still come back
    payout = session.get_one(Payout, event.payout_id)
    items = booking.items(session, payout)
    for collaboration, place in _places(session, items).items():
        yield told.PayoutSettled(
            id=f"payout.{became}:{payout.public_id}:{payout.attempt}:{place['collaboration']}", at=clock.now(),
            payout=payout.public_id, amount=items[collaboration], received=event.received, **place,
        )  # fmt: skip


def _places(session: Session, collaborations: Collection[int]) -> dict[int, dict[str, str]]:
    rows = session.execute(
        select(Collaboration.id, Collaboration.public_id, Campaign.public_id, Brand.public_id)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .join(Brand, Brand.id == Collaboration.brand_id)
        .where(Collaboration.id.in_(collaborations))
        .order_by(Collaboration.id)
    )
    return {key: {"collaboration": own, "campaign": campaign, "brand": brand} for key, own, campaign, brand in rows}


TOLD: dict[type, tuple[str, Callable[[Session, Any], Iterator[Observation]]]] = {
    CampaignLaunched: ("on_campaign_published", _published),
    ContractSigned: ("on_collaboration_agreed", _agreed),
    ContentDecided: ("on_content_decided", _decided),
    SaleCredited: ("on_sale_attributed", _attributed),
    PayoutSettled: ("on_payout_settled", _settled),
}
"""Which hook hears of an event, and how the event is told: by public ids, without personal data."""
