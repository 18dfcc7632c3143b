"""Parts by which nothing new can be agreed, and terms that a plan is older than: nothing goes or changes unsaid."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from core.campaigns.models import Campaign
from core.campaigns.service import deal_of
from core.collaborations.models import Collaboration, Offer
from core.errors import Invalid
from core.instance import Instance
from core.plugin_host.host import PluginHost
from core.plugin_host.models import PluginSwitch
from tests.collaborations import stage as staging
from tests.collaborations.kindly import HERE, RENEWED, worked
from tests.collaborations.stage import Stage
from tests.world import World, sign_in

GONE = staging.host()
FEE = {"parts": "c1:fixed,c2:kind_pay", "c1-amount": "90", "c1-per": "collaboration"}
POINT = {"c2-point": "50"}
WORK = {"rows": "1", "d0-kind": "reel", "d0-platform": "instagram", "d0-quantity": "2", "d0-due_on": "2026-12-10"}
LINK = {"way": "link"}


@pytest.fixture
def stage(instance: Instance, committed: World) -> Stage:
    """A launched campaign, committed, where the plugin is installed."""
    install(instance, HERE)
    with instance.database.write() as session:
        return staging.build(session, committed)


@pytest.fixture
def brand(client: FlaskClient, stage: Stage) -> FlaskClient:
    """The owner's browser, who may switch plugins; the plan pays a fee and by kind."""
    owner = sign_in(client, "owner")
    assert owner.post(plan(stage), data=FEE | POINT | WORK).status_code == 303
    return owner


def plan(stage: Stage) -> str:
    return f"/admin/campaigns/{stage.campaign.public_id}/pay"


def new(stage: Stage) -> str:
    return f"/admin/offers/new?campaign={stage.campaign.public_id}&person={stage.known.public_id}"


def install(instance: Instance, host: PluginHost) -> None:
    vars(instance)["plugins"] = host


def claimed(instance: Instance, world: World) -> str:
    """The one collaboration is Aino's now: its public id."""
    with instance.database.write() as session:
        deal = session.scalars(select(Collaboration)).one()
        deal.influencer_id = world.influencer.id
        return deal.public_id


def switch_off(instance: Instance, world: World) -> None:
    with instance.database.write() as session:
        session.add(PluginSwitch(brand_id=world.brand.id, plugin="pay_by_kind", enabled=False))


def models(instance: Instance) -> dict[str, Any]:
    """The plan as it is stored: by model its terms."""
    with instance.database.session() as session:
        found = deal_of(session, session.scalars(select(Campaign)).one())
        return {one.model: one.terms.values for one in found.components}


def offers(instance: Instance) -> int:
    with instance.database.session() as session:
        return session.scalar(select(func.count()).select_from(Offer)) or 0


def take_away(instance: Instance, world: World, how: str) -> str:
    """Take the plugin away; returns what the pages then say of it."""
    if how == "gone":
        install(instance, GONE)
        return "is not installed or does not work"
    switch_off(instance, world)
    return "Pay by kind is switched off: no new offer can use it."


@pytest.mark.parametrize("how", ["gone", "off"])
def test_a_plan_keeps_a_part_that_cannot_be_used(
    brand: FlaskClient, stage: Stage, instance: Instance, committed: World, how: str
) -> None:
    said = take_away(instance, committed, how)
    page = brand.get(plan(stage)).text
    assert said in page and 'name="c2-out"' in page and 'name="c2-point"' not in page
    assert "See the plugin" in page and "/admin/plugins" in page
    assert brand.post(plan(stage), data=FEE | WORK | {"c1-amount": "95"}).status_code == 303
    assert models(instance) == {"fixed": {"amount": 9_500, "per": "collaboration"}, "kind_pay": {"point": 5_000}}
    assert brand.post(plan(stage), data=FEE | WORK | {"c2-out": "y"}).status_code == 303
    assert set(models(instance)) == {"fixed"}, "who wants it away says so"


@pytest.mark.parametrize("how", ["gone", "off"])
def test_no_offer_goes_out_with_it_nor_without_a_word(
    brand: FlaskClient, stage: Stage, instance: Instance, committed: World, how: str
) -> None:
    said = take_away(instance, committed, how)
    assert said in brand.get(new(stage)).text
    refused = brand.post(new(stage), data=FEE | POINT | WORK | LINK)
    assert refused.status_code == 200 and 'id="c2-out-error"' in refused.text and refused.text.count(said) >= 2
    assert offers(instance) == 0
    assert brand.post(new(stage), data=FEE | WORK | LINK | {"c2-out": "y"}).status_code == 303
    assert offers(instance) == 1


@pytest.mark.parametrize("how", ["gone", "off"])
def test_what_goes_while_the_form_is_open_is_told(
    brand: FlaskClient, stage: Stage, instance: Instance, committed: World, how: str
) -> None:
    """A part that was added to the form, and is stored nowhere, does not fall out of it either."""
    said = take_away(instance, committed, how)
    typed = FEE | POINT | WORK | LINK | {"parts": "c1:fixed,c9:kind_pay", "c9-point": "50"}
    for path in (new(stage), plan(stage)):
        refused = brand.post(path, data=typed)
        assert refused.status_code == 200 and 'id="c9-out-error"' in refused.text and said in refused.text
    assert offers(instance) == 0 and models(instance)["kind_pay"] == {"point": 5_000}
    assert brand.post(new(stage), data=typed | {"c9-out": "y"}).status_code == 303


@pytest.mark.parametrize("how", ["gone", "off"])
def test_the_services_refuse_it_as_well(session: Any, world: World, how: str) -> None:
    made = staging.build(session, world)
    part = {"id": "c1", "model": "kind_pay", "version": "1", "terms": {"currency": "EUR", "values": {"point": 5_000}}}
    session.add(PluginSwitch(brand_id=world.brand.id, plugin="pay_by_kind", enabled=False))
    session.flush()
    with pytest.raises(Invalid, match="switched off" if how == "off" else "not installed") as told:
        made.offer(components=[part], host=HERE if how == "off" else GONE)
    assert told.value.field == "components"


def test_what_was_offered_and_what_runs_goes_on(
    brand: FlaskClient, stage: Stage, instance: Instance, committed: World
) -> None:
    """Who has an offer answers and signs it as before; only the brand's next version of it is refused."""
    assert brand.post(new(stage), data=FEE | POINT | WORK | LINK).status_code == 303
    switch_off(instance, committed)
    path = claimed(instance, committed)
    phone = sign_in(brand.application.test_client(), "influencer")
    asked = FEE | POINT | WORK | {"number": "1", "message": "More", "c2-point": "60"}
    page = phone.get(f"/portal/offers/{path}/counter").text
    assert 'name="c2-point"' in page and "switched off" not in page
    assert phone.post(f"/portal/offers/{path}/counter", data=asked).status_code == 303
    again = brand.post(f"/admin/collaborations/{path}/revise", data=FEE | POINT | WORK | {"number": "2"})
    assert again.status_code == 200 and 'id="c2-out-error"' in again.text
    assert brand.post(f"/admin/collaborations/{path}/accept", data={"number": "2"}).status_code == 303
    with instance.database.write() as session:
        assert worked(session, stage) == 9_000 + 2 * 3 * 6_000


def test_who_answers_an_offer_adds_nothing_to_it(
    brand: FlaskClient, stage: Stage, instance: Instance, committed: World
) -> None:
    """Not by a form made by hand either, and least of all what the brand has switched off."""
    fee = {name: value for name, value in FEE.items() if name != "parts"} | {"parts": "c1:fixed"}
    assert brand.post(new(stage), data=fee | WORK | LINK).status_code == 303
    switch_off(instance, committed)
    path = f"/portal/offers/{claimed(instance, committed)}/counter"
    phone = sign_in(brand.application.test_client(), "influencer")
    assert (
        phone.post(path, data=FEE | POINT | WORK | {"number": "1", "message": "More", "c1-amount": "95"}).status_code
        == 303
    )
    with instance.database.session() as session:
        answer = session.scalars(select(Offer).where(Offer.number == 2)).one()
        assert [part["model"] for part in answer.components] == ["fixed"]


def test_what_is_added_has_its_defaults_of_every_kind(brand: FlaskClient, stage: Stage, instance: Instance) -> None:
    """In the plan and in an offer: also a box that is ticked by default, and a day."""
    install(instance, RENEWED)
    asked = {"parts": "c1:fixed", "c1-amount": "90", "c1-per": "deliverable", "add": "1", "new_part": "kind_pay"}
    for path in (plan(stage), new(stage)):
        page = brand.post(path, data=asked | WORK | LINK).text
        assert field_of(page, "c2-doubled", "checked") and field_of(page, "c2-until", 'value="2027-01-31"')
        assert field_of(page, "c2-most", 'value="7"') and field_of(page, "c2-share", 'value="12.5"')
        assert '<option selected value="loud">' in page and 'value="90"' in page
        unticked = brand.post(path, data=asked | WORK | LINK | {"parts": "c1:fixed,c2:kind_pay", "new_part": "gifting"})
        assert not field_of(unticked.text, "c2-doubled", "checked"), "what was unticked stays so when another is added"


def field_of(page: str, name: str, what: str) -> bool:
    """Whether the input of this name says this of itself."""
    return any(f'name="{name}"' in tag and what in tag for tag in page.replace("<input", "\0<input").split("\0"))


def test_nothing_changed_costs_what_it_costs(brand: FlaskClient, stage: Stage, instance: Instance) -> None:
    """A plan that is older than a term begins a new offer with its default, and says so in every sum."""
    install(instance, RENEWED)
    page = brand.get(new(stage)).text
    assert field_of(page, "c2-doubled", "checked") and "€690.00" in page and "€390.00" not in page
    shown = FEE | POINT | WORK | LINK | {"c2-doubled": "y", "c2-tone": "loud", "preview": "1"}
    assert brand.post(new(stage), data=shown).text.count("€690.00") == page.count("€690.00") > 0
    page = brand.get(plan(stage)).text
    assert field_of(page, "c2-doubled", "checked") and "€690.00" in page and "€390.00" not in page
    assert brand.post(plan(stage), data=FEE | POINT | WORK | {"c2-tone": "loud"}).status_code == 303
    page = brand.get(new(stage)).text
    assert not field_of(page, "c2-doubled", "checked") and "€390.00" in page
    assert field_of(page, "c2-until", 'value=""'), "what was left empty stays empty"


def test_an_answer_changes_no_term_by_itself(
    brand: FlaskClient, stage: Stage, instance: Instance, committed: World
) -> None:
    """An offer made before a term existed is answered as it was made."""
    assert brand.post(new(stage), data=FEE | POINT | WORK | LINK).status_code == 303
    install(instance, RENEWED)
    path = claimed(instance, committed)
    page = brand.get(f"/admin/collaborations/{path}/revise").text
    assert not field_of(page, "c2-doubled", "checked") and "€390.00" in page
    phone = sign_in(brand.application.test_client(), "influencer")
    assert not field_of(phone.get(f"/portal/offers/{path}/counter").text, "c2-doubled", "checked")
