"""An old name works with a warning until the version that removes it, and is then refused with the new one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

import samverk
from core.plugin_api import deprecations
from core.plugin_api.contract import names_of
from core.plugin_api.deprecations import RENAMED, Deprecated, Renamed
from core.plugin_api.manifest import HOOKS
from core.plugin_host.host import PluginHost
from core.plugin_host.loader import Candidate
from samverk import ContractError, PayoutRail, Plugin, T, hookimpl


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A Samverk of another version, in which a method of rails and a hook were renamed in 0.4, until 0.6."""
    table = (
        Renamed("PayoutRail", "transmit", "submit", since="0.4", removed_in="0.6"),
        Renamed("Plugin", "register_rails", "register_payout_rails", since="0.4", removed_in="0.6"),
    )
    monkeypatch.setattr(deprecations, "RENAMED", table)
    return lambda version: monkeypatch.setattr(deprecations, "running", lambda: version)


def old_rail() -> type[PayoutRail]:
    class Rail(PayoutRail):
        name = "old"
        title = T("Old")

        def transmit(self, ctx: object, batch: object, key: str) -> Mapping[str, object]:
            return {"key": key}

    return Rail


def old_plugin() -> Plugin:
    rail = old_rail()

    class Old(Plugin):
        name = "old"
        title = T("Old")
        api_version = 1

        @hookimpl
        def register_rails(self) -> list[type[PayoutRail]]:
            return [rail]

    return Old()


def test_an_old_name_works_and_warns_where_it_is_written(at: Callable[[str], None]) -> None:
    at("0.5.2")
    with pytest.warns(Deprecated) as warned:
        host = PluginHost.load(candidates=[Candidate("old", "old", "1", "", old_plugin)])
    assert {warning.filename for warning in warned} == {__file__}
    assert sorted(str(warning.message) for warning in warned) == [
        "Old.register_rails is called register_payout_rails since Samverk 0.4; 0.6 removes it",
        "Rail.transmit is called submit since Samverk 0.4; 0.6 removes it",
    ]
    assert host.payout_rails["old"].submit(None, None, "k") == {"key": "k"}  # type: ignore[arg-type]


def test_from_its_version_on_it_is_refused_with_the_new_name(at: Callable[[str], None]) -> None:
    at("0.6.0")
    with pytest.raises(ContractError, match="outdated: it is called submit now"):
        old_rail()
    host = PluginHost.load(candidates=[Candidate("old", "old", "1", "", old_plugin)])
    assert "it is called submit now" in str(host.records["old", "old"].reason)


def test_the_table_leads_to_names_that_there_are() -> None:
    for row in RENAMED:
        contract = getattr(samverk, row.contract)
        known = HOOKS | names_of(contract)
        assert row.new in known and row.old not in known, row
        assert tuple(map(int, row.since.split("."))) <= tuple(map(int, row.removed_in.split("."))), row
