"""Another look at what is on hold, once a plugin that was paused is asked again, or another version of it is here."""

from __future__ import annotations

from sqlalchemy import and_, exists, false, or_, select
from sqlalchemy.orm import Session

from core import outbox
from core.earnings.models import ComponentHold
from core.outbox import OutboxJob
from core.plugin_host.host import PluginHost
from core.plugin_host.pausing import PluginResumed

AGAIN = "earnings.again"


def on_resumed(session: Session, event: PluginResumed) -> None:
    """Let the worker compute every collaboration anew of which something is on hold, each in a job of its own."""
    held = select(ComponentHold.collaboration_id).where(ComponentHold.resolved_at.is_(None)).distinct()
    for collaboration_id in session.scalars(held.order_by(ComponentHold.collaboration_id)):
        outbox.enqueue(session, AGAIN, {"collaboration": collaboration_id})


def ask_upgraded(session: Session, host: PluginHost) -> None:
    """The same for what another version of its model put on hold than the one that is installed; one statement."""
    other = [
        and_(ComponentHold.model == name, ComponentHold.version != model.version)
        for name, model in host.payment_models.items()
    ]
    asked = exists().where(
        OutboxJob.kind == AGAIN,
        OutboxJob.state.in_(("pending", "running")),
        OutboxJob.payload["collaboration"].as_integer() == ComponentHold.collaboration_id,
    )
    held = select(ComponentHold.collaboration_id).where(
        ComponentHold.resolved_at.is_(None), or_(false(), *other), ~asked
    )
    for collaboration_id in session.scalars(held.distinct().order_by(ComponentHold.collaboration_id)):
        outbox.enqueue(session, AGAIN, {"collaboration": collaboration_id})
