"""A foreign plugin that lives through everything: it pays, keeps rows, holds a secret, and is upgraded and removed.

Its first edition has no column `stars` and no second migration; tests install either.
"""

from datetime import timedelta

import click
from sqlalchemy import ForeignKey, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped

from samverk import (
    DeliverableApproved,
    FieldKind,
    Invalid,
    Job,
    Line,
    OwnTables,
    Panel,
    PaymentModel,
    Place,
    Plugin,
    PluginPage,
    Redirect,
    SettingField,
    Settles,
    UtcDateTime,
    View,
    hookimpl,
    internal,
    personal,
    standing,
    texts,
)

from .edition import NUMBER

T = texts("tips")
DOING = {}


class Tables(OwnTables, plugin="tips"):
    pass


class Note(Tables):
    __table_args__ = (UniqueConstraint("brand", "words"),)

    brand: Mapped[str] = internal(String(20), index=True)
    person: Mapped[str] = personal(String(20), default="")
    words: Mapped[str] = personal(String(200))
    told_at = internal(UtcDateTime, nullable=True)
    if NUMBER > 1:
        stars: Mapped[int] = internal(default=0, server_default="0")


class Answer(Tables):
    note_id: Mapped[int] = internal(ForeignKey("x_tips_note.id"))


class Tip(PaymentModel):
    """A tip for each approved deliverable."""

    name = "tip"
    title = T("Tip")
    uses = (DeliverableApproved,)
    terms = (SettingField("amount", T("Amount"), FieldKind.MONEY, minimum=0),)

    def describe(self, terms):
        return [T("%(amount)s for each.", amount=terms.money("amount"))]

    def earned(self, terms, facts):
        approved = [fact for fact in standing(facts) if isinstance(fact, DeliverableApproved)]
        return [Line(fact.key, terms.money("amount"), Settles.CASH, T("Tip")) for fact in approved]

    def cap(self, terms, planned):
        return terms.money("amount") * planned.deliverables


def act(what, ctx):
    DOING.get(what, lambda ctx: None)(ctx)


def notes(request):
    if request.method == "POST":
        act("first", request)
        words = request.form.get("words", "")
        request.data.add(Note(brand=request.brand, words=words))
        act("page", request)
        if not words:
            raise Invalid(T("Write something."), "words")
        return Redirect("", T("Kept."))
    act("read", request)
    found = request.data.scalars(select(Note).where(Note.brand == request.brand).order_by(Note.id)).all()
    return View("x/tips/notes.html", {"notes": found})


def panel(request, subject):
    act("panel", request)
    return View("x/tips/panel.html", {"count": request.data.scalar(select(func.count()).select_from(Note))})


def nightly(ctx):
    ctx.data.add(Note(brand=ctx.brand, words="nightly"))
    act("nightly", ctx)


@click.command()
@click.argument("words")
@click.option("--code", default=0)
@click.pass_obj
def note(ctx, words, code):
    """Keep a note."""
    ctx.data.add(Note(brand=ctx.brand or "", words=words))
    raise click.exceptions.Exit(code)


class Tips(Plugin):
    name = "tips"
    title = T("Tips and notes")
    api_version = 1
    tables = Tables
    settings = (
        SettingField("key", T("Key"), secret=True, required=False),
        SettingField("tone", T("Tone"), required=False),
    )

    @hookimpl
    def register_payment_models(self):
        return [Tip]

    @hookimpl
    def register_pages(self):
        return [PluginPage("", T("Notes"), notes, nav=True, takes_form=True)]

    @hookimpl
    def register_panels(self):
        return [Panel(Place.DASHBOARD, T("Notes"), panel)]

    @hookimpl
    def register_commands(self):
        return [note]

    @hookimpl
    def register_jobs(self):
        return [Job("nightly", T("Nightly"), nightly, every=timedelta(days=1))]

    @hookimpl
    def on_collaboration_agreed(self, event, ctx):
        ctx.data.add(Note(brand=event.brand, words=f"agreed {event.collaboration}"))
        act("agreed", ctx)

    def forget(self, person, ctx):
        for row in ctx.data.scalars(select(Note).where(Note.person == person, Note.brand == (ctx.brand or ""))):
            ctx.data.delete(row)


plugin = Tips()
