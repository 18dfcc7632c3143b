"""What authors read is true: every hook and method is documented, and the façade is whole."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import plugins
import samverk
from core.plugin_api import hooks
from core.plugin_api.manifest import HOOKS
from core.plugin_host.loader import PROVIDERS

BOX = Path(plugins.__path__[0])
SOURCES = sorted(BOX.glob("*/*/*.py"))


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_a_hook_tells_when_it_is_called_with_what_and_what_for(name: str) -> None:
    hook = getattr(hooks, name)
    text = inspect.getdoc(hook) or ""
    assert text.splitlines()[0].endswith(".")
    assert all(f":param {argument}:" in text for argument in inspect.signature(hook).parameters)
    assert (":returns:" in text) == name.startswith("register_")


def test_every_public_method_of_a_contract_says_what_it_promises() -> None:
    for contract in (*PROVIDERS.values(), samverk.Plugin, samverk.Terms, samverk.Fact):
        methods = [value for name, value in vars(contract).items() if callable(value) and not name.startswith("_")]
        assert all(inspect.getdoc(method) for method in (contract, *methods))


def test_the_facade_names_exactly_what_it_imports() -> None:
    tree = ast.parse(Path(samverk.__file__).read_text())
    imported = [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(imported) == sorted(samverk.__all__)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(BOX)))
def test_plugins_in_the_box_know_only_the_facade(source: Path) -> None:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module and node.module.split(".")[0] not in {"core", "admin", "portal", "plugins", "flask"}
        if isinstance(node, ast.Import):
            assert all(alias.name.split(".")[0] not in {"core", "admin", "portal", "plugins"} for alias in node.names)
