"""A plugin that is wrong in any way costs its own answer only, and says why."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from core.ctrl_c import CtrlC
from core.plugin_host.host import PluginHost
from core.plugin_host.loader import Candidate, find, load
from core.plugin_host.records import IN_THE_BOX, Failure, Record, State
from samverk import (
    CampaignPublished,
    ContractError,
    Fact,
    Line,
    Money,
    PaymentModel,
    PayoutRail,
    Planned,
    PlatformConnector,
    Plugin,
    T,
    Terms,
    Text,
    hookimpl,
)


def model(name: str) -> type[PaymentModel]:
    class Model(PaymentModel):
        title = T("Model")

        def describe(self, terms: Terms) -> Sequence[Text]:
            return []

        def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
            return []

        def cap(self, terms: Terms, planned: Planned) -> Money:
            return Money.zero(terms.currency)

    Model.name = name
    return Model


def make(name: str = "acme", models: Sequence[Any] = (), version: int = 1) -> Plugin:
    class Acme(Plugin):
        title = T("Acme")
        api_version = version

        @hookimpl
        def register_payment_models(self) -> Sequence[type[PaymentModel]]:
            return list(models)

    Acme.name = name
    return Acme()


def candidate(load: Callable[[], object], name: str = "acme", origin: str = "acme-dist") -> Candidate:
    return Candidate(name, origin, "1.0", "Acme", load)


def record_of(load: Callable[[], object], name: str = "acme") -> Record:
    host = PluginHost.load(candidates=[candidate(load, name), candidate(lambda: make("well", [model("well")]), "well")])
    assert list(host.payment_models)[-1:] == ["well"], "the other plugin works on"
    return next(record for record in host.records.values() if record.name == name)


def test_what_ships_in_the_box_is_found() -> None:
    names = {found.name: found.origin for found in find(safe_mode=True)}
    assert {"payment_models/fixed", "payout_rails/manual", "platforms/csv", "sales_sources/csv"} <= set(names)
    assert set(names.values()) == {IN_THE_BOX}


def test_the_box_is_active_and_answers_by_name() -> None:
    host = PluginHost.load(safe_mode=True)
    assert {"fixed", "commission", "gifting"} <= set(host.payment_models)
    assert {"fixed_and_commission", "guaranteed_commission"} <= set(host.compositions)
    assert {"fixed", "commission", "gifting", "hybrid", "manual", "eu", "fi", "se", "no"} <= set(host.active)
    assert len(host.records) == len(find(safe_mode=True)) and host.compliance
    assert host.payment_models["fixed"].title.msgid == "Fixed fee"
    assert host.payout_rails["manual"].name == "manual"
    assert host.platforms.owners["csv"] == "csv_platform"
    assert host.sales_sources.owners["csv"] == "csv_sales"
    assert all(record.version for record in host.records.values())


def test_a_plugin_that_cannot_be_imported_says_why() -> None:
    record = record_of(partial(__import__, "no_such_module"))
    assert record.state is State.BROKEN
    assert str(record.reason) == "It could not be loaded: ModuleNotFoundError: No module named 'no_such_module'."
    assert record.kinds == () and str(record.title) == "acme"


def test_a_plugin_that_leaves_the_process_is_only_broken() -> None:
    assert record_of(partial(sys.exit, 3)).state is State.BROKEN


def test_a_plugin_that_loops_while_it_is_loaded_is_only_broken() -> None:
    def loop() -> object:
        while True:
            pass

    well = candidate(lambda: make("well"), "well")
    slow, quick = load([candidate(loop), well], seconds=0.2)
    assert (slow.state, str(slow.reason)) == (State.BROKEN, "It was not loaded within 0.2 seconds.")
    assert quick.state is State.ACTIVE


def test_a_plugin_that_waits_in_c_while_it_is_loaded_is_left_behind() -> None:
    lock = Lock()
    lock.acquire()
    try:
        slow, quick = load([candidate(lock.acquire), candidate(lambda: make("well"), "well")], seconds=0.2)
        assert (slow.state, str(slow.reason)) == (State.BROKEN, "It was not loaded within 0.2 seconds.")
        assert quick.state is State.ACTIVE
    finally:
        lock.release()


def test_another_plugin_api_is_refused() -> None:
    newer, older = record_of(lambda: make(version=99)), record_of(lambda: make(version=0))
    assert (newer.state, older.state) == (State.BROKEN, State.NEEDS_UPGRADE)
    assert str(newer.reason) == "It was written for plugin API 99, and this Samverk speaks 1."


def test_a_misspelt_hook_is_broken_with_its_right_name() -> None:
    def load() -> object:
        class Wrong(Plugin):
            @hookimpl
            def register_payment_model(self) -> None:
                """Misspelt."""

        return Wrong

    assert "register_payment_models was probably meant" in str(record_of(load).reason)


def test_a_hook_without_its_mark_or_with_unknown_arguments_is_broken() -> None:
    def unmarked() -> object:
        class Wrong(Plugin):
            def register_pages(self) -> None:
                """Not marked."""

        return Wrong

    def argued() -> object:
        class Wrong(Plugin):
            name = "acme"
            title = T("Acme")
            api_version = 1

            @hookimpl
            def register_pages(self, request: object) -> None:
                """Nothing of the kind is given."""

        return Wrong

    assert "lacks @hookimpl" in str(record_of(unmarked).reason)
    assert "request" in str(record_of(argued).reason)


@pytest.mark.parametrize("answer", [[object], [make], ["fixed"], [PaymentModel], [model("Bad Name")], "fixed"])
def test_a_hook_that_returns_something_else_is_broken(answer: Any) -> None:
    def load() -> object:
        plugin = make()
        setattr(type(plugin), "register_payment_models", hookimpl(lambda self: answer))  # noqa: B010
        return plugin

    assert record_of(load).state is State.BROKEN


def test_a_manifest_must_be_whole_and_bear_the_name_of_its_entry_point() -> None:
    class Nameless(Plugin):
        title = T("Nameless")

    assert "lacks name" in str(record_of(Nameless).reason)
    host = PluginHost.load(candidates=[candidate(lambda: make("other"))])
    (record,) = host.records.values()
    assert record.state is State.BROKEN and "its entry point is acme" in str(record.reason)
    assert record_of(lambda: object()).state is State.BROKEN


def test_a_foreign_plugin_cannot_take_a_name_of_the_box() -> None:
    boxed = candidate(lambda: make("inner", [model("fixed")]), "inner", IN_THE_BOX)
    thief = candidate(lambda: make("acme", [model("fixed"), model("own")]))
    for order in ([boxed, thief], [thief, boxed]):
        host = PluginHost.load(candidates=order)
        assert host.payment_models.owners == {"fixed": "inner"}
        assert str(host.records["acme", "acme-dist"].reason) == "The name fixed is taken by inner (samverk)."


def test_of_two_foreign_claims_neither_wins() -> None:
    pair = [candidate(partial(make, "acme", [model(n)]), "acme", origin) for n, origin in (("a", "x"), ("b", "y"))]
    host = PluginHost.load(candidates=pair)
    assert [record.state for record in host.records.values()] == [State.BROKEN, State.BROKEN]
    assert not host.payment_models


def test_a_foreign_distribution_is_found_and_left_out_in_safe_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "foreign_acme.py").write_text(
        "from samverk import *\n"
        "class Acme(Plugin):\n    name='foreign_acme'\n    title=T('Foreign')\n    api_version=1\n"
        "plugin = Acme()\n"
    )
    about = tmp_path / "foreign_acme-2.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign-acme\nVersion: 2.1\nAuthor: Ada\n")
    (about / "entry_points.txt").write_text("[samverk.plugins]\nforeign_acme = foreign_acme:plugin\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    record = PluginHost.load().active["foreign_acme"]
    assert (record.version, record.author, record.origin) == ("2.1", "Ada", "foreign-acme")
    assert "foreign_acme" not in PluginHost.load(safe_mode=True).active


def test_near_misses_of_a_contract_are_refused_when_the_class_is_made() -> None:
    with pytest.raises(ContractError, match="submit was probably meant"):
        type("Rail", (PayoutRail,), {"sumbit": lambda self: None})
    with pytest.raises(ContractError, match="payee_fields was probably meant"):
        type("Rail", (PayoutRail,), {"payee_field": ()})
    assert type("Platform", (PlatformConnector,), {"helper": lambda self: None})


def test_an_optional_method_is_supported_when_it_is_written() -> None:
    host = PluginHost.load(safe_mode=True)
    assert host.platforms["csv"].supports("parse") and not host.platforms["csv"].supports("metrics")


def test_the_fence_turns_everything_into_a_failure() -> None:
    host = PluginHost.load(candidates=[])
    assert host.call("acme", lambda: 3, returns=int) == 3
    wrong = host.call("acme", lambda: "3", returns=int)
    assert isinstance(wrong, Failure) and str(wrong.reason) == "The plugin acme gave a wrong answer: str."
    for error in (ValueError("no"), SystemExit(1), RecursionError(), KeyboardInterrupt()):
        failure = host.call("acme", partial(_raise, error))
        assert isinstance(failure, Failure) and failure.plugin == "acme"
    with pytest.raises(CtrlC):
        host.call("acme", partial(_raise, CtrlC()))


def test_observers_are_told_each_behind_its_own_fence() -> None:
    from datetime import UTC, datetime

    heard: list[str] = []

    def observer(name: str, act: Callable[[], object]) -> Plugin:
        class Observer(Plugin):
            title = T("Observer")
            api_version = 1

            @hookimpl
            def on_campaign_published(self, event: CampaignPublished) -> None:
                heard.append(f"{name} {event.campaign}")
                act()

        Observer.name = name
        return Observer()

    plugins = {"a": lambda: None, "b": lambda: 1 / 0, "c": lambda: None}
    host = PluginHost.load(candidates=[candidate(partial(observer, n, act), n) for n, act in plugins.items()])
    event = CampaignPublished(id="1", at=datetime(2026, 1, 1, tzinfo=UTC), brand="b", campaign="spring")
    assert [failure.plugin for failure in host.notify("on_campaign_published", event, {"c": False})] == ["b"]
    assert sorted(heard) == ["a spring", "b spring"]


def test_switched_off_plugins_are_not_offered() -> None:
    host = PluginHost.load(safe_mode=True)
    offered = host.enabled("payment_models", {"gifting": False, "commission": True})
    assert "gifting" not in offered and {"fixed", "commission"} <= set(offered)
    assert "gifting" in host.payment_models, "running agreements go on"
    with pytest.raises(KeyError):
        host.enabled("records", {})


def _raise(error: BaseException) -> None:
    raise error
