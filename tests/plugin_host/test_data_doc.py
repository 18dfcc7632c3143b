"""The page on tables for plugin authors is true: its plugin gets its migration, its tables, and passes the kit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from core.instance import Instance
from core.plugin_api.tables import Data
from core.plugin_kit import checks
from tests.plugin_host.foreign import install
from tests.plugin_host.tipping import command, restarted
from tests.world import World, sign_in

DOC = (Path(__file__).parents[2] / "docs" / "plugins" / "data.md").read_text("utf-8")
CODE = dict(reversed(re.findall(r"```(\w+)\n(.*?)```", DOC, re.S)))
SAID = [line.removeprefix("$ samverk ") for line in CODE["console"].splitlines()]


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: Instance) -> Iterator[list[Result]]:
    """What the commands of the page answer, for the plugin of the page as it is written."""
    install(tmp_path, monkeypatch, "guestbook", CODE["python"], "samverk_guestbook")
    template = tmp_path / "site" / "samverk_guestbook" / "templates" / "x" / "guestbook" / "book.html"
    template.parent.mkdir(parents=True)
    template.write_text(CODE["html"])
    yield [command(instance, *re.findall(r'"[^"]*"|\S+', line.replace('"entries"', "entries"))) for line in SAID]


def test_the_plugin_of_the_page_works(said: list[Result], instance: Instance, committed: World) -> None:
    assert [answer.exit_code for answer in said] == [0, 0, 0], [answer.output for answer in said]
    from wsgi import make_app

    here = restarted(instance)
    app = make_app(here)
    app.config["WTF_CSRF_ENABLED"] = False
    browser = sign_in(app.test_client(), "owner")
    assert browser.post("/admin/x/guestbook/", data={"words": "Lovely"}).status_code == 303
    assert "Lovely" in browser.get("/admin/x/guestbook/").text
    here.database.engine.dispose()


def test_the_page_tells_every_call_of_the_door() -> None:
    calls = {name for name in vars(Data) if not name.startswith("_")}
    assert calls == set(re.findall(r"`(\w+)\(", DOC.split("## The door")[1].split("- **It commits")[0]))
    assert "tables" in checks.MODULES
