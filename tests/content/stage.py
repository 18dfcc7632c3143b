"""A stage for content tests: a signed collaboration between Havsro and Aino, set in Finland and Norway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from io import BytesIO

from sqlalchemy.orm import Session

from core import clock
from core.campaigns.models import BriefVersion, Campaign
from core.collaborations.models import Collaboration, Contract, Offer
from core.content import service
from core.content.models import Deliverable, Submission, SubmissionFile
from core.files import StoredFile
from core.influencers.models import Relationship
from core.permissions import Actor
from core.plugin_api.compliance import CompliancePack
from core.plugin_host.host import PluginHost
from tests.payouts.stage import paper
from tests.world import World

BASE = "http://samverk.test"
TERMS = {"currency": "EUR", "values": {"amount": 20_000, "per": "deliverable"}}
LABELLED = "Mainos Havsro | Marraskuun iltarutiini, joka rauhoittaa."
BARE = "Marraskuun iltarutiini, joka rauhoittaa. @havsro"


@cache
def host() -> PluginHost:
    """Every plugin of the box."""
    return PluginHost.load()


def packs() -> tuple[CompliancePack, ...]:
    """The compliance packs of the box."""
    return tuple(host().compliance.values())


@dataclass(frozen=True)
class Stage:
    """The collaboration and its deliverables."""

    world: World
    campaign: Campaign
    collaboration: Collaboration
    contract: Contract
    deliverables: list[Deliverable]

    @property
    def first(self) -> Deliverable:
        """The first deliverable, an Instagram post."""
        return self.deliverables[0]


def build(session: Session, world: World, *, markets: tuple[str, ...] = ("FI",), rounds: int = 2) -> Stage:
    """A signed collaboration with two posts and a reel; nothing is committed here."""
    brand = world.brand
    brand.handles = "@havsro #havsro"
    campaign = Campaign(
        brand_id=brand.id,
        name="Autumn skin ritual",
        state="active",
        markets=list(markets),
        currency="EUR",
        revision_rounds=rounds,
        ends_on=date(2026, 12, 20),
    )
    person = Relationship(
        brand_id=brand.id,
        influencer_id=world.influencer.id,
        identity_key="instagram:aino",
        display_name="Aino Laine",
        country="FI",
    )
    session.add_all([campaign, person])
    session.flush()
    lines = [{"key": "l1", "field": "message", "mark": "must", "text": "Name the evening ritual"}]
    session.add(BriefVersion(brand_id=brand.id, campaign_id=campaign.id, number=1, lines=lines))
    collaboration = Collaboration(
        brand_id=brand.id,
        campaign_id=campaign.id,
        relationship_id=person.id,
        influencer_id=world.influencer.id,
        state="in_progress",
        invitation_hash="0" * 64,
        invitation_expires_at=clock.now(),
        currency="EUR",
    )
    session.add(collaboration)
    session.flush()
    contract = _signed(session, collaboration)
    made = service.create_deliverables(session, collaboration.id)
    return Stage(world, campaign, collaboration, contract, made)


def _signed(session: Session, collaboration: Collaboration) -> Contract:
    """A contract over two posts and a reel, with the offer that it is made of."""
    offer = Offer(
        brand_id=collaboration.brand_id,
        collaboration_id=collaboration.id,
        number=1,
        proposed_by="brand",
        state="accepted",
        components=[{"id": "c1", "model": "fixed", "version": "1", "terms": TERMS}],
        brief_number=1,
        expires_at=clock.now(),
        deliverables=[
            {"kind": "post", "platform": "instagram", "quantity": 2, "due_on": "2026-12-01", "note": ""},
            {"kind": "reel", "platform": "instagram", "quantity": 1, "due_on": None, "note": "Evening light"},
        ],
    )
    session.add(offer)
    session.flush()
    contract = Contract(
        brand_id=collaboration.brand_id,
        collaboration_id=collaboration.id,
        offer_id=offer.id,
        number="1",
        state="active",
        document=paper(host(), offer),
        sha256="0" * 64,
    )
    session.add(contract)
    session.flush()
    return contract


def draft(caption: str = LABELLED, **answers: object) -> service.Draft:
    """A Finnish draft for next week."""
    return service.Draft(language="fi", planned_on=clock.today() + timedelta(days=7), caption=caption, **answers)  # type: ignore[arg-type]


def send(session: Session, stage: Stage, caption: str = LABELLED, **answers: object) -> Submission:
    """Send a draft of the first deliverable."""
    return service.submit(
        session,
        stage.world.creator,
        deliverable=stage.first,
        draft=draft(caption, **answers),
        packs=packs(),
        base_url=BASE,
    )


def approve(session: Session, stage: Stage, submission: Submission, actor: Actor | None = None) -> None:
    """Approve a submission."""
    service.decide(session, actor or stage.world.owner, submission=submission, decision="approved", base_url=BASE)


def picture(side: int = 40) -> BytesIO:
    """A small PNG."""
    from PIL import Image

    target = BytesIO()
    Image.new("RGB", (side, side), "#24525a").save(target, "PNG")
    target.seek(0)
    return target


def film() -> BytesIO:
    """The first bytes of an MP4."""
    return BytesIO(b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00" * 64)


def file_of(submission: Submission, file: StoredFile) -> SubmissionFile:
    """A file as a part of a submission."""
    return SubmissionFile(brand_id=submission.brand_id, submission_id=submission.id, file_id=file.id, position=1)
