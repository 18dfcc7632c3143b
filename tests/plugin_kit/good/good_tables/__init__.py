"""A plugin with a table of its own that passes the kit."""

from sqlalchemy import String, delete
from sqlalchemy.orm import Mapped

from samverk import OwnTables, Plugin, T, hookimpl, internal, personal


class Tables(OwnTables, plugin="good_tables"):
    pass


class Note(Tables):
    words: Mapped[str] = internal(String(20))
    person: Mapped[str] = personal(String(20))


class GoodTables(Plugin):
    name = "good_tables"
    title = T("Notes")
    api_version = 1
    tables = Tables

    def forget(self, person, ctx):
        ctx.data.execute(delete(Note).where(Note.person == person))

    @hookimpl
    def on_campaign_published(self, event, ctx):
        pass


plugin = GoodTables()
