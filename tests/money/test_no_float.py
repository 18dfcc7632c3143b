"""No float near money: not as a constant, not as a conversion, not by division."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEAR_MONEY = ("core/money.py", "core/ledger", "core/earnings", "core/payouts", "plugins/payment_models")


def files() -> list[Path]:
    found = []
    for place in NEAR_MONEY:
        path = ROOT / place
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return found


def floats(source: str) -> list[int]:
    """The lines on which a float may come into being. Dividing a `Fraction(...)` is exact and allowed."""
    return sorted(
        node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.expr | ast.stmt) and _float(node)
    )


def _float(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float | complex)
    if isinstance(node, ast.Name):
        return node.id == "float"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return not _exact(node.left)
    return isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div)


def _exact(node: ast.expr) -> bool:
    """Whether an operand is visibly a Fraction, or a pathlib path built from `__file__`."""
    if isinstance(node, ast.BinOp):
        return _exact(node.left) or _exact(node.right)
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return isinstance(node, ast.Call | ast.Attribute) and bool(names & {"Fraction", "Path"})


def test_the_places_are_there() -> None:
    assert {str(path.relative_to(ROOT)) for path in files()} >= {"core/money.py", "core/ledger/service.py"}


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_float_comes_near(path: Path) -> None:
    assert floats(path.read_text()) == []


@pytest.mark.parametrize("source", ["x = 1.5", "float('1')", "a / b", "a /= 2", "f = float", "2j", "sum(a) / 100"])
def test_the_search_finds_what_it_looks_for(source: str) -> None:
    assert floats(source) == [1]


@pytest.mark.parametrize(
    "source", ["a // b", "Fraction(a) / 100", "Fraction(a) * b / 100", "Decimal('1.5')", "'a / b'"]
)
def test_the_search_lets_exact_arithmetic_be(source: str) -> None:
    assert floats(source) == []
