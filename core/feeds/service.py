"""What a person does about a feed."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core import audit, clock
from core.errors import Missing, Refused
from core.feeds.due import asked, enqueue
from core.feeds.models import Feed
from core.permissions import Actor, Permission
from core.plugin_api.text import T
from core.plugin_host.host import PluginHost
from core.plugin_host.purge import PluginPurged
from core.plugin_host.service import switches


def get_feed(session: Session, actor: Actor, public_id: str) -> Feed:
    """A feed of a brand whose sales the actor sees; another's is `Missing`."""
    mine = Feed.brand_id.in_(actor.brands_with(Permission.SALES_READ))
    feed = session.scalar(select(Feed).where(Feed.public_id == public_id, mine))
    if feed is None:
        raise Missing(T("There is no such connection."))
    return feed


def on_purged(session: Session, event: PluginPurged) -> None:
    """Forget how far a plugin had come that is gone for good."""
    session.execute(delete(Feed).where(Feed.plugin == event.plugin))


def ask_now(session: Session, actor: Actor, host: PluginHost, feed: Feed) -> None:
    """Let the worker ask a feed next, whatever it waits for; `Refused` where nobody can be asked."""
    actor.require(Permission.SALES_EDIT, feed.brand_id)
    same = (feed.kind, feed.name, feed.what)
    found = next(((kind, rec) for kind, name, rec in asked(host) if (kind.kind, name, kind.what) == same), None)
    if found is None or not switches(session, feed.brand_id).get(found[1].name, True):
        raise Refused(T("The plugin of this connection is switched off or gone."))
    feed.next_at = clock.now()
    session.flush()
    enqueue(session, found[0], feed)
    detail = {"source": feed.name, "what": feed.what}
    audit.record(session, actor=actor, brand_id=feed.brand_id, action="feed.ask", obj=feed, detail=detail)
