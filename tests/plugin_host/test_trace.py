"""With SAMVERK_TRACE_PLUGINS each call is a line that names the brand it is for, loading and hooks included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from core.earnings import service as earnings
from core.instance import Instance
from core.plugin_host.calls import PluginFailed
from tests.payouts import stage as till
from tests.plugin_host.foreign import acme, install  # noqa: F401 - the first is a fixture
from tests.world import World, sign_in
from wsgi import make_app

DOC = (Path(__file__).parents[2] / "docs" / "plugins" / "running.md").read_text("utf-8")
GOOD_PACK = Path(__file__).parents[1] / "plugin_kit" / "good" / "good_pack"
LINE = re.compile(r"^plugin (\S+) (\S+) brand=(\S+) \d+\.\d{3} ms (\w+)$", re.M)


@pytest.fixture
def traced(instance: Instance) -> Iterator[Instance]:
    """The installation with its calls traced."""
    made = Instance(replace(instance.settings, trace_plugins=True))
    yield made
    made.database.engine.dispose()


@pytest.mark.usefixtures("acme")
def test_loading_and_each_hook_is_a_line(
    traced: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path, monkeypatch, "lost", "import there_is_no_such_module\n")
    assert "acme" in traced.plugins.active
    lines = LINE.findall(capsys.readouterr().err)
    assert [line for line in lines if line[0] == "lost"] == [("lost", "loading", "-", "ModuleNotFoundError")]
    of_acme = [line for line in lines if line[0] == "acme"]
    assert of_acme[0] == ("acme", "loading", "-", "Acme")
    assert ("acme", "register_pages", "-", "list") in of_acme and len(of_acme) == len(set(of_acme))
    assert ("acme", "register_platforms", "-", "NoneType") not in of_acme, "a hook that it has not is not called"


def test_a_page_and_its_drawing_name_the_brand(
    acme: None,  # noqa: F811
    traced: Instance,
    committed: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = make_app(traced)
    app.config["WTF_CSRF_ENABLED"] = False
    client = sign_in(app.test_client(), "owner")
    capsys.readouterr()
    assert client.get("/admin/x/acme/").status_code == 200
    mine = committed.brand.public_id
    assert LINE.findall(capsys.readouterr().err) == [("acme", "hello", mine, "View"), ("acme", "draw", mine, "Drawn")]


def test_models_name_the_brand(traced: Instance, committed: World, capsys: pytest.CaptureFixture[str]) -> None:
    mine, host = committed.brand.public_id, traced.plugins
    with traced.database.write() as session:
        stage = till.build(session, committed)
        capsys.readouterr()
        earnings.recompute(session, host, stage.collaboration.id)
    lines = LINE.findall(capsys.readouterr().err)
    asked = {what for _, what, brand, _ in lines if brand == mine}
    assert {"FixedFee.cap", "SalesCommission.cap"} <= asked and {brand for *_, brand, _ in lines} == {mine}


def test_rules_name_the_brand(
    traced: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path, monkeypatch, "good_pack", GOOD_PACK)
    host = traced.plugins
    capsys.readouterr()
    for one in (host.of("k3v9"), host):
        pack = next(pack for pack in one.compliance.values() if pack.code)
        with suppress(PluginFailed):
            pack.code[0].check(cast(Any, None))
    assert [brand for _, _, brand, _ in LINE.findall(capsys.readouterr().err)] == ["k3v9", "-"]


def test_the_page_for_operators_shows_lines_as_they_are() -> None:
    shown = DOC.partition("## Seeing every call")[2].partition("```text\n")[2].partition("```")[0]
    assert shown.count("\n") == len(LINE.findall(shown)) >= 5
