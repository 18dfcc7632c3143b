"""What an offer says: its money and deliverables read, priced, told in sentences, and compared by version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any

from core.campaigns.catalogue import DELIVERABLE_KINDS, PLATFORMS
from core.collaborations.models import Offer
from core.deals.evaluate import AnyDeal, reserve
from core.deals.terms import barred, check_component, describe, months_of
from core.errors import Invalid, Refused
from core.money import Money
from core.plugin_api.composition import Composition, Maximum, Net, Part
from core.plugin_api.deal import Deal
from core.plugin_api.payment_models import Piece, Planned
from core.plugin_api.text import T, Text
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure

MOST_PIECES = 100
NOTE_LENGTH = 300
COMPENSATION = {"fixed": "paid", "commission": "affiliate", "gifting": "gift_agreed"}  # in the words of the packs


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs between two versions; None where it was not, or is no longer."""

    before: Text | None
    after: Text | None


def checked_deal(host: PluginHost, components: AnyDeal, currency: str, switches: Mapping[str, bool]) -> Deal:
    """A deal whose every component is in the campaign's currency and accepted by its model, which is not off."""
    deal = Deal.of(components)
    if not deal.components:
        raise Invalid(T("Add at least one kind of pay."), "components")
    for component in deal.components:
        if reason := barred(host, component, currency, switches):
            raise Invalid(reason, "components")
        for message in check_component(host, component).values():
            raise Invalid(message, "components")
    return deal


def checked_deliverables(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Deliverables as an offer stores them; at least one, of a known kind and platform."""
    checked = [_deliverable(row) for row in rows]
    if not checked:
        raise Invalid(T("Add at least one deliverable."), "deliverables")
    if sum(row["quantity"] for row in checked) > MOST_PIECES:
        raise Invalid(T("An offer has at most %(count)s pieces of content.", count=MOST_PIECES), "deliverables")
    return checked


def _deliverable(row: Mapping[str, Any]) -> dict[str, Any]:
    if row["kind"] not in DELIVERABLE_KINDS or row["platform"] not in PLATFORMS:
        raise Invalid(T("Choose a kind of content and a platform of the list."), "deliverables")
    quantity = int(row.get("quantity") or 1)
    if not 1 <= quantity <= MOST_PIECES:
        raise Invalid(T("Write a number from 1 to %(count)s.", count=MOST_PIECES), "deliverables")
    due = row.get("due_on") or None
    return {
        "kind": row["kind"],
        "platform": row["platform"],
        "quantity": quantity,
        "due_on": due.isoformat() if isinstance(due, date) else due,
        "note": str(row.get("note") or "")[:NOTE_LENGTH],
    }


def planned(host: PluginHost, components: AnyDeal, deliverables: Iterable[Mapping[str, Any]]) -> Planned:
    """What the deliverables, piece by piece in their order, and the months of the deal bound the pay to."""
    pieces = tuple(
        Piece(row["kind"], row["platform"]) for row in deliverables for _ in range(int(row.get("quantity", 1)))
    )
    return Planned(months=months_of(host, components), pieces=pieces)


def reserved(host: PluginHost, components: AnyDeal, deliverables: Iterable[Mapping[str, Any]], currency: str) -> Money:
    """The most cash the deal can ever pay, which the budget reserves; refused when a model cannot tell."""
    cap = reserve(host, components, planned(host, components, deliverables))
    if isinstance(cap, Failure):
        raise Refused(cap.reason)
    if cap.currency != currency:
        raise Refused(T("The terms must be in %(currency)s.", currency=currency))
    return cap


def pay_lines(host: PluginHost, components: AnyDeal) -> list[tuple[Text, list[Text]]]:
    """Each part of the pay: its title and its sentences; last how they meet, where not all of them are paid."""
    deal = Deal.of(components)
    told, titles = [], {}
    for component, sentences in describe(host, deal):
        titles[component.id] = host.title_of("payment_models", component.model) or T("Pay")
        told.append((titles[component.id], sentences))
    meeting = _meeting(deal.composition, titles)
    return [*told, (T("How the parts meet"), meeting)] if meeting else told


def _meeting(node: Composition, titles: Mapping[str, Text]) -> list[Text]:
    """A sentence for every place where something else than the sum is paid, the innermost first."""
    if isinstance(node, Part):
        return []
    below = (node.of, node.advance) if isinstance(node, Net) else node.of
    told = [sentence for child in below for sentence in _meeting(child, titles)]
    if isinstance(node, Maximum):
        parts = _joined([_named(child, titles) for child in node.of])
        told.append(T("Of these only the larger amount is paid in the end: %(parts)s.", parts=parts))
    if isinstance(node, Net):
        paid, earned = _named(node.advance, titles), _named(node.of, titles)
        told.append(
            T("What is paid in advance (%(paid)s) is taken off what is earned (%(earned)s).", paid=paid, earned=earned)
        )
    return told


def _named(node: Composition, titles: Mapping[str, Text]) -> Text:
    if isinstance(node, Part):
        return titles[node.component]
    below = (node.of, node.advance) if isinstance(node, Net) else node.of
    return _joined([_named(child, titles) for child in below])


def _joined(parts: Sequence[Text]) -> Text:
    return reduce(lambda one, other: T("%(one)s and %(other)s", one=one, other=other), parts)


def deliverable_line(row: Mapping[str, Any]) -> Text:
    """One deliverable as a sentence."""
    told: dict[str, Any] = {
        "quantity": row["quantity"],
        "kind": DELIVERABLE_KINDS.get(row["kind"], verbatim(row["kind"])),
        "platform": PLATFORMS[row["platform"]],
    }
    line = T("%(quantity)s × %(kind)s, %(platform)s", **told)
    if row.get("due_on"):
        due = date.fromisoformat(row["due_on"])
        line = T("%(quantity)s × %(kind)s, %(platform)s, by %(due)s", **told, due=due)
    return T("%(line)s: %(note)s", line=line, note=row["note"]) if row.get("note") else line


def verbatim(words: str) -> Text:
    """Words that people wrote, carried like a message but never translated."""
    return Text("%(words)s", {"words": words})


def changes(host: PluginHost, old: Offer, new: Offer) -> list[Change]:
    """What differs between two versions, sentence by sentence, pay before deliverables."""
    pay = _differences(_pay_sentences(host, old), _pay_sentences(host, new))
    work = _differences(*([deliverable_line(row) for row in offer.deliverables] for offer in (old, new)))
    return pay + work


def _pay_sentences(host: PluginHost, offer: Offer) -> list[Text]:
    return [
        T("%(title)s: %(terms)s", title=title, terms=sentence)
        for title, sentences in pay_lines(host, offer.components)
        for sentence in sentences
    ]


def _differences(before: Sequence[Text], after: Sequence[Text]) -> list[Change]:
    """Gone and new lines, paired in their order."""
    old, new = [[line.to_json() for line in lines] for lines in (before, after)]
    gone = [Text.from_json(line) for line in old if line not in new]
    came = [Text.from_json(line) for line in new if line not in old]
    most = max(len(gone), len(came))
    padded: list[list[Text | None]] = [[*lines, *[None] * (most - len(lines))] for lines in (gone, came)]
    return [Change(one, other) for one, other in zip(*padded, strict=True)]


def compensation(components: AnyDeal) -> tuple[str, ...]:
    """The kinds of benefit in the deal, as compliance packs name them; an unknown model counts as paid."""
    return tuple(dict.fromkeys(COMPENSATION.get(c.model, "paid") for c in Deal.of(components).components))
