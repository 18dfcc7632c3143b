"""Who had a name first keeps it: a newcomer that claims it too is refused, and costs nobody anything."""

from __future__ import annotations

from collections.abc import Mapping

from core.plugin_host.records import Record, State
from tests.plugin_host.foreign import install
from tests.plugin_host.living import Life
from tests.plugin_host.living import life as life
from tests.plugin_host.tipping import site as site

RIVAL = """
from samverk import PaymentModel, Plugin, T, hookimpl

class Tip(PaymentModel):
    name = "tip"
    title = T("Another tip")
    def describe(self, terms): return []
    def earned(self, terms, facts): return []
    def cap(self, terms, planned): return None

class Rival(Plugin):
    name = "{name}"
    title = T("Rival")
    api_version = 1

    @hookimpl
    def register_payment_models(self):
        return [Tip]

plugin = Rival()
"""


def rival(life: Life, name: str, package: str) -> None:
    source = RIVAL.format(name=name)
    install(life.site.folder, life.monkeypatch, name, source, package, distribution=package)


def started(life: Life) -> Mapping[tuple[str, str], Record]:
    """What a new process finds, once the worker has called the roll."""
    life.restart()
    life.minute()
    return life.here.plugins.records


def test_a_newcomer_with_the_name_of_a_model_is_refused(life: Life) -> None:
    rival(life, "rival", "a_rival")
    for _ in range(2):
        records = started(life)
        assert records["tips", "tips"].state is State.ACTIVE and life.holds() == []
        assert str(records["rival", "a_rival"].reason) == "The name tip is taken by tips (tips)."
        assert life.here.plugins.payment_models.owners["tip"] == "tips"


def test_a_newcomer_with_the_name_of_the_plugin_is_refused(life: Life) -> None:
    rival(life, "tips", "a_rival")
    for _ in range(2):
        records = started(life)
        assert life.here.plugins.active["tips"] is records["tips", "tips"] and life.holds() == []
        assert str(records["tips", "a_rival"].reason) == "The name tips is taken by tips (tips)."


def test_a_name_waits_for_its_plugin_while_that_is_broken(life: Life) -> None:
    rival(life, "rival", "a_rival")
    life.site.install(1, init='name = "tip" => nmae = "tip"')
    records = started(life)
    assert {record.state for record in records.values() if not record.in_the_box} == {State.BROKEN}
    assert str(records["rival", "a_rival"].reason) == "The name tip is taken by tips (tips)."
    assert life.holds() == ["c1: tip"], "the rival does not pay what tips has promised"
    life.site.install(1)
    assert started(life)["tips", "tips"].state is State.ACTIVE and life.holds() == []


def test_a_name_is_free_when_its_plugin_is_gone(life: Life) -> None:
    life.site.uninstall()
    rival(life, "rival", "a_rival")
    assert started(life)["rival", "a_rival"].state is State.ACTIVE
    life.site.install(1)
    assert str(started(life)["tips", "tips"].reason) == "The name tip is taken by rival (a_rival)."


def test_of_two_newcomers_neither_wins_and_nobody_is_remembered(life: Life) -> None:
    life.site.uninstall()
    started(life)
    rival(life, "one", "one")
    rival(life, "two", "two")
    for _ in range(2):
        records = started(life)
        assert records["one", "one"].state is records["two", "two"].state is State.BROKEN
    assert "tip" not in life.here.plugins.payment_models
