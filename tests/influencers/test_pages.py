"""The pages about people, through HTTP."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import QueuePool, select

from core.i18n import ROOT
from core.influencers import importing, queries
from core.influencers.models import ImportBatch, Relationship
from core.influencers.queries import PeopleFilter
from core.influencers.vocabulary import CRITERIA
from core.instance import Instance
from core.web.sheet import cell
from tests.databases import statements
from tests.influencers.test_people import bulk
from tests.world import World, sign_in

BLANK = {"country": "", "language": "", "address_country": ""}
EXAMPLE = (ROOT / "examples" / "influencers.csv").read_bytes()


@pytest.fixture
def owner(client: FlaskClient, committed: World) -> FlaskClient:
    """The owner's browser."""
    return sign_in(client, "owner")


def new_person(browser: FlaskClient, **more: Any) -> str:
    """Add a person by the form; returns the address of their page."""
    data = {
        "display_name": "Aino Laine",
        "platform": "instagram",
        "handle": "@aino",
        "followers": "18 400",
        **BLANK,
        **more,
    }
    answer = browser.post("/admin/people/new", data=data)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def upload(browser: FlaskClient, raw: bytes, name: str = "list.csv") -> str:
    """Send a file; returns the address of its import."""
    answer = browser.post("/admin/people/import", data={"file": (io.BytesIO(raw), name)})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def chosen(page: str) -> dict[str, str]:
    """The columns as the page has them matched."""
    found = {}
    for name, inside in re.findall(r'<select[^>]*name="(column_\d+)"[^>]*>(.*?)</select>', page, re.S):
        value = re.search(r'<option selected value="([^"]*)"', inside)
        found[name] = value[1] if value else ""
    return found


def test_an_empty_list_names_the_next_step(owner: FlaskClient) -> None:
    page = owner.get("/admin/people").text
    assert "No influencers yet" in page and "/admin/people/import" in page


def test_a_person_by_hand(owner: FlaskClient) -> None:
    place = new_person(owner, iban="FI21 1234 5600 0007 85", tags="Beauty, #food", country="FI")
    page = owner.get(place).text
    for words in ("Aino Laine", "@aino", "18,400", "Micro", "beauty", "food", "•••• 0785", "Finland", "Not vetted"):
        assert words in page, words
    assert "12345600" not in page
    assert "Aino Laine" in owner.get("/admin/people?tag=food&tier=micro&q=AINO").text
    assert "Nobody fits" in owner.get("/admin/people?tier=mega").text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"display_name": ""}, "Fill in this field."),
        ({"iban": "FI99"}, "not a valid IBAN"),
        ({"email": "nonsense"}, "not an e-mail address"),
        ({"handle": "two words"}, "not the name of an account"),
        ({"followers": "many"}, "number"),
        ({"handle": ""}, "Give an account or an e-mail address"),
        ({"tags": ",".join(map(str, range(30)))}, "Use at most 20 tags."),
        ({"country": "XX"}, "Choose one of the list."),
    ],
)
def test_bad_input_is_told_and_nothing_is_lost(
    owner: FlaskClient, instance: Instance, data: dict[str, str], message: str
) -> None:
    sent = {
        "display_name": "Aino",
        "platform": "instagram",
        "handle": "@aino",
        "niche": "Something typed",
        **BLANK,
        **data,
    }
    answer = owner.post("/admin/people/new", data=sent)
    assert answer.status_code == 200 and message in answer.text and "Something typed" in answer.text
    with instance.database.session() as session:
        assert session.scalar(select(Relationship.id)) is None


def test_figures_show_their_formula_source_and_age(owner: FlaskClient) -> None:
    place = new_person(owner)
    account = re.search(rf'href="({place}/accounts/[^"]+)"', owner.get(place).text)
    assert account
    form = owner.get(account[1]).text
    assert 'value="18400"' in form and 'value="aino"' in form
    owner.post(
        account[1],
        data={
            "platform": "instagram", "handle": "aino", "followers": "20000", "posts_counted": "10", "likes": "6 000",
            "comments": "500", "shares": "", "evidence": "export", "measured_on": "14.9.2026",
        },
    )  # fmt: skip
    page = owner.get(place).text
    assert "(6,000 + 500 + ?) / 10 / 20,000 = 3.25%" in page
    assert "From an export of the platform" in page and "14 Sept 2026" in page
    assert owner.post(f"{account[1]}/remove").status_code == 303
    assert "This is the only way to know the person by." in owner.get(place).text


def test_vetting_by_form(owner: FlaskClient) -> None:
    place = new_person(owner)
    scores = {f"{code}_score": "4" for code in CRITERIA}
    kept = owner.post(f"{place}/vet", data=scores | {"verdict": "passed", "fit_score": "", "quality_remark": "Sharp"})
    assert kept.status_code == 200 and "Give a score from 1 to 5." in kept.text and "Sharp" in kept.text
    assert "Fill in this field." in owner.post(f"{place}/vet", data=scores).text
    assert owner.post(f"{place}/vet", data=scores | {"verdict": "passed"}).status_code == 303
    assert "average 4 of 5" in owner.get(place).text


def test_notes_and_archive(owner: FlaskClient) -> None:
    place = new_person(owner)
    assert owner.post(f"{place}/notes", data={"text": " "}).status_code == 422
    owner.post(f"{place}/notes", data={"text": "Answers <b>fast</b>"})
    page = owner.get(place).text
    assert "Answers &lt;b&gt;fast&lt;/b&gt;" in page
    remove = re.search(rf'action="({place}/notes/[^"]+)"', page)
    assert remove and owner.post(remove[1]).status_code == 303
    assert "No notes yet." in owner.get(place).text
    owner.post(f"{place}/archive", data={"archived": "1"})
    assert "is off the list" in owner.get(place).text
    assert "Aino" not in owner.get("/admin/people").text and "Aino" in owner.get("/admin/people?archived=1").text
    owner.post(f"{place}/archive", data={"archived": "0"})
    assert "Aino" in owner.get("/admin/people").text


def test_another_brands_person_is_not_there(owner: FlaskClient, app: Any) -> None:
    place = new_person(owner)
    outsider = sign_in(app.test_client(), "outsider")
    for path in ("", "/edit", "/vet", "/accounts/new"):
        assert outsider.get(place + path).status_code == 404
    assert outsider.post(f"{place}/notes", data={"text": "x"}).status_code == 404
    assert "Aino" not in outsider.get("/admin/people").text + outsider.get("/admin/people.csv").text
    viewer = sign_in(app.test_client(), "viewer")
    assert viewer.get(place).status_code == 200 and "Change" not in re.sub(r"<nav.*?</nav>", "", viewer.get(place).text)
    assert viewer.get(f"{place}/edit").status_code == 403
    assert sign_in(app.test_client(), "guest_reviewer").get("/admin/people").status_code == 403


def test_an_import_from_file_to_list(owner: FlaskClient) -> None:
    place = upload(owner, EXAMPLE)
    columns = owner.get(place).text
    assert "For example: Aino Laine" in columns and chosen(columns)["column_0"] == "name"
    answer = owner.post(place, data=chosen(columns))
    assert answer.status_code == 303
    checked = owner.get(place).text
    assert "Import 5 people" in checked and "Elsa Söderström" in checked
    assert "No influencers yet" in owner.get("/admin/people").text
    owner.post(f"{place}/apply")
    assert "5 people are on the list" in owner.get(place).text
    assert "Jonas Øvrebø" in owner.get("/admin/people").text
    again = upload(owner, EXAMPLE)
    owner.post(again, data=chosen(owner.get(again).text))
    assert "There is nothing to import" in owner.get(again).text
    assert owner.post(f"{again}/discard").status_code == 303
    assert owner.get(again).status_code == 404


def test_columns_can_be_corrected_after_the_check(owner: FlaskClient) -> None:
    place = upload(owner, b"Who;Where;Size\nAino;@aino;many\n")
    wrong = owner.post(place, data={"column_0": "name", "column_1": "", "column_2": ""})
    assert "Match at least one column" in wrong.text
    twice = owner.post(place, data={"column_0": "instagram", "column_1": "instagram", "column_2": ""})
    assert "already taken from the column Who" in twice.text
    owner.post(place, data={"column_0": "name", "column_1": "instagram", "column_2": "followers"})
    page = owner.get(place).text
    assert "many is not a" in page and "Import" in page
    assert "many" in owner.get(f"{place}/errors.csv").text
    assert chosen(owner.get(f"{place}?columns=1").text)["column_2"] == "followers"
    owner.post(place, data={"column_0": "name", "column_1": "instagram", "column_2": ""})
    assert "Import 1 person" in owner.get(place).text


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04x", b"Name;Email\n"])
def test_a_file_that_is_no_list(owner: FlaskClient, raw: bytes) -> None:
    answer = owner.post("/admin/people/import", data={"file": (io.BytesIO(raw), "x.csv")})
    assert answer.status_code == 200 and 'class="error"' in answer.text
    assert "Fill in this field." in owner.post("/admin/people/import", data={}).text


def test_progress_survives_a_reload(owner: FlaskClient, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    from core import outbox

    monkeypatch.setattr(importing, "CHUNK", 2)
    place = upload(owner, EXAMPLE)
    owner.post(place, data=chosen(owner.get(place).text))
    outbox.drain(instance.database, limit=1)
    for _ in range(2):
        assert 'value="2" max="5"' in owner.get(place).text
    assert "HX-Refresh" not in owner.get(f"{place}/progress").headers
    outbox.drain(instance.database)
    finished = owner.get(f"{place}/progress")
    assert finished.headers["HX-Refresh"] == "true" and "hx-get" not in finished.text


def test_the_list_asks_the_same_of_the_database_however_long(
    owner: FlaskClient, instance: Instance, committed: World
) -> None:
    counts = []
    for more in (100, 2_000):
        with instance.database.write() as session:
            bulk(session, committed, more, start=more)
        with statements(instance.database.engine) as asked:
            assert owner.get("/admin/people?q=name").status_code == 200
        counts.append(len([s for s in asked if not s.startswith(("BEGIN", "PRAGMA"))]))
    assert counts[0] == counts[1] <= 8


def test_pages_of_the_list(owner: FlaskClient, instance: Instance, committed: World) -> None:
    with instance.database.write() as session:
        bulk(session, committed, 120)
    seen, place = 0, "/admin/people?sort=name"
    while place:
        page = owner.get(place).text
        seen += page.count('class="rowlink"')
        found = re.search(r'href="([^"]+)" rel="next"', page)
        place = found[1].replace("&amp;", "&") if found else ""
    assert seen == 120


@pytest.mark.parametrize(
    ("value", "shown"),
    [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-2+3", "'-2+3"), ("\t=1", "'\t=1"), (" =1", "' =1"),
     ("+358 40 123", "+358 40 123"), (-5, "-5"), ("Aino", "Aino"), (None, ""), ("", "")],
)  # fmt: skip
def test_a_download_runs_nothing(value: Any, shown: str) -> None:
    assert cell(value) == shown


@pytest.mark.parametrize(
    ("role", "shown"), [("viewer", False), ("reviewer", False), ("finance", False), ("manager", True)]
)
def test_where_somebody_lives_is_for_those_who_send_gifts(
    app: Flask, owner: FlaskClient, role: str, shown: bool
) -> None:
    home = {"street": "Kaivokatu 1", "postcode": "00100", "city": "Helsinki", "address_country": "FI"}
    page = new_person(owner, **home, iban="FI21 1234 5600 0007 85")
    other = sign_in(app.test_client(), role)
    for text in (other.get(page).text, other.get("/admin/people.csv").text):
        assert "Aino Laine" in text and "Helsinki" in text
        assert ("Kaivokatu 1" in text, "00100" in text) == (shown, shown)
    assert ("•••• 0785" in other.get(page).text) is shown


def test_a_download_can_be_imported_again(owner: FlaskClient) -> None:
    place = upload(owner, EXAMPLE)
    owner.post(place, data=chosen(owner.get(place).text))
    owner.post(f"{place}/apply")
    answer = owner.get("/admin/people.csv?tier=micro")
    assert answer.mimetype == "text/csv" and "Aino Laine" in answer.text and "Mikko" not in answer.text
    again = upload(owner, answer.data, "influencers.csv")
    owner.post(again, data=chosen(owner.get(again).text))
    assert ">3<" in owner.get(again).text.replace(" ", "")


def test_a_download_gives_its_connection_back(owner: FlaskClient, instance: Instance) -> None:
    pool = instance.database.engine.pool
    assert isinstance(pool, QueuePool)
    before = pool.checkedout()
    for method in ("GET", "HEAD"):
        answer = owner.open("/admin/people.csv", method=method)
        assert pool.checkedout() == before + 1, "it is read while it is sent"
        assert bool(answer.text) is (method == "GET")
        answer.close()
        assert pool.checkedout() == before


@pytest.mark.parametrize("locale", ["en", "fi", "sv", "nb"])
def test_our_own_export_changes_nothing_in_any_language(owner: FlaskClient, instance: Instance, locale: str) -> None:
    strange = "name;account;platform;followers;er;tags\n=1+1;@strange.one;tiktok;54321;3,4567;-a, =b\n"
    for raw in (EXAMPLE, strange.encode()):
        place = upload(owner, raw)
        owner.post(place, data=chosen(owner.get(place).text))
        owner.post(f"{place}/apply")
    owner.post("/language", data={"locale": locale})
    exported = owner.get("/admin/people.csv").data
    assert "3,4567" in exported.decode() or locale == "en"
    again = upload(owner, exported, "influencers.csv")
    columns = chosen(owner.get(again).text)
    assert "rate" in columns.values() and "followers" in columns.values()
    owner.post(again, data=columns)
    with instance.database.session() as session:
        batch = session.scalars(select(ImportBatch).order_by(ImportBatch.id.desc())).first()
        assert batch is not None
        assert (batch.rows_new, batch.rows_changed, batch.rows_same, batch.rows_bad) == (0, 0, 6, 0)


def test_the_own_profile(client: FlaskClient, committed: World) -> None:
    sign_in(client, "influencer")
    assert 'value="Aino Laine"' in client.get("/portal/profile").text
    wrong = client.post("/portal/profile", data={"display_name": "Aino", "country": "FI", "birth_year": "2025"})
    assert "at least 13" in wrong.text
    assert client.post("/portal/profile", data={"display_name": "Aino L", "country": "SE"}).status_code == 303
    assert 'value="Aino L"' in client.get("/portal/profile").text


def test_import_by_command(instance: Instance, committed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.cli.imports import import_

    monkeypatch.setattr("core.cli.imports.instance", lambda: instance)
    run = CliRunner().invoke
    words = ["influencers", str(ROOT / "examples" / "influencers.csv"), "--brand"]
    dry = run(import_, [*words, "Havsro", "--dry-run"])
    assert dry.exit_code == 0 and "5 new, 0 changed" in dry.output and "Nothing was changed." in dry.output

    def total() -> int:
        with instance.database.session() as session:
            return queries.list_people(session, committed.owner, PeopleFilter()).total

    assert total() == 0
    assert run(import_, [*words, committed.brand.public_id]).exit_code == 0 and total() == 5
    assert "5 the same" in run(import_, [*words, "Havsro"]).output
    unknown = run(import_, [*words, "Nobody"])
    assert unknown.exit_code == 1 and "There is no brand called Nobody" in unknown.output
