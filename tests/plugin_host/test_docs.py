"""The page for plugin authors says what is true, and its plugin works."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient

from core.i18n import in_locale
from core.money import Money
from core.plugin_api.manifest import HOOKS
from core.plugin_api.observations import OBSERVATIONS
from core.plugin_api.pages import PageRequest, Panel, Place, PluginPage
from tests.plugin_host.foreign import install
from tests.world import World, sign_in

DOC = (Path(__file__).parents[2] / "docs" / "plugins" / "pages.md").read_text("utf-8")
CODE = dict(re.findall(r"```(\w+)\n(.*?)```", DOC, re.S))


@pytest.fixture(autouse=True)
def hello(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin of the page, installed."""
    install(tmp_path, monkeypatch, "hello", CODE["python"], "samverk_hello")
    template = tmp_path / "site" / "samverk_hello" / "templates" / "x" / "hello" / "hello.html"
    template.parent.mkdir(parents=True)
    template.write_text(CODE["html"])
    assert 'hello = "samverk_hello:plugin"' in CODE["toml"]


def test_the_plugin_of_the_page_works(app: Flask, client: FlaskClient, committed: World) -> None:
    sign_in(client, "viewer")
    app.config["WTF_CSRF_ENABLED"] = True
    page = client.get("/admin/x/hello/")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]  # type: ignore[index]
    sent = client.post("/admin/x/hello/", data={"name": "Ada", "csrf_token": token}, follow_redirects=True)
    assert sent.status_code == 200 and "Hello Ada." in sent.text
    sent = client.post("/admin/x/hello/", data={"name": "", "csrf_token": token}, follow_redirects=True)
    assert "Write a name." in sent.text


def test_what_a_template_may_use_to_show_things_is_there(app: Flask) -> None:
    table = DOC.partition("| in a template |")[2].partition("\n\n")[0]
    told = re.findall(r"`(\w+)\(", table)
    assert told == ["money", "number", "percent", "date", "datetime", "ago", "country", "language"]
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    values = {"m": Money(42636, "EUR"), "n": 1204, "p": Decimal("0.125"), "d": moment.date(), "at": moment}
    line = (
        "{% import 'ui.html' as ui %}{{ ui.amount(m) }}|{{ money(m) }}|{{ number(n) }}|{{ percent(p) }}|{{ date(d) }}|"
    )
    line += '{{ datetime(at) }}|{{ ago(at) }}|{{ country("FI") }}|{{ language("fi") }}'
    with app.test_request_context("/"), in_locale("en"):
        shown = render_template_string(line, **values)
    assert all(part in shown for part in ("426.36", "1,204", "12.5%", "Mar", "Finland", "Finnish")), shown
    assert "Money(" not in shown


def test_the_page_names_what_there_is_and_nothing_else() -> None:
    assert set(re.findall(r"`Place\.(\w+)`", DOC)) == {place.name for place in Place}
    assert set(re.findall(r"`(on_\w+)\(", DOC)) == set(OBSERVATIONS) == {n for n in HOOKS if n.startswith("on_")}
    for kind in (PageRequest, PluginPage, Panel):
        for field in fields(kind):
            assert re.search(rf"\b{field.name}\b", DOC), f"{kind.__name__}.{field.name} is not told"
