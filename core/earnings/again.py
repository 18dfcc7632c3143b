"""Another look at what is on hold, once a plugin that was paused is asked again."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import outbox
from core.earnings.models import ComponentHold
from core.plugin_host.pausing import PluginResumed

AGAIN = "earnings.again"


def on_resumed(session: Session, event: PluginResumed) -> None:
    """Let the worker compute every collaboration anew of which something is on hold, each in a job of its own."""
    held = select(ComponentHold.collaboration_id).where(ComponentHold.resolved_at.is_(None)).distinct()
    for collaboration_id in session.scalars(held.order_by(ComponentHold.collaboration_id)):
        outbox.enqueue(session, AGAIN, {"collaboration": collaboration_id})
