"""The pages of a campaign: its tabs, the lines of its brief, changes that say what they do, the first page."""

from __future__ import annotations

import re
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from core.accounts.models import Brand
from core.audit import AuditEntry
from core.campaigns import queries, service
from core.campaigns.catalogue import AUDIENCE_FIELDS
from core.campaigns.models import Campaign, CampaignComponent, WantedDeliverable
from core.instance import Instance
from core.money import Money
from core.permissions import SYSTEM
from core.plugin_api.composition import Component
from core.plugin_api.deal import Deal
from core.plugin_api.payment_models import Terms
from tests.world import World, sign_in

TERMS = {"due_days": 14, "hold_days": 14, "review_days": 3, "revision_rounds": 2, "offer_days": 7}
LINES = [
    {"field": "messages", "mark": "must", "text": "Name the serum"},
    {"field": "guidelines", "mark": "free", "text": "Music as you like"},
]


@pytest.fixture
def made(instance: Instance, committed: World) -> Campaign:
    """A campaign with a whole plan, still a draft."""
    with instance.database.write() as session:
        who = committed.owner
        campaign = service.create_campaign(session, who, committed.brand, name="Night serum")
        service.save_basics(
            session,
            who,
            campaign,
            name="Night serum",
            goals=["sales", "launch"],
            goal_note="300 orders by May",
            product="Serum",
            markets=["FI", "SE"],
            categories=["alcohol"],
            starts_on=date(2026, 12, 1),
            ends_on=date(2027, 2, 1),
        )
        texts = {"gender": "Everybody", "values": "Nature first", "hashtags": "#ihonhoito"}
        service.save_audience(session, who, campaign, age_from=35, age_to=55, texts=texts)
        service.save_brief(session, who, campaign, lines=LINES)
        service.save_brief(session, who, campaign, lines=[*LINES, LINES[0] | {"text": "Say where it is made"}])
        wanted = {"kind": "reel", "platform": "tiktok", "quantity": 2, "due_on": date(2027, 1, 15), "note": ""}
        service.save_wanted(session, who, campaign, deliverables=[wanted])
        fee = Component("c1", "fixed", Terms("EUR", {"amount": 60_000, "per": "deliverable"}), "1")
        service.save_components(session, who, campaign, deal=Deal.of([fee]))
        service.save_budget(session, who, campaign, budget=Money(900_000, "EUR"), **TERMS)
    return campaign


@pytest.fixture
def owner(client: FlaskClient, committed: World) -> FlaskClient:
    """The owner's browser."""
    return sign_in(client, "owner")


@pytest.fixture
def home(made: Campaign) -> str:
    """The campaign's address."""
    return f"/admin/campaigns/{made.public_id}"


def filled(page: str) -> dict[str, str]:
    """What the brief's form holds."""
    texts = dict(re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\s*([^<]*)</textarea>', page))
    marks = re.findall(r'<select[^>]* name="([^"]+)"[^>]*>.*?<option selected value="([^"]*)"', page, re.S)
    return {name: text.strip() for name, text in texts.items()} | dict(marks)


def test_the_plan_is_told_in_whole(owner: FlaskClient, home: str) -> None:
    """Everything that was planned can be read without opening a form."""
    page = owner.get(f"{home}?show=plan").text
    told = ("300 orders by May", "Sweden", "Alcohol", "Everybody", "Nature first", "#ihonhoito", "35", "€9,000.00")
    assert [words for words in told if words not in page] == []
    assert "2 × Reel, TikTok" in page and "€600.00 for each approved deliverable." in page


def test_every_version_of_the_brief_can_be_read(owner: FlaskClient, home: str) -> None:
    """The newest is shown, an older one when asked for, the newest again for rubbish."""
    assert "Say where it is made" in owner.get(f"{home}?show=brief").text
    older = owner.get(f"{home}?show=brief&version=1").text
    assert "Name the serum" in older and "Say where it is made" not in older
    assert "Say where it is made" in owner.get(f"{home}?show=brief&version=x").text


def test_no_line_of_a_long_brief_is_lost(owner: FlaskClient, home: str, made: Campaign, instance: Instance) -> None:
    """What the form shows it also sends back, and a line more where it was asked for."""
    with instance.database.write() as session:
        lines = [{"field": "messages", "mark": "must", "text": f"Message {n}"} for n in range(7)]
        brief = queries.latest_brief(session, made.id)
        assert brief is not None
        brief.lines = [{"key": f"k{n}", **line} for n, line in enumerate(lines)]
    sent = filled(owner.get(f"{home}/brief").text)
    page = owner.post(f"{home}/brief", data=sent | {"more": "messages"})
    assert page.status_code == 200, "nothing is saved yet"
    sent = filled(page.text)
    assert sent["messages-7-text"] == "" and sent["messages-7-mark"] == "should"
    answer = owner.post(f"{home}/brief", data=sent | {"messages-7-text": "Message 7", "messages-7-mark": "free"})
    assert answer.status_code == 303
    with instance.database.session() as session:
        kept = queries.latest_brief(session, made.id)
        assert kept is not None and [line["text"] for line in kept.lines] == [f"Message {n}" for n in range(8)]
        assert [line["mark"] for line in kept.lines] == ["must"] * 7 + ["free"]


def test_what_a_launch_asked_for_stays(owner: FlaskClient, home: str, instance: Instance) -> None:
    """A launched campaign may change its plan, but not to one that could not have been launched."""
    assert owner.post(f"{home}/launch").location == home
    basics = {"name": "Night serum", "markets": ["FI"]}
    assert "The campaign has no goal yet." in owner.post(f"{home}/basics", data=basics).text
    nobody = dict.fromkeys(("age_from", "age_to", *AUDIENCE_FIELDS), "")
    assert "The target audience is not described yet." in owner.post(f"{home}/audience", data=nobody).text
    shown = filled(owner.get(f"{home}/brief").text)
    nothing = {name: "" if name.endswith("-text") else value for name, value in shown.items()}
    assert "The brief is empty." in owner.post(f"{home}/brief", data=nothing).text
    budget = {name: str(value) for name, value in TERMS.items()}
    assert "The campaign has no budget yet." in owner.post(f"{home}/budget", data=budget).text
    assert owner.post(f"{home}/basics", data=basics | {"goals": ["traffic"]}).status_code == 303
    with instance.database.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        assert campaign.goals == ["traffic"] and campaign.budget and campaign.audience


def test_changes_of_the_plan_are_on_record(owner: FlaskClient, home: str, instance: Instance) -> None:
    """Who set which budget can be told later."""
    owner.post(f"{home}/budget", data={"budget": "8000", **{name: str(value) for name, value in TERMS.items()}})
    with instance.database.session() as session:
        deed = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "campaign.budget").order_by(AuditEntry.id.desc())
        ).first()
        assert deed is not None and deed.actor_name == "Olga Owner" and deed.detail == {"budget": 800_000}


def test_a_vanished_payment_model_breaks_no_page(
    owner: FlaskClient, home: str, made: Campaign, instance: Instance
) -> None:
    """The plan is told and edited without the part that nobody can read any more."""
    with instance.database.write() as session:
        row = session.scalars(select(CampaignComponent)).one()
        row.terms = row.terms | {"model": "gone"}
    for path in (home, f"{home}?show=plan", f"{home}/pay"):
        assert owner.get(path).status_code == 200, path
    assert "€600.00" not in owner.get(f"{home}/pay").text


def test_cancelling_says_what_happens_asks_why_and_keeps_the_answer(owner: FlaskClient, home: str) -> None:
    """The page before the deed; the reason is needed and stands in the history."""
    path = f"{home}/change/cancel"
    assert "It cannot be opened again." in owner.get(path).text
    assert "Give a reason." in owner.post(path, data={"reason": " "}).text
    assert owner.post(path, data={"reason": "The serum is withdrawn"}).location == home
    told = owner.get(f"{home}?show=history").text
    assert "The serum is withdrawn" in told and "Cancelled" in told and "Olga Owner" in told
    assert owner.get(path).location == home, "there is nothing left to cancel"


def test_pausing_and_completing_follow_the_life(owner: FlaskClient, home: str, instance: Instance) -> None:
    """Pause and resume, wrap up, complete, archive; each by its page, and none out of turn."""
    owner.post(f"{home}/launch")
    assert owner.post(f"{home}/change/pause").location == home, "nobody has signed yet"
    with instance.database.write() as session:
        service.start(session, session.scalars(select(Campaign.id)).one(), SYSTEM)
    for action, state in (
        ("pause", "paused"),
        ("resume", "active"),
        ("wrap_up", "wrapping_up"),
        ("complete", "completed"),
        ("archive", "archived"),
    ):
        assert owner.get(f"{home}/change/{action}").status_code == 200
        assert owner.post(f"{home}/change/{action}").location == home
        with instance.database.session() as session:
            assert session.scalars(select(Campaign.state)).one() == state


@pytest.mark.parametrize(("name", "status"), [("viewer", 200), ("guest_reviewer", 403), ("outsider", 404)])
def test_who_may_look(client: FlaskClient, home: str, name: str, status: int) -> None:
    """Readers read and get no buttons; another brand finds nothing."""
    page = sign_in(client, name).get(home)
    assert page.status_code == status and "change/cancel" not in page.text
    assert client.get(f"{home}/budget").status_code in (403, 404)


def test_the_list_is_searched_and_cut_into_states(owner: FlaskClient, made: Campaign) -> None:
    """The filters are in the address; rubbish in them is no error."""
    assert "Night serum" in owner.get("/admin/campaigns?q=SERUM&group=draft").text
    assert "No campaign fits" in owner.get("/admin/campaigns?q=100%25").text
    assert "Night serum" not in owner.get("/admin/campaigns?group=live").text
    assert owner.get("/admin/campaigns?group=x&before=zz").status_code == 200


def test_the_first_page_names_the_next_step(owner: FlaskClient, committed: World) -> None:
    """An empty installation leads to the first two things to do."""
    page = owner.get("/admin/").text
    assert "Start with two steps" in page and "/admin/campaigns/new" in page


def test_a_launch_needs_to_know_who_the_brand_is(
    owner: FlaskClient, home: str, committed: World, instance: Instance
) -> None:
    """A contract that does not name its parties binds nobody."""
    with instance.database.write() as session:
        brand = session.get_one(Brand, committed.brand.id)
        brand.legal_name = brand.street = ""
    page = owner.post(f"{home}/launch").text
    link = f"/admin/brand/edit?brand={committed.brand.public_id}"
    assert "postal address" in page and link in page and link in owner.get(home).text
    form = filled(owner.get(link).text)
    refused = owner.post(link, data=form | {"legal_name": "Havsro Oy Ab", "street": "Rantatie 12", "postcode": "123"})
    assert "has 5 digits" in refused.text
    saved = owner.post(link, data=form | {"legal_name": "Havsro Oy Ab", "street": "Rantatie 12"})
    assert saved.status_code == 303
    again = owner.post(link, data=form | {"legal_name": "", "street": "Rantatie 12"})
    assert "do not leave it empty" in again.text
    assert owner.post(f"{home}/launch").location == home


def test_a_plan_without_work_or_pay_says_that_offers_bring_them(
    owner: FlaskClient, home: str, made: Campaign, instance: Instance
) -> None:
    """A launch does not ask for them, but nobody is surprised by an empty offer."""
    assert "each offer names its own" not in owner.get(f"{home}/launch").text
    with instance.database.write() as session:
        session.execute(delete(WantedDeliverable).where(WantedDeliverable.campaign_id == made.id))
        session.execute(delete(CampaignComponent).where(CampaignComponent.campaign_id == made.id))
    page = owner.get(f"{home}/launch").text
    assert "No deliverables are planned" in page and "No pay is planned" in page
    assert owner.post(f"{home}/launch").location == home


def test_a_part_that_was_just_added_is_not_blamed(owner: FlaskClient, home: str) -> None:
    """Nothing was typed yet, so nothing can be missing; and the choice is free again."""
    sent = filled(owner.get(f"{home}/pay").text)
    page = owner.post(f"{home}/pay", data=sent | {"new_part": "gifting", "add": "1"}).text
    assert 'name="c1-product"' in page and "This is needed." not in page and "Please correct this" not in page
    assert re.search(r'name="new_part"><option selected value="">', page)


def test_the_first_page_asks_nobody_for_what_they_may_not_do(app: Flask, client: FlaskClient, committed: World) -> None:
    """Guests and viewers are not told to import influencers; who may is led to the import."""
    guest = sign_in(client, "guest_reviewer").get("/admin/").text
    assert "Nothing waits for you" in guest and "Bring in the influencers" not in guest and ">0 things" not in guest
    manager = sign_in(app.test_client(), "manager").get("/admin/").text
    assert "Bring in the influencers" in manager and 'href="/admin/people/import"' in manager
