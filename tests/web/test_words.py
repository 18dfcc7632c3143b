"""Every page, mail, contract and table in every language: no word in them escapes the catalogues.

The example is told, and shown, in a language in which every message is marked: `Due %(date)s`
reads `⟦Due ⟧%(date)s`. What stands outside the marks must be data.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core import clock, i18n
from core.cli.i18n import extract
from core.collaborations import pdf
from core.collaborations.models import Contract
from core.collaborations.queries import paper
from core.database import Base
from core.mail import MailMessage
from core.money import Money
from core.places import currency_choices
from tests import tour
from tests.tour import Stop, here, sign_in

TRANSLATIONS = i18n.ROOT / "translations"
HOLE = re.compile(r"%\(|\bNone\b|\bundefined\b|\{\{|<\w+ object")
FIELD = re.compile(r'<(?:input|select|textarea)[^>]*? name="([^"]+)"')
TABLE = re.compile(r'href="(/[^"#]*(?:csv\b|/statement/)[^"#]*)"')
LINK = re.compile(r"http://\S+")
SPEAKS = "sv"
WORD = re.compile(r"[^\W_]{2,}")
CODE = re.compile(r"[a-z][a-z_.:]*")  # a state or a kind: stored, and never shown as it is
TYPED = {"name", "tag", "tags", "interests"}  # columns in which people write small single words
NAMES = "The Samverk authors English Suomi Svenska Norsk bokmål Instagram TikTok YouTube Facebook Snapchat"
MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
PLACEHOLDER = re.compile(r"(%\(\w+\)s)")
SPOKEN = ("title", "placeholder", "aria-label", "alt", "data-label", "data-confirm", "data-copied", "label")
SILENT = {"script", "style", "code", "pre", "kbd", "textarea"}  # what machines read, and what was typed


def marked(text: str) -> str:
    """A message with its words between marks, its parameters outside."""
    return "".join(
        part if PLACEHOLDER.fullmatch(part) or not part.strip() else f"⟦{part}⟧" for part in PLACEHOLDER.split(text)
    )


@pytest.fixture(scope="module")
def marks(tmp_path_factory) -> Iterator[Path]:
    """Lets every language but English be the marked one."""
    folder = tmp_path_factory.mktemp("marks")
    template = extract()
    for locale in i18n.LOCALES:
        catalogue = Catalog(locale=locale)
        for message in template:
            if message.id:
                one = message.id if isinstance(message.id, str) else message.id[0]
                several = marked(one) if isinstance(message.id, str) else (marked(one), marked(message.id[1]))
                catalogue.add(message.id, several, context=message.context)
        path = folder / locale / "LC_MESSAGES" / "messages.po"
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            write_po(file, catalogue)
    speak(folder)
    yield folder
    speak(TRANSLATIONS)


def speak(folder: Path) -> None:
    """Let a folder's catalogues be the ones that answer."""
    i18n.add_domain("messages", folder)
    i18n.compile_catalogues(folder)


class Words(HTMLParser):
    """The pieces of text that a page shows or speaks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.lang = ""
        self._silent, self._depth = "", 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.lang = self.lang or given.get("lang", "")
        self.found += [given[name] for name in SPOKEN if name in given]
        if not self._silent and (tag in SILENT or given.get("aria-hidden") == "true"):
            self._silent = tag
        self._depth += tag == self._silent

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == self._silent
        if not self._depth:
            self._silent = ""

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.found.append(" ".join(data.split()))


def words(text: str) -> set[str]:
    """The words outside the marks, small letters."""
    return {word.casefold() for word in WORD.findall(MARKED.sub(" ", text)) if word.isalpha()}


def leaves(value: object, *, codes: bool = False) -> Iterator[str]:
    """The text in a stored value, codes apart. A stored message is told anew when it is read: its parameters alone."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("msgid", "plural", "domain", "context"):
                yield from leaves(inner, codes=codes)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from leaves(inner, codes=codes)
    elif isinstance(value, str) and (codes or not CODE.fullmatch(value)):
        yield value


def stored(app: Flask) -> Iterator[str]:
    """Every text in an installation's tables, but for the mails: they are judged, and vouch for nothing."""
    with here(app).database.session() as session:
        for table in set(Base.metadata.tables.values()) - {Base.metadata.tables["mail_message"]}:
            for row in session.execute(table.select()).mappings():
                for name, value in row.items():
                    yield from leaves(value, codes=name in TYPED)


def known(stops: list[Stop]) -> set[str]:
    """Words that are data: from the tables and the examples, from CLDR, and names that no language changes."""
    examples = [path.read_text("utf-8").partition("\n")[2] for path in (i18n.ROOT / "examples").glob("*.csv")]
    tables = [text for app in {stop.app for stop in stops} for text in stored(app)]
    return {word for text in (NAMES, *examples, *tables, *cldr(), *available_timezones()) for word in words(text)}


def cldr() -> Iterator[str]:
    """What comes translated with the names of countries, languages, currencies, months and spans of time."""
    names = Locale.parse(SPEAKS)
    yield from (*names.territories.values(), *names.languages.values(), *names.currencies, *names.currencies.values())
    with i18n.in_locale(SPEAKS):
        yield from (i18n.money(Money(1, currency)) for currency, _ in currency_choices())
        yield from (i18n.day(date(2026, month, 1)) for month in range(1, 13))
        yield from (
            i18n.ago(clock.now() + sign * timedelta(seconds=int(1.5**n))) for n in range(48) for sign in (1, -1)
        )


@pytest.fixture(scope="module")
def data(stops) -> set[str]:
    return known(stops)


@pytest.fixture(scope="module")
def stops(marks, blank_sqlite, tmp_path_factory) -> list[Stop]:
    return tour.everywhere(tmp_path_factory, blank_sqlite, "-marked")


@pytest.fixture
def in_earnest(marks) -> Iterator[None]:
    speak(TRANSLATIONS)
    yield
    speak(marks)


def read(stops: list[Stop], locale: str) -> Iterator[tuple[Stop, FlaskClient]]:
    """Each page and the browser of whoever looks at it, in a language."""
    client, before = None, None
    for stop in stops:
        if client is None or (stop.app, stop.visitor) != before:
            client, before = sign_in(stop.app, stop.visitor), (stop.app, stop.visitor)
            client.post("/language", data={"locale": locale})
        yield stop, client


def example(stops: list[Stop]) -> Flask:
    return next(stop.app for stop in stops if stop.visitor == tour.OWNER)


def escaped(data: set[str], texts: Iterable[tuple[str, str]]) -> str:
    """What is said, (where, text), outside the marks and is no data; a line each."""
    strange = {(where, text[:120]): words(text) - data for where, text in texts}
    return "\n".join(f"{where}: {text!r}: {sorted(odd)}" for (where, text), odd in strange.items() if odd)


def test_no_word_of_a_page_escapes_the_catalogues(stops, data):
    pages = ((stop.endpoint, client.get(stop.path).text) for stop, client in read(stops, SPEAKS))
    assert not (odd := escaped(data, ((where, text) for where, html in pages for text in Words(html).found))), odd


def test_no_word_of_a_complaint_escapes_the_catalogues(stops, data, tmp_path):
    """Every form, sent empty and sent with nonsense, to a copy."""
    twins = {app: tour.twin(app, tmp_path / str(number)) for number, app in enumerate({stop.app for stop in stops})}
    forms = [replace(stop, app=twins[stop.app]) for stop in stops if FIELD.search(stop.html)]
    said: list[tuple[str, str]] = []
    for stop, client in read(forms, SPEAKS):
        for nonsense in ("", "\u2400"):
            typed = dict.fromkeys(FIELD.findall(stop.html), nonsense)
            answer = client.post(urlsplit(stop.path).path, data=typed, follow_redirects=True)
            said += [(f"{stop.endpoint}, sent {nonsense!r}", text) for text in Words(answer.text).found]
    assert len(said) > 2_000
    assert not (odd := escaped(data, said)), odd


def test_no_word_of_a_mail_escapes_the_catalogues(stops, data):
    with here(example(stops)).database.session() as session:
        mails = session.scalars(select(MailMessage).where(MailMessage.locale != "en")).all()
    assert len({mail.kind for mail in mails}) > 15
    said = [(mail.kind, text) for mail in mails for text in (mail.subject, LINK.sub("", mail.body))]
    assert not (odd := escaped(data, said)), odd


def test_no_word_of_a_contract_escapes_the_catalogues(stops, data):
    with here(example(stops)).database.session() as session, i18n.in_locale(SPEAKS):
        papers = [paper(session, number) for number in session.scalars(select(Contract.collaboration_id))]
        said = [("pdf", text) for found in papers if found for text in leaves(pdf.content(found))]
    assert len(said) > 100
    assert not (odd := escaped(data, said)), odd


def test_no_word_of_a_table_to_save_escapes_the_catalogues(stops, data):
    said, kinds = [], set()
    for stop, client in read(stops, SPEAKS):
        for path in set(TABLE.findall(stop.html)):
            if (kind := tour.kind_of(stop.app, path)) not in kinds:
                kinds.add(kind)
                rows = csv.reader(
                    io.StringIO(client.get(path, buffered=True).text.removeprefix("\ufeff")), delimiter=";"
                )
                said += [(kind[0], cell) for row in rows for cell in row]
    assert {kind[0] for kind in kinds} == {
        "admin.campaign_report_csv", "admin.people_export", "admin.import_errors", "admin.payout_run_csv",
        "admin.sales_export", "portal.payout_statement",
    }  # fmt: skip
    assert not (odd := escaped(data | {"blog", *i18n.LOCALES}, said)), odd  # written as the import reads them


def test_the_example_is_the_same_each_time_and_in_every_language(stops, in_earnest, blank_sqlite, tmp_path_factory):
    """Told twice: once by the pages above, which are marked, once as it is."""
    digests = set()
    for language in ("-marked", ""):
        example = tour.told(tmp_path_factory, blank_sqlite, language)
        made = here(tour.serve(shutil.copytree(example, tmp_path_factory.mktemp("again") / "told")))
        digests.add(tour.digest(made))
        made.database.engine.dispose()
    assert len(digests) == 1


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_every_page_in_every_language(stops, in_earnest, locale):
    """Whole, said to be in its language, without a hole where a word or a value should be."""
    for stop, client in read(stops, locale):
        answer = client.get(stop.path)
        page = Words(answer.text)
        assert answer.status_code == stop.status, (stop, answer.status_code)
        assert page.lang == locale, stop
        holes = [text for text in page.found if HOLE.search(text.replace("None", "") if locale == "en" else text)]
        assert not holes, (stop, holes)
