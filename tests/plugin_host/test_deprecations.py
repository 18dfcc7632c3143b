"""An old name or number works with a warning until a version removes it, and is then refused with the new one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

import samverk
from core.plugin_api import deprecations
from core.plugin_api.contract import names_of
from core.plugin_api.deprecations import OLDER, RENAMED, Deprecated, OlderNumber, Renamed
from core.plugin_api.manifest import HOOKS
from core.plugin_host.host import PluginHost
from core.plugin_host.loader import Candidate
from core.plugin_host.records import Record, State
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


@pytest.fixture
def third(at: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A Samverk of another version whose plugin API is the third; the second came in 0.4 and is loaded until 0.7."""
    monkeypatch.setattr(deprecations, "API_VERSION", 3)
    monkeypatch.setattr(deprecations, "OLDER", (OlderNumber(1, "0.4", "0.6"), OlderNumber(2, "0.5", "0.7")))
    return at


def of_number(number: int) -> Record:
    class Numbered(Plugin):
        name = "numbered"
        title = T("Numbered")
        api_version = number

    (record,) = PluginHost.load(candidates=[Candidate("numbered", "numbered", "1", "", Numbered)]).records.values()
    return record


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


def test_an_older_number_is_loaded_with_a_warning(third: Callable[[str], None]) -> None:
    third("0.5.9")
    with pytest.warns(Deprecated, match=r"plugin API 1 was followed by 3 in Samverk 0.4; 0.6 removes it") as warned:
        assert of_number(1).state is State.ACTIVE
    assert [warning.filename for warning in warned] == [__name__]


@pytest.mark.filterwarnings("error")
def test_the_newest_number_is_loaded_without_one(third: Callable[[str], None]) -> None:
    third("0.5.9")
    assert of_number(3).state is State.ACTIVE


@pytest.mark.parametrize(("number", "state"), [(1, State.NEEDS_UPGRADE), (4, State.BROKEN)])
def test_another_number_is_refused_with_those_that_are_loaded(
    third: Callable[[str], None], number: int, state: State
) -> None:
    third("0.6.0")
    record = of_number(number)
    assert record.state is state
    assert str(record.reason) == f"It was written for plugin API {number}, and this Samverk speaks 2, 3."


def test_the_tables_lead_to_what_there_is() -> None:
    for row in RENAMED:
        known = HOOKS | names_of(getattr(samverk, row.contract))
        assert row.new in known and row.old not in known, row
        assert _number(row.since) < _number(row.removed_in), row
    for older in OLDER:
        assert older.number < samverk.API_VERSION and _number(older.since) < _number(older.removed_in), older


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
