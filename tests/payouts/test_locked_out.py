"""A rail whose permission is refused: for the money nobody knows anything, and a person reads what to mend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core import outbox
from core.instance import Instance
from core.payouts.models import PayoutRun
from core.plugin_api.payout_rails import Accepted
from samverk import AuthExpired, BadAnswer, RateLimited, T, Unavailable
from tests.payouts import stage as scene
from tests.payouts.rails import Bank
from tests.payouts.test_handing_over import later, payout
from tests.world import sign_in

MEND = "Wire refused the permission that it was given. Renew it in the settings of the plugin."
GOES_ON = "Samverk goes on asking"


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def run_page(instance: Instance) -> str:
    with instance.database.session() as session:
        return f"/admin/payouts/runs/{session.scalars(select(PayoutRun)).one().public_id}"


def test_finance_reads_what_to_mend_and_the_money_goes_on_after_it(
    client: FlaskClient, instance: Instance, approved: scene.Stage, bank: Bank, now: list[datetime], app: Any
) -> None:
    bank.after = raising(AuthExpired(T("The token has run out.")))
    outbox.drain(instance.database)
    row = payout(instance)
    assert (row.state, str(row.reason)) == ("processing", "The token has run out.")
    assert not instance.plugins.fence.health.paused
    finance, boss = sign_in(client, "finance"), sign_in(app.test_client(), "owner")
    for path in (run_page(instance), f"/admin/payouts/{row.public_id}"):
        page = finance.get(path).text
        assert MEND in page and "The token has run out." in page and GOES_ON not in page, path
        assert "Your turn" in page and "With Samverk" not in page, path
        assert "/admin/plugins/wire" in boss.get(path).text and "/admin/plugins/wire" not in page
    today = finance.get("/admin/").text
    assert "Payout run 1 does not go on" in today and MEND in today
    bank.after = lambda: None
    later(now, minutes=9)
    outbox.drain(instance.database)
    assert payout(instance).state == "processing"
    later(now, minutes=1)
    outbox.drain(instance.database)
    assert payout(instance).state == "sent"
    assert len(bank.paid) == 1 and len(set(bank.calls)) == 1, "it had paid before it refused: the same key, once"
    assert MEND not in finance.get(run_page(instance)).text and "does not go on" not in finance.get("/admin/").text


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (Unavailable(T("The bank is closed.")), 5), (BadAnswer(T("It mumbles.")), 5),
        (RateLimited(T("Too often."), 120), 120), (RateLimited(T("Too often."), 10**9), 3600),
    ],
)  # fmt: skip
def test_other_faults_of_the_other_side_are_asked_again_by_itself(
    client: FlaskClient,
    instance: Instance,
    approved: scene.Stage,
    bank: Bank,
    now: list[datetime],
    error: Any,
    pause: int,
) -> None:
    bank.after = raising(error)
    for _ in range(2):
        outbox.drain(instance.database)
    assert str(payout(instance).reason) == str(error.message) and len(bank.calls) == 1
    assert not instance.plugins.fence.health.paused
    page = sign_in(client, "finance").get(run_page(instance)).text
    assert GOES_ON in page and "refused the permission" not in page
    bank.after, bank.answer = (lambda: None), (lambda reference: Accepted("bank-1"))
    later(now, seconds=pause - 1)
    outbox.drain(instance.database)
    assert payout(instance).state == "processing"
    later(now, seconds=1)
    outbox.drain(instance.database)
    assert payout(instance).state == "sent"


def test_what_is_refused_past_the_key_is_left_to_a_person(
    client: FlaskClient, instance: Instance, approved: scene.Stage, bank: Bank, now: list[datetime], monkeypatch: Any
) -> None:
    bank.after = raising(AuthExpired(T("The token has run out.")))
    outbox.drain(instance.database)
    later(now, hours=25)
    outbox.drain(instance.database)
    row = payout(instance)
    assert row.state == "unknown" and bank.calls.count("lookup") == 1
    assert MEND not in sign_in(client, "finance").get(f"/admin/payouts/{row.public_id}").text
