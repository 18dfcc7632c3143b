"""What its Python files say: they import `samverk` alone of this house, and no float comes near money."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from core.plugin_host.records import IN_THE_BOX
from core.plugin_kit.checks import Broken, NotAsked, Subject, check

HOUSE = frozenset({"core", "admin", "portal", "plugins", "wsgi", "migrations", "tests"})
WORKS = frozenset({"flask", "werkzeug", "wtforms", "flask_wtf", "huey", "pluggy", "waitress", "gunicorn"})
"""What the faces and the worker are built with. A plugin that held on to it would fall with its next version."""


@check(
    "imports",
    "Of this house it imports `samverk` alone",
    hint="Everything a plugin may use is in `samverk`; if something is missing there, ask for it rather than reach in.",
)
def imports(subject: Subject) -> None:
    """No room of core, no web framework, no other plugin."""
    if not subject.sources:
        raise NotAsked
    others = {other.name for other in subject.others if other.origin != IN_THE_BOX}
    forbidden = (HOUSE | WORKS | others) - {subject.name}
    for path in subject.sources:
        for line, name in _imported(ast.parse(path.read_text("utf-8"))):
            top = name.partition(".")[0]
            if top in forbidden or name.startswith("samverk."):
                raise Broken("from samverk import ...", f"import {name}", f"{path}, line {line}")


def _imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module or ""
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute) and node.args:
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            given = node.args[0]
            if called in ("__import__", "import_module") and isinstance(given, ast.Constant):
                yield node.lineno, str(given.value)


@check(
    "no-float",
    "No float comes near its money",
    "payment_models",
    hint="Use Money.percent(Decimal), Money.split, Fraction or half_even; write Decimal('0.5') for a constant.",
)
def no_float(subject: Subject, model: object) -> None:
    """Neither a constant nor a conversion in the module of a payment model."""
    file = getattr(sys.modules.get(type(model).__module__), "__file__", None)
    for path in [Path(file)] if file else []:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.expr):
                continue
            constant = isinstance(node, ast.Constant) and isinstance(node.value, float | complex)
            if constant or (isinstance(node, ast.Name) and node.id == "float"):
                raise Broken("whole minor units, Decimal or Fraction", ast.unparse(node), f"{path}, line {node.lineno}")
