"""Switching plugins on and off, as data and without a restart."""

from __future__ import annotations

from collections.abc import Collection

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
    return switches_of(session, {brand_id})[brand_id]


def switches_of(session: Session, brand_ids: Collection[int | None]) -> dict[int | None, dict[str, bool]]:
    """The switches of several brands in one statement; None stands for the installation alone."""
    named = PluginSwitch.brand_id.in_([brand for brand in brand_ids if brand is not None])
    found = session.scalars(select(PluginSwitch).where(or_(PluginSwitch.brand_id.is_(None), named))).all()
    answer: dict[int | None, dict[str, bool]] = {brand: {} for brand in brand_ids}
    for brand, told in answer.items():
        for switch in found:
            if switch.brand_id in (None, brand):
                told[switch.plugin] = told.get(switch.plugin, True) and switch.enabled
    return answer
