"""New sales and refunds alone: what they change is booked without counting what is long booked again.

This short way must come to what `recompute` would, to the last unit. Wherever it cannot know that from the totals
it does nothing, and everything is counted: `recompute` stays the one truth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from core.collaborations.models import Collaboration
from core.deals.composing import compose
from core.deals.evaluate import EarnedLine, Evaluation, evaluate, limit
from core.earnings import booking, rated, totals, unbooked
from core.earnings.booked import Booked, booked_of, tell
from core.earnings.facts import rates_of, sales_of
from core.earnings.ground import Ground, Unsure, ground_of
from core.earnings.models import ComponentTotal, Earning
from core.earnings.service import recompute
from core.earnings.unbooked import Scene, Unbooked, unbooked_of
from core.money import Money
from core.plugin_api.composition import Component
from core.plugin_api.payment_models import Fact, Settles
from core.plugin_api.text import Text
from core.plugin_host.contexts import for_brand
from core.plugin_host.host import PluginHost
from core.sql import batched
from core.tracking.models import Sale as SaleRow

LONG_AGO = datetime.min.replace(tzinfo=UTC)
EARLIER = "earlier"


def book_sales(
    session: Session, host: PluginHost, collaboration_id: int, sale_ids: Sequence[int], *, new: bool
) -> None:
    """Book what these sales earn that are `new`, or take back after refunds; all is counted where that is needed.

    Many new ones are booked in SQL where the models declare rates.
    """
    collaboration = session.get_one(Collaboration, collaboration_id, with_for_update=True)
    host = for_brand(session, host, collaboration.brand_id)
    try:
        ground = ground_of(session, host, collaboration)
        if ground.parts:
            _book(session, host, ground, sale_ids, rated.plan(session, host, ground, sale_ids) if new else None)
    except Unsure:
        recompute(session, host, collaboration_id)


def _book(
    session: Session, host: PluginHost, ground: Ground, sale_ids: Sequence[int], batch: rated.Batch | None
) -> None:
    """All that may be `Unsure` comes first; then it is written."""
    collaboration = ground.collaboration
    ids = batch.others if batch else sale_ids
    facts = sales_of(session, collaboration, ids)
    found = _claims(host, ground, facts)
    booked = booked_of(session, collaboration.id, [f"{part.id}:{fact.key}" for part in ground.parts for fact in facts])
    nothings = unbooked_of(session, collaboration.id, [fact.key for fact in facts])
    tell(booked, facts)
    unbooked.tell(nothings, ground.parts, facts)
    _unchanged(found, booked, nothings)
    granted = [line for part in ground.parts for line in _granted(ground, part, found, booked, facts, batch)]
    lines = {line.key: line for line in granted}
    met, booked_of_met = _meeting(session, ground, lines, booked, batch)
    rates = _rates(session, collaboration.id, ids)
    told = {key: booking.with_rate(line, rates) for key, line in (lines | met).items()}
    dates = booking.Dates(session, ground.campaign, {fact.key: fact for fact in facts})
    made = booking.differences(collaboration, told, booked | booked_of_met, dates)
    if batch:
        batch.write(session)
    booking.write(session, ground.campaign, made, batch.dates if batch else ())
    totals.add_rows(session, collaboration, ground.totals, made)
    rows = _remember(found, booked, made)
    unbooked.remember(session, host, Scene(collaboration, ground.parts, facts, rows), found, nothings)
    for part in ground.parts:
        ground.totals[part.id].saw(*(fact.at for fact in facts))


def _claims(host: PluginHost, ground: Ground, facts: Sequence[Fact]) -> Evaluation:
    """What the models say to these facts; `Unsure` when they do not answer or answer beside the facts."""
    found = evaluate(host, ground.parts, facts, ground.planned)
    if found.holds or any(
        line.settles is not Settles.CASH or line.key != f"{line.component}:{line.fact}"
        for line in found.claims.values()
    ):
        raise Unsure
    return found


def _unchanged(found: Evaluation, booked: Mapping[str, Booked], nothings: Unbooked) -> None:
    """`Unsure` when a line is gone, or a model answers otherwise to the very same facts: `recompute` judges that."""
    for key, one in booked.items():
        now = found.answers[one.last.component_id]
        if key not in found.claims or now.get(one.last.basis, one.last.answer) != one.last.answer:
            raise Unsure
    if any(found.answers[name].get(one.basis, one.answer) != one.answer for (name, _), one in nothings.items()):
        raise Unsure


def _granted(
    ground: Ground,
    part: Component,
    found: Evaluation,
    booked: Mapping[str, Booked],
    facts: Sequence[Fact],
    batch: rated.Batch | None,
) -> Iterable[EarnedLine]:
    """What the cap lets through of a part's claims.

    All of it where everything ever given, with what comes now, stays within the cap: nothing was cut, nothing is.
    What comes after everything else finds the room that the total leaves. Else an earlier line may move: `Unsure`.
    """
    total, cap = ground.totals[part.id], ground.caps[part.id]
    claims = [line for line in found.claims.values() if line.component == part.id]
    more = sum(max(0, x.amount.minor - (booked[x.key].minor if x.key in booked else 0)) for x in claims)
    before = total.given_minor + (batch.given(part.id) if batch else 0)
    if total.given_minor < cap.minor and before + more <= cap.minor:
        return claims
    mine = any(one.last.component_id == part.id for one in booked.values())
    late = all(total.latest_at is None or fact.at > total.latest_at for fact in facts)
    if batch or mine or not late or any(line.amount.minor < 0 for line in claims):
        raise Unsure
    return [line for line in limit([*_earlier(part.id, total, cap.currency), *claims], cap, facts) if line.fact]


def _earlier(component: str, total: ComponentTotal, currency: str) -> list[EarnedLine]:
    """All that is booked of a component as one line, before everything else."""
    if not total.net_minor:
        return []
    return [
        EarnedLine(
            key=f"{component}:{EARLIER}",
            component=component,
            fact="",
            at=LONG_AGO,
            amount=Money(total.net_minor, currency),
            settles=Settles.CASH,
            reason=Text(""),
            model="",
            version="",
        )
    ]


def _meeting(
    session: Session,
    ground: Ground,
    lines: Mapping[str, EarnedLine],
    booked: Mapping[str, Booked],
    batch: rated.Batch | None,
) -> tuple[dict[str, EarnedLine], dict[str, Booked]]:
    """The lines by which parts meet, after these sales, and what is booked of them."""
    sides: dict[str, list[EarnedLine]] = {}
    for part in ground.deal.components:
        sides[part.id] = _earlier(part.id, ground.totals[part.id], ground.currency)
        if batch:
            sides[part.id] += batch.as_lines(part.id)
    for key, line in lines.items():
        before = booked[key].minor if key in booked else 0
        sides[line.component].append(replace(line, amount=Money(line.amount.minor - before, line.amount.currency)))
    ids = {part.id for part in ground.deal.components}
    nodes = [name for name in compose(ground.deal.composition, sides, []) if name not in ids]
    before_them = booked_of(session, ground.collaboration.id, [f"{name}:counted" for name in nodes])
    return {line.key: line for name in nodes for line in sides[name]}, before_them


def _rates(session: Session, collaboration_id: int, sale_ids: Sequence[int]) -> dict[str, tuple[Money, SaleRow]]:
    found: dict[str, tuple[Money, SaleRow]] = {}
    for ids in batched(sale_ids):
        found |= rates_of(session, collaboration_id, SaleRow.id.in_(ids))
    return found


def _remember(found: Evaluation, booked: Mapping[str, Booked], made: Collection[Earning]) -> list[Earning]:
    """Take down what each line was counted from, as `recompute` does; the newest row of each."""
    newest = {key: one.last for key, one in booked.items()} | {row.line_key: row for row in made}
    for key, row in newest.items():
        if claim := found.claims.get(key):
            row.basis = claim.basis
            row.answer = found.answers[row.component_id].get(claim.basis, "")
    return list(newest.values())
