"""A stage for money tests: a signed collaboration of Havsro with Aino, its sales, and a bank account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from core import clock
from core.accounts import service as accounts
from core.accounts.calendar import today_of
from core.campaigns.models import Campaign
from core.collaborations import signed, terms
from core.collaborations.models import Collaboration, Contract, Offer
from core.content.models import Deliverable
from core.crypto import Keyring
from core.deals.evaluate import reserve
from core.earnings import service as earnings
from core.earnings.models import Earning
from core.files import FileStore
from core.influencers.models import Influencer, Relationship
from core.money import Money
from core.payouts import service as payouts
from core.payouts import submit
from core.payouts.limits import Limits
from core.payouts.models import Payout, PayoutMethod, PayoutRun
from core.plugin_host.host import PluginHost
from core.tracking.models import Gift, Refund, Sale
from tests import world as story
from tests.world import World

BASE = "https://samverk.example"
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
IBAN, OTHER_IBAN = "FI21 1234 5600 0007 85", "DE89 3704 0044 0532 0130 00"
ACCOUNT = {
    "payee_name": "Aino Laine", "iban": IBAN, "street": "Kaivokatu", "building": "1", "postcode": "00100",
    "town": "Helsinki", "country": "FI", "tax_country": "FI", "tax_id": "131052-308T",
}  # fmt: skip


@cache
def host() -> PluginHost:
    """The plugins in the box, found once."""
    return PluginHost.load(safe_mode=True)


def component(name: str, model: str, currency: str = "EUR", **values: Any) -> dict[str, Any]:
    """A part of the pay as an offer stores it."""
    return {"id": name, "model": model, "version": "1", "terms": {"currency": currency, "values": values}}


def share(name: str = "share", percent: str = "10", cap: int = 10**9, **more: Any) -> dict[str, Any]:
    """A commission."""
    return component(name, "commission", percent=percent, cap=cap, **more)


def pay(currency: str = "EUR") -> list[dict[str, Any]]:
    """600 for each of two deliverables, 10 % commission up to 400, and a tent worth 300."""
    return [
        component("c1", "fixed", currency, amount=60_000, per="deliverable"),
        component("c2", "commission", currency, percent="10", cap=40_000),
        component("c3", "gifting", currency, product="Tent", value=30_000, value_source="retail"),
    ]


def hand_over(session: Session, keyring: Keyring, run: PayoutRun, rails: PluginHost | None = None) -> None:
    """Every step of handing a run over, in one session; tests of the steps go through the worker."""
    submit.submit_run(session, rails or host(), keyring, BASE, {"run": run.id})
    if what := submit.gather(session, rails or host(), keyring, {"run": run.id}):
        house = submit.House(keyring, FileStore(Path("nowhere")), BASE)
        submit.record(session, house, what, submit.ask(rails or host(), what))


@dataclass(frozen=True)
class Stage:
    """One collaboration and its counters."""

    session: Session
    world: World
    campaign: Campaign
    collaboration: Collaboration
    deliverables: list[Deliverable]

    def earn(self) -> list[Earning]:
        """Book what is new."""
        return earnings.recompute(self.session, host(), self.collaboration.id)

    def approve(self, number: int = 0) -> list[Earning]:
        """Approve a deliverable."""
        row = self.deliverables[number]
        row.state, row.approved_at = "approved", clock.now()
        self.session.flush()
        return self.earn()

    def sell(self, minor: int, order: str, at: datetime | None = None) -> Sale:
        """A sale credited to the collaboration."""
        row = Sale(
            brand_id=self.world.brand.id, external_id=order, source="csv", code="AINO22", amount_minor=minor,
            collaboration_id=self.collaboration.id, currency=self.campaign.currency, sold_at=at or clock.now(),
            state="credited",
        )  # fmt: skip
        self.session.add(row)
        self.session.flush()
        self.earn()
        return row

    def refund(self, sale: Sale, minor: int, name: str) -> Refund:
        """A refund of a sale."""
        row = Refund(
            brand_id=sale.brand_id, sale_id=sale.id, external_id=name, source="csv", amount_minor=minor,
            currency=sale.currency, refunded_at=clock.now(),
        )  # fmt: skip
        self.session.add(row)
        self.session.flush()
        self.earn()
        return row

    def gift(self) -> Gift:
        """The tent, received."""
        row = Gift(
            brand_id=self.world.brand.id, collaboration_id=self.collaboration.id, component_id="c3", product="Tent",
            value_minor=30_000, currency=self.campaign.currency, value_source="retail", state="delivered",
            delivered_at=clock.now(),
        )  # fmt: skip
        self.session.add(row)
        self.session.flush()
        self.earn()
        return row

    def account(self, keyring: Keyring, **changed: Any) -> PayoutMethod:
        """Aino enters her bank account."""
        return payouts.save_method(self.session, keyring, self.world.creator, base_url=BASE, **{**ACCOUNT, **changed})

    def run(self, **given: Any) -> PayoutRun:
        """A prepared run of everything that is payable."""
        run, _ = payouts.prepare_run(
            self.session, self.world.actors["manager"], self.world.brand, currency=self.campaign.currency,
            base_url=BASE, **given,
        )  # fmt: skip
        assert run is not None
        return run

    def approved(self, keyring: Keyring) -> Payout:
        """A payout that finance has approved and the rail has taken."""
        run = self.run()
        payouts.approve_run(self.session, self.world.actors["finance"], run)
        hand_over(self.session, keyring, run)
        return payouts.payouts_of(self.session, run)[0]

    def sent(self, keyring: Keyring, reference: str = "NDEA-1") -> Payout:
        """A payout that was sent today."""
        payout = self.approved(keyring)
        payouts.mark_sent(
            self.session, self.world.actors["finance"], payout, reference=reference,
            sent_on=today_of(self.session, payout.brand_id), base_url=BASE,
        )  # fmt: skip
        return payout


def paper(by: PluginHost, offer: Offer) -> dict[str, Any]:
    """What a contract's document keeps of the pay of an offer."""
    cap = reserve(by, offer.components, terms.planned(by, offer.components, offer.deliverables))
    assert isinstance(cap, Money), cap
    return {"pay": signed.to_json(by, offer, cap)}


def build(
    session: Session,
    world: World,
    *,
    components: list[dict[str, Any]] | None = None,
    name: str = "1",
    by: PluginHost | None = None,
) -> Stage:
    """A collaboration with two reels to make, signed by the plugins of `by`, else by those in the box."""
    brand = world.brand
    campaign = Campaign(
        brand_id=brand.id, name=f"Autumn tents {name}", state="active", currency=brand.currency, markets=["FI"],
        budget_minor=500_000, due_days=14, hold_days=14,
    )  # fmt: skip
    known = Relationship(
        brand_id=brand.id, influencer_id=world.influencer.id, identity_key=f"instagram:aino{name}",
        display_name="Aino Laine", country="FI",
    )  # fmt: skip
    session.add_all([campaign, known])
    session.flush()
    collaboration = Collaboration(
        brand_id=brand.id, campaign_id=campaign.id, relationship_id=known.id, influencer_id=world.influencer.id,
        state="in_progress", invitation_hash=name.rjust(64, "0"), invitation_expires_at=clock.now(),
        currency=campaign.currency, committed_minor=160_000,
    )  # fmt: skip
    session.add(collaboration)
    session.flush()
    offer = Offer(
        brand_id=brand.id, collaboration_id=collaboration.id, number=1, proposed_by="brand", state="accepted",
        components=components or pay(campaign.currency), brief_number=1, expires_at=clock.now(),
        deliverables=[{"kind": "reel", "platform": "instagram", "quantity": 2, "due_on": None, "note": ""}],
    )  # fmt: skip
    session.add(offer)
    session.flush()
    session.add(
        Contract(
            brand_id=brand.id,
            collaboration_id=collaboration.id,
            offer_id=offer.id,
            number=f"2026-{name}",
            state="active",
            document=paper(by or host(), offer),
            sha256="0" * 64,
        )
    )
    made = [
        Deliverable(
            brand_id=brand.id,
            collaboration_id=collaboration.id,
            position=n,
            kind="reel",
            platform="instagram",
            note=f"Reel {n}",
        )
        for n in (1, 2)
    ]
    session.add_all(made)
    session.flush()
    return Stage(session, world, campaign, collaboration, made)


def second_payee(session: Session, stage: Stage, keyring: Keyring) -> Stage:
    """Beda, signed, with a reel approved and an account; she is paid by the same runs."""
    person = story._person(session, "beda")
    beda = Influencer(person_id=person.id, display_name="Beda Berg", country="FI")
    session.add(beda)
    session.flush()
    actors = {**stage.world.actors, "influencer": accounts.actor_of(session, person)}
    other = build(session, replace(stage.world, influencer=beda, actors=actors), name="beda")
    other.approve()
    other.account(keyring, payee_name="Beda Berg", iban=OTHER_IBAN)
    return other


def run_of_two(session: Session, keyring: Keyring) -> PayoutRun:
    """An approved run by wire to the influencer and to Beda."""
    stage = build(session, story.build(session))
    stage.approve()
    stage.account(keyring)
    second_payee(session, stage, keyring)
    run = stage.run(limits=Limits("wire"))
    payouts.approve_run(session, stage.world.actors["finance"], run)
    return run


def day(number: int) -> datetime:
    """Midday of a day after the start."""
    return datetime.combine((START + timedelta(days=number)).date(), time(12), UTC)


def on(number: int) -> date:
    """A day after the start."""
    return day(number).date()
