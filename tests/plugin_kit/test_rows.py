"""Rows made up for a plugin's tables: what columns allow is in them, what tables forbid is left out."""

from __future__ import annotations

import enum
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Connection, ForeignKey, MetaData, Numeric, String, select
from sqlalchemy.orm import Mapped

from core.database import make_engine
from core.plugin_kit import rows, terminal, two_brands
from samverk import OwnTables, internal, personal
from tests.plugin_kit.bench import failed, put, subject_of


class Mood(enum.Enum):
    GOOD = 1
    BAD = 2


class Tables(OwnTables, plugin="rowing"):
    pass


class Order(Tables):
    number: Mapped[str] = internal(String(9), unique=True)
    state: Mapped[str] = internal(String(20), default="open")
    mood: Mapped[Mood] = internal()
    currency: Mapped[str] = internal(String(3))
    share: Mapped[Decimal] = internal(Numeric(4, 4))
    note: Mapped[str | None] = personal(String(200))


class Part(Tables):
    order_number: Mapped[str] = internal(ForeignKey("x_rowing_order.number"))
    above: Mapped[int | None] = internal(ForeignKey("x_rowing_part.id"))


class Only(Tables):
    """One for each brand."""

    brand: Mapped[str] = internal(String(20), unique=True)


class Strict(Tables):
    """Takes nothing that the kit makes up."""

    __table_args__ = (CheckConstraint("count > 1000", name="many"),)
    count: Mapped[int] = internal()


class Owned(Tables):
    brand: Mapped[str] = internal(String(20))
    words: Mapped[str] = internal(String(200))
    code: Mapped[str] = internal(String(20))
    above: Mapped[int | None] = internal(ForeignKey("x_rowing_owned.id"))


class Answer(Tables):
    """Of the brand of what it answers."""

    owned_id: Mapped[int] = internal(ForeignKey("x_rowing_owned.id"))
    words: Mapped[str] = internal(String(200))


def taken_by(folder: Path, fill: Callable[[Connection, MetaData], Any]) -> tuple[Any, dict[str, list[Any]]]:
    """What `fill` answers, and the rows that it made, by table."""
    engine = make_engine(f"sqlite:///{folder}/rows.db")
    with engine.begin() as connection:
        Tables.metadata.create_all(connection)
        answer = fill(connection, Tables.metadata)
        found = {table.name[9:]: list(connection.execute(select(table))) for table in Tables.metadata.sorted_tables}
    engine.dispose()
    return answer, found


def filled(folder: Path) -> dict[str, list[Any]]:
    taken, found = taken_by(folder, rows.fit_in)
    assert taken == sum(map(len, found.values()))
    return found


def test_a_row_holds_what_its_columns_allow(tmp_path: Path) -> None:
    orders = filled(tmp_path)["order"]
    assert [len(order.number) for order in orders] == [9, 9, 9] and len({order.number for order in orders}) == 3
    assert {order.state for order in orders} == {"open"} and {order.currency for order in orders} == {"EUR"}
    assert [order.mood for order in orders] == [Mood.GOOD, Mood.BAD, Mood.GOOD]
    assert all(0 < order.share < 1 for order in orders)
    assert [order.note for order in orders] == [*rows.WHOLE, None], "the last leaves out what may be"


def test_keys_lead_to_rows_that_are_there(tmp_path: Path) -> None:
    found = filled(tmp_path)
    assert [part.order_number for part in found["part"]] == [order.number for order in found["order"]]


def test_what_a_table_forbids_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    found = filled(tmp_path)
    assert [len(found[name]) for name in ("only", "strict", "part")] == [1, 0, 3]


def test_people_stand_in_personal_columns_alone_and_rows_that_tell_of_nobody_are_not_made(tmp_path: Path) -> None:
    _, found = taken_by(tmp_path, rows.fill)
    assert {name: len(taken) for name, taken in found.items()} == {
        "order": 2,
        "part": 2,
        "only": 0,
        "strict": 0,
        "owned": 0,
        "answer": 0,
    }
    assert [order.note for order in found["order"]] == [*rows.WHOLE]
    assert not {order.number for order in found["order"]} & {person[:9] for person in rows.WHOLE}


def test_rows_of_two_brands_have_words_of_their_own_and_the_same_people(tmp_path: Path) -> None:
    _, found = taken_by(tmp_path, two_brands.stock)
    own, other = rows.BRAND, two_brands.OTHER
    assert [row.brand for row in found["owned"]] == [other, own, own, other], "first and last another brand's"
    assert [row.code for row in found["owned"]] == [rows.PEOPLE[0], rows.PEOPLE[0], rows.PEOPLE[1], rows.PEOPLE[1]]
    for row in [*found["owned"], *found["answer"]]:
        assert row.words.startswith(two_brands.MARKUP)
    whose = {row.id: two_brands.ELSEWHERE in row.words for row in found["owned"]}
    assert list(whose.values()) == [True, False, False, True] and {row.above for row in found["owned"]} == {None}
    assert all((two_brands.ELSEWHERE in row.words) is whose[row.owned_id] for row in found["answer"])


def test_what_is_of_no_brand_has_no_words_of_another(tmp_path: Path) -> None:
    _, found = taken_by(tmp_path, two_brands.stock)
    assert [order.note[:10] for order in found["order"]] == ["<b>kitown2", "<b>kitown3"]
    assert [row.brand for row in found["only"]] == [two_brands.OTHER, rows.BRAND], "one for each brand"
    assert found["strict"] == [] and len(found["part"]) == 2


def test_in_the_portal_own_rows_are_shown_whatever_their_brand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    portal = [
        ('PluginPage("", T("Notes"), notes)', 'PluginPage("", T("Notes"), notes, face=Face.PORTAL)'),
        (".where(Note.brand == request.brand)", ".where(Note.person == request.influencer)"),
        ("from samverk import (\n", "from samverk import (\n    Face,\n"),
    ]
    assert not failed(subject_of(put(tmp_path / "own", monkeypatch, "good_tables", {"__init__.py": portal})))
    portal[1] = (portal[1][0], "")
    said = failed(subject_of(put(tmp_path / "all", monkeypatch, "good_tables", {"__init__.py": portal})))
    assert set(said) == {"own-brand"} and "Kitelse4" in said["own-brand"]


def test_a_plugin_may_keep_a_row_without_the_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cleared = [
        ("delete(Note).where(Note.person == person)", 'update(Note).where(Note.person == person).values(person="")'),
        ("func, select", "func, select, update"),
    ]
    assert not failed(subject_of(put(tmp_path, monkeypatch, "good_tables", {"__init__.py": cleared})))


OWN = """    def kit(self):
        from samverk import Kit

        return Kit(rows=lambda: [Note(brand="kit-brand", words="3+4", person="")])

    @hookimpl
    def register_pages("""


def test_an_author_hands_over_rows_where_any_word_will_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grammar = ('(note.colour or "").upper()', 'str(sum(map(int, note.words.split("+"))))')
    said = failed(subject_of(put(tmp_path / "made", monkeypatch, "good_tables", {"__init__.py": grammar})))
    assert set(said) == {"pages"} and "/admin/x/good_tables/, over tables that hold rows" in said["pages"]
    hook = "    @hookimpl\n    def register_pages("
    own = {"__init__.py": [grammar, (hook, OWN)]}
    assert not failed(subject_of(put(tmp_path / "own", monkeypatch, "good_tables", own)))
    wrong = {"__init__.py": [grammar, (hook, OWN.replace('person=""', "person=None"))]}
    said = failed(subject_of(put(tmp_path / "wrong", monkeypatch, "good_tables", wrong)))
    assert "rows of kit() that its own tables take" in said["pages"] and "NOT NULL" in said["pages"]


def test_a_command_that_never_ends_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "SECONDS", 0.2)
    endless = {"__init__.py": ("    found = ctx.data", "    while True:\n        pass\n    found = ctx.data")}
    said = failed(subject_of(put(tmp_path, monkeypatch, "good_tables", endless)))
    assert set(said) == {"commands"} and "an end within 0.2 seconds" in said["commands"]
