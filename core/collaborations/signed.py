"""What both sides have signed of the pay, as data: it stands in the contract's document, below its fingerprint.

A plugin that gets a new version, vanishes or is purged changes nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.collaborations import terms
from core.collaborations.models import Contract, Offer
from core.deals.evaluate import caps_of
from core.deals.terms import sentences
from core.errors import Refused
from core.money import Money
from core.plugin_api.deal import Deal
from core.plugin_api.text import T, Text
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure

SIGNED = ("active", "completed", "terminated")


@dataclass(frozen=True, slots=True)
class SignedPart:
    """A part of the pay: its title, its sentences, and the most cash that it can ever pay."""

    title: Text
    says: list[Text]
    cap: Money


@dataclass(frozen=True, slots=True)
class SignedPay:
    """All of the pay: the most cash in all, the parts by id, and last how they meet, where that is said."""

    cap: Money
    parts: Mapping[str, SignedPart]
    meeting: tuple[Text, list[Text]] | None = None

    @property
    def caps(self) -> dict[str, Money]:
        """The most cash of each part."""
        return {name: part.cap for name, part in self.parts.items()}

    @property
    def lines(self) -> list[tuple[Text, list[Text]]]:
        """Titles and sentences, in the form of `terms.pay_lines`."""
        told = [(part.title, part.says) for part in self.parts.values()]
        return [*told, self.meeting] if self.meeting else told


def to_json(host: PluginHost, offer: Offer, cap: Money) -> dict[str, Any]:
    """The pay of an offer as a contract's document keeps it; refused when a model cannot tell its terms or its cap."""
    deal = Deal.of(offer.components)
    for component in deal.components:
        if isinstance(says := sentences(host, component), Failure):
            raise Refused(T("Nothing can be agreed by terms that cannot be told. %(reason)s", reason=says.reason))
    caps = caps_of(host, deal, terms.planned(host, deal, offer.deliverables))
    if isinstance(caps, Failure):
        raise Refused(caps.reason)
    told = [
        {"title": title.to_json(), "says": [one.to_json() for one in says]}
        for title, says in terms.pay_lines(host, deal)
    ]
    names = [{"id": part.id, "cap": caps[part.id].minor} for part in deal.components]
    parts = [{**name, **words} for name, words in zip(names, told, strict=False)]
    return {"currency": cap.currency, "cap": cap.minor, "parts": parts, "meeting": told[len(parts) :]}


def from_document(document: Mapping[str, Any]) -> SignedPay:
    """The pay that a contract's document keeps: every one does."""
    kept = document["pay"]
    unit = kept["currency"]
    parts = {row["id"]: SignedPart(*_words(row), Money(row["cap"], unit)) for row in kept["parts"]}
    return SignedPay(Money(kept["cap"], unit), parts, next((_words(row) for row in kept["meeting"]), None))


def pay_of(session: Session, collaboration_ids: Collection[int]) -> dict[int, SignedPay]:
    """What is signed in each of these collaborations, in one statement."""
    rows = session.execute(
        select(Contract.collaboration_id, Contract.document)
        .where(Contract.collaboration_id.in_(collaboration_ids), Contract.state.in_(SIGNED))
        .order_by(Contract.id)
    )
    return {name: from_document(document) for name, document in rows}


def written_for(session: Session, offer: Offer) -> SignedPay | None:
    """The pay by the contract that was written of an offer, None while there is none."""
    wanted = select(Contract.document).where(Contract.offer_id == offer.id).order_by(Contract.id.desc()).limit(1)
    document = session.scalar(wanted)
    return from_document(document) if document else None


def _words(row: Mapping[str, Any]) -> tuple[Text, list[Text]]:
    return Text.from_json(row["title"]), [Text.from_json(one) for one in row["says"]]
