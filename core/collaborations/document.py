"""The contract as a document: clauses as messages, one canonical form to hash, one rendering per language."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from core.accounts.brand import is_identified
from core.accounts.models import Brand
from core.campaigns.models import BriefVersion, Campaign
from core.collaborations import signed, terms
from core.collaborations.models import Offer
from core.compliance.kit import contract_clauses
from core.compliance.told import label_kit
from core.i18n import country, day, gettext
from core.money import Money
from core.plugin_api.compliance import CompliancePack, DealContext, Label
from core.plugin_api.text import T, Text, Tn
from core.plugin_host.host import PluginHost

FORMAT = 1
USAGE_MONTHS = 12
SECRET_YEARS = 2
_UNTOLD = T(
    "%(countries)s: the rules of this country are not installed, so no exact label is known. The publication says "
    "clearly at the very start that it is advertising, and for whom."
)
_MARKED = {"must": T("Must: %(text)s"), "should": T("Should: %(text)s"), "free": T("Free choice: %(text)s")}


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that a contract is written from."""

    number: str
    brand: Brand
    campaign: Campaign
    brief: BriefVersion | None
    offer: Offer
    influencer_name: str
    influencer_country: str
    cap: Money
    on: date
    influencer_legal_name: str = ""
    influencer_address: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause as somebody reads it, in their language."""

    number: int
    title: str
    paragraphs: list[str]
    items: list[str]


def packs_for(host: PluginHost, markets: Iterable[str]) -> list[CompliancePack]:
    """The packs of the markets, after those that they rest on."""
    packs = list(host.compliance.values())
    own = [pack for market in markets for pack in packs if pack.jurisdiction == market]
    above = {parent for pack in own for parent in pack.parents}
    return [pack for pack in packs if pack.jurisdiction in above and pack not in own] + own


def without_rules(host: PluginHost, markets: Iterable[str]) -> list[str]:
    """The markets that no installed pack covers: nobody can tell their exact label."""
    covered = {pack.jurisdiction for pack in host.compliance.values()}
    return [market for market in markets if market not in covered]


def labels(host: PluginHost, campaign: Campaign, brand: Brand, components: Any, on: date) -> tuple[Label, ...]:
    """The exact label to use in each market of the campaign."""
    return label_kit(
        packs_for(host, campaign.markets),
        campaign.markets,
        brands=[brand.name],
        compensation=terms.compensation(components),
        on=on,
    )


def compose(host: PluginHost, draft: Draft) -> dict[str, Any]:
    """The document: clauses from the deal, the markets, the packs, and those that every contract has."""
    packs = packs_for(host, draft.campaign.markets)
    clauses = [
        _clause("parties", T("The parties"), _parties(draft)),
        _clause("work", T("What is made"), _work(draft), [terms.deliverable_line(r) for r in draft.offer.deliverables]),
        _clause("content", T("The brief"), *_content(draft)),
        _clause("approval", T("Approval and changes"), _approval(draft)),
        _clause("disclosure", T("Showing that it is advertising"), *_disclosure(host, draft)),
        *_pack_clauses(packs, draft),
        _clause("pay", T("Pay"), *_pay(host, draft)),
        *(_clause(key, title, paragraphs) for key, title, paragraphs in _standing(draft)),
    ]
    return {
        "format": FORMAT,
        "number": draft.number,
        "date": draft.on.isoformat(),
        "brand": draft.brand.legal_name or draft.brand.name,
        "influencer": draft.influencer_name,
        "campaign": draft.campaign.name,
        "offer": draft.offer.number,
        "brief": draft.offer.brief_number,
        "markets": list(draft.campaign.markets),
        "packs": {pack.id: pack.version for pack in packs},
        "pay": signed.to_json(host, draft.offer, draft.cap),
        "clauses": clauses,
    }


def _clause(key: str, title: Text, paragraphs: Sequence[Text], items: Sequence[Text] = ()) -> dict[str, Any]:
    told = [text.to_json() for text in paragraphs]
    return {"key": key, "title": title.to_json(), "paragraphs": told, "items": [text.to_json() for text in items]}


def _parties(draft: Draft) -> list[Text]:
    brand = draft.brand
    name, seat = brand.legal_name or brand.name, [brand.country]
    address = f"{brand.street}, {brand.postcode} {brand.town}" if is_identified(brand) else ""
    if address:
        buyer = T(
            "%(name)s, business ID %(business_id)s, %(address)s, %(countries)s: the brand.",
            name=name,
            business_id=brand.business_id,
            address=address,
            countries=seat,
        )
    else:
        buyer = T("%(name)s, %(countries)s: the brand.", name=name, countries=seat)
    return [buyer, _person(draft)]


def _person(draft: Draft) -> Text:
    """The influencer, by legal name, with the name that is shown and the address where they are known."""
    shown, legal = draft.influencer_name, draft.influencer_legal_name
    name = f"{legal} ({shown})" if legal and legal.casefold() != shown.casefold() else shown
    where = {"name": name, "countries": [draft.influencer_country]}
    if draft.influencer_country and draft.influencer_address:
        return T("%(name)s, %(address)s, %(countries)s: the influencer.", address=draft.influencer_address, **where)
    if draft.influencer_country:
        return T("%(name)s, %(countries)s: the influencer.", **where)
    return T("%(name)s: the influencer.", name=name)


def _work(draft: Draft) -> list[Text]:
    return [T("For the campaign “%(campaign)s” the influencer makes and publishes:", campaign=draft.campaign.name)]


def _content(draft: Draft) -> tuple[list[Text], list[Text]]:
    lines = draft.brief.lines if draft.brief else []
    opening = T(
        "The content follows the brief in its version %(number)s, which is part of this contract. What is marked "
        "as a must has to be there; the rest is left to the influencer's judgement.",
        number=draft.offer.brief_number,
    )
    return [opening], [Text(_MARKED[line["mark"]].msgid, {"text": line["text"]}) for line in lines if line.get("text")]


def _approval(draft: Draft) -> list[Text]:
    campaign = draft.campaign
    return [
        T("Nothing is published before the brand has approved it."),
        Tn(
            "The brand answers a submission within %(num)s day.",
            "The brand answers a submission within %(num)s days.",
            campaign.review_days,
        ),
        Tn(
            "%(num)s round of changes is included. Further ones need an agreement of both sides.",
            "%(num)s rounds of changes are included. Further ones need an agreement of both sides.",
            campaign.revision_rounds,
        ),
    ]


def _disclosure(host: PluginHost, draft: Draft) -> tuple[list[Text], list[Text]]:
    found = labels(host, draft.campaign, draft.brand, draft.offer.components, draft.on)
    untold = [T(_UNTOLD.msgid, countries=[market]) for market in without_rules(host, draft.campaign.markets)]
    if not found:
        rule = T("Each publication shows clearly that it is advertising, and for whom, by the rules of its market.")
        return [rule], untold
    rule = T("Each publication carries the exact label of its market; neither side may ask the other to leave it out.")
    items = [
        T("%(countries)s: “%(label)s”. %(place)s", countries=[label.market], label=label.text, place=label.place)
        for label in found
    ]
    return [rule], [*items, *untold]


def _pack_clauses(packs: Sequence[CompliancePack], draft: Draft) -> list[dict[str, Any]]:
    deal = DealContext(
        markets=tuple(draft.campaign.markets),
        brands=(draft.brand.name,),
        compensation=terms.compensation(draft.offer.components),
        signed_on=draft.on,
        brand_seat=draft.brand.country,
        residence=draft.influencer_country or None,
        value=draft.cap,
    )
    return [_clause(f"rule:{found.rule_id}", found.title, [found.body]) for found in contract_clauses(packs, deal)]


def _pay(host: PluginHost, draft: Draft) -> tuple[list[Text], list[Text]]:
    campaign = draft.campaign
    items = [
        T("%(title)s: %(terms)s", title=title, terms=sentence)
        for title, sentences in terms.pay_lines(host, draft.offer.components)
        for sentence in sentences
    ]
    paragraphs = [T("The pay is agreed in %(currency)s, without value added tax:", currency=campaign.currency)]
    if draft.cap:
        items.append(T("In money at most %(cap)s in all.", cap=draft.cap))
    items += [
        Tn(
            "What is earned is held for %(num)s day before it is due.",
            "What is earned is held for %(num)s days before it is due.",
            campaign.hold_days,
        ),
        Tn(
            "It is paid within %(num)s day of the end of the hold period.",
            "It is paid within %(num)s days of the end of the hold period.",
            campaign.due_days,
        ),
    ]
    return paragraphs, items


Standing = tuple[str, Text, list[Text]]
_BEFORE_THE_LAW: Sequence[Standing] = (
    (
        "usage",
        T("Use of the content"),
        [
            T("The influencer keeps all rights to the content and leaves it online for its usual lifetime."),
            T(
                "The brand may share and show the published content in its own channels, naming the influencer, "
                "for %(months)s months after publication. Paid advertising with it needs an agreement of its own.",
                months=USAGE_MONTHS,
            ),
        ],
    ),
    (
        "confidentiality",
        T("Confidentiality"),
        [
            T(
                "What one side learns of the other and is not public stays between them, for %(years)s years after "
                "the end of this contract.",
                years=SECRET_YEARS,
            )
        ],
    ),
    ("exclusivity", T("Exclusivity"), [T("None is agreed: the influencer may work with other brands.")]),
    (
        "data",
        T("Personal data"),
        [T("Each side uses the other's personal data for this collaboration and its legal duties only.")],
    ),
    (
        "end",
        T("Ending early"),
        [
            T("Either side may end the collaboration, giving a reason. Before both have signed, nothing is owed."),
            T("After that, what was earned by these terms is paid on its due day; what was not earned lapses."),
        ],
    ),
)
_SIGNATURES: Standing = (
    "signatures",
    T("Signatures"),
    [
        T(
            "Each side signs by typing its name under this text in its own language. The language, the time, "
            "the account that signed, the text and its fingerprint (SHA-256) are kept."
        ),
        T("The text can be downloaded; a program such as sha256sum then gives the same fingerprint."),
    ],
)


def _standing(draft: Draft) -> list[Standing]:
    return [*_BEFORE_THE_LAW, _law(draft), _SIGNATURES]


def _law(draft: Draft) -> Standing:
    return (
        "law",
        T("Law"),
        [
            T(
                "The law of this country applies: %(countries)s. Binding rules that protect the influencer where "
                "they live are not touched.",
                countries=[draft.brand.country],
            )
        ],
    )


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one byte form of a document, whatever language it is read in."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(document: Mapping[str, Any]) -> str:
    """The SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(document)).hexdigest()


def readable(document: Mapping[str, Any]) -> list[Clause]:
    """The clauses in the current language."""
    return [
        Clause(
            number,
            _say(clause["title"]),
            [_say(text) for text in clause["paragraphs"]],
            [_say(text) for text in clause["items"]],
        )
        for number, clause in enumerate(document["clauses"], 1)
    ]


def heading(document: Mapping[str, Any]) -> tuple[str, str]:
    """The number, and who agrees on what and when, in the current language."""
    about = gettext(
        "%(brand)s and %(influencer)s · %(campaign)s · %(date)s",
        brand=document["brand"],
        influencer=document["influencer"],
        campaign=document["campaign"],
        date=day(date.fromisoformat(document["date"])),
    )
    return gettext("Contract %(number)s", number=document["number"]), about


def plain(document: Mapping[str, Any]) -> str:
    """The whole text in the current language, as it is signed and can be downloaded; lines end in a line feed."""
    blocks = ["\n".join(heading(document))]
    for clause in readable(document):
        blocks += [f"{clause.number}. {clause.title}", *clause.paragraphs, *(f"- {item}" for item in clause.items)]
    return "\n\n".join(blocks) + "\n"


def text_fingerprint(text: str) -> str:
    """The SHA-256 of a text as a file of it has: `sha256sum` gives the same."""
    return hashlib.sha256(text.encode()).hexdigest()


def _say(stored: Mapping[str, Any]) -> str:
    """A stored message; country codes in it become names in the reader's language."""
    text = Text.from_json(stored)
    params = {
        name: ", ".join(country(code) for code in value) if name == "countries" else value
        for name, value in text.params.items()
    }
    return str(replace(text, params=params))
