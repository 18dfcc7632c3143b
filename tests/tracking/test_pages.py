"""The pages of sales and gifts, through the browser's door."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from core import clock
from core.instance import Instance
from core.tracking import gifts
from core.tracking.models import Gift, Sale, SalesKey
from tests.collaborations.stage import BASE
from tests.databases import statements
from tests.tracking.conftest import Play, perform
from tests.tracking.test_gifts import ADDRESS
from tests.world import build, sign_in


@pytest.fixture
def shown(instance: Instance) -> Iterator[Play]:
    """A signed collaboration with sales, committed."""
    with clock.frozen(datetime.now(UTC)):
        with instance.database.write() as session:
            play = perform(session, build(session), instance)
            play.take(play.sale("1001", 10_000), play.sale("1002", 5_000, currency="SEK"))
            play.take(play.sale("1003", 1, code=""))
            play.take(play.refund("R1", "1001", 2_500))
        yield play


def code(play: Play) -> str:
    with play.instance.database.session() as session:
        return Play(session, play.world, play.stage, play.collaboration, play.instance).code


def one(instance: Instance, statement: Any) -> Any:
    with instance.database.session() as session:
        return session.scalars(statement).one()


def test_the_list_shows_filters_and_sums(shown: Play, client: FlaskClient) -> None:
    sign_in(client, "viewer")
    page = client.get("/admin/sales").text
    assert all(number in page for number in ("1001", "1002", "1003", "€75.01", "Sold in SEK"))
    assert "1003" not in client.get(f"/admin/sales?q={code(shown)}").text
    assert "1001" not in client.get("/admin/sales?state=on_hold").text
    assert "No sale fits" in client.get("/admin/sales?q=zzz").text
    assert client.get("/admin/sales?state=rubbish&campaign=x&q=%25&after=zz").status_code == 200
    assert "Import" not in re.sub(r"<nav.*?</nav>", "", page, flags=re.S)


def test_the_list_takes_eight_statements_however_long(shown: Play, client: FlaskClient, instance: Instance) -> None:
    sign_in(client, "owner")
    address = f"/admin/sales?q={code(shown)}&state=credited"
    client.get(address)
    with statements(instance.database.engine) as few:
        client.get(address)
    with instance.database.write() as session:
        play = Play(session, shown.world, shown.stage, shown.collaboration, instance)
        play.take(*[play.sale(f"n{number}", 100) for number in range(60)])
    page = client.get(address).text
    mark = re.search("after=([a-z0-9]+)", page)
    assert mark
    with statements(instance.database.engine) as many:
        assert "No sale fits" not in client.get(f"{address}&after={mark[1]}").text
    assert len([s for s in many if s.startswith("SELECT")]) == len([s for s in few if s.startswith("SELECT")]) <= 8


def test_a_sale_of_another_brand_is_not_there(shown: Play, client: FlaskClient, instance: Instance) -> None:
    sale = one(instance, select(Sale).where(Sale.external_id == "1001"))
    sign_in(client, "outsider")
    assert client.get(f"/admin/sales/{sale.public_id}").status_code == 404
    assert "1001" not in client.get("/admin/sales").text


def test_one_sale_tells_its_refunds(shown: Play, client: FlaskClient, instance: Instance) -> None:
    sale = one(instance, select(Sale).where(Sale.external_id == "1001"))
    sign_in(client, "viewer")
    page = client.get(f"/admin/sales/{sale.public_id}").text
    assert "R1" in page and "€75.00" in page


def test_import_from_file_to_books(shown: Play, client: FlaskClient, instance: Instance) -> None:
    sign_in(client, "finance")
    assert "order_id" in client.get("/admin/sales/import").text
    table = f"order_id;code;amount;sold_at\nn1;{code(shown)};100,00;{clock.today()}\nn2;;x;{clock.today()}\n".encode()
    sent = client.post("/admin/sales/import", data={"source": "csv", "file": (io.BytesIO(table), "shop.csv")})
    assert sent.status_code == 303, sent.text
    preview = client.get(sent.location).text
    assert "n1" in preview and "x is not a number" in preview and "shop.csv" in preview
    assert client.post(sent.location).status_code == 303
    assert one(instance, select(func.count(Sale.id))) == 4
    assert client.get(sent.location).status_code == 404


def test_a_bad_file_is_told_at_its_field(shown: Play, client: FlaskClient) -> None:
    sign_in(client, "owner")
    page = client.post("/admin/sales/import", data={"source": "csv", "file": (io.BytesIO(b"a;b\n1;2\n"), "x.csv")})
    assert "lacks these columns: order_id, amount, sold_at" in page.text
    assert "Fill in this field" in client.post("/admin/sales/import", data={"source": "csv"}).text


def test_the_export_downloads(shown: Play, client: FlaskClient) -> None:
    sign_in(client, "viewer")
    answer = client.get("/admin/sales/export.csv?state=credited")
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    assert answer.text.count("\n") == 2 and "1001" in answer.text


def test_codes_are_listed(shown: Play, client: FlaskClient) -> None:
    sign_in(client, "viewer")
    assert code(shown) in client.get("/admin/sales/codes").text


def test_a_secret_is_shown_once(shown: Play, client: FlaskClient, instance: Instance) -> None:
    sign_in(client, "owner")
    assert "No keys yet" in client.get("/admin/sales/keys").text
    made = client.post("/admin/sales/keys", data={"label": "Web shop"})
    assert "whsec_" in made.text.replace("whsec_}", "").replace("whsec_…", "")
    again = client.get("/admin/sales/keys").text.replace("whsec_}", "").replace("whsec_…", "")
    assert "Web shop" in again and "whsec_" not in again
    key = one(instance, select(SalesKey))
    replaced = client.post(f"/admin/sales/keys/{key.public_id}/replace")
    assert "valid until" in replaced.text
    assert client.post(f"/admin/sales/keys/{key.public_id}/revoke").status_code == 303
    assert "Revoked" in client.get("/admin/sales/keys").text
    assert "webhook-id" in client.get("/admin/sales/api.md").text


def test_keys_are_the_owners(shown: Play, client: FlaskClient) -> None:
    sign_in(client, "manager")
    assert client.get("/admin/sales/keys").status_code == 403


def gift_of(instance: Instance) -> Gift:
    found: Gift = one(instance, select(Gift))
    return found


def test_a_gift_goes_through_both_faces(shown: Play, client: FlaskClient, instance: Instance) -> None:
    row = gift_of(instance)
    here, there = f"/portal/gifts/{row.public_id}", f"/admin/gifts/{row.public_id}"
    sign_in(client, "influencer")
    assert "Aino Laine" in client.get(here).text
    address = {"name": "Aino", "street": "Katu 1", "postcode": "20100", "city": "Turku", "country": "FI", "phone": ""}
    wrong = client.post(here, data={**address, "postcode": ""})
    assert "Fill in this field" in wrong.text and "Katu 1" in wrong.text
    assert client.post(here, data=address).status_code == 303
    _leave(client)
    sign_in(client, "viewer")
    assert "Katu 1" not in client.get(there).text
    assert client.post(f"{there}/shipped", data={"sent_on": "2026-01-01"}).status_code == 403
    _leave(client)
    sign_in(client, "manager")
    assert "Katu 1" in client.get(there).text and row.product in client.get("/admin/gifts").text
    today = clock.today().isoformat()
    assert client.post(f"{there}/shipped", data={"sent_on": today, "tracking": "JJFI"}).status_code == 303
    assert "No gift is in this state" in client.get("/admin/gifts?state=approved").text
    _leave(client)
    sign_in(client, "influencer")
    assert "JJFI" in client.get(here).text
    assert client.get(f"{here}/missing").status_code == 200
    assert client.post(here, data={"received_on": today}).status_code == 303
    assert "Its value is booked" in client.get(here).text
    assert gift_of(instance).state == "delivered"


def test_steps_out_of_turn_are_refused_in_words(shown: Play, client: FlaskClient, instance: Instance) -> None:
    sign_in(client, "manager")
    row = gift_of(instance)
    page = client.post(f"/admin/gifts/{row.public_id}/shipped", data={"sent_on": clock.today().isoformat()})
    assert "This cannot be done while the state is" in page.text
    assert client.get("/admin/gifts/nowhere").status_code == 404


def test_the_influencer_sees_code_and_gift_on_the_page_of_the_work(shown: Play, client: FlaskClient) -> None:
    sign_in(client, "influencer")
    page = client.get(f"/portal/work/{shown.collaboration.public_id}")
    assert page.status_code == 200
    assert code(shown) in page.text and "Tent" in page.text


def _leave(client: FlaskClient) -> None:
    client.post("/sign-out")


def test_the_influencers_first_page_names_the_gift(shown: Play, client: FlaskClient, instance: Instance) -> None:
    sign_in(client, "influencer")
    row = one(instance, select(Gift))
    page = client.get("/portal/").text
    assert "Say where to send “Tent”" in page and f"/portal/gifts/{row.public_id}" in page
    with instance.database.write() as session:
        mine = session.get_one(Gift, row.id)
        gifts.give_address(session, shown.world.creator, gift=mine, address=ADDRESS, base_url=BASE)
        gifts.ship(session, shown.stage.brand, gift=mine, sent_on=clock.today(), tracking="", base_url=BASE)
    page = client.get("/portal/").text
    assert "Has “Tent” arrived?" in page and "Say where to send" not in page
