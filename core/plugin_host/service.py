"""Switching plugins on and off, as data and without a restart."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import audit
from core.errors import Invalid
from core.permissions import Actor, Permission
from core.plugin_api.contract import NAME
from core.plugin_api.text import T
from core.plugin_host.models import PluginSwitch


def set_switch(
    session: Session, actor: Actor, *, plugin: str, enabled: bool, brand_id: int | None = None
) -> PluginSwitch:
    """Turn a plugin on or off for a brand, or for the installation. Running agreements go on either way."""
    if brand_id is None:
        actor.require(Permission.SITE_ADMIN)
    else:
        actor.require(Permission.PLUGINS_SWITCH, brand_id)
    if not NAME.fullmatch(plugin):
        raise Invalid(T("There is no such plugin."), "plugin")
    query = select(PluginSwitch).where(
        PluginSwitch.plugin == plugin, PluginSwitch.brand_id.is_not_distinct_from(brand_id)
    )
    switch = session.scalars(query).one_or_none()
    if switch is None:
        switch = PluginSwitch(brand_id=brand_id, plugin=plugin)
        session.add(switch)
    switch.enabled = enabled
    session.flush()
    detail = {"plugin": plugin, "enabled": enabled}
    audit.record(session, actor=actor, brand_id=brand_id, action="plugin.switched", obj=switch, detail=detail)
    return switch


def switches(session: Session, brand_id: int | None) -> dict[str, bool]:
    """Which plugins are on for a brand: off when the installation or the brand says off; no entry means on."""
    query = select(PluginSwitch).where(or_(PluginSwitch.brand_id.is_(None), PluginSwitch.brand_id == brand_id))
    answer: dict[str, bool] = {}
    for switch in session.scalars(query):
        answer[switch.plugin] = answer.get(switch.plugin, True) and switch.enabled
    return answer
