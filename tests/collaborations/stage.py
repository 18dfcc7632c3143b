"""A launched campaign and a vetted influencer, the ground on which offers are made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from core.campaigns import service as campaigns
from core.campaigns.models import BriefVersion, Campaign
from core.collaborations import document, service
from core.collaborations.models import Collaboration, Contract
from core.influencers.models import Relationship
from core.money import Money
from core.permissions import Actor
from core.plugin_host.host import PluginHost
from tests.world import World

BASE = "https://samverk.example"
TERMS = ("due_days", "hold_days", "review_days", "revision_rounds", "offer_days")
WORK = [{"kind": "reel", "platform": "instagram", "quantity": 2, "due_on": "2026-12-10", "note": "With the tent"}]


@cache
def host() -> PluginHost:
    """The plugins in the box, found once."""
    return PluginHost.load(safe_mode=True)


def fixed(amount: int, currency: str = "EUR") -> dict[str, Any]:
    """A fixed fee for the whole collaboration, in minor units."""
    values = {"amount": amount, "per": "collaboration"}
    return {"id": "c1", "model": "fixed", "version": "1", "terms": {"currency": currency, "values": values}}


def commission(percent: str, cap: int, currency: str = "EUR") -> dict[str, Any]:
    """A commission with a cap in minor units."""
    values = {"percent": percent, "cap": cap}
    return {"id": "c2", "model": "commission", "version": "1", "terms": {"currency": currency, "values": values}}


def read(contract: Contract) -> str:
    """The fingerprint of the text as somebody reads it now."""
    return document.text_fingerprint(document.plain(contract.document))


@dataclass(frozen=True)
class Stage:
    """What an offer needs, and the offer made on it."""

    session: Session
    world: World
    campaign: Campaign
    known: Relationship

    @property
    def brand(self) -> Actor:
        """The brand's manager."""
        return self.world.actors["manager"]

    @property
    def creator(self) -> Actor:
        """The influencer."""
        return self.world.creator

    def sent(self, **changed: Any) -> tuple[Collaboration, str]:
        """An offer of 600 euros and a commission of 10 %, at most 400 euros, and the link of its invitation."""
        given: dict[str, Any] = {
            "campaign": self.campaign,
            "relationship": self.known,
            "components": [fixed(60_000), commission("10", 40_000)],
            "deliverables": WORK,
            "host": host(),
        }
        return service.send_offer(self.session, self.brand, base_url=BASE, **{**given, **changed})

    def offer(self, *, attach: bool = True, **changed: Any) -> Collaboration:
        """The same, opened by Aino."""
        made, self_link = self.sent(**changed)
        if attach:
            opened = service.open_invitation(self.session, self_link.rsplit("/", 1)[1])
            service.attach_influencer(self.session, opened, self.world.influencer)
        return made

    def agreed(self, **changed: Any) -> tuple[Collaboration, Contract]:
        """An offer that the influencer has accepted."""
        made = self.offer(**changed)
        contract = service.accept(self.session, self.creator, collaboration=made, number=1, host=host(), base_url=BASE)
        assert contract is not None
        return made, contract

    def raise_budget(self, minor: int) -> None:
        """Another budget, by the plan's own door."""
        terms = {name: getattr(self.campaign, name) for name in TERMS}
        campaigns.save_budget(
            self.session, self.brand, self.campaign, budget=Money(minor, self.campaign.currency), **terms
        )

    def signed(self, **changed: Any) -> tuple[Collaboration, Contract]:
        """An offer that both sides have signed."""
        made, contract = self.agreed(**changed)
        self.sign(made, contract)
        return made, contract

    def sign(self, made: Collaboration, contract: Contract) -> None:
        """Both sides sign."""
        self.sign_as("influencer", made, contract)
        self.sign_as("brand", made, contract, "Mia Manager")

    def sign_as(self, party: str, made: Collaboration, contract: Contract, name: str = "Aino Laine") -> None:
        """One side signs the text as it stands, by a name of its own."""
        service.sign(
            self.session,
            self.brand if party == "brand" else self.creator,
            collaboration=made,
            party=party,
            typed_name=name,
            sha256=read(contract),
            confirmed=True,
            base_url=BASE,
        )


def build(session: Session, world: World, *, budget: int = 500_000) -> Stage:
    """A campaign in Finland and Sweden with 5 000 euros, and Aino, who passed the vetting."""
    campaign = Campaign(
        brand_id=world.brand.id,
        name="Autumn tents",
        state="recruiting",
        currency="EUR",
        budget_minor=budget,
        markets=["FI", "SE"],
        categories=[],
        product="Tent",
        ends_on=date(2026, 12, 31),
    )
    session.add(campaign)
    session.flush()
    lines = [
        {"key": "l1", "field": "message", "mark": "must", "text": "Show the tent in the rain"},
        {"key": "l2", "field": "style", "mark": "free", "text": "Music as you like"},
    ]
    session.add(BriefVersion(brand_id=world.brand.id, campaign_id=campaign.id, number=1, lines=lines))
    known = person(session, world, "Aino Laine", "aino@example.com")
    return Stage(session, world, campaign, known)


def person(session: Session, world: World, name: str, email: str, *, vetted: bool = True) -> Relationship:
    """Somebody whom the brand knows."""
    known = Relationship(
        brand_id=world.brand.id,
        identity_key=f"email:{email}",
        display_name=name,
        email=email,
        country="FI",
        language="fi",
        search_text=name.casefold(),
        vetting_state="passed" if vetted else "unvetted",
    )
    session.add(known)
    session.flush()
    return known


def somebody_else(stage: Stage) -> Actor:
    """Another influencer than the one the offer is for."""
    return replace(stage.creator, influencer_id=stage.world.influencer.id + 1000)
