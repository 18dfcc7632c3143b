"""A tour of the told example and of an empty installation: every page, in every shape that it takes.

Addresses are found by following links as the people of the example; a page that only repeats the
elements which its kind has shown already is passed by.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from pytest import TempPathFactory
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from core import clock
from core.accounts import service as accounts
from core.campaigns.models import Campaign
from core.cli.story import telling
from core.cli.story.cast import PASSWORD
from core.collaborations.models import Collaboration, Contract
from core.content.models import Deliverable
from core.earnings.models import Earning
from core.i18n import ROOT
from core.influencers.models import Influencer, Relationship
from core.instance import Instance
from core.ledger.models import LedgerTx
from core.mail import MailMessage
from core.payouts.models import Payout
from core.settings import load
from core.tracking.models import DiscountCode, Sale
from wsgi import make_app

EVENING = datetime.combine(telling.UNTIL, time(18), UTC)  # the example is looked at on its last day
ID = re.compile(r"[2-9a-hjkmnp-z]{14}|\d+|\S{20,}")
SHAPE = re.compile(r'<(\w+)(?=[^>]*?\sclass="([^"]*)")?(?=[^>]*?\sname="([^"]*)")?')
LINK = re.compile(r'href="([^"#]+)')
AT_MOST = 8  # looked at of one kind by one visitor, in search of another shape
OWNER, OTHER_OWNER, VIEWER = "ingrid@nordlys.example.com", "tuuli@metsa.example.com", "astrid@lillakoket.example.com"
FIRST, NEWCOMER = "mika@example.com", "nea@example.com"  # of the empty installation
Kind = tuple[str, ...]


IMPORTANT = {
    Campaign: ("public_id", "name", "state", "currency", "budget_minor"),
    Collaboration: ("public_id", "state", "committed_minor", "due_at"),
    Contract: ("public_id", "number", "state", "created_at"),
    Deliverable: ("public_id", "state", "rounds_used"),
    DiscountCode: ("public_id", "code"),
    Earning: ("public_id", "kind", "state", "amount_minor", "currency", "earned_at"),
    LedgerTx: ("kind", "effective_on"),
    Payout: ("public_id", "payee_name", "state", "amount_minor", "bank_reference"),
    Relationship: ("public_id", "display_name", "followers", "vetting_state"),
    Sale: ("public_id", "external_id", "state", "amount_minor", "currency"),
}
"""What of the example is told the same each time."""


@dataclass(frozen=True)
class Stop:
    """A page of an installation and who looks at it; nobody's address is empty."""

    app: Flask = field(repr=False)
    visitor: str
    path: str
    endpoint: str
    status: int
    html: str = field(repr=False, compare=False)


def installation(blank: Path, folder: Path) -> Flask:
    """An empty installation."""
    folder.mkdir(parents=True)
    shutil.copy(blank, folder / "samverk.db")
    (folder / "secret_key").write_text("k" * 64)
    return serve(folder)


def twin(app: Flask, folder: Path) -> Flask:
    """A copy of an installation, to spoil."""
    here(app).database.engine.dispose()
    shutil.copytree(here(app).settings.instance, folder)
    return serve(folder)


def serve(folder: Path) -> Flask:
    """An installation in which it is always the evening of the example's last day."""
    app = make_app(Instance(load({"SAMVERK_INSTANCE": str(folder), "SAMVERK_TESTING": "1"})))
    app.config["WTF_CSRF_ENABLED"] = False
    inner = app.wsgi_app

    def evening(environ, start_response):
        with clock.frozen(EVENING):
            return inner(environ, start_response)

    app.wsgi_app = evening  # type: ignore[method-assign]
    return app


def told(factory: TempPathFactory, blank: Path, language: str = "") -> Path:
    """Where the example is, told once for all test processes. Take a copy; `language` names what it was told in."""

    def tell(folder: Path) -> None:
        app = installation(blank, folder)
        telling.tell(here(app))
        here(app).database.engine.dispose()

    return shared(factory, f"told{language}", tell)


def digest(made: Instance) -> str:
    """A fingerprint of what the example tells."""
    with made.database.session() as session:
        rows = [
            tuple(row)
            for table, names in IMPORTANT.items()
            for row in session.execute(select(*(getattr(table, name) for name in names)).order_by(table.id))  # type: ignore[attr-defined]
        ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def shared(factory: TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first test process to need it makes, and that the others wait for."""
    root = factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / name).exists():
            shutil.rmtree(begun := root / f"{name}.begun", ignore_errors=True)
            make(begun)
            begun.rename(root / name)
    return root / name


def here(app: Flask) -> Instance:
    """What an app serves."""
    made: Instance = app.extensions["samverk"]
    return made


def everywhere(factory: TempPathFactory, blank: Path, language: str = "") -> list[Stop]:
    """Every page: of the example as its people see it, of an installation without anything in it, of a first visit.

    They are looked for once for all test processes; each process has installations of its own to look at them.
    """
    found = shared(factory, f"tour{language}", lambda folder: explore(folder, told(factory, blank, language), blank))
    mine = factory.mktemp("tour") / "mine"
    shutil.copytree(found, mine)
    apps = {name: serve(mine / name) for name in ("told", "begun", "new")}
    stops: list[dict[str, Any]] = json.loads((mine / "stops.json").read_text("utf-8"))
    return [Stop(**{**stop, "app": apps[stop["app"]]}) for stop in stops]


def explore(folder: Path, example: Path, blank: Path) -> None:
    """Go everywhere, and leave the installations and a list of the stops in a folder."""
    shutil.copytree(example, folder / "told")
    apps = {"told": serve(folder / "told"), "begun": begun(blank, folder / "begun")}
    apps["new"] = installation(blank, folder / "new")
    names = {app: name for name, app in apps.items()}
    stops = [{**vars(stop), "app": names[stop.app]} for stop in visits(apps["told"], apps["begun"], apps["new"])]
    for app in names:
        here(app).database.engine.dispose()
    (folder / "stops.json").write_text(json.dumps(stops), "utf-8")


def visits(example: Flask, empty: Flask, first: Flask) -> list[Stop]:
    """The stops of everybody."""
    tour = Tour()
    stops = tour.visit(first, "", "/setup")
    stops += tour.visit(empty, FIRST, "/admin/", "/account")
    stops += tour.visit(empty, NEWCOMER, "/portal/", "/account")
    stops += tour.visit(example, OWNER, *previews(example), "/admin/", "/account", "/nowhere")
    stops += tour.visit(example, OTHER_OWNER, "/admin/")
    stops += tour.visit(example, VIEWER, "/admin/", "/admin/team")
    for email in creators(example):
        stops += tour.visit(example, email, "/portal/", "/privacy")
    return stops + tour.visit(example, "", "/sign-in", "/reset", "/privacy", "/nowhere", *letters(example))


def begun(blank: Path, folder: Path) -> Flask:
    """Set up, and nothing more; one influencer has an account."""
    app = installation(blank, folder)
    form = {"name": "Mika Korhonen", "email": FIRST, "password": PASSWORD, "brand_name": "Havsro", "country": "FI"}
    assert app.test_client().post("/setup", data=form | {"currency": "EUR"}).status_code == 303
    with here(app).database.write() as session:
        person = accounts.create_person(
            session, name="Nea Uusi", email=NEWCOMER, password=PASSWORD, locale="fi", accept_privacy=True
        )
        session.add(Influencer(person_id=person.id, display_name="Nea Uusi", country="FI"))
    return app


def creators(app: Flask) -> list[str]:
    """The influencers with the most collaborations: together they have met everything."""
    with here(app).database.session() as session:
        return [email for email, _, _ in telling.influencers(session, most=12)]


def previews(app: Flask) -> list[str]:
    """The pages between a table and its import."""
    client, found = sign_in(app, OWNER), []
    for page, name in {"/admin/sales/import": "sales.csv", "/admin/people/import": "influencers.csv"}.items():
        table = {"file": (io.BytesIO((ROOT / "examples" / name).read_bytes()), name), "source": "csv"}
        answer = client.post(page, data=table, content_type="multipart/form-data")
        assert answer.status_code == 303, answer.text
        found.append(answer.headers["Location"])
    return found


def letters(app: Flask) -> list[str]:
    """Pages that only a link in a mail leads to: a reset, a team's invitation, an offer's, one that is taken."""
    client = sign_in(app, OTHER_OWNER)
    client.post("/admin/team", data={"email": "new@example.com", "role": "reviewer", "locale": "fi"})
    app.test_client().post("/reset", data={"email": OWNER})
    with here(app).database.session() as session:
        mine = select(Collaboration.public_id).where(Collaboration.state == "offered")
        asked = session.scalars(mine).all()
    for public_id in asked:
        client.post(f"/admin/collaborations/{public_id}/link")
    with here(app).database.session() as session:
        bodies = session.scalars(select(MailMessage.body).order_by(MailMessage.id.desc())).all()
    found = [urlsplit(link).path for body in bodies for link in re.findall(r"http://\S+", body)]
    return [path for path in found if path.startswith(("/reset/", "/join/", "/portal/i/"))]


@dataclass
class Tour:
    """Goes on from visitor to visitor and remembers what it has seen."""

    shapes: dict[Kind, set[tuple[str, ...]]] = field(default_factory=dict)

    def visit(self, app: Flask, visitor: str, *starts: str) -> list[Stop]:
        """The pages that a visitor reaches from these on and that show something new."""
        client, seen, todo, stops = sign_in(app, visitor), set(starts), list(starts), []
        counts: dict[Kind, int] = {}
        while todo:
            path = todo.pop(0)
            kind = kind_of(app, path)
            counts[kind] = counts.get(kind, 0) + 1
            if counts[kind] > AT_MOST:
                continue
            answer = client.get(path, buffered=True)
            assert answer.status_code < 500, f"{path} is broken for {visitor or 'nobody'}"
            if answer.status_code in (302, 303) or answer.mimetype != "text/html":
                continue
            todo += sorted(new := set(links(answer.text)) - seen)
            seen |= new
            if self.is_new((str(answer.status_code), *kind), answer.text):
                stops.append(Stop(app, visitor, path, kind[0], answer.status_code, answer.text))
        return stops

    def is_new(self, kind: Kind, html: str) -> bool:
        """Whether the page has an element, a class or a field that this kind of page had not shown."""
        shown = {found.groups(default="") for found in SHAPE.finditer(html.partition("<main")[2])}
        known = self.shapes.setdefault(kind, set())
        fresh = bool(shown - known)
        known |= shown
        return fresh


def kind_of(app: Flask, path: str) -> Kind:
    """The route with its words and without its ids."""
    parts = urlsplit(path)
    try:
        endpoint, arguments = app.url_map.bind("localhost").match(parts.path)
    except HTTPException:
        return ("",)
    words = [str(value) for value in arguments.values() if not ID.fullmatch(str(value))]
    return (str(endpoint), *words, *sorted({key for key, _ in parse_qsl(parts.query)}))


def links(html: str) -> Iterator[str]:
    """The addresses on this site that a page leads to, tables to save and files apart."""
    for href in LINK.findall(html):
        address = href.replace("&amp;", "&").removeprefix("http://localhost")
        if address.startswith("/") and not re.search(r"^/static/|^/files/|csv\b|\.pdf|/statement/", address):
            yield address


def sign_in(app: Flask, visitor: str) -> FlaskClient:
    """A browser of theirs; of nobody's, for an empty address."""
    client = app.test_client()
    if visitor:
        answer = client.post("/sign-in", data={"email": visitor, "password": PASSWORD})
        assert answer.status_code == 303, visitor
    return client
