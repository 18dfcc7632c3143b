"""Its prefixes: templates, settings keys and pages bear its own name, so that two plugins never meet."""

from __future__ import annotations

from jinja2 import Environment, TemplateSyntaxError

from core.plugin_api.contract import NAME
from core.plugin_kit.checks import Broken, NotAsked, Subject, check
from core.plugin_kit.forms import declared


@check(
    "templates",
    "Its templates stand below its own prefix",
    hint="Put them beside the module under templates/x/<plugin>/, with the ending .html, and name them in full.",
)
def templates(subject: Subject) -> None:
    """No file elsewhere, no other ending, and each can be read by Jinja."""
    folder = subject.folder / "templates" if subject.folder else None
    if folder is None or not folder.is_dir():
        raise NotAsked
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if not name.startswith(f"x/{subject.name}/") or path.suffix != ".html":
            raise Broken(f"templates named x/{subject.name}/....html", name, path)
        try:
            Environment(autoescape=True, extensions=["jinja2.ext.i18n"]).parse(path.read_text("utf-8"))
        except TemplateSyntaxError as error:
            mend = "Put that line right; docs/plugins/pages.md tells what a template may use."
            raise Broken("a template that Jinja can read", str(error), f"{path}, line {error.lineno}", mend) from None


@check(
    "keys",
    "The keys of its settings and terms are plain names, each used once",
    hint="Keys are of small letters, digits and underscores, at most 40 of them; a stored key can never be renamed.",
)
def keys(subject: Subject) -> None:
    """A key is a column of a form, of an export and of the store."""
    for where, fields in declared(subject):
        seen: set[str] = set()
        for field in fields:
            if not NAME.fullmatch(field.key):
                raise Broken("keys of small letters, digits and underscores", f"{field.key!r}", where)
            if field.key in seen:
                raise Broken("each key once", f"{field.key!r} twice", where, "Give one of the two another key.")
            seen.add(field.key)
