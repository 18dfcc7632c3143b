"""The pages: a whole negotiation in two browsers, from the invitation to the signed PDF."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration
from core.influencers.models import Influencer, Note
from core.instance import Instance
from core.mail import MailMessage
from tests.collaborations import stage as staging
from tests.collaborations.stage import Stage
from tests.databases import statements
from tests.world import PASSWORD, World, sign_in

TERMS = {
    "parts": "c1:fixed,c2:commission",
    "rows": "1",
    "c1-amount": "600",
    "c1-per": "collaboration",
    "c2-percent": "10",
    "c2-cap": "400,00",
    "d0-kind": "reel",
    "d0-platform": "instagram",
    "d0-quantity": "2",
    "d0-due_on": "2026-12-10",
}


@pytest.fixture
def stage(instance: Instance, committed: World) -> Stage:
    """A launched campaign, committed."""
    with instance.database.write() as session:
        return staging.build(session, committed)


@pytest.fixture
def brand(app: Flask, client: FlaskClient, committed: World) -> FlaskClient:
    """The manager's browser."""
    return sign_in(app.test_client(), "manager")


def row(instance: Instance) -> Collaboration:
    with instance.database.session() as session:
        return session.scalars(select(Collaboration).order_by(Collaboration.id.desc())).first()  # type: ignore[return-value]


def send(brand: FlaskClient, stage: Stage, **changed: str) -> Any:
    query = {"campaign": stage.campaign.public_id, "person": stage.known.public_id}
    return brand.post("/admin/offers/new", query_string=query, data={**TERMS, "way": "mail", **changed})


def invited(brand: FlaskClient, stage: Stage, instance: Instance) -> str:
    """Send an offer; the path of the link in the mail."""
    response = send(brand, stage, message="Hei!")
    assert response.status_code == 303, response.text
    with instance.database.session() as session:
        body = session.scalars(select(MailMessage.body).order_by(MailMessage.id.desc())).first() or ""
    return re.search(r"/portal/i/\S+", body).group()  # type: ignore[union-attr]


def join(app: Flask, path: str, email: str = "aino@example.com", **changed: str) -> FlaskClient:
    """Make an account by a link."""
    phone = app.test_client()
    data = {"name": "Aino Laine", "email": email, "password": PASSWORD, "country": "FI", "privacy": "y", **changed}
    assert phone.get(path).status_code == 200
    phone.joined = phone.post(path, data=data)  # type: ignore[attr-defined]
    return phone


def test_choosing_a_campaign_and_a_person(brand: FlaskClient, stage: Stage) -> None:
    assert "Autumn tents" in brand.get("/admin/offers/new").text
    people = brand.get("/admin/offers/new", query_string={"campaign": stage.campaign.public_id, "q": "aino"}).text
    assert "Aino Laine" in people and stage.known.public_id in people


def test_the_form_adds_parts_and_lines_and_shows_the_cost(brand: FlaskClient, stage: Stage) -> None:
    page = send(brand, stage, add="1", new_part="gifting", c1_amount="600")
    assert page.status_code == 200 and 'name="c3-' in page.text
    page = send(brand, stage, more="1")
    assert 'name="d1-kind"' in page.text and 'value="400,00"' in page.text
    page = send(brand, stage, preview="1")
    assert "€1,000.00" in page.text and "€4,000.00" in page.text


def test_faults_are_told_at_their_fields_and_nothing_is_lost(brand: FlaskClient, stage: Stage) -> None:
    page = send(brand, stage, **{"c2-cap": "", "c1-amount": "lots", "message": "Hello there"})
    assert page.status_code == 200
    assert 'id="c2-cap-error"' in page.text and 'id="c1-amount-error"' in page.text and "Hello there" in page.text
    assert "€1,000.00" not in page.text and "It is worked out once all terms are filled in." in page.text
    page = send(brand, stage, **{"c1-amount": "9000"})
    assert "of the budget is left" in page.text


def test_from_invitation_to_signed_pdf(
    app: Flask, brand: FlaskClient, stage: Stage, instance: Instance, committed: World
) -> None:
    phone = join(app, invited(brand, stage, instance))
    made = row(instance)
    assert phone.joined.headers["Location"].endswith(f"/portal/offers/{made.public_id}")  # type: ignore[attr-defined]
    page = phone.get(f"/portal/offers/{made.public_id}").text
    for words in ("Havsro", "Show the tent in the rain", "Mainos", "€600.00", "Hei!", "Reckon"):
        assert words in page, words
    assert phone.get("/portal/offers").status_code == 200
    asked = {**TERMS, "c1-amount": "700", "message": "A little more", "number": "1"}
    assert phone.post(f"/portal/offers/{made.public_id}/counter", data=asked).status_code == 303
    here = f"/admin/collaborations/{made.public_id}"
    answer = brand.get(here).text
    assert "A little more" in answer and "€700.00" in answer and "Accept these terms" in answer
    assert brand.post(f"{here}/accept", data={"number": "2"}).status_code == 303
    contract = phone.get(f"/portal/offers/{made.public_id}/contract").text
    hidden = re.search(r'name="sha256"[^>]*value="([0-9a-f]{64})"', contract)
    signed = {"typed_name": "Aino Laine", "sha256": hidden.group(1)}  # type: ignore[union-attr]
    assert phone.post(f"/portal/offers/{made.public_id}/contract", data=signed).status_code == 303
    mine = {**signed, "typed_name": "Mia Manager"}
    asked = brand.post(f"{here}/contract", data=mine).text
    assert (
        "Your account is called Manager. Confirm that you sign as Mia Manager." in asked and 'name="confirmed"' in asked
    )
    assert brand.post(f"{here}/contract", data={**mine, "confirmed": "y"}).status_code == 303
    text = brand.get(f"{here}/contract.txt?party=influencer")
    assert text.mimetype == "text/plain" and hashlib.sha256(text.data).hexdigest() == signed["sha256"]
    assert signed["sha256"] in brand.get(f"{here}/contract").text
    told = brand.get(here).text
    assert "Signed for the brand" in told and "Signed by the influencer" in told
    assert "aino@example.com" in brand.get(f"{here}/contract").text
    assert row(instance).state == "in_progress"
    for browser, path in ((phone, f"/portal/offers/{made.public_id}"), (brand, here)):
        paper = browser.get(f"{path}/contract.pdf")
        assert paper.mimetype == "application/pdf" and paper.data.startswith(b"%PDF-")
        assert browser.get(path).status_code == 200


def test_rules_that_are_not_installed_are_told_before_anybody_signs(
    app: Flask, brand: FlaskClient, stage: Stage, instance: Instance
) -> None:
    told = "so a person has to judge the label there: "
    phone = join(app, invited(brand, stage, instance))
    made = row(instance)
    offer, here = f"/portal/offers/{made.public_id}", f"/admin/collaborations/{made.public_id}"
    assert told not in phone.get(offer).text
    with instance.database.write() as session:
        session.get_one(Campaign, stage.campaign.id).markets = ["FI", "DK", "IS"]
    assert phone.post(f"{offer}/accept", data={"number": "1"}).status_code == 303
    for browser, page in ((phone, offer), (phone, f"{offer}/contract"), (brand, here), (brand, f"{here}/contract")):
        assert f"{told}Denmark, Iceland" in browser.get(page).text
    hidden = re.search(r'name="sha256"[^>]*value="([0-9a-f]{64})"', phone.get(f"{offer}/contract").text)
    signed = {"typed_name": "Aino Laine", "sha256": hidden.group(1)}  # type: ignore[union-attr]
    assert phone.post(f"{offer}/contract", data=signed).status_code == 303
    page = phone.get(f"{offer}/contract").text
    assert told not in page and "Denmark: the rules of this country are not installed" in page


def test_no_account_without_the_privacy_notice(
    app: Flask, brand: FlaskClient, stage: Stage, instance: Instance
) -> None:
    phone = join(app, invited(brand, stage, instance), privacy="")
    assert phone.joined.status_code == 200 and 'id="privacy-error"' in phone.joined.text  # type: ignore[attr-defined]
    with instance.database.session() as session:
        assert len(session.scalars(select(Influencer)).all()) == 1


def test_a_link_that_another_account_opened(app: Flask, brand: FlaskClient, stage: Stage, instance: Instance) -> None:
    path = invited(brand, stage, instance)
    join(app, path)
    assert "opened already" in app.test_client().get(path).text
    other = sign_in(app.test_client(), "influencer")
    assert other.get(path).status_code == 403
    assert other.post(path).status_code == 403
    assert other.get(f"/portal/offers/{row(instance).public_id}").status_code == 404


def test_somebody_signed_in_confirms_that_the_link_is_theirs(
    app: Flask, brand: FlaskClient, stage: Stage, instance: Instance, committed: World
) -> None:
    path = invited(brand, stage, instance)
    phone = sign_in(app.test_client(), "influencer")
    assert "influencer@example.com" in phone.get(path).text
    assert phone.post(path).status_code == 303
    assert row(instance).influencer_id == committed.influencer.id
    assert phone.get(path).headers["Location"].endswith(row(instance).public_id)


def test_declining_for_the_pay_leads_to_a_counter_offer(
    app: Flask, brand: FlaskClient, stage: Stage, instance: Instance
) -> None:
    phone = join(app, invited(brand, stage, instance))
    path = f"/portal/offers/{row(instance).public_id}/decline"
    answer = phone.post(path, data={"reason": "budget", "number": "1"})
    assert "/counter" in answer.headers["Location"]
    assert phone.get(answer.headers["Location"]).status_code == 200
    assert phone.post(path, data={"reason": "budget", "number": "1", "anyway": "1"}).status_code == 303
    assert row(instance).state == "declined"


def test_pausing_and_cancelling_have_pages_that_say_what_happens(
    app: Flask, brand: FlaskClient, stage: Stage, instance: Instance, committed: World
) -> None:
    with instance.database.write() as session:
        made, _ = Stage(session, committed, stage.campaign, session.merge(stage.known)).signed()
    here = f"/admin/collaborations/{made.public_id}"
    for deed, state in (("pause", "on_hold"), ("resume", "in_progress"), ("cancel", "cancelled_by_brand")):
        assert brand.get(f"{here}/change/{deed}").status_code == 200
        assert brand.post(f"{here}/change/{deed}", data={"reason": "Snow"}).status_code == 303
        assert row(instance).state == state
    assert brand.get(f"{here}/change/cancel").status_code == 409
    assert brand.get(f"{here}/change/nonsense").status_code == 409


def test_strangers_see_nothing(app: Flask, brand: FlaskClient, stage: Stage, instance: Instance) -> None:
    invited(brand, stage, instance)
    here = f"/admin/collaborations/{row(instance).public_id}"
    outsider = sign_in(app.test_client(), "outsider")
    for path in ("", "/contract", "/contract.pdf", "/revise", "/change/withdraw"):
        assert outsider.get(here + path).status_code == 404, path
    assert outsider.post(f"{here}/accept", data={"number": "1"}).status_code == 404
    assert sign_in(app.test_client(), "viewer").post(f"{here}/accept").status_code == 403
    assert app.test_client().get("/portal/i/nonsense").status_code == 404


def test_the_list_asks_the_same_however_long(
    app: Flask, brand: FlaskClient, stage: Stage, instance: Instance, committed: World
) -> None:
    phone = sign_in(app.test_client(), "influencer")

    def offers(count: int) -> int:
        with instance.database.write() as session:
            here = Stage(session, committed, stage.campaign, session.merge(stage.known))
            for _ in range(count):
                known = staging.person(session, committed, "Aino", f"aino{_}-{count}@example.com")
                here.offer(relationship=known)
        with statements(instance.database.engine) as asked:
            assert phone.get("/portal/offers").status_code == 200
        return len([sql for sql in asked if sql.lstrip().upper().startswith("SELECT")])

    few, many = offers(1), offers(12)
    assert few == many <= 8


def test_what_the_brand_wrote_for_itself_stays_with_the_brand(
    app: Flask, brand: FlaskClient, stage: Stage, instance: Instance, committed: World
) -> None:
    with instance.database.write() as session:
        known = staging.person(session, committed, "Eero", "eero@example.com", vetted=False)
        session.add(Note(brand_id=known.brand_id, relationship_id=known.id, author_name="Mia", text="Is often late"))
        here = Stage(session, committed, stage.campaign, session.merge(stage.known))
        made = here.offer(relationship=known, unvetted_reason="My cousin")
    phone = sign_in(app.test_client(), "influencer")
    seen = "".join(phone.get(f"/portal/offers{path}").text for path in ("", f"/{made.public_id}"))
    assert "Havsro" in seen and "My cousin" not in seen and "often late" not in seen
    assert "My cousin" in brand.get(f"/admin/collaborations/{made.public_id}").text


def test_no_room_in_the_budget_is_told_on_both_sides(
    app: Flask, brand: FlaskClient, stage: Stage, instance: Instance
) -> None:
    phone = join(app, invited(brand, stage, instance))
    made = row(instance)
    with instance.database.write() as session:
        session.get_one(Campaign, stage.campaign.id).budget_minor = 90_000
    page = brand.get(f"/admin/campaigns/{stage.campaign.public_id}").text
    assert "open offers together need €1,000.00" in page and "€900.00 of the budget is left" in page
    path = f"/portal/offers/{made.public_id}"
    answer = phone.post(f"{path}/accept", data={"number": "1"}, follow_redirects=True)
    assert answer.status_code == 200 and "The brand has been told" in answer.text and "With the brand" in answer.text
    assert f"{path}/accept" not in answer.text
    today = brand.get("/admin/").text
    assert "€100.00 of budget are missing for the offer to Aino Laine" in today
    mine = brand.get(f"/admin/collaborations/{made.public_id}").text
    assert "€100.00 are missing" in mine and "Raise the budget" in mine and "Your turn" in mine
    with instance.database.write() as session:
        session.get_one(Campaign, stage.campaign.id).budget_minor = 500_000
    assert "Tell them to accept now" in brand.get(f"/admin/collaborations/{made.public_id}").text
    brand.post(f"/admin/collaborations/{made.public_id}/again")
    assert phone.post(f"{path}/accept", data={"number": "1"}).location.endswith("/contract")


@pytest.mark.parametrize("smtp", [None, "smtp://127.0.0.1:1"])
def test_where_no_mail_goes_out_nobody_is_told_that_it_did(
    app: Flask, brand: FlaskClient, stage: Stage, instance: Instance, smtp: str | None
) -> None:
    instance.__dict__["settings"] = replace(instance.settings, smtp_url=smtp)
    query = {"campaign": stage.campaign.public_id, "person": stage.known.public_id}
    choice = brand.get("/admin/offers/new", query_string=query).text
    assert ("sends no mail yet" in choice) is (smtp is None)
    said = brand.post(
        "/admin/offers/new", query_string=query, data={**TERMS, "way": "mail"}, follow_redirects=True
    ).text
    assert ("The offer is on its way" in said) is bool(smtp) and ("sends no mail. Copy its link" in said) is not bool(
        smtp
    )
    owner = sign_in(app.test_client(), "owner")
    assert ("sends no mail yet" in owner.get("/admin/team").text) is (smtp is None)
    new = {"email": "new@example.com", "role": "viewer", "locale": "en"}
    said = owner.post("/admin/team", data=new, follow_redirects=True).text
    assert ("invitation is on its way" in said) is bool(smtp) and ("sends no mail. Copy" in said) is not bool(smtp)
