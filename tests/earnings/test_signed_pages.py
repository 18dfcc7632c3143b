"""What pages say of a signed deal whose plugin has changed or gone: what was signed, by its title, and what waits."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from core.collaborations.models import Collaboration
from core.earnings.service import recompute
from core.instance import Instance
from tests.earnings.changing import plugin, sign, streak
from tests.earnings.keeping import LATER, V1, approve
from tests.payouts import stage as scene
from tests.world import build as build_world
from tests.world import sign_in


def signed(instance: Instance) -> tuple[str, Any]:
    with instance.database.write() as session:
        stage = sign(session, build_world(session), V1, [streak()])
        approve(stage, 0, V1)
        approve(stage, 1, V1)
        return stage.collaboration.public_id, stage.collaboration.id


def recount(instance: Instance, by: Any) -> None:
    vars(instance)["plugins"] = by
    with instance.database.write() as session:
        recompute(session, by, session.scalars(select(Collaboration.id)).one())


def test_the_signed_words_and_maximum_stay(app: Any, client: FlaskClient, instance: Instance) -> None:
    public_id, _ = signed(instance)
    brand, phone = sign_in(client, "manager"), sign_in(app.test_client(), "influencer")
    for by in (LATER, plugin("2", bonus=2), scene.host()):
        recount(instance, by)
        for page in (brand.get(f"/admin/collaborations/{public_id}"), phone.get(f"/portal/offers/{public_id}")):
            assert "€50.00 for each that follows soon." in page.text and "Streak" in page.text
            assert "€700.00" in page.text and ">€800.00" not in page.text
            assert "is not installed or does not work" not in page.text.split("On hold")[0]


def test_a_model_is_called_by_its_title(app: Any, client: FlaskClient, instance: Instance) -> None:
    public_id, _ = signed(instance)
    finance, phone = sign_in(client, "finance"), sign_in(app.test_client(), "influencer")
    for by in (V1, scene.host()):
        recount(instance, by)
        assert "Streak, 3 lines" in phone.get("/portal/payouts").text
        lines = phone.get(f"/portal/payouts/lines/{public_id}/c1").text
        assert "Streak" in lines and ">streak" not in lines
        assert "Streak · " in finance.get("/admin/earnings").text


def test_the_brand_sees_a_hold_with_its_reason_and_whose_turn_it_is(
    app: Any, client: FlaskClient, instance: Instance
) -> None:
    public_id, _ = signed(instance)
    brand, finance = sign_in(client, "manager"), sign_in(app.test_client(), "finance")
    assert "On hold: what it comes to" not in brand.get(f"/admin/collaborations/{public_id}").text
    recount(instance, LATER)
    page = brand.get(f"/admin/collaborations/{public_id}").text
    assert "the contract says at most €700.00" in page and "Your turn" in page.split("On hold: what it comes to")[1]
    assert "/admin/earnings/holds/" not in page and "/admin/earnings/holds/" in (
        finance.get(f"/admin/collaborations/{public_id}").text
    )
    recount(instance, scene.host())
    page = brand.get(f"/admin/collaborations/{public_id}").text
    assert "The payment model “streak” is not installed" in page
    theirs = sign_in(app.test_client(), "influencer").get("/portal/payouts").text
    for told in (page, theirs, finance.get("/admin/earnings").text):
        assert "With whoever runs this installation" in told.split("On hold: ")[1] and "With Samverk" not in told
