"""Sales week by week, figures of posts, payout runs, and closing what is delivered and paid."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import Person
from core.cli.story import campaigns, texts
from core.cli.story.cast import HOUSES, House
from core.cli.story.deals import code_holders
from core.cli.story.stage import Stage, brand_named, playing
from core.collaborations import endings
from core.collaborations.events import MayComplete
from core.collaborations.lifecycle import State
from core.collaborations.models import Collaboration
from core.content import service as content
from core.content.models import Deliverable, Post
from core.earnings.models import Earning
from core.earnings.service import OPEN
from core.events import objections
from core.influencers.models import Influencer, Relationship
from core.payouts import debts
from core.payouts import service as payouts
from core.payouts.models import Payout, PayoutRun
from core.places import COUNTRIES
from core.tracking import deciding
from core.tracking.codes import code_of
from core.tracking.models import Refund, Sale
from core.tracking.service import import_sales, keep_table

BASKET = {"Fjellro": (690, 3_900), "Lilla köket": (290, 990), "Havsro": (29, 119), "Suvilumo": (49, 240)}
OTHER = {"EUR": "SEK", "SEK": "NOK", "NOK": "SEK"}
SELLS_AFTER_POST = 35
RUNS = (-150, -122, -94, -66, -38)
LAST = {
    "Fjellro": (-9, "approved"),
    "Lilla köket": (-3, "prepared"),
    "Havsro": (-8, "sent"),
    "Suvilumo": (-13, "failed"),
}
RETURNS = {"Fjellro": False, "Havsro": True}  # and whether it is written off
DECIDES, RATE, RATE_FROM = "Havsro", Decimal("0.08763"), "Suomen Pankki, viitekurssi"  # of a sale in kronor
FAILS = {("Havsro", -94), ("Suvilumo", -13)}


def schedule(stage: Stage) -> None:
    """Put the weeks and the months of money on the agenda."""
    for house in HOUSES:
        for day in range(-172, 1, 7):
            stage.at(day, partial(_sales, stage, house, day), 7)
            stage.at(day + 1, partial(_figures, stage, house), 8)
        for day in RUNS:
            _run(stage, house, day, "received")
        if house.name == DECIDES:
            stage.at(-3, partial(_decide, house), 15)
        if house.name in RETURNS:
            stage.at(-3, partial(_come_back, stage, house), 18)
        if RETURNS.get(house.name):
            stage.at(-2, partial(_let_go, stage, house), 11)
        day, end = LAST[house.name]
        _run(stage, house, day, end)
        for day in range(-120, 0, 10):
            stage.at(day, partial(_close, stage, house), 16)
            stage.at(day, partial(campaigns.close, house), 17)


def _sales(stage: Stage, house: House, day: int, session: Session) -> None:
    brand, rng = brand_named(session, house.name), stage.rng
    low, high = BASKET[house.name]
    lines = ["order_id;code;amount;currency;sold_at;refund_of"]

    def line(code: str, currency: str, refund: Sale | None = None) -> None:
        sold = stage.moment - timedelta(hours=rng.randrange(4, 160))
        number, amount = f"{house.shop}-{10_000 + len(lines) + (200 + day) * 60}", f"{rng.randrange(low, high)},90"
        if refund:
            sold, number = stage.moment - timedelta(hours=2), f"R-{refund.external_id}"
            amount = f"-{refund.amount.decimal / rng.choice((1, 2)):.2f}".replace(".", ",")
        lines.append(
            f"{number};{code};{amount};{currency};{sold:%Y-%m-%dT%H:%M}+00:00;{refund.external_id if refund else ''}"
        )

    selling = [row for row in code_holders(session, brand.id) if _sells(session, stage, row)]
    codes = [code for row in selling if (code := code_of(session, row.id))]
    for code in codes:
        for _ in range(rng.randrange(1, 5)):
            line(code, brand.currency)
    for _ in range(rng.randrange(0, 3) if codes else 0):
        line("", brand.currency)
    if codes and day == -4:
        line(codes[0], OTHER[brand.currency])
        line("KES2025", brand.currency)
    recent = Sale.brand_id == brand.id, Sale.state == "credited", Sale.sold_at > stage.moment - timedelta(days=9)
    for sale in session.scalars(select(Sale).where(*recent).order_by(Sale.id)).all()[::9]:
        line("", sale.currency, sale)
    if len(lines) > 1:
        _hand_in(session, stage, house, lines)


def _hand_in(session: Session, stage: Stage, house: House, lines: list[str]) -> None:
    """Finance imports a table of the shop."""
    brand = brand_named(session, house.name)
    with playing(session, house.finance) as actor:
        name = f"{house.shop.lower()}-{stage.moment:%Y-%m-%d}.csv"
        file = keep_table(
            session, actor, host=stage.host, store=stage.here.files, brand=brand, source="csv", name=name,
            raw="\n".join(lines).encode(),
        )  # fmt: skip
        import_sales(session, actor, host=stage.host, store=stage.here.files, file=file)


def _decide(house: House, session: Session) -> None:
    """Finance credits what was sold in another currency; elsewhere it still waits."""
    with playing(session, house.finance) as actor:
        waiting = Sale.brand_id == brand_named(session, house.name).id, Sale.state == "on_hold"
        for sale in session.scalars(select(Sale).where(*waiting).order_by(Sale.id)).all():
            shown = deciding.quote(session, sale, RATE)
            deciding.credit(session, actor, sale=sale, rate=RATE, source=RATE_FROM, shown=shown)


def _come_back(stage: Stage, house: House, session: Session) -> None:
    """Everything that one collaboration sold comes back after it was paid: more was paid than is earned."""
    brand = brand_named(session, house.name)
    paid = select(Earning.collaboration_id).where(Earning.state == "paid", Earning.kind == "commission")
    open_ = select(Earning.collaboration_id).where(Earning.state.in_(OPEN), Earning.settles == "cash")
    here = session.scalar(
        select(Collaboration.id)
        .where(Collaboration.brand_id == brand.id, Collaboration.id.in_(paid), Collaboration.id.not_in(open_))
        .order_by(Collaboration.id.desc()).limit(1)
    )  # fmt: skip
    back = select(Refund.sale_id)
    sold = Sale.collaboration_id == here, Sale.state == "credited", Sale.id.not_in(back)
    lines = ["order_id;code;amount;currency;sold_at;refund_of"]
    for sale in session.scalars(select(Sale).where(*sold).order_by(Sale.id)):
        amount = f"{sale.amount.decimal:.2f}".replace(".", ",")
        lines.append(
            f"R-{sale.external_id};;-{amount};{sale.currency};{stage.moment:%Y-%m-%dT%H:%M}+00:00;{sale.external_id}"
        )
    _hand_in(session, stage, house, lines)


def _let_go(stage: Stage, house: House, session: Session) -> None:
    """Finance writes off what was paid too much."""
    brand = brand_named(session, house.name)
    with playing(session, house.finance) as actor:
        for debt in debts.debts(session, actor, brand.id):
            reason = texts.REASONS["written_off"][house.country]
            payouts.write_off(session, actor, debt.collaboration, reason=reason, base_url=stage.base)


def _sells(session: Session, stage: Stage, row: Collaboration) -> bool:
    """From the first post until a while after the newest."""
    newest = session.scalar(
        select(Post.published_on).join(Deliverable, Deliverable.id == Post.deliverable_id)
        .where(Deliverable.collaboration_id == row.id).order_by(Post.published_on.desc()).limit(1)
    )  # fmt: skip
    return newest is not None and (stage.moment.date() - newest).days <= SELLS_AFTER_POST


def _figures(stage: Stage, house: House, session: Session) -> None:
    """The reviewer imports what the platforms' exports show of posts of the last five weeks."""
    brand = brand_named(session, house.name)
    since = stage.moment.date() - timedelta(days=35)
    rows = session.execute(
        select(Post, Relationship.followers)
        .join(Deliverable, Deliverable.id == Post.deliverable_id)
        .join(Collaboration, Collaboration.id == Deliverable.collaboration_id)
        .join(Relationship, Relationship.id == Collaboration.relationship_id)
        .where(Post.brand_id == brand.id, Post.published_on > since, Post.published_on < stage.moment.date())
        .order_by(Post.id)
    ).all()
    lines = ["url;read_at;views;reach;likes;comments;shares;saves"]
    for post, followers in rows:
        days = (stage.moment.date() - post.published_on).days
        full = max(60, int(followers or 900) * (25 + post.id * 37 % 60) // 100)
        views = full * days // (days + 2)
        counts = (views, views * 8 // 10, views // 19, views // 310, views // 420, views // 130)
        lines.append(f"{post.url};{stage.moment:%Y-%m-%dT%H:%M}+00:00;" + ";".join(map(str, counts)))
    if len(lines) > 1:
        with playing(session, house.reviewer) as actor:
            content.import_metrics(
                session, actor, host=stage.host, brand_id=brand.id, raw="\n".join(lines).encode(),
                name=f"{house.shop.lower()}-insights.csv",
            )  # fmt: skip


def _run(stage: Stage, house: House, day: int, end: str) -> None:
    """A run is prepared by finance, approved by an owner, sent and confirmed; the last takes only what is due."""
    stage.at(day, partial(_prepare, stage, house, day > RUNS[-1]), 9)
    if end == "prepared":
        return
    stage.at(day + 1, partial(_approve, house), 10)
    if end != "approved":
        stage.at(day + 2, partial(_send, stage, house, day), 10)
    if end in ("received", "failed"):
        stage.at(day + 5, partial(_receive, stage, house), 20)


def _prepare(stage: Stage, house: House, due_only: bool, session: Session) -> None:
    currency = COUNTRIES[house.country].currency
    with playing(session, house.finance) as actor:
        payouts.prepare_run(
            session,
            actor,
            brand_named(session, house.name),
            currency=currency,
            due_by=stage.moment.date() if due_only else None,
            base_url=stage.base,
        )


def _approve(house: House, session: Session) -> None:
    brand = brand_named(session, house.name)
    waiting = PayoutRun.brand_id == brand.id, PayoutRun.state == "awaiting_approval"
    with playing(session, house.owner) as actor:
        for run in session.scalars(select(PayoutRun).where(*waiting).order_by(PayoutRun.id)).all():
            payouts.approve_run(session, actor, run)


def _in_state(session: Session, house: House, state: str) -> list[Payout]:
    brand = brand_named(session, house.name)
    mine = Payout.brand_id == brand.id, Payout.state == state
    return list(session.scalars(select(Payout).where(*mine).order_by(Payout.id)))


def _send(stage: Stage, house: House, day: int, session: Session) -> None:
    with playing(session, house.finance) as actor:
        waiting = _in_state(session, house, "requires_action")
        for payout in waiting:
            if (house.name, day) in FAILS and payout is waiting[-1]:
                reason = texts.REASONS["failed"][house.country]
                payouts.mark_failed(session, actor, payout, reason=reason, base_url=stage.base)
                continue
            payouts.mark_sent(
                session, actor, payout, reference=f"{house.shop}{stage.moment:%y%m%d}{payout.id:05d}",
                sent_on=stage.moment.date(), base_url=stage.base,
            )  # fmt: skip


def _receive(stage: Stage, house: House, session: Session) -> None:
    """Most influencers say that it came; for the others finance looks at the statement."""
    today = stage.moment.date()
    for number, payout in enumerate(_in_state(session, house, "sent")):
        if number % 4 == 3:
            with playing(session, house.finance) as actor:
                payouts.record_statement(session, actor, payout, received_on=today)
            continue
        email = session.scalars(
            select(Person.email).join(Influencer, Influencer.person_id == Person.id)
            .where(Influencer.id == payout.influencer_id)
        ).one()  # fmt: skip
        with playing(session, email) as actor:
            payouts.confirm_received(session, actor, payout, received_on=today)


def _close(stage: Stage, house: House, session: Session) -> None:
    """Close what was delivered three weeks ago or more, and paid."""
    brand = brand_named(session, house.name)
    delivered = Collaboration.brand_id == brand.id, Collaboration.state == State.DELIVERED
    with playing(session, house.manager) as actor:
        for row in session.scalars(select(Collaboration).where(*delivered).order_by(Collaboration.id)).all():
            if not _sells(session, stage, row) and not objections(session, MayComplete(row.id)):
                endings.complete(session, actor, collaboration=row, base_url=stage.base)
