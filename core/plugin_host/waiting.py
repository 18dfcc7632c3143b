"""What waits for whoever runs the installation: plugins that are gone and still in use."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from core import events
from core.permissions import Actor, Permission
from core.plugin_api.text import T
from core.plugin_host.host import PluginHost
from core.plugin_host.models import PluginEntry, PluginSetting
from core.plugin_host.purge import MayPurge
from core.plugin_host.roll import consequences
from core.waiting import Waiting


def waiting(session: Session, actor: Actor, host: PluginHost) -> list[Waiting]:
    """One for each plugin that is gone and that something goes on by, or that somebody set up; one statement if none.

    It ends when the plugin is back, or purged.
    """
    if not actor.may(Permission.SITE_ADMIN):
        return []
    gone = session.scalars(select(PluginEntry).where(PluginEntry.gone_at.is_not(None)).order_by(PluginEntry.gone_at))
    there = {record.name for record in host.records.values()}
    return [
        Waiting(
            T("Install the plugin %(plugin)s again", plugin=entry.title),
            consequences(entry)[-1],
            entry.gone_at,
            "admin.plugin_installation",
            {"name": entry.plugin},
        )
        for entry in gone
        if entry.plugin not in there and _in_use(session, entry)
    ]


def _in_use(session: Session, entry: PluginEntry) -> bool:
    if events.objections(session, MayPurge(entry.plugin, entry.provides)):
        return True
    return bool(session.scalar(select(exists().where(PluginSetting.plugin == entry.plugin))))
