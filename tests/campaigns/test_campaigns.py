"""Planning, launching and ending a campaign: through the services and the pages."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from core import lifecycle
from core.campaigns import queries, service
from core.campaigns.lifecycle import CAMPAIGN, Action, State
from core.campaigns.models import Campaign
from core.errors import Denied, Invalid, Missing, Refused
from core.ledger import postings
from core.ledger.postings import Voucher
from core.money import Money
from tests.databases import statements
from tests.world import sign_in

LINE = {"field": "messages", "mark": "must", "text": "Tuoksuu metsältä."}
TERMS = {"due_days": 14, "hold_days": 14, "review_days": 3, "revision_rounds": 2, "offer_days": 7}


def draft(session, world, name="Syysihon rituaali"):
    return service.create_campaign(session, world.owner, world.brand, name=name)


def planned(session, world, name="Syysihon rituaali", budget=900_000):
    campaign = draft(session, world, name)
    basics = {"goal_note": "", "product": "", "categories": [], "starts_on": None, "ends_on": None}
    service.save_basics(session, world.owner, campaign, name=name, goals=["sales"], markets=["FI"], **basics)
    service.save_audience(session, world.owner, campaign, age_from=35, age_to=55, texts={})
    service.save_brief(session, world.owner, campaign, lines=[LINE])
    service.save_budget(session, world.owner, campaign, budget=Money(budget, "EUR"), **TERMS)
    return campaign


def commit(session, world, campaign, minor):
    voucher = Voucher(world.brand.id, f"test:{minor}", ("campaign", campaign.id), date(2026, 11, 1))
    postings.commit_budget(session, voucher, campaign_id=campaign.id, amount=Money(minor, "EUR"))


def test_a_launch_names_every_missing_piece_and_where_it_is(session, world):
    with pytest.raises(Refused) as refused:
        service.launch(session, world.owner, draft(session, world))
    assert [step for _, step in refused.value.fix] == ["basics", "audience", "brief", "budget"]


@pytest.mark.parametrize("lacking", ["goals", "markets", "audience", "budget_minor"])
def test_each_piece_is_needed(session, world, lacking):
    campaign = planned(session, world)
    setattr(campaign, lacking, {"goals": [], "markets": [], "audience": {}, "budget_minor": None}[lacking])
    with pytest.raises(Refused) as refused:
        service.launch(session, world.owner, campaign)
    assert len(refused.value.fix) == 1


def test_a_planned_campaign_is_launched_once(session, world):
    campaign = planned(session, world)
    service.launch(session, world.owner, campaign)
    assert campaign.state == State.RECRUITING
    assert [row.to_state for row in lifecycle.history(session, campaign)] == ["draft", "recruiting"]
    with pytest.raises(Refused):
        service.launch(session, world.owner, campaign)


def test_every_move_is_in_the_table_or_refused(session, world):
    for state in State:
        for action in Action:
            campaign = draft(session, world)
            campaign.state = str(state)
            session.flush()
            if (state, action) in CAMPAIGN.table:
                lifecycle.move(session, campaign, action, actor=world.owner)
                assert campaign.state == CAMPAIGN.table[state, action]
            else:
                with pytest.raises(Refused):
                    lifecycle.move(session, campaign, action, actor=world.owner)


def test_a_changed_brief_is_a_new_version_and_the_same_one_is_not(session, world):
    campaign = draft(session, world)
    first = service.save_brief(session, world.owner, campaign, lines=[LINE])
    assert service.save_brief(session, world.owner, campaign, lines=[LINE]) is first
    second = service.save_brief(session, world.owner, campaign, lines=[LINE | {"mark": "free"}])
    assert (first.number, second.number) == (1, 2) and first.lines[0]["mark"] == "must"


def test_rubbish_is_refused_at_its_field(session, world):
    campaign = draft(session, world)
    with pytest.raises(Invalid) as refused:
        service.save_audience(session, world.owner, campaign, age_from=50, age_to=20, texts={})
    assert refused.value.field == "age_to"
    with pytest.raises(Invalid):
        service.save_brief(session, world.owner, campaign, lines=[LINE | {"field": "nonsense"}])
    with pytest.raises(Invalid) as refused:
        service.save_budget(session, world.owner, campaign, budget=Money(-1, "EUR"), **TERMS)
    assert refused.value.field == "budget"


def test_the_budget_cannot_fall_below_what_is_reserved(session, world):
    campaign = planned(session, world)
    commit(session, world, campaign, 500_000)
    budget = queries.budget_of(session, campaign)
    assert (budget.committed, budget.left) == (Money(500_000, "EUR"), Money(400_000, "EUR"))
    with pytest.raises(Invalid):
        service.save_budget(session, world.owner, campaign, budget=Money(499_999, "EUR"), **TERMS)
    service.save_budget(session, world.owner, campaign, budget=Money(500_000, "EUR"), **TERMS)


@pytest.mark.parametrize("name", ["due_days", "hold_days", "review_days", "revision_rounds"])
def test_what_contracts_rest_on_stays(session, world, name):
    campaign = planned(session, world)
    commit(session, world, campaign, 100)
    with pytest.raises(Invalid) as refused:
        service.save_budget(session, world.owner, campaign, budget=campaign.budget, **TERMS | {name: TERMS[name] + 1})
    assert refused.value.field == name


def test_cancelling_needs_a_reason(session, world):
    campaign = planned(session, world)
    with pytest.raises(Invalid):
        service.cancel(session, world.owner, campaign, reason="  ")
    service.cancel(session, world.owner, campaign, reason="The product is withdrawn.")
    assert campaign.state == State.CANCELLED
    with pytest.raises(Refused):
        service.save_brief(session, world.owner, campaign, lines=[LINE])


def test_a_copy_has_the_plan_and_none_of_the_money(session, world):
    campaign = planned(session, world)
    commit(session, world, campaign, 100)
    copy = service.clone_campaign(session, world.owner, campaign, world.brand)
    assert copy.state == State.DRAFT and copy.goals == ["sales"] and copy.budget == campaign.budget
    assert queries.latest_brief(session, copy.id).lines == queries.latest_brief(session, campaign.id).lines
    assert not queries.budget_of(session, copy).committed


def test_another_brand_sees_nothing(session, world):
    campaign = planned(session, world)
    with pytest.raises(Missing):
        queries.get_campaign(session, world.outsider, campaign.public_id)
    with pytest.raises(Denied):
        service.launch(session, world.outsider, campaign)
    assert queries.list_campaigns(session, world.outsider) == []


def asked(instance, client, path):
    """What a page asks the database."""
    with statements(instance.database.engine) as seen:
        assert client.get(path).status_code == 200
    return [statement for statement in seen if not statement.startswith(("BEGIN", "PRAGMA"))]


def test_the_list_takes_at_most_eight_statements_however_long(app, client, instance, committed):
    sign_in(client, "owner")
    with instance.database.write() as session:
        planned(session, committed)
    few = asked(instance, client, "/admin/campaigns")
    with instance.database.write() as session:
        for number in range(60):
            session.add(
                Campaign(brand_id=committed.brand.id, name=f"Kampanja {number}", currency="EUR", markets=["FI"])
            )
    many = asked(instance, client, "/admin/campaigns")
    assert len(few) == len(many) <= 8, "\n".join(many)


def test_the_plan_by_its_pages(client, committed, instance):
    sign_in(client, "owner")
    made = client.post("/admin/campaigns/new", data={"name": "Syysihon rituaali"})
    home = made.headers["Location"].rsplit("/", 1)[0]
    wrong = client.post(f"{home}/basics", data={"name": "", "goals": "nonsense"})
    assert "Fill in this field." in wrong.text and "Choose from the list." in wrong.text
    client.post(f"{home}/basics", data={"name": "Syysihon rituaali", "goals": ["sales"], "markets": ["FI"]})
    client.post(f"{home}/audience", data={"age_from": "35", "age_to": "55"})
    refused = client.post(f"{home}/launch")
    assert "The brief is empty." in refused.text and f"{home}/brief" in refused.text
    client.post(f"{home}/brief", data={"messages-0-text": "Tuoksuu metsältä.", "messages-0-mark": "must"})
    client.post(f"{home}/budget", data={"budget": "9 000,50", **{k: str(v) for k, v in TERMS.items()}})
    assert client.post(f"{home}/launch").headers["Location"] == home
    with instance.database.session() as session:
        campaign = session.scalar(select(Campaign))
        assert campaign.state == "recruiting" and campaign.budget == Money(900_050, "EUR")


def test_the_simulator_shows_what_three_outcomes_pay(client, committed):
    sign_in(client, "owner")
    home = client.post("/admin/campaigns/new", data={"name": "X"}).headers["Location"].rsplit("/", 1)[0]
    data = {
        "parts": "c1:fixed", "rows": "1", "c1-amount": "600", "c1-per": "deliverable", "d0-kind": "reel",
        "d0-platform": "instagram", "d0-quantity": "2", "preview": "1",
    }  # fmt: skip
    page = client.post(f"{home}/pay", data=data)
    assert "€1,200.00" in page.text, "two reels at 600"
    stored = client.post(f"{home}/pay", data={k: v for k, v in data.items() if k != "preview"})
    assert stored.headers["Location"].endswith("/budget")
    missing = client.post(f"{home}/pay", data=data | {"c1-amount": ""})
    assert missing.status_code == 200 and 'aria-invalid="true"' in missing.text


def test_too_many_decimals_are_told_at_the_field(client, committed):
    sign_in(client, "owner")
    home = client.post("/admin/campaigns/new", data={"name": "X"}).headers["Location"].rsplit("/", 1)[0]
    page = client.post(f"{home}/budget", data={"budget": "1,005", **{k: str(v) for k, v in TERMS.items()}})
    assert page.status_code == 200 and "EUR has fewer decimals." in page.text


def test_a_number_left_empty_is_one(client, committed):
    sign_in(client, "owner")
    home = client.post("/admin/campaigns/new", data={"name": "X"}).headers["Location"].rsplit("/", 1)[0]
    data = {"parts": "c1:fixed", "rows": "1", "c1-amount": "600", "c1-per": "deliverable", "preview": "1"}
    page = client.post(f"{home}/pay", data=data | {"d0-kind": "reel", "d0-platform": "instagram", "d0-quantity": ""})
    assert page.status_code == 200 and "€600.00" in page.text
