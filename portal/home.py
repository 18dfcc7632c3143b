"""The first page of the portal: whose turn it is, and by when."""

from __future__ import annotations

from typing import Any

from flask import render_template

from core import clock
from core.collaborations import queries
from core.collaborations.lifecycle import State
from core.content import queries as content
from core.payouts import failed
from core.payouts import waiting as payouts
from core.permissions import Permission
from core.tracking import queries as tracking
from core.web.request import actor, db, instance
from portal.face import portal

RUNNING = (State.IN_PROGRESS, State.ON_HOLD, State.DELIVERED)


@portal.get("/", Permission.PORTAL)
def today() -> Any:
    """What waits for this influencer, the soonest first, and what is running."""
    rooms = (queries, content, tracking, payouts)
    waiting = [item for room in rooms for item in room.waiting_for_influencer(db(), actor())]
    waiting += payouts.of_rails(db(), actor(), instance().plugins)
    now = clock.now()
    return render_template(
        "portal/today.html",
        waiting=sorted(waiting, key=lambda item: (item.due_at is None, item.due_at or now)),
        failed=failed.of_payee(db(), actor()),
        running=queries.of_influencer(db(), actor(), RUNNING, limit=20),
        now=now,
    )
