"""From an offer to a signed contract, gifts, and early endings: one affair for each influencer in a campaign."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.cli.story import content, people, texts
from core.cli.story.cast import HOUSE, House
from core.cli.story.people import Star
from core.cli.story.plans import DONE, Plan, campaign_of, components
from core.cli.story.stage import Stage, playing
from core.collaborations import document, endings, queries, service
from core.collaborations.models import Collaboration
from core.permissions import Actor
from core.tracking import gifts
from core.tracking.models import Gift

FRESH = {"sent": -3, "viewed": -4, "countered": -4, "agreed": -6, "half": -7}  # offers that still can be answered
SIGNED = ("working", "review", "bad", "changes", "waived", "approved", "live", "mismatch", "delivered", DONE)
STARTED = (*SIGNED, "left", "cancelled", "paused")


@dataclass
class Affair:
    """One influencer in one campaign, and what is to become of it."""

    stage: Stage
    plan: Plan
    star: Star
    fate: str
    number: int
    id: int = 0
    token: str = ""

    @property
    def house(self) -> House:
        """The brand."""
        return HOUSE[self.plan.house]

    @property
    def country(self) -> str:
        """Whose language is spoken."""
        return self.house.country

    def row(self, session: Session) -> Collaboration:
        """The collaboration."""
        return session.get_one(Collaboration, self.id)

    def send(self, session: Session) -> None:
        """The brand makes its offer."""
        campaign, known = campaign_of(session, self.plan), people.known(session, self.house, self.star)
        words = texts.OFFER[self.country].format(name=self.star.name.split()[0], campaign=campaign.name)
        due = self.plan.start + min(self.plan.days, 45)
        work = [
            {"kind": kind, "platform": platform, "quantity": 1, "due_on": self.stage.day(max(due, 6 + 5 * at))}
            for at, (kind, platform) in enumerate(self.plan.wanted)
        ]
        with playing(session, self.house.manager) as actor:
            row, link = service.send_offer(
                session, actor, host=self.stage.host, campaign=campaign, relationship=known,
                components=components(self.plan), deliverables=work, base_url=self.stage.base, message=words,
                unvetted_reason="" if known.vetting_state == "passed" else texts.UNVETTED[self.country],
            )  # fmt: skip
        self.id, self.token = row.id, link.rsplit("/", 1)[1]

    def view(self, session: Session) -> None:
        """The influencer opens the invitation; the first time they make their account."""
        row = service.open_invitation(session, self.token)
        influencer = people.join(self.stage, session, self.star)
        service.mark_opened(session, row.id)
        service.attach_influencer(session, row, influencer)
        with playing(session, self.star.email) as actor:
            service.mark_viewed(session, actor, collaboration=row)

    def decline(self, session: Session) -> None:
        """The influencer says no."""
        reason = ("time", "fit", "budget", "competitor")[self.number % 4]
        with playing(session, self.star.email) as actor:
            service.decline(
                session, actor, collaboration=self.row(session), number=1, reason=reason, base_url=self.stage.base
            )

    def counter(self, session: Session) -> None:
        """The influencer asks for more."""
        row = self.row(session)
        offer = queries.current_offer(session, row.id)
        with playing(session, self.star.email) as actor:
            service.counter(
                session, actor, collaboration=row, number=offer.number, components=components(self.plan, 15),
                deliverables=offer.deliverables, message=texts.COUNTER[self.country], host=self.stage.host,
                base_url=self.stage.base,
            )  # fmt: skip

    def agree(self, session: Session) -> None:
        """Whoever has to answer says yes."""
        row = self.row(session)
        offer = queries.current_offer(session, row.id)
        own = offer.proposed_by == "brand"
        with playing(session, self.star.email if own else self.house.manager) as actor:
            answer = service.accept if own else service.answer_counter
            answer(
                session, actor, collaboration=row, number=offer.number, host=self.stage.host, base_url=self.stage.base
            )

    def sign(self, party: str, session: Session) -> None:
        """One side signs the text that it read."""
        row = self.row(session)
        paper = queries.paper(session, row.id)
        assert paper is not None
        with playing(session, self.star.email if party == "influencer" else self.house.manager) as actor:
            service.sign(
                session, actor, collaboration=row, party=party, typed_name=actor.name, base_url=self.stage.base,
                sha256=document.text_fingerprint(document.plain(paper.contract.document)),
            )  # fmt: skip

    def withdraw(self, session: Session) -> None:
        """The brand takes its offer back."""
        reason = texts.REASONS["withdrawn"][self.country]
        with playing(session, self.house.manager) as actor:
            service.withdraw(
                session, actor, collaboration=self.row(session), number=1, reason=reason, base_url=self.stage.base
            )

    def leave(self, session: Session) -> None:
        """The influencer ends it early."""
        reason = texts.REASONS["left"][self.country]
        with playing(session, self.star.email) as actor:
            endings.leave(session, actor, collaboration=self.row(session), reason=reason, base_url=self.stage.base)

    def pause(self, session: Session) -> None:
        """The brand lets the work wait."""
        reason = texts.REASONS["paused"][self.country]
        with playing(session, self.house.manager) as actor:
            endings.pause(session, actor, collaboration=self.row(session), reason=reason, base_url=self.stage.base)

    def bank(self, session: Session) -> None:
        """The influencer says where their money goes."""
        people.bank(self.stage, session, self.star)

    def gift(self, step: str, session: Session) -> None:
        """A parcel goes one step further."""
        for gift in gifts.gifts_of(session, self.id):
            with playing(session, self.star.email if step in ("address", "confirm") else self.house.manager) as actor:
                self._gift(session, actor, step, gift)

    def _gift(self, session: Session, actor: Actor, step: str, gift: Gift) -> None:
        today, base = self.stage.moment.date(), self.stage.base
        if step == "address":
            postcode, city = self.star.place
            street = f"{people.STREETS[self.star.country]} {self.star.number + 1}"
            address = {
                "name": self.star.name, "street": street, "postcode": postcode, "city": city,
                "country": self.star.country,
            }  # fmt: skip
            gifts.give_address(session, actor, gift=gift, address=address, base_url=base)
        elif step == "ship":
            gifts.ship(
                session, actor, gift=gift, sent_on=today, tracking=f"{self.house.shop}{gift.id:07d}", base_url=base
            )
        elif step == "confirm":
            gifts.confirm(session, actor, gift=gift, received_on=today, base_url=base)
        else:
            reason = texts.REASONS["returned"][self.country]
            gifts.take_back(session, actor, gift=gift, reason=reason, base_url=base)


def schedule(stage: Stage, plan: Plan) -> None:
    """Put everything of a campaign's offers on the agenda."""
    mine = people.stars_of(HOUSE[plan.house])
    for number, fate in enumerate(plan.fates):
        affair = Affair(stage, plan, mine[(plan.first + number) % len(mine)], fate, number)
        offered = max(plan.start + 1 + stage.rng.randrange(4), FRESH.get(fate, -1000))
        stage.at(offered, affair.send, 10)
        if fate in ("sent", "expired"):
            continue
        stage.at(offered + 1, affair.view, 17)
        _answer(affair, offered)
        if fate in STARTED:
            _work(affair, offered)


def _answer(affair: Affair, offered: int) -> None:
    stage, fate = affair.stage, affair.fate
    if fate == "declined":
        stage.at(offered + 2, affair.decline, 18)
    elif fate == "countered":
        stage.at(offered + 2, affair.counter, 18)
    elif fate == "withdrawn":
        stage.at(offered + 3, affair.withdraw, 11)
    elif fate != "viewed":
        bargains = affair.number % 3 == 1 and fate in STARTED
        if bargains:
            stage.at(offered + 2, affair.counter, 18)
        stage.at(offered + 3, affair.agree, 12)
        if fate not in ("agreed", "unsigned"):
            stage.at(offered + 4, partial(affair.sign, "influencer"), 19)
        if fate in STARTED:
            stage.at(offered + 5, partial(affair.sign, "brand"), 10)


def _work(affair: Affair, offered: int) -> None:
    stage, signed = affair.stage, offered + 5
    _parcel(affair, signed)
    if affair.fate in (DONE, "left") or affair.number % 6 != 5:
        stage.at(signed + 2, affair.bank, 20)
    if affair.fate == "left":
        stage.at(signed + 20, affair.leave, 16)
    elif affair.fate == "paused":
        stage.at(-8, affair.pause, 15)
    if affair.fate != "cancelled":
        content.schedule(affair, signed)


def _parcel(affair: Affair, signed: int) -> None:
    """Most parcels arrive soon; those of some fates are late, lost on the way home, or still without an address."""
    whole = ((signed + 1, "address"), (signed + 3, "ship"), (signed + 6, "confirm"))
    steps = {
        "working": (),
        "paused": (),
        "review": ((-5, "address"),),
        "approved": ((-9, "address"), (-4, "ship")),
        "changes": (*whole, (signed + 9, "return")),
    }.get(affair.fate, whole)
    for day, step in steps:
        affair.stage.at(day, partial(affair.gift, step), 13)


def code_holders(session: Session, brand_id: int) -> list[Collaboration]:
    """The collaborations of a brand that sell now."""
    running = Collaboration.state.in_(("in_progress", "delivered"))
    return list(
        session.scalars(
            select(Collaboration).where(Collaboration.brand_id == brand_id, running).order_by(Collaboration.id)
        )
    )
