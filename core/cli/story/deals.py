"""From an offer to a signed contract, gifts, and early endings: one affair for each influencer in a campaign."""

from __future__ import annotations

from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.cli.story import content, people
from core.cli.story.affair import Affair
from core.cli.story.cast import HOUSE
from core.cli.story.plans import DONE, Plan
from core.cli.story.stage import Stage
from core.collaborations.models import Collaboration

FRESH = {"sent": -3, "viewed": -4, "countered": -4, "agreed": -6, "half": -7}  # offers that still can be answered
SIGNED = ("working", "review", "bad", "changes", "waived", "approved", "live", "mismatch", "delivered", DONE)
STARTED = (*SIGNED, "left", "cancelled", "paused")


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
