"""What the report says of a fault is what to do about this one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import strategies as st

from core.plugin_kit.checks import Broken
from core.plugin_kit.plain import plain
from core.plugin_kit.search import search
from samverk import Accepted, Money, RailEvent, Refused, Settles, T
from tests.plugin_kit.bench import Changes, failed, put, subject_of
from tests.plugin_kit.controls.changes import field, init
from tests.plugin_kit.controls.packs import NO_SUCH_MONTH
from tests.plugin_kit.controls.pages import NOTES, VIEW
from tests.plugin_kit.controls.rails import EACH_TIME

REPORTS: list[tuple[str, str, Changes, list[str]]] = [
    ("api", "good_model", init("api_version = 1", "api_version = 2"), ["Upgrade Samverk"]),
    ("manifest", "good_model", init("api_version = 1", 'api_version = 1\n    scope = "brand"'), ["leave scope out"]),
    (
        "contract",
        "good_model",
        init("def register_payment_models", "def register_payment_model"),
        ["Rename it: docs/plugins/reference.md lists every hook"],
    ),
    ("contract", "good_model", init("return [Share]", "return Share"), ["Return a list"]),
    (
        "contract",
        "good_pack",
        {"pack.yaml": ("rules:\n", f"rules:\n{NO_SUCH_MONTH}")},
        ["pack.yaml: rule 1 (XX-08), valid_from", "docs/plugins/compliance.md lists every kind, field and value"],
    ),
    ("loads", "good_model", init("class Share", "import no_such\n\n\nclass Share"), ["dependencies in pyproject"]),
    ("words", "good_pages", {"translations/nb/LC_MESSAGES/o.po": ("", 'msgid ""')}, ["words good_pages nb`, or"]),
    ("templates", "good_pages", {f"templates/{VIEW}": ("</p>", "{% if %}")}, ["Put that line right"]),
    (
        "keys",
        "good_rail",
        field('SettingField("a", T("A"), required=False), SettingField("a", T("B"), required=False)'),
        ["'a' twice", "Give one of the two another key."],
    ),
    (
        "pages",
        "good_tables",
        {NOTES: ("note.words.title()", "note.words.tittle()")},
        ["notes.html, line 2", "the panel 'Notes' at influencer, over tables that hold rows"],
    ),
    ("tables", "good_tables", {"migrations/versions/0001_note.py": ("sa.String(9)", "sa.String(8)")}, [
        "modify type of x_good_tables_note.colour", "Say `samverk plugin revision good_tables",
    ]),
    ("jobs", "good_tables", init("    seen", "    __import__('socket').socket()\n    seen"), ["Go outside by"]),
    (
        "types",
        "good_source",
        init('datetime.fromisoformat(order["at"])', 'datetime.fromisoformat(order["at"][:19])'),
        ["a moment with a time zone in SaleRecord.at", "datetime.datetime(2026, 1, 2, 10, 0)", "line 67"],
    ),
    ("settings", "good_file", init('ctx.settings["iban"] or ""', 'ctx.settings["iban"]'), ["'iban': None", "line 74"]),
    (
        "same-key", "good_file", init('f"{batch.id}.{kind}"', EACH_TIME),
        ["NeedsAction(instruction=T('Upload the file.')", "Name files and ids by batch.id"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "name", "changes", "said"), REPORTS, ids=[f"{check}-{n}" for n, (check, *_) in enumerate(REPORTS)]
)
def test_it_says_what_to_do_about_this_fault(
    check: str, name: str, changes: Changes, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = " ".join(failed(subject_of(put(tmp_path, monkeypatch, name, changes), examples=5))[check].split())
    assert all(part in told for part in said), told


def test_what_is_now_one_thing_and_then_another_is_told_in_a_line() -> None:
    asked: list[int] = []

    def holds(number: int) -> None:
        asked.append(number)
        if len(asked) == 3:
            raise Broken("always one", "two", f"the number {number}")

    with pytest.raises(Broken) as caught:
        search(st.integers(), 10, holds)
    assert caught.value.seen == "now one and then another: once two, not always one"
    assert caught.value.example.startswith("the number ") and "Keep nothing between two calls" in caught.value.mend


def test_values_are_told_as_they_are_written() -> None:
    event = RailEvent("e1", "order-1", "sent", datetime(2026, 2, 3, 10, tzinfo=UTC), Money(1050, "EUR"))
    told = "RailEvent(id='e1', reference='order-1', status='sent', at=2026-02-03 10:00, amount=10.50 EUR)"
    assert plain([event]) == f"[{told}]"
    assert plain({"a": (Accepted("x"), Refused(T("No %(why)s.", why=Decimal("1.5"))))}) == (
        "{'a': (Accepted(rail_id='x'), Refused(reason=T('No %(why)s.', why=1.5)))}"
    )
    assert plain((Settles.CASH, None, date(2026, 1, 1))) == "(cash, None, 2026-01-01)"


def test_every_missing_word_is_named_up_to_ten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = "".join(f'<i>{{{{ _("Word {number}") }}}}</i>' for number in range(12))
    found = failed(subject_of(put(tmp_path, monkeypatch, "good_pages", {f"templates/{VIEW}": ("</p>", f"</p>{many}")})))
    assert found["words"].count(": missing: Word") == 10 and "and 2 more" in found["words"]
