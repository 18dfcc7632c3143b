"""Its messages are filled in: each placeholder by a parameter of that name, and no percent sign stands alone."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from jinja2 import Environment, TemplateSyntaxError, nodes

from core.catalogues import placeholders
from core.plugin_api.text import Text
from core.plugin_kit.checks import Broken, NotAsked, Subject, check
from core.plugin_kit.words import texts_in, texts_of

IDS = {"T": (0,), "Tc": (1,), "Tn": (0, 1), "_": (0,), "gettext": (0,), "ngettext": (0, 1)}
"""Where the message ids stand among what a call is given."""
OF_PACKS = frozenset({"brand", "found", "label", "missing", "pack"})
"""What core fills into the messages of a rule pack."""


class Said(NamedTuple):
    """A message as it is written, what it is given, and where."""

    message: str
    given: Collection[str]
    place: str

    @property
    def fault(self) -> str | None:
        """What would not be filled in; None when all is well."""
        names = placeholders(self.message)
        if "%" in names and (self.given or len(names) > 1):
            return "a percent sign that stands alone"
        missing = sorted(names - {"%"} - set(self.given))
        return f"nothing for %({missing[0]})s" if missing else None


def misfilled(text: Text) -> str | None:
    """What of a message is not filled in by its parameters; None when all is well."""
    return Said(text.english, text.params, "").fault


@check(
    "placeholders",
    "Every %(name)s of a message is filled in, and no percent sign stands alone",
    hint='Give T each name: T("At most %(cap)s.", cap=...). A percent sign beside them is written twice: 5 %%.',
)
def filled_in(subject: Subject) -> None:
    """In its Python, its templates, what it declares, and its packs."""
    if not subject.sources:
        raise NotAsked
    for said in (*_python(subject), *_templates(subject), *_declared(subject)):
        if fault := said.fault:
            raise Broken(
                "a parameter for every placeholder, %% for a percent sign", fault, f"{said.message!r}{said.place}"
            )


def _python(subject: Subject) -> Iterator[Said]:
    for path in subject.sources:
        tree = ast.parse(path.read_text("utf-8"))
        calls = IDS | dict.fromkeys(_own(tree), IDS["T"])
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in calls):
                continue
            if any(word.arg is None for word in node.keywords):
                continue  # **params: nobody knows what is in them before they are there
            given = {word.arg for word in node.keywords if word.arg}
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            yield from _told(calls[node.func.id], texts, given, f", {path.name}, line {node.lineno}")


def _told(indexes: Sequence[int], texts: Sequence[str], given: set[str], place: str) -> Iterator[Said]:
    """The messages of a call that counts, or not, from the texts that it is given first."""
    counts = {"num"} if len(indexes) > 1 else set()
    return (Said(texts[index], given | counts, place) for index in indexes if index < len(texts))


def _own(tree: ast.AST) -> Iterator[str]:
    """The names that a module gives its own `texts(...)`."""
    for node in ast.walk(tree):
        made = node.value.func if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) else None
        if isinstance(node, ast.Assign) and isinstance(made, ast.Name) and made.id == "texts":
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _templates(subject: Subject) -> Iterator[Said]:
    folder = subject.folder / "templates" if subject.folder else None
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    for path in sorted(folder.rglob("*.html")) if folder else ():
        try:
            tree = environment.parse(path.read_text("utf-8"))
        except TemplateSyntaxError:
            continue  # told by `templates`
        later = {id(node.left) for node in tree.find_all(nodes.Mod)}
        later |= {id(node.node) for node in tree.find_all(nodes.Filter) if node.name == "format"}
        for call in tree.find_all(nodes.Call):
            if id(call) in later or not isinstance(call.node, nodes.Name) or call.dyn_kwargs is not None:
                continue
            texts = [arg.value for arg in call.args if isinstance(arg, nodes.Const) and isinstance(arg.value, str)]
            given = {word.key for word in call.kwargs}
            yield from _told(IDS.get(call.node.name, ()), texts, given, f", {path.name}, line {call.lineno}")


def _declared(subject: Subject) -> Iterator[Said]:
    packs = list(subject.provided("compliance").values())
    of_packs = {id(text) for text in texts_in(packs)}
    for text in texts_of(subject):
        yield Said(text.english, OF_PACKS if id(text) in of_packs else text.params, "")
