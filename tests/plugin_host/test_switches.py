"""Switches are data: off for the installation or for the brand means no new use."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.audit import AuditEntry
from core.errors import Denied, Invalid
from core.plugin_host.service import set_switch, switches
from tests.world import World


def test_off_anywhere_is_off(session: Session, world: World) -> None:
    brand, owner = world.brand.id, world.owner
    assert switches(session, brand) == {}
    set_switch(session, owner, plugin="gifting", enabled=False)
    set_switch(session, owner, plugin="gifting", enabled=True, brand_id=brand)
    set_switch(session, owner, plugin="commission", enabled=False, brand_id=brand)
    assert switches(session, brand) == {"gifting": False, "commission": False}
    assert switches(session, world.other_brand.id) == {"gifting": False}
    set_switch(session, owner, plugin="gifting", enabled=True)
    set_switch(session, owner, plugin="commission", enabled=True, brand_id=brand)
    assert switches(session, brand) == {"gifting": True, "commission": True}
    deeds = session.scalars(select(AuditEntry).where(AuditEntry.action == "plugin.switched")).all()
    assert len(deeds) == 5


def test_each_switch_has_its_own_right(session: Session, world: World) -> None:
    with pytest.raises(Denied):
        set_switch(session, world.outsider, plugin="gifting", enabled=False)
    for stranger in (world.outsider, world.actors["manager"]):
        with pytest.raises(Denied):
            set_switch(session, stranger, plugin="gifting", enabled=False, brand_id=world.brand.id)
    with pytest.raises(Invalid):
        set_switch(session, world.owner, plugin="No such name", enabled=False)
