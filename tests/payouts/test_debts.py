"""What was paid too much: netted from later earnings, or written off with a reason, in the books too."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from core.audit import AuditEntry
from core.crypto import Keyring
from core.earnings import service as earnings
from core.earnings.models import Earning
from core.errors import Denied, Invalid, Missing, Refused
from core.instance import Instance
from core.ledger import accounts as plan
from core.ledger import queries as ledger
from core.ledger.verify import verify
from core.mail import MailMessage
from core.money import Money
from core.payouts import debts, service
from tests.payouts import stage as scene
from tests.world import build as build_world
from tests.world import sign_in


def indebted(stage: scene.Stage, keyring: Keyring, today: list[int]) -> scene.Stage:
    """100 were paid for a sale that came back whole."""
    sale = stage.sell(100_000, "A1")
    today[0] = 15
    earnings.release_due(stage.session)
    stage.account(keyring)
    stage.sent(keyring)
    stage.refund(sale, 100_000, "R1")
    return stage


def balance(stage: scene.Stage, code: str) -> int:
    return ledger.balance(stage.session, stage.world.brand.id, code, "EUR").minor


def write_off(stage: scene.Stage, reason: str = "Goodwill", by: str = "finance") -> Earning:
    return service.write_off(
        stage.session, stage.world.actors[by], stage.collaboration, reason=reason, base_url=scene.BASE
    )


def test_a_debt_is_listed_until_later_earnings_net_it(stage: scene.Stage, keyring: Keyring, today: list[int]) -> None:
    indebted(stage, keyring, today)
    (debt,) = debts.debts(stage.session, stage.world.owner, stage.world.brand.id)
    assert (debt.amount, debt.name) == (Money(10_000, "EUR"), "Aino Laine")
    stage.approve()
    assert debts.debts(stage.session, stage.world.owner, stage.world.brand.id) == []
    assert stage.sent(keyring, "NDEA-2").amount.minor == 50_000
    with pytest.raises(Refused, match="no debt"):
        write_off(stage)


def test_a_written_off_debt_is_a_cost_and_is_netted_from_nothing(
    stage: scene.Stage, keyring: Keyring, today: list[int]
) -> None:
    indebted(stage, keyring, today)
    here, cost = stage.collaboration.id, plan.cost(stage.campaign.id)
    assert (balance(stage, plan.advance(here)), balance(stage, cost)) == (10_000, 0)
    row = write_off(stage)
    assert (balance(stage, plan.advance(here)), balance(stage, cost)) == (0, 10_000)
    assert (row.amount.minor, row.kind, row.state) == (10_000, "adjustment", "written_off")
    assert stage.earn() == [], "no model takes it back"
    off = select(func.sum(Earning.amount_minor)).where(Earning.state == "written_off")
    assert stage.session.scalar(off) == 0
    stage.approve()
    assert stage.sent(keyring, "NDEA-2").amount.minor == 60_000
    assert verify(stage.session).ok
    entry = stage.session.scalars(select(AuditEntry).where(AuditEntry.action == "earning.write_off")).one()
    assert entry.detail == {"reason": "Goodwill", "amount": 10_000, "currency": "EUR"}
    mail = stage.session.scalars(select(MailMessage).where(MailMessage.kind == "debt")).one()
    assert mail.recipient == "influencer@example.com" and "Why: Goodwill" in mail.body


def test_a_further_refund_after_it_is_a_new_debt(stage: scene.Stage, keyring: Keyring, today: list[int]) -> None:
    sale, other = stage.sell(100_000, "A1"), stage.sell(50_000, "A2")
    today[0] = 15
    earnings.release_due(stage.session)
    stage.account(keyring)
    stage.sent(keyring)
    stage.refund(sale, 100_000, "R1")
    write_off(stage)
    stage.refund(other, 50_000, "R2")
    (debt,) = debts.debts(stage.session, stage.world.owner, stage.world.brand.id)
    assert debt.amount.minor == 5_000 == balance(stage, plan.advance(stage.collaboration.id))
    assert verify(stage.session).ok


@pytest.mark.parametrize("reason", [" ", "x" * 301])
def test_it_takes_a_reason_and_the_right(stage: scene.Stage, keyring: Keyring, today: list[int], reason: str) -> None:
    indebted(stage, keyring, today)
    with pytest.raises(Invalid):
        write_off(stage, reason)
    with pytest.raises(Denied):
        write_off(stage, by="manager")
    for who in ("outsider", "manager"):
        with pytest.raises(Missing):
            debts.get_debt(stage.session, stage.world.actors[who], stage.collaboration.public_id)
    write_off(stage, "x" * 300)
    with pytest.raises(Refused):
        write_off(stage)


def test_finance_writes_it_off_and_the_influencer_reads_why(
    client: FlaskClient, instance: Instance, today: list[int]
) -> None:
    with instance.database.write() as session:
        stage = indebted(scene.build(session, build_world(session)), instance.keyring, today)
    there = f"/admin/payouts/debts/{stage.collaboration.public_id}"
    sign_in(client, "influencer")
    page = client.get("/portal/payouts").text
    assert "netted from what you earn next" in page and "Taken back, netted from what comes next" in page
    sign_in(client, "manager")
    assert "Paid too much" in client.get("/admin/payouts").text and there not in client.get("/admin/payouts").text
    assert client.get(there).status_code == 403
    sign_in(client, "finance")
    assert there in client.get("/admin/payouts").text
    assert "€100.00" in client.get(there).text
    assert client.post(there, data={"reason": ""}).status_code == 422
    assert client.post(there, data={"reason": "The shop sent it twice"}).status_code == 303
    assert "Paid too much" not in client.get("/admin/payouts").text
    assert client.get(there).status_code == 404
    assert "The shop sent it twice" in client.get("/admin/earnings?state=written_off").text
    sign_in(client, "influencer")
    page = client.get("/portal/payouts").text
    assert "The shop sent it twice" in page and "you owe nothing for it" in page
