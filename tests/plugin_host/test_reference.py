"""The reference for authors is what the code is: everything is in it, and it makes nothing up."""

from __future__ import annotations

import enum
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from click.testing import CliRunner

import samverk
from core.cli.main import samverk as cli
from core.cli.plugin_docs import TARGET, reference
from core.plugin_api import hooks
from core.plugin_api.contract import names_of
from core.plugin_api.manifest import HOOKS
from core.plugin_host.loader import PROVIDERS

PAGE = TARGET.read_text("utf-8")
HEADING = re.compile(r"^### `(\w+)")
MEMBER = re.compile(r"^- `(\w+)")


def told() -> dict[str, set[str]]:
    """What the page tells of: names, and the members of each."""
    found: dict[str, set[str]] = defaultdict(set)
    name = ""
    for line in PAGE.splitlines():
        if match := HEADING.match(line):
            name = match[1]
            found[name] = set()
        elif match := MEMBER.match(line):
            found[name].add(match[1])
    return found


TOLD = told()


def own(thing: Any) -> Iterator[str]:
    """The public fields, methods and members that a class itself brings."""
    if issubclass(thing, enum.Enum):
        yield from thing.__members__
    if is_dataclass(thing):
        inherited = {field.name for base in thing.__bases__ if is_dataclass(base) for field in fields(base)}
        yield from ({field.name for field in fields(thing)} - inherited)
    declared = {*vars(thing), *vars(thing).get("__annotations__", {})}
    yield from (name for name in declared if not name.startswith("_"))


def test_it_is_what_the_command_writes() -> None:
    assert reference() == PAGE, "run `samverk plugin docs`"
    assert CliRunner().invoke(cli, ["plugin", "docs", "--check"]).exit_code == 0


def test_a_page_that_fell_behind_is_told(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "reference.md"
    old.write_text(PAGE.replace("### `Money`", "### `Cash`"))
    monkeypatch.setattr("core.cli.plugin_docs.TARGET", old)
    assert CliRunner().invoke(cli, ["plugin", "docs", "--check"]).exit_code == 1
    assert CliRunner().invoke(cli, ["plugin", "docs"]).exit_code == 0
    assert old.read_text() == PAGE


def test_every_name_and_every_hook_is_told() -> None:
    assert set(TOLD) == set(samverk.__all__) | HOOKS


@pytest.mark.parametrize("name", [name for name in samverk.__all__ if isinstance(getattr(samverk, name), type)])
def test_every_field_and_method_is_told_and_none_is_made_up(name: str) -> None:
    thing = getattr(samverk, name)
    assert set(own(thing)) <= TOLD[name], "not told"
    known = {name, *names_of(thing)}.union(*map(vars, thing.__mro__))
    assert TOLD[name] <= known, "made up"


@pytest.mark.parametrize("contract", [*PROVIDERS.values(), samverk.Plugin], ids=lambda contract: contract.__name__)
def test_a_contract_is_told_whole(contract: type) -> None:
    assert names_of(contract) == TOLD[contract.__name__]


def test_the_arithmetic_of_money_is_told() -> None:
    shapes = re.findall(r"^- `([^`]+)`: \S", PAGE.split("### `Money`")[1].split("\n#")[0], re.M)
    assert {"Money + Money -> Money", "Money - Money -> Money", "-Money -> Money", "Money * int -> Money"} <= {*shapes}
    assert {f"Money {sign} Money -> bool" for sign in ("<", "<=", ">", ">=")} <= {*shapes}


def test_the_arguments_of_hooks_are_told() -> None:
    for name in HOOKS:
        assert TOLD[name] == set(getattr(hooks, name).__code__.co_varnames)
