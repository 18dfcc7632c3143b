"""The tutorials show what is in the examples, word for word, and commands that answer as they say."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

import samverk as facade
from core.cli.main import samverk
from core.plugin_api.deprecations import OLDER, RENAMED
from core.plugin_api.manifest import PluginKind
from tests.plugin_host.foreign import EXAMPLES, install_distribution

DOCS = EXAMPLES.parent / "docs" / "plugins"
BLOCK = re.compile(r"^```(\w*)( sketch)?\n(.*?)^```$", re.M | re.S)
"""A sketch is of no example: what one could write there."""
EXAMPLE_OF = {kind.value.replace("_", "-"): kind.value for kind in PluginKind if kind is not PluginKind.PAGES}
SHOWN = {**EXAMPLE_OF, "index": "payment_models"}
HOME = "/home/ada"


def every(page: str) -> list[tuple[str, str, str]]:
    return BLOCK.findall((DOCS / f"{page}.md").read_text("utf-8"))


def blocks(page: str) -> list[tuple[str, str]]:
    return [(language, text) for language, sketch, text in every(page) if not sketch and language != "text"]


def sketches(page: str) -> list[str]:
    return [dedent(text) for _, sketch, text in every(page) if sketch]


@pytest.mark.parametrize("page", SHOWN)
def test_every_block_says_what_it_is(page: str) -> None:
    assert all(language for language, _, _ in every(page))


@pytest.mark.parametrize("page", [page for page in SHOWN if sketches(page)])
def test_a_sketch_is_code_and_uses_what_there_is(page: str) -> None:
    for text in sketches(page):
        tree = ast.parse(text if "return" not in text or text.startswith("def ") else f"def cap(self):\n  {text}")
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id[0].isupper()}
        assert names and names <= set(vars(facade)), text


def test_the_sketch_of_onboarding_works() -> None:
    (text,) = sketches("payout-rails")
    known: dict[str, Any] = {}
    exec(text, {**vars(facade), "json": json}, known)

    def answer(said: dict[str, Any]) -> facade.Onboarding:
        rail = SimpleNamespace(_ask=lambda ctx, method, path: SimpleNamespace(body=json.dumps(said)))
        return known["onboard"](rail, None, SimpleNamespace(id="p1"))

    assert answer({"verified": True}).ready
    assert answer({"verified": False, "link": "https://bank.test/1"}).url == "https://bank.test/1"


@pytest.mark.parametrize("page", SHOWN)
def test_every_block_is_in_the_example(page: str) -> None:
    files = [path for path in (EXAMPLES / SHOWN[page]).rglob("*.*") if "__pycache__" not in path.parts]
    texts = [path.read_text("utf-8") for path in files]
    shown = [text for language, text in blocks(page) if language != "console"]
    assert len(shown) >= 2
    for text in shown:
        assert any(text in whole for whole in texts), text


@pytest.mark.parametrize("page", SHOWN)
def test_every_command_answers_as_it_says(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMVERK_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.chdir(shutil.copytree(EXAMPLES / SHOWN[page], tmp_path / "here"))
    if page == "compliance":
        install_distribution(tmp_path, monkeypatch, EXAMPLES / "compliance")
    asked = 0
    for _, session in (block for block in blocks(page) if block[0] == "console"):
        for command, answer in re.findall(r"^\$ samverk (.+)\n((?:[^$\n].*\n)*)", session, re.M):
            told = CliRunner().invoke(samverk, shlex.split(command.replace(HOME, str(tmp_path))))
            assert told.exit_code == 0, told.output
            said = told.output.replace(str(tmp_path), HOME).replace(str(Path(sys.executable).parent), ".venv/bin")
            for line in answer.splitlines():
                assert line in ["…", *said.splitlines()], f"{command} does not say: {line}"
            if command.startswith("plugin new"):
                (folder,) = tmp_path.glob("samverk-*")
                install_distribution(tmp_path, monkeypatch, folder)
            asked += 1
    assert asked >= 1


def test_every_kind_and_every_page_is_in_the_index() -> None:
    text = (DOCS / "index.md").read_text("utf-8")
    pages = {path.name for path in DOCS.glob("*.md")} - {"index.md"}
    assert pages <= set(re.findall(r"\]\(([\w-]+\.md)\)", text))
    assert {kind.value for kind in PluginKind} <= set(re.findall(r"\]\(\.\./\.\./examples/(\w+)\)", text))


def test_every_deprecation_is_told_to_authors() -> None:
    text = (DOCS / "versions.md").read_text("utf-8")
    names = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \| ([\d.]+) \| ([\d.]+) \|$", text, re.M)
    assert names == [(row.contract, row.old, row.new, row.since, row.removed_in) for row in RENAMED]
    numbers = re.findall(r"^\| (\d+) \| ([\d.]+) \| ([\d.]+) \|$", text, re.M)
    assert numbers == [(str(row.number), row.since, row.removed_in) for row in OLDER]
