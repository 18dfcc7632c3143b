"""Which brand a session works in: the one it began with, until its person chooses another."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.accounts.models import Brand, LoginSession
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
