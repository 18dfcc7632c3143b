"""Figures that a platform told and that cannot be: below zero, beyond all counting, of a day to come.

Each costs itself alone and stays in view with its reason until a good one of its kind comes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from core import clock
from core.content.models import FigureLeftOut, Post
from core.errors import Invalid
from core.permissions import Actor, Permission
from core.plugin_api.text import Text
from core.plugin_host.purge import PluginPurged, WouldGo
from core.sql import insert_once

KEPT = timedelta(days=90)
LISTED = 20
SHOWN = 10**39
"""Beyond it a number is shown as this one."""
Wrong = Mapping[str, tuple[int, Text]]
"""What was told of a metric, and why it cannot be."""


def wrong_of(error: Invalid, told: Mapping[str, int]) -> Wrong:
    """The figures of a reading that an error is about: one, or all where it is about the moment."""
    of = [error.field] if error.field and error.field in told else list(told)
    return {name: (told[name], error.message) for name in of}


def note(session: Session, post: Post, source: str, wrong: Wrong, good: Collection[str]) -> None:
    """Keep what a source told of a post and cannot be, and forget that of which it told a good figure."""
    mine = FigureLeftOut.post_id == post.id, FigureLeftOut.source == source
    session.execute(delete(FigureLeftOut).where(*mine, FigureLeftOut.metric.in_([*good, *wrong])))
    for metric, (value, why) in wrong.items():
        row = {"brand_id": post.brand_id, "post_id": post.id, "source": source, "metric": metric}
        told = {"value": str(max(min(value, SHOWN), -SHOWN)), "reason": why.to_json(), "told_at": clock.now()}
        insert_once(session, FigureLeftOut, row | told)


def left_out(session: Session, actor: Actor, brand_id: int) -> list[tuple[FigureLeftOut, Post]]:
    """What a brand's platforms told and cannot be, with its post, the latest first: one more than `LISTED` if any."""
    mine = FigureLeftOut.brand_id == brand_id, FigureLeftOut.brand_id.in_(actor.brands_with(Permission.CONTENT_READ))
    latest = (
        select(FigureLeftOut, Post)
        .join(Post, Post.id == FigureLeftOut.post_id)
        .where(*mine, FigureLeftOut.told_at > clock.now() - KEPT)
        .order_by(FigureLeftOut.told_at.desc(), FigureLeftOut.id.desc())
    )
    return [(row, post) for row, post in session.execute(latest.limit(LISTED + 1))]


def on_purged(session: Session, event: PluginPurged) -> None:
    """Forget what the platforms of a plugin told that is gone for good."""
    session.execute(delete(FigureLeftOut).where(_told_by(event)))


def on_look(session: Session, event: WouldGo) -> None:
    """Say how many would go with the plugin."""
    count = select(func.count()).select_from(FigureLeftOut).where(_told_by(event))
    event.found["records not taken"] += session.scalar(count) or 0


def _told_by(event: PluginPurged | WouldGo) -> ColumnElement[bool]:
    return FigureLeftOut.source.in_(event.provides.get("platforms", ()))
