"""A plugin with tables of its own that passes the kit."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, delete, func, select
from sqlalchemy.orm import Mapped

from samverk import Job, OwnTables, Plugin, T, UtcDateTime, hookimpl, internal, personal


class Tables(OwnTables, plugin="good_tables"):
    pass


class Note(Tables):
    words: Mapped[str] = internal(String(20))
    person: Mapped[str] = personal(String(20))
    stars: Mapped[int] = internal(default=0)


class Seen(Tables):
    note_id: Mapped[int] = internal(ForeignKey("x_good_tables_note.id"))
    at: Mapped[datetime] = personal(UtcDateTime, unique=True)
    how: Mapped[dict] = internal(JSON)


def count(ctx):
    seen = ctx.data.scalar(select(func.count(Note.id)))
    ctx.data.add(Note(words=f"{seen} notes", person=""))
    if seen:
        ctx.http.request("POST", "https://count.test/", body=str(seen).encode())


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
    def register_jobs(self):
        return [Job("count", T("Count"), count)]

    @hookimpl
    def on_campaign_published(self, event, ctx):
        pass


plugin = GoodTables()
