"""`samverk plugin docs`: the reference for plugin authors, read from the sources of what they may import."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from core.i18n import ROOT

TARGET = ROOT / "docs" / "plugins" / "reference.md"
HEAD = """# Reference

Everything that a plugin may import from `samverk`, and every hook that it may have. This page is made by
`samverk plugin docs` from the sources, and a test holds it to them; write nothing into it by hand.
"""
SECTIONS = {
    "core.plugin_api": "The number of the plugin API",
    "core.plugin_api.manifest": "The plugin itself",
    "core.plugin_api.payment_models": "Payment models",
    "core.plugin_api.composition": "Ready deals",
    "core.plugin_api.deal": "Whole deals",
    "core.plugin_api.platforms": "Platforms",
    "core.plugin_api.sales_sources": "Sales sources",
    "core.plugin_api.compliance": "Compliance",
    "core.plugin_api.compliance_facts": "What rules judge",
    "core.plugin_api.payout_rails": "Payout rails",
    "core.plugin_api.context": "The outside",
    "core.plugin_api.pages": "Pages and panels",
    "core.plugin_api.jobs": "Jobs",
    "core.plugin_api.observations": "What observers are told",
    "core.plugin_api.fields": "Settings and terms",
}
"""The order of the first sections; what is imported from elsewhere follows in the order of `samverk/__init__.py`."""
TITLES = {
    "core.csv_input": "Tables that people export",
    "core.database": "Columns of own tables",
    "core.plugin_api.contract": "A contract that is not kept",
    "core.plugin_api.hooks": "The mark of a hook",
    "core.plugin_api.kit": "For the conformance kit",
    "core.plugin_api.tables": "Own tables",
    "core.plugin_api.text": "Words",
}
INWARD = ("core.database", "core.errors", "core.plugin_api.contract", "core.plugin_api.hooks")
"""Modules that lend a few names; what they say of themselves is not for authors."""

OPERATORS = {
    "__add__": "+",
    "__sub__": "-",
    "__neg__": "-",
    "__mul__": "*",
    "__lt__": "<",
    "__le__": "<=",
    "__gt__": ">",
    "__ge__": ">=",
}


@click.command("docs")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the reference is not up to date.")
def docs(check: bool) -> None:
    """Write docs/plugins/reference.md anew."""
    made = reference()
    if check and made != TARGET.read_text("utf-8"):
        raise click.ClickException(f"{TARGET} is not what `samverk plugin docs` writes.")
    if not check:
        TARGET.write_text(made, "utf-8")


def reference() -> str:
    """The whole page."""
    facade = _names(ROOT / "samverk" / "__init__.py")
    modules = [*(name for name in SECTIONS if name in facade), *(name for name in facade if name not in SECTIONS)]
    parts = [HEAD, *_hooks(), *(_section(name, facade[name], set().union(*facade.values())) for name in modules)]
    return "\n".join(parts)


def _names(facade: Path) -> dict[str, list[str]]:
    """What the façade imports, by module."""
    found = [node for node in ast.parse(facade.read_text("utf-8")).body if isinstance(node, ast.ImportFrom)]
    return {str(node.module): [alias.name for alias in node.names] for node in found}


def _tree(module: str) -> ast.Module:
    path = ROOT.joinpath(*module.split("."))
    return ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8"))


def _hooks() -> Iterator[str]:
    tree = _tree("core.plugin_api.hooks")
    yield f"## Hooks\n\n{_prose(ast.get_docstring(tree))}\n"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith(("register_", "on_")):
            yield f"### `{_signature(node)}`\n\n{_prose(ast.get_docstring(node))}\n"


def _section(module: str, names: list[str], public: set[str]) -> str:
    tree = _tree(module)
    title = SECTIONS.get(module) or TITLES.get(module) or module.rpartition(".")[2].capitalize()
    intro = "" if module in INWARD else f"{_prose(ast.get_docstring(tree))}\n"
    things = {name: text for node, doc in _said(tree.body) for name, text in _thing(node, doc, tree, public)}
    return "\n".join([f"## {title}\n", *([intro] if intro else []), *(things[name] for name in names)])


def _thing(node: ast.stmt, doc: str, tree: ast.Module, public: set[str]) -> Iterator[tuple[str, str]]:
    """A name of a module and what is said of it."""
    if isinstance(node, ast.FunctionDef):
        yield node.name, f"### `{_signature(node)}`\n\n{_prose(ast.get_docstring(node))}\n"
    elif isinstance(node, ast.ClassDef):
        yield node.name, _class(node, tree, public)
    elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        for name in _targets(node):
            yield name, f"### `{name} = {ast.unparse(node.value)}`\n\n{_prose(doc)}\n"


def _class(node: ast.ClassDef, tree: ast.Module, public: set[str]) -> str:
    parents = [re.sub(r"\[.*", "", ast.unparse(base)) for base in node.bases]
    above = " and ".join(f"`{parent}`" for parent in parents if parent in public)
    near = [*tree.body, *_tree("core.plugin_api.contract").body]
    hidden = [n for n in near if isinstance(n, ast.ClassDef) and n.name in parents and n.name not in public]
    members = dict(member for one in (*hidden, node) for member in _members(one, node.name))
    lines = [f"### `{node.name}`\n\n{_prose(ast.get_docstring(node))}\n"]
    lines += [f"Has all that {above} has.\n"] if above else []
    lines += ["\n".join(f"- `{shape}`{f': {doc}' if doc else ''}" for shape, doc in members.items()) + "\n"] * bool(
        members
    )
    return "\n".join(lines)


def _members(node: ast.ClassDef, called: str) -> Iterator[tuple[str, str]]:
    """The public fields and methods of a class, each with its shape and what it promises."""
    for item, doc in _said(node.body):
        if isinstance(item, ast.FunctionDef):
            said = _line(ast.get_docstring(item))
            if item.name == "__init__":
                yield _signature(item).replace("__init__", called).removesuffix(" -> None"), said
            elif item.name in OPERATORS:
                yield _operation(item, called), said
            elif not item.name.startswith("_"):
                yield _signature(item), said
        elif isinstance(item, ast.Assign | ast.AnnAssign):
            yield from ((f"{name}{_shape(item)}", _line(doc)) for name in _targets(item) if not name.startswith("_"))


def _operation(node: ast.FunctionDef, called: str) -> str:
    """An operator as it is written between values of these types."""
    sign, other = OPERATORS[node.name], [ast.unparse(arg.annotation) for arg in node.args.args[1:] if arg.annotation]
    shown = f"{called} {sign} {other[0]}" if other else f"{sign}{called}"
    return f"{shown} -> {ast.unparse(node.returns)}" if node.returns else shown


def _shape(item: ast.Assign | ast.AnnAssign) -> str:
    """The type of a field, as far as it is told, and its default."""
    kind = ast.unparse(item.annotation) if isinstance(item, ast.AnnAssign) else ""
    kind = kind.removeprefix("ClassVar[").removesuffix("]") if kind.startswith("ClassVar[") else kind
    value = _default(item.value)
    return f"{f': {kind}' if kind else ''}{f' = {value}' if value else ''}"


def _default(value: ast.expr | None) -> str:
    """A default as an author would write it; nothing where a call of ours makes it."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in value.keywords}
        return given.get("default", f"{given['default_factory']}()" if "default_factory" in given else "")
    return "" if value is None or isinstance(value, ast.Call) else ast.unparse(value)


def _targets(item: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = item.targets if isinstance(item, ast.Assign) else [item.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _said(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Each statement with the string that stands below it, which is how a field is documented."""
    for node, after in zip(body, [*body[1:], None], strict=True):
        told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and after.value.value
        yield node, inspect.cleandoc(told) if isinstance(told, str) else ""


def _signature(node: ast.FunctionDef) -> str:
    """A function as it is called: without `self`, a property like a field."""
    returns = ast.unparse(node.returns) if node.returns else ""
    if any(ast.unparse(mark) == "property" for mark in node.decorator_list):
        return f"{node.name}: {returns}"
    given = re.sub(r"^(self|cls)(, |$)", "", ast.unparse(node.args))
    return f"{node.name}({given}){f' -> {returns}' if returns else ''}"


def _line(text: str | None) -> str:
    return " ".join(_prose(text).split())


def _prose(text: str | None) -> str:
    """A docstring as Markdown: `::` begins a code block, `:param x:` and `:returns:` are items."""
    lines: list[str] = []
    code = False
    for line in (text or "").splitlines():
        if code and line and not line.startswith("    "):
            lines[:] = [*"\n".join(lines).rstrip().splitlines(), "```", ""]
            code = False
        if line.endswith("::") and not code:
            lines += [line.removesuffix(":"), "", "```python"]
            code = True
        elif not (code and not line and lines[-1] == "```python"):
            lines.append(line[4:] if code else line)
    told = "\n".join([*lines, "```"] if code else lines)
    return re.sub(r"^:returns:", "Returns", re.sub(r"^:param (\w+):", r"- `\1`:", told, flags=re.M), flags=re.M)
