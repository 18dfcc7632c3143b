"""Plugins with pages, words, tables, jobs and commands that break a promise."""

from __future__ import annotations

from tests.plugin_kit.bench import Changes
from tests.plugin_kit.controls.changes import INIT, Control, init

SECOND = "migrations/versions/0002_seen.py"
STEP = "migrations/versions/0001_note.py"
STRICTER: Changes = {
    INIT: (
        "colour: Mapped[str | None] = internal(String(9))",
        'colour: Mapped[str] = internal(String(9), default="red")',
    ),
    SECOND: [
        (
            "as table:\n        table.add",
            'as table:\n        table.alter_column("colour", nullable=False)\n        table.add',
        ),
        (
            "as table:\n        table.drop",
            'as table:\n        table.alter_column("colour", nullable=True)\n        table.drop',
        ),
    ],
}
"""A column that may be empty becomes one that may not, and the rows with nothing in it are forgotten."""
LATEST = "[note.colour.upper() for note in ctx.data.scalars(select(Note).where(Note.stars > 2))]"
VIEW = "x/good_pages/hello.html"
NOTES = "templates/x/good_tables/notes.html"

CONTROLS: dict[str, list[Control]] = {
    "good_pages": [
        ("words", {"translations/sv/LC_MESSAGES/good_pages.po": ('msgstr "Dagar"', 'msgstr ""')}),
        ("words", {"translations/sv/LC_MESSAGES/good_pages.po": ("God dag, %(name)s", "God dag, %(namn)s")}),
        ("words", {f"templates/{VIEW}": ("Good day,", "Good night,")}),
        ("words", {"translations/nb/LC_MESSAGES/other.po": ("", 'msgid ""\nmsgstr ""\n')}),
        ("domain", init('T = texts("good_pages")', 'T = texts("good_page")')),
        ("templates", {"templates/admin/today.html": ("", "<p></p>")}),
        ("templates", {f"templates/{VIEW}": ("</p>", "</p>{% if %}")}),
        ("pages", init('View("x/good_pages/hello.html", {"name": "Ada"})', '"a text"')),
        ("pages", init('View("x/good_pages/hello.html", {"name": subject})', 'View("x/good_pages/no.html")')),
        ("pages", init('Redirect("")', 'View("admin/today.html")')),
        ("pages", {f"templates/{VIEW}": ("</p>", "</p>{{ nobody.name() }}")}),
        ("pages", {f"templates/{VIEW}": ("</p>", '</p>{% include "admin/today.html" %}')}),
        ("settings", init('ctx.settings["days"] is not None and ', "")),
        ("settings", init('("days", T("Days"))]', '("hours", T("Days"))]')),
        ("placeholders", {f"templates/{VIEW}": ("name=name", "nome=name")}),
    ],
    "good_tables": [
        ("pages", {NOTES: ("note.words.title()", "note.words.tittle()")}),
        ("pages", {NOTES: ("datetime(note.created_at)", "money(note.stars)")}),
        ("pages", init('(note.colour or "").upper()', "note.colour.upper()")),
        ("pages", init("[about] if about else []", "[about.words]")),
        ("pages", init(" if key.isdigit() else None", "")),
        ("csrf", {NOTES: ("{{ ui.csrf() }}", "")}),
        ("escaped", {NOTES: ("note.words.title()", "note.words.title() | safe")}),
        ("own-brand", init(".where(Note.brand == request.brand)", "")),
        ("own-brand", init(" or found.brand != request.brand", "")),
        ("own-brand", init("Note.person == subject, Note.brand == request.brand", "Note.person == subject")),
        ("commands", init("found.words if found else 'none yet'", "found.words")),
        ("commands", init("found.words if found else 'none yet'", "found and found.colour.upper()")),
        ("commands", init("ctx.brand or 'everywhere'", "ctx.brand.upper()")),
        ("commands", init("    found = ctx", "    __import__('socket').socket().close()\n    found = ctx")),
        (
            "commands",
            init(
                '@click.command()\n@click.argument("words")',
                '@click.command(help=T("Write."))\n@click.argument("words")',
            ),
        ),
        ("forgets-person", init("def forget(", "def _forget(")),
        ("forgets-person", init("Note.person == person", "Note.person == ctx.brand")),
        ("forgets-person", init(".where(Note.person == person)", "")),
        ("tables", {STEP: ("sa.String(20)", "sa.String(30)")}),
        ("forgets-person", init(".where(Seen.note_id.in_(theirs))", "")),
        ("tables", {SECOND: (', server_default="0"', "")}),
        ("tables", STRICTER),
        ("tables", {STEP: ("def upgrade():\n", "def upgrade():\n    no_such_thing()\n")}),
        ("jobs", init("    seen = ctx", f"    {LATEST}\n    seen = ctx")),
        ("jobs", init("    seen = ctx", "    no_such_thing()\n    seen = ctx")),
        ("jobs", init("    seen = ctx", "    __import__('socket').socket().close()\n    seen = ctx")),
        ("tables", {STEP: ('    op.drop_table("x_good_tables_note")', "    pass")}),
        ("tables", {STEP: ("def upgrade():\n", 'def upgrade():\n    op.execute("CREATE TABLE stray (id INT)")\n')}),
    ],
}
