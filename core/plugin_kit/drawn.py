"""Its pages and panels: each answers and is drawn, on a brand's first day and when its tables hold rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import NamedTuple

from jinja2 import TemplateSyntaxError

from core.errors import SamverkError
from core.i18n import in_locale
from core.plugin_api.manifest import PluginScope
from core.plugin_api.pages import Face, PageRequest, Panel, Place, PluginPage, Redirect, View
from core.plugin_api.tables import Data
from core.plugin_host.data import made_up
from core.plugin_kit import two_brands
from core.plugin_kit.checks import Broken, Subject, check, fell
from core.plugin_kit.plain import plain
from core.plugin_kit.rows import BRAND, PEOPLE, states, stocked
from core.settings import load

OF_NOTHING = (Place.DASHBOARD, Place.PORTAL_HOME)
PARTS = ("1", PEOPLE[0])
"""What is put into an address: the key of a row, and a public id. It takes anything, so both have an answer."""


TEMPLATE = (
    "A template has the values of its View, its own templates, ui.html, forms.html and table.html, and what "
    "docs/plugins/pages.md lists. A column that may be empty is None in some row; where a made-up row could never be "
    "there, declare the column an Enum or answer Kit(rows=...)."
)


class Asked(NamedTuple):
    """A reader's request, of which address, over what."""

    request: PageRequest
    where: str


class Drawn(NamedTuple):
    """What a reader sees, and of which address over what."""

    where: str
    html: str


@check(
    "pages",
    "Its pages and panels answer and are drawn, over empty tables and over tables that hold rows",
    "pages",
    "panels",
    hint="A table may be empty, a column that may be is None in some row, and a part of an address takes anything: "
    "show that there is nothing, or raise Missing or Invalid with a T. Where a made-up row could never be there, "
    "declare the column an Enum or answer Kit(rows=...).",
)
def pages(subject: Subject, item: PluginPage | Panel) -> None:
    """Whatever its tables hold there is something to see; a refusal is an answer too."""
    draw(subject, item)


def draw(subject: Subject, item: PluginPage | Panel) -> list[Drawn]:
    """A page or a panel as it is drawn over its tables in each state; `Broken` where it is not."""
    if item.key not in subject.drawn:
        views: list[tuple[str, View]] = []
        for state in _states(subject):
            with _stocked(subject, state) as data:
                answers = [(asked.where, _ask(subject, item, asked)) for asked in _requests(subject, item, state, data)]
            views += [(where, answer) for where, answer in answers if isinstance(answer, View)]
        subject.drawn[item.key] = list(_drawn(subject, face_of(item), views))  # the door is shut now, as in life
    return subject.drawn[item.key]


def _states(subject: Subject) -> tuple[str, ...]:
    made_up_rows = subject.plugin.tables and subject.kit.rows is None
    return (*states(subject), two_brands.STATE) if made_up_rows else states(subject)


def _stocked(subject: Subject, state: str) -> AbstractContextManager[Data]:
    tables = subject.plugin.tables
    if tables is None or state != two_brands.STATE:
        return stocked(subject, state)
    return made_up(subject.plugin, write=False, fill=lambda connection: two_brands.stock(connection, tables.metadata))


def _requests(subject: Subject, item: PluginPage | Panel, state: str, data: Data) -> Iterator[Asked]:
    face, site = face_of(item), subject.plugin.scope is PluginScope.SITE
    asked = PageRequest(
        brand=BRAND if face is Face.ADMIN and not site else None,
        locale="en",
        settings=subject.settings(),
        brands=() if site else (BRAND,),
        influencer=PEOPLE[0] if face is Face.PORTAL or isinstance(item, Panel) else None,
        names={BRAND: "Kit Brand", PEOPLE[0]: "Kit Person"},
        data=data,
    )
    if isinstance(item, Panel):
        yield Asked(asked, f"the panel {str(item.title)!r} at {item.place}, {state}")
        return
    names = [part[1:-1] for part in item.path.split("/") if part.startswith("<")]
    parts = (*two_brands.KEYS, PEOPLE[0]) if state == two_brands.STATE else PARTS
    for part in parts if names else parts[:1]:
        path = "/".join(part if step.startswith("<") else step for step in item.path.split("/"))
        yield Asked(replace(asked, arguments=dict.fromkeys(names, part)), f"/{face}/x/{subject.name}/{path}, {state}")


def face_of(item: PluginPage | Panel) -> Face:
    """Where it stands."""
    return item.face if isinstance(item, PluginPage) else item.place.face


def _ask(subject: Subject, item: PluginPage | Panel, asked: Asked) -> object:
    allowed = (View,) if isinstance(item, Panel) else (View, Redirect)
    try:
        if isinstance(item, Panel):
            answer: object = item.render(asked.request, "" if item.place in OF_NOTHING else PEOPLE[0])
        else:
            answer = item.render(asked.request)
    except SamverkError:
        return None
    except Exception as error:
        raise Broken("an answer", fell(error, subject), asked.where) from None
    if not isinstance(answer, allowed):
        mend = 'Return View("x/<plugin>/name.html", {...}), or from a page Redirect("path").'
        raise Broken(" or ".join(kind.__name__ for kind in allowed), plain(answer), asked.where, mend)
    return answer


def _drawn(subject: Subject, face: Face, views: Sequence[tuple[str, View]]) -> Iterator[Drawn]:
    if not views:
        return
    from core.web.app import drawing  # slow to import, and needed only here
    from core.web.plugins import fragment

    with TemporaryDirectory() as folder:
        app = drawing(load({"SAMVERK_INSTANCE": folder, "SAMVERK_TESTING": "1"}), subject.host, "kit")
        for where, view in views:
            _hold_own(subject, view, where)
            with app.test_request_context("/"), in_locale("en"):
                try:
                    yield Drawn(where, str(fragment(subject.name, face, view)))
                except TemplateSyntaxError:
                    return  # told by `templates`
                except Exception as error:
                    raise Broken("a page that can be drawn", fell(error, subject), where, TEMPLATE) from None


def _hold_own(subject: Subject, view: View, where: str) -> None:
    path = subject.folder / "templates" / view.template if subject.folder else None
    if not view.template.startswith(f"x/{subject.name}/") or path is None or not path.is_file():
        mend = "Put the template beside the module, as templates/x/<plugin>/name.html, and name it in full in the View."
        raise Broken(f"a template of its own, x/{subject.name}/....html", view.template, where, mend)
