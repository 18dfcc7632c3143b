"""Earnings: differences booked once, held, released, and what speaks against completing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.campaigns.events import MayCompleteCampaign
from core.collaborations.events import MayComplete
from core.crypto import Keyring
from core.earnings import queries, service
from core.earnings.models import ComponentHold, Earning
from core.earnings.terms import terms_of
from core.ledger import accounts as plan
from core.ledger import queries as ledger
from core.ledger.verify import verify
from core.plugin_host.host import PluginHost
from tests.payouts import stage as scene
from tests.payouts.stage import Stage, component


def rows(stage: Stage) -> list[tuple[str, int, str]]:
    """Every earning as (kind, amount, state)."""
    found = stage.session.scalars(select(Earning).order_by(Earning.id))
    return [(row.kind, row.amount_minor, row.state) for row in found]


def held(stage: Stage) -> int:
    """What the books hold as pending."""
    return ledger.balance(
        stage.session, stage.world.brand.id, plan.pending(stage.collaboration.id), stage.campaign.currency
    ).minor


def test_nothing_is_earned_before_both_have_signed(stage: Stage) -> None:
    from core.collaborations.models import Contract

    contract = stage.session.scalars(select(Contract)).one()
    contract.state = "partially_signed"
    assert stage.approve() == []


def test_asking_again_books_nothing(stage: Stage) -> None:
    assert len(stage.approve()) == 1
    stage.sell(100_000, "A1")
    assert stage.earn() == []
    assert rows(stage) == [("fixed", 60_000, "payable"), ("commission", 10_000, "pending")]


def test_a_refund_takes_back_exactly_what_its_sale_gave(stage: Stage) -> None:
    sale = stage.sell(33_335, "A1")
    stage.refund(sale, 11_111, "R1")
    stage.refund(sale, 22_224, "R2")
    assert sum(amount for _, amount, _ in rows(stage)) == 0
    assert {state for _, _, state in rows(stage)} == {"pending"}
    assert held(stage) == 0


def test_a_sale_is_held_until_refunds_are_past(stage: Stage, today: list[int]) -> None:
    stage.sell(100_000, "A1")
    row = stage.session.scalars(select(Earning)).one()
    assert (row.hold_until, row.due_on) == (scene.on(14), scene.on(28))
    today[0] = 13
    assert service.release_due(stage.session) == 0
    today[0] = 14
    assert service.release_due(stage.session) == 1
    assert service.release_due(stage.session) == 0
    assert (rows(stage), held(stage)) == ([("commission", 10_000, "payable")], 0)


def test_an_old_sale_is_due_at_once(stage: Stage) -> None:
    stage.sell(100_000, "A1", clock.now() - timedelta(days=40))
    assert rows(stage) == [("commission", 10_000, "payable")]


def test_holds_end_by_the_brands_calendar(stage: Stage) -> None:
    stage.sell(100_000, "A1")
    stage.world.brand.timezone = "Pacific/Auckland"
    with clock.frozen(scene.day(13)):  # noon in UTC is the next day there
        assert service.release_due(stage.session) == 1


def test_a_shorter_holding_period_later_cannot_break_a_refund(stage: Stage, today: list[int]) -> None:
    stage.campaign.hold_days = 0
    sale = stage.sell(100_000, "A1")
    stage.campaign.hold_days = 30
    stage.refund(sale, 50_000, "R1")
    assert rows(stage) == [("commission", 10_000, "payable"), ("commission", -5_000, "payable")]
    assert verify(stage.session).ok


def test_more_taken_back_than_is_due_waits_for_what_comes_due(stage: Stage, today: list[int]) -> None:
    stage.sell(400_000, "A1")  # meets the cap
    today[0] = 5
    second = stage.sell(100_000, "A2")
    assert sum(amount for _, amount, _ in rows(stage)) == 40_000
    stage.refund(second, 100_000, "R2")
    today[0] = 14
    service.release_due(stage.session)
    today[0] = 19
    service.release_due(stage.session)
    assert (held(stage), {state for _, _, state in rows(stage)}) == (0, {"payable"})


def test_a_gift_is_value_and_never_cash(stage: Stage, keyring: Keyring) -> None:
    gift = stage.gift()
    stage.account(keyring)
    assert rows(stage) == [("gift_value", 30_000, "booked")]
    gift.state = "returned"
    stage.session.flush()
    stage.earn()
    assert rows(stage)[1] == ("gift_value", -30_000, "booked")
    (sums,) = queries.totals(stage.session, [stage.collaboration.id])
    assert (sums.value.minor, sums.earned.minor) == (0, 0)


def test_a_model_that_is_gone_puts_its_part_on_hold(stage: Stage) -> None:
    stage.sell(100_000, "A1")
    nobody = PluginHost.load(safe_mode=True)
    nobody.payment_models.pop("commission")
    assert service.recompute(stage.session, nobody, stage.collaboration.id) == []
    (hold,) = queries.holds_of(stage.session, stage.collaboration.id)
    assert hold.component_id == "c2" and "commission" in str(hold.reason)
    assert rows(stage) == [("commission", 10_000, "pending")]
    against = service.may_complete(stage.session, MayComplete(stage.collaboration.id))
    assert [str(text) for text in against][-1] == "A part of the pay is on hold: what it comes to is not known."
    stage.earn()
    assert queries.holds_of(stage.session, stage.collaboration.id) == []
    assert stage.session.scalars(select(ComponentHold.resolved_at)).one() is not None


def test_money_that_is_owed_speaks_against_completing(stage: Stage, keyring: Keyring) -> None:
    here, campaign = MayComplete(stage.collaboration.id), MayCompleteCampaign(stage.campaign.id)
    assert service.settled(stage.session, stage.collaboration.id)
    stage.approve()
    for against in (service.may_complete(stage.session, here), service.may_complete_campaign(stage.session, campaign)):
        assert [str(text) for text in against] == ["€600.00 of earnings are not paid yet."]
    stage.account(keyring)
    stage.approved(keyring)
    assert not service.settled(stage.session, stage.collaboration.id)


def test_paid_money_and_debts_do_not_stand_against_completing(stage: Stage, keyring: Keyring, today: list[int]) -> None:
    sale = stage.sell(100_000, "A1")
    today[0] = 15
    service.release_due(stage.session)
    stage.account(keyring)
    stage.sent(keyring)
    assert service.settled(stage.session, stage.collaboration.id)
    stage.refund(sale, 50_000, "R1")
    assert service.may_complete_campaign(stage.session, MayCompleteCampaign(stage.campaign.id)) == []


@pytest.mark.parametrize("currency", ["EUR", "ISK"])
def test_terms_are_told_by_component(stage: Stage, currency: str) -> None:
    other = scene.build(
        stage.session, stage.world, name="9",
        components=[component("c1", "fixed", currency, amount=500, per="collaboration")],
    )  # fmt: skip
    found = terms_of(stage.session, {stage.collaboration.id, other.collaboration.id})
    assert found[stage.collaboration.id].contract == "2026-1"
    assert "At most €400.00 in all." in map(str, found[stage.collaboration.id].of("c2"))
    assert len(found[stage.collaboration.id].of("joined")) == 5
    assert list(found[other.collaboration.id].components) == ["c1"]


def test_lists_are_the_brands_own(stage: Stage) -> None:
    stage.approve()
    stage.sell(100_000, "A1")
    brand = stage.world.brand.id
    found = queries.list_earnings(stage.session, stage.world.owner, brand, limit=10)
    assert [(row.name, row.earning.kind) for row in found] == [("Aino Laine", "commission"), ("Aino Laine", "fixed")]
    assert queries.list_earnings(stage.session, stage.world.outsider, brand, limit=10) == []
    older = queries.list_earnings(stage.session, stage.world.owner, brand, limit=10, before=found[0].earning.id)
    assert len(older) == 1
    assert queries.totals_of_brand(stage.session, stage.world.outsider, brand) == []
