"""The facts about a publication that rules judge. A fact that is absent is not stated, and nothing follows from it."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date
from typing import Any, get_args, get_origin, get_type_hints

from core.errors import Invalid
from core.plugin_api.text import T


@dataclass(frozen=True, slots=True)
class Brand:
    """A promoted brand with its handles, hashtags and other spellings."""

    name: str
    aliases: tuple[str, ...] = ()
    compensation: str | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    """The agreement's scope and this publication's place in it."""

    relation_active: bool | None = None
    agreed_publications: int | None = None
    publication_no: int | None = None
    arises_from_deal: bool | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """The paper behind a publication; money in minor units, without VAT."""

    written: bool
    clauses: tuple[str, ...] | None = None
    value_minor: int | None = None
    money_minor: int | None = None
    in_kind_minor: int | None = None
    currency: str | None = None
    cumulated_minor: int | None = None
    signed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A disclosure outside the written text: laid over a picture, spoken, a platform's line, a mark."""

    text: str | None
    medium: str
    position: str | None = None
    nth: int | None = None
    language: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    frames: tuple[int, ...] | None = None
    area_pct: float | None = None
    corner: str | None = None
    contrast_ok: bool | None = None
    relative_size: str | None = None
    covered_by_interface: bool | None = None
    standard_mark: str | None = None


@dataclass(frozen=True, slots=True)
class ToldLabel:
    """A label that somebody was told to write for a jurisdiction, and its language."""

    jurisdiction: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class ContentContext:
    """A publication, profile, contract or review as its submitter describes it."""

    target_markets: tuple[str, ...]
    compensation: tuple[str, ...]
    posted_on: date
    jurisdictions: tuple[str, ...] = ()
    subject: str = "content"
    platform: str | None = None
    format: str | None = None
    content_language: str | None = None
    caption: str | None = None
    claim_media: tuple[str, ...] = ()
    brands: tuple[Brand, ...] = ()
    brand_tagged: bool | None = None
    brand_shown: bool | None = None
    brand_control: bool | None = None
    brand_contact: bool | None = None
    posting_expected: str | None = None
    item_origin: str | None = None
    links: tuple[str, ...] = ()
    text_tone: str | None = None
    content_genre: str | None = None
    deal: Deal | None = None
    labels: tuple[Shown, ...] = ()
    platform_tag_used: bool | None = None
    video_length_s: float | None = None
    promo_start_s: float | None = None
    promo_end_s: float | None = None
    frame_count: int | None = None
    commercial_frames: tuple[int, ...] = ()
    share_of: str | None = None
    broadcast_like: bool | None = None
    categories: tuple[str, ...] = ()
    personal_experience_told: bool | None = None
    advertiser_authorised: bool | None = None
    advertiser_employees: int | None = None
    paid_placement: bool | None = None
    account_presentation: str | None = None
    account_operator: str | None = None
    own_brand_evident_by: tuple[str, ...] = ()
    audience_under18_share: float | None = None
    audience_under16_share: float | None = None
    audience_country_shares: Mapping[str, float] = field(default_factory=dict)
    age_gate_used: bool | None = None
    influencer_age: int | None = None
    influencer_residence: str | None = None
    production_country: str | None = None
    law_disputed_by_influencer: bool | None = None
    virtual_influencer: bool | None = None
    ai_person: bool | None = None
    ai_generated_content: bool | None = None
    image_edits: tuple[str, ...] = ()
    image_edit_tool: str | None = None
    minor_in_content: bool | None = None
    minor_age: int | None = None
    minor_share_30d: float | None = None
    followers: int | None = None
    mean_monthly_views: int | None = None
    videos_12m: int | None = None
    income_eur_12m: int | None = None
    ad_posts_12m: int | None = None
    threshold_reached_on: date | None = None
    registrations: tuple[str, ...] | None = None
    permit_no: str | None = None
    permit_checked_by_brand: bool | None = None
    profile_data_shown: tuple[str, ...] | None = None
    engagement_purchased: tuple[str, ...] = ()
    eu_liability_insurance: bool | None = None
    eu_representative: bool | None = None
    payment_recipient: str | None = None
    contract: Contract | None = None
    brand_instruction_given: bool | None = None
    review_genuine: bool | None = None
    reward_condition: str | None = None
    exact_labels: tuple[ToldLabel, ...] = ()

    @classmethod
    def from_meta(
        cls, meta: Mapping[str, Any], *, jurisdictions: Sequence[str] = (), subject: str = "content"
    ) -> ContentContext:
        """The context that a plain mapping states; a value of the wrong kind raises `Invalid` naming its field."""
        stated = {key: value for key, value in meta.items() if key not in ("jurisdictions", "subject")}
        return _build(cls, {**stated, "jurisdictions": list(jurisdictions), "subject": subject}, "")  # type: ignore[no-any-return]

    @property
    def benefits(self) -> frozenset[str]:
        """Every benefit and tie, of the publication and of its brands; empty when there is none."""
        kinds = {*self.compensation, *(brand.compensation for brand in self.brands if brand.compensation)}
        return frozenset(kinds - {"none"})

    @property
    def advertisers(self) -> tuple[Brand, ...]:
        """The brands that give something; a brand mentioned for nothing is not one of them."""
        return tuple(brand for brand in self.brands if brand.compensation != "none")


def _build(kind: type[Any], data: Mapping[str, Any], path: str) -> Any:
    if not isinstance(data, Mapping):
        raise _wrong(path)
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for item in fields(kind):
        if item.name in data:
            values[item.name] = _value(hints[item.name], data[item.name], f"{path}{item.name}")
        elif item.default is MISSING and item.default_factory is MISSING:
            raise Invalid(T("The fact %(name)s is missing.", name=path + item.name), path + item.name)
    return kind(**values)


def _value(hint: Any, value: Any, path: str) -> Any:
    """`value` as `hint` wants it, tuples for lists and dates for ISO dates."""
    if get_origin(hint) is types.UnionType:
        return None if value is None else _value(get_args(hint)[0], value, path)
    if get_origin(hint) is tuple:
        if not isinstance(value, (list, tuple)):
            raise _wrong(path)
        return tuple(_value(get_args(hint)[0], item, path) for item in value)
    if get_origin(hint) is Mapping:
        if not isinstance(value, Mapping):
            raise _wrong(path)
        return {str(key): _value(get_args(hint)[1], item, path) for key, item in value.items()}
    if is_dataclass(hint):
        return _build(hint, value, f"{path}.")  # type: ignore[arg-type]
    return _scalar(hint, value, path)


def _scalar(hint: Any, value: Any, path: str) -> Any:
    if hint is date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except (TypeError, ValueError):
            raise _wrong(path) from None
    accepted: tuple[type, ...] = (int, float) if hint is float else (hint,)
    if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
        raise _wrong(path)
    return value


def _wrong(path: str) -> Invalid:
    return Invalid(T("The fact %(name)s has a value of the wrong kind.", name=path), path)
