"""One collaboration of the demo: what its two sides do, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.cli.story import people, texts
from core.cli.story.cast import HOUSE, House
from core.cli.story.people import Star
from core.cli.story.plans import Plan, campaign_of, components
from core.cli.story.stage import Stage, playing
from core.collaborations import document, endings, queries, service
from core.collaborations.models import Collaboration
from core.permissions import Actor
from core.tracking import gifts
from core.tracking.models import Gift


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
