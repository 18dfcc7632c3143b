"""The examples speak Finnish and Swedish from catalogues of their own, and what is made of them begins without."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from core.cli.main import samverk
from core.i18n import in_locale
from core.instance import Instance
from core.plugin_api.manifest import PluginKind
from tests.plugin_host.foreign import EXAMPLES, install_example
from tests.world import World, sign_in
from wsgi import make_app

TITLES = {
    "bank_gateway": ("Pankin rajapinta", "Bankens gränssnitt"),
    "danish_rules": ("Tanskan säännöt", "Danska regler"),
    "mastodon_posts": ("Mastodon-julkaisut", "Mastodon-inlägg"),
    "order_margin": ("Tilauskate", "Ordermarginal"),
    "piece_bonus": ("Kappalebonus", "Styckbonus"),
    "woo_orders": ("Woo-tilaukset", "Woo-ordrar"),
}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example, as its distribution ships it."""
    for kind in PluginKind:
        install_example(tmp_path, monkeypatch, kind.value)


@pytest.mark.usefixtures("installed")
def test_every_example_is_called_by_its_name_in_each_language(instance: Instance) -> None:
    make_app(instance)
    for number, locale in enumerate(("fi", "sv")):
        with in_locale(locale):
            told = {name: str(instance.plugins.active[name].title) for name in TITLES}
        assert told == {name: titles[number] for name, titles in TITLES.items()}


@pytest.mark.usefixtures("installed")
def test_rules_are_told_in_the_readers_language(instance: Instance) -> None:
    make_app(instance)
    pack = instance.plugins.compliance["danish-rules"]
    rule = next(rule for rule in pack.rules if rule.id == "DK-06")
    with in_locale("sv"):
        assert str(rule.message).startswith("Danmark förbjuder reklam")


def test_a_page_is_drawn_in_the_readers_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: Instance, committed: World
) -> None:
    install_example(tmp_path, monkeypatch, "pages")
    with instance.database.write() as session:
        session.merge(committed.people["manager"]).locale = "fi"
    app = make_app(instance)
    app.config["WTF_CSRF_ENABLED"] = False
    page = sign_in(app.test_client(), "manager").get("/admin/x/order_margin/").text
    assert "Tilauksesta jää" in page and "Provisio, %" in page and "Left of an order" not in page


@pytest.mark.parametrize("kind", [kind.value.replace("_", "-") for kind in PluginKind])
def test_a_plugin_made_of_one_does_not_speak_of_it(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list((EXAMPLES / kind.replace("-", "_")).rglob("*.po"))
    monkeypatch.setenv("SAMVERK_INSTANCE", str(tmp_path / "instance"))
    made = CliRunner().invoke(samverk, ["plugin", "new", "fair_share", "--kind", kind, "--into", str(tmp_path)])
    assert made.exit_code == 0, made.output
    assert not list((tmp_path / "samverk-fair-share").rglob("*.po"))
    module = tmp_path / "samverk-fair-share" / "samverk_fair_share" / "__init__.py"
    assert 'T = texts("fair_share")' in module.read_text("utf-8")
