"""Without plugins that add something, core's pages pay nothing for the places where they could stand."""

from __future__ import annotations

from flask.testing import FlaskClient

from core.instance import Instance
from tests.databases import statements
from tests.world import World, sign_in


def test_no_plugin_no_statement(client: FlaskClient, committed: World, instance: Instance) -> None:
    sign_in(client, "owner")
    client.get("/admin/")
    with statements(instance.database.engine) as seen:
        assert client.get("/admin/").status_code == 200
    assert seen and not [statement for statement in seen if "plugin_switch" in statement]
