"""The first page of the admin: what waits for this person, of all rooms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import render_template

from admin.face import admin
from core import clock
from core.campaigns import queries as campaigns
from core.collaborations import queries as collaborations
from core.content import queries as content
from core.earnings import queries as earnings
from core.feeds import queries as feeds
from core.payouts import waiting as payouts
from core.permissions import Permission
from core.plugin_host import waiting as plugins
from core.tracking import held
from core.tracking import queries as tracking
from core.web.request import actor, db, instance

LAST = datetime.max.replace(tzinfo=UTC)


@admin.get("/", Permission.SELF)
def today() -> Any:
    """What waits for this person, the most urgent first; without anything, the next step."""
    who = actor()
    rooms = (collaborations, content, tracking, held, earnings, campaigns)
    found = [row for room in rooms for row in room.waiting(db(), who)]
    found += [row for room in (feeds, payouts, plugins) for row in room.waiting(db(), who, instance().plugins)]
    found.sort(key=lambda row: row.due_at or LAST)
    counts = campaigns.count_by_group(db(), who) if who.may(Permission.CAMPAIGN_READ) else {"": 0}
    return render_template("admin/today.html", waiting=found, counts=counts, now=clock.now())
