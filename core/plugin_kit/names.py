"""Its prefixes: templates, settings keys and pages bear its own name, so that two plugins never meet."""

from __future__ import annotations

from jinja2 import Environment, TemplateSyntaxError

from core.plugin_api.contract import NAME
from core.plugin_api.pages import PageRequest, Redirect, View
from core.plugin_host.data import made_up
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
            raise Broken("a template that Jinja can read", str(error), f"{path}, line {error.lineno}") from None


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
            if not NAME.fullmatch(field.key) or field.key in seen:
                raise Broken("keys of small letters, digits and underscores, each once", f"{field.key!r}", where)
            seen.add(field.key)


@check(
    "pages",
    "Its pages and panels answer with a View of its own template, or with a Redirect",
    "pages",
    "panels",
    hint='render returns View("x/<plugin>/name.html", {...}); raise Missing or Invalid with a T to refuse.',
)
def pages(subject: Subject, item: object) -> None:
    """Asked as by a reader without anything stored, it shows a template that there is."""
    from core.errors import SamverkError
    from core.plugin_api.pages import Panel

    with made_up(subject.plugin, write=False) as data:
        filled, parts = subject.settings(), _arguments(item)
        request = PageRequest("kit-brand", "en", settings=filled, brands=("kit-brand",), arguments=parts, data=data)
        try:
            told = item.render(request, "kit-subject") if isinstance(item, Panel) else item.render(request)  # type: ignore[attr-defined]
        except SamverkError:
            return
    allowed = (View,) if isinstance(item, Panel) else (View, Redirect)
    if not isinstance(told, allowed):
        raise Broken(" or ".join(kind.__name__ for kind in allowed), repr(told))
    if isinstance(told, View):
        path = subject.folder / "templates" / told.template if subject.folder else None
        if not told.template.startswith(f"x/{subject.name}/") or path is None or not path.is_file():
            raise Broken(f"a template of its own, x/{subject.name}/....html", told.template, path or "")


def _arguments(item: object) -> dict[str, str]:
    parts = str(getattr(item, "path", "")).split("/")
    return {part[1:-1]: "1" for part in parts if part.startswith("<")}
