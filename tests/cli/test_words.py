"""The words: every catalogue is whole, and one English word may mean two things."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from core.catalogues import damage, placeholders
from core.cli.i18n import extract, i18n, read
from core.i18n import LOCALES, ROOT, in_locale, ngettext, pgettext
from core.plugin_api.text import Tc, Text, Tn

OTHERS = [locale for locale in LOCALES if locale != "en"]


def test_every_catalogue_is_whole() -> None:
    found = CliRunner().invoke(i18n, ["check"])
    assert found.exit_code == 0, found.output


def test_a_context_tells_two_meanings_apart() -> None:
    with in_locale("sv"):
        assert str(Tc("kind of content", "Review")) == "Recension"
        assert pgettext("vetting", "Failed") != pgettext("payout", "Failed")
    with in_locale("en"):
        assert pgettext("payout", "Failed") == "Failed"


def test_a_count_takes_the_form_of_its_number() -> None:
    one, many = (Tn("%(num)s row", "%(num)s rows", count) for count in (1, 2000))
    with in_locale("fi"):
        assert (str(one), str(many)) == ("1 rivi", "2\xa0000 riviä")
    with in_locale("en"):
        assert (str(one), str(many)) == ("1 row", "2,000 rows")
        assert ngettext("%(num)s sock", "%(num)s socks", 3) == "3 socks"


@pytest.mark.parametrize("text", [Tc("payout", "Failed"), Tn("%(num)s row", "%(num)s rows", 2), Text("Name")])
def test_a_stored_message_is_the_same_message(text: Text) -> None:
    assert Text.from_json(json.loads(json.dumps(text.to_json()))) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (Text("It is %(foud)s", {"found": "ad"}), "It is %(foud)s"),
        (Text("100 % sure: %(reason)s", {"reason": "closed"}), "100 % sure: closed"),
        (Text("At 5 %% of %(what)s, 100 %", {"what": "it"}), "At 5 % of it, 100 %"),
        (Text("%(num)s row", plural="%(num)s rows"), "%(num)s row"),
    ],
)
def test_no_message_breaks_a_page(text: Text, shown: str, caplog: pytest.LogCaptureFixture) -> None:
    for locale in LOCALES:
        with in_locale(locale):
            assert str(text) == shown
    assert bool(caplog.records) is (shown == text.msgid)


@pytest.mark.parametrize("locale", OTHERS)
def test_numbers_and_their_units_stay_on_one_line(locale: str) -> None:
    """A line never breaks between a number and its unit, or inside a number."""
    broken = [
        text
        for message in read(locale)
        if message.id
        for text in ([message.string] if isinstance(message.string, str) else message.string or ())
        if any(f"{digit} {unit}" in text for digit in "0123456789" for unit in ("%%", "EUR", "NOK", "SEK", "000"))
    ]
    assert broken == []


def test_damage_is_seen() -> None:
    catalogue, template = read("fi"), extract()
    wanted = next(m for m in template if m.id and placeholders(str(m.id)) == {"name"} and isinstance(m.id, str))
    found = catalogue.get(str(wanted.id), wanted.context)
    assert found is not None and list(damage(wanted, found, 2)) == []
    found.string = "100 % %(nmae)s"
    assert len(list(damage(wanted, found, 2))) == 2


def test_the_glossary_is_what_the_program_says() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in page.splitlines() if line[:2] == "| "]
    assert rows[0][0] == "English" and len(rows) > 30
    said = {locale: {str(m.id): str(m.string) for m in read(locale) if not m.context} for locale in OTHERS}
    held = [row for row in rows if row[0].capitalize() in said["fi"]]
    assert len(held) > 30
    for row in held:
        assert row[1:] == [said[locale][row[0].capitalize()].lower() for locale in OTHERS], row[0]
