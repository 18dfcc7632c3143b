"""A plugin with tables of its own that passes the kit."""

from datetime import datetime

import click
from sqlalchemy import JSON, ForeignKey, String, delete, func, select
from sqlalchemy.orm import Mapped

from samverk import (
    Job,
    Missing,
    OwnTables,
    Panel,
    Place,
    Plugin,
    PluginPage,
    T,
    UtcDateTime,
    View,
    hookimpl,
    internal,
    personal,
)


class Tables(OwnTables, plugin="good_tables"):
    pass


class Note(Tables):
    brand: Mapped[str] = internal(String(20))
    words: Mapped[str] = internal(String(40))
    person: Mapped[str] = personal(String(20))
    stars: Mapped[int] = internal(default=0)
    colour: Mapped[str | None] = internal(String(9))


class Seen(Tables):
    note_id: Mapped[int] = internal(ForeignKey("x_good_tables_note.id"))
    at: Mapped[datetime] = personal(UtcDateTime, unique=True)
    how: Mapped[dict] = internal(JSON)


def count(ctx):
    seen = ctx.data.scalar(select(func.count(Note.id)))
    ctx.data.add(Note(brand=ctx.brand, words=f"{seen} notes", person=""))
    if seen:
        ctx.http.request("POST", "https://count.test/", body=str(seen).encode())


def notes(request):
    found = request.data.scalars(select(Note).where(Note.brand == request.brand).order_by(Note.id)).all()
    colours = [(note.colour or "").upper() for note in found]
    return View("x/good_tables/notes.html", {"notes": found, "colours": colours})


def note(request):
    key = request.arguments["note"]
    found = request.data.get(Note, int(key)) if key.isdigit() else None
    if found is None or found.brand != request.brand:
        raise Missing(T("There is no such note."))
    return View("x/good_tables/notes.html", {"notes": [found], "colours": []})


def box(request, subject):
    theirs = select(Note).where(Note.person == subject, Note.brand == request.brand)
    about = request.data.scalars(theirs).first()
    return View("x/good_tables/notes.html", {"notes": [about] if about else [], "colours": []})


@click.command()
@click.pass_obj
def last(ctx):
    """Say the last note."""
    found = ctx.data.scalars(select(Note).order_by(Note.id.desc())).first()
    click.echo(f"{ctx.brand or 'everywhere'}: {found.words if found else 'none yet'}")


@click.command()
@click.argument("words")
@click.pass_obj
def add(ctx, words):
    """Write a note."""
    ctx.data.add(Note(brand=ctx.brand or "", words=words, person=""))


class GoodTables(Plugin):
    name = "good_tables"
    title = T("Notes")
    api_version = 1
    tables = Tables

    def forget(self, person, ctx):
        theirs = select(Note.id).where(Note.person == person)
        ctx.data.execute(delete(Seen).where(Seen.note_id.in_(theirs)))
        ctx.data.execute(delete(Note).where(Note.person == person))

    @hookimpl
    def register_pages(self):
        return [PluginPage("", T("Notes"), notes), PluginPage("notes/<note>", T("Notes"), note)]

    @hookimpl
    def register_panels(self):
        return [Panel(Place.INFLUENCER, T("Notes"), box)]

    @hookimpl
    def register_commands(self):
        return [click.Group("notes", [last, add])]

    @hookimpl
    def register_jobs(self):
        return [Job("count", T("Count"), count)]

    @hookimpl
    def on_campaign_published(self, event, ctx):
        pass


plugin = GoodTables()
