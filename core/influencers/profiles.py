"""What a platform tells of an account: its followers with their day, beside what a person had entered before."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core import clock, typed
from core.errors import Invalid
from core.influencers.models import Channel
from core.influencers.service import FOLLOWERS_MAX, settle
from core.plugin_api.platforms import Profile


def take_down(session: Session, channel: Channel, connector: str, told: Profile | None) -> None:
    """Keep what a connector told of an account, None when it has no such account; tier and engagement follow.

    The account's `owner` and the owner's `channels` are loaded. What the platform keeps to itself changes nothing.
    """
    today = clock.today()
    channel.gone_since = None if told else channel.gone_since or today
    if told is None:
        return
    channel.told_on, channel.told_name, channel.verified = today, _name(told.name), told.verified
    if told.followers is None or not 0 <= told.followers <= FOLLOWERS_MAX:
        return
    if not channel.told_by:
        channel.typed_followers = channel.followers
    channel.followers, channel.told_by = told.followers, connector
    settle(session, channel.owner)


def _name(text: str) -> str:
    """A name as it can be shown; empty where it would turn the order of the letters."""
    try:
        return typed.text(text)[:120]
    except Invalid:
        return ""
