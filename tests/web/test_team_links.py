"""Invitations after their maker or their reader has left the team: none of them leads back in."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from core.accounts.models import Membership, Person
from tests.web.test_lobby import rows
from tests.world import sign_in

NEW = {"name": "Nea Uusi", "password": "nobody guesses this"}


def invite(client, email, role="owner"):
    """The link of an invitation, as the page shows it to copy."""
    client.post("/admin/team", data={"email": email, "role": role, "locale": "en"})
    return re.search(r"/join/[\w-]+", client.get("/admin/team").text).group(0)


def member(instance, email):
    of = select(Membership).join(Person, Person.id == Membership.person_id).where(Person.email == email)
    return rows(instance, of)[0].id


@pytest.fixture
def second(app, client, committed):
    """A second owner, in a browser of their own; `client` is the first."""
    sign_in(client, "owner")
    browser = app.test_client()
    assert browser.post(invite(client, "second@example.com"), data=NEW).status_code == 303
    return browser


@pytest.mark.parametrize("parting", [{"role": "owner", "remove": "1"}, {"role": "viewer"}])
def test_an_invitation_does_not_outlive_its_makers_right(app, client, second, instance, parting):
    link = invite(second, "sleeper@example.com")
    kept = invite(client, "third@example.com", "viewer")
    client.post(f"/admin/team/{member(instance, 'second@example.com')}", data=parting)
    assert app.test_client().get(link).status_code == 404
    assert app.test_client().get(kept).status_code == 200, "that of an owner who stays is good"


def test_who_is_taken_out_has_no_second_link_in_a_drawer(client, second, instance):
    link = invite(client, "second@example.com")
    client.post(f"/admin/team/{member(instance, 'second@example.com')}", data={"role": "owner", "remove": "1"})
    assert second.get(link).status_code == second.post(link).status_code == 404
    assert second.get("/admin/team").status_code == 403
