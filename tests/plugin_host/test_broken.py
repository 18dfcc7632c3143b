"""Plugins that are broken in every way, installed side by side: each says why, and nobody else notices."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from core import wiring
from core.instance import Instance
from tests.plugin_host.foreign import acme, install, module  # noqa: F401 - the first is a fixture
from tests.world import World, sign_in
from wsgi import make_app

HEAD = "from samverk import PaymentModel, Plugin, T, hookimpl\n"
BODY = """
class Broken(Plugin):
    name = "{name}"
    title = T("Broken")
    api_version = {version}
    {more}

plugin = Broken()
"""
BROKEN = {
    "cannot_import": "import there_is_no_such_module\n",
    "exits": "raise SystemExit(3)\n",
    "interrupts": "raise KeyboardInterrupt('by itself')\n",
    "panics": "raise type('Panic', (BaseException,), {})('in Rust')\n",
    "not_a_plugin": "plugin = 7\n",
    "old_api": HEAD + BODY.format(name="old_api", version=0, more=""),
    "new_api": HEAD + BODY.format(name="new_api", version=99, more=""),
    "misspelt": HEAD + BODY.format(
        name="misspelt", version=1, more="@hookimpl\n    def register_payment_model(self):\n        return []"
    ),
    "raises": HEAD + BODY.format(
        name="raises", version=1, more="@hookimpl\n    def register_pages(self):\n        raise ValueError('no pages')"
    ),
    "wrong_type": HEAD + BODY.format(
        name="wrong_type", version=1, more="@hookimpl\n    def register_pages(self):\n        return ['a page']"
    ),
    "thief": HEAD + """
class Fixed(PaymentModel):
    name = "fixed"
    title = T("Mine")
    def describe(self, terms): return []
    def earned(self, terms, facts): return []
    def cap(self, terms, planned): return None
""" + BODY.format(
        name="thief", version=1, more="@hookimpl\n    def register_payment_models(self):\n        return [Fixed]"
    ),
}  # fmt: skip
SAID = {
    "cannot_import": "It could not be loaded: ModuleNotFoundError: No module named 'there_is_no_such_module'.",
    "exits": "It could not be loaded: SystemExit: 3.",
    "interrupts": "It could not be loaded: KeyboardInterrupt: by itself.",
    "panics": "It could not be loaded: Panic: in Rust.",
    "not_a_plugin": "It has no object named plugin that is a samverk.Plugin.",
    "old_api": "It was written for plugin API 0, and this Samverk speaks 1.",
    "new_api": "It was written for plugin API 99, and this Samverk speaks 1.",
    "misspelt": "register_payment_models was probably meant",
    "raises": "It could not be loaded: ValueError: no pages.",
    "wrong_type": "register_pages must return PluginPage objects, not 'a page'.",
    "thief": "The name fixed is taken by fixed (samverk).",
}


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them are on the path; ask for it before the app is made."""
    for name, source in BROKEN.items():
        install(tmp_path, monkeypatch, name, source)


def test_each_says_why_and_costs_nobody_else(
    acme: None,  # noqa: F811
    broken: None,
    client: FlaskClient,
    committed: World,
    instance: Instance,
) -> None:
    sign_in(client, "owner")
    listed = unescape(client.get("/admin/plugins").text)
    for name, said in SAID.items():
        assert said in listed, name
        page = client.get(f"/admin/plugins/{name}")
        assert page.status_code == 200 and said in unescape(page.text), name
    assert client.get("/admin/x/acme/").status_code == 200, "the neighbour works"
    assert client.get("/admin/").status_code == client.get("/admin/campaigns").status_code == 200
    assert "Mine" not in str(instance.plugins.payment_models["fixed"].title)
    wiring.tick(instance)


@pytest.mark.usefixtures("acme")
def test_a_page_that_hangs_is_an_error_page_and_no_more(instance: Instance, committed: World) -> None:
    def hang() -> None:
        while True:
            pass

    quick = Instance(replace(instance.settings, plugin_seconds=(2.0, 0.2, 60.0)))
    app = make_app(quick)
    app.config["WTF_CSRF_ENABLED"] = False
    client = sign_in(app.test_client(), "owner")
    module("acme").DOING["hello"] = hang
    page = client.get("/admin/x/acme/")
    assert page.status_code == 500 and "The plugin Acme&#39;s corner failed." in page.text
    module("acme").DOING.clear()
    assert client.get("/admin/x/acme/").status_code == 200
    quick.database.engine.dispose()
