"""Importing influencers from files as people have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import outbox
from core.errors import Denied, Invalid, Missing, Refused
from core.files import StoredFile
from core.i18n import ROOT
from core.influencers import importing, queries, service
from core.influencers.columns import FIELDS, guess_mapping, plain
from core.influencers.importing import Importer
from core.influencers.models import Channel, ImportBatch, ImportRow, Note, Relationship
from core.influencers.queries import PeopleFilter
from core.influencers.rows import read_row
from core.influencers.tags import known_tags
from core.instance import Instance
from tests.world import World

EXAMPLE = ROOT / "examples" / "influencers.csv"


@pytest.fixture
def importer(instance: Instance) -> Iterator[Importer]:
    """The importer of the installation, its jobs known to the outbox."""
    made = Importer(instance.files, instance.keyring)
    importing.connect(lambda session: made)
    yield made


def load(session: Session, world: World, importer: Importer, raw: bytes | str, name: str = "list.csv") -> ImportBatch:
    """A file, checked with the columns that were guessed."""
    raw = raw.encode() if isinstance(raw, str) else raw
    batch = importer.start(session, world.owner, brand=world.brand, name=name, raw=raw)
    importer.check(session, world.owner, batch=batch, mapping=batch.mapping)
    return batch


def counts(batch: ImportBatch) -> tuple[int, int, int, int]:
    """New, changed, same, bad."""
    return batch.rows_new, batch.rows_changed, batch.rows_same, batch.rows_bad


def people(session: Session, world: World) -> dict[str, Relationship]:
    """Everybody on the first brand's list, by name."""
    return {row.display_name: row for row in queries.list_people(session, world.owner, PeopleFilter()).rows}


def messages(session: Session, batch: ImportBatch) -> dict[int, str]:
    """What is wrong, by line."""
    rows = queries.batch_rows(session, batch, "bad")
    return {row.line: row.errors[0]["msgid"] % row.errors[0]["params"] for row in rows}


def test_the_example_file_goes_in_whole(session: Session, world: World, importer: Importer, instance: Instance) -> None:
    batch = load(session, world, importer, EXAMPLE.read_bytes())
    assert (batch.state, counts(batch)) == ("checked", (5, 0, 0, 0))
    assert not people(session, world), "nothing is visible before the final step"
    importer.apply(session, world.owner, batch=batch)
    session.expire_all()
    listed = people(session, world)
    aino = listed["Aino Laine"]
    assert (aino.country, aino.platform, aino.handle, aino.followers) == ("FI", "instagram", "ainolaine", 18_400)
    assert aino.engagement_ppm == (8_230 + 412 + 96) * 1_000_000 // (12 * 18_400)
    assert aino.tags == ["ihonhoito", "luonto"] and aino.iban_last4 == "0785" and aino.city == "Helsinki"
    assert known_tags(session, world.owner) == sorted({tag for row in listed.values() for tag in row.tags})
    assert service.read_iban(instance.keyring, aino) == "FI2112345600000785"
    assert [note.text for note in queries.notes_of(session, aino)] == ["Toimii nopeasti"]
    assert listed["Mikko Korpi"].followers == 212_500 and listed["Mikko Korpi"].handle == "mikkokorpi"
    assert listed["Sanna Mäki"].platform == "blog" and listed["Sanna Mäki"].engagement_ppm is None
    assert queries.list_people(session, world.owner, PeopleFilter(q="øvrebø")).total == 1


def test_importing_again_changes_nothing(session: Session, world: World, importer: Importer) -> None:
    for expected in ((5, 0, 0, 0), (0, 0, 5, 0)):
        batch = load(session, world, importer, EXAMPLE.read_bytes())
        assert counts(batch) == expected
        if batch.rows_new:
            importer.apply(session, world.owner, batch=batch)
            session.expire_all()
    with pytest.raises(Refused):
        importer.apply(session, world.owner, batch=batch)
    assert session.scalar(select(func.count()).select_from(Note)) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_any_export_is_read(session: Session, world: World, importer: Importer, encoding: str, delimiter: str) -> None:
    lines = [["Namn", "E-post", "Land", "Engagemang %"], ["Åsa Öberg", "asa@example.com", "Norge", '"3,4"']]
    lines[0].insert(3, "Instagram")
    lines[1].insert(3, "@asa")
    raw = "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)
    importer.apply(session, world.owner, batch=load(session, world, importer, raw))
    session.expire_all()
    person = people(session, world)["Åsa Öberg"]
    assert (person.email, person.country, person.engagement_ppm) == ("asa@example.com", "NO", 34_000)


def test_every_error_is_told_at_its_row_and_field(session: Session, world: World, importer: Importer) -> None:
    batch = load(
        session, world, importer,
        "Name;E-mail;Instagram;Followers;Country;IBAN\n"
        "A;not an address;a;1;FI;\nB;;;;FI;\nC;;c;many;FI;\nD;;d;1;Atlantis;\nE;;e;1;FI;FI00 1234\n"
        "F;;two words;1;FI;\nG;;g;1;FI;;;x\nH;;h;5;FI;\n",
    )  # fmt: skip
    assert counts(batch) == (1, 0, 0, 7)
    bad = {row.line: row.errors[0]["field"] for row in queries.batch_rows(session, batch, "bad")}
    assert bad == {2: "email", 3: "", 4: "followers", 5: "country", 6: "iban", 7: "instagram", 8: ""}
    importer.apply(session, world.owner, batch=batch)
    session.expire_all()
    assert list(people(session, world)) == ["H"]
    assert len(queries.batch_rows(session, batch, "bad")) == 7, "what was left out can still be read"


def test_the_same_person_twice_in_a_file_is_an_error_at_the_second(
    session: Session, world: World, importer: Importer
) -> None:
    batch = load(session, world, importer, "Name;Instagram;Email\nA;@aino;a@b.fi\nB;x;\nC;instagram.com/AINO/;\n")
    assert counts(batch) == (2, 0, 0, 1)
    assert messages(session, batch) == {4: "The same person as in line 2."}


def test_two_rows_about_one_known_person(session: Session, world: World, importer: Importer) -> None:
    importer.apply(session, world.owner, batch=load(session, world, importer, "Name;Instagram;TikTok\nA;a;b\n"))
    session.expire_all()
    batch = load(session, world, importer, "Name;Instagram;TikTok\nA;a;\nOther;;b\n")
    assert messages(session, batch) == {3: "The same person as in line 2."}


def test_a_row_that_joins_two_known_people_is_refused(session: Session, world: World, importer: Importer) -> None:
    importer.apply(session, world.owner, batch=load(session, world, importer, "Name;Instagram;TikTok\nA;a;\nB;;b\n"))
    session.expire_all()
    batch = load(session, world, importer, "Name;Instagram;TikTok\nAB;a;b\n")
    assert "A, B" in messages(session, batch)[2]


def test_a_change_keeps_what_the_file_does_not_say(session: Session, world: World, importer: Importer) -> None:
    importer.apply(session, world.owner, batch=load(session, world, importer, EXAMPLE.read_bytes()))
    session.expire_all()
    kept = people(session, world)["Aino Laine"].public_id
    batch = load(session, world, importer, "Instagram;Followers;Phone;Tags;TikTok\nainolaine;19000;040 1;Uusi;aino\n")
    assert counts(batch) == (0, 1, 0, 0)
    importer.apply(session, world.owner, batch=batch)
    session.expire_all()
    aino = queries.get_relationship(session, world.owner, kept)
    assert (aino.display_name, aino.phone, aino.followers, aino.iban_last4) == ("Aino Laine", "040 1", 19_000, "0785")
    assert aino.tags == ["ihonhoito", "luonto", "uusi"]
    assert {(c.platform, c.handle, c.likes) for c in aino.channels} == {
        ("instagram", "ainolaine", 8230),
        ("tiktok", "aino", None),
    }
    assert queries.list_people(session, world.owner, PeopleFilter(q="aino")).total == 1


def test_an_address_finds_the_person_who_then_gets_an_account(
    session: Session, world: World, importer: Importer
) -> None:
    importer.apply(session, world.owner, batch=load(session, world, importer, "Name;Email\nA;a@example.com\n"))
    session.expire_all()
    batch = load(session, world, importer, "Name;Email;Instagram;Followers\nA;A@example.com;aa;10\n")
    assert counts(batch) == (0, 1, 0, 0)
    importer.apply(session, world.owner, batch=batch)
    session.expire_all()
    assert people(session, world)["A"].followers == 10
    assert counts(load(session, world, importer, "Email;Instagram\na@example.com;aa\n")) == (0, 0, 1, 0)


def test_columns_are_remembered_for_a_header_line(session: Session, world: World, importer: Importer) -> None:
    raw = b"Kuka;Missa\nAino;ainolaine\n"
    batch = importer.start(session, world.owner, brand=world.brand, name="a.csv", raw=raw)
    assert batch.mapping == {}
    importer.check(session, world.owner, batch=batch, mapping={"Kuka": "name", "Missa": "instagram"})
    again = importer.start(session, world.owner, brand=world.brand, name="b.csv", raw=b"KUKA;Missa\nX;y\n")
    assert again.mapping == {"KUKA": "name", "Missa": "instagram"}
    other = importer.start(session, world.outsider, brand=world.other_brand, name="b.csv", raw=raw)
    assert other.mapping == {}


@pytest.mark.parametrize(
    ("mapping", "field"),
    [({"A": "name"}, None), ({"A": "email", "B": "email"}, "column_1"), ({"A": "nonsense"}, "column_0")],
)
def test_columns_that_cannot_work_are_refused(
    session: Session, world: World, importer: Importer, mapping: dict[str, str], field: str | None
) -> None:
    batch = importer.start(session, world.owner, brand=world.brand, name="a.csv", raw=b"A;B\n1;2\n")
    with pytest.raises(Invalid) as refused:
        importer.check(session, world.owner, batch=batch, mapping=mapping)
    assert refused.value.field == field


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04rest", b"Name;Email\n", b"\x00\x01\x02", b'Name;Email\n"open;x\n'])
def test_what_is_no_table_is_refused_at_the_file(
    session: Session, world: World, importer: Importer, raw: bytes
) -> None:
    with pytest.raises(Invalid) as refused:
        importer.start(session, world.owner, brand=world.brand, name="a.csv", raw=raw)
    assert refused.value.field == "file"


def test_a_long_file_is_staged_in_jobs_and_shows_its_progress(
    instance: Instance, committed: World, importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 10)
    rows = "".join(f"Person {i};handle{i};{i}\n" for i in range(35))
    with instance.database.write() as session:
        batch = load(session, committed, importer, "Name;Instagram;Followers\n" + rows)
        key, sha = batch.public_id, session.get(StoredFile, batch.file_id).sha256  # type: ignore[union-attr]
    seen = []
    for _ in range(4):
        assert outbox.drain(instance.database, limit=1) == 1
        with instance.database.session() as session:
            seen.append(queries.get_batch(session, committed.owner, key).rows_done)
    assert seen == [10, 20, 30, 35]
    with instance.database.write() as session:
        batch = queries.get_batch(session, committed.owner, key)
        assert (batch.state, counts(batch)) == ("checked", (35, 0, 0, 0))
        importer.apply(session, committed.owner, batch=batch)
        assert batch.state == "applying" and not people(session, committed)
    assert outbox.drain(instance.database) == 2
    with instance.database.session() as session:
        assert queries.list_people(session, committed.owner, PeopleFilter()).total == 35
        assert session.scalar(select(func.count()).select_from(ImportRow)) == 0
    assert not instance.files.path(sha).exists(), "a file of personal data does not outlive its import"


def test_a_chunk_that_is_written_twice_counts_once(
    session: Session, world: World, importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 1)
    batch = load(session, world, importer, "Instagram\na\nb\n")
    write, again = importer.stage_next(session, batch), importer.stage_next(session, batch)
    assert write(session) is True and again(session) is False
    assert batch.rows_done == 1


def test_a_list_that_changed_meanwhile_is_compared_again(
    session: Session, world: World, importer: Importer, instance: Instance
) -> None:
    batch = load(session, world, importer, "Name;Instagram;Phone\nA;a;1\n")
    service.add_person(
        session, world.owner, instance.keyring, brand=world.brand, details={"display_name": "A"},
        platform="instagram", handle="a",
    )  # fmt: skip
    importer.apply(session, world.owner, batch=batch)
    assert batch.state == "staging"
    importer.stage_next(session, batch)(session)
    assert (batch.state, counts(batch)) == ("checked", (0, 1, 0, 0))
    importer.apply(session, world.owner, batch=batch)
    session.expire_all()
    assert people(session, world)["A"].phone == "1"


def test_account_numbers_are_never_staged_in_clear(session: Session, world: World, importer: Importer) -> None:
    batch = load(session, world, importer, "Instagram;IBAN\na;FI2112345600000785\nb;FI2112345600000780\n")
    stored = str([(row.data, row.errors) for row in queries.batch_rows(session, batch, "new", "bad")])
    assert "123456" not in stored


def test_an_import_is_the_brands(session: Session, world: World, importer: Importer) -> None:
    batch = load(session, world, importer, "Instagram\na\n")
    with pytest.raises(Missing):
        queries.get_batch(session, world.outsider, batch.public_id)
    with pytest.raises(Missing):
        queries.get_batch(session, world.actors["viewer"], batch.public_id)
    with pytest.raises(Denied):
        importer.start(session, world.actors["viewer"], brand=world.brand, name="a", raw=b"Instagram\na\n")
    importer.apply(session, world.owner, batch=batch)
    assert queries.list_people(session, world.outsider, PeopleFilter()).total == 0


def test_thrown_away_leaves_nothing(session: Session, world: World, importer: Importer) -> None:
    batch = load(session, world, importer, "Instagram\na\n")
    importer.discard(session, world.owner, batch=batch)
    session.flush()
    for model in (ImportBatch, ImportRow, StoredFile, Channel):
        assert session.scalar(select(func.count()).select_from(model)) == 0


def test_headers_in_four_languages_are_known() -> None:
    assert guess_mapping(["Navn", "E-post", "Brukernavn", "Følgere", "Plattform"]) == {
        "Navn": "name", "E-post": "email", "Brukernavn": "handle", "Følgere": "followers", "Plattform": "platform",
    }  # fmt: skip
    assert guess_mapping(["Nimi", "Seuraajat", "Sitoutumisaste (%)", "Kotisivu"]) == {
        "Nimi": "name", "Seuraajat": "followers", "Sitoutumisaste (%)": "rate",
    }  # fmt: skip
    words = [word for field in FIELDS.values() for word in {plain(word) for word in field.words.split("|")}]
    assert len(words) == len(set(words)), "one word means one field"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"first_name": "Bo", "last_name": "Ek", "email": "b@e.fi"}, {"display_name": "Bo Ek"}),
        ({"handle": "@a", "platform": "Insta"}, {"platform": "instagram"}),
        ({"instagram": "a", "rate": "3,4 %"}, {"stated_ppm": 34_000}),
        ({"instagram": "a", "likes": "120"}, {"likes": 120, "posts_counted": 1}),
        ({"email": "b@e.fi", "country": "Norja"}, {"country": "NO"}),
        ({"email": "b@e.fi", "language": "Svenska"}, {"language": "sv"}),
    ],
)
def test_one_row(cells: dict[str, str], expected: dict[str, Any]) -> None:
    data, errors = read_row(cells)
    flat = data | (data["channels"][0] if data["channels"] else {})
    assert not errors and {key: flat[key] for key in expected} == expected


def test_the_docs_name_every_field_and_the_example() -> None:
    text = (ROOT / "docs" / "import-influencers.md").read_text(encoding="utf-8")
    assert EXAMPLE.name in text
    assert [code for code, field in FIELDS.items() if f"| {field.name.msgid} |" not in text] == []
