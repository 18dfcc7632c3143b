"""Reading collaborations: one at a time with its offer and contract, as lists, and what waits for whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from core import clock
from core.campaigns.models import Campaign
from core.campaigns.queries import budgets_of
from core.collaborations.lifecycle import ContractState, OfferState, State
from core.collaborations.models import Collaboration, Contract, Offer, Signature
from core.collaborations.terms import verbatim
from core.errors import Missing
from core.lifecycle import Turn, whose_turn
from core.money import Money
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text
from core.waiting import Waiting

LISTED = 200
NOT_HERE = T("There is no such collaboration.")


@dataclass(frozen=True, slots=True)
class Paper:
    """A contract with its signatures by party."""

    contract: Contract
    signatures: dict[str, Signature]

    def to_sign(self, party: str) -> bool:
        """Whether this side can sign now."""
        waiting = self.contract.state in (ContractState.SENT, ContractState.PARTIALLY_SIGNED)
        return waiting and party not in self.signatures


def _whole() -> Select[Collaboration]:
    return select(Collaboration).options(
        joinedload(Collaboration.campaign, innerjoin=True), joinedload(Collaboration.person, innerjoin=True)
    )


def get_for_brand(
    session: Session, actor: Actor, public_id: str, permission: Permission = Permission.OFFER_READ
) -> Collaboration:
    """A collaboration of a brand in which the actor holds the permission; another's is `Missing`."""
    return _one(
        session,
        _whole().where(Collaboration.public_id == public_id, Collaboration.brand_id.in_(actor.brands_with(permission))),
    )


def get_for_influencer(session: Session, actor: Actor, public_id: str) -> Collaboration:
    """A collaboration of the influencer; another's is `Missing`."""
    return _one(session, _own(actor).where(Collaboration.public_id == public_id))


def _one(session: Session, statement: Select[Collaboration]) -> Collaboration:
    found = session.scalar(statement)
    if found is None:
        raise Missing(NOT_HERE)
    return found


def offers_of(session: Session, collaboration_id: int) -> list[Offer]:
    """Every version, the newest first."""
    statement = select(Offer).where(Offer.collaboration_id == collaboration_id).order_by(Offer.number.desc())
    return list(session.scalars(statement))


def current_offer(session: Session, collaboration_id: int) -> Offer:
    """The newest version, the only one that can be answered."""
    return offers_of(session, collaboration_id)[0]


def current_contract(session: Session, collaboration_id: int) -> Contract | None:
    """The newest contract, None before agreement."""
    statement = select(Contract).where(Contract.collaboration_id == collaboration_id).order_by(Contract.id.desc())
    return session.scalar(statement.limit(1))


def paper(session: Session, collaboration_id: int) -> Paper | None:
    """The newest contract with its signatures, None before agreement."""
    contract = current_contract(session, collaboration_id)
    if contract is None:
        return None
    rows = session.scalars(select(Signature).where(Signature.contract_id == contract.id))
    return Paper(contract, {row.party: row for row in rows})


def turn_of(collaboration: Collaboration, found: Paper | None = None) -> Turn:
    """Who has to act: while a contract waits, whoever has not signed, the influencer first."""
    if collaboration.state == State.CONTRACTING and found and not found.to_sign("influencer"):
        return Turn.BRAND
    return whose_turn(collaboration)


def of_campaign(session: Session, campaign_id: int) -> list[Collaboration]:
    """The collaborations of a campaign that the caller may see, the newest first."""
    statement = _whole().where(Collaboration.campaign_id == campaign_id).order_by(Collaboration.id.desc())
    return list(session.scalars(statement.limit(LISTED)))


def of_relationship(session: Session, relationship_id: int) -> list[Collaboration]:
    """The collaborations with a person that the caller may see, the newest first."""
    statement = _whole().where(Collaboration.relationship_id == relationship_id).order_by(Collaboration.id.desc())
    return list(session.scalars(statement.limit(LISTED)))


def _own(actor: Actor) -> Select[Collaboration]:
    whole = joinedload(Collaboration.campaign, innerjoin=True).joinedload(Campaign.brand, innerjoin=True)
    mine = (Collaboration.influencer_id == actor.influencer_id) & Collaboration.influencer_id.is_not(None)
    return select(Collaboration).options(whole).where(mine).order_by(Collaboration.id.desc())


def of_influencer(
    session: Session, actor: Actor, states: Sequence[str] = (), *, before: int | None = None, limit: int = 50
) -> list[Collaboration]:
    """The influencer's collaborations with campaign and brand, the newest first; older ones than `before`."""
    statement = _own(actor).limit(limit)
    if states:
        statement = statement.where(Collaboration.state.in_(states))
    if before:
        statement = statement.where(Collaboration.id < before)
    return list(session.scalars(statement))


def replaced_by(session: Session, collaboration_id: int) -> Collaboration | None:
    """The collaboration that took over, None if there is none."""
    return session.scalar(_whole().where(Collaboration.replaces_id == collaboration_id).limit(1))


def overdue(session: Session) -> list[Offer]:
    """Unanswered offers whose time is over, the oldest first."""
    open_states = (OfferState.SENT, OfferState.VIEWED)
    statement = select(Offer).where(Offer.state.in_(open_states), Offer.expires_at <= clock.now())
    return list(session.scalars(statement.order_by(Offer.id).limit(LISTED)))


def missing_budget(session: Session, collaborations: Iterable[Collaboration]) -> dict[int, Money]:
    """What each campaign's budget lacks for its collaboration's newest offer, by id; zero or less where it fits."""
    asked = list(collaborations)
    if not asked:
        return {}
    wanted = select(Campaign).where(Campaign.id.in_({one.campaign_id for one in asked}))
    budgets = budgets_of(session, session.scalars(wanted).all())
    return {one.id: one.asked - (budgets[one.campaign_id].left or Money.zero(one.currency)) for one in asked}


def _signed_by(party: str) -> Select[int]:
    """The collaborations whose contract one side has signed."""
    return (
        select(Contract.collaboration_id)
        .join(Signature, Signature.contract_id == Contract.id)
        .where(Signature.party == party)
    )


def waiting(session: Session, actor: Actor) -> list[Waiting]:
    """What waits for the actor's brands: counter-offers to answer, contracts to sign, work to close."""
    answers, signs = (actor.brands_with(p) for p in (Permission.OFFER_EDIT, Permission.CONTRACT_SIGN))
    state, brand = Collaboration.state, Collaboration.brand_id
    to_sign = (state == State.CONTRACTING) & brand.in_(signs) & Collaboration.id.not_in(_signed_by("brand"))
    asked_again = (state == State.ON_HOLD) & (Collaboration.due_at <= clock.now())
    to_answer = (state.in_((State.NEGOTIATING, State.AWAITS_BUDGET, State.DELIVERED)) | asked_again) & brand.in_(
        answers
    )
    statement = _whole().where(to_answer | to_sign).order_by(Collaboration.due_at, Collaboration.id).limit(LISTED)
    rows = session.scalars(statement).all()
    lacks = missing_budget(session, [row for row in rows if row.state == State.AWAITS_BUDGET])
    return [
        Waiting(
            title=_brand_title(row, lacks.get(row.id)),
            detail=verbatim(row.campaign.name),
            due_at=row.due_at,
            endpoint="admin.collaboration",
            values={"public_id": row.public_id},
        )
        for row in rows
    ]


def _brand_title(row: Collaboration, lack: Money | None) -> Text:
    name = row.person.display_name
    if lack is None:
        return Text(_BRAND_TITLES[row.state].msgid, {"name": name})
    if lack.minor > 0:
        return T("%(missing)s of budget are missing for the offer to %(name)s", missing=lack, name=name)
    return T("There is budget for the offer to %(name)s again: tell them", name=name)


_BRAND_TITLES: dict[str, Text] = {
    State.NEGOTIATING: T("Answer the counter-offer of %(name)s"),
    State.CONTRACTING: T("Sign the contract with %(name)s"),
    State.DELIVERED: T("Close the collaboration with %(name)s"),
    State.ON_HOLD: T("Let the work of %(name)s go on, or end it"),
}


def waiting_for_influencer(session: Session, actor: Actor) -> list[Waiting]:
    """What waits for the influencer: offers to answer and contracts to sign."""
    to_sign = (Collaboration.state == State.CONTRACTING) & Collaboration.id.not_in(_signed_by("influencer"))
    statement = (
        _own(actor)
        .where((Collaboration.state == State.OFFERED) | to_sign)
        .order_by(None)
        .order_by(Collaboration.due_at, Collaboration.id)
        .limit(LISTED)
    )
    return [
        Waiting(
            title=Text(_OWN_TITLES[row.state].msgid, {"brand": row.campaign.brand.name}),
            detail=verbatim(row.campaign.name),
            due_at=row.due_at,
            endpoint="portal.offer" if row.state == State.OFFERED else "portal.contract",
            values={"public_id": row.public_id},
        )
        for row in session.scalars(statement)
    ]


_OWN_TITLES: dict[str, Text] = {
    State.OFFERED: T("Answer the offer of %(brand)s"),
    State.CONTRACTING: T("Sign the contract with %(brand)s"),
}
