"""Set-up, sign-in, reset, invitations, sessions: through HTTP, as a browser would."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from core.accounts import service as accounts
from core.accounts.models import Brand, LoginSession, Membership, OneTimeToken, Person
from core.errors import Missing
from core.mail import MailMessage
from tests.world import PASSWORD, sign_in

SET_UP = {
    "name": "Mika Korhonen", "email": "mika@example.com", "password": "nobody guesses this", "brand_name": "Havsro",
    "country": "FI", "currency": "EUR",
}  # fmt: skip


def rows(instance, statement):
    with instance.database.session() as session:
        return list(session.scalars(statement))


def test_the_first_visit_sets_up_and_signs_in(client, instance):
    assert client.get("/").headers["Location"] == "/setup"
    response = client.post("/setup", data=SET_UP)
    assert response.status_code == 303 and response.headers["Location"] == "/admin/"
    assert client.get("/admin/settings").status_code == 200
    person, brand = rows(instance, select(Person))[0], rows(instance, select(Brand))[0]
    assert person.site_admin and brand.name == "Havsro"
    assert person.password_hash.startswith("$argon2id$")


def test_set_up_is_possible_once(client, committed, instance):
    assert client.post("/setup", data=SET_UP).headers["Location"] == "/"
    assert not rows(instance, select(Person).where(Person.email == SET_UP["email"]))


def test_set_up_keeps_what_was_typed_and_says_what_is_wrong(client, instance):
    response = client.post("/setup", data=SET_UP | {"password": "short", "email": "no address"})
    assert "This is not an e-mail address." in response.text or "at least 10 characters" in response.text
    assert 'value="Mika Korhonen"' in response.text
    assert not rows(instance, select(Person))


def test_a_wrong_password_and_an_unknown_address_look_the_same(client, committed):
    wrong = client.post("/sign-in", data={"email": "owner@example.com", "password": "wrong"}).text
    unknown = client.post("/sign-in", data={"email": "nobody@example.com", "password": "wrong"}).text
    strip = re.compile(r"(owner|nobody)@example.com")
    assert strip.sub("", wrong) == strip.sub("", unknown)
    assert "The address or the password is wrong." in wrong


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_sign_in_leads_nowhere_else(client, committed, target):
    data = {"email": "owner@example.com", "password": PASSWORD, "next": target}
    assert client.post("/sign-in", data=data).headers["Location"] == "/"


def test_sign_in_leads_where_one_wanted_to_go(client, committed):
    asked = client.get("/admin/team")
    assert asked.headers["Location"] == "/sign-in?next=/admin/team"
    data = {"email": "owner@example.com", "password": PASSWORD, "next": "/admin/team"}
    assert client.post("/sign-in", data=data).headers["Location"] == "/admin/team"


def test_signing_out_everywhere_ends_every_session(app, client, committed, instance):
    sign_in(client, "owner")
    other = sign_in(app.test_client(), "owner")
    client.post("/sign-out", data={"everywhere": "1"})
    assert other.get("/admin/settings").status_code == 303
    assert not rows(instance, select(LoginSession))


def test_the_cookie_is_kept_from_scripts_and_only_its_hash_is_stored(client, committed, instance):
    response = client.post("/sign-in", data={"email": "owner@example.com", "password": PASSWORD})
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    token = cookie.split("=", 1)[1].split(";")[0]
    assert token not in {row.token_hash for row in rows(instance, select(LoginSession))}


def test_a_reset_link_works_once_and_ends_other_sessions(app, client, committed, instance):
    elsewhere = sign_in(app.test_client(), "owner")
    known = client.post("/reset", data={"email": "owner@example.com"})
    unknown = client.post("/reset", data={"email": "nobody@example.com"})
    assert known.headers["Location"] == unknown.headers["Location"]
    (mail,) = rows(instance, select(MailMessage).where(MailMessage.kind == "reset"))
    link = re.search(r"http://\S+/reset/(\S+)", mail.body)
    assert link and link.group(0).startswith(instance.settings.base_url)
    path = "/reset/" + link.group(1)
    assert client.post(path, data={"password": "an entirely new one"}).status_code == 303
    assert elsewhere.get("/admin/settings").status_code == 303
    assert app.test_client().get(path).status_code == 404
    again = app.test_client()
    assert again.post("/sign-in", data={"email": "owner@example.com", "password": PASSWORD}).status_code == 200


def test_who_was_signed_out_meanwhile_comes_back_to_the_form(client, committed):
    told = {"Referer": "http://localhost/admin/team?x=1"}
    answer = client.post("/admin/team", data={"email": "new@example.com"}, headers=told)
    assert answer.headers["Location"] == "/sign-in?next=/admin/team?x%3D1"
    elsewhere = client.post("/admin/team", headers={"Referer": "https://evil.example/admin/team"})
    assert elsewhere.headers["Location"] == "/sign-in?next=/"


def test_a_part_of_a_page_says_that_one_is_signed_out_instead_of_a_page_within_the_page(client, committed):
    assert '"code":"[45]..","swap":true' in client.get("/sign-in").text, "htmx shows what is wrong"
    answer = client.post("/admin/team", headers={"HX-Request": "true"})
    assert answer.status_code == 401 and "You are signed out." in answer.text and "Location" not in answer.headers


def test_links_in_mails_do_not_come_from_the_request(client, committed, instance):
    refused = client.post("/reset", data={"email": "owner@example.com"}, headers={"Host": "evil.example"})
    assert refused.status_code == 400
    assert not rows(instance, select(MailMessage))


def test_a_team_invitation_makes_a_member_with_its_role(app, client, committed, instance):
    sign_in(client, "owner")
    client.post("/admin/team", data={"email": "new@example.com", "role": "reviewer", "locale": "fi"})
    (mail,) = rows(instance, select(MailMessage).where(MailMessage.kind == "team_invitation"))
    path = re.search(r"/join/\S+", mail.body).group(0)
    guest = app.test_client()
    assert guest.get(path).status_code == 200
    assert guest.post(path, data={"name": "Nea Uusi", "password": "nobody guesses this"}).status_code == 303
    assert guest.get("/admin/campaigns").status_code == 200
    assert guest.get("/admin/team").status_code == 403
    assert app.test_client().get(path).status_code == 404
    (member,) = rows(instance, select(Membership).join(Person, Person.id == Membership.person_id).where(
        Person.email == "new@example.com"))  # fmt: skip
    assert member.role == "reviewer"


def test_the_last_owner_stays(client, committed, instance):
    sign_in(client, "owner")
    (member,) = rows(instance, select(Membership).join(Person, Person.id == Membership.person_id).where(
        Person.email == "owner@example.com"))  # fmt: skip
    response = client.post(f"/admin/team/{member.id}", data={"role": "viewer"})
    assert "A brand needs an owner" in response.text


def test_a_foreign_member_is_not_there(client, committed, instance):
    sign_in(client, "owner")
    (foreign,) = rows(instance, select(Membership).join(Person, Person.id == Membership.person_id).where(
        Person.email == "outsider@example.com"))  # fmt: skip
    assert client.get(f"/admin/team/{foreign.id}").status_code == 404


def test_forms_without_a_token_are_refused(app, committed):
    app.config["WTF_CSRF_ENABLED"] = True
    response = app.test_client().post("/sign-in", data={"email": "owner@example.com", "password": PASSWORD})
    assert response.status_code == 400 and "send it again" in response.text


def test_every_answer_carries_the_headers_of_the_floor(client, committed):
    for path in ("/sign-in", "/nothing-here", "/healthz"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in policy


def test_a_bug_gets_a_page_with_an_id_that_is_in_the_log(app, client, committed, caplog):
    def broken():
        raise RuntimeError("boom")

    app.view_functions["lobby.privacy"] = broken
    app.config["PROPAGATE_EXCEPTIONS"] = False
    response = client.get("/privacy")
    assert response.status_code == 500
    incident = re.search(r"<code>(\w{8})</code>", response.text).group(1)
    assert any(incident in record.getMessage() for record in caplog.records)


def test_the_language_is_the_readers_choice(client, committed):
    assert "Kirjaudu" in client.get("/sign-in", headers={"Accept-Language": "fi"}).text
    client.post("/language", data={"locale": "nb"})
    assert "Logg inn" in client.get("/sign-in", headers={"Accept-Language": "fi"}).text
    sign_in(client, "owner")
    client.post("/language", data={"locale": "sv"})
    assert 'lang="sv"' in client.get("/admin/settings").text


def test_nul_is_no_address(client, committed):
    sign_in(client, "owner")
    assert client.get("/admin/campaigns?q=%00").status_code == 404
    assert client.get("/admin/campaigns/x%00").status_code == 404


@pytest.mark.parametrize("path", ["/admin/audit?page=²", "/admin/campaigns?before=²", "/admin/review?page=²"])
def test_odd_digits_are_no_fault(client, committed, path):
    sign_in(client, "owner")
    assert client.get(path).status_code == 200


def test_an_owner_cannot_lower_themselves_by_an_invitation(client, committed, instance):
    sign_in(client, "owner")
    client.post("/admin/team", data={"email": "owner@example.com", "role": "viewer", "locale": "en"})
    (mail,) = rows(instance, select(MailMessage).where(MailMessage.kind == "team_invitation"))
    path = re.search(r"/join/\S+", mail.body).group(0)
    client.post(path)
    assert client.get("/admin/team").status_code == 200


def test_one_reset_spends_every_older_link(app, client, committed, instance):
    for _ in range(2):
        client.post("/reset", data={"email": "owner@example.com"})
    links = [re.search(r"/reset/\S+", m.body).group(0) for m in rows(instance, select(MailMessage))]
    assert client.post(links[1], data={"password": "an entirely new one"}).status_code == 303
    assert app.test_client().get(links[0]).status_code == 404


def test_an_invitation_works_once_even_for_its_own_person(app, client, committed, instance):
    sign_in(client, "owner")
    client.post("/admin/team", data={"email": "new@example.com", "role": "viewer", "locale": "en"})
    (mail,) = rows(instance, select(MailMessage).where(MailMessage.kind == "team_invitation"))
    path = re.search(r"/join/\S+", mail.body).group(0)
    guest = app.test_client()
    assert guest.post(path, data={"name": "Nea Uusi", "password": "nobody guesses this"}).status_code == 303
    assert guest.post(path).status_code == 404


def test_of_two_who_use_a_link_at_the_same_moment_one_wins(instance, committed):
    with instance.database.write() as session:
        accounts.ask_reset(session, email="owner@example.com", base_url="http://samverk.test")
    (row,) = rows(instance, select(OneTimeToken))
    with instance.database.write() as session:
        accounts.spend(session, row)
    with instance.database.write() as session, pytest.raises(Missing):
        accounts.spend(session, row)
