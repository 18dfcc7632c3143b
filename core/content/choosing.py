"""The latest posts of an influencer as their platform tells them: one is chosen instead of typing its address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import Brand
from core.collaborations.models import Collaboration
from core.content.live import is_address
from core.content.models import Deliverable
from core.crypto import Keyring
from core.feeds import asking
from core.feeds.faults import Fault
from core.feeds.reach import Reach, able, reachable
from core.influencers.models import Channel
from core.influencers.profiles import platform_of
from core.outbox import Later
from core.plugin_api.context import Context, Page
from core.plugin_api.platforms import PlatformConnector, Post
from core.plugin_host.deadlines import Seam
from core.plugin_host.host import PluginHost

KIND, METHOD = "platforms", "posts"
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """An account of the influencer's and the connector that reads it."""

    reach: Reach
    handle: str


def can_show(session: Session, host: PluginHost, deliverable: Deliverable) -> bool:
    """Whether a connector of the brand's can list the posts of an account where the deliverable belongs."""
    known = {platform_of(one) for one in able(session, host, deliverable.brand_id, KIND, METHOD).values()}
    return deliverable.platform in known and bool(_handles(session, deliverable))


def gather(session: Session, host: PluginHost, keyring: Keyring, deliverable: Deliverable) -> list[Asked]:
    """Whom to ask. Close the session before you ask."""
    brand = session.get_one(Brand, deliverable.brand_id)
    reaches = reachable(session, host, keyring, brand, KIND, METHOD)
    handles = _handles(session, deliverable)
    return [Asked(r, handle) for r in reaches if platform_of(r.provider) == deliverable.platform for handle in handles]


def latest(host: PluginHost, asked: Sequence[Asked]) -> list[Post] | None:
    """The newest posts of the first account whose platform answers; None when none does. Somebody waits for it."""
    for one in asked:
        provider, ctx = one.reach.provider, one.reach.ctx
        question = (provider, ctx, one.handle)
        try:
            found = asking.ask(
                host.of(ctx.brand), one.reach.plugin, _posts, *question, returns=list, what=METHOD, seam=Seam.PAGE
            )
        except Later:
            continue
        if not isinstance(found, Fault):
            return found
    return None


def _handles(session: Session, deliverable: Deliverable) -> list[str]:
    statement = (
        select(Channel.handle)
        .join(Collaboration, Collaboration.relationship_id == Channel.relationship_id)
        .where(Collaboration.id == deliverable.collaboration_id, Channel.platform == deliverable.platform)
    )
    return list(session.scalars(statement.order_by(Channel.id)))


def _posts(connector: PlatformConnector, ctx: Context, account: str) -> list[Post]:
    """Those of the first page that can be chosen; runs behind the fence."""
    page: Page[Post] = connector.posts(ctx, account, None)
    return [post for post in page.records if is_address(post.url)][:SHOWN]
