"""Agreement and signatures: the budget is committed, the contract written, both sides sign the same text."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, clock
from core.accounts.calendar import end_of_day, today_of
from core.accounts.models import Brand, Person
from core.accounts.service import required
from core.campaigns import service as campaigns
from core.campaigns.models import BriefVersion, Campaign
from core.campaigns.queries import budget_of
from core.collaborations import document, mails, queries, terms
from core.collaborations.events import ContractSigned, OfferAgreed
from core.collaborations.lifecycle import Action, ContractAction, State
from core.collaborations.models import Collaboration, Contract, Offer, Signature
from core.errors import Invalid, Missing, Refused
from core.events import publish
from core.i18n import current_locale
from core.influencers.models import Influencer, Relationship
from core.ledger.postings import Voucher, commit_budget
from core.lifecycle import begin, move
from core.money import Money
from core.permissions import Actor, Permission
from core.plugin_api.text import T
from core.plugin_host.contexts import for_brand
from core.plugin_host.host import PluginHost

DAYS_TO_SIGN = 7


def agree(session: Session, actor: Actor, collaboration: Collaboration, offer: Offer, *, host: PluginHost) -> Contract:
    """Turn an accepted version into a contract and commit its cap; refused when the budget cannot bear it."""
    host = for_brand(session, host, collaboration.brand_id)
    cap = terms.reserved(host, offer.components, offer.deliverables, collaboration.currency)
    _afford(session, actor, collaboration, cap)
    move(session, collaboration, Action.AGREE, actor=actor, basis=f"offer:{offer.number}")
    collaboration.committed_minor = cap.minor
    collaboration.due_at = clock.now() + timedelta(days=DAYS_TO_SIGN)
    contract = _write(session, actor, collaboration, offer, cap, host)
    publish(session, OfferAgreed(collaboration.id))
    return contract


def _afford(session: Session, actor: Actor, collaboration: Collaboration, cap: Money) -> None:
    campaign = session.get_one(Campaign, collaboration.campaign_id, with_for_update=True, populate_existing=True)
    check_budget(session, actor, campaign, cap)
    if cap:
        voucher = Voucher(
            brand_id=collaboration.brand_id,
            key=f"commit:{collaboration.id}",
            ref=("collaboration", collaboration.id),
            on=today_of(session, collaboration.brand_id),
            by=actor.person_id,
        )
        commit_budget(session, voucher, campaign_id=campaign.id, amount=cap)


def check_budget(session: Session, actor: Actor, campaign: Campaign, cap: Money) -> None:
    """Refuse what the campaign's budget cannot bear; only the brand's people are told the figures."""
    left = budget_of(session, campaign).left
    if left is not None and cap <= left:
        return
    if not actor.may(Permission.OFFER_READ, campaign.brand_id):
        raise Refused(T("The brand has no room for this offer right now. Ask them to send you a new one."))
    if left is None:
        raise Refused(T("The campaign has no budget yet."))
    raise Refused(T("The offer needs %(cap)s, and %(left)s of the budget is left.", cap=cap, left=left))


def _write(
    session: Session, actor: Actor, collaboration: Collaboration, offer: Offer, cap: Money, host: PluginHost
) -> Contract:
    brand = session.get_one(Brand, collaboration.brand_id, with_for_update=True)
    today = clock.today(brand.timezone)
    influencer = session.get_one(Influencer, collaboration.influencer_id)
    brief = session.scalar(
        select(BriefVersion).where(
            BriefVersion.campaign_id == collaboration.campaign_id, BriefVersion.number == offer.brief_number
        )
    )
    campaign = session.get_one(Campaign, collaboration.campaign_id)
    number = _next_number(session, brand, today)
    draft = document.Draft(
        number, brand, campaign, brief, offer, influencer.display_name, influencer.country, cap, today,
        session.get_one(Person, influencer.person_id).name, _address(session, collaboration),
    )  # fmt: skip
    composed = document.compose(host, draft)
    contract = Contract(
        brand_id=brand.id,
        collaboration_id=collaboration.id,
        offer_id=offer.id,
        number=number,
        due_at=collaboration.due_at,
        document=composed,
        sha256=document.fingerprint(composed),
    )
    session.add(contract)
    begin(session, contract, actor=actor, basis=f"offer:{offer.number}")
    detail = {"number": number}
    audit.record(session, actor=actor, brand_id=brand.id, action="contract.write", obj=contract, detail=detail)
    return contract


def _address(session: Session, collaboration: Collaboration) -> str:
    """Where the influencer lives, as far as the brand knows it."""
    known = session.get_one(Relationship, collaboration.relationship_id)
    return f"{known.street}, {known.postcode} {known.city}" if known.street and known.city else ""


def _next_number(session: Session, brand: Brand, today: date) -> str:
    """The brand's next number of the year, such as HAV-2026-0001. The brand's row is held meanwhile."""
    latin = unicodedata.normalize("NFKD", brand.name).upper()
    prefix = re.sub("[^A-Z0-9]", "", latin)[:3] or "SAM"
    of_year = select(Contract.number).where(Contract.brand_id == brand.id, Contract.number.like(f"%-{today.year}-%"))
    last = session.scalar(of_year.order_by(Contract.id.desc()).limit(1))
    return f"{prefix}-{today.year}-{int(last.rsplit('-', 1)[1]) + 1 if last else 1:04d}"


def sign(
    session: Session,
    actor: Actor,
    *,
    collaboration: Collaboration,
    party: str,
    typed_name: str,
    sha256: str,
    base_url: str,
    confirmed: bool = False,
) -> Contract:
    """Sign for one side the very text that was read; the second signature brings the contract into force.

    `sha256` is of the text in the current language. A name that is not the account's needs a confirmation.
    """
    _may_sign(actor, collaboration, party)
    found = queries.paper(session, collaboration.id)
    if found is None or not found.to_sign(party):
        raise Refused(T("There is nothing for you to sign here."))
    contract = found.contract
    text = document.plain(contract.document)
    if sha256 != document.text_fingerprint(text) or document.fingerprint(contract.document) != contract.sha256:
        raise Refused(T("This is not the text of the contract as it stands. Reload the page and read it again."))
    name, account = required(typed_name, "typed_name"), session.get_one(Person, actor.person_id)
    _is_their_name(session, actor, party, name, account, confirmed)
    session.add(
        Signature(
            brand_id=collaboration.brand_id,
            contract_id=contract.id,
            party=party,
            person_id=actor.person_id,
            typed_name=name,
            account_name=account.name,
            account_email=account.email,
            locale=current_locale(),
            text=text,
            sha256=sha256,
            signed_at=clock.now(),
        )
    )
    move(session, contract, ContractAction.SIGN, actor=actor, basis=f"sha256:{sha256[:16]}")
    audit.record(session, actor=actor, brand_id=collaboration.brand_id, action=f"contract.sign_{party}", obj=contract)
    if found.signatures:
        _in_force(session, actor, collaboration, contract)
    tell = mails.to_influencer if party == "brand" else mails.to_brand
    tell(session, collaboration, "signed", base_url=base_url)
    return contract


def _is_their_name(session: Session, actor: Actor, party: str, typed: str, account: Person, confirmed: bool) -> None:
    """Whoever signs by another name than their account has says so."""
    names = {account.name.casefold()}
    if party == "influencer":
        names.add(session.get_one(Influencer, actor.influencer_id).display_name.casefold())
    if typed.casefold() not in names and not confirmed:
        told = {"account": account.name, "typed": typed}
        raise Invalid(T("Your account is called %(account)s. Confirm that you sign as %(typed)s.", **told), "confirmed")


def _may_sign(actor: Actor, collaboration: Collaboration, party: str) -> None:
    if party == "brand":
        actor.require(Permission.CONTRACT_SIGN, collaboration.brand_id)
    elif party != "influencer" or actor.influencer_id is None or actor.influencer_id != collaboration.influencer_id:
        raise Missing(queries.NOT_HERE)


def _in_force(session: Session, actor: Actor, collaboration: Collaboration, contract: Contract) -> None:
    move(session, collaboration, Action.SIGN, actor=actor, basis=f"contract:{contract.number}")
    contract.due_at = collaboration.due_at = next_due(session, collaboration)
    campaigns.start(session, collaboration.campaign_id, actor)
    publish(session, ContractSigned(collaboration.id))


def next_due(session: Session, collaboration: Collaboration) -> datetime | None:
    """The end of the day on which the first agreed deliverable is due, else of the campaign's last day."""
    offer = queries.current_offer(session, collaboration.id)
    days = [date.fromisoformat(row["due_on"]) for row in offer.deliverables if row.get("due_on")]
    last = session.get_one(Campaign, collaboration.campaign_id).ends_on
    due = min(days) if days else last
    return end_of_day(session, collaboration.brand_id, due) if due else None


def is_signed(session: Session, collaboration_id: int) -> bool:
    """Whether a contract of the collaboration is in force, or was until it ended."""
    collaboration = session.get_one(Collaboration, collaboration_id)
    return collaboration.state in (State.IN_PROGRESS, State.ON_HOLD, State.DELIVERED, State.COMPLETED)
