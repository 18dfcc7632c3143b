"""What the disclosure rules ask about a draft: what core knows already, and what only its maker can tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import Brand as BrandAccount
from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration, Contract, Offer
from core.compliance.engine import Report, check_content
from core.compliance.kit import told_labels
from core.compliance.messages import SAID
from core.content.models import Deliverable
from core.influencers.models import Influencer, Relationship
from core.plugin_api.compliance import (
    Basis,
    Blocks,
    CompliancePack,
    Confidence,
    ContentContext,
    Finding,
    Source,
    Verdict,
)
from core.plugin_api.compliance_facts import Brand, Shown
from core.plugin_api.compliance_facts import Contract as Paper
from core.plugin_api.compliance_facts import Deal as Relation
from core.plugin_api.deal import Deal
from core.plugin_api.text import T, Text

SIGNED = ("active", "completed")
TIMED = frozenset({"reel", "short", "video", "live"})
PAGED = frozenset({"story", "carousel"})
HEARD = frozenset({"podcast"})
_UNKNOWN = T("The rules of this country could not be checked: no pack covers it, and %(pack)s does not work.")
BENEFITS: Mapping[str, tuple[str, ...]] = {
    "fixed": ("paid",),
    "commission": ("affiliate",),
    "gifting": ("barter",),
    "hybrid": ("paid", "affiliate"),
}
"""What the rules call the benefit of each payment model; a model that is not named here counts as paid."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as its maker describes it. What is not asked stays at its default."""

    language: str
    planned_on: date
    caption: str = ""
    link: str = ""
    message: str = ""
    platform_label: bool = False
    overlay: str = ""
    overlay_from: Decimal | None = None
    overlay_to: Decimal | None = None
    length: Decimal | None = None
    pictures: int | None = None
    overlay_pictures: str = ""
    spoken: str = ""
    spoken_from: Decimal | None = None
    retouched: bool = False
    mark: bool = False
    ai_person: bool = False
    ai_made: bool = False
    minor: bool = False

    def to_json(self) -> dict[str, Any]:
        """The answers as they are stored with a submission."""
        plain = {key: value for key, value in asdict(self).items() if key not in ("caption", "link", "message")}
        return {key: str(value) if isinstance(value, date | Decimal) else value for key, value in plain.items()}


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything around a draft that core knows without asking."""

    deliverable: Deliverable
    campaign: Campaign
    brand: BrandAccount
    person: Relationship
    influencer: Influencer | None
    offer: Offer | None

    @property
    def jurisdictions(self) -> tuple[str, ...]:
        """The campaign's markets, then where the influencer lives."""
        home = (self.influencer and self.influencer.country) or self.person.country
        return tuple(dict.fromkeys([*self.campaign.markets, *([home] if home else [])])) or (self.brand.country,)


def setting_of(session: Session, deliverable: Deliverable) -> Setting:
    """Gather what core knows around a deliverable, in one statement and the signed offer in another."""
    row = session.execute(
        select(Campaign, BrandAccount, Relationship, Influencer)
        .select_from(Collaboration)
        .join(Campaign, Campaign.id == Collaboration.campaign_id)
        .join(BrandAccount, BrandAccount.id == Collaboration.brand_id)
        .join(Relationship, Relationship.id == Collaboration.relationship_id)
        .outerjoin(Influencer, Influencer.id == Collaboration.influencer_id)
        .where(Collaboration.id == deliverable.collaboration_id)
    ).one()
    return Setting(deliverable, row[0], row[1], row[2], row[3], signed_offer(session, deliverable.collaboration_id))


def signed_offer(session: Session, collaboration_id: int) -> Offer | None:
    """The offer that the signed contract rests on, None without a signed contract."""
    return session.scalar(
        select(Offer)
        .join(Contract, Contract.offer_id == Offer.id)
        .where(Contract.collaboration_id == collaboration_id, Contract.state.in_(SIGNED))
        .order_by(Contract.id.desc())
        .limit(1)
    )


def chosen(packs: Iterable[CompliancePack], jurisdictions: Sequence[str]) -> tuple[CompliancePack, ...]:
    """The packs of these countries, and those that these packs rest on."""
    every = {pack.jurisdiction: pack for pack in packs}
    own = [every[code] for code in jurisdictions if code in every]
    wanted = dict.fromkeys([pack.jurisdiction for pack in own] + [up for pack in own for up in pack.parents])
    return tuple(every[code] for code in wanted if code in every)


def questions(packs: Iterable[CompliancePack], setting: Setting) -> frozenset[str]:
    """Which facts are worth asking for: those that a rule of these countries looks at, or the format calls for."""
    rules = [rule for pack in chosen(packs, setting.jurisdictions) for rule in pack.rules]
    looked_at = {name for rule in rules for name in rule.when} | {rule.kind for rule in rules}
    asked = {
        "ai_person": looked_at & {"ai_person", "virtual_influencer"},
        "ai_made": looked_at & {"ai_generated_content"},
        "retouched": looked_at & {"image_mark", "image_edits"},
        "minor": looked_at & {"minor_in_content", "minor_age", "minor_share_30d"},
        "timed": {setting.deliverable.kind} & TIMED,
        "paged": {setting.deliverable.kind} & PAGED,
        "spoken": {setting.deliverable.kind} & (HEARD | TIMED),
        "overlay": {setting.deliverable.kind} - HEARD - {"blog"},
    }
    return frozenset(name for name, reason in asked.items() if reason)


def context_of(setting: Setting, draft: Draft, packs: Sequence[CompliancePack]) -> ContentContext:
    """The facts that the rules judge."""
    deliverable, campaign = setting.deliverable, setting.campaign
    brand = Brand(setting.brand.name, tuple(re.findall(r"[^\s,;]+", setting.brand.handles)))
    born = setting.influencer.birth_year if setting.influencer else None
    edits = tuple(dict.fromkeys(e for r in _marks(packs) for e in r["edits"][:1])) if draft.retouched else ()
    context = ContentContext(
        target_markets=tuple(campaign.markets) or setting.jurisdictions,
        jurisdictions=setting.jurisdictions,
        compensation=benefits(setting.offer.components if setting.offer else ()),
        posted_on=draft.planned_on,
        platform=deliverable.platform,
        format=deliverable.kind,
        content_language=draft.language,
        caption=draft.caption or None,
        brands=(brand,),
        brand_control=True,
        brand_instruction_given=True,
        deal=Relation(relation_active=True, arises_from_deal=True),
        contract=Paper(written=True),
        labels=tuple(_shown(deliverable.kind, draft, packs)),
        platform_tag_used=draft.platform_label,
        video_length_s=_seconds(draft.length),
        frame_count=draft.pictures,
        categories=tuple(campaign.categories),
        influencer_age=draft.planned_on.year - born - 1 if born else None,  # the youngest they can be that year
        influencer_residence=(setting.influencer and setting.influencer.country) or setting.person.country or None,
        ai_person=draft.ai_person,
        ai_generated_content=draft.ai_made,
        image_edits=edits,
        minor_in_content=draft.minor,
        followers=setting.person.followers,
    )
    return replace(context, exact_labels=told_labels(packs, context))


def benefits(deal: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What the influencer gets, in the words of the rules."""
    kinds = [kind for component in Deal.of(deal).components for kind in BENEFITS.get(component.model, ("paid",))]
    return tuple(dict.fromkeys(kinds)) or ("paid",)


def check(session: Session, packs: Iterable[CompliancePack], deliverable: Deliverable, draft: Draft) -> Report:
    """Judge a draft by the rules of every market it is for and of where its maker lives."""
    setting = setting_of(session, deliverable)
    return judged(packs, setting, draft)


def judged(packs: Iterable[CompliancePack], setting: Setting, draft: Draft, broken: Sequence[Text] = ()) -> Report:
    """The same with the setting at hand. A country without rules asks for a person's look.

    While rule packs are `broken` nobody knows whose they are: such a country then blocks until somebody waives it.
    """
    known = chosen(packs, setting.jurisdictions)
    report = check_content(known, context_of(setting, draft, known))
    covered = {pack.jurisdiction for pack in known}
    missing = (_uncovered(code, broken) for code in setting.jurisdictions if code not in covered)
    return replace(report, findings=(*report.findings, *missing))


def _uncovered(code: str, broken: Sequence[Text]) -> Finding:
    message, fix = T("No rules of this country are installed. A person has to judge the label."), None
    if broken:
        message, fix = T(_UNKNOWN.msgid, pack=broken[0]), SAID["unchecked"][1]
    return Finding(
        rule_id="no-rules",
        rule_version="1",
        jurisdiction=code,
        verdict=Verdict.NEEDS_REVIEW,
        blocks=Blocks.UNTIL_WAIVED if broken else Blocks.NEVER,
        message=message,
        fix=fix,
        basis=Basis.PRACTICE,
        confidence=Confidence.GENERAL,
        source=Source("", ""),
    )


def _marks(packs: Iterable[CompliancePack]) -> list[Mapping[str, Any]]:
    return [rule.data for pack in packs for rule in pack.rules if rule.kind == "image_mark"]


def _shown(kind: str, draft: Draft, packs: Iterable[CompliancePack]) -> list[Shown]:
    labels = []
    if draft.overlay:
        labels.append(
            Shown(
                draft.overlay,
                "overlay",
                start_s=_seconds(draft.overlay_from) if kind in TIMED else None,
                end_s=_seconds(draft.overlay_to) if kind in TIMED else None,
                frames=pages(draft.overlay_pictures) or None,
            )
        )
    if draft.spoken:
        labels.append(Shown(draft.spoken, "spoken", start_s=_seconds(draft.spoken_from)))
    if draft.mark:
        labels += [
            Shown(None, "image_mark", standard_mark=data["mark"], corner=data["corner"], area_pct=data["good_area_pct"])
            for data in _marks(packs)
        ]
    return labels


def pages(text: str) -> tuple[int, ...]:
    """`1, 3-5` as picture numbers; what is no number is left out."""
    found: set[int] = set()
    for first, last in re.findall(r"(\d{1,3})(?:\s*[-–]\s*(\d{1,3}))?", text):
        found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))


def _seconds(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
