"""A sale in another currency: finance decides once, and its refunds take back what it gave."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core import events
from core.audit import AuditEntry
from core.campaigns.events import MayCompleteCampaign
from core.collaborations.events import MayComplete
from core.earnings.models import Earning
from core.errors import Denied, Invalid, Missing, Refused
from core.i18n import in_locale
from core.instance import Instance
from core.ledger.verify import verify
from core.money import Money
from core.plugin_api.text import Text
from core.reports import service as reports
from core.tracking import deciding, held
from core.tracking.models import Refund, Sale
from core.tracking.sales import shares
from tests.payouts.test_races import together
from tests.tracking.conftest import Play, perform
from tests.world import build, sign_in

RATE, BY = Decimal("0.08763"), "ECB, 20 November 2026"
SOLD, COUNTS = 123_457, Money(10_819, "EUR")  # 1,234.57 SEK at that rate: 108.1853…


def on_hold(play: Play, *refunds: int) -> Sale:
    """A sale in kronor, and what came back of it before anybody decided."""
    play.take(play.sale("S1", SOLD, currency="SEK"))
    for number, minor in enumerate(refunds):
        play.take(play.refund(f"before{number}", "S1", minor, "SEK"))
    return play.session.scalars(select(Sale)).one()


def credit(play: Play, sale: Sale, who: str = "finance", rate: Decimal = RATE, shown: Money | None = None) -> None:
    shown = shown or deciding.quote(play.session, sale, rate)
    deciding.credit(play.session, play.world.actors[who], sale=sale, rate=rate, source=BY, shown=shown)


def actions(play: Play) -> list[str]:
    return list(play.session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "sale")))


def test_it_waits_for_finance_until_its_hold_period_ends(play: Play, moment: list[datetime]) -> None:
    sale = on_hold(play)
    (row,) = held.waiting(play.session, play.world.actors["finance"])
    assert row.due_at == sale.sold_at + timedelta(
        days=held.get_held(play.session, play.world.owner, sale.public_id).campaign.hold_days
    )
    assert "SEK" in str(row.title) and "S1" in str(row.detail)
    assert (
        held.waiting(play.session, play.world.actors["manager"])
        == held.waiting(play.session, play.world.outsider)
        == []
    )
    ((why, _, brand),) = held.of_influencer(play.session, play.world.creator)
    assert "Sold in SEK" in str(why) and brand == "Havsro"
    assert events.objections(play.session, MayComplete(play.collaboration.id))
    told = events.objections(play.session, MayCompleteCampaign(play.collaboration.campaign_id))
    assert "Order S1 in SEK is not decided." in map(str, told)
    credit(play, sale)
    assert held.waiting(play.session, play.world.actors["finance"]) == []
    assert held.of_influencer(play.session, play.world.creator) == []
    told = events.objections(play.session, MayCompleteCampaign(play.collaboration.campaign_id))
    assert "Order S1 in SEK is not decided." not in map(str, told)


def test_credited_it_earns_by_its_rate_and_says_so(play: Play) -> None:
    sale = on_hold(play)
    credit(play, sale)
    assert (sale.state, sale.counted) == ("credited", COUNTS) and play.earned() == 1_082
    reason = Text.from_json(play.session.scalars(select(Earning.reason)).one())
    assert str(reason) == (
        "10 % of €108.19, order S1 (SEK\xa01,234.57 at 0.08763 EUR for 1 SEK, by: ECB, 20 November 2026)"
    )
    with in_locale("fi"):
        assert "0,08763\xa0EUR" in str(reason), "a rate is never rounded for a page"
    entry = play.session.scalars(select(AuditEntry).where(AuditEntry.action == "sale.credit")).one()
    assert entry.detail and entry.detail["rate"] == "0.08763" and entry.detail["credited"] == "108.19 EUR"
    assert verify(play.session).ok


def test_its_refunds_take_back_what_it_gave_to_the_last_cent(play: Play) -> None:
    sale = on_hold(play, 1, 40_000)
    credit(play, sale)
    for number, minor in enumerate((333, 50_000, SOLD - 90_334)):
        play.take(play.refund(f"after{number}", "S1", minor, "SEK"))
    rows = play.session.scalars(select(Refund).order_by(Refund.id)).all()
    assert sum(row.counted.minor for row in rows) == COUNTS.minor
    assert play.earned() == 0 and verify(play.session).ok


def test_the_report_counts_it_in_the_currency_of_the_campaign(play: Play) -> None:
    sale = on_hold(play, 40_000)
    campaign = held.get_held(play.session, play.world.owner, sale.public_id).campaign
    assert reports.summary(play.session, campaign).waiting == (Money(SOLD - 40_000, "SEK"),)
    credit(play, sale)
    summary = reports.summary(play.session, campaign)
    assert summary.waiting == () and list(summary.sales) == ["EUR"]
    assert (summary.sales["EUR"].gross, summary.sales["EUR"].refunded) == (COUNTS, Money(3_505, "EUR"))


def test_left_out_it_counts_for_nobody(play: Play) -> None:
    sale = on_hold(play)
    deciding.leave(play.session, play.world.actors["finance"], sale=sale, reason="Sold by another shop")
    assert sale.state == "uncredited" and "Sold by another shop" in str(sale.why)
    assert play.earned() == 0 and actions(play) == ["sale.leave"]
    play.take(play.refund("R1", "S1", 500, "SEK"))
    assert play.earned() == 0
    with pytest.raises(Refused):
        credit(play, sale)


def test_who_may_decide_and_what(play: Play) -> None:
    sale = on_hold(play)
    for who in ("manager", "reviewer", "viewer", "outsider"):
        with pytest.raises(Denied):
            credit(play, sale, who)
        with pytest.raises(Denied):
            deciding.leave(play.session, play.world.actors[who], sale=sale, reason="No")
    with pytest.raises(Missing):
        held.get_held(play.session, play.world.outsider, sale.public_id)
    with pytest.raises(Invalid):
        deciding.leave(play.session, play.world.owner, sale=sale, reason=" ")
    for rate in ("0", "-1", "NaN", "Infinity", "0.000000001", "1000000000000", "1." + "1" * 40):
        with pytest.raises(Invalid):
            credit(play, sale, rate=Decimal(rate))
    with pytest.raises(Refused):
        credit(play, sale, shown=COUNTS + Money(1, "EUR"))
    assert (sale.state, play.earned(), actions(play)) == ("on_hold", 0, [])
    credit(play, sale)
    with pytest.raises(Refused):
        credit(play, sale, shown=COUNTS)
    with pytest.raises(Refused):
        deciding.leave(play.session, play.world.owner, sale=sale, reason="No")
    assert play.earned() == 1_082 and actions(play) == ["sale.credit"]


def test_of_several_at_once_one_is_booked(instance: Instance) -> None:
    with instance.database.write() as session:
        play = perform(session, build(session), instance)
        sale = on_hold(play)

    def act(session: Any) -> bool:
        found = session.get_one(Sale, sale.id)
        finance = play.world.actors["finance"]
        deciding.credit(session, finance, sale=found, rate=RATE, source=BY, shown=COUNTS)
        return True

    assert together(instance, act).count(True) == 1
    with instance.database.session() as session:
        assert session.scalar(select(func.sum(Earning.amount_minor))) == 1_082 and verify(session).ok


parts = st.lists(st.integers(1, 10**9), min_size=1, max_size=12)


@settings(deadline=None)
@given(parts, st.decimals("0.000001", "100000", allow_nan=False, places=7).filter(bool), st.integers(0, 12))
def test_shares_add_up_whatever_the_rate(refunds: list[int], rate: Decimal, first: int) -> None:
    """All refunds together take exactly the sale's amount, at every step the rounded share, never less than nothing."""
    sold = sum(refunds)
    sale = Sale(amount_minor=sold, credited_minor=round(sold * Fraction(rate)), credited_currency="EUR")
    told = shares(sale, 0, refunds[:first]) + shares(sale, sum(refunds[:first]), refunds[first:])
    assert sum(told) == sale.credited_minor and min(told) >= 0
    for count in range(len(refunds)):
        exact = Fraction(sale.credited_minor * sum(refunds[:count]), sold)
        assert abs(sum(told[:count]) - exact) <= Fraction(1, 2)


def test_the_pages(client: FlaskClient, app: Any, instance: Instance) -> None:
    with instance.database.write() as session:
        play = perform(session, build(session), instance)
        public = on_hold(play).public_id
    sign_in(client, "finance")
    address = f"/admin/sales/{public}/decide"
    assert f'href="{address}"' in client.get("/admin/").text
    assert "Your turn: finance" in client.get(f"/admin/sales/{public}").text
    assert client.get(address).status_code == 200
    assert client.post(address, data={"do": "quote", "rate": "x", "source": BY}).status_code == 422
    assert client.post(address, data={"do": "credit", "rate": "1"}).status_code == 422
    shown = client.post(address, data={"do": "quote", "rate": "0,08763", "source": BY})
    assert "Credit €108.19" in shown.text and 'name="minor" value="10819"' in shown.text
    given = {"do": "credit", "rate": "0.08763", "source": BY}
    assert client.post(address, data=given).status_code == 422, "nothing is credited that was not shown"
    assert client.post(address, data={**given, "minor": "10818"}).status_code == 422
    assert client.post(address, data={**given, "minor": "10819"}).status_code == 303
    again = client.post(address, data={**given, "minor": "10819"}, follow_redirects=True)
    assert "decided already" in again.text and BY in again.text
    with instance.database.session() as session:
        assert session.scalar(select(func.sum(Earning.amount_minor))) == 1_082
    manager = sign_in(app.test_client(), "manager")
    assert manager.get(address).status_code == 403
    assert sign_in(app.test_client(), "outsider").get(address).status_code == 404
    creator = sign_in(app.test_client(), "influencer")
    assert "0.08763 EUR for 1 SEK, by: ECB" in creator.get("/portal/payouts").text


def test_leaving_out_by_the_page(client: FlaskClient, app: Any, instance: Instance) -> None:
    with instance.database.write() as session:
        play = perform(session, build(session), instance)
        public = on_hold(play).public_id
    creator = sign_in(app.test_client(), "influencer")
    assert "The brand has to decide" in creator.get("/portal/payouts").text
    manager = sign_in(app.test_client(), "manager").get(f"/admin/sales/{public}").text
    assert "With finance" in manager and "/decide" not in manager
    sign_in(client, "finance")
    assert client.post(f"/admin/sales/{public}/decide", data={"do": "leave"}).status_code == 422
    done = client.post(f"/admin/sales/{public}/decide", data={"do": "leave", "reason": "Ours"}, follow_redirects=True)
    assert "left out: Ours" in done.text
