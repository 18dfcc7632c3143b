"""The campaigns of the story as data: what each is about, how it is paid, and what becomes of each offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.campaigns.models import Campaign
from core.cli.story.cast import HOUSE
from core.places import COUNTRIES

DONE = "done"  # delivered, paid and closed


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign: launched `start` days before the end; `fates` are what becomes of its offers."""

    house: str
    name: str
    product: str
    state: str
    start: int
    days: int
    budget: int
    goals: tuple[str, ...]
    wanted: tuple[tuple[str, str], ...]
    fee: int
    percent: int = 0
    gift: tuple[str, int] | None = None
    fates: tuple[str, ...] = ()
    first: int = 0
    views: int = 0
    monthly: int = 0


PLANS = (
    Plan(
        "Fjellro", "Sommer i telt", "Teltet Vidde 2", "archived", -182, 75, 240_000, ("awareness", "sales"),
        (("reel", "instagram"), ("post", "instagram")), 4_500, 8, ("Teltet Vidde 2", 4_990),
        (DONE, DONE, DONE, "declined", DONE, DONE, "expired"), 0,
    ),
    Plan(
        "Lilla köket", "Sommarens bärveckor", "Syltkitet Bär & burk", "completed", -178, 90, 190_000,
        ("sales", "content"), (("post", "instagram"), ("story", "instagram")), 3_800, 10, None,
        (DONE, DONE, "declined", DONE, DONE, "left"), 0,
    ),
    Plan(
        "Havsro", "Kesäihon rituaali", "Merisuolakuorinta", "archived", -180, 80, 18_000, ("awareness", "followers"),
        (("post", "instagram"), ("reel", "instagram")), 350, 12, None,
        (DONE, DONE, DONE, "expired", DONE, DONE, "declined", DONE), 0,
    ),
    Plan(
        "Suvilumo", "Mökkikesän pellavat", "Pellavapyyhkeet", "wrapping_up", -150, 145, 12_000, ("content", "sales"),
        (("carousel", "instagram"),), 420, 0, ("Pellavapyyhesetti", 89),
        (DONE, DONE, "delivered", DONE, "declined", "live"), 0,
    ),
    Plan(
        "Havsro", "Merilevävoiteen lanseeraus", "Merilevävoide", "completed", -138, 85, 20_000, ("launch", "sales"),
        (("reel", "instagram"), ("story", "instagram")), 380, 15, ("Merilevävoide", 49),
        (DONE, DONE, DONE, "withdrawn", DONE, DONE), 8,
    ),
    Plan(
        "Lilla köket", "Kräftskiva på riktigt", "Kräftkastrullen", "cancelled", -112, 30, 90_000, ("awareness",),
        (("reel", "instagram"),), 4_200, 0, None, ("cancelled", "withdrawn", "unsigned", "declined"), 8,
    ),
    Plan(
        "Fjellro", "Ull hele høsten", "Ullsettet Lyng", "paused", -92, 95, 210_000, ("sales", "loyalty"),
        (("post", "instagram"), ("short", "tiktok")), 3_900, 10, ("Ullsettet Lyng", 1_790),
        (DONE, "paused", "working", "approved", "expired", DONE), 7,
    ),
    Plan(
        "Lilla köket", "Höstens surdegsskola", "Surdegslådan", "active", -78, 90, 160_000, ("sales", "reputation"),
        (("post", "instagram"), ("reel", "instagram")), 3_600, 10, ("Surdegslådan", 595),
        (DONE, "review", "bad", "live", "delivered", "changes", "viewed", DONE, "countered", "half"), 8,
    ),
    Plan(
        "Havsro", "Syksyn iltarutiini", "Iltaöljy Tyven", "active", -66, 80, 22_000, ("sales", "awareness"),
        (("post", "instagram"), ("reel", "instagram")), 400, 12, ("Iltaöljy Tyven", 39),
        (DONE, DONE, "review", "bad", "changes", "waived", "approved", "mismatch", "delivered", "countered", "sent"), 3,
    ),
    Plan(
        "Suvilumo", "Pimenevän illan pöytä", "Kattaussarja Kajo", "active", -48, 70, 14_000, ("content", "awareness"),
        (("carousel", "instagram"), ("blog", "blog")), 390, 0, ("Kattaussarja Kajo", 149),
        (DONE, "review", "working", "approved", "left", "half", "viewed"), 5, views=9,
    ),
    Plan(
        "Fjellro", "Første snø", "Skalljakken Rim", "active", -44, 65, 260_000, ("launch", "sales"),
        (("reel", "instagram"), ("post", "instagram")), 5_200, 8, ("Skalljakken Rim", 3_490),
        (DONE, "review", "bad", "live", "working", "agreed", "countered", "declined", "delivered"), 2, monthly=1_500,
    ),
    Plan(
        "Havsro", "Joulun lahjapakkaus", "Lahjapakkaus Aalto", "recruiting", -10, 42, 16_000, ("sales",),
        (("post", "instagram"), ("story", "instagram")), 360, 15, ("Lahjapakkaus Aalto", 79),
        ("sent", "viewed", "countered", "declined", "half", "agreed", "withdrawn"), 14,
    ),
    Plan(
        "Lilla köket", "Adventsbak", "Pepparkakskitet", "recruiting", -7, 35, 110_000, ("sales", "content"),
        (("reel", "instagram"),), 3_200, 10, None, ("viewed", "sent", "sent"), 1,
    ),
    Plan(
        "Fjellro", "Påskefjellet", "Skisettet Topp", "draft", -5, 60, 180_000, ("awareness",),
        (("video", "youtube"),), 9_000, 0, None, (), 0,
    ),
    Plan(
        "Suvilumo", "Uudenvuoden kattaus", "Juhlaliina Kide", "draft", -3, 40, 9_000, ("launch",),
        (("carousel", "instagram"),), 400, 0, None, (), 0,
    ),
)  # fmt: skip


def campaign_of(session: Session, plan: Plan) -> Campaign:
    """The campaign of a plan."""
    return session.scalars(select(Campaign).where(Campaign.name == plan.name)).one()


def components(plan: Plan, more: int = 0) -> list[dict[str, Any]]:
    """The pay as an offer stores it; `more` percent on top of the fee. Half of the first month is paid ahead."""
    currency = COUNTRIES[HOUSE[plan.house].country].currency

    def part(name: str, model: str, **values: Any) -> dict[str, Any]:
        return {"id": name, "model": model, "version": "1", "terms": {"currency": currency, "values": values}}

    parts = [part("c1", "fixed", amount=plan.fee * (100 + more), per="deliverable")]
    if plan.percent:
        parts.append(part("c2", "commission", percent=str(plan.percent), cap=plan.fee * 150))
    if plan.gift:
        product, value = plan.gift
        parts.append(part("c3", "gifting", product=product, value=value * 100, value_source="retail"))
    if plan.views:
        views = {"count": "views", "price": plan.views * 100, "per": 1000, "evidence": "checked"}
        parts.append(part("c4", "performance", **views, cap=plan.fee * 100))
    if not plan.monthly:
        return parts
    below = [{"kind": "part", "component": each["id"]} for each in parts]
    parts.append(part("c5", "retainer", amount=plan.monthly * 100, months=3))
    parts.append(part("c6", "advance", amount=plan.monthly * 50))
    ends = {"of": {"kind": "part", "component": "c5"}, "advance": {"kind": "part", "component": "c6"}}
    below.append({"kind": "net", "id": "netted", **ends})
    return [*parts, {"composition": {"kind": "sum", "of": below}}]
