"""A campaign's sums: right where they are known, unknown where nobody told, and never zero for unknown."""

from __future__ import annotations

from decimal import Decimal

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from core import clock
from core.content.models import MetricReading, Post
from core.crypto import Keyring
from core.earnings.models import ComponentHold
from core.instance import Instance
from core.money import Money
from core.reports.service import summary
from core.tracking.models import Sale
from tests.databases import statements
from tests.payouts import stage as scene
from tests.payouts.stage import Stage
from tests.world import World, sign_in
from tests.world import build as build_world


def euros(minor: int) -> Money:
    """An amount."""
    return Money(minor, "EUR")


def post(stage: Stage, number: int, **figures: tuple[int, str, int]) -> Post:
    """A live post with readings: metric=(value, evidence, day)."""
    row = Post(
        brand_id=stage.world.brand.id, deliverable_id=stage.deliverables[number].id, state="verified",
        url=f"https://instagram.com/p/{number}", published_on=scene.on(0),
    )  # fmt: skip
    stage.session.add(row)
    stage.session.flush()
    for metric, reading in figures.items():
        read(stage, row, metric.rstrip("_"), *reading)
    return row


def read(stage: Stage, row: Post, metric: str, value: int, evidence: str, day: int) -> None:
    """One reading."""
    stage.session.add(
        MetricReading(
            brand_id=row.brand_id, post_id=row.id, metric=metric, value=value, evidence=evidence, read_at=scene.day(day)
        )
    )
    stage.session.flush()


def test_what_nobody_told_is_unknown(stage: Stage) -> None:
    found = summary(stage.session, stage.campaign)
    assert (found.own_sales, found.roi, found.reactions, found.engagement_rate, found.cost_per_sale) == (None,) * 5
    assert {str(figure.label) for figure in found.figures() if figure.value is None} == {
        "Net sales", "Views", "Reach", "Clicks", "Likes", "Comments", "Shares", "Saves", "Engagement rate",
        "Cost per engagement", "Cost per sale", "ROI",
    }  # fmt: skip
    assert "Sales: none were told to Samverk yet." in map(str, found.roi_unknown())


def test_money_spent_paid_and_given(stage: Stage, keyring: Keyring) -> None:
    stage.approve()
    stage.account(keyring)
    stage.sent(keyring)
    stage.approve(1)
    stage.gift()
    found = summary(stage.session, stage.campaign)
    assert (found.done, found.planned) == (2, 2)
    assert (found.spent, found.paid, found.gifts) == (euros(120_000), euros(60_000), euros(30_000))
    assert found.budget == euros(500_000)
    assert any("€300.00" in str(text) for text in found.roi_unknown())


def test_sales_less_refunds_and_the_return(stage: Stage) -> None:
    stage.approve()
    whole, part = stage.sell(200_000, "A1"), stage.sell(100_000, "A2")
    stage.sell(50_000, "A3")
    stage.refund(whole, 200_000, "R1")
    stage.refund(part, 20_000, "R2")
    stage.refund(part, 10_000, "R3")
    found = summary(stage.session, stage.campaign)
    sales = found.own_sales
    assert sales is not None
    assert (sales.gross, sales.refunded, sales.net) == (euros(350_000), euros(230_000), euros(120_000))
    assert (sales.count, sales.kept) == (3, 2)
    assert found.spent == euros(72_000)
    assert found.roi == Decimal(48_000) / 72_000
    assert found.cost_per_sale == euros(36_000)


def test_no_sale_with_the_code_is_none_once_the_shop_has_told(stage: Stage) -> None:
    stage.approve()
    stage.session.add(
        Sale(
            brand_id=stage.world.brand.id,
            external_id="U1",
            source="csv",
            amount_minor=500,
            currency="EUR",
            sold_at=clock.now(),
            state="uncredited",
        )
    )
    stage.session.flush()
    found = summary(stage.session, stage.campaign)
    assert found.own_sales is not None
    assert (found.own_sales.net, found.roi, found.cost_per_sale) == (euros(0), Decimal(-1), None)


def test_sales_in_another_currency_wait(stage: Stage) -> None:
    stage.session.add(
        Sale(
            brand_id=stage.world.brand.id,
            external_id="S1",
            source="csv",
            amount_minor=900,
            currency="SEK",
            sold_at=clock.now(),
            state="on_hold",
            collaboration_id=stage.collaboration.id,
        )
    )
    stage.session.flush()
    found = summary(stage.session, stage.campaign)
    assert found.waiting == (Money(900, "SEK"),)
    assert any("another currency" in str(text) for text in found.roi_unknown())


def test_the_newest_reading_of_each_post_counts_by_its_evidence(stage: Stage) -> None:
    stage.approve()
    first = post(stage, 0, likes=(10, "stated", 1), reach=(1_000, "stated", 1), comments=(5, "export", 2))
    read(stage, first, "likes", 40, "export", 3)
    post(stage, 1, likes=(60, "stated", 2), views=(7, "screenshot", 1))
    found = summary(stage.session, stage.campaign)
    likes = found.metrics["likes"]
    assert (likes.total, likes.posts, dict(likes.by_evidence)) == (100, 2, {"export": 40, "stated": 60})
    assert likes.oldest == scene.day(2)
    assert found.reactions == 105
    assert found.engagement_rate == Decimal(45) / 1_000  # the second post told no reach
    assert found.cost_per_reaction == euros(571)
    assert "shares" not in found.metrics


def test_a_part_on_hold_makes_the_cost_unknown(stage: Stage) -> None:
    stage.approve()
    stage.sell(100_000, "A1")
    post(stage, 0, likes=(10, "stated", 1))
    stage.session.add(
        ComponentHold(
            brand_id=stage.world.brand.id,
            collaboration_id=stage.collaboration.id,
            component_id="c2",
            reason={"msgid": "Waits"},
        )
    )
    stage.session.flush()
    found = summary(stage.session, stage.campaign)
    assert (found.cost, found.roi, found.cost_per_reaction, found.cost_per_sale) == (None,) * 4
    assert "A part of the pay: it is on hold." in map(str, found.roi_unknown())


def test_only_the_campaigns_own_rows_count(stage: Stage, session: Session, world: World) -> None:
    other = scene.build(session, world, name="2")
    other.approve()
    other.sell(100_000, "A1")
    post(other, 0, likes=(10, "stated", 1))
    found = summary(session, stage.campaign)
    assert (found.spent, found.metrics, found.done) == (euros(0), {}, 0)


def test_the_number_of_statements_is_bounded(stage: Stage, session: Session) -> None:
    with statements(session.get_bind()) as once:
        summary(session, stage.campaign)
    for number in range(20):
        stage.sell(1_000, f"B{number}")
    post(stage, 0, likes=(10, "stated", 1))
    post(stage, 1, likes=(10, "stated", 1))
    with statements(session.get_bind()) as again:
        summary(session, stage.campaign)
    assert len(again) <= len(once) <= 9


def test_the_pages(client: FlaskClient, instance: Instance, today: list[int]) -> None:
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
        stage.approve()
        stage.sell(100_000, "A1")
        post(stage, 0, likes=(10, "stated", 1))
        path = f"/admin/campaigns/{stage.campaign.public_id}"
    sign_in(client, "viewer")
    page = client.get(path).text
    assert "What it brought" in page and "What is unknown" in page
    report = client.get(f"{path}/report").text
    assert "€1,000.00" in report and "42.9%" in report and "Stated by a person: 10" in report
    table = client.get(f"{path}/report.csv").text
    assert "ROI;42.86;%" in table and "Reach;unknown" in table
    sign_in(client, "outsider")
    assert client.get(f"{path}/report").status_code == client.get(f"{path}/report.csv").status_code == 404
