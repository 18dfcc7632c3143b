"""Content may be agreed for a platform that a plugin brings; its name is told wherever the content is."""

# ruff: noqa: F811 - fixtures come from the neighbours

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from core import wiring
from core.campaigns.catalogue import PLATFORMS
from core.collaborations import terms
from core.errors import Invalid
from core.instance import Instance
from core.plugin_host import loader, roll
from core.plugin_host.host import PluginHost
from tests.collaborations import stage as theatre
from tests.databases import statements
from tests.plugin_host.square import Square, now, square  # noqa: F401 - fixtures
from tests.world import World, sign_in

REEL = {"kind": "reel", "platform": "fjord", "quantity": 2}


def test_an_offer_for_a_platform_of_a_plugin(
    square: Square, client: FlaskClient, instance: Instance, committed: World
) -> None:
    with instance.database.write() as session:
        stage = theatre.build(session, committed)
        offer = stage.offer(deliverables=[REEL])
    owner = sign_in(client, "owner")
    assert "2 × Reel, Fjord pictures" in owner.get(f"/admin/collaborations/{offer.public_id}").text
    plan = owner.get(f"/admin/campaigns/{stage.campaign.public_id}/pay").text
    assert '<option value="fjord">Fjord pictures</option>' in plan
    assert list(PLATFORMS).count("instagram") == 1, "a connector of a known platform brings no second word for it"


@pytest.mark.parametrize(("met", "name"), [(True, "Fjord pictures"), (False, "fjord")])
def test_once_its_plugin_is_gone_it_goes_by_the_name_that_is_remembered(
    instance: Instance, square: Square, met: bool, name: str
) -> None:
    terms.checked_deliverables([REEL])
    if met:
        roll.call(instance.database, instance.plugins)
    instance.__dict__["plugins"] = PluginHost(loader.load(loader.find(safe_mode=True)))
    wiring.connect(instance)
    assert str(terms.deliverable_line(REEL)) == f"2 × Reel, {name}"
    with statements(instance.database.engine) as asked:
        assert str(terms.deliverable_line(REEL)) == f"2 × Reel, {name}" and asked == []
    with pytest.raises(Invalid):
        terms.checked_deliverables([REEL])
    assert "csv" not in PLATFORMS, "what only reads tables is no platform"
