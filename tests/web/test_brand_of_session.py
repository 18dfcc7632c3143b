"""Which brand a session works in: the one it began with, until its person chooses another."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from core.accounts.models import Brand, LoginSession, Membership, OneTimeToken, Workspace
from tests.world import sign_in

PAGES = ["/admin/ledger", "/admin/sales", "/admin/payouts", "/admin/earnings"]


def given(instance, name):
    """Another brand of the owner's workspace."""
    with instance.database.write() as session:
        home = session.scalar(select(Brand).where(Brand.name == "Havsro"))
        session.add(Brand(workspace_id=home.workspace_id, name=name, country="FI", currency="EUR"))
        session.flush()


def test_a_brand_that_comes_does_not_take_the_place_of_the_one_at_work(client, committed, instance):
    sign_in(client, "owner")
    assert client.get("/admin/sales").status_code == 200
    given(instance, "Aardvark")
    with instance.database.session() as session:
        row = session.scalar(select(LoginSession).order_by(LoginSession.id.desc()))
        assert session.get(Brand, row.brand_id).name == committed.brand.name


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_money_say_whose_it_is(client, committed, instance, page):
    sign_in(client, "owner")
    head = f"{committed.brand.name} · "
    assert head not in client.get(page).text
    given(instance, "Aardvark")
    assert head in client.get(page).text


def test_the_next_session_goes_on_where_the_last_one_was(app, client, committed, instance):
    sign_in(client, "owner")
    given(instance, "Aardvark")
    with instance.database.session() as session:
        other = session.scalar(select(Brand.public_id).where(Brand.name == "Aardvark"))
    assert client.post("/admin/brand", data={"brand": other}).status_code == 303
    again = sign_in(app.test_client(), "owner")
    assert "Aardvark · " in again.get("/admin/sales").text


@pytest.fixture
def tab(client, committed, instance):
    """A page of the first brand, open in one tab while another brand is chosen in another; what its form carries."""
    sign_in(client, "owner")
    given(instance, "Aardvark")
    page = client.get("/admin/team").text
    (carried,) = set(re.findall(r'name="in_brand" value="([^"]+)"', page))
    assert carried == committed.brand.public_id
    with instance.database.session() as session:
        other = session.scalar(select(Brand.public_id).where(Brand.name == "Aardvark"))
    assert client.post("/admin/brand", data={"brand": other, "in_brand": carried}).status_code == 303
    assert "Aardvark" in client.get("/admin/team").text
    return {"email": "new@example.com", "role": "finance", "locale": "en", "in_brand": carried}


def test_a_form_is_taken_in_the_brand_of_its_page(client, committed, instance, tab):
    assert client.post("/admin/team", data=tab).status_code == 303
    with instance.database.session() as session:
        assert session.scalar(select(OneTimeToken.brand_id)) == committed.brand.id
    page = client.get("/admin/team").text
    assert committed.brand.name in page and "/join/" in page, "the person goes on in the brand of the form"


def test_a_form_with_a_fault_stays_in_its_brand(client, committed, tab):
    page = client.post("/admin/team", data={**tab, "email": "no address"}).text
    assert "This is not an e-mail address." in page
    assert set(re.findall(r'name="in_brand" value="([^"]+)"', page)) == {committed.brand.public_id}


def test_a_form_of_a_brand_that_was_lost_meanwhile_is_not_taken_elsewhere(client, committed, instance, tab):
    with instance.database.write() as session:
        other = session.scalar(select(Brand).where(Brand.name == "Aardvark"))
        row = session.scalar(select(Membership).where(Membership.person_id == committed.owner.person_id))
        row.brand_id = other.id
    assert client.post("/admin/team", data=tab).status_code == 404
    with instance.database.session() as session:
        assert session.scalar(select(OneTimeToken)) is None


@pytest.fixture
def two_roles(client, committed, instance):
    """The owner of one brand looks on at another, and has chosen that one; its public id."""
    with instance.database.write() as session:
        away = Workspace(name="Away")
        session.add(away)
        session.flush()
        brand = Brand(workspace_id=away.id, name="Aardvark", country="FI", currency="EUR")
        session.add(brand)
        session.flush()
        mine = {"person_id": committed.owner.person_id, "workspace_id": away.id}
        session.add(Membership(**mine, brand_id=brand.id, role="viewer"))
        name = brand.public_id
    sign_in(client, "owner")
    assert client.post("/admin/brand", data={"brand": name}).status_code == 303
    return name


def test_a_form_of_a_brand_in_which_the_right_is_lacking_is_not_taken_in_another(client, instance, two_roles):
    sent = {"email": "new@example.com", "role": "finance", "locale": "en", "in_brand": two_roles}
    assert client.post("/admin/team", data=sent).status_code == 403
    with instance.database.session() as session:
        assert session.scalar(select(OneTimeToken)) is None


def test_a_page_that_shows_another_brand_than_the_chosen_one_has_forms_of_that_brand(
    client, committed, instance, two_roles
):
    page = client.get("/admin/team").text
    (carried,) = set(re.findall(r'name="in_brand" value="([^"]+)"', page))
    assert carried == committed.brand.public_id
    sent = {"email": "new@example.com", "role": "finance", "locale": "en", "in_brand": carried}
    assert client.post("/admin/team", data=sent).status_code == 303
    with instance.database.session() as session:
        assert session.scalar(select(OneTimeToken.brand_id)) == committed.brand.id
